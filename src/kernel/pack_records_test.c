/* Records that a pack brings, and child rows that a step takes from the record which a reference names. */
#include "kernel/evolve.h"

#include "kernel/testing/testing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

#include "kernel/rebuild.h"
#include "kernel/rows.h"

/* The parts of an outline are taken from the one that it follows, but for their remarks. */
static const char outline_type[] =
    "type: outline\nlabel: {zh: 提纲, en: Outline}\nplural: {zh: 提纲, en: Outlines}\ntitle: title\n"
    "disclosure: public\nfields:\n"
    "  - {name: code, kind: text, label: {zh: 代码, en: Code}}\n"
    "  - {name: title, kind: text, translate: true, max: 20, label: {zh: 标题, en: Title}}\n"
    "  - {name: note, kind: text, label: {zh: 备注, en: Note}, max: 20}\n"
    "  - {name: pages, kind: integer, min: 1, max: 9, label: {zh: 页数, en: Pages}}\n"
    "  - {name: kinds, kind: choices, label: {zh: 类, en: Kinds}, choices: [{code: a, label: {zh: 甲, en: A}},"
    " {code: b, label: {zh: 乙, en: B}}]}\n"
    "  - {name: follows, kind: reference, target: outline, label: {zh: 依照, en: Follows}}\n"
    "  - {name: parts, kind: rows, filled_from: follows.parts, class: nda, label: {zh: 部分, en: Parts}, columns: ["
    "{name: part, kind: text, label: {zh: 名, en: Part}}, {name: share, kind: integer, label: {zh: 份, en: Share}}]}\n"
    "states:\n"
    "  - {name: new, label: {zh: 新, en: New}}\n"
    "  - {name: done, label: {zh: 完, en: Done}}\n"
    "access:\n"
    "  - {roles: [admin], clearance: secret}\n"
    "  - {roles: [author], levels: [public], clearance: {general: summary}}\n"
    "  - {roles: [author], relation: own, clearance: {general: secret}}\n"
    "actions:\n"
    "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [admin, author]}]}\n"
    "  - {name: edit, label: {zh: 编辑, en: Edit}, from: [new], who: [{roles: [admin, author]}]}\n"
    "  - {name: note, label: {zh: 备注, en: Note}, from: [new], who: [{roles: [admin]}], inputs: [note]}\n"
    "  - {name: finish, label: {zh: 完成, en: Finish}, from: [new], to: done, who: [{roles: [admin]}]}\n";

static const char outlines[] = "type: outline\nrecords:\n"
                               "  - code: short\n"
                               "    title: {zh: 短文, en: Short}\n"
                               "    note: {zh: 短, en: brief}\n"
                               "    pages: 3\n"
                               "    kinds: [b, a]\n"
                               "    parts: [{part: {zh: 引言, en: Opening}, share: 1}, {part: Body, share: 2}]\n"
                               "  - {code: long, title: 长文, pages: 9}\n";

