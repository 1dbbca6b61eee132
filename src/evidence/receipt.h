/* evidence/receipt.h: one event's evidence in one text file, verified without network, database or this program.
 *
 * Form     UTF-8, lines end in LF. First "evidence-receipt/v1"; then blocks "-----BEGIN X-----", base64 in lines of
 *          64, "-----END X-----", each once, one may be missing, in this order:
 *              EVIDENCE SALT         of the leaf, 32 bytes
 *              EVIDENCE MANIFEST     of the event (kernel/event.h), byte for byte
 *              EVIDENCE DISCLOSURE   a line "<name> <base64(salt)> <base64(value)>" for each value that the reader of
 *                                    the receipt may know; the manifest has base64(SHA-256(salt || name || 0x00 ||
 *                                    value)) beside that name. May be empty: what is not told stays a commitment
 *              TLOG PROOF            C2SP tlog-proof@v1: index, path, and the signed checkpoint
 *              WITNESS POLICY        which witnesses the log asks (evidence/policy.h); only where it asks any. A
 *                                    receipt cannot vouch for its policy either
 *              LOG KEY               the verifier key of the log. Whoever relies on a receipt compares it with the
 *                                    one that the log's operator has made known: a receipt cannot vouch for its key
 *          last "sha256 <hex of everything before>", against accidents alone.
 * Verified leaf = commitment of salt and manifest (evidence/log.h); it is in the tree; the tree's head is signed; each
 *          disclosed value is what the manifest commits to.
 * Hostile  a receipt is read under LIMIT_RECEIPT_BYTES; any value of any byte is answered. */
#ifndef FM_EVIDENCE_RECEIPT_H
#define FM_EVIDENCE_RECEIPT_H

#include "engines/merkle/merkle.h"
#include "evidence/checkpoint.h"
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
    Str           key;        /* as text */
} Receipt;

/* The receipt of leaf number `index`, whose manifest this is, under a checkpoint that has it: salt and path are read
 * from db, and verified before anything goes out. ECODE_LOG_DAMAGED when they do not verify. values may be none. */
Err receipt_make(Db *db, Arena *arena, const NoteKey *key, Str checkpoint, uint64_t index, Str manifest,
                 const ReceiptValue *values, size_t value_count, Receipt *out) MUST_CHECK;
Str receipt_text(Arena *arena, const Receipt *receipt);

/* ECODE_RECEIPT_FORM, with where. */
Err receipt_parse(Arena *arena, Str text, Receipt *out) MUST_CHECK;
/* ECODE_LOG_SIGNATURE and ECODE_LOG_NOTE (the checkpoint), ECODE_RECEIPT_PROOF (not in the tree), ECODE_RECEIPT_VALUE.
 */
Err receipt_verify(Arena *arena, const Receipt *receipt, const NoteKey *key, Checkpoint *out) MUST_CHECK;

#endif
