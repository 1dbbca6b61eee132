/* kernel/pack_test.c: packs load whole, and every problem of a pack is told at its place. */
#include "base/testing.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "kernel/file_type.h"
#include "kernel/pack_yaml.h"

#define MINI     STR("tests/packs/mini")
#define SHANGHAI STR("packs/shanghai")
#define FAULTY   STR("tests/packs/faults")

static void print_problems(const Problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        print_message("%.*s: %.*s\n", STR_FMT(problems->items[i].field), STR_FMT(problems->items[i].text.in[LANG_EN]));
}

static const Pack *pack_of(Arena *arena, Str dir)
{
    PackSource  source;
    const Pack *pack = NULL;
    Problems    problems = { .arena = arena };
    assert_ok(pack_source_read(arena, dir, &source));
    Err err = pack_load(arena, &source, &pack, &problems);
    print_problems(&problems);
    assert_ok(err);
    assert_int_equal(problems.count, 0);
    return pack;
}

/* ---- what loads ---- */

static void the_pack_of_shanghai_has_the_roles_of_the_contract(void **state)
{
    static const char *const roles[] = { "operator", "officer",    "researcher", "institution", "manager",
                                         "expert",   "enterprise", "laboratory", "certifier",   "agency",
                                         "society",  "bank",       "insurer",    "fund",        "auditor" };
    const Pack              *pack = pack_of(*state, SHANGHAI);
    assert_int_equal(pack->role_count, sizeof roles / sizeof *roles);
    for (size_t i = 0; i < pack->role_count; i++) {
        assert_str_equal(pack->roles[i].name, str_from(roles[i]));
        assert_int_equal(pack->roles[i].users, str_eq(pack->roles[i].name, STR("expert")) ? 9 : 1);
    }
    assert_int_equal(pack->utc_offset_minutes, 480);
    assert_int_equal(pack->service_count, 8);
    assert_str_equal(pack->services[0].icon, STR("i-poc"));
}

static void types_stand_in_the_order_that_the_pack_gives(void **state)
{
    static const char *const some[] = { "result", "screening_round", "gate_review", "person", "parameter", "job" };
    const Pack              *pack = pack_of(*state, SHANGHAI);
    int                      before = -1;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        const Type *type = pack_type(pack, str_from(some[i]));
        assert_true(type->index > before);
        before = type->index;
    }
    for (size_t i = 0; i < pack->type_count; i++) {
        assert_int_equal(pack->types[i].index, i);
        assert_ptr_equal(pack->types[i].pack, pack);
    }
}

static bool has_field(const uint16_t *fields, size_t count, const Field *field)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i] == field->index)
            return true;
    return false;
}

static void a_draft_of_a_result_needs_only_its_title(void **state)
{
    const Type   *result = pack_type(pack_of(*state, SHANGHAI), STR("result"));
    const Action *create = type_action(result, STR("create"));
    const Action *submit = type_action(result, STR("submit"));
    assert_true(create->creates && create->from == 0 && create->to == type_state(result, STR("draft")));
    assert_int_equal(create->required_count, 1);
    assert_int_equal(create->required[0], result->title);
    assert_true(has_field(create->inputs, create->input_count, &result->fields[SYS_DISCLOSURE]));
    assert_false(has_field(create->inputs, create->input_count, type_field(result, STR("return_reason"))));
    assert_int_equal(submit->from, UINT64_C(1) << type_state(result, STR("draft")));
    assert_int_equal(submit->to, type_state(result, STR("pool")));
    assert_true(has_field(submit->required, submit->required_count, type_field(result, STR("abstract"))));
    assert_true(has_field(submit->required, submit->required_count, type_field(result, STR("discipline"))));
}

static void what_is_not_written_has_its_default(void **state)
{
    const Pack   *pack = pack_of(*state, MINI);
    const Type   *paper = pack_type(pack, STR("paper"));
    const Field  *title = type_field(paper, STR("title"));
    const Field  *remark = type_field(pack_type(pack, STR("review")), STR("remark"));
    const Action *create = type_action(paper, STR("create"));
    assert_int_equal(title->class, CLASS_SUMMARY);
    assert_int_equal(title->compartment, 0);
    assert_int_equal(title->max_points, 100);
    assert_int_equal(remark->max_points, LIMIT_LONG_TEXT_POINTS);
    assert_int_equal(paper->disclosure, CLASS_SECRET);
    assert_int_equal(create->input_count,
                     paper->stored_count - SYS_COUNT + 1); /* all of its own that hold a value, and disclosure */
    assert_str_equal(pack_type(pack, STR("person"))->sort, STR("-created"));
    assert_int_equal(pack_type(pack, STR("person"))->column_count, 3); /* title, state, changed */
    assert_int_equal(pack_type(pack, STR("person"))->service, -1);
    assert_int_equal(type_action(paper, STR("edit"))->to, -1);
}

static void numbers_keep_their_scale_and_bounds(void **state)
{
    const Type  *paper = pack_type(pack_of(*state, MINI), STR("paper"));
    const Field *score = type_field(paper, STR("score"));
    const Field *pages = type_field(paper, STR("pages"));
    assert_true(score->bounded && score->scale == 2 && score->min == 0 && score->max == 1000);
    assert_true(pages->bounded && pages->min == 1 && pages->max == 500);
    assert_str_equal(pages->unit.in[LANG_ZH], STR("页"));
}

static void the_system_keeps_its_fields_first(void **state)
{
    static const char *const names[SYS_COUNT] = { "id",      "number",     "state",   "version", "owner",
                                                  "creator", "disclosure", "created", "changed", "erased" };
    const Pack              *pack = pack_of(*state, MINI);
    for (size_t t = 0; t < pack->type_count; t++)
        for (int i = 0; i < SYS_COUNT; i++) {
            const Field *field = &pack->types[t].fields[i];
            bool         identity = i == SYS_OWNER || i == SYS_CREATOR;
            assert_str_equal(field->name, str_from(names[i]));
            assert_true(field->system && field->index == i && field->type == &pack->types[t]);
            assert_int_equal(field->class, i == SYS_ERASED ? CLASS_SECRET : identity ? CLASS_SUMMARY : CLASS_PUBLIC);
            assert_str_equal(pack->compartments[field->compartment].name, identity ? STR("identity") : STR("general"));
        }
    assert_ptr_equal(pack->types[0].fields[SYS_OWNER].target, pack->organisation);
    assert_ptr_equal(pack->types[0].fields[SYS_CREATOR].target, pack->person);
}

static void a_rule_closes_the_compartments_that_it_leaves_out(void **state)
{
    const Pack       *pack = pack_of(*state, MINI);
    const Type       *paper = pack_type(pack, STR("paper"));
    const AccessRule *blind = &paper->access[2];
    assert_int_equal(blind->who.roles, UINT64_C(1) << pack_role(pack, STR("reviewer")));
    assert_str_equal(paper->relations[blind->who.relation].name, STR("reviewer"));
    assert_int_equal(blind->clearance[0], CLASS_NDA);
    assert_int_equal(blind->clearance[1], CLASS_NONE);
    assert_int_equal(blind->clearance[2], CLASS_NDA);
    assert_int_equal(paper->access[3].levels, 1 << CLASS_PUBLIC);
    for (size_t i = 0; i < pack->compartment_count; i++)
        assert_int_equal(paper->access[0].clearance[i], CLASS_SECRET);
}

static void roles_are_the_choices_of_a_membership(void **state)
{
    const Pack  *pack = pack_of(*state, MINI);
    const Field *role = &pack->membership->fields[pack->membership_role];
    assert_int_equal(role->choice_count, pack->role_count);
    assert_str_equal(field_choice(role, STR("reader"))->label.in[LANG_ZH], STR("读者"));
    assert_str_equal(pack->membership->fields[pack->membership_to].name, STR("valid_to"));
}

static void the_calendar_of_shanghai_is_that_of_the_official_notices(void **state)
{
    Arena              *arena = *state;
    Str                 rest = shared_read(arena, "calendar/cn_2024_2026.csv");
    const WorkCalendar *calendar = pack_of(arena, SHANGHAI)->calendar;
    size_t              listed = 0;
    str_cut(&rest, '\n'); /* date,kind,name_zh,name_en */
    while (rest.len) {
        Str     line = str_cut(&rest, '\n'), date = str_cut(&line, ','), kind = str_cut(&line, ',');
        int64_t day;
        assert_true(date_parse(date, &day));
        assert_true(workdays_known(calendar, day, day));
        if (workday(calendar, day) != str_eq(kind, STR("work_day")))
            fail_msg("%.*s is not a %.*s", STR_FMT(date), STR_FMT(kind));
        listed += (date_weekday(day) >= 6) == str_eq(kind, STR("work_day")); /* else its week has it so already */
    }
    assert_int_equal(calendar->exception_count, listed);
}

static void policy_values_of_shanghai_name_their_document(void **state)
{
    const Pack *pack = pack_of(*state, SHANGHAI);
    assert_true(pack->parameter_count > 0);
    for (size_t i = 0; i < pack->parameter_count; i++)
        for (size_t r = 0; r < pack->parameters[i].row_count; r++)
            for (Lang lang = 0; lang < LANG_COUNT; lang++) {
                static const Str none[] = { STR_INIT("未见文件规定"), STR_INIT("no document is known") };
                Str              source = pack->parameters[i].rows[r].source.in[lang];
                assert_true(str_find(source, STR("〔")) < source.len || /* its number, as in 沪科合〔2025〕17号 */
                            str_find(source, none[lang]) < source.len); /* or that it has none */
            }
}

/* ---- the gate of Shanghai, over records in memory ---- */

typedef struct Item { /* a record; its first reference is its result */
    const Type *type;
    Value      *values;
} Item;

typedef struct Desk {
    Item    items[8];
    size_t  count;
    ExprRow found[8]; /* of desk_children, until its next call */
} Desk;

static Err desk_get(void *context, ExprRow row, const void *field, Value *out, bool *hidden)
{
    (void)context;
    const Item *item = row.row;
    *out = item ? item->values[((const Field *)field)->index] : VALUE_NONE;
    *hidden = false;
    return ERR_OK;
}

static Err desk_follow(void *context, ExprRow row, const void *field, ExprRow *out, bool *hidden)
{
    const Desk *desk = context;
    Value       id;
    TRY(desk_get(context, row, field, &id, hidden));
    *out = (ExprRow){ ((const Field *)field)->target, NULL };
    for (size_t i = 0; i < desk->count; i++)
        if (desk->items[i].type == out->type && value_eq(desk->items[i].values[SYS_ID], id))
            out->row = &desk->items[i];
    return ERR_OK;
}

