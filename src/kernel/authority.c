#include "kernel/authority.h"

#include "base/json.h"
#include "base/limits.h"
#include "evidence/keeper.h"
#include "evidence/log.h"
#include "evidence/stamp.h"
#include "kernel/cosign.h"
#include "kernel/post.h"
#include "kernel/setting.h"

#include <stdio.h>

#define WAIT_MS   200 /* for an answer, before the end is looked for */
#define FIRST_MS  10000
#define LATER_MS  3600000
#define RENEW_MS  1000
#define LOOK_ROWS 100 /* tokens looked through at a time */

static const Str sql_find = STR_INIT(
    "SELECT note, token FROM log_stamp WHERE size >= ? ORDER BY size, number LIMIT 1 OFFSET ?");
static const Str sql_stands = STR_INIT("SELECT coalesce(max(size), 0) FROM log_stamp");
static const Str sql_after = STR_INIT(
    "SELECT number, note, token, size FROM log_stamp WHERE number > ? ORDER BY number LIMIT ?");
static const Str sql_has = STR_INIT("SELECT 1 FROM log_stamp WHERE note = ?");
static const Str sql_keep = STR_INIT("INSERT INTO log_stamp (size, note, token) VALUES (?, ?, CAST(? AS BLOB))"
                                     " ON CONFLICT (note) DO UPDATE SET token = excluded.token");

#define SETTING STR("authority")
#define STATE   STR("stamping")

/* ---- the setting ---- */

static Err bad_line(int line) { return err_make(ECODE_STAMP_AUTHORITY, "%d", line); }

static bool line_read(Arena *arena, Str word, Str value, Authority *out)
{
    Problems problems = { .arena = arena };
    Str     *text = str_eq(word, STR("url")) ? &out->url : str_eq(word, STR("ca")) ? &out->ca : &out->policy;
    if (str_eq(word, STR("every")))
        return str_int(value, &out->every_s) && out->every_s >= 1 && out->every_s <= LIMIT_STAMP_EVERY_S;
    if (text->len || !value.len)
        return false;
    *text = value;
    if (str_eq(word, STR("url")))
        return !post_url_check(arena, value, true, &problems).kind;
    return str_eq(word, STR("ca")) || (str_eq(word, STR("policy")) && stamp_policy_valid(value));
}

Err authority_parse(Arena *arena, Str text, Authority *out)
{
    Authority found = { .every_s = LIMIT_STAMP_EVERY_S };
    int       number = 0;
    while (text.len) {
        Str line = str_trim(str_cut(&text, '\n')), value = line, word = str_cut(&value, ' ');
        number++;
        if (line.len && !str_starts(line, STR("#")) && !line_read(arena, word, str_trim(value), &found))
            return bad_line(number);
    }
    if (!found.url.len || !found.ca.len)
        return bad_line(number + 1);
    *out = found;
    return ERR_OK;
}

static Err read_json(Db *db, Arena *arena, Str name, Json **out)
{
    Str text;
    *out = json_object(arena);
    TRY(setting_get(arena, db, name, &text));
    return text.len ? json_parse(arena, text, out) : ERR_OK;
}

static Err write_json(Db *db, Arena *arena, Str name, const Json *json)
{
    Buf text = buf_new(arena, SIZE_MAX);
    json_write(&text, json);
    return setting_put(db, name, buf_str(&text));
}

Err authority_read(Db *db, Arena *arena, Authority *out, bool *found)
{
    Json *json;
    TRY(read_json(db, arena, SETTING, &json));
    *out = (Authority){ .url = json_text(json_get(json, STR("url"))),
                        .policy = json_text(json_get(json, STR("policy"))),
                        .ca = json_text(json_get(json, STR("ca"))),
                        .earlier = json_text(json_get(json, STR("earlier"))) };
    *found = json_int(json_get(json, STR("every")), &out->every_s) && out->url.len;
    return ERR_OK;
}

typedef struct SetJob {
    WriterJob        job;
    const Authority *authority;
} SetJob;

