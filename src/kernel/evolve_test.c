/* A type that changes twice in a city: what events of before say in the terms of today. The proof over a whole city
 * with thousands of events is tests/pack_apply_test.py. */
#include "kernel/evolve.h"

#include "kernel/testing/testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

#include "kernel/event.h"
#include "kernel/history.h"
#include "kernel/rebuild.h"

#define HEAD(drops, name)                                                                                              \
    "type: thing\nlabel: {zh: 物, en: Thing}\nplural: {zh: 物, en: Things}\ntitle: " name "\n" drops "fields:\n"
#define TAIL(state, was)                                                                                               \
    "states:\n"                                                                                                        \
    "  - {name: " state was ", label: {zh: 新, en: New}}\n"                                                           \
    "  - {name: done, label: {zh: 完, en: Done}}\n"                                                                   \
    "access: [{roles: [admin], clearance: secret}]\n"                                                                  \
    "actions:\n"                                                                                                       \
    "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [admin]}]}\n"                                 \
    "  - {name: edit, label: {zh: 编辑, en: Edit}, from: [" state "], who: [{roles: [admin]}]}\n"                      \
    "  - {name: finish, label: {zh: 完成, en: Finish}, from: [" state "], to: done, who: [{roles: [admin]}]}\n"

static const char thing_1[] = HEAD(
    "", "a") "  - {name: a, kind: text, label: {zh: 甲, en: A}}\n"
             "  - {name: b, kind: text, label: {zh: 乙, en: B}}\n"
             "  - {name: n, kind: integer, label: {zh: 数, en: N}}\n"
             "  - {name: tags, kind: choices, label: {zh: 签, en: Tags}, choices: [{code: p, label: {zh: 一, en: P}},"
             " {code: q, label: {zh: 二, en: Q}}, {code: r, label: {zh: 三, en: R}}]}\n"
             "  - {name: parts, kind: rows, label: {zh: 件, en: Parts}, columns: [{name: item, kind: text,"
             " label: {zh: 名, en: Item}}, {name: cost, kind: integer, label: {zh: 价, en: Cost}}]}\n" //
    TAIL("new", "");

/* a and b change places; n becomes the decimal m; q goes, r comes first; item is called name; new is called fresh */
static const char thing_2[] = HEAD(
    "drops: [tags.q]\n",
    "a") "  - {name: a, was: b, kind: text, label: {zh: 甲, en: A}}\n"
         "  - {name: b, was: a, kind: text, label: {zh: 乙, en: B}}\n"
         "  - {name: m, was: n, kind: decimal, scale: 1, label: {zh: 数, en: M}}\n"
         "  - {name: tags, kind: choices, label: {zh: 签, en: Tags}, choices: [{code: r, label: {zh: 三, en: R}},"
         " {code: one, was: p, label: {zh: 一, en: One}}]}\n"
         "  - {name: parts, kind: rows, label: {zh: 件, en: Parts}, columns: [{name: name, was: item, kind: text,"
         " label: {zh: 名, en: Name}}, {name: cost, kind: decimal, scale: 2, label: {zh: 价, en: Cost}}]}\n" //
    TAIL("fresh", ", was: new");

/* n becomes a decimal, the tags are in another order */
static const char thing_kinds[] = HEAD(
    "", "a") "  - {name: a, kind: text, label: {zh: 甲, en: A}}\n"
             "  - {name: b, kind: text, label: {zh: 乙, en: B}}\n"
             "  - {name: n, kind: decimal, scale: 1, label: {zh: 数, en: N}}\n"
             "  - {name: tags, kind: choices, label: {zh: 签, en: Tags}, choices: [{code: r, label: {zh: 三, en: R}},"
             " {code: q, label: {zh: 二, en: Q}}, {code: p, label: {zh: 一, en: P}}]}\n"
             "  - {name: parts, kind: rows, label: {zh: 件, en: Parts}, columns: [{name: item, kind: text,"
             " label: {zh: 名, en: Item}}, {name: cost, kind: integer, label: {zh: 价, en: Cost}}]}\n" //
    TAIL("new", "");

