/* kernel/receipt.h: what a receipt of one step may tell the one who asks for it.
 *
 * Rights   the step must show in the record's history to them (kernel/history.h), as must who took it, and every record
 *          that the step touched: the manifest names these. A field that their role could never see makes it
 *          ECODE_RECEIPT_HIDDEN, too: its name stands in the manifest.
 * Values   those that show to them now and would have then, without references to records that they do not see. All
 *          others stay commitments. */
#ifndef FM_KERNEL_RECEIPT_H
#define FM_KERNEL_RECEIPT_H

#include "evidence/receipt.h"
#include "kernel/find.h"

typedef struct ReceiptStep {
    int64_t       sequence; /* leaf number + 1 */
    Str           manifest;
    ReceiptValue *values;
    size_t        value_count;
} ReceiptStep;

/* The step that made that version of the record, which the actor has found; 0: the newest. ECODE_RECORD_UNSEEN,
 * ECODE_RECEIPT_HIDDEN. */
Err receipt_step(const Ctx *ctx, const Record *record, int64_t version, ReceiptStep *out) MUST_CHECK;
/* Would it give the receipt of a step that history_list() shows to the actor so? Without folding the record as it was,
 * so that a page of a long history costs what it shows. */
Err receipt_may(const Ctx *ctx, const Record *record, const Json *shown, bool *may) MUST_CHECK;

#endif
