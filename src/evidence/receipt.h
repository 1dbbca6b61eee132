/* evidence/receipt.h: one event's evidence in one text file, verified without network, database or this program.
 *
 * Form     UTF-8, lines end in LF. First "evidence-receipt/v1"; then blocks "-----BEGIN X-----", base64 in lines of
 *          64, "-----END X-----", in this order, each once but for TIMESTAMP TOKEN; some need not be there:
 *              EVIDENCE SALT         of the leaf, 32 bytes
 *              EVIDENCE MANIFEST     of the event (kernel/event.h), byte for byte
 *              EVIDENCE DISCLOSURE   a line "<name> <base64(salt)> <base64(value)>" for each value that the reader of
 *                                    the receipt may know; the manifest has base64(SHA-256(salt || name || 0x00 ||
 *                                    value)) beside that name. May be empty: what is not told stays a commitment
 *              TLOG PROOF            C2SP tlog-proof@v1: index, path, and the signed checkpoint
 *              WITNESS POLICY        which witnesses the log asks (evidence/policy.h); only where it asks any. A
 *                                    receipt cannot vouch for its policy either
 *              TIMESTAMP TOKEN       RFC 3161, DER, over the signed checkpoint (evidence/stamp.h); none when it was not
 *                                    stamped, and one more for each renewal, in order
 *              TIMESTAMP CA          when there are tokens: PEM of the authority's CAs, so that the file is complete.
 *                                    Whoever relies on the time has them from elsewhere
 *              LOG KEY               the verifier key of the log. Whoever relies on a receipt compares it with the
 *                                    one that the log's operator has made known: a receipt cannot vouch for its key
 *          last "sha256 <hex of everything before>", against accidents alone.
 * Verified leaf = commitment of salt and manifest (evidence/log.h); it is in the tree; the tree's head is signed; each
 *          disclosed value is what the manifest commits to; tokens are over the checkpoint. Who signed them is told
 *          by receipt_time() alone.
 * Hostile  a receipt is read under LIMIT_RECEIPT_BYTES; any value of any byte is answered. */
#ifndef FM_EVIDENCE_RECEIPT_H
#define FM_EVIDENCE_RECEIPT_H

#include "engines/merkle/merkle.h"
#include "evidence/checkpoint.h"
#include "evidence/stamp.h"
#include "store/store.h"

typedef struct ReceiptValue {
    Str name, salt, value; /* salt as bytes */
} ReceiptValue;

typedef struct Receipt {
    Str           salt, manifest;
    ReceiptValue *values;
    size_t        value_count;
    uint64_t      index;
    MerkleProof   path;
    Str           checkpoint; /* the signed note */
    Str           policy;     /* as text; empty: there is no such block */
    Str           tokens, ca; /* of its time stamp; empty: it has none */
    Str           key;        /* as text */
} Receipt;

/* The receipt of leaf number out->index under a checkpoint that has it. The caller has filled it but for salt, path and
 * key: these are read from db, and all is verified before anything goes out. ECODE_LOG_DAMAGED when it does not. */
Err receipt_make(Db *db, Arena *arena, const NoteKey *key, Receipt *out) MUST_CHECK;
Str receipt_text(Arena *arena, const Receipt *receipt);

/* ECODE_RECEIPT_FORM, with where. */
Err receipt_parse(Arena *arena, Str text, Receipt *out) MUST_CHECK;
/* ECODE_LOG_SIGNATURE and ECODE_LOG_NOTE (the checkpoint), ECODE_RECEIPT_PROOF (not in the tree), ECODE_RECEIPT_VALUE,
 * ECODE_STAMP_FORM and ECODE_STAMP_IMPRINT (tokens of something else). */
Err receipt_verify(Arena *arena, const Receipt *receipt, const NoteKey *key, Checkpoint *out) MUST_CHECK;
/* Since when the checkpoint has been there, in the word of an authority whose CA is given, as of at_ms:
 * ECODE_STAMP_NONE, and the errors of stamps_verify(). */
Err receipt_time(const Receipt *receipt, Str ca, int64_t at_ms, Stamps *out) MUST_CHECK;

#endif
