/* web/pages/proof.c: see proof.h. */
#include "web/pages/proof.h"

#include "evidence/keeper.h"
#include "kernel/authority.h"
#include "kernel/cosign.h"
#include "kernel/receipt.h"
#include "web/pages/view.h"

static Err reach_signed(const Call *call, const NoteKey *log, uint64_t *leaves)
{
    (void)log;
    *leaves = keeper_size(call->ctx.city->log);
    return ERR_OK;
}

static Err reach_witnessed(const Call *call, const NoteKey *log, uint64_t *leaves)
{
    Cosigned   found;
    Checkpoint checkpoint = { 0 };
    TRY(cosigned_newest(call->ctx.db, call->ctx.arena, log, &found));
    if (found.required && found.note.len)
        TRY(checkpoint_open(call->ctx.arena, found.note, log, &checkpoint, NULL));
    *leaves = checkpoint.size;
    return ERR_OK;
}

static Err reach_stamped(const Call *call, const NoteKey *log, uint64_t *leaves)
{
    StampingStands stands;
    (void)log;
    TRY(stamping_stands(call->ctx.db, call->ctx.arena, &stands));
    *leaves = (uint64_t)stands.size;
    return ERR_OK;
}

/* Each says more than the one before. */
static const struct {
    const char *words;
    Err (*reach)(const Call *call, const NoteKey *log, uint64_t *leaves);
} stages[PROOF_STAGES] = { { "say.proof.signed", reach_signed },
                           { "say.proof.witnessed", reach_witnessed },
                           { "say.proof.stamped", reach_stamped } };

Err proofs_read(Call *call, const Record *record, Proofs *out)
{
    NoteKey log;
    Keeper *keeper = call->ctx.city->log;
    *out = (Proofs){ .call = call, .record = record, .some = !keeper_closed(keeper).kind && keeper_key(keeper, &log) };
    for (size_t i = 0; out->some && i < PROOF_STAGES; i++)
        TRY(stages[i].reach(call, &log, &out->reaches[i]));
    return ERR_OK;
}

static const char *stage_of(const Proofs *proofs, int64_t sequence)
{
    const char *words = NULL;
    for (size_t i = 0; i < PROOF_STAGES; i++)
        if ((uint64_t)sequence <= proofs->reaches[i])
            words = stages[i].words;
    return words;
}

Err proof_put(const Proofs *proofs, const Json *event, Json *into)
{
    Call   *call = proofs->call;
    int64_t sequence = 0, version = 0;
    bool    may = proofs->some;
    if (may)
        TRY(receipt_may(&call->ctx, proofs->record, event, &may));
    if (!may || !json_int(json_get(event, STR("sequence")), &sequence) ||
        !json_int(json_get(event, STR("version")), &version)) {
        put_null(call, into, STR("proof"));
        return ERR_OK;
    }
    const char *words = stage_of(proofs, sequence);
    Json       *json = json_set(into, STR("proof"), json_object(call->ctx.arena));
    put(call, json, STR("proven"), say(call, words ? words : "say.proof.waits"));
    json_set_bool(call->ctx.arena, json, STR("waits"), !words);
    put(call, json, STR("receipt_href"),
        str_printf(call->ctx.arena, "%.*s?version=%lld",
                   STR_FMT(view_href(call, proofs->record->type, record_id(proofs->record), STR("receipt"))),
                   (long long)version));
    return ERR_OK;
}
