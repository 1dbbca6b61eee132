#include "kernel/cosign.h"

#include "base/utf8.h"
#include "evidence/keeper.h"
#include "evidence/log.h"
#include "evidence/witness.h"
#include "kernel/post.h"
#include "kernel/setting.h"

#include <stdio.h>

#define WAIT_MS 200 /* for an answer, before the end is looked for */

static const Str sql_from = STR_INIT("SELECT note FROM log_checkpoint WHERE size >= ? ORDER BY size LIMIT 8");
static const Str sql_newest = STR_INIT("SELECT note FROM log_checkpoint WHERE size >= ? ORDER BY size DESC LIMIT 2");
static const Str sql_last = STR_INIT("SELECT note FROM log_checkpoint ORDER BY size DESC LIMIT 16");
static const Str sql_drop = STR_INIT("DELETE FROM log_checkpoint WHERE size = ?");
static const Str sql_keep = STR_INIT("INSERT INTO log_checkpoint (size, note) VALUES (?, ?) ON CONFLICT (size)"
                                     " DO UPDATE SET note = excluded.note");

/* ---- the policy ---- */

#define POLICY STR("log_policy")

Err cosign_policy(Db *db, Arena *arena, Str *text) { return setting_get(arena, db, POLICY, text); }

typedef struct PolicyJob {
    WriterJob job;
    Str       text;
} PolicyJob;

static Err policy_write(Db *db, WriterJob *job) { return setting_put(db, POLICY, ((const PolicyJob *)job)->text); }

/* add-checkpoint is put behind it. */
static bool url_fits(Arena *arena, Str url)
{
    Problems problems = { .arena = arena };
    return str_find(url, STR("?")) == url.len && !post_url_check(arena, url, true, &problems).kind;
}

Err cosign_policy_set(const City *city, Str text)
{
    OWNED(arena) Arena *arena = arena_new();
    Policy             *policy = ARENA_NEW(arena, Policy);
    NoteKey             log;
    PolicyJob           job = { .job = { .run = policy_write }, .text = text };
    TRY(policy_parse(text, policy));
    if (!utf8_valid(text)) /* names may be of any octets; what the city keeps is text */
        return err_make(ECODE_TEXT_ENCODING, "policy");
    if (!keeper_key(city->log, &log))
        return keeper_closed(city->log);
    if (!policy_has_log(policy, &log))
        return err_make(ECODE_LOG_POLICY_OTHER, "%.*s", STR_FMT(note_key_text(arena, &log)));
    for (size_t i = 0; i < policy->witness_count; i++)
        if (!url_fits(arena, policy->witnesses[i].url))
            return err_make(ECODE_LOG_POLICY_URL, "%.*s", STR_FMT(policy->witnesses[i].name));
    return writer_run(city->writer, &job.job);
}

/* ---- what is kept ---- */

/* A note of this log; what it says of the witnesses. */
static bool note_fits(Arena *arena, Str text, const NoteKey *log, const Policy *policy, PolicySeen *seen)
{
    Checkpoint checkpoint;
    Note       note;
    return !checkpoint_open(arena, text, log, &checkpoint, &note).kind && !policy_seen(policy, &note, seen).kind;
}

static Err first_met(Db *db, Arena *arena, Str sql, uint64_t at_least, const NoteKey *log, const Policy *policy,
                     Str *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             size = value_int((int64_t)at_least);
    PolicySeen        seen;
    TRY(db_query(db, sql, &size, 1, &rows));
    for (bool more; !out->len;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        Str note = str_dup(arena, rows_borrow_text(rows, 0));
        if (note_fits(arena, note, log, policy, &seen) && seen.met)
            *out = note;
    }
    return ERR_OK;
}

static Err find(Db *db, Arena *arena, const NoteKey *log, uint64_t at_least, bool smallest, Cosigned *out)
{
    Policy *policy = ARENA_NEW(arena, Policy);
    *out = (Cosigned){ .note = STR_NONE };
    TRY(cosign_policy(db, arena, &out->policy));
    if (!out->policy.len)
        return ERR_OK;
    TRY(policy_parse(out->policy, policy));
    out->required = policy->quorum != POLICY_NONE;
    if (smallest)
        TRY(first_met(db, arena, sql_from, at_least, log, policy, &out->note));
    return first_met(db, arena, sql_newest, at_least, log, policy, &out->note);
}

