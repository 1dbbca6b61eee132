/* kernel/history_test.c: a record as it stood on a day, held against what was written down on that day. */
#include "kernel/history.h"

#include "kernel/erase.h"
#include "kernel/testing/dossier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static Str text_of(Arena *arena, const Json *json)
{
    Buf out = buf_new(arena, SIZE_MAX);
    json_write(&out, json);
    return buf_str(&out);
}

static Record step(Cast *cast, const Record *record, const char *action, Str input)
{
    return test_act(cast->test, &cast->author, "dossier", record ? record_id(record) : STR_NONE, action, input);
}

static int64_t today(Cast *cast)
{
    Ctx ctx = test_ctx(cast->test, &cast->author);
    return ctx_today(&ctx);
}

/* As JSON, "!" and the code when it is refused. */
static Str at(Cast *cast, const Actor *actor, const Record *record, int64_t day)
{
    Ctx    ctx = test_ctx(cast->test, actor);
    Record seen;
    Json  *json;
    Err    err = find_one(&ctx, record->type, record_id(record), &seen);
    if (!err.kind)
        err = history_at(&ctx, &seen, day, NULL, NULL, &json);
    return err.kind ? str_printf(cast->test->arena, "!%.*s", STR_FMT(err_row(err.code)->code))
                    : text_of(cast->test->arena, json);
}

/* The pack was the same on all days. */
static void set_at(Cast *cast, Json *json, int64_t day)
{
    Arena *arena = cast->test->arena;
    json_set_str(arena, json, STR("at"), date_text(arena, day));
    Json *pack = json_set(json, STR("pack"), json_object(arena));
    json_set_int(arena, pack, STR("number"), 1);
    json_set_str(arena, pack, STR("name"), cast->test->city->pack->name);
}

static bool has(Str text, const char *part) { return str_find(text, str_from(part)) < text.len; }

static void a_day_ends_at_midnight_by_the_citys_clock(void **state)
{
    Cast   *cast = *state;
    int64_t day = today(cast);
    cast->test->fixed.now_ms = (day + 1) * DAY_MS - 8 * 3600000LL - 1; /* 23:59:59.999 there */
    Record record = step(cast, NULL, "create", STR("{\"title\":\"Evening\"}"));
    cast->test->fixed.now_ms++;
    step(cast, &record, "edit", STR("{\"title\":\"Midnight\"}"));
    assert_true(has(at(cast, &cast->admin, &record, day), "Evening"));
    assert_true(has(at(cast, &cast->admin, &record, day), "\"version\":1"));
    assert_true(has(at(cast, &cast->admin, &record, day + 1), "Midnight"));
    assert_true(has(at(cast, &cast->admin, &record, day + 1), "\"version\":2"));
    assert_true(has(at(cast, &cast->admin, &record, day + 1000), "Midnight"));
    assert_true(str_eq(at(cast, &cast->admin, &record, day - 1), STR("!record.unseen")));
}

static void todays_state_is_the_record_as_it_is_but_for_what_is_computed(void **state)
{
    Cast  *cast = *state;
    Record record = step(cast, NULL, "create", STR("{\"title\":\"T\",\"phone\":\"1\"}")), seen;
    Ctx    ctx = test_ctx(cast->test, &cast->admin);
    Json  *json;
    assert_int_equal(find_one(&ctx, record.type, record_id(&record), &seen).kind, ERR_NONE);
    assert_int_equal(record_json(&ctx, &seen, NULL, &json).kind, ERR_NONE);
    assert_true(has(text_of(cast->test->arena, json), "\"reachable\":true"));
    seen.values[type_field(record.type, STR("reachable"))->index] = VALUE_NONE;
    assert_int_equal(record_json(&ctx, &seen, NULL, &json).kind, ERR_NONE);
    set_at(cast, json, today(cast));
    assert_string_equal(str_dup_z(cast->test->arena, at(cast, &cast->admin, &record, today(cast))),
                        str_dup_z(cast->test->arena, text_of(cast->test->arena, json)));
}