static void must(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

static int path_compare(const void *left, const void *right)
{
    return str_cmp(((const PackFile *)left)->path, ((const PackFile *)right)->path);
}

static PackSource source_with(Arena *arena, const char *type, const char *records)
{
    PackSource source;
    must(pack_source_read(arena, STR("tests/packs/mini"), &source));
    PackFile *files = ARENA_ARRAY(arena, PackFile, source.count + 2);
    memcpy(files, source.files, source.count * sizeof *files);
    files[source.count] = (PackFile){ STR("types/outline.yaml"), str_from(type) };
    files[source.count + 1] = (PackFile){ STR("records/outline.yaml"), str_from(records) };
    qsort(files, source.count + 2, sizeof *files, path_compare);
    return (PackSource){ files, source.count + 2 };
}

/* ---- reading them ---- */

static Str told(Arena *arena, const PackRecord *record, const char *name)
{
    const Field *field = type_field(record->type, str_from(name));
    assert_non_null(field);
    return record->given[field->index] ? value_encode(arena, record->values[field->index]) : STR("-");
}

#define TOLD(record, name, wanted) assert_string_equal(str_dup_z(arena, told(arena, (record), (name))), (wanted))

static void values_are_read_as_their_fields_hold_them(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    PackSource          source = source_with(arena, outline_type, outlines);
    Problems            problems = { .arena = arena };
    const Pack         *pack;
    (void)state;
    must(pack_load(arena, &source, &pack, &problems));
    assert_true(pack->record_count > 2); /* the rows of the parameters come behind */
    const PackRecord *brief = &pack->records[0], *full = &pack->records[1];
    assert_true(str_eq(brief->code, STR("short")) && str_eq(brief->type->name, STR("outline")));
    TOLD(brief, "title", "text:短文");
    TOLD(brief, "title_zh", "text:短文");
    TOLD(brief, "title_en", "text:Short");
    TOLD(brief, "note", "text:短 / brief"); /* has room for both languages only together */
    TOLD(brief, "pages", "integer:3");
    TOLD(brief, "kinds", "list:a,b"); /* in the order of the choices */
    TOLD(brief, "parts",
         "rows:[{\"part\":\"text:引言 / Opening\",\"share\":\"integer:1\"},"
         "{\"part\":\"text:Body\",\"share\":\"integer:2\"}]");
    TOLD(full, "title", "text:长文");
    TOLD(full, "title_en", "-");
    TOLD(full, "note", "-");
}

typedef struct Slip {
    const char *path, *from, *to;
    ErrCode     code;
    const char *place; /* what stands there */
} Slip;

static const char *with_slip(Arena *arena, const char *text, const Slip *slip)
{
    const char *at = strstr(text, slip->from);
    assert_non_null(at);
    return str_dup_z(arena, str_printf(arena, "%.*s%s%s", (int)(at - text), text, slip->to, at + strlen(slip->from)));
}

/* "records/outline.yaml:3:11" of the first place of what stands there. */
static Str place_of(Arena *arena, const char *path, const char *text, const char *there)
{
    int         line = 1, column = 1;
    const char *end = strstr(text, there);
    assert_non_null(end);
    for (const char *c = text; c < end; c++) {
        line += *c == '\n';
        column = *c == '\n' ? 1 : column + ((*c & 0xc0) != 0x80);
    }
    return str_printf(arena, "%s:%d:%d", path, line, column);
}

static void what_is_wrong_is_told_at_its_place(void **state)
{
    static const char *const records = "records/outline.yaml", *const types = "types/outline.yaml";
    static const Slip slips[] = {
        { records, "type: outline", "type: outlines", ECODE_PACK_VALUE, "outlines" },
        { records, "code: long, ", "", ECODE_PACK_KEY_MISSING, "{title: 长文" },
        { records, "code: long", "code: short", ECODE_PACK_DUPLICATE, "short, title" },
        { records, "code: long", "code: Long", ECODE_PACK_NAME, "Long" },
        { records, "pages: 3", "pages: 12", ECODE_PACK_SHAPE, "12" },
        { records, "pages: 3", "pages: many", ECODE_PACK_SHAPE, "many" },
        { records, "pages: 3", "page: 3", ECODE_PACK_UNKNOWN, "page: 3" },
        { records, "pages: 3", "state: done", ECODE_PACK_UNKNOWN, "state: done" },
        { records, "pages: 3", "follows: short", ECODE_PACK_SHAPE, "short\n    kinds" },
        { records, "[b, a]", "[b, c]", ECODE_PACK_UNKNOWN, "c]" },
        { records, "share: 1", "shares: 1", ECODE_PACK_UNKNOWN, "shares" },
        { records, "share: 1", "parent: 1", ECODE_PACK_UNKNOWN, "parent" },
        { records, "{part: Body, share: 2}", "Body", ECODE_PACK_SHAPE, "Body" },
        { records, "en: Short", "en: A heading that is far too long", ECODE_PACK_SHAPE, "{zh: 短文" },
        { records, "zh: 短, en: brief", "zh: 短短短短短短短, en: seven points", ECODE_PACK_SHAPE, "{zh: 短短" },
        { records, "{zh: 短文, en: Short}", "{zh: 短文}", ECODE_PACK_LABEL, "{zh: 短文" },
        { records, "  - {code: long, title: 长文, pages: 9}", "  - long", ECODE_PACK_SHAPE, "long" },
        { types, "name: code, kind: text", "name: code, kind: date", ECODE_PACK_SHAPE, NULL },
        { types, "follows.parts", "follows.part", ECODE_PACK_SHAPE, "follows.part" },
        { types, "follows.parts", "follow.parts", ECODE_PACK_SHAPE, "follow.parts" },
        { types, "follows.parts", "follows.kinds", ECODE_PACK_SHAPE, "follows.kinds" },
        { types, "follows.parts", "parts", ECODE_PACK_SHAPE, "parts, class" },
        { types, "kind: integer, min", "filled_from: follows.parts, kind: integer, min", ECODE_PACK_KEY_UNKNOWN,
          "filled_from: follows.parts, kind" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        OWNED(arena) Arena *arena = arena_new();
        const Slip         *slip = &slips[i];
        bool                in_records = slip->path == records;
        const char         *text = with_slip(arena, in_records ? outlines : outline_type, slip);
        PackSource          source = source_with(arena, in_records ? outline_type : text, in_records ? text : outlines);
        Problems            problems = { .arena = arena };
        const Pack         *pack;
        Str                 place = slip->place ? place_of(arena, slip->path, text, slip->place) : STR_NONE;
        assert_int_equal(pack_load(arena, &source, &pack, &problems).code, ECODE_PACK_INVALID);
        bool found = false;
        for (size_t p = 0; p < problems.count; p++)
            found |= problems.items[p].code == slip->code && (!slip->place || str_eq(problems.items[p].field, place));
        if (!found || problems.count != 1)
            fail_msg("%s -> %s: %zu problems, the first %.*s at %.*s, wanted at %.*s", slip->from, slip->to,
                     problems.count, STR_FMT(err_row(problems.items[0].code)->code), STR_FMT(problems.items[0].field),
                     STR_FMT(place));
    }
}

/* ---- in a city ---- */

static void change_to(TestCity *test, const char *records, EvolvePlan *plan)
{
    Ctx        ctx = test_ctx(test, &actor_system);
    PackSource source = source_with(test->arena, outline_type, records);
    Problems   problems = { .arena = test->arena };
    must(evolve_plan(&ctx, &source, plan, &problems));
    must(evolve_apply(&ctx, plan, NULL));
    test_city_reopen(test);
}

static Record brought(TestCity *test, const char *code)
{
    Ctx      ctx = test_ctx(test, &actor_system);
    Found    found;
    Query    query = { .filter = str_printf(test->arena, "code = '%s'", code) };
    Problems problems = { .arena = test->arena };
    must(find(&ctx, pack_type(test->city->pack, STR("outline")), &query, &found, &problems));
    assert_int_equal(found.count, 1);
    return found.records[0];
}

static Str field_of(TestCity *test, const Record *record, const char *name)
{
    return value_encode(test->arena, record->values[type_field(record->type, str_from(name))->index]);
}

static const EvolveStep *step_of(const EvolvePlan *plan, EvolveKind kind)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->steps[i].kind == kind)
            return &plan->steps[i];
    return NULL;
}