Err cosigned_find(Db *db, Arena *arena, const NoteKey *log, uint64_t at_least, Cosigned *out)
{
    return find(db, arena, log, at_least, true, out);
}

Err cosigned_newest(Db *db, Arena *arena, const NoteKey *log, Cosigned *out)
{
    return find(db, arena, log, 0, false, out);
}

bool cosigned_meets(Arena *arena, const NoteKey *log, Str policy, Str note)
{
    Policy    *asked = ARENA_NEW(arena, Policy);
    PolicySeen seen;
    return !policy_parse(policy, asked).kind && note_fits(arena, note, log, asked, &seen) && seen.met;
}

/* ---- a round ---- */

typedef struct Asking { /* one witness */
    const PolicyWitness *witness;
    uint64_t             old; /* what it cosigned last, as far as is known */
    bool                 again;
    Post                 post;
    Buf                  answer;
} Asking;

typedef struct Round {
    DutyRun   *run;
    Posts     *posts;
    Policy     policy;
    NoteKey    log;
    Checkpoint head;
    Str        note; /* the checkpoint, with the cosignatures so far */
    PolicySeen seen;
    uint64_t   unmet; /* size of the newest kept checkpoint, when it is shorter and short of the quorum; else 0 */
    Asking     asking[LIMIT_POLICY_NAMES];
    size_t     open;     /* requests under way */
    bool       gained;   /* a cosignature */
    int64_t    until_ms; /* once the quorum is met; 0: not yet */
} Round;

static void complain(const Asking *asking, const char *what)
{
    fprintf(stderr, "witnesses: %.*s %s\n", STR_FMT(asking->witness->name), what);
}

typedef struct Endorsement {
    WriterJob job;
    uint64_t  size, unmet;
    Str       note;
} Endorsement;

static Err endorsement_write(Db *db, WriterJob *job)
{
    const Endorsement *one = (const Endorsement *)job;
    Value              row[] = { value_int((int64_t)one->size), value_text(one->note) };
    Value              unmet = value_int((int64_t)one->unmet);
    if (one->unmet)
        TRY(db_run(db, sql_drop, &unmet, 1));
    return db_run(db, sql_keep, row, 2);
}

/* The one place where a note goes that has gained cosignatures, at the end of its round: it is kept. */
static Err endorse(const Round *round)
{
    Endorsement one = { .job = { .run = endorsement_write }, .size = round->head.size };
    one.unmet = round->unmet;
    one.note = round->note;
    return writer_run(round->run->ctx.city->writer, &one.job);
}

static Err ask(Round *round, Asking *asking)
{
    const Ctx  *ctx = &round->run->ctx;
    MerkleProof proof = { 0 };
    Str         url = asking->witness->url;
    if (asking->old) {
        MerkleNodes nodes = log_nodes(ctx->db, ctx->arena, round->head.size);
        TRY(merkle_prove_consistency(&nodes, asking->old, round->head.size, &proof));
    }
    if (str_ends(url, STR("/")))
        url = str_slice(url, 0, url.len - 1);
    asking->answer = buf_new(ctx->arena, LIMIT_POST_ANSWER);
    asking->post = (Post){ .url = str_printf(ctx->arena, "%.*s/add-checkpoint", STR_FMT(url)),
                           .body = witness_request_text(ctx->arena, asking->old, &proof, round->note),
                           .headers = { STR("Content-Type: text/plain; charset=utf-8"), STR("User-Agent: firstmile") },
                           .private = true,
                           .answer = &asking->answer };
    TRY(posts_add(round->posts, &asking->post));
    round->open++;
    return ERR_OK;
}

static Err take_signature(Round *round, const Asking *asking)
{
    Arena     *arena = round->run->ctx.arena;
    Str        line;
    Err        err = witness_answer_read(arena, round->note, buf_str(&asking->answer), &asking->witness->key, &line);
    Str        note = STR_NONE;
    PolicySeen seen;
    if (!err.kind)
        note = str_printf(arena, "%.*s%.*s", STR_FMT(round->note), STR_FMT(line));
    if (err.kind || !note_fits(arena, note, &round->log, &round->policy, &seen)) {
        complain(asking, "gave a cosignature that does not verify");
        return ERR_OK;
    }
    round->note = note;
    round->seen = seen;
    round->gained = true;
    if (round->seen.met && !round->until_ms)
        round->until_ms = env_now(&round->run->ctx.city->env) + COSIGN_GRACE_MS;
    return ERR_OK;
}