/* b goes, with what it holds; n comes again, as something else */
static const char thing_3[] = HEAD(
    "drops: [b]\n",
    "a") "  - {name: a, was: b, kind: text, label: {zh: 甲, en: A}}\n"
         "  - {name: n, kind: text, default: none, label: {zh: 记, en: Note}}\n"
         "  - {name: m, was: n, kind: decimal, scale: 1, label: {zh: 数, en: M}}\n"
         "  - {name: tags, kind: choices, label: {zh: 签, en: Tags}, choices: [{code: r, label: {zh: 三, en: R}},"
         " {code: one, was: p, label: {zh: 一, en: One}}]}\n"
         "  - {name: parts, kind: rows, label: {zh: 件, en: Parts}, columns: [{name: name, was: item, kind: text,"
         " label: {zh: 名, en: Name}}, {name: cost, kind: decimal, scale: 2, label: {zh: 价, en: Cost}}]}\n" //
    TAIL("fresh", ", was: new");

/* Two of everything that the database keeps alike, so that only what they hold tells them apart. */
/* clang-format would push the ends of these lines out of the page. */
/* clang-format off */
#define PAIR(head, a, b, x, y, item, maker, new, done) \
    HEAD(head, "a") \
    "  - {name: a, kind: text, label: {zh: 甲, en: A}" a "}\n" \
    "  - {name: b, " b "label: {zh: 乙, en: B}}\n" \
    "  - {name: pick, kind: choice, label: {zh: 选, en: Pick}, choices: [" \
    "{code: x, label: {zh: 一, en: X}" x "}, {code: y, label: {zh: 二, en: Y}" y "}]}\n" \
    "  - {name: parts, kind: rows, label: {zh: 件, en: Parts}, columns: [" \
    "{name: item, kind: text, label: {zh: 名, en: Item}" item "}," \
    " {name: maker, kind: text, label: {zh: 厂, en: Maker}" maker "}]}\n" \
    "states: [{name: new, label: {zh: 新, en: New}" new "}," \
    " {name: done, label: {zh: 完, en: Done}" done "}]\n" \
    "access: [{roles: [admin], clearance: secret}]\n" \
    "actions:\n" \
    "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [admin]}]}\n" \
    "  - {name: edit, label: {zh: 编辑, en: Edit}, from: [new, done], who: [{roles: [admin]}]}\n" \
    "  - {name: finish, label: {zh: 完成, en: Finish}, from: [new], to: done, who: [{roles: [admin]}]}\n" \
    "  - {name: forget, label: {zh: 删除, en: Erase}, from: [new, done], who: [{roles: [admin]}]," \
    " erases: [a]}\n"
/* clang-format on */

static const char pair_1[] = PAIR("", "", "kind: text, ", "", "", "", "", "", "");
/* all of them change places */
static const char pair_2[] = PAIR("", ", was: b", "kind: text, was: a, ", ", was: y", ", was: x", ", was: maker",
                                  ", was: item", ", was: done", ", was: new");
/* a choice comes in place of the text b */
static const char pair_3[] = PAIR("drops: [b]\n", "", "kind: choice, choices: [{code: z, label: {zh: 三, en: Z}}], ",
                                  "", "", "", "", "", "");

#define TIMED(drops, clocks)                                                                                           \
    HEAD(drops, "a") "  - {name: a, kind: text, label: {zh: 甲, en: A}}\n" clocks TAIL("new", "")
#define CLOCK(name, rest)                                                                                              \
    "clocks: [{name: " name ", label: {zh: 钟, en: Clock}, " rest ", start: [create], stop: [finish]}]\n"

static const char timed_1[] = TIMED("", CLOCK("answer", "days: 3, kind: working"));
static const char timed_renamed[] = TIMED("", CLOCK("reply", "days: 9, kind: working, was: answer"));
static const char timed_calendar[] = TIMED("", CLOCK("answer", "days: 3, kind: calendar"));
static const char timed_none[] = TIMED("", ""), timed_dropped[] = TIMED("drops: [answer]\n", "");