static Err desk_children(void *context, ExprRow row, const ExprChild *child, ExprRow **out, size_t *count, bool *hidden)
{
    Desk       *desk = context;
    const Item *parent = row.row;
    *count = 0;
    for (size_t i = 0; i < desk->count; i++)
        if (desk->items[i].type == child->type &&
            value_eq(desk->items[i].values[((const Field *)child->link)->index], parent->values[SYS_ID]))
            desk->found[(*count)++] = (ExprRow){ child->type, &desk->items[i] };
    *out = desk->found;
    *hidden = false;
    return ERR_OK;
}

static Item *desk_put(Arena *arena, Desk *desk, const Type *type, const char *id)
{
    Item *item = &desk->items[desk->count++];
    *item = (Item){ type, ARENA_ARRAY(arena, Value, type->field_count) };
    item->values[SYS_ID] = value_id(str_from(id));
    return item;
}

static void item_set(Item *item, const char *field, Value value)
{
    item->values[type_field(item->type, str_from(field))->index] = value;
}

/* Which of the gate's clauses about the two sides hold, as bits, for whoever did not prepare it. */
static unsigned gate_clauses(Arena *arena, Desk *desk, const Item *gate)
{
    const Action *open = type_action(gate->type, STR("open"));
    ExprEnv       env = { .context = desk, .get = desk_get, .follow = desk_follow, .children = desk_children };
    unsigned      hold = 0;
    env.actor = STR("officer");
    assert_int_equal(open->guard_count, 6);
    for (size_t i = 0; i < open->guard_count; i++) {
        Value value;
        assert_ok(expr_eval(arena, open->guards[i].when, &env, (ExprRow){ gate->type, gate }, &value));
        assert_true(open->guards[i].rule.in[LANG_ZH].len && open->guards[i].helps.in[LANG_EN].len);
        hold |= (value.number != 0 ? 1u : 0u) << i;
    }
    assert_int_equal(hold >> 4, 3); /* nor has recorded a verdict */
    return hold & 0xF;
}

static void the_gate_opens_when_both_sides_pass_and_none_fails(void **state)
{
    Arena      *arena = *state;
    const Pack *pack = pack_of(arena, SHANGHAI);
    Desk        desk = { 0 };
    desk_put(arena, &desk, pack_type(pack, STR("result")), "r");
    Item *gate = desk_put(arena, &desk, pack_type(pack, STR("gate_review")), "g");
    item_set(gate, "result", value_id(STR("r")));
    item_set(gate, "creator", value_id(STR("manager")));
    assert_int_equal(gate_clauses(arena, &desk, gate),
                     0xC); /* nothing is recorded: the two sides are missing, no more */

    Item *technical = desk_put(arena, &desk, pack_type(pack, STR("trl_assessment")), "t");
    item_set(technical, "result", value_id(STR("r")));
    item_set(technical, "assessed_level", value_int(3));
    item_set(technical, "target_level", value_int(4));
    item_set(technical, "state", value_text(STR("draft")));
    assert_int_equal(gate_clauses(arena, &desk, gate), 0xC); /* a draft says nothing */
    item_set(technical, "state", value_text(STR("submitted")));
    assert_int_equal(gate_clauses(arena, &desk, gate), 0x8); /* below its target */
    item_set(technical, "assessed_level", value_int(4));
    assert_int_equal(gate_clauses(arena, &desk, gate), 0xD);

    Item *market = desk_put(arena, &desk, pack_type(pack, STR("market_validation")), "m");
    item_set(market, "result", value_id(STR("r")));
    item_set(market, "state", value_text(STR("submitted")));
    item_set(market, "need_verdict", value_text(STR("pass")));
    item_set(market, "competition_verdict", value_text(STR("pass")));
    assert_int_equal(gate_clauses(arena, &desk, gate), 0xD); /* cost is missing */
    item_set(market, "cost_verdict", value_text(STR("fail")));
    assert_int_equal(gate_clauses(arena, &desk, gate), 0x5);
    item_set(market, "cost_verdict", value_text(STR("pass")));
    assert_int_equal(gate_clauses(arena, &desk, gate), 0xF);
    item_set(market, "result", value_id(STR("other")));
    assert_int_equal(gate_clauses(arena, &desk, gate), 0xD); /* of another result */
}

/* ---- sample steps name only what the pack has ---- */

typedef struct Refs {
    Str    names[256];
    size_t count;
} Refs;

static bool refs_have(const Refs *refs, Str name)
{
    for (size_t i = 0; i < refs->count; i++)
        if (str_eq(refs->names[i], name))
            return true;
    return false;
}

static void refs_add(Refs *refs, Str name)
{
    assert_true(name.len > 0 && !refs_have(refs, name) && refs->count < 256);
    refs->names[refs->count++] = name;
}

static void fields_fit(const Type *type, const Json *fields, const Refs *refs)
{
    JSON_EACH(value, fields) {
        const Field *field = type_field(type, value->key);
        if (!field)
            fail_msg("%.*s has no field %.*s", STR_FMT(type->name), STR_FMT(value->key));
        if (field->kind == FIELD_REFERENCE)
            assert_true(refs_have(refs, json_text(json_get(value, STR("ref")))));
        if (field->kind == FIELD_CHOICE)
            assert_non_null(field_choice(field, json_text(value)));
        if (field_kinds[field->kind].text)
            assert_int_equal(value->kind, JSON_STRING);
    }
}

static void party_fits(const Pack *pack, const Json *line, Refs *refs)
{
    const Json *organisation = json_get(line, STR("organisation"));
    if (json_get(line, STR("login"))) {
        assert_true(refs_have(refs, json_text(organisation)));
        assert_true(pack_role(pack, json_text(json_get(line, STR("role")))) >= 0);
        fields_fit(pack->person, json_get(line, STR("person")), refs);
        refs_add(refs, json_text(json_get(line, STR("login"))));
    } else {
        fields_fit(pack->organisation, organisation, refs);
        refs_add(refs, json_text(json_get(line, STR("ref"))));
    }
}

static void step_fits(const Pack *pack, const Json *line, Refs *refs)
{
    assert_true(refs_have(refs, json_text(json_get(line, STR("as")))));
    const Type *type = pack_type(pack, json_text(json_get(line, STR("type"))));
    assert_non_null(type);
    const Action *action = type_action(type, json_text(json_get(line, STR("action"))));
    assert_non_null(action);
    fields_fit(type, json_get(line, action->creates ? STR("fields") : STR("input")), refs);
    if (action->creates)
        refs_add(refs, json_text(json_get(line, STR("ref"))));
    else
        assert_true(refs_have(refs, json_text(json_get(line, STR("record")))));
}

static void each_line(Arena *arena, const Pack *pack, const PackSource *source, Str path, Refs *refs,
                      void (*fits)(const Pack *, const Json *, Refs *))
{
    for (size_t i = 0; i < source->count; i++) {
        Str rest = source->files[i].bytes;
        while (str_eq(source->files[i].path, path) && rest.len) {
            Json *line;
            assert_ok(json_parse(arena, str_cut(&rest, '\n'), &line));
            fits(pack, line, refs);
        }
    }
}

static void sample_steps_name_only_what_the_pack_has(void **state)
{
    Arena      *arena = *state;
    const Pack *pack = pack_of(arena, SHANGHAI);
    PackSource  source;
    Refs        refs = { .count = 0 };
    assert_ok(pack_source_read(arena, SHANGHAI, &source));
    each_line(arena, pack, &source, STR("demo/parties.jsonl"), &refs, party_fits);
    for (size_t i = 0; i < pack->role_count; i++)
        for (int user = 1; user <= pack->roles[i].users; user++) {
            Str role = pack->roles[i].name;
            assert_true(refs_have(&refs, user == 1 ? role : str_printf(arena, "%.*s%d", STR_FMT(role), user)));
        }
    size_t parties = refs.count;
    each_line(arena, pack, &source, STR("demo/steps.jsonl"), &refs, step_fits);
    assert_true(refs.count > parties + 12);
}

/* ---- faults ---- */

typedef struct Fault {            /* a change of one file of the mini pack, and the problem it makes */
    const char *path, *from, *to; /* the first `from` becomes `to` */
    const char *at;               /* words of the changed file, ^ before the problem's place; NULL: at 1:1 */
    ErrCode     code;
} Fault;

static Str replaced(Arena *arena, Str text, Str from, Str to)
{
    size_t at = str_find(text, from);
    if (at == text.len)
        fail_msg("the mini pack has no \"%.*s\"", STR_FMT(from));
    return str_printf(arena, "%.*s%.*s%.*s", (int)at, text.ptr, STR_FMT(to), (int)(text.len - at - from.len),
                      text.ptr + at + from.len);
}

