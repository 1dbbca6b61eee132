/* web/evidence.c: the evidence log, for whoever wants to check it: C2SP tlog-tiles under /log/. Nothing in it tells of
 * what it is about (evidence/log.h), so everybody may have it. And receipts, for whoever sees what they tell. */
#include "evidence/keeper.h"
#include "evidence/log.h"
#include "kernel/authority.h"
#include "kernel/cosign.h"
#include "kernel/receipt.h"
#include "web/aside.h"
#include "web/dispatch.h"
#include "web/handlers.h"
#include "web/shapes.h"

#define CACHE_CHECKPOINT "public, max-age=1"
#define CACHE_FOR_EVER   "public, max-age=31536000, immutable"

/* ---- the checkpoint ---- */

static void reply_note(Call *call, Str note)
{
    call_set_header(call, STR("Cache-Control"), STR(CACHE_CHECKPOINT));
    call_bytes(call, 200, STR("text/plain; charset=utf-8"), note);
}

typedef struct Signing {
    KeeperWish wish;
    Arena     *arena; /* the call's, which it leaves alone meanwhile */
    Str        note;
} Signing;

static Err sign(Call *copy, void *context, Problems *problems)
{
    Signing *signing = context;
    (void)problems;
    return keeper_sign(copy->ctx.city->log, copy->ctx.db, signing->arena, signing->wish, &signing->note);
}

static void signed_now(Call *call, Err err, const Problems *problems)
{
    const Signing *signing = call->state;
    if (err.kind)
        call_fail(call, err, problems);
    else
        reply_note(call, signing->note);
}

/* Where witnesses are required, the newest that they have signed; empty: none yet, or none is required. */
static Err witnessed(const Call *call, Str *note)
{
    NoteKey  key;
    Cosigned found;
    *note = STR_NONE;
    TRY(keeper_closed(call->ctx.city->log));
    keeper_key(call->ctx.city->log, &key);
    TRY(cosigned_newest(call->ctx.db, call->ctx.arena, &key, &found));
    if (found.required)
        *note = found.note;
    return ERR_OK;
}

void log_checkpoint(Call *call)
{
    Signing *signing = ARENA_NEW(call->ctx.arena, Signing);
    Err      err = witnessed(call, &signing->note);
    if (err.kind) {
        call_fail(call, err, NULL);
        return;
    }
    if (signing->note.len) {
        reply_note(call, signing->note);
        return;
    }
    signing->wish = (KeeperWish){ .newest = true, .now_ms = env_now(&call->ctx.city->env) };
    signing->arena = call->ctx.arena;
    call->state = signing;
    if (keeper_last(call->ctx.city->log, call->ctx.arena, signing->wish, &signing->note))
        reply_note(call, signing->note);
    else
        call_aside(call, ASIDE_SIGN, sign, signing, signed_now);
}

void log_key(Call *call)
{
    NoteKey key;
    if (!keeper_key(call->ctx.city->log, &key)) {
        call_fail(call, keeper_closed(call->ctx.city->log), NULL);
        return;
    }
    call_set_header(call, STR("Cache-Control"), STR(CACHE_CHECKPOINT));
    call_bytes(call, 200, STR("text/plain; charset=utf-8"),
               str_printf(call->ctx.arena, "%.*s\n", STR_FMT(note_key_text(call->ctx.arena, &key))));
}

/* ---- tiles ---- */

static Err read_tile(const Call *call, Str path, Str *out)
{
    Tile    tile;
    Keeper *log = call->ctx.city->log;
    TRY(keeper_closed(log));
    /* What no checkpoint has is not there yet. */
    if (!tile_path_parse(path, &tile) || tile_width(tile.level, tile.index, keeper_size(log)) < tile.width)
        return err_make(ECODE_PAGE_UNSEEN, "no such tile");
    if (tile.level == TILE_ENTRIES)
        return log_bundle(call->ctx.db, call->ctx.arena, tile, out);
    Hash *hashes = ARENA_ARRAY(call->ctx.arena, Hash, TILE_WIDTH);
    TRY(log_tile(call->ctx.db, tile, hashes));
    *out = (Str){ (const char *)hashes, (size_t)tile.width * HASH_SIZE };
    return ERR_OK;
}

void log_tiles(Call *call)
{
    Str bytes;
    Err err = read_tile(call, str_slice(call->path, STR("/log/").len, call->path.len), &bytes);
    if (err.kind) {
        call_fail(call, err, NULL);
        return;
    }
    call_set_header(call, STR("Cache-Control"), STR(CACHE_FOR_EVER));
    call_bytes(call, 200, STR("application/octet-stream"), bytes);
}