typedef struct Stage {
    TestCity *test;
    Str       thing;    /* a record of the first pack */
    int64_t   sequence; /* of its event */
} Stage;

static void must(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

static PackSource source_with(Arena *arena, const char *thing)
{
    PackSource source;
    must(pack_source_read(arena, STR("tests/packs/mini"), &source));
    PackFile *files = ARENA_ARRAY(arena, PackFile, source.count + 1);
    memcpy(files, source.files, source.count * sizeof *files);
    files[source.count] = (PackFile){ STR("types/thing.yaml"), str_from(thing) }; /* the last of all by path */
    return (PackSource){ files, source.count + 1 };
}

static Err plan(TestCity *test, const PackSource *source, EvolvePlan *out, Problems *problems)
{
    Ctx ctx = test_ctx(test, &actor_system);
    *problems = (Problems){ .arena = test->arena };
    return evolve_plan(&ctx, source, out, problems);
}

static void change_to(TestCity *test, const PackSource *source)
{
    EvolvePlan planned;
    Problems   problems;
    Ctx        ctx = test_ctx(test, &actor_system);
    must(plan(test, source, &planned, &problems));
    must(evolve_apply(&ctx, &planned, NULL));
    test_city_reopen(test);
}

static void change(TestCity *test, const char *thing)
{
    PackSource source = source_with(test->arena, thing);
    change_to(test, &source);
}

/* The office closes on Wednesday 4 March 2026, too. */
static void change_calendar(TestCity *test, const char *thing)
{
    static const char more[] = "  - {name: {zh: 停电, en: No power}, from: 2026-03-04}\n";
    PackSource        source = source_with(test->arena, thing);
    for (size_t i = 0; i < source.count; i++)
        if (str_eq(source.files[i].path, STR("calendars/office.yaml"))) {
            Str    text = source.files[i].bytes;
            size_t at = str_find(text, STR("days_worked"));
            ((PackFile *)source.files)[i].bytes = str_printf(test->arena, "%.*s%s%.*s", (int)at, text.ptr, more,
                                                             STR_FMT(str_slice(text, at, text.len)));
        }
    change_to(test, &source);
}

static int64_t last_sequence(TestCity *test)
{
    int64_t sequence, time_ms;
    must(event_next(test->db, 0, &sequence, &time_ms));
    return sequence - 1;
}

static int setup_with(void **state, const char *thing, const char *record)
{
    Stage *stage = calloc(1, sizeof *stage);
    stage->test = test_city_with("tests/packs/mini", "types/thing.yaml", thing);
    Record made = test_act(stage->test, &actor_system, "thing", STR_NONE, "create", str_from(record));
    stage->thing = str_dup(stage->test->arena, record_id(&made));
    stage->sequence = last_sequence(stage->test);
    *state = stage;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, thing_1,
                      "{\"a\":\"was a\",\"b\":\"was b\",\"n\":12,\"tags\":[\"p\",\"q\",\"r\"],"
                      "\"parts\":[{\"item\":\"nut\",\"cost\":3},{\"item\":\"bolt\"}]}");
}

static int setup_pair(void **state)
{
    return setup_with(state, pair_1,
                      "{\"a\":\"was a\",\"b\":\"was b\",\"pick\":\"x\","
                      "\"parts\":[{\"item\":\"nut\",\"maker\":\"smith\"}]}");
}

static int setup_timed(void **state) { return setup_with(state, timed_1, "{\"a\":\"was a\"}"); }

static int teardown(void **state)
{
    Stage *stage = *state;
    test_city_free(stage->test);
    free(stage);
    return 0;
}