static void a_reader_sees_of_then_the_lower_of_now_and_then(void **state)
{
    Cast   *cast = *state;
    int64_t day = today(cast);
    Record  record = step(cast, NULL, "create", STR("{\"title\":\"Hidden\",\"remarks\":\"R1\"}"));
    cast->test->fixed.now_ms += DAY_MS;
    step(cast, &record, "edit", STR("{\"disclosure\":\"public\",\"remarks\":\"R2\",\"title\":\"Shown\"}"));
    cast->test->fixed.now_ms += DAY_MS;
    step(cast, &record, "edit", STR("{\"disclosure\":\"summary\"}"));
    /* now the title alone: also of the day on which the remarks were open; and of the first day nothing */
    assert_true(str_eq(at(cast, &cast->reader, &record, day), STR("!record.unseen")));
    Str open = at(cast, &cast->reader, &record, day + 1);
    assert_true(has(open, "Shown") && !has(open, "R2"));
    /* opened again: the remarks of that day show, those of the day between do not */
    cast->test->fixed.now_ms += DAY_MS;
    step(cast, &record, "edit", STR("{\"disclosure\":\"public\",\"remarks\":\"R3\"}"));
    assert_true(has(at(cast, &cast->reader, &record, day + 1), "R2"));
    assert_false(has(at(cast, &cast->reader, &record, day + 2), "R2"));
    /* out of sight now: nothing of any day */
    step(cast, &record, "edit", STR("{\"disclosure\":\"secret\"}"));
    assert_true(str_eq(at(cast, &cast->reader, &record, day + 1), STR("!record.unseen")));
    assert_true(has(at(cast, &cast->admin, &record, day + 1), "R2"));
}

static void a_past_state_lacks_what_was_erased_since_and_says_so(void **state)
{
    Cast   *cast = *state;
    int64_t day = today(cast);
    Record  record = step(cast, NULL, "create", STR("{\"title\":\"T\"}"));
    cast->test->fixed.now_ms += DAY_MS;
    step(cast, &record, "edit", STR("{\"phone\":\"PHONE-1\"}"));
    cast->test->fixed.now_ms += DAY_MS;
    step(cast, &record, "erase", STR_NONE);
    cast->test->fixed.now_ms += DAY_MS;
    step(cast, &record, "edit", STR("{\"phone\":\"PHONE-2\"}"));
    assert_false(has(at(cast, &cast->admin, &record, day), "erased"));
    for (int64_t d = day + 1; d <= day + 2; d++) {
        Str then = at(cast, &cast->admin, &record, d);
        assert_true(has(then, "\"erased\":[\"phone\"]") && !has(then, "PHONE"));
        assert_false(has(at(cast, &cast->reviewer, &record, d), "erased"));
    }
    Str now = at(cast, &cast->admin, &record, day + 3);
    assert_true(has(now, "PHONE-2") && !has(now, "erased"));
}

/* ---- random lives, against snapshots ---- */

#define STEPS 40

typedef struct Snapshot { /* a record as it was found after a step */
    int64_t   day;
    Record    record;  /* true values */
    Clearance seen[3]; /* by each of the watchers */
} Snapshot;

static uint64_t draw(uint64_t *seed, uint64_t below) /* xorshift64* */
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (*seed * 0x2545F4914F6CDD1Du >> 32) % below;
}

/* Some fields given, some cleared; # is the step, so that no value comes twice. */
static Str random_input(Cast *cast, uint64_t *seed, int step)
{
    static const char *const forms[] = {
        "\"title\":\"T#\"",
        "\"phone\":\"P#\"",
        "\"phone\":null",
        "\"nickname\":\"N#\"",
        "\"nickname_en\":\"E#\"",
        "\"remarks\":\"R#\\n.\"",
        "\"remarks\":null",
        "\"contacts\":[{\"address\":\"A#\",\"since\":\"2026-02-03\"},{\"address\":\"B\"}]",
        "\"contacts\":null",
        "\"needs\":[\"lift\"]",
        "\"needs\":[\"ramp\",\"lift\"]",
        "\"disclosure\":\"public\"",
        "\"disclosure\":\"summary\"",
        "\"disclosure\":null",
    };
    const char *last = NULL;
    Buf         out = buf_new(cast->test->arena, SIZE_MAX);
    buf_printf(&out, "{\"helpers\":[\"%.*s\"]", STR_FMT(draw(seed, 2) ? cast->press : cast->college));
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        bool again = last && strncmp(forms[i], last, 6) == 0; /* the same field: once */
        if (draw(seed, 3) || again)
            continue;
        last = forms[i];
        buf_char(&out, ',');
        for (const char *c = forms[i]; *c; c++)
            if (*c == '#')
                buf_printf(&out, "%d", step);
            else
                buf_char(&out, *c);
    }
    buf_char(&out, '}');
    return buf_str(&out);
}