/* The city's own word counts for more than the pack's; nothing that nobody touched is kept back. */
static void a_changed_pack_changes_what_people_left_alone(void **state)
{
    TestCity  *test = test_city_with("tests/packs/mini", "types/outline.yaml", outline_type);
    EvolvePlan plan;
    (void)state;
    change_to(test, outlines, &plan);
    const EvolveStep *step = step_of(&plan, EVOLVE_RECORD);
    assert_non_null(step);
    assert_true(str_eq(step->name, STR("short")) && str_eq(step->to, STR("短文")));
    Record brief = brought(test, "short"), full = brought(test, "long");
    assert_true(str_eq(field_of(test, &brief, "pages"), STR("integer:3")));
    Actor admin = test_actor(test, "Admin", test_organisation(test, "Press"), "admin");
    test_act(test, &admin, "outline", record_id(&full), "note", STR("{\"note\":\"ours\"}"));
    static const Slip more = { .from = "pages: 3", .to = "pages: 4" }, less = { .from = "pages: 9", .to = "pages: 8" };
    change_to(test, with_slip(test->arena, with_slip(test->arena, outlines, &more), &less), &plan);
    brief = brought(test, "short");
    full = brought(test, "long");
    assert_true(str_eq(field_of(test, &brief, "pages"), STR("integer:4")));
    assert_true(str_eq(field_of(test, &full, "pages"), STR("integer:9")));
    assert_non_null(step_of(&plan, EVOLVE_KEPT));
    assert_true(str_eq(step_of(&plan, EVOLVE_KEPT)->name, STR("long")));
    int64_t events;
    Str     before = test_dump(test);
    must(rebuild(test->city, &events));
    assert_true(str_eq(test_dump(test), before));
    test_city_free(test);
}