/* "m decimal:12.0", or "-" when it leads nowhere. */
static Str read_back(const Stage *stage, int64_t sequence, const char *name, const char *encoded)
{
    Arena       *arena = stage->test->arena;
    const Field *field;
    Value        value;
    must(evolve_read(stage->test->city->names, arena, sequence, STR("thing"), str_from(name), str_from(encoded), &field,
                     &value));
    return field ? str_printf(arena, "%.*s %.*s", STR_FMT(field->name), STR_FMT(value_encode(arena, value))) : STR("-");
}

static void expect_read(const Stage *stage, const char *name, const char *encoded, const char *wanted)
{
    Str found = read_back(stage, stage->sequence, name, encoded);
    if (!str_eq(found, str_from(wanted)))
        fail_msg("%s %s: expected %s, found %.*s", name, encoded, wanted, STR_FMT(found));
}

static Record thing_now(const Stage *stage)
{
    Record record;
    bool   found;
    must(record_load(stage->test->db, stage->test->arena, pack_type(stage->test->city->pack, STR("thing")),
                     stage->thing, &record, &found));
    assert_true(found);
    return record;
}

static void expect_stored(const Stage *stage, const char *name, const char *wanted)
{
    Record       record = thing_now(stage);
    const Field *field = type_field(record.type, str_from(name));
    assert_non_null(field);
    Str found = value_encode(stage->test->arena, record.values[field->index]);
    if (!str_eq(found, str_from(wanted)))
        fail_msg("%s: expected %s, found %.*s", name, wanted, STR_FMT(found));
}

static void expect_replays(const Stage *stage)
{
    int64_t events;
    Str     before = test_dump(stage->test);
    must(rebuild(stage->test->city, &events));
    assert_true(str_eq(test_dump(stage->test), before));
}

/* ---- names and values ---- */

static void before_any_change_an_event_says_what_it_says(void **state)
{
    const Stage *stage = *state;
    expect_read(stage, "a", "text:x", "a text:x");
    expect_read(stage, "n", "integer:12", "n integer:12");
    expect_read(stage, "n", "erased", "n missing");
    expect_read(stage, "none", "text:x", "-");
    assert_null(evolve_type(stage->test->city->names, stage->sequence, STR("pack")));
}

static void old_values_are_led_to_the_names_of_today(void **state)
{
    const Stage *stage = *state;
    change(stage->test, thing_2);
    expect_read(stage, "a", "text:x", "b text:x");
    expect_read(stage, "b", "text:x", "a text:x");
    expect_read(stage, "n", "integer:12", "m decimal:12.0");
    expect_read(stage, "n", "erased", "m missing");
    expect_read(stage, "tags", "list:p,q,r", "tags list:r,one");
    expect_read(stage, "tags", "list:q", "tags missing");
    expect_read(stage, "parts", "rows:[{\"item\":\"text:nut\",\"cost\":\"integer:3\"}]",
                "parts rows:[{\"name\":\"text:nut\",\"cost\":\"decimal:3.00\"}]");
    expect_read(stage, "state", "text:new", "state text:fresh");
    expect_read(stage, "state", "text:done", "state text:done");
    expect_read(stage, "erased", "list:a,n", "erased list:b,m");
}

static void events_of_after_the_change_are_left_alone(void **state)
{
    Stage *stage = *state;
    change(stage->test, thing_2);
    stage->sequence = last_sequence(stage->test);
    expect_read(stage, "a", "text:x", "a text:x");
    expect_read(stage, "state", "text:new", "state text:new");
}

static void what_was_dropped_leads_nowhere_also_when_its_name_comes_again(void **state)
{
    const Stage *stage = *state;
    const Field *field;
    size_t       count;
    change(stage->test, thing_2);
    change(stage->test, thing_3);
    const EvolveNames *names = stage->test->city->names;
    const Type        *thing = pack_type(stage->test->city->pack, STR("thing"));
    expect_read(stage, "a", "text:x", "-");
    expect_read(stage, "b", "text:x", "a text:x");
    expect_read(stage, "n", "integer:12", "m decimal:12.0");
    field = evolve_field(names, stage->sequence, STR("thing"), STR("n"));
    assert_ptr_equal(field, type_field(thing, STR("m")));
    const Str *was = evolve_field_names(names, stage->test->arena, field, &count);
    assert_int_equal(count, 2);
    assert_true(str_eq(was[0], STR("m")) && str_eq(was[1], STR("n")));
    was = evolve_field_names(names, stage->test->arena, type_field(thing, STR("a")), &count);
    assert_int_equal(count, 2);
    assert_true(str_eq(was[0], STR("a")) && str_eq(was[1], STR("b")));
}