/* Certificates of before that are not among those of now. */
static Str earlier_of(Arena *arena, const Authority *before, const Authority *now)
{
    const Str all[] = { before->ca, before->earlier };
    const Str end = STR("-----END CERTIFICATE-----\n");
    Str       rest = str_join(arena, all, 2, STR("\n"));
    Buf       kept = buf_new(arena, LIMIT_STAMP_CA - now->ca.len - 1); /* both are read as one */
    for (size_t at = str_find(rest, end); at < rest.len; at = str_find(rest, end)) {
        Str one = str_slice(rest, 0, at + end.len);
        rest = str_slice(rest, at + end.len, rest.len);
        one = str_slice(one, str_find(one, STR("-----BEGIN")), one.len);
        if (str_find(now->ca, one) == now->ca.len && str_find(buf_str(&kept), one) == kept.len)
            buf_add(&kept, one);
    }
    return buf_str(&kept);
}

static Err set_run(Db *db, WriterJob *job)
{
    OWNED(arena) Arena *arena = arena_new();
    const Authority    *now = ((const SetJob *)job)->authority;
    Json               *json = json_object(arena);
    Authority           before;
    bool                found;
    TRY(authority_read(db, arena, &before, &found));
    json_set_str(arena, json, STR("url"), now->url);
    json_set_str(arena, json, STR("policy"), now->policy);
    json_set_int(arena, json, STR("every"), now->every_s);
    json_set_str(arena, json, STR("ca"), now->ca);
    json_set_str(arena, json, STR("earlier"), earlier_of(arena, &before, now));
    TRY(write_json(db, arena, STATE, json_object(arena))); /* it is asked at once */
    return write_json(db, arena, SETTING, json);
}

/* Lines end in LF, whoever wrote the file: earlier_of() looks for them. */
static Str unix_lines(Arena *arena, Str text)
{
    Buf buf = buf_new(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '\r')
            buf_char(&buf, text.ptr[i]);
    if (text.len && text.ptr[text.len - 1] != '\n')
        buf_char(&buf, '\n');
    return buf_str(&buf);
}

Err authority_set(const City *city, const Authority *authority)
{
    OWNED(arena) Arena *arena = arena_new();
    Authority           kept = *authority;
    SetJob              job = { .job = { .run = set_run }, .authority = &kept };
    kept.ca = unix_lines(arena, authority->ca);
    if (kept.ca.len >= LIMIT_STAMP_CA)
        return err_make(ECODE_STAMP_CA, "too long");
    TRY(stamp_ca_check(kept.ca));
    return writer_run(city->writer, &job.job);
}

Str authority_certificates(Arena *arena, const Authority *authority)
{
    return str_printf(arena, "%.*s\n%.*s", STR_FMT(authority->ca), STR_FMT(authority->earlier));
}

/* ---- what is stamped ---- */

Err stamped_find(Db *db, Arena *arena, uint64_t at_least, int64_t nth, Stamped *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_int((int64_t)at_least), value_int(nth) };
    Authority         authority;
    bool              found;
    *out = (Stamped){ .note = STR_NONE };
    TRY(db_query(db, sql_find, params, 2, &rows));
    TRY(rows_next(rows, &found));
    if (!found)
        return ERR_OK;
    out->note = str_dup(arena, rows_borrow_text(rows, 0));
    out->tokens = str_dup(arena, rows_borrow_text(rows, 1));
    TRY(authority_read(db, arena, &authority, &found));
    out->ca = authority_certificates(arena, &authority);
    return ERR_OK;
}

/* ---- the state ---- */

typedef struct Stamping {
    int64_t fresh_ms;           /* no new checkpoint is stamped before */
    int64_t tries, retry_ms;    /* failures one after the other; nothing is asked before */
    int64_t looked_day, cursor; /* last day that all tokens were looked through; how far it has come today */
    Str     problem;
} Stamping;