static void empty_rows_are_taken_from_the_record_that_is_named(void **state)
{
    TestCity *test = test_city_with("tests/packs/mini", "types/outline.yaml", outline_type);
    (void)state;
    Actor  admin = test_actor(test, "Admin", test_organisation(test, "Press"), "admin");
    Actor  author = test_actor(test, "Author", test_organisation(test, "College"), "author");
    Record model = test_act(test, &admin, "outline", STR_NONE, "create",
                            STR("{\"title\":\"model\",\"parts\":[{\"part\":\"one\",\"share\":1}]}"));
    Str    follows = str_printf(test->arena, "{\"follows\":\"%.*s\"}", STR_FMT(record_id(&model)));
    Str    own = str_printf(test->arena, "{\"follows\":\"%.*s\",\"parts\":[{\"part\":\"mine\"}]}",
                            STR_FMT(record_id(&model)));
    Record made = test_act(test, &admin, "outline", STR_NONE, "create", follows);
    Str    parts = field_of(test, &model, "parts");
    assert_true(str_eq(field_of(test, &made, "parts"), parts));
    made = test_act(test, &admin, "outline", STR_NONE, "create", own);
    assert_true(str_eq(field_of(test, &made, "parts"), STR("rows:[{\"part\":\"text:mine\"}]")));
    made = test_act(test, &admin, "outline", record_id(&made), "edit",
                    STR("{\"parts\":null}")); /* emptied: taken again */
    assert_true(str_eq(field_of(test, &made, "parts"), parts));
    made = test_act(test, &admin, "outline", STR_NONE, "create", STR("{\"title\":\"alone\"}"));
    assert_true(str_eq(field_of(test, &made, "parts"), STR("missing")));
    /* whoever does not see the parts gets none of them */
    made = test_act(test, &author, "outline", STR_NONE, "create", follows);
    assert_true(
        str_eq(field_of(test, &made, "follows"), str_printf(test->arena, "id:%.*s", STR_FMT(record_id(&model)))));
    assert_true(str_eq(field_of(test, &made, "parts"), STR("missing")));
    /* a step that does not take the reference takes no rows either */
    made = test_act(test, &admin, "outline", record_id(&made), "note", STR("{\"note\":\"x\"}"));
    assert_true(str_eq(field_of(test, &made, "parts"), STR("missing")));
    test_city_free(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_as_their_fields_hold_them),
        cmocka_unit_test(what_is_wrong_is_told_at_its_place),
        cmocka_unit_test(a_changed_pack_changes_what_people_left_alone),
        cmocka_unit_test(empty_rows_are_taken_from_the_record_that_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