static void a_value_that_cannot_be_read_is_told(void **state)
{
    const Stage *stage = *state;
    const Field *field;
    Value        value;
    Err err = evolve_read(stage->test->city->names, stage->test->arena, 1, STR("thing"), STR("a"), STR("nonsense"),
                          &field, &value);
    assert_int_equal(err.code, ECODE_STORE_CORRUPT);
}

/* ---- records ---- */

static void records_become_what_the_new_pack_says_and_replay(void **state)
{
    const Stage *stage = *state;
    change(stage->test, thing_2);
    expect_stored(stage, "a", "text:was b");
    expect_stored(stage, "b", "text:was a");
    expect_stored(stage, "m", "decimal:12.0");
    expect_stored(stage, "tags", "list:r,one");
    expect_stored(stage, "state", "text:fresh");
    expect_stored(stage, "version", "integer:2");
    change(stage->test, thing_3);
    expect_stored(stage, "a", "text:was b");
    expect_stored(stage, "n", "text:none");
    expect_stored(stage, "m", "decimal:12.0");
    expect_replays(stage);
}

static void two_things_that_the_database_keeps_alike_change_places(void **state)
{
    const Stage *stage = *state;
    change(stage->test, pair_2);
    expect_stored(stage, "a", "text:was b");
    expect_stored(stage, "b", "text:was a");
    expect_stored(stage, "pick", "text:y");
    expect_stored(stage, "parts", "rows:[{\"item\":\"text:smith\",\"maker\":\"text:nut\"}]");
    expect_stored(stage, "state", "text:done");
    expect_replays(stage);
}

static void what_was_erased_is_called_as_its_field_is_today(void **state)
{
    const Stage *stage = *state;
    test_act(stage->test, &actor_system, "thing", stage->thing, "forget", STR("{}"));
    expect_stored(stage, "erased", "list:a");
    change(stage->test, pair_2);
    expect_stored(stage, "erased", "list:b");
    expect_replays(stage);
    change(stage->test, pair_3);
    expect_stored(stage, "erased", "missing");
    expect_replays(stage);
}

static void a_field_in_place_of_another_has_nothing_of_it(void **state)
{
    const Stage *stage = *state;
    change(stage->test, pair_3);
    expect_stored(stage, "b", "missing");
    expect_replays(stage);
}

/* Where the table begins in the file, and the names of its indexes. */
static Str table_state(TestCity *test)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    must(db_query(test->db,
                  STR("SELECT max(iif(type = 'table', rootpage, 0)) || ' ' || group_concat(name) FROM"
                      " (SELECT * FROM sqlite_master WHERE tbl_name = 'r_thing' ORDER BY name)"),
                  NULL, 0, &rows));
    must(rows_next(rows, &more));
    return str_dup(test->arena, rows_borrow_text(rows, 0));
}

static void a_table_stays_where_only_rights_change(void **state)
{
    const Stage *stage = *state;
    Str          before = table_state(stage->test), rights = STR("levels: [public], clearance"), space = STR(" ");
    Str          pack = str_from(pair_1);
    size_t       at = str_find(pack, STR("clearance"));
    Str          changed = str_printf(stage->test->arena, "%.*s%.*s%.*s", (int)at, pack.ptr, STR_FMT(rights),
                                      STR_FMT(str_slice(pack, at + STR("clearance").len, pack.len)));
    change(stage->test, str_dup_z(stage->test->arena, changed));
    Str after = table_state(stage->test);
    assert_true(str_eq(str_slice(after, 0, str_find(after, space)), str_slice(before, 0, str_find(before, space))));
    assert_true(str_find(before, STR("r_thing.by.disclosure")) == before.len);
    assert_true(str_find(after, STR("r_thing.by.disclosure")) < after.len);
}

