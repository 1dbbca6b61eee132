/* web/pages/proof.h: how far each step of a record's history is proven, beside the way to its receipt. Private to
 * web/pages. Nothing is signed for it: a step is its place in the log, and each stage reaches up to a size. */
#ifndef FM_WEB_PAGES_PROOF_H
#define FM_WEB_PAGES_PROOF_H

#include "web/page.h"

#define PROOF_STAGES 3

typedef struct Proofs {
    Call         *call;
    const Record *record;
    bool          some;                  /* the log may be signed */
    uint64_t      reaches[PROOF_STAGES]; /* leaves that each stage has */
} Proofs;

/* record: with the reader's clearance; outlives it. */
Err proofs_read(Call *call, const Record *record, Proofs *out) MUST_CHECK;
/* Sets `proof` of a step of the history: {proven, waits, receipt_href}, or null for who may not have its receipt. */
Err proof_put(const Proofs *proofs, const Json *event, Json *into) MUST_CHECK;

#endif