/* ---- receipts ---- */

typedef struct Receipting {
    ReceiptStep step;
    Arena      *arena; /* the call's */
    Str         text;
} Receipting;

typedef struct Under { /* what a receipt rests on */
    NoteKey key;
    Str     note, policy, tokens, ca;
} Under;

static Err write_receipt(Db *db, Receipting *receipting, const Under *under)
{
    const ReceiptStep *step = &receipting->step;
    Receipt            receipt = { .manifest = step->manifest,
                                   .values = step->values,
                                   .value_count = step->value_count,
                                   .index = (uint64_t)step->sequence - 1,
                                   .checkpoint = under->note,
                                   .policy = under->policy,
                                   .tokens = under->tokens,
                                   .ca = under->ca };
    TRY(receipt_make(db, receipting->arena, &under->key, &receipt));
    receipting->text = receipt_text(receipting->arena, &receipt);
    return ERR_OK;
}

#define STAMPED_LOOKED 8 /* stamped before the witnesses signed, or while they failed */

/* The first checkpoint that is stamped and has what the witnesses' policy asks; else the first that has this; else the
 * first that is stamped; empty: there is none of these yet. */
static Err find_under(Db *db, Arena *arena, uint64_t at_least, Under *out)
{
    Cosigned cosigned;
    Stamped  first = { .note = STR_NONE }, stamped = first;
    bool     whole = false; /* stamped, and met */
    TRY(cosigned_find(db, arena, &out->key, at_least, &cosigned));
    for (int64_t nth = 0; nth < STAMPED_LOOKED && !whole; nth++) {
        TRY(stamped_find(db, arena, at_least, nth, &stamped));
        if (!stamped.note.len)
            break;
        first = nth ? first : stamped;
        whole = !cosigned.required || cosigned_meets(arena, &out->key, cosigned.policy, stamped.note);
    }
    if (!whole)
        stamped = first;
    if (!whole && cosigned.note.len)
        stamped = (Stamped){ .note = cosigned.note };
    *out = (Under){ out->key, stamped.note, cosigned.policy, stamped.tokens, stamped.ca };
    return ERR_OK;
}

/* Under a checkpoint that has the step; where none is kept, under one that is signed for it if need be. The snapshot in
 * which the step was found may be older than that, so the log is read by a connection that has none. */
static Err receipt_aside(Call *copy, void *context, Problems *problems)
{
    const City *city = copy->ctx.city;
    Receipting *receipting = context;
    Under       under = { .note = STR_NONE };
    KeeperWish  wish = { .at_least = (uint64_t)receipting->step.sequence, .now_ms = env_now(&city->env) };
    (void)problems;
    TRY(keeper_closed(city->log));
    keeper_key(city->log, &under.key);
    TRY(find_under(copy->ctx.db, receipting->arena, wish.at_least, &under));
    if (!under.note.len)
        TRY(keeper_sign(city->log, copy->ctx.db, receipting->arena, wish, &under.note));
    return write_receipt(copy->ctx.db, receipting, &under);
}

static void receipt_reply(Call *call, Err err, const Problems *problems)
{
    const Receipting *receipting = call->state;
    if (err.kind) {
        call_fail(call, err, problems);
        return;
    }
    call_set_header(call, STR("Content-Disposition"),
                    str_printf(call->ctx.arena, "attachment; filename=\"%.*s-%lld.evr\"", STR_FMT(call->params[1]),
                               (long long)receipting->step.sequence));
    call_bytes(call, 200, STR("text/plain; charset=utf-8"), receipting->text);
}

static Err find_step(Call *call, Receipting *receipting, Problems *problems)
{
    const Type *type;
    Record      record;
    int64_t     version = 0;
    TRY(shape_type_find(call, call->params[0], &type, problems));
    TRY(find_one(&call->ctx, type, call->params[1], &record));
    shape_number(call, "version", 1, INT64_MAX, &version, problems);
    TRY(shape_problem(problems));
    return receipt_step(&call->ctx, &record, version, &receipting->step);
}

void records_receipt(Call *call)
{
    Problems    problems = call_problems(call);
    Receipting *receipting = ARENA_NEW(call->ctx.arena, Receipting);
    receipting->arena = call->ctx.arena;
    call->state = receipting;
    Err err = find_step(call, receipting, &problems);
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_aside(call, ASIDE_SIGN, receipt_aside, receipting, receipt_reply);
}