static void a_past_state_tells_fields_that_had_one_name_apart(void **state)
{
    const Stage *stage = *state;
    TestCity    *test = stage->test;
    Record       record;
    Json        *then;
    change(test, pair_2);
    test_act(test, &actor_system, "thing", stage->thing, "edit", STR("{\"a\":\"later\"}"));
    Actor admin = test_actor(test, "admin", test_organisation(test, "home"), "admin");
    Ctx   ctx = test_ctx(test, &admin);
    must(find_one(&ctx, pack_type(test->city->pack, STR("thing")), stage->thing, &record));
    must(history_at(&ctx, &record, ctx_today(&ctx), NULL, NULL, &then));
    const Json *fields = json_get(then, STR("fields"));
    assert_true(str_eq(json_text(json_get(fields, STR("a"))), STR("later")));
    assert_true(str_eq(json_text(json_get(fields, STR("b"))), STR("was a")));
}

static void values_of_before_are_of_the_kind_of_today_also_when_no_name_changed(void **state)
{
    const Stage *stage = *state;
    change(stage->test, thing_kinds);
    expect_read(stage, "n", "integer:12", "n decimal:12.0");
    expect_read(stage, "tags", "list:p,r", "tags list:r,p");
    expect_replays(stage);
}

static void a_record_as_it_stood_before_the_change_has_the_names_of_today(void **state)
{
    const Stage *stage = *state;
    TestCity    *test = stage->test;
    Actor        admin = test_actor(test, "admin", test_organisation(test, "home"), "admin");
    Ctx          before = test_ctx(test, &admin);
    int64_t      day = ctx_today(&before);
    Record       record;
    Json        *then;
    test->fixed.now_ms += 2 * DAY_MS;
    change(test, thing_2);
    test_act(test, &actor_system, "thing", stage->thing, "edit", STR("{\"a\":\"later\"}"));
    Ctx ctx = test_ctx(test, &admin);
    must(find_one(&ctx, pack_type(test->city->pack, STR("thing")), stage->thing, &record));
    must(history_at(&ctx, &record, day, NULL, NULL, &then));
    const Json *fields = json_get(then, STR("fields"));
    assert_true(str_eq(json_text(json_get(fields, STR("a"))), STR("was b")));
    assert_true(str_eq(json_text(json_get(fields, STR("m"))), STR("12.0")));
    assert_true(str_eq(json_text(json_get(then, STR("state"))), STR("fresh")));
    /* and says what they were called then; of today's pack there is nothing to say */
    Buf said = buf_new(test->arena, SIZE_MAX);
    json_write(&said, json_get(then, STR("labels")));
    assert_true(str_eq(buf_str(&said), STR("{\"fields\":{\"b\":\"A\",\"a\":\"B\",\"m\":\"N\"},"
                                           "\"choices\":{\"tags\":{\"one\":\"P\"}}}")));
    int64_t number;
    assert_true(json_int(json_get(json_get(then, STR("pack")), STR("number")), &number) && number == 1);
    must(history_at(&ctx, &record, day + 2, NULL, NULL, &then));
    assert_true(json_int(json_get(json_get(then, STR("pack")), STR("number")), &number) && number == 2);
    assert_null(json_get(then, STR("labels")));
}

static void a_step_can_be_taken_under_the_new_pack(void **state)
{
    const Stage *stage = *state;
    change(stage->test, thing_2);
    Record record = test_act(stage->test, &actor_system, "thing", stage->thing, "edit",
                             STR("{\"m\":\"3.5\",\"tags\":[\"one\"]}"));
    assert_int_equal(record_version(&record), 3);
    expect_stored(stage, "m", "decimal:3.5");
    expect_stored(stage, "tags", "list:one");
}