static const struct {
    const char *name;
    size_t      offset;
} state_numbers[] = { { "fresh", offsetof(Stamping, fresh_ms) },
                      { "tries", offsetof(Stamping, tries) },
                      { "retry", offsetof(Stamping, retry_ms) },
                      { "looked", offsetof(Stamping, looked_day) },
                      { "cursor", offsetof(Stamping, cursor) } };
enum { STATE_NUMBERS = sizeof state_numbers / sizeof state_numbers[0] };

static int64_t *number_in(Stamping *state, size_t i) { return (int64_t *)((char *)state + state_numbers[i].offset); }

static Err state_read(Db *db, Arena *arena, Stamping *out)
{
    Json *json;
    *out = (Stamping){ 0 };
    TRY(read_json(db, arena, STATE, &json));
    for (size_t i = 0; i < STATE_NUMBERS; i++)
        json_int(json_get(json, str_from(state_numbers[i].name)), number_in(out, i));
    out->problem = json_text(json_get(json, STR("problem")));
    return ERR_OK;
}

static Err state_write(Db *db, Arena *arena, Stamping *state)
{
    Json *json = json_object(arena);
    for (size_t i = 0; i < STATE_NUMBERS; i++)
        json_set_int(arena, json, str_from(state_numbers[i].name), *number_in(state, i));
    json_set_str(arena, json, STR("problem"), state->problem);
    return write_json(db, arena, STATE, json);
}

Err stamping_stands(Db *db, Arena *arena, StampingStands *out)
{
    OWNED(rows) Rows *rows = NULL;
    Stamping          state;
    bool              more;
    TRY(state_read(db, arena, &state));
    TRY(db_query(db, sql_stands, NULL, 0, &rows));
    TRY(rows_next(rows, &more));
    *out = (StampingStands){ rows_int(rows, 0), state.retry_ms, state.problem };
    return ERR_OK;
}

/* ---- one turn ---- */

typedef struct StampTurn {
    DutyRun  *run;
    Authority authority;
    Stamping  state;
    StampAsk  ask;  /* note empty: nothing is to be stamped */
    int64_t   size; /* of the note */
    bool      more; /* tokens are still to be looked through */
} StampTurn;

typedef struct TurnJob {
    WriterJob  job;
    StampTurn *turn;
    Str        tokens; /* empty: none to keep */
} TurnJob;

static Err turn_write(Db *db, WriterJob *job)
{
    const TurnJob *keep = (const TurnJob *)job;
    StampTurn     *turn = keep->turn;
    Value          row[] = { value_int(turn->size), value_text(turn->ask.note), value_text(keep->tokens) };
    if (keep->tokens.len)
        TRY(db_run(db, sql_keep, row, 3));
    OWNED(arena) Arena *arena = arena_new();
    return state_write(db, arena, &turn->state);
}

static Err turn_ends(StampTurn *turn, Str tokens)
{
    TurnJob job = { .job = { .run = turn_write }, .turn = turn, .tokens = tokens };
    return writer_run(turn->run->ctx.city->writer, &job.job);
}

static Err turn_failed(StampTurn *turn, Str problem)
{
    Stamping *state = &turn->state;
    int64_t   wait = FIRST_MS;
    for (int64_t i = 0; i < state->tries && wait < LATER_MS; i++)
        wait *= 2;
    state->tries++;
    state->retry_ms = env_now(&turn->run->ctx.city->env) + (wait < LATER_MS ? wait : LATER_MS);
    state->problem = problem;
    fprintf(stderr, "stamps: %.*s\n", STR_FMT(problem));
    return turn_ends(turn, STR_NONE);
}

static Err is_stamped(const Ctx *ctx, Str note, bool *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_text(note);
    TRY(db_query(ctx->db, sql_has, &key, 1, &rows));
    return rows_next(rows, out);
}

/* The checkpoint that is to be stamped: the newest that the witnesses have signed; when none has come since the last
 * stamp, witnesses are none, or fail, and it is the city's own. */