/* It has cosigned last what was not known here: another checkpoint, whose answer was lost; or more than there is. */
static Err take_size(Round *round, Asking *asking)
{
    int64_t size;
    if (!str_int(str_trim(buf_str(&asking->answer)), &size) || size < 0)
        return ERR_OK;
    if ((uint64_t)size > round->head.size) {
        complain(asking, "has cosigned a longer log under this key");
        return ERR_OK;
    }
    if (asking->again)
        return ERR_OK;
    asking->again = true;
    asking->old = (uint64_t)size;
    return ask(round, asking);
}

static Err take_answer(Round *round, Asking *asking)
{
    round->open--;
    switch (asking->post.status) {
    case 200: return take_signature(round, asking);
    case 409: return take_size(round, asking);
    case 422: complain(asking, "says that the log does not continue what it cosigned"); return ERR_OK;
    default: return ERR_OK; /* asked again with the next checkpoint, or later */
    }
}

static Err run_round(Round *round)
{
    for (size_t i = 0; i < round->policy.witness_count; i++)
        if (!round->seen.times_s[i])
            TRY(ask(round, &round->asking[i]));
    while (round->open && !duty_ends(round->run)) {
        const Post *post = posts_wait(round->posts, WAIT_MS);
        for (size_t i = 0; i < round->policy.witness_count && post; i++)
            if (post == &round->asking[i].post)
                TRY(take_answer(round, &round->asking[i]));
        if (round->until_ms && env_now(&round->run->ctx.city->env) >= round->until_ms)
            break; /* the others are asked with the next one */
    }
    return round->gained ? endorse(round) : ERR_OK;
}

/* ---- the duty ---- */

/* What is kept already: of the same checkpoint, and what each witness cosigned last. */
static Err look_back(Round *round)
{
    OWNED(rows) Rows *rows = NULL;
    Arena            *arena = round->run->ctx.arena;
    PolicySeen        seen;
    bool              first = true;
    TRY(db_query(round->run->ctx.db, sql_last, NULL, 0, &rows));
    for (bool more;; first = false) {
        Checkpoint checkpoint;
        Note       note;
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        Str text = str_dup(arena, rows_borrow_text(rows, 0));
        if (checkpoint_open(arena, text, &round->log, &checkpoint, &note).kind ||
            policy_seen(&round->policy, &note, &seen).kind)
            continue;
        if (first && checkpoint.size < round->head.size && !seen.met)
            round->unmet = checkpoint.size;
        if (first && checkpoint.size == round->head.size) {
            round->note = text;
            round->seen = seen;
            if (seen.met) /* nothing is asked for */
                return ERR_OK;
        }
        for (size_t i = 0; i < round->policy.witness_count; i++)
            if (seen.times_s[i] && !round->asking[i].old && checkpoint.size <= round->head.size)
                round->asking[i].old = checkpoint.size;
    }
}

/* False when there is nothing to ask for. */
static Err round_open(Round *round, bool *wanted)
{
    const Ctx *ctx = &round->run->ctx;
    Str        text;
    KeeperWish newest = { .newest = true, .now_ms = env_now(&ctx->city->env) };
    *wanted = false;
    TRY(cosign_policy(ctx->db, ctx->arena, &text));
    if (!text.len || keeper_closed(ctx->city->log).kind || !keeper_key(ctx->city->log, &round->log))
        return ERR_OK;
    TRY(policy_parse(text, &round->policy));
    for (size_t i = 0; i < round->policy.witness_count; i++)
        round->asking[i].witness = &round->policy.witnesses[i];
    round->run->next_ms = newest.now_ms + COSIGN_PERIOD_MS;
    TRY(keeper_sign(ctx->city->log, ctx->db, ctx->arena, newest, &round->note));
    TRY(checkpoint_open(ctx->arena, round->note, &round->log, &round->head, NULL));
    TRY(look_back(round));
    *wanted = round->policy.witness_count && !round->seen.met;
    return ERR_OK;
}

Err cosign_duty(DutyRun *run)
{
    Round *round = ARENA_NEW(run->ctx.arena, Round);
    bool   wanted;
    round->run = run;
    TRY(round_open(round, &wanted));
    if (!wanted)
        return ERR_OK;
    round->posts = posts_new();
    Err err = run_round(round);
    posts_free(round->posts);
    run->next_ms = env_now(&run->ctx.city->env) + (round->gained ? COSIGN_PERIOD_MS : COSIGN_RETRY_MS);
    return err;
}