static void the_same_pack_has_nothing_to_do(void **state)
{
    const Stage *stage = *state;
    PackSource   source = source_with(stage->test->arena, thing_1);
    EvolvePlan   planned;
    Problems     problems;
    must(plan(stage->test, &source, &planned, &problems));
    assert_int_equal(planned.count, 0);
}

static void a_file_that_went_is_told(void **state)
{
    const Stage *stage = *state;
    PackSource   source = source_with(stage->test->arena, thing_1);
    PackFile    *files = (PackFile *)source.files; /* ours, from source_with */
    EvolvePlan   planned;
    Problems     problems;
    size_t       kept = 0;
    for (size_t i = 0; i < source.count; i++)
        if (!str_starts(files[i].path, STR("documents/")))
            files[kept++] = files[i];
    source.count = kept;
    must(plan(stage->test, &source, &planned, &problems));
    assert_int_equal(planned.count, 1);
    assert_int_equal(planned.steps[0].kind, EVOLVE_RULES);
    assert_true(str_eq(planned.steps[0].name, STR("documents/acceptance.yaml")));
}

static void a_plan_that_is_refused_says_what_it_would_do(void **state)
{
    const Stage *stage = *state;
    PackSource source = source_with(stage->test->arena, thing_3); /* as if the second pack had been left out: a is b */
    EvolvePlan planned;
    Problems   problems;
    Err        err = plan(stage->test, &source, &planned, &problems);
    assert_int_equal(err.code, ECODE_PACK_LOSES);
    assert_true(test_has_problem(&problems, ECODE_PACK_LOSS, "thing.a"));
    assert_true(test_has_problem(&problems, ECODE_PACK_LOSS, "thing.tags.q"));
    assert_int_equal(problems.count, 2);
    assert_true(planned.count > 2);
    for (size_t i = 0; i < planned.count; i++)
        assert_true(planned.steps[i].text.in[LANG_ZH].len && planned.steps[i].text.in[LANG_EN].len);
}

/* Before, its table would have been called as an index of another's. */
static void a_type_may_be_called_as_an_index_once_was(void **state)
{
    static const char text[] = //
        "type: paper_by_owner\nlabel: {zh: 物, en: Thing}\nplural: {zh: 物, en: Things}\ntitle: by\nfields:\n"
        "  - {name: by, kind: text, unique: city, label: {zh: 甲, en: A}}\n"
        "  - {name: sort, kind: reference, target: paper, label: {zh: 乙, en: B}}\n"
        "  - {name: unique, kind: rows, label: {zh: 丙, en: C}, columns: ["
        "{name: by, kind: text, label: {zh: 丁, en: D}}]}\n" //
        TAIL("new", "");
    TestCity *test = test_city_with("tests/packs/mini", "types/paper_by_owner.yaml", text);
    int64_t   events;
    (void)state;
    test_act(test, &actor_system, "paper_by_owner", STR_NONE, "create", STR("{\"by\":\"x\"}"));
    must(rebuild(test->city, &events));
    test_city_free(test);
}

/* ---- clocks ---- */

static void clocks_that_run_are_counted_anew_by_a_changed_calendar(void **state)
{
    const Stage *stage = *state;
    int64_t      before = last_sequence(stage->test);
    expect_stored(stage, "answer_due", "date:2026-03-05");
    change_calendar(stage->test, timed_1);
    expect_stored(stage, "answer_due", "date:2026-03-06");
    expect_stored(stage, "version", "integer:2");
    assert_int_equal(last_sequence(stage->test), before + 2); /* the pack; the clocks */
    expect_replays(stage);
}

static void a_clock_that_was_stopped_is_not_counted_anew(void **state)
{
    const Stage *stage = *state;
    test_act(stage->test, &actor_system, "thing", stage->thing, "finish", STR_NONE);
    change_calendar(stage->test, timed_1);
    expect_stored(stage, "answer_due", "missing");
    expect_stored(stage, "version", "integer:2");
}

