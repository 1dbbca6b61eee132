/* evidence/witness.h: a witness of logs: it cosigns a checkpoint that continues the last one of that log,
 * and no other.
 *
 * Source   C2SP tlog-witness v1.0.0 (add-checkpoint), tlog-cosignature (cosignature/v1).
 * Files    in a folder of its own: witness.key, the signer's key (evidence/note.h), for the owner alone; witness.db,
 *          the logs that it watches, with the last note it cosigned of each. Neither may come from a backup: a witness
 *          that forgets is none.
 * Order    what was cosigned is looked up, judged and written in one transaction, which is on the disk before anybody
 *          is given the cosignature. Two processes over one folder are two clients of the same database.
 * Hostile  requests come from anywhere; the caller bounds them (LIMIT_WITNESS_BYTES). */
#ifndef FM_EVIDENCE_WITNESS_H
#define FM_EVIDENCE_WITNESS_H

#include "engines/merkle/merkle.h"
#include "evidence/checkpoint.h"

#define WITNESS_PROOF_MAX 63

/* ---- add-checkpoint, as text and as a decision: pure ---- */

typedef struct WitnessRequest {
    uint64_t    old; /* size of what the log believes the witness has cosigned last */
    MerkleProof proof;
    Note        note;
    Checkpoint  checkpoint; /* the note's; not yet known to be signed */
} WitnessRequest;

/* False when it is none. Parts of body. */
bool witness_request_read(Arena *arena, Str body, WitnessRequest *out);
Str  witness_request_text(Arena *arena, uint64_t old, const MerkleProof *proof, Str note);

/* The status that the request deserves: 200; 400 old is past the checkpoint; 403 not signed by the log; 404 log: NULL,
 * not known; 409 last, what was cosigned last (all zero: nothing), has another size than old; 422 not its
 * continuation. */
int witness_judge(const WitnessRequest *request, const NoteKey *log, const Checkpoint *last);

/* For the log: the line of that witness in its answer (200) about this note, verified. ECODE_LOG_NOTE,
 * ECODE_LOG_SIGNATURE. */
Err witness_answer_read(Arena *arena, Str note, Str answer, const NoteKey *witness, Str *line) MUST_CHECK;

/* ---- a witness with its memory; of one thread ---- */

typedef struct Witness Witness;

/* A new one in folder, which is made when it is not there. ECODE_LOG_NAME, ECODE_WITNESS_EXISTS. */
Err                witness_make(Str folder, Str name, const Env *env) MUST_CHECK;
Err                witness_open(Str folder, Witness **out) MUST_CHECK; /* ECODE_WITNESS_MISSING */
void               witness_free(Witness *witness);                     /* NULL does nothing */
static inline void witness_freep(Witness **witness) { witness_free(*witness); }
/* Its verifier; valid as long as the witness. */
const NoteKey *witness_key(const Witness *witness);
/* Watches the log with this key from now on; also while others serve. ECODE_WITNESS_LOG, ECODE_LOG_KEY. */
Err witness_watch(Witness *witness, const NoteKey *log) MUST_CHECK;

typedef struct WitnessAnswer {
    int status;
    Str body; /* 200: the cosignature's line; 409: the size that was cosigned last; else empty */
} WitnessAnswer;

/* The answer to add-checkpoint. Errors: those of the store; nothing has been cosigned then. */
Err witness_add_checkpoint(Witness *witness, Arena *arena, Str body, int64_t now_s, WitnessAnswer *out) MUST_CHECK;
/* What was cosigned last of the log whose origin has this SHA-256 in lower-case hex, with the signatures of log and
 * witness; empty: nothing. */
Err witness_last(Witness *witness, Arena *arena, Str origin_hash, Str *note) MUST_CHECK;

#endif