/* "types/paper.yaml:7:12" of the byte `at` of text, in characters. */
static Str place_text(Arena *arena, Str path, Str text, size_t at)
{
    unsigned line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        if (text.ptr[i] == '\n') {
            line++;
            column = 1;
        } else if ((text.ptr[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    return str_printf(arena, "%.*s:%u:%u", STR_FMT(path), line, column);
}

static PackFile *file_of(PackSource *source, Str path)
{
    for (size_t i = 0; i < source->count; i++)
        if (str_eq(source->files[i].path, path))
            return (PackFile *)&source->files[i]; /* the test's own array */
    fail_msg("the mini pack has no %.*s", STR_FMT(path));
    return NULL;
}

static PackSource mini_source(Arena *arena)
{
    PackSource read;
    assert_ok(pack_source_read(arena, MINI, &read));
    PackFile *files = ARENA_ARRAY(arena, PackFile, read.count);
    memcpy(files, read.files, read.count * sizeof *files);
    return (PackSource){ files, read.count };
}

static Problems problems_of(Arena *arena, const PackSource *source)
{
    const Pack *untouched = (const Pack *)source, *pack = untouched;
    Problems    problems = { .arena = arena };
    assert_err(pack_load(arena, source, &pack, &problems), ECODE_PACK_INVALID);
    assert_ptr_equal(pack, untouched);
    return problems;
}

static void expect(const Problems *problems, Str place, ErrCode code)
{
    for (size_t i = 0; i < problems->count; i++)
        if (str_eq(problems->items[i].field, place) && problems->items[i].code == code)
            return;
    print_problems(problems);
    fail_msg("no %.*s at %.*s", STR_FMT(err_row(code)->code), STR_FMT(place));
}

/* Less than, equal, greater than 0 as place a stands before, at, after place b: "file:line:column". */
static int places_compare(Str a, Str b)
{
    int files = str_cmp(str_cut(&a, ':'), str_cut(&b, ':'));
    for (int part = 0; part < 2 && files == 0; part++) {
        int64_t left = 0, right = 0;
        assert_true(str_int(str_cut(&a, ':'), &left) && str_int(str_cut(&b, ':'), &right));
        files = left < right ? -1 : left > right;
    }
    return files;
}

static void expect_sorted(const Problems *problems)
{
    for (size_t i = 1; i < problems->count; i++)
        assert_true(places_compare(problems->items[i - 1].field, problems->items[i].field) <= 0);
}

static Str fault_place(Arena *arena, const Fault *fault, Str text)
{
    Str rest = str_from(fault->at ? fault->at : "^");
    Str before = str_cut(&rest, '^');
    Str words = str_printf(arena, "%.*s%.*s", STR_FMT(before), STR_FMT(rest));
    return place_text(arena, str_from(fault->path), text, str_find(text, words) + before.len);
}

/* Makes the faults in one pack, loads it once, and finds each of them at its place, and nothing else. */
static void faults_are_told(Arena *arena, const Fault *faults, size_t count)
{
    PackSource source = mini_source(arena);
    for (size_t i = 0; i < count; i++) {
        PackFile *file = file_of(&source, str_from(faults[i].path));
        file->bytes = replaced(arena, file->bytes, str_from(faults[i].from), str_from(faults[i].to));
    }
    Problems problems = problems_of(arena, &source);
    for (size_t i = 0; i < count; i++)
        expect(&problems, fault_place(arena, &faults[i], file_of(&source, str_from(faults[i].path))->bytes),
               faults[i].code);
    if (problems.count != count)
        print_problems(&problems);
    assert_int_equal(problems.count, count);
    expect_sorted(&problems);
}
#define FAULTS_ARE_TOLD(arena, faults) faults_are_told((arena), (faults), sizeof(faults) / sizeof *(faults))

/* The mini pack with one change, which is no fault. */
static const Pack *changed(Arena *arena, const char *path, const char *from, const char *to)
{
    PackSource  source = mini_source(arena);
    PackFile   *file = file_of(&source, str_from(path));
    const Pack *pack = NULL;
    Problems    problems = { .arena = arena };
    file->bytes = replaced(arena, file->bytes, str_from(from), str_from(to));
    Err err = pack_load(arena, &source, &pack, &problems);
    print_problems(&problems);
    assert_ok(err);
    return pack;
}

static void a_frozen_pack_is_not_held_to_what_new_ones_must_prove(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    PackSource          source = mini_source(arena);
    PackFile           *file = file_of(&source, STR("types/membership.yaml"));
    const Pack         *pack = NULL;
    Problems            problems = { .arena = arena };
    (void)state;
    file->bytes = replaced(arena, file->bytes, STR("name: end,"), STR("name: finish,"));
    problems_of(arena, &source);
    assert_ok(pack_load_frozen(arena, &source, &pack, &problems));
    assert_non_null(type_action(pack->membership, STR("finish")));
    file->bytes = replaced(arena, file->bytes, STR("target: person"), STR("target: nobody"));
    assert_err(pack_load_frozen(arena, &source, &pack, &problems), ECODE_PACK_INVALID);
}

static void a_pack_without_parameters_has_no_type_of_them(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    PackSource          source = mini_source(arena);
    PackFile           *type = file_of(&source, STR("types/parameter.yaml"));
    PackFile           *rows = file_of(&source, STR("parameters/limits.yaml"));
    PackFile           *paper = file_of(&source, STR("types/paper.yaml"));
    const Pack         *pack = NULL;
    Problems            problems = { .arena = arena };
    (void)state;
    type->bytes = replaced(arena, type->bytes, STR("{name: code, kind: text,"), STR("{name: code, kind: long_text,"));
    assert_true(problems_of(arena, &source).count > 0);
    rows->bytes = STR("parameters: []\n");
    paper->bytes = replaced(arena, paper->bytes, STR("param('page_limit')"), STR("100"));
    assert_ok(pack_load(arena, &source, &pack, &problems));
    assert_null(pack->parameter);
}

static void every_problem_is_told_at_its_place_in_one_run(void **state)
{
    static const Fault faults[] = {
        { "pack.yaml", "{zh: 技术, en: Technical}", "{zh: 技术}", "label: ^{zh: 技术}", ECODE_PACK_LABEL },
        { "pack.yaml", "\"+08:00\"", "\"8\"", "utc_offset: ^\"8\"", ECODE_PACK_SHAPE },
        { "pack.yaml", "services:\n", "currencies: [{code: cny, label: {zh: 元, en: CNY}}]\nservices:\n", "code: ^cny",
          ECODE_PACK_SHAPE },
        { "roles.yaml", "users: 2", "user: 2", "^user: 2", ECODE_PACK_KEY_UNKNOWN },
        { "types/organisation.yaml", "plural: {zh: 机构, en: Organisations}\n", "", NULL, ECODE_PACK_KEY_MISSING },
        { "types/membership.yaml", "valid_from, kind: date", "valid_from, kind: instant", NULL, ECODE_PACK_PARTY },
        { "types/paper.yaml", "P-{year}-{seq:3}", "P-{year}", "number: ^\"P-{year}\"", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "scale: 2", "scale: 12", "scale: ^12", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "name: due,", "name: state,", "name: ^state,", ECODE_PACK_RESERVED },
        { "types/paper.yaml", "kind: boolean", "kind: bool", "kind: ^bool", ECODE_PACK_VALUE },
        { "types/paper.yaml", "{code: letter", "{code: article", "code: ^article, label: {zh: 快报",
          ECODE_PACK_DUPLICATE },
        { "types/paper.yaml", "[author, admin]", "[author, boss]", "author, ^boss", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "or pages <= 100", "or pagse <= 100", "or ^pagse", ECODE_PACK_EXPRESSION },
        { "types/paper.yaml", "list: {columns", "title: title\nlist: {columns", "^title: title\nlist",
          ECODE_PACK_KEY_TWICE },
        { "types/review.yaml", "to: given", "to: asked", "^{name: given", ECODE_PACK_UNREACHABLE },
        { "types/review.yaml", "technical: secret", "technical: top", "technical: ^top", ECODE_PACK_UNKNOWN },
        { "types/review.yaml", "parent: paper", "parent: paper\npage: Gate", "page: ^Gate", ECODE_PACK_NAME },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void steps_and_rules_may_name_only_what_is_there(void **state)
{
    static const Fault faults[] = {
        { "pack.yaml", "[paper, review]", "[paper, reviews]", "[paper, ^reviews", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "service: papers", "service: paper", "service: ^paper\n", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "compartment: identity", "compartment: identify", "compartment: ^identify",
          ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "relation: reviewer", "relation: reviewers", "relation: ^reviewers", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "levels: [public]", "levels: [open]", "levels: [^open]", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "clearance: {general: public}", "clearance: {generally: public}", "{^generally",
          ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "[title, body]", "[title, abstract]", "title, ^abstract", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "inputs: [score]", "inputs: [score, version]", "score, ^version", ECODE_PACK_RESERVED },
        { "types/paper.yaml", "sort: title", "sort: \"-titel\"", "sort: ^\"-titel\"", ECODE_PACK_UNKNOWN },
        { "types/review.yaml", "target: person", "target: persons", "target: ^persons", ECODE_PACK_UNKNOWN },
        { "types/review.yaml", "roles: [author]}, {to: creator}", "roles: [writer]}, {to: creator}", "[^writer]}, {to",
          ECODE_PACK_UNKNOWN },
        { "types/review.yaml", "{to: creator}", "{to: verdict}", "{to: ^verdict}", ECODE_PACK_SHAPE },
        { "types/review.yaml", "to: paper.owner", "to: paper.owners", "to: paper.^owners", ECODE_PACK_EXPRESSION },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void steps_and_columns_have_the_shape_of_their_kind(void **state)
{
    static const Fault faults[] = {
        { "types/paper.yaml", "{name: spent, kind: date", "{name: spent, once: maybe, kind: date", "once: ^maybe",
          ECODE_PACK_SHAPE },
        { "types/paper.yaml", "kind: money, currency: CNY, label: {zh: 金额",
          "kind: money, once: true, currency: CNY, label: {zh: 金额", "money, ^once", ECODE_PACK_KEY_UNKNOWN },
        { "types/paper.yaml", "to: draft, who", "from: [draft], who", "^from: [draft], who: [{roles: [author, admin",
          ECODE_PACK_KEY_UNKNOWN },
        { "types/person.yaml", "from: [active], ", "", "^{name: edit", ECODE_PACK_KEY_MISSING },
        { "types/organisation.yaml", "from: [active], ", "from: [active], to: active, ", "^to: active",
          ECODE_PACK_KEY_UNKNOWN },
        { "types/paper.yaml", "scale: 2, min: 0, max", "scale: 2, max", "^{name: score", ECODE_PACK_KEY_MISSING },
        { "types/paper.yaml", "min: 1, max: 500", "min: 1, max: 0", "max: ^0", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "kind: date,", "kind: date, max: 3,", "^max: 3", ECODE_PACK_KEY_UNKNOWN },
        { "types/review.yaml", "relations:\n",
          "relations:\n  - {name: own, label: {zh: 甲, en: A}, when: \"paper is missing\"}\n", "name: ^own",
          ECODE_PACK_RESERVED },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void fields_say_what_their_kind_allows(void **state)
{
    static const Fault faults[] = {
        { "types/paper.yaml", "currency: CNY, min", "currency: yuan, min", "currency: ^yuan", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "code: USD", "code: usd", "currency: ^grant_currency", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "kind: money, currency: CNY, label: {zh: 金额", "kind: money, label: {zh: 金额",
          "^{name: amount", ECODE_PACK_KEY_MISSING },
        { "types/paper.yaml", "{name: spent, kind: date", "{name: spent, kind: computed", "spent, kind: ^computed",
          ECODE_PACK_SHAPE },
        { "types/paper.yaml", "{name: item, kind: text, max: 60", "{name: item, kind: text, class: nda",
          "text, ^class: nda, label: {zh: 项目", ECODE_PACK_KEY_UNKNOWN },
        { "types/paper.yaml", "{name: paid_by", "{name: position", "{name: ^position", ECODE_PACK_RESERVED },
        { "types/paper.yaml", "{name: received, kind: date, default: today",
          "{name: received, kind: date, default: tomorrow", "default: ^tomorrow", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "default: actor", "default: organisation", "default: ^organisation", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "default: zh", "default: fr", "default: ^fr", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "kind: choices\n", "kind: choices\n    default: [ice, mud]\n", "[ice, ^mud]",
          ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "min: 1, max: 500", "min: 1, max: 500, default: 0", "default: ^0", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "translate: true", "translate: maybe", "translate: ^maybe", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "unique: owner", "unique: office", "unique: ^office", ECODE_PACK_VALUE },
        { "types/paper.yaml", "{name: logged, kind: instant", "{name: logged, unique: city, kind: instant",
          "^unique: city", ECODE_PACK_KEY_UNKNOWN },
        { "types/paper.yaml", "label: {zh: 长文, en: Long}, class: summary", "label: {zh: 长文, en: Long}",
          "^{name: lengthy", ECODE_PACK_KEY_MISSING },
        { "types/paper.yaml", "reference_date: received", "reference_date: logged", "reference_date: ^logged",
          ECODE_PACK_SHAPE },
        { "types/paper.yaml", "title: title\n", "title: topics\n", "title: ^topics", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "sort: title", "sort: expense_total", "sort: ^expense_total", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "types: [pdf, png]", "types: [pdf, pgn]", "types: [pdf, ^pgn]", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "max_mb: 1", "max_mb: 257", "max_mb: ^257", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "kind: files, max: 3", "kind: files, max: 0", "max: ^0", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "kind: file, max_mb", "kind: file, max: 2, max_mb", "^max: 2, max_mb",
          ECODE_PACK_KEY_UNKNOWN },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void forms_rules_and_steps_name_fields_that_people_fill_in(void **state)
{
    static const Fault faults[] = {
        { "types/paper.yaml", "[title, category, topics", "[title, title, topics", "[title, ^title, topics",
          ECODE_PACK_DUPLICATE },
        { "types/paper.yaml", "body, pages, pages_left]", "body, state, title_zh]", "body, ^state, title_zh",
          ECODE_PACK_RESERVED },
        { "types/paper.yaml", "state, title_zh]", "state, title_zh]", "state, ^title_zh", ECODE_PACK_RESERVED },
        { "types/paper.yaml", "[fee, grant, grant_currency", "[fee, gift, grant_currency", "[fee, ^gift",
          ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "field: grant_currency", "field: lengthy", "field: ^lengthy", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "rule: {zh: 支出不为负数, en: no expense is negative}\n    field", "field",
          "- ^when: \"not any(expenses", ECODE_PACK_KEY_MISSING },
        { "types/paper.yaml", "grant is missing or", "creator = actor() or", "\"creator = ^actor()",
          ECODE_PACK_EXPRESSION },
        { "types/paper.yaml", "inputs: [score]", "inputs: [score, lengthy]", "score, ^lengthy", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "required: [title, body]", "required: [title, lengthy]", "title, ^lengthy",
          ECODE_PACK_UNKNOWN },
        { "types/person.yaml", "erases: [name, phone]", "required: [name], erases: [name, number]", "erases: [^name",
          ECODE_PACK_SHAPE },
        { "types/person.yaml", "name, number]", "name, number]", "name, ^number]", ECODE_PACK_RESERVED },
        { "types/paper.yaml", "states:\n", "was: Paper\nstates:\n", "was: ^Paper", ECODE_PACK_NAME },
        { "pack.yaml", "calendar: office", "calendar: offices\ndrops: [Old]", "calendar: ^offices",
          ECODE_PACK_UNKNOWN },
        { "pack.yaml", "[Old]", "[Old]", "[^Old]", ECODE_PACK_NAME },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void documents_calendars_and_parameters_are_checked(void **state)
{
    static const Fault faults[] = {
        { "documents/acceptance.yaml", "{title}》（{number}）", "{title}》（{numer}）", "（{^numer}",
          ECODE_PACK_UNKNOWN },
        { "documents/acceptance.yaml", "pages, expenses]", "pages, costs]", "pages, ^costs", ECODE_PACK_UNKNOWN },
        { "documents/acceptance.yaml", "{zh: 主编, en: Editor}", "{zh: 主编}", "- ^{zh: 主编}", ECODE_PACK_LABEL },
        { "documents/acceptance.yaml", "[accepted]", "[printed]", "[^printed]", ECODE_PACK_UNKNOWN },
        { "documents/acceptance.yaml", "document: acceptance", "document: letter", "document: ^letter",
          ECODE_PACK_VALUE },
        { "calendars/office.yaml", "from: 2026-01-01, to: 2026-01-04", "from: 2027-01-01", "from: ^2027-01-01",
          ECODE_PACK_SHAPE },
        { "calendars/office.yaml", "to: 2026-02-20", "to: 2026-02-12", "to: ^2026-02-12", ECODE_PACK_SHAPE },
        { "calendars/office.yaml", "[2025, 2026]", "[2025, 2026, soon]", "2026, ^soon", ECODE_PACK_SHAPE },
        { "parameters/limits.yaml", "value: 80", "value: many", "value: ^many", ECODE_PACK_SHAPE },
        { "parameters/limits.yaml", "\"120.50\"", "\"120.505\"", "value: ^\"120.505\"", ECODE_PACK_SHAPE },
        { "parameters/limits.yaml", "name: fee_rate", "name: page_limit", "name: ^page_limit\n    label: {zh: 版面费率",
          ECODE_PACK_DUPLICATE },
        { "parameters/limits.yaml", "kind: integer", "kind: integer\n    scale: 2", "^scale: 2",
          ECODE_PACK_KEY_UNKNOWN },
        { "types/parameter.yaml", "{name: code, kind: text,", "{name: code, kind: long_text,", "^type: parameter",
          ECODE_PACK_PARTY },
        { "types/paper.yaml", "    guard:", "    decides: true\n    guard:", "^type: paper", ECODE_PACK_DECIDES },
        { "types/paper.yaml", "param('page_limit')", "param('limit')", "param(^'limit')", ECODE_PACK_EXPRESSION },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void steps_that_are_carried_must_be_there(void **state)
{
    static const Fault faults[] = {
        { "types/paper.yaml", "{step: lapse, each: review, when: \"state = 'asked'\"}",
          "{step: vanish, each: review}, {step: create, each: review}, {step: lapse, each: reviews}, {step: lapse},"
          " {step: lapse, each: expenses}, {step: lapse, on: title},"
          " {step: lapse, each: review, with: {verdict: remark}},"
          " {step: lapse, each: review, when: pages}, {step: lapse, each: review, where: x}",
          "{step: ^vanish", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "", "", "{step: ^create", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "", "", "each: ^reviews", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "", "", "^{step: lapse}", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "", "", "^{step: lapse, each: expenses}", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "", "", "on: ^title}", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "", "", "with: {verdict: ^remark", ECODE_PACK_SHAPE },
        { "types/paper.yaml", "", "", "when: ^pages}", ECODE_PACK_EXPRESSION },
        { "types/paper.yaml", "", "", "^where: x", ECODE_PACK_KEY_UNKNOWN },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void steps_that_are_awaited_are_steps_of_people(void **state)
{
    static const Fault faults[] = {
        { "types/review.yaml", "{name: suspend,", "{name: suspend, awaited: yes,", "awaited: ^yes", ECODE_PACK_SHAPE },
        { "types/review.yaml", "{name: lapse,", "{name: lapse, awaited: true,", "awaited: ^true, label: {zh: 逾期,",
          ECODE_PACK_SHAPE },
        { "types/review.yaml", "{name: create,", "{name: create, awaited: true,",
          "awaited: ^true, label: {zh: 约请评审", ECODE_PACK_SHAPE },
        { "types/review.yaml", "{name: go_on, label: {zh: 继续, en: Go on}, from: [asked],",
          "{name: go_on, awaited: true, label: {zh: 继续, en: Go on}, from: [],",
          "awaited: ^true, label: {zh: 继续, en: Go on}, from: []", ECODE_PACK_SHAPE },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void a_record_is_awaited_of_somebody_on_a_parent_in_some_state(void **state)
{
    static const Fault faults[] = {
        { "types/review.yaml", "{name: create,", "{name: create, awaited: {states: [lost], relation: nobody},",
          "relation: ^nobody", ECODE_PACK_UNKNOWN },
        { "types/review.yaml", "", "", "states: [^lost", ECODE_PACK_UNKNOWN },
        { "types/paper.yaml", "{name: create,", "{name: create, awaited: {states: [draft], relation: own},",
          "awaited: ^{states: [draft], relation: own}, label: {zh: 登记", ECODE_PACK_SHAPE },
    };
    static const Fault empty[] = {
        { "types/review.yaml", "{name: create,", "{name: create, awaited: {states: [], relation: own},",
          "awaited: ^{states: []", ECODE_PACK_SHAPE },
    };
    FAULTS_ARE_TOLD(*state, faults);
    FAULTS_ARE_TOLD(*state, empty);
}

static void rows_of_a_parameter_follow_each_other(void **state)
{
    static const Fault faults[] = {
        { "parameters/limits.yaml", "to: 2025-12-31", "to: 2026-01-01", "from: ^2026-01-01, source", ECODE_PACK_SHAPE },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void computed_fields_that_read_themselves_are_told_with_their_way(void **state)
{
    Arena     *arena = *state;
    PackSource source = mini_source(arena);
    PackFile  *paper = file_of(&source, STR("types/paper.yaml"));
    PackFile  *review = file_of(&source, STR("types/review.yaml"));
    paper->bytes = replaced(arena, paper->bytes, STR("\"pages > 50\""), STR("\"any(review where weighty)\""));
    review->bytes = replaced(arena, review->bytes, STR("\"length(remark) > 400\""), STR("\"paper.lengthy\""));
    Problems problems = problems_of(arena, &source);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].code, ECODE_PACK_CYCLE);
    assert_str_equal(problems.items[0].text.in[LANG_EN],
                     STR("paper.lengthy is computed from itself: paper.lengthy → review.weighty → paper.lengthy."));
}

static void what_reads_a_field_with_a_problem_has_none_of_its_own(void **state)
{
    static const char *const readers[] = { "sum(review.weighty) > 1", "max(review.weighty) > 1", "any(review.weighty)",
                                           "all(review where weighty)" };
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        Arena     *arena = *state;
        PackSource source = mini_source(arena);
        PackFile  *paper = file_of(&source, STR("types/paper.yaml"));
        PackFile  *review = file_of(&source, STR("types/review.yaml"));
        paper->bytes = replaced(arena, paper->bytes, STR("pages > 50"), str_from(readers[i]));
        review->bytes = replaced(arena, review->bytes, STR("length(remark) > 400"), STR("nothing + 1"));
        Problems problems = problems_of(arena, &source);
        assert_int_equal(problems.count, 1);
        assert_true(str_starts(problems.items[0].field, STR("types/review.yaml")));
    }
}

static void an_expression_may_be_as_long_as_the_language_takes(void **state)
{
    Arena *arena = *state;
    Buf    value = buf_new(arena, SIZE_MAX);
    buf_add(&value, STR("pages > 50"));
    while (value.len + STR(" and pages > 50").len <= LIMIT_FILTER_BYTES)
        buf_add(&value, STR(" and pages > 50"));
    changed(arena, "types/paper.yaml", "pages > 50", str_dup_z(arena, buf_str(&value)));
}

/* Computed fields f0, f1 … each of which reads the next, in this order or the other. */
static Str chain(Arena *arena, int count, bool backwards)
{
    Buf fields = buf_new(arena, SIZE_MAX);
    for (int i = 0; i < count; i++) {
        int which = backwards ? count - 1 - i : i;
        buf_printf(&fields, "  - {name: f%d, kind: computed, class: public, label: {zh: 甲, en: A}, value: \"", which);
        if (which + 1 < count)
            buf_printf(&fields, "f%d + 1\"}\n", which + 1);
        else
            buf_add(&fields, STR("1\"}\n"));
    }
    buf_add(&fields, STR("rules:\n"));
    return buf_str(&fields);
}

static void computed_fields_go_through_few_others(void **state)
{
    for (int backwards = 0; backwards < 2; backwards++) {
        Arena     *arena = *state;
        PackSource source = mini_source(arena);
        PackFile  *file = file_of(&source, STR("types/paper.yaml"));
        Str        text = file->bytes;
        changed(arena, "types/paper.yaml", "rules:\n", str_dup_z(arena, chain(arena, 16, backwards)));
        file->bytes = replaced(arena, text, STR("rules:\n"), chain(arena, 17, backwards));
        Problems problems = problems_of(arena, &source);
        assert_int_equal(problems.count, 1);
        assert_int_equal(problems.items[0].code, ECODE_PACK_SHAPE);
    }
}

static void what_binds_reads_a_parameter(void **state)
{
    static const Fault faults[] = {
        { "types/paper.yaml", "      - when: \"pages is missing or pages <= 100\"\n",
          "      - binding: true\n        when: \"pages is missing or pages <= 100\"\n", "binding: ^true",
          ECODE_PACK_BINDING },
    };
    FAULTS_ARE_TOLD(*state, faults);
    changed(*state, "types/paper.yaml", "      - when: \"pages is missing or pages <= 100\"\n",
            "      - binding: true\n        when: \"pages is missing or pages <= param('page_limit')\"\n");
}

static void who_writes_a_unique_value_sees_all_of_them(void **state)
{
    static const Fault faults[] = {
        { "types/paper.yaml", "unique: owner", "unique: city", "unique: ^city", ECODE_PACK_UNIQUE },
        { "types/organisation.yaml", "- {roles: [admin], clearance: secret}\n  - {clearance: {general: public}}",
          "- {roles: [admin], states: [active], clearance: secret}", "unique: ^city, max: 18", ECODE_PACK_UNIQUE },
    };
    FAULTS_ARE_TOLD(*state, faults); /* an author sees no papers of others, the administrator not what is closed */
    changed(*state, "types/organisation.yaml", "- {roles: [admin], clearance: secret}\n  ", ""); /* everybody sees it */
}

static void the_steps_are_there_that_the_program_takes(void **state)
{
    static const Fault faults[] = {
        { "types/membership.yaml", "name: end,", "name: finish,", NULL, ECODE_PACK_STEP },
        { "types/person.yaml", "who: [{roles: [admin]}], required: [name]}",
          "who: [{roles: [admin]}], required: [name, phone]}", "^{name: create", ECODE_PACK_STEP },
        { "types/organisation.yaml", "title: name", "title: code", "title: ^code", ECODE_PACK_SHAPE },
    };
    static const Fault other[] = {
        { "types/membership.yaml", "to: ended, who: [{roles: [admin]}], inputs: [valid_to]",
          "to: ended, who: [{roles: [admin]}]", "^{name: end,", ECODE_PACK_STEP },
    };
    FAULTS_ARE_TOLD(*state, faults);
    FAULTS_ARE_TOLD(*state, other);
}

#define CLOCK(rest)                                                                                                    \
    "types/review.yaml", "clocks:\n", "clocks:\n  - {label: {zh: 钟, en: Clock}, kind: working, " rest "}\n"

static void clocks_are_moved_by_steps_that_are_there(void **state)
{
    static const Fault faults[] = {
        { CLOCK("name: a, days: 1, start: [sleep]"), "[^sleep]", ECODE_PACK_UNKNOWN },
        { CLOCK("name: b, days: 1, start: [give], stop: [give]"), "b, days: 1, start: [give], stop: ^[give]",
          ECODE_PACK_SHAPE },
        { CLOCK("name: c, days: 1, start: []"), "c, days: 1, start: ^[]", ECODE_PACK_SHAPE },
        { CLOCK("name: d, days: 1, start: [create], pause: [suspend]"), "d, days: 1, start: [create], pause: ^[",
          ECODE_PACK_SHAPE },
        { CLOCK("name: e, days: 1, start: [create], expires: lapse"), "e, days: 1, start: [create], expires: ^lapse",
          ECODE_PACK_CLOCK }, /* it runs on when the review is given */
        { CLOCK("name: f, days: 1, start: [create], stop: [lapse], expires: give"), "stop: [lapse], expires: ^give",
          ECODE_PACK_SHAPE }, /* which requires a verdict */
        { CLOCK("name: g, days: 1, start: [lapse], stop: [give], expires: lapse"), "stop: [give], expires: ^lapse",
          ECODE_PACK_SHAPE },
        { CLOCK("name: h, days: 1, start: [create], expires: sleep"), "h, days: 1, start: [create], expires: ^sleep",
          ECODE_PACK_UNKNOWN },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void clocks_have_a_length_and_an_end(void **state)
{
    static const Fault faults[] = {
        { CLOCK("name: a, days: 0, start: [give]"), "a, days: ^0", ECODE_PACK_SHAPE },
        { CLOCK("name: b, days: 36501, start: [give]"), "days: ^36501", ECODE_PACK_SHAPE },
        { CLOCK("name: c, start: [give]"), "^{label: {zh: 钟, en: Clock}, kind: working, name: c", ECODE_PACK_SHAPE },
        { CLOCK("name: d, days: 3, param: page_limit, start: [give]"), "d, days: ^3", ECODE_PACK_SHAPE },
        { CLOCK("name: e, param: fee_rate, start: [give]"), "param: ^fee_rate", ECODE_PACK_UNKNOWN },
        { CLOCK("name: f, days: 3, start: [give], rolls: true"), "[give], rolls: ^true", ECODE_PACK_SHAPE },
        { CLOCK("name: g, days: 3, start: [give], ends: \"24:01\""), "ends: ^\"24:01", ECODE_PACK_SHAPE },
        { CLOCK("name: h, days: 3, start: [give], ends: \"5 pm\""), "ends: ^\"5 pm", ECODE_PACK_SHAPE },
        { CLOCK("name: i, days: 3, start: [give], class: top"), "class: ^top", ECODE_PACK_VALUE },
        { "types/review.yaml", "clocks:\n",
          "clocks:\n  - {label: {zh: 钟, en: Clock}, kind: calendar, name: j, until: verdict, start: [give]}\n",
          "until: ^verdict", ECODE_PACK_EXPRESSION },
        { "types/review.yaml", "    expires: lapse\n", "    expires: lapse\n    waits: true\n", "waits: ^true",
          ECODE_PACK_SHAPE },
        { CLOCK("name: k, days: 3, start: [give], before: 1"), "before: ^1", ECODE_PACK_SHAPE },
        { CLOCK("name: l, days: 3, start: [give], before: 0"), "before: ^0", ECODE_PACK_SHAPE },
        { CLOCK("name: answer, days: 3, start: [give], was: x"), "name: ^answer\n", ECODE_PACK_DUPLICATE },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void no_field_is_called_as_one_of_a_clock(void **state)
{
    PackSource source = mini_source(*state);
    PackFile  *file = file_of(&source, STR("types/review.yaml"));
    file->bytes = replaced(*state, file->bytes, STR("fields:\n"),
                           STR("fields:\n  - {name: answer_due, kind: date, label: {zh: 日, en: Day}}\n"));
    Problems problems = problems_of(*state, &source);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].code, ECODE_PACK_DUPLICATE);
}

static void steps_and_forms_take_no_field_of_a_clock(void **state)
{
    static const Fault faults[] = {
        { "types/review.yaml", "inputs: [verdict, remark]", "inputs: [verdict, remark, answer_due]",
          "remark, ^answer_due", ECODE_PACK_RESERVED },
        { "types/review.yaml", "states:\n", "form: [{section: {zh: 一, en: One}, fields: [answer_due]}]\nstates:\n",
          "fields: [^answer_due", ECODE_PACK_RESERVED },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void a_clock_is_four_fields(void **state)
{
    const Type  *review = pack_type(pack_of(*state, MINI), STR("review"));
    const Clock *answer = &review->clocks[0], *thanks = &review->clocks[1];
    assert_int_equal(review->clock_count, 2);
    assert_true(answer->working && !answer->rolls && answer->days == 10 && answer->ends == 24 * 60);
    assert_int_equal(answer->expires, type_action(review, STR("lapse"))->index);
    assert_int_equal(answer->starts, UINT64_C(1) << type_action(review, STR("create"))->index);
    assert_true(!thanks->working && thanks->rolls && thanks->expires < 0);
    const Field *due = type_field(review, STR("answer_due"));
    assert_true(due == &review->fields[answer->first + CLOCK_DUE] && due->clock == answer && !due->system);
    assert_true(due->kind == FIELD_DATE && due->class == CLASS_PUBLIC && due->index < review->stored_count);
    assert_str_equal(due->label.in[LANG_EN], STR("Time to review: due"));
    const Field *days = type_field(review, STR("thanks_days"));
    assert_true(days->kind == FIELD_INTEGER && days->class == CLASS_NDA && days->compartment == 1);
    assert_false(
        field_among(type_action(review, STR("create"))->inputs, type_action(review, STR("create"))->input_count, due));
}

static void a_pack_with_ten_faults_has_these_ten(void **state)
{
    static const struct {
        const char *place;
        ErrCode     code;
    } faults[] = {
        { "types/paper.yaml:4:9", ECODE_PACK_SHAPE },        { "types/paper.yaml:8:41", ECODE_PACK_LABEL },
        { "types/paper.yaml:9:12", ECODE_PACK_DUPLICATE },   { "types/paper.yaml:10:42", ECODE_PACK_CYCLE },
        { "types/paper.yaml:11:41", ECODE_PACK_CYCLE },      { "types/paper.yaml:13:40", ECODE_PACK_EXPRESSION },
        { "types/paper.yaml:18:5", ECODE_PACK_UNREACHABLE }, { "types/paper.yaml:20:61", ECODE_PACK_EXPRESSION },
        { "types/paper.yaml:24:14", ECODE_PACK_ROLE },       { "types/paper.yaml:33:30", ECODE_PACK_EXPRESSION },
    };
    PackSource source;
    assert_ok(pack_source_read(*state, FAULTY, &source));
    Problems problems = problems_of(*state, &source);
    assert_int_equal(problems.count, sizeof faults / sizeof *faults);
    for (size_t i = 0; i < problems.count; i++) {
        assert_str_equal(problems.items[i].field, str_from(faults[i].place));
        assert_int_equal(problems.items[i].code, faults[i].code);
    }
}

static void an_expression_outside_the_filter_subset_is_no_relation(void **state)
{
    static const Fault faults[] = {
        { "types/paper.yaml", "\"any(review where reviewer = actor())\"", "\"pages + 1 > 2\"", "\"^pages + 1",
          ECODE_PACK_EXPRESSION },
        { "types/review.yaml", "\"reviewer = actor()\"", "\"reviewer = 3\"", "\"reviewer = ^3", ECODE_PACK_EXPRESSION },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void a_file_that_cannot_be_read_is_not_held_against_others(void **state)
{
    static const Fault faults[] = {
        { "types/person.yaml", "fields:", "fields: [", "^access:", ECODE_PACK_YAML },
        { "types/review.yaml", "label: {zh: 评审, en: Review}", "label: Review", "label: ^Review", ECODE_PACK_SHAPE },
    };
    Arena     *arena = *state;
    PackSource source = mini_source(arena);
    for (size_t i = 0; i < 2; i++) {
        PackFile *file = file_of(&source, str_from(faults[i].path));
        file->bytes = replaced(arena, file->bytes, str_from(faults[i].from), str_from(faults[i].to));
    }
    Problems problems = problems_of(arena, &source);
    print_problems(&problems);
    assert_int_equal(problems.count, 2);
    assert_int_equal(problems.items[0].code, ECODE_PACK_YAML);
    assert_true(str_starts(problems.items[0].field, STR("types/person.yaml:")));
    expect(&problems, fault_place(arena, &faults[1], file_of(&source, STR("types/review.yaml"))->bytes),
           ECODE_PACK_SHAPE);
}

static void files_that_do_not_belong_are_told(void **state)
{
    Arena     *arena = *state;
    PackSource mini = mini_source(arena);
    PackFile  *files = ARENA_ARRAY(arena, PackFile, mini.count + 2);
    const Str  strays[] = { STR_INIT("type/paper.yaml"), STR_INIT("types/Paper.yaml") };
    for (size_t i = 0; i < 2; i++)
        files[i] = (PackFile){ strays[i], STR("{}") };
    memcpy(files + 2, mini.files, mini.count * sizeof *files);
    Problems problems = problems_of(arena, &(PackSource){ files, mini.count + 2 });
    assert_int_equal(problems.count, 2);
    expect(&problems, STR("type/paper.yaml:1:1"), ECODE_PACK_FILE);
    expect(&problems, STR("types/Paper.yaml:1:1"), ECODE_PACK_FILE);
}

static void a_pack_needs_its_roles_and_its_parties(void **state)
{
    Arena     *arena = *state;
    PackSource mini = mini_source(arena);
    PackFile   head = *file_of(&mini, STR("pack.yaml")), roles = *file_of(&mini, STR("roles.yaml"));
    head.bytes = replaced(arena, head.bytes, STR("order: [paper, review]\ncalendar: office\n"), STR(""));
    Problems problems = problems_of(arena, &(PackSource){ &head, 1 });
    assert_int_equal(problems.count, 1);
    expect(&problems, STR("roles.yaml:1:1"), ECODE_FILE_MISSING);
    problems = problems_of(arena, &(PackSource){ (PackFile[]){ head, roles }, 2 });
    expect(&problems, STR("pack.yaml:1:1"), ECODE_PACK_PARTY);
    assert_int_equal(problems.count, 7); /* each field that is missing */
}

static void a_type_is_called_as_its_file(void **state)
{
    static const Fault faults[] = {
        { "types/review.yaml", "type: review", "type: paper", "type: ^paper", ECODE_PACK_VALUE },
    };
    FAULTS_ARE_TOLD(*state, faults);
}

/* ---- what a type holds beyond plain fields ---- */

static const Field *paper_field(Arena *arena, const char *name)
{
    const Field *field = type_field(pack_type(pack_of(arena, MINI), STR("paper")), str_from(name));
    if (!field)
        fail_msg("a paper has no field %s", name);
    return field;
}

static void every_kind_of_field_occurs_in_the_mini_pack(void **state)
{
    const Type *paper = pack_type(pack_of(*state, MINI), STR("paper"));
    bool        seen[FIELD_KIND_COUNT] = { false };
    for (size_t i = SYS_COUNT; i < paper->field_count; i++)
        seen[paper->fields[i].kind] = true;
    for (int kind = 0; kind < FIELD_KIND_COUNT; kind++)
        if (!seen[kind])
            fail_msg("no field of a paper is of the kind %.*s", STR_FMT(field_kinds[kind].name));
}

static void an_amount_has_its_own_currency_or_that_of_a_sibling(void **state)
{
    const Field *fee = paper_field(*state, "fee"), *grant = paper_field(*state, "grant");
    assert_str_equal(fee->currency, STR("CNY"));
    assert_true(fee->scale == 2 && fee->bounded && fee->min == 0 && fee->max == 10000000);
    assert_int_equal(fee->currency_field, -1);
    assert_int_equal(grant->currency.len, 0);
    assert_str_equal(grant->type->fields[grant->currency_field].name, STR("grant_currency"));
}

static void a_field_of_files_says_how_many_how_large_and_of_which_types(void **state)
{
    const Type  *paper = pack_type(pack_of(*state, MINI), STR("paper"));
    const Field *scan = type_field(paper, STR("scan")), *annexes = type_field(paper, STR("annexes"));
    uint64_t     pdf = UINT64_C(1) << (file_type_coded(STR("pdf")) - file_types),
             png = UINT64_C(1) << (file_type_coded(STR("png")) - file_types);
    assert_true(scan->kind == FIELD_FILE && scan->max_files == 1 && scan->max_bytes == 1 << 20);
    assert_true(scan->file_types == (pdf | png));
    assert_true(annexes->kind == FIELD_FILES && annexes->max_files == 3 && annexes->max_bytes == 20 << 20);
    assert_true(annexes->file_types == (UINT64_C(1) << file_type_count) - 1);
}

static void a_translated_text_has_its_siblings_right_behind_it(void **state)
{
    const Field *title = paper_field(*state, "title"), *zh = title + 1, *en = title + 2;
    assert_true(title->has_translations && title->translation_of == -1);
    assert_int_equal(title->translations[LANG_ZH], zh->index);
    assert_int_equal(title->translations[LANG_EN], en->index);
    assert_str_equal(zh->name, STR("title_zh"));
    assert_str_equal(en->name, STR("title_en"));
    assert_str_equal(en->label.in[LANG_EN], STR("Title (English)"));
    assert_str_equal(en->label.in[LANG_ZH], STR("标题（英文）"));
    assert_int_equal(en->translation_of, title->index);
    assert_false(en->has_translations);
    assert_true(en->kind == title->kind && en->max_points == title->max_points && en->class == title->class);
}

static void a_step_that_takes_a_text_takes_its_translations(void **state)
{
    const Pack   *pack = changed(*state, "types/paper.yaml", "inputs: [score]", "inputs: [title, score]");
    const Action *accept = type_action(pack_type(pack, STR("paper")), STR("accept"));
    const Field  *title = type_field(pack_type(pack, STR("paper")), STR("title"));
    assert_int_equal(accept->input_count, 4);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(accept->inputs[i], title->index + i);
}

static void child_rows_have_a_type_that_is_no_record_type(void **state)
{
    const Pack  *pack = pack_of(*state, MINI);
    const Field *expenses = type_field(pack_type(pack, STR("paper")), STR("expenses"));
    const Type  *rows = expenses->rows;
    assert_null(pack_type(pack, STR("expenses")));
    assert_str_equal(rows->table, STR("r_paper.expenses"));
    assert_ptr_equal(rows->row_of, expenses);
    assert_ptr_equal(rows->pack, pack);
    assert_int_equal(rows->field_count, ROW_COLUMNS + 4);
    assert_int_equal(rows->stored_count, rows->field_count);
    assert_true(rows->state_count == 0 && rows->action_count == 0);
    assert_ptr_equal(rows->fields[ROW_PARENT].target, expenses->type);
    assert_int_equal(rows->fields[ROW_POSITION].kind, FIELD_INTEGER);
    assert_str_equal(rows->fields[ROW_COLUMNS + 1].name, STR("amount"));
    assert_str_equal(rows->fields[ROW_COLUMNS + 1].currency, STR("CNY"));
    for (size_t i = 0; i < rows->field_count; i++) {
        assert_ptr_equal(rows->fields[i].type, rows);
        assert_int_equal(rows->fields[i].index, i);
        assert_int_equal(rows->fields[i].class, CLASS_NDA);
        assert_int_equal(rows->fields[i].compartment, expenses->compartment);
    }
}

static void computed_fields_stand_last_and_know_what_they_give(void **state)
{
    const Type  *paper = pack_type(pack_of(*state, MINI), STR("paper"));
    const Field *total = type_field(paper, STR("expense_total")), *lengthy = type_field(paper, STR("lengthy"));
    const Field *left = type_field(paper, STR("pages_left"));
    assert_int_equal(paper->field_count - paper->stored_count, 3);
    for (size_t i = 0; i < paper->field_count; i++)
        assert_int_equal(paper->fields[i].kind == FIELD_COMPUTED, i >= paper->stored_count);
    assert_true(total->result.kind == VALUE_DECIMAL && total->result.scale == 2 && !total->filterable);
    assert_true(left->result.kind == VALUE_INTEGER && !left->filterable);
    assert_true(lengthy->result.kind == VALUE_BOOLEAN && lengthy->filterable);
    assert_non_null(total->formula);
    assert_str_equal(total->formula_text, STR("sum(expenses.amount)"));
}

static void a_formula_may_read_others_of_any_type(void **state)
{
    const Pack  *pack = changed(*state, "types/paper.yaml", "\"pages > 50\"",
                                "\"count(review where weighty) + pages_left * 1.5 > 4\"");
    const Type  *paper = pack_type(pack, STR("paper"));
    const Field *lengthy = type_field(paper, STR("lengthy"));
    assert_true(lengthy->result.kind == VALUE_BOOLEAN && !lengthy->filterable); /* it reads what SQL does not know */
    assert_int_equal(type_field(pack_type(pack, STR("review")), STR("weighty"))->result.kind, VALUE_BOOLEAN);
}

static void fields_say_their_defaults(void **state)
{
    static const struct {
        const char *field;
        DefaultKind kind;
    } defaults[] = {
        { "received", DEFAULT_TODAY }, { "logged", DEFAULT_NOW }, { "contact", DEFAULT_ACTOR },
        { "language", DEFAULT_VALUE }, { "title", DEFAULT_NONE },
    };
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        assert_int_equal(paper_field(*state, defaults[i].field)->default_kind, defaults[i].kind);
    assert_str_equal(paper_field(*state, "language")->default_value.text, STR("zh"));
}

static void default_is(Arena *arena, const char *field, const char *from, const char *to, Value value)
{
    const Type  *paper = pack_type(changed(arena, "types/paper.yaml", from, to), STR("paper"));
    const Field *given = type_field(paper, str_from(field));
    assert_int_equal(given->default_kind, DEFAULT_VALUE);
    assert_true(value_eq(given->default_value, value));
}

static void a_default_is_written_as_in_json(void **state)
{
    int64_t day;
    assert_true(date_parse(STR("2026-03-02"), &day));
    default_is(*state, "pages", "kind: integer,", "kind: integer, default: 12,", value_int(12));
    default_is(*state, "score", "kind: decimal,", "kind: decimal, default: 1.5,", value_decimal((Decimal){ 150, 2 }));
    default_is(*state, "fee", "kind: money,", "kind: money, default: \"99.90\",", value_decimal((Decimal){ 9990, 2 }));
    default_is(*state, "open", "kind: boolean,", "kind: boolean, default: false,", value_bool(false));
    default_is(*state, "due", "kind: date,", "kind: date, default: 2026-03-02,", value_date(day));
    default_is(*state, "title", "kind: text,", "kind: text, default: today,", value_text(STR("today")));
    default_is(*state, "topics", "kind: choices\n", "kind: choices\n    default: [steam, ice]\n",
               value_list(STR("ice,steam"))); /* in the order of the choices */
}

static void every_field_stands_in_one_section_behind_it_its_translations(void **state)
{
    const Type *paper = pack_type(pack_of(*state, MINI), STR("paper"));
    const Type *review = pack_type(pack_of(*state, MINI), STR("review"));
    size_t      seen[FIELDS_MAX] = { 0 };
    assert_int_equal(paper->section_count, 3);
    assert_str_equal(paper->sections[0].label.in[LANG_ZH], STR("稿件"));
    assert_str_equal(paper->sections[0].help.in[LANG_EN], STR("What reviewers read."));
    assert_str_equal(paper->fields[paper->sections[0].fields[1]].name, STR("title_zh"));
    assert_str_equal(paper->fields[paper->sections[0].fields[2]].name, STR("title_en"));
    assert_str_equal(paper->sections[2].label.in[LANG_EN], STR("Other"));
    for (size_t s = 0; s < paper->section_count; s++)
        for (size_t i = 0; i < paper->sections[s].field_count; i++)
            seen[paper->sections[s].fields[i]]++;
    for (size_t i = 0; i < paper->field_count; i++)
        assert_int_equal(seen[i], i < SYS_COUNT ? 0 : 1);
    assert_int_equal(review->section_count, 1); /* without a form: one, that needs no heading */
    assert_int_equal(review->sections[0].label.in[LANG_ZH].len, 0);
    assert_int_equal(review->sections[0].field_count,
                     review->field_count - SYS_COUNT - review->clock_count * CLOCK_FIELDS);
}

static void rules_hold_for_every_record_of_a_type(void **state)
{
    const Type *paper = pack_type(pack_of(*state, MINI), STR("paper"));
    assert_int_equal(paper->rule_count, 2);
    assert_non_null(paper->rules[0].when);
    assert_str_equal(paper->fields[paper->rules[0].field].name, STR("grant_currency"));
    assert_str_equal(paper->rules[0].helps.in[LANG_EN], STR("choose the currency"));
    assert_str_equal(paper->rules[1].text, STR("not any(expenses where amount < 0)"));
    assert_int_equal(paper->reference_date, type_field(paper, STR("received"))->index);
}

static void a_step_may_erase(void **state)
{
    const Pack   *pack = pack_of(*state, MINI);
    const Action *erase = type_action(pack->person, STR("erase"));
    const Field  *erased = &pack->person->fields[SYS_ERASED];
    assert_int_equal(erase->erase_count, 2);
    assert_str_equal(pack->person->fields[erase->erases[1]].name, STR("phone"));
    assert_non_null(field_choice(erased, STR("phone"))); /* what may be said to be erased */
    assert_null(field_choice(erased, STR("state")));
    assert_int_equal(erased->class, CLASS_SECRET);
}

static void a_document_says_what_is_printed(void **state)
{
    const Type     *paper = pack_type(pack_of(*state, MINI), STR("paper"));
    const Document *letter = paper->documents;
    assert_int_equal(paper->document_count, 1);
    assert_str_equal(letter->name, STR("acceptance"));
    assert_int_equal(letter->states, UINT64_C(1) << type_state(paper, STR("accepted")));
    assert_int_equal(letter->block_count, 3);
    assert_int_equal(letter->blocks[0].kind, BLOCK_TEXT);
    assert_true(str_starts(letter->blocks[0].text.in[LANG_EN], STR("The paper")));
    assert_true(letter->blocks[1].kind == BLOCK_FIELDS && letter->blocks[1].field_count == 4);
    assert_true(letter->blocks[2].kind == BLOCK_SIGNATURES && letter->blocks[2].signature_count == 2);
}

static void a_calendar_lists_the_days_that_are_not_as_their_week_says(void **state)
{
    const WorkCalendar *office = pack_of(*state, MINI)->calendar;
    int64_t             saturday, thursday;
    assert_true(date_parse(STR("2025-12-27"), &saturday));
    assert_true(date_parse(STR("2026-01-01"), &thursday));
    assert_str_equal(office->name, STR("office"));
    assert_int_equal(office->week, WORK_WEEK_USUAL);
    assert_true(office->year_count == 2 && office->years[0] == 2025 && office->years[1] == 2026);
    assert_int_equal(office->exception_count, 1 + 2 + 5); /* 3 and 4 January 2026 are a weekend anyway */
    assert_true(office->exceptions[0].day == saturday && office->exceptions[0].works);
    assert_true(office->exceptions[1].day == thursday && !office->exceptions[1].works);
    for (size_t i = 1; i < office->exception_count; i++)
        assert_true(office->exceptions[i - 1].day < office->exceptions[i].day);
}

static void parameters_have_rows_in_the_order_of_their_days(void **state)
{
    const Pack      *pack = pack_of(*state, MINI);
    const Parameter *limit = pack_parameter(pack, STR("page_limit")), *rate = pack_parameter(pack, STR("fee_rate"));
    assert_int_equal(pack->parameter_count, 2);
    assert_int_equal(limit->kind, FIELD_INTEGER);
    assert_int_equal(limit->row_count, 2);
    assert_int_equal(limit->rows[0].value.number, 80);
    assert_true(limit->rows[0].to + 1 == limit->rows[1].from && limit->rows[1].to == INT64_MAX);
    assert_true(rate->kind == FIELD_DECIMAL && rate->scale == 2 && rate->rows[0].value.number == 12050);
    assert_str_equal(rate->rows[0].source.in[LANG_ZH], STR("投稿须知第一版"));
    assert_ptr_equal(pack->parameter, pack_type(pack, STR("parameter")));
}

/* ---- limits of what may be said ---- */

static void a_city_may_lie_west_or_east(void **state)
{
    static const char *const wrong[] = { "\"+8:00\"", "\"+08:60\"", "\"+14:01\"",
                                         "\"08:00\"", "\"+08-00\"", "\"+-8:00\"" };
    assert_int_equal(changed(*state, "pack.yaml", "+08:00", "-03:30")->utc_offset_minutes, -210);
    assert_int_equal(changed(*state, "pack.yaml", "+08:00", "+14:00")->utc_offset_minutes, 840);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Str         at = str_printf(*state, "utc_offset: ^%s", wrong[i]);
        const Fault fault = { "pack.yaml", "\"+08:00\"", wrong[i], str_dup_z(*state, at), ECODE_PACK_SHAPE };
        faults_are_told(*state, &fault, 1);
    }
}

static void a_type_that_nobody_creates_by_hand_begins_in_its_first_state(void **state)
{
    const Pack *pack = changed(*state, "types/parameter.yaml",
                               "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [admin]}], "
                               "required: [code, value, valid_from]}\n",
                               "");
    assert_null(type_action(pack_type(pack, STR("parameter")), STR("create")));
}

static void problems_come_sorted_and_at_most_so_many(void **state)
{
    Arena     *arena = *state;
    PackSource source = mini_source(arena);
    Buf        roles = buf_new(arena, 1 << 20);
    buf_add(&roles, STR("roles:\n"));
    for (int i = 0; i < 60; i++)
        buf_add(&roles, STR("  - {nam: x, labl: y, user: z, of: w}\n"));
    file_of(&source, STR("roles.yaml"))->bytes = buf_str(&roles);
    Problems problems = problems_of(arena, &source);
    assert_int_equal(problems.count, PROBLEMS_MAX);
    expect_sorted(&problems);
    for (size_t i = 0; i < problems.count; i++)
        assert_true(problems.items[i].text.in[LANG_ZH].len && problems.items[i].text.in[LANG_EN].len);
}

/* ---- YAML ---- */

static const PackNode *tree_of(Arena *arena, Str text, Problems *problems)
{
    PackFile *file = ARENA_NEW(arena, PackFile);
    *file = (PackFile){ STR("a.yaml"), text };
    PackLog        *log = pack_log_new(arena);
    const PackNode *tree = pack_yaml_parse(arena, file, log);
    *problems = (Problems){ .arena = arena };
    pack_log_sorted(log, problems);
    return tree;
}

static Str repeated(Arena *arena, Str part, size_t count)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        buf_add(&buf, part);
    return buf_str(&buf);
}

static void refused(Arena *arena, Str text, Str place)
{
    Problems problems;
    if (tree_of(arena, text, &problems))
        fail_msg("taken: %.60s", text.ptr);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].code, ECODE_PACK_YAML);
    assert_str_equal(problems.items[0].field, place);
}

/* The Chinese text would hold libyaml's English words where nothing better is known. */
static void usual_slips_of_yaml_are_told_in_both_languages(void **state)
{
    static const struct {
        const char *text, *told;
    } slips[] = {
        { "a: {zh: 甲，en: b}", "逗号或右花括号" },
        { "a: [b, c\nd: e", "逗号或右方括号" },
        { "a: \"b\" c", "“键: 值”" },
        { "a:\n  - b\n  c: d", "列表的下一项" },
        { "a: b\nc:d\ne: f", "半角冒号和空格" },
        { "a： b\nc: d", "此处不能有冒号" },
        { "a: - b", "另起一行" },
        { "a:\n  b: c\n\td: e", "不用制表符" },
        { "a: @b", "值不能以此字符或制表符开头" },
        { "a: \"b", "引号没有闭合" },
        { "a: \"\\d\"", "反斜杠" },
        { "a: {b: c, , d: e}", "此处应有一个值" },
        { "a: b\x01", "不能用于文本文件" },
    };
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        Problems problems;
        assert_false(tree_of(*state, str_from(slips[i].text), &problems));
        Text told = problems.items[0].text;
        if (str_find(told.in[LANG_ZH], str_from(slips[i].told)) == told.in[LANG_ZH].len)
            fail_msg("%s: %.*s", slips[i].text, STR_FMT(told.in[LANG_EN]));
    }
}

static void hostile_yaml_is_refused_where_it_turns_hostile(void **state)
{
    Arena *arena = *state;
    refused(arena, STR(""), STR("a.yaml:1:1"));
    refused(arena, STR("# nothing\n"), STR("a.yaml:2:1"));
    refused(arena, STR("a: &x 1\nb: *x\n"), STR("a.yaml:1:4"));
    refused(arena, STR("a: 1\nb: *x\n"), STR("a.yaml:2:4"));
    refused(arena, STR("a: !!python/object 1\n"), STR("a.yaml:1:4"));
    refused(arena, STR("&k a: 1\n"), STR("a.yaml:1:1"));
    refused(arena, STR("a: 1\n---\nb: 2\n"), STR("a.yaml:2:1"));
    refused(arena, STR("? [a]\n: b\n"), STR("a.yaml:1:3"));
    refused(arena, STR("a: \xFF\xFE\n"), STR("a.yaml:1:1"));
    refused(arena, STR("\xFE\xFF\0a"), STR("a.yaml:1:1"));
    refused(arena, STR("a: \0"), STR("a.yaml:1:4"));
    refused(arena, STR("a: {b: c\n"), STR("a.yaml:2:1"));
    refused(arena, STR("a: 'b\n"), STR("a.yaml:2:1"));
}

static void yaml_is_bounded_in_depth_nodes_keys_and_bytes(void **state)
{
    Arena   *arena = *state;
    Problems problems;
    Str      open = repeated(arena, STR("["), PACK_DEPTH_MAX), close = repeated(arena, STR("]"), PACK_DEPTH_MAX);
    assert_non_null(tree_of(arena, str_printf(arena, "%.*s%.*s", STR_FMT(open), STR_FMT(close)), &problems));
    refused(arena, str_printf(arena, "[%.*s%.*s]", STR_FMT(open), STR_FMT(close)), STR("a.yaml:1:17"));
    refused(arena, repeated(arena, STR("["), 500000), STR("a.yaml:1:17"));
    refused(arena, repeated(arena, STR("- a\n"), PACK_NODES_MAX), STR("a.yaml:20000:3")); /* and the list itself */
    assert_non_null(tree_of(arena, repeated(arena, STR("- a\n"), PACK_NODES_MAX - 1), &problems));
    Buf keys = buf_new(arena, SIZE_MAX);
    for (int i = 0; i <= PACK_KEYS_MAX; i++)
        buf_printf(&keys, "k%d: v\n", i);
    refused(arena, buf_str(&keys), STR("a.yaml:101:1"));
    refused(arena, repeated(arena, STR("# a comment\n"), LIMIT_PACK_FILE_BYTES / 8), STR("a.yaml:1:1"));
}

static void a_character_of_a_scalar_has_its_place(void **state)
{
    static const struct {
        const char *text;
        size_t      position;
        const char *place;
    } cases[] = {
        { "when: pages > 3", 7, "a.yaml:1:13" },
        { "when: \"pages > 3\"", 7, "a.yaml:1:14" },
        { "when: 'state = ''draft'' or'", 17, "a.yaml:1:26" },
        { "when: \"state = \\\"x\\\" or\"", 13, "a.yaml:1:22" },
        { "when: \"\\u4e2d文 x\"", 2, "a.yaml:1:14" },
        { "when: \"名称 is\"", 4, "a.yaml:1:11" },
        { "when: a\n  or b", 3, "a.yaml:2:3" },
        { "when: \"a  \n\n  or b\"", 3, "a.yaml:3:3" },
        { "when: \"a\\\n  or b\"", 2, "a.yaml:2:3" },
        { "when: |\n  a or\n  b\n", 5, "a.yaml:1:7" },
        { "\xEF\xBB\xBFwhen: pages", 2, "a.yaml:1:9" },
        { "when: x", 99, "a.yaml:1:8" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Problems        problems;
        const PackNode *tree = tree_of(*state, str_from(cases[i].text), &problems);
        const PackNode *when = pack_node_get(tree, STR("when"));
        if (!when)
            fail_msg("case %zu has no `when`", i);
        Str place = pack_place_text(*state, pack_node_place_in(when, cases[i].position));
        if (!str_eq(place, str_from(cases[i].place)))
            fail_msg("case %zu: %.*s instead of %s", i, STR_FMT(place), cases[i].place);
    }
}

/* ---- the manual ---- */

/* The loader's tables of keys are written { STR_INIT("key"), true }: whether a key is needed. */
static size_t keys_told(Arena *arena, Str source, const char *path, Str manual)
{
    static const Str mark = STR_INIT("{ STR_INIT(\"");
    size_t           keys = 0;
    for (size_t at; (at = str_find(source, mark)) < source.len;) {
        source = str_slice(source, at + mark.len, source.len);
        Str key = str_cut(&source, '"');
        if (!str_starts(source, STR("), true }")) && !str_starts(source, STR("), false }")))
            continue;
        keys++;
        if (str_find(manual, str_printf(arena, "%.*s:", STR_FMT(key))) == manual.len)
            fail_msg("%s does not show the key %.*s", path, STR_FMT(key));
    }
    return keys;
}

static void the_manual_shows_every_key(Arena *arena, const char *path)
{
    static const char *const sources[] = {
        "src/kernel/pack_documents.c", "src/kernel/pack_fields.c", "src/kernel/pack_forms.c",
        "src/kernel/pack_kinds.c",     "src/kernel/pack_names.c",  "src/kernel/pack_policy.c",
        "src/kernel/pack_records.c",   "src/kernel/pack_steps.c",
    };
    Str    manual, source;
    size_t keys = 0;
    assert_ok(file_read(arena, str_from(path), LIMIT_PACK_FILE_BYTES, &manual));
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        assert_ok(file_read(arena, str_from(sources[i]), LIMIT_PACK_FILE_BYTES, &source));
        size_t found = keys_told(arena, source, path, manual);
        if (found == 0)
            fail_msg("%s has no table of keys", sources[i]);
        keys += found;
    }
    assert_true(keys > 100);
}

static void the_manual_shows_every_key_in_both_languages(void **state)
{
    the_manual_shows_every_key(*state, "docs/PACKS.md");
    the_manual_shows_every_key(*state, "docs/PACKS.zh-CN.md");
}

static void a_folder_without_a_pack_is_missing(void **state)
{
    PackSource source;
    assert_err(pack_source_read(*state, STR("packs/nowhere"), &source), ECODE_PACK_MISSING);
    assert_err(pack_source_read(*state, STR("packs"), &source), ECODE_PACK_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_pack_of_shanghai_has_the_roles_of_the_contract),
        TEST(types_stand_in_the_order_that_the_pack_gives),
        TEST(a_draft_of_a_result_needs_only_its_title),
        TEST(what_is_not_written_has_its_default),
        TEST(numbers_keep_their_scale_and_bounds),
        TEST(the_system_keeps_its_fields_first),
        TEST(a_rule_closes_the_compartments_that_it_leaves_out),
        TEST(roles_are_the_choices_of_a_membership),
        TEST(the_calendar_of_shanghai_is_that_of_the_official_notices),
        TEST(policy_values_of_shanghai_name_their_document),
        TEST(the_gate_opens_when_both_sides_pass_and_none_fails),
        TEST(sample_steps_name_only_what_the_pack_has),
        TEST(a_frozen_pack_is_not_held_to_what_new_ones_must_prove),
        TEST(a_pack_without_parameters_has_no_type_of_them),
        TEST(every_problem_is_told_at_its_place_in_one_run),
        TEST(steps_and_rules_may_name_only_what_is_there),
        TEST(steps_and_columns_have_the_shape_of_their_kind),
        TEST(fields_say_what_their_kind_allows),
        TEST(forms_rules_and_steps_name_fields_that_people_fill_in),
        TEST(documents_calendars_and_parameters_are_checked),
        TEST(steps_that_are_carried_must_be_there),
        TEST(steps_that_are_awaited_are_steps_of_people),
        TEST(a_record_is_awaited_of_somebody_on_a_parent_in_some_state),
        TEST(rows_of_a_parameter_follow_each_other),
        TEST(computed_fields_that_read_themselves_are_told_with_their_way),
        TEST(what_reads_a_field_with_a_problem_has_none_of_its_own),
        TEST(an_expression_may_be_as_long_as_the_language_takes),
        TEST(computed_fields_go_through_few_others),
        TEST(what_binds_reads_a_parameter),
        TEST(who_writes_a_unique_value_sees_all_of_them),
        TEST(the_steps_are_there_that_the_program_takes),
        TEST(clocks_are_moved_by_steps_that_are_there),
        TEST(clocks_have_a_length_and_an_end),
        TEST(no_field_is_called_as_one_of_a_clock),
        TEST(steps_and_forms_take_no_field_of_a_clock),
        TEST(a_clock_is_four_fields),
        TEST(a_pack_with_ten_faults_has_these_ten),
        TEST(an_expression_outside_the_filter_subset_is_no_relation),
        TEST(a_file_that_cannot_be_read_is_not_held_against_others),
        TEST(files_that_do_not_belong_are_told),
        TEST(a_pack_needs_its_roles_and_its_parties),
        TEST(a_type_is_called_as_its_file),
        TEST(every_kind_of_field_occurs_in_the_mini_pack),
        TEST(an_amount_has_its_own_currency_or_that_of_a_sibling),
        TEST(a_field_of_files_says_how_many_how_large_and_of_which_types),
        TEST(a_translated_text_has_its_siblings_right_behind_it),
        TEST(a_step_that_takes_a_text_takes_its_translations),
        TEST(child_rows_have_a_type_that_is_no_record_type),
        TEST(computed_fields_stand_last_and_know_what_they_give),
        TEST(a_formula_may_read_others_of_any_type),
        TEST(fields_say_their_defaults),
        TEST(a_default_is_written_as_in_json),
        TEST(every_field_stands_in_one_section_behind_it_its_translations),
        TEST(rules_hold_for_every_record_of_a_type),
        TEST(a_step_may_erase),
        TEST(a_document_says_what_is_printed),
        TEST(a_calendar_lists_the_days_that_are_not_as_their_week_says),
        TEST(parameters_have_rows_in_the_order_of_their_days),
        TEST(a_city_may_lie_west_or_east),
        TEST(a_type_that_nobody_creates_by_hand_begins_in_its_first_state),
        TEST(problems_come_sorted_and_at_most_so_many),
        TEST(usual_slips_of_yaml_are_told_in_both_languages),
        TEST(hostile_yaml_is_refused_where_it_turns_hostile),
        TEST(yaml_is_bounded_in_depth_nodes_keys_and_bytes),
        TEST(a_character_of_a_scalar_has_its_place),
        TEST(the_manual_shows_every_key_in_both_languages),
        TEST(a_folder_without_a_pack_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