static void a_plan_tells_which_clocks_are_counted_anew(void **state)
{
    const Stage *stage = *state;
    PackSource   source = source_with(stage->test->arena, timed_calendar);
    EvolvePlan   planned;
    Problems     problems;
    test_act(stage->test, &actor_system, "thing", STR_NONE, "create", STR("{\"a\":\"on Monday, too\"}"));
    must(plan(stage->test, &source, &planned, &problems));
    for (size_t i = 0; i < planned.count; i++) /* three days from a Monday are the same in both kinds */
        assert_int_not_equal(planned.steps[i].kind, EVOLVE_CLOCK);
    stage->test->fixed.now_ms += 3 * DAY_MS; /* Thursday */
    test_act(stage->test, &actor_system, "thing", STR_NONE, "create", STR("{\"a\":\"on Thursday\"}"));
    must(plan(stage->test, &source, &planned, &problems));
    bool told = false;
    for (size_t i = 0; i < planned.count; i++)
        told |= planned.steps[i].kind == EVOLVE_CLOCK && planned.steps[i].records == 1 &&
                str_eq(planned.steps[i].name, STR("answer"));
    assert_true(told);
}

static void a_clock_keeps_running_under_another_name(void **state)
{
    const Stage *stage = *state;
    change(stage->test, timed_renamed);
    expect_stored(stage, "reply_due", "date:2026-03-05");
    expect_stored(stage, "reply_days", "integer:3"); /* what it was started with */
    expect_replays(stage);
}

static void a_clock_that_runs_is_dropped_by_its_name_alone(void **state)
{
    const Stage *stage = *state;
    PackSource   source = source_with(stage->test->arena, timed_none);
    EvolvePlan   planned;
    Problems     problems;
    assert_int_equal(plan(stage->test, &source, &planned, &problems).code, ECODE_PACK_LOSES);
    change(stage->test, timed_dropped);
    assert_null(type_field(thing_now(stage).type, STR("answer_due")));
    expect_replays(stage);
}

#define TIMES(test) cmocka_unit_test_setup_teardown(test, setup_timed, teardown)
#define CITY(test)  cmocka_unit_test_setup_teardown(test, setup, teardown)
#define PAIRS(test) cmocka_unit_test_setup_teardown(test, setup_pair, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CITY(before_any_change_an_event_says_what_it_says),
        CITY(old_values_are_led_to_the_names_of_today),
        CITY(events_of_after_the_change_are_left_alone),
        CITY(what_was_dropped_leads_nowhere_also_when_its_name_comes_again),
        CITY(a_value_that_cannot_be_read_is_told),
        CITY(records_become_what_the_new_pack_says_and_replay),
        CITY(a_record_as_it_stood_before_the_change_has_the_names_of_today),
        CITY(a_step_can_be_taken_under_the_new_pack),
        CITY(the_same_pack_has_nothing_to_do),
        CITY(a_file_that_went_is_told),
        CITY(a_plan_that_is_refused_says_what_it_would_do),
        CITY(values_of_before_are_of_the_kind_of_today_also_when_no_name_changed),
        PAIRS(two_things_that_the_database_keeps_alike_change_places),
        PAIRS(what_was_erased_is_called_as_its_field_is_today),
        PAIRS(a_field_in_place_of_another_has_nothing_of_it),
        TIMES(clocks_that_run_are_counted_anew_by_a_changed_calendar),
        TIMES(a_clock_that_was_stopped_is_not_counted_anew),
        TIMES(a_plan_tells_which_clocks_are_counted_anew),
        TIMES(a_clock_keeps_running_under_another_name),
        TIMES(a_clock_that_runs_is_dropped_by_its_name_alone),
        cmocka_unit_test(a_type_may_be_called_as_an_index_once_was),
        PAIRS(a_table_stays_where_only_rights_change),
        PAIRS(a_past_state_tells_fields_that_had_one_name_apart),
    };
    return cmocka_run_group_tests_name("evolve", tests, NULL, NULL);
}