static Err newest(const StampTurn *turn, const NoteKey *key, Str *note, Checkpoint *head)
{
    const Ctx *ctx = &turn->run->ctx;
    Cosigned   cosigned;
    MerkleEdge edge;
    bool       known = true;
    *note = STR_NONE;
    TRY(cosigned_newest(ctx->db, ctx->arena, key, &cosigned));
    if (cosigned.note.len) {
        TRY(checkpoint_open(ctx->arena, cosigned.note, key, head, NULL));
        TRY(is_stamped(ctx, cosigned.note, &known));
    }
    if (!known && head->size >= (uint64_t)turn->size) {
        *note = cosigned.note;
        return ERR_OK;
    }
    TRY(log_edge(ctx->db, &edge));
    if (edge.size <= (uint64_t)turn->size)
        return ERR_OK;
    KeeperWish wish = { .at_least = edge.size, .now_ms = env_now(&ctx->city->env) };
    TRY(keeper_sign(ctx->city->log, ctx->db, ctx->arena, wish, note));
    return checkpoint_open(ctx->arena, *note, key, head, NULL);
}

static Err choose_fresh(StampTurn *turn)
{
    const Ctx     *ctx = &turn->run->ctx;
    StampingStands stands;
    NoteKey        key;
    Checkpoint     head = { 0 };
    TRY(stamping_stands(ctx->db, ctx->arena, &stands));
    turn->size = stands.size;
    TRY(keeper_closed(ctx->city->log));
    keeper_key(ctx->city->log, &key);
    TRY(newest(turn, &key, &turn->ask.note, &head));
    if (turn->ask.note.len)
        turn->size = (int64_t)head.size;
    return ERR_OK;
}

static bool is_due(Str note, Str tokens, int64_t now_ms)
{
    Stamps stamps;
    return !stamps_verify(note, tokens, STR_NONE, STAMP_LATEST_MS, &stamps).kind && stamps.count < STAMP_TOKENS_MAX &&
           stamps.end_ms > now_ms && stamps.end_ms - now_ms < LIMIT_STAMP_RENEW_DAYS * DAY_MS;
}

/* The next whose certificate ends soon, of a part of the tokens. */
static Err choose_renewal(StampTurn *turn)
{
    OWNED(rows) Rows *rows = NULL;
    const Ctx        *ctx = &turn->run->ctx;
    int64_t           now = env_now(&ctx->city->env);
    Value             params[] = { value_int(turn->state.cursor), value_int(LOOK_ROWS) };
    if (turn->state.looked_day == now / DAY_MS)
        return ERR_OK;
    TRY(db_query(ctx->db, sql_after, params, 2, &rows));
    for (int i = 0;; i++) {
        bool more;
        TRY(rows_next(rows, &more));
        if (!more) {
            turn->more = i == LOOK_ROWS;
            break;
        }
        turn->state.cursor = rows_int(rows, 0);
        turn->size = rows_int(rows, 3);
        if (!is_due(rows_borrow_text(rows, 1), rows_borrow_text(rows, 2), now))
            continue;
        turn->ask.note = str_dup(ctx->arena, rows_borrow_text(rows, 1));
        turn->ask.earlier = str_dup(ctx->arena, rows_borrow_text(rows, 2));
        turn->more = true;
        return ERR_OK;
    }
    if (!turn->more) {
        turn->state.looked_day = now / DAY_MS;
        turn->state.cursor = 0;
    }
    return turn_ends(turn, STR_NONE);
}

static Err send(StampTurn *turn, Post *post)
{
    Posts *posts = posts_new();
    Err    err = posts_add(posts, post);
    bool   ended = err.kind;
    while (!ended && !duty_ends(turn->run))
        ended = posts_wait(posts, WAIT_MS) != NULL;
    posts_free(posts);
    return err.kind || ended ? err : err_make(ECODE_SHUTTING_DOWN, "");
}