static const Actor *watcher(const Cast *cast, int which)
{
    return which == 0 ? &cast->admin : which == 1 ? &cast->reader : &cast->reviewer;
}

static void snapshot(Cast *cast, Str id, Snapshot *out)
{
    Ctx         ctx = test_ctx(cast->test, &cast->author);
    bool        found;
    const Type *type = pack_type(cast->test->city->pack, STR("dossier"));
    assert_int_equal(record_load(ctx.db, ctx.arena, type, id, &out->record, &found).kind, ERR_NONE);
    assert_true(found);
    out->day = ctx_today(&ctx);
    for (int w = 0; w < 3; w++) {
        Ctx of = test_ctx(cast->test, watcher(cast, w));
        assert_int_equal(access_clearance(&of, &out->record, &out->seen[w]).kind, ERR_NONE);
    }
}

/* What a later erasing step makes of the snapshots before it. */
static void forget(Cast *cast, Snapshot *shots, size_t count, const Record *erased)
{
    for (size_t s = 0; s < count; s++) {
        Record *record = &shots[s].record;
        Buf     names = buf_new(cast->test->arena, SIZE_MAX);
        for (size_t i = SYS_COUNT; i < record->type->stored_count; i++) {
            const Field *field = &record->type->fields[i];
            bool         gone = record_erased(erased, field) && record->values[i].kind != VALUE_MISSING;
            if (gone)
                record->values[i] = VALUE_NONE;
            if (!gone && !record_erased(record, field))
                continue;
            buf_add(&names, names.len ? STR(",") : STR_NONE);
            buf_add(&names, field->name);
        }
        record->values[SYS_ERASED] = names.len ? value_list(buf_str(&names)) : VALUE_NONE;
    }
}

/* The last snapshot that was taken on the day or before it, as the watcher may see it now. */
static Str expected(Cast *cast, const Snapshot *shots, size_t count, int64_t day, int w)
{
    Ctx    ctx = test_ctx(cast->test, watcher(cast, w));
    size_t last = count;
    Json  *json;
    for (size_t s = 0; s < count; s++)
        if (shots[s].day <= day)
            last = s;
    if (last == count)
        return STR("!record.unseen");
    Record then = shots[last].record;
    for (size_t i = 0; i < COMPARTMENTS_MAX; i++) {
        uint8_t now = shots[count - 1].seen[w].in[i], was = shots[last].seen[w].in[i];
        then.clearance.in[i] = now < was ? now : was;
    }
    if (!access_sees(&then.clearance) || !access_sees(&shots[count - 1].seen[w]))
        return STR("!record.unseen");
    assert_int_equal(record_json(&ctx, &then, NULL, &json).kind, ERR_NONE);
    set_at(cast, json, day);
    return text_of(cast->test->arena, json);
}

/* ---- what is otherwise between two days, against the two days ---- */

static const Json *member(const Json *record, Str name)
{
    const Json *field = json_get(json_get(record, STR("fields")), name);
    return field ? field : json_get(record, name);
}

static bool same_side(Cast *cast, const Json *told, const Json *shown)
{
    if (!told || !shown || json_get(told, STR("erased")))
        return told == NULL || json_get(told, STR("erased")) ? shown == NULL : false;
    return str_eq(text_of(cast->test->arena, told), text_of(cast->test->arena, shown));
}

static Json *parsed(Cast *cast, Str text)
{
    Json *json = json_object(cast->test->arena);
    if (!str_starts(text, STR("!")))
        assert_int_equal(json_parse(cast->test->arena, text, &json).kind, ERR_NONE);
    return json;
}

