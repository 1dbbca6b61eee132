/* kernel/pack_test.c: packs load whole, and every problem of a pack is told at its place. */
#include "base/testing.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/json.h"
#include "base/limits.h"
#include "kernel/pack_yaml.h"

#define MINI     STR("tests/packs/mini")
#define SHANGHAI STR("packs/shanghai")

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
    assert_int_equal(pack->service_count, 7);
    assert_str_equal(pack->services[0].icon, STR("i-poc"));
}

static void types_stand_in_the_order_that_the_pack_gives(void **state)
{
    static const char *const types[] = { "result",       "trl_assessment", "market_validation", "gate_review",
                                         "organisation", "person",         "membership" };
    const Pack              *pack = pack_of(*state, SHANGHAI);
    assert_int_equal(pack->type_count, sizeof types / sizeof *types);
    for (size_t i = 0; i < pack->type_count; i++) {
        assert_str_equal(pack->types[i].name, str_from(types[i]));
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

/* Which of the gate's clauses hold, as bits. */
static unsigned gate_clauses(Arena *arena, Desk *desk, const Item *gate)
{
    const Action *open = type_action(gate->type, STR("open"));
    ExprEnv       env = { .context = desk, .get = desk_get, .follow = desk_follow, .children = desk_children };
    unsigned      hold = 0;
    assert_int_equal(open->guard_count, 4);
    for (size_t i = 0; i < open->guard_count; i++) {
        Value value;
        assert_ok(expr_eval(arena, open->guards[i].when, &env, (ExprRow){ gate->type, gate }, &value));
        assert_true(open->guards[i].rule.in[LANG_ZH].len && open->guards[i].helps.in[LANG_EN].len);
        hold |= (value.number != 0 ? 1u : 0u) << i;
    }
    return hold;
}

static void the_gate_opens_when_both_sides_pass_and_none_fails(void **state)
{
    Arena      *arena = *state;
    const Pack *pack = pack_of(arena, SHANGHAI);
    Desk        desk = { 0 };
    desk_put(arena, &desk, pack_type(pack, STR("result")), "r");
    Item *gate = desk_put(arena, &desk, pack_type(pack, STR("gate_review")), "g");
    item_set(gate, "result", value_id(STR("r")));
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
        if (field->kind == FIELD_TEXT || field->kind == FIELD_LONG_TEXT)
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

static void every_problem_is_told_at_its_place_in_one_run(void **state)
{
    static const Fault faults[] = {
        { "pack.yaml", "{zh: 技术, en: Technical}", "{zh: 技术}", "label: ^{zh: 技术}", ECODE_PACK_LABEL },
        { "pack.yaml", "\"+08:00\"", "\"8\"", "utc_offset: ^\"8\"", ECODE_PACK_SHAPE },
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
    };
    FAULTS_ARE_TOLD(*state, faults);
}

static void steps_have_the_shape_of_their_kind(void **state)
{
    static const Fault faults[] = {
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
    const Pack *pack = changed(
        *state, "types/review.yaml",
        "  - {name: create, label: {zh: 约请评审, en: Ask for a review}, who: [{roles: [admin]}], "
        "required: [paper, reviewer]}\n",
        "");
    assert_null(type_action(pack_type(pack, STR("review")), STR("create")));
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
        TEST(the_gate_opens_when_both_sides_pass_and_none_fails),
        TEST(sample_steps_name_only_what_the_pack_has),
        TEST(every_problem_is_told_at_its_place_in_one_run),
        TEST(steps_and_rules_may_name_only_what_is_there),
        TEST(steps_have_the_shape_of_their_kind),
        TEST(an_expression_outside_the_filter_subset_is_no_relation),
        TEST(a_file_that_cannot_be_read_is_not_held_against_others),
        TEST(files_that_do_not_belong_are_told),
        TEST(a_pack_needs_its_roles_and_its_parties),
        TEST(a_type_is_called_as_its_file),
        TEST(a_city_may_lie_west_or_east),
        TEST(a_type_that_nobody_creates_by_hand_begins_in_its_first_state),
        TEST(problems_come_sorted_and_at_most_so_many),
        TEST(hostile_yaml_is_refused_where_it_turns_hostile),
        TEST(yaml_is_bounded_in_depth_nodes_keys_and_bytes),
        TEST(a_character_of_a_scalar_has_its_place),
        TEST(a_folder_without_a_pack_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