static Err keep(StampTurn *turn, Str token)
{
    Arena    *arena = turn->run->ctx.arena;
    Stamping *state = &turn->state;
    int64_t   now = env_now(&turn->run->ctx.city->env);
    const Str all[] = { turn->ask.earlier, token };
    Stamps    was, is;
    Str       tokens = str_join(arena, all, 2, STR(""));
    state->tries = state->retry_ms = 0;
    state->problem = STR_NONE;
    if (!turn->ask.earlier.len) {
        state->fresh_ms = now + turn->authority.every_s * 1000;
        return turn_ends(turn, tokens);
    }
    TRY(stamps_verify(turn->ask.note, turn->ask.earlier, STR_NONE, STAMP_LATEST_MS, &was));
    TRY(stamps_verify(turn->ask.note, tokens, STR_NONE, STAMP_LATEST_MS, &is));
    if (is.end_ms > was.end_ms)
        return turn_ends(turn, tokens);
    state->looked_day = now / DAY_MS; /* nor would it gain anything for the others: tomorrow again */
    state->cursor = 0;
    state->problem = STR("the authority's certificate ends no later than that of the tokens to be renewed");
    turn->more = false;
    fprintf(stderr, "stamps: %.*s\n", STR_FMT(state->problem));
    return turn_ends(turn, STR_NONE);
}

static Err ask(StampTurn *turn)
{
    const Ctx *ctx = &turn->run->ctx;
    Buf        answer = buf_new(ctx->arena, LIMIT_POST_ANSWER);
    turn->ask.policy = turn->authority.policy;
    stamp_ask(ctx->arena, &ctx->city->env, &turn->ask);
    Post post = { .url = turn->authority.url,
                  .body = turn->ask.request,
                  .headers = { STR("Content-Type: application/timestamp-query"), STR("User-Agent: firstmile") },
                  .private = true,
                  .answer = &answer };
    TRY(send(turn, &post));
    Str token, ca = turn->ask.earlier.len ? authority_certificates(ctx->arena, &turn->authority) : turn->authority.ca;
    Err err = post.taken ? stamp_accept(ctx->arena, &turn->ask, buf_str(&answer), ca, env_now(&ctx->city->env), &token)
                         : err_make(ECODE_STAMP_ANSWER, "%s %d", post.problem ? post.problem : "status", post.status);
    if (!err.kind)
        return keep(turn, token);
    if (!post.taken && turn->ask.earlier.len)
        turn->state.cursor = turn->size -
                             1; /* this one once more; one that cannot be renewed does not hold up others */
    return turn_failed(turn, str_printf(ctx->arena, "%.*s: %s", STR_FMT(err_row(err.code)->code), err.context));
}

/* Nothing waits longer than it may: a clock that was far ahead has been set right. */
static int64_t unless_beyond(int64_t wait_ms, int64_t most_ms) { return wait_ms > most_ms ? 0 : wait_ms; }

Err stamp_duty(DutyRun *run)
{
    const Ctx *ctx = &run->ctx;
    StampTurn  turn = { .run = run };
    bool       found;
    int64_t    now = env_now(&ctx->city->env);
    TRY(authority_read(ctx->db, ctx->arena, &turn.authority, &found));
    if (!found || keeper_closed(ctx->city->log).kind)
        return ERR_OK;
    TRY(state_read(ctx->db, ctx->arena, &turn.state));
    turn.state.fresh_ms = unless_beyond(turn.state.fresh_ms, now + turn.authority.every_s * 1000);
    turn.state.retry_ms = unless_beyond(turn.state.retry_ms, now + LATER_MS);
    run->next_ms = turn.state.retry_ms;
    if (now < turn.state.retry_ms)
        return ERR_OK;
    if (now >= turn.state.fresh_ms)
        TRY(choose_fresh(&turn));
    if (!turn.ask.note.len)
        TRY(choose_renewal(&turn));
    if (turn.ask.note.len)
        TRY(ask(&turn));
    now = env_now(&ctx->city->env);
    int64_t wait = turn.more ? (turn.ask.note.len ? RENEW_MS : 0) : turn.authority.every_s * 1000;
    run->next_ms = now < turn.state.retry_ms ? turn.state.retry_ms : now + wait;
    return ERR_OK;
}
