/* evidence/policy.h: which witnesses must have cosigned a checkpoint before it is believed.
 *
 * Source   C2SP tlog-policy. Lines of words, between them spaces or tabs; empty ones and those that begin with "#" say
 *          nothing:
 *              log VKEY [URL]                     a checkpoint is of one of these logs; none: of any
 *              witness NAME VKEY [URL]            URL: what add-checkpoint (evidence/witness.h) is put behind
 *              group NAME all|any|N NAME…         of witnesses and groups above; each is in one group at most
 *              quorum NAME|none                   exactly once, of a witness or group above
 *          No two logs and no two witnesses have the same key bytes.
 * Hostile  a policy may come from anywhere: at most LIMIT_POLICY_BYTES, LIMIT_POLICY_NAMES of each kind.
 * Pure     no allocation; what is given out borrows from the text. */
#ifndef FM_EVIDENCE_POLICY_H
#define FM_EVIDENCE_POLICY_H

#include "base/limits.h"
#include "evidence/checkpoint.h"

#define POLICY_NONE (-1) /* quorum none */

typedef struct PolicyWitness {
    Str     name, url; /* url may be empty */
    NoteKey key;
} PolicyWitness;

typedef struct PolicyGroup {
    Str    name;
    size_t need, count;
    int    members[2 * LIMIT_POLICY_NAMES]; /* a witness's index; from LIMIT_POLICY_NAMES on a group's */
} PolicyGroup;

typedef struct Policy {
    size_t        log_count, witness_count, group_count;
    NoteKey       logs[LIMIT_POLICY_NAMES];
    PolicyWitness witnesses[LIMIT_POLICY_NAMES];
    PolicyGroup   groups[LIMIT_POLICY_NAMES];
    int           quorum; /* as a member, or POLICY_NONE */
} Policy;

/* ECODE_LOG_POLICY, with the line and what is wrong there. */
Err policy_parse(Str text, Policy *out) MUST_CHECK;
/* Does it speak of the log with this key? */
bool policy_has_log(const Policy *policy, const NoteKey *log);

typedef struct PolicySeen {
    bool    met;                         /* the quorum */
    int64_t times_s[LIMIT_POLICY_NAMES]; /* of each witness's cosignature, since 1970; 0: there is none */
} PolicySeen;

/* Who has cosigned the checkpoint; that the log signed it is the caller's to know. ECODE_LOG_SIGNATURE for a line of
 * one of the witnesses that does not verify: such a note is refused as a whole (C2SP signed-note). */
Err policy_seen(const Policy *policy, const Note *note, PolicySeen *out) MUST_CHECK;
/* "A, B": those who have not. */
Str policy_missing(Arena *arena, const Policy *policy, const PolicySeen *seen);

#endif