static const Json *change_of(const Json *changes, Str name)
{
    JSON_EACH(change, changes)
        if (str_eq(json_text(json_get(change, STR("field"))), name))
            return change;
    return NULL;
}

/* Each side of a change is what that day shows, and what both days show otherwise is told. */
static void changes_are_those_of(Cast *cast, const Actor *actor, const Record *record, int64_t since, int64_t day)
{
    Ctx    ctx = test_ctx(cast->test, actor);
    Record seen;
    Json  *both;
    Err    err = find_one(&ctx, record->type, record_id(record), &seen);
    if (!err.kind)
        err = history_at(&ctx, &seen, day, &since, NULL, &both);
    Json *before = parsed(cast, at(cast, actor, record, since)), *after = parsed(cast, at(cast, actor, record, day));
    assert_int_equal(err.kind != ERR_NONE, after->count == 0);
    if (err.kind)
        return;
    const Json *changes = json_get(both, STR("changes"));
    assert_true(str_eq(json_text(json_get(both, STR("since"))), date_text(cast->test->arena, since)));
    JSON_EACH(change, changes) {
        Str name = json_text(json_get(change, STR("field")));
        assert_true(same_side(cast, json_get(change, STR("old")), member(before, name)));
        assert_true(same_side(cast, json_get(change, STR("new")), member(after, name)));
    }
    JSON_EACH(value, json_get(after, STR("fields"))) {
        const Json *was = member(before, value->key);
        bool        same = was && str_eq(text_of(cast->test->arena, was), text_of(cast->test->arena, value));
        assert_int_equal(change_of(changes, value->key) != NULL, !same);
    }
}

static void compare(Cast *cast, const Snapshot *shots, size_t count, uint64_t life)
{
    for (int64_t day = shots[0].day - 1; day <= shots[count - 1].day + 1; day++) {
        for (int w = 0; w < 3; w++) {
            Str found = at(cast, watcher(cast, w), &shots[0].record, day);
            Str wanted = expected(cast, shots, count, day, w);
            if (!str_eq(found, wanted))
                fail_msg("life %llu, day %lld, watcher %d:\n%.*s\nshould be\n%.*s", (unsigned long long)life,
                         (long long)(day - shots[0].day), w, STR_FMT(found), STR_FMT(wanted));
            changes_are_those_of(cast, watcher(cast, w), &shots[0].record, day - (int64_t)life, day);
        }
    }
}

static void every_day_of_a_random_life_is_as_it_was_seen_then(void **state)
{
    Cast *cast = *state;
    for (uint64_t life = 1; life <= 8; life++) {
        uint64_t seed = life;
        Snapshot shots[STEPS];
        Record   record = step(cast, NULL, "create", STR("{\"title\":\"Begin\",\"disclosure\":\"public\"}"));
        size_t   count = 0;
        snapshot(cast, record_id(&record), &shots[count++]);
        while (count < STEPS) {
            cast->test->fixed.now_ms += (int64_t)draw(&seed, 40) * 3600000;
            bool     closed = str_eq(record.values[SYS_STATE].text, STR("closed"));
            uint64_t kind = draw(&seed, 10);
            bool     erases = kind == 9;
            if (erases)
                record = step(cast, &record, "erase", STR_NONE);
            else if (closed || kind == 8)
                record = step(cast, &record, closed ? "reopen" : "close", STR_NONE);
            else
                record = step(cast, &record, "edit", random_input(cast, &seed, (int)count));
            snapshot(cast, record_id(&record), &shots[count]);
            if (erases)
                forget(cast, shots, count, &shots[count].record);
            count++;
        }
        compare(cast, shots, count, life);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, dossier_setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_day_ends_at_midnight_by_the_citys_clock),
        CASE(todays_state_is_the_record_as_it_is_but_for_what_is_computed),
        CASE(a_reader_sees_of_then_the_lower_of_now_and_then),
        CASE(a_past_state_lacks_what_was_erased_since_and_says_so),
        CASE(every_day_of_a_random_life_is_as_it_was_seen_then),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
