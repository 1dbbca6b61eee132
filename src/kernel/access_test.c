/* kernel/access_test.c: who sees what, decided for a record in hand and written as SQL, against each other: on random
 * records, for everybody, in random filters. Beside the mini pack's papers and reviews there are panels, whose members
 * are people that most readers do not see. */
#include "base/testing.h"

#include "kernel/testing/cast.h"

static const char panel_type[] =
    "type: panel\n"
    "label: {zh: 评审组, en: Panel}\n"
    "plural: {zh: 评审组, en: Panels}\n"
    "title: title\n"
    "fields:\n"
    "  - {name: title, kind: text, label: {zh: 名称, en: Title}}\n"
    "  - {name: chair, kind: reference, target: person, label: {zh: 组长, en: Chair}}\n"
    "  - {name: paper, kind: reference, target: paper, label: {zh: 论文, en: Paper}}\n"
    "  - {name: above, kind: reference, target: panel, label: {zh: 上级, en: Above}, class: secret,"
    " compartment: identity}\n"
    "  - {name: members, kind: references, target: person, label: {zh: 成员, en: Members}}\n"
    "  - name: topics\n"
    "    kind: choices\n"
    "    label: {zh: 主题, en: Topics}\n"
    "    class: nda\n"
    "    choices:\n"
    "      - {code: ice, label: {zh: 冰, en: Ice}}\n"
    "      - {code: water, label: {zh: 水, en: Water}}\n"
    "  - name: seats\n"
    "    kind: rows\n"
    "    label: {zh: 席位, en: Seats}\n"
    "    class: nda\n"
    "    compartment: technical\n"
    "    columns:\n"
    "      - {name: who, kind: reference, target: person, label: {zh: 人员, en: Who}}\n"
    "      - {name: votes, kind: integer, label: {zh: 票数, en: Votes}}\n"
    "  - {name: open, kind: boolean, label: {zh: 公开, en: Open}, class: secret, compartment: identity}\n"
    "  - {name: is_open, kind: computed, value: \"open\", label: {zh: 公开, en: Is open}, class: nda}\n"
    "  - {name: voted, kind: computed, value: \"any(seats where votes > 3)\", label: {zh: 已投票, en: Voted},"
    " class: summary}\n"
    "  - {name: large, kind: computed, value: \"voted or is_open\", label: {zh: 大, en: Large}, class: summary,"
    " compartment: technical}\n"
    "  - {name: total, kind: computed, value: \"sum(seats.votes)\", label: {zh: 总票数, en: Total}, class: summary}\n"
    "  - {name: peers, kind: computed, value: \"count(paper.panel where title != 'x')\", label: {zh: 同行, en: Peers},"
    " class: summary}\n"
    "  - {name: most, kind: computed, value: \"total * 9000000000000000000\", label: {zh: 溢出, en: Most},"
    " class: summary}\n"
    "states:\n"
    "  - {name: active, label: {zh: 在册, en: Active}}\n"
    "access:\n"
    "  - {roles: [admin], clearance: secret}\n"
    "  - {roles: [author], relation: own, clearance: {general: nda, technical: nda}}\n"
    "  - {roles: [reviewer], levels: [public, summary], clearance: {general: summary, technical: summary}}\n"
    "  - {roles: [reviewer], levels: [public], clearance: {technical: nda}}\n"
    "  - {roles: [reader], levels: [public], clearance: {general: nda}}\n"
    "actions:\n"
    "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [admin, author]}], required: [title]}\n";

static int panel_setup(void **state) { return cast_setup_with(state, "types/panel.yaml", panel_type); }

/* ---- random records ---- */

static const char *pick(Rng *rng, const char *const *words, size_t count) { return words[rng_below(rng, count)]; }

static const char *const levels[] = { "public", "summary", "nda", "secret" };

static Str anybody(Cast *cast, Rng *rng) /* a person's id */
{
    const Actor *all[] = { &cast->admin,    &cast->author,         &cast->stranger,
                           &cast->reviewer, &cast->other_reviewer, &cast->reader };
    return all[rng_below(rng, 6)]->person;
}

/* A list in JSON of up to three people, or of rows with them. */
static Str up_to_three(Cast *cast, Rng *rng, bool seats)
{
    Str    items[3];
    size_t count = rng_below(rng, 4);
    for (size_t i = 0; i < count; i++) {
        Str who = anybody(cast, rng);
        items[i] = seats ? str_printf(cast->test->arena, "{\"who\":\"%.*s\",\"votes\":%zu}", STR_FMT(who),
                                      rng_below(rng, 7))
                         : str_printf(cast->test->arena, "\"%.*s\"", STR_FMT(who));
    }
    Str list = str_join(cast->test->arena, items, count, STR(","));
    return str_printf(cast->test->arena, "[%.*s]", STR_FMT(list));
}

/* Made by the admin, who sees the people, in the name of either organisation. */
static void panel(Cast *cast, Rng *rng, const Record *paper)
{
    static const char *const more[] = { "", ",\"open\":true", ",\"open\":false", ",\"topics\":[\"ice\"]",
                                        ",\"topics\":[\"water\",\"ice\"],\"open\":true" };
    Actor                    maker = cast->admin;
    maker.system = true;
    maker.organisation = rng_below(rng, 2) ? cast->college : cast->press;
    Str members = up_to_three(cast, rng, false), seats = up_to_three(cast, rng, true), chair = anybody(cast, rng);
    Buf input = buf_new(cast->test->arena, SIZE_MAX);
    buf_printf(&input, "{\"title\":\"Panel\",\"disclosure\":\"%s\",\"members\":%.*s,\"seats\":%.*s%s",
               pick(rng, levels, 4), STR_FMT(members), STR_FMT(seats), pick(rng, more, 5));
    if (rng_below(rng, 3))
        buf_printf(&input, ",\"chair\":\"%.*s\"", STR_FMT(chair));
    if (rng_below(rng, 3))
        buf_printf(&input, ",\"paper\":\"%.*s\"", STR_FMT(record_id(paper)));
    buf_char(&input, '}');
    test_act(cast->test, &maker, "panel", STR_NONE, "create", buf_str(&input));
}

static Record paper(Cast *cast, Rng *rng)
{
    static const char *const more[] = { "", ",\"pages\":60", ",\"pages\":9,\"authors\":\"Zhang\"",
                                        ",\"expenses\":[{\"amount\":\"5\"},{\"item\":\"Pump\",\"amount\":\"70\"}]",
                                        ",\"topics\":[\"steam\",\"ice\"],\"body\":\"Text\"" };
    Str input = str_printf(cast->test->arena, "{\"title\":\"Paper\",\"disclosure\":\"%s\"%s}", pick(rng, levels, 4),
                           pick(rng, more, 5));
    return test_act(cast->test, rng_below(rng, 2) ? &cast->author : &cast->stranger, "paper", STR_NONE, "create",
                    input);
}

static void review(Cast *cast, Rng *rng, const Record *of)
{
    const Actor *who = rng_below(rng, 2) ? &cast->reviewer : &cast->other_reviewer;
    Record       made = test_act(cast->test, &cast->admin, "review", STR_NONE, "create",
                                 str_printf(cast->test->arena, "{\"paper\":\"%.*s\",\"reviewer\":\"%.*s\"}",
                                            STR_FMT(record_id(of)), STR_FMT(who->person)));
    if (rng_below(rng, 2))
        test_act(cast->test, who, "review", record_id(&made), "give", STR("{\"verdict\":\"accept\"}"));
}

/* ---- a filter's meaning, by the evaluator over what the reader sees of records in hand ---- */

typedef struct Blind {
    const Ctx *ctx;
    ExprEnv    env; /* access_env: true values, with what is hidden marked */
} Blind;

static Err blind_get(void *context, ExprRow row, const void *field, Value *out, bool *hidden)
{
    const Blind *blind = context;
    const Field *of = field;
    *hidden = false;
    if (of->kind != FIELD_COMPUTED)
        return access_seen(blind->ctx, row.row, of, out);
    TRY(blind->env.get(blind->env.context, row, field, out, hidden));
    *out = *hidden ? VALUE_NONE : *out;
    return ERR_OK;
}

static Err blind_follow(void *context, ExprRow row, const void *field, ExprRow *out, bool *hidden)
{
    const Blind *blind = context;
    *hidden = false;
    TRY(blind->env.follow(blind->env.context, row, field, out, hidden));
    out->row = *hidden ? NULL : out->row;
    return ERR_OK;
}

static Err blind_children(void *context, ExprRow row, const ExprChild *child, ExprRow **out, size_t *count,
                          bool *hidden)
{
    const Blind *blind = context;
    size_t       kept = 0;
    TRY(blind->env.children(blind->env.context, row, child, out, count, hidden));
    if (((const Type *)child->type)->row_of) {
        *count = *hidden ? 0 : *count;
        return ERR_OK;
    }
    for (size_t i = 0; i < *count; i++) {
        const Record *record = (*out)[i].row;
        if (access_sees(&record->clearance) && access_shows(&record->clearance, child->link))
            (*out)[kept++] = (*out)[i];
    }
    *count = kept;
    return ERR_OK;
}

static Expr *filter_of(const Ctx *ctx, const Type *type, Str text)
{
    ExprScope scope = pack_scope(ctx->city->pack, false);
    Problems  problems = { .arena = ctx->arena };
    Expr     *expr;
    assert_ok(expr_parse(ctx->arena, text, &expr, &problems));
    Err err = expr_check(ctx->arena, expr, &scope, type, VALUE_BOOLEAN, true, &problems);
    if (err.kind)
        fail_msg("%.*s: %.*s", STR_FMT(text), STR_FMT(problems.items[0].text.in[LANG_EN]));
    return expr;
}

/* Ids of the records among `all` that the reader sees and for which the filter is true. */
static Str in_hand(const Ctx *ctx, const Type *type, Str filter, const Record *all, size_t count)
{
    const Expr *expr = filter_of(ctx, type, filter);
    Blind       blind = { .ctx = ctx, .env = access_env(ctx) };
    ExprEnv     env = blind.env;
    Str        *ids = ARENA_ARRAY(ctx->arena, Str, count);
    size_t      found = 0;
    env.context = &blind;
    env.get = blind_get;
    env.follow = blind_follow;
    env.children = blind_children;
    for (size_t i = 0; i < count; i++) {
        Record record;
        Value  truth;
        if (find_one(ctx, type, record_id(&all[i]), &record).kind)
            continue;
        assert_ok(expr_eval(ctx->arena, expr, &env, (ExprRow){ type, &record }, &truth));
        if (truth.kind == VALUE_BOOLEAN && truth.number)
            ids[found++] = record_id(&record);
    }
    return str_join(ctx->arena, ids, found, STR(","));
}

static int by_bytes(const void *a, const void *b) { return str_cmp(*(const Str *)a, *(const Str *)b); }

/* Oldest first: a reader who does not see when a record was made gets it in no other order. */
static Str in_sql(Cast *cast, const Actor *who, const char *type, Str filter)
{
    Arena *arena = cast->test->arena;
    Str    rest = test_list(cast->test, who, type, str_dup_z(arena, filter), "");
    Str   *ids = ARENA_ARRAY(arena, Str, rest.len / 36 + 1);
    size_t count = 0;
    while (rest.len)
        ids[count++] = str_cut(&rest, ',');
    qsort(ids, count, sizeof *ids, by_bytes);
    return str_join(arena, ids, count, STR(","));
}

/* ---- random filters ---- */

typedef struct Atoms {
    const char        *type;
    const char *const *texts; /* %P: somebody's id, %O: an organisation's */
    size_t             count;
} Atoms;

static const char *const panel_atoms[] = {
    "chair = %P",
    "chair != %P",
    "chair is missing",
    "chair in (%P, %P)",
    "chair = creator",
    "members contains %P",
    "members contains chair",
    "members is missing",
    "topics contains 'ice'",
    "topics is not missing",
    "any(seats)",
    "any(seats where votes > 2)",
    "any(seats where who = %P)",
    "any(seats where who is missing)",
    "all(seats where votes > 1)",
    "count(seats) > 1",
    "count(seats where who != %P) = 1",
    "open",
    "is_open",
    "is_open is missing",
    "voted",
    "large",
    "large = false",
    "paper is missing",
    "paper.lengthy",
    "paper.contact = %P",
    "paper.owner = %O",
    "paper.topics contains 'ice'",
    "any(paper.expenses where amount > 6)",
    "any(paper.review where reviewer = %P)",
    "owner = %O",
    "creator is missing",
};
static const char *const paper_atoms[] = {
    "contact = %P",
    "contact is missing",
    "creator != %P",
    "any(expenses where amount > 6)",
    "count(expenses) = 2",
    "all(expenses where item is missing)",
    "lengthy",
    "lengthy is missing",
    "topics contains 'steam'",
    "authors = 'Zhang'",
    "any(review where reviewer = %P)",
    "count(review where verdict is missing) > 0",
    "any(panel where members contains %P)",
    "any(panel where voted)",
    "any(panel where any(seats where votes > 3))",
    "count(panel where chair is missing) = 0",
    "received is missing",
};
static const char *const review_atoms[] = {
    "reviewer = %P",      "reviewer != creator", "paper.contact = %P",
    "paper.lengthy",      "any(paper.expenses)", "any(paper.panel where is_open)",
    "verdict = 'accept'", "creator is missing",
};
static const Atoms atoms[] = {
    { "panel", panel_atoms, sizeof panel_atoms / sizeof *panel_atoms },
    { "paper", paper_atoms, sizeof paper_atoms / sizeof *paper_atoms },
    { "review", review_atoms, sizeof review_atoms / sizeof *review_atoms },
};

static void add_atom(Cast *cast, Rng *rng, const Atoms *of, size_t index, Buf *out)
{
    for (const char *c = of->texts[index]; *c; c++) {
        if (*c != '%') {
            buf_char(out, *c);
            continue;
        }
        Str id = *++c == 'P' ? anybody(cast, rng) : rng_below(rng, 2) ? cast->press : cast->college;
        buf_printf(out, "'%.*s'", STR_FMT(id));
    }
}

/* Every atom once alone and once denied; then two of them joined. */
static Str random_filter(Cast *cast, Rng *rng, const Atoms *of, size_t round)
{
    Buf    out = buf_new(cast->test->arena, SIZE_MAX);
    size_t atom = round / 2 < of->count ? round / 2 : rng_below(rng, of->count);
    buf_add(&out, round % 2 ? STR("not (") : STR("("));
    add_atom(cast, rng, of, atom, &out);
    buf_char(&out, ')');
    if (round / 2 < of->count)
        return buf_str(&out);
    buf_add(&out, rng_below(rng, 2) ? STR(" and (") : STR(" or not ("));
    add_atom(cast, rng, of, rng_below(rng, of->count), &out);
    buf_char(&out, ')');
    return buf_str(&out);
}

typedef struct Made {
    Record *records;
    size_t  count;
} Made;

/* All records of the type, as nobody restricts them. */
static Made all_of(Cast *cast, const Type *type)
{
    Ctx      ctx = test_ctx(cast->test, &actor_system);
    Query    query = { .limit = 1000, .sort = STR("created") };
    Problems problems = { .arena = cast->test->arena };
    Found    found;
    assert_ok(find(&ctx, type, &query, &found, &problems));
    return (Made){ found.records, found.count };
}

static void fill(Cast *cast, Rng *rng, int count)
{
    for (int i = 0; i < count; i++) {
        cast->test->fixed.now_ms++;
        Record of = paper(cast, rng);
        for (size_t more = rng_below(rng, 3); more > 0; more--)
            panel(cast, rng, &of);
        if (rng_below(rng, 2))
            review(cast, rng, &of);
    }
}

static void filters_mean_the_same_in_sql_and_in_hand_for_everybody(void **state)
{
    Cast *cast = *state;
    Rng   rng = rng_new();
    fill(cast, &rng, 25);
    const Actor *readers[] = { &cast->admin,    &cast->author,         &cast->stranger,
                               &cast->reviewer, &cast->other_reviewer, &cast->reader };
    size_t       compared = 0, told = 0;
    for (size_t t = 0; t < sizeof atoms / sizeof *atoms; t++) {
        const Type *type = pack_type(cast->test->city->pack, str_from(atoms[t].type));
        Made        made = all_of(cast, type);
        for (size_t round = 0; round < 2 * atoms[t].count + 20; round++) {
            Str filter = random_filter(cast, &rng, &atoms[t], round);
            for (size_t r = 0; r < sizeof readers / sizeof *readers; r++) {
                OWNED(arena) Arena *arena = arena_new();
                Ctx                 ctx = test_ctx(cast->test, readers[r]);
                ctx.arena = arena;
                Str hand = in_hand(&ctx, type, filter, made.records, made.count);
                Str sql = in_sql(cast, readers[r], atoms[t].type, filter);
                if (!str_eq(hand, sql))
                    fail_msg("reader %zu, %s, %.*s:\nin hand %.*s\nin SQL  %.*s", r, atoms[t].type, STR_FMT(filter),
                             STR_FMT(hand), STR_FMT(sql));
                compared += hand.len > 0;
                told += hand.len == 0;
            }
        }
    }
    assert_true(compared > 100 && told > 100);
}

/* ---- what is given out ---- */

static Str shown(Cast *cast, const Actor *who, const char *type, Str id, const char *expand)
{
    Ctx      ctx = test_ctx(cast->test, who);
    Problems problems = { .arena = cast->test->arena };
    Record   record;
    Wanted   wanted;
    Json    *json;
    Buf      out = buf_new(cast->test->arena, SIZE_MAX);
    assert_ok(find_one(&ctx, pack_type(cast->test->city->pack, str_from(type)), id, &record));
    assert_ok(find_wanted(&ctx, record.type, STR_NONE, str_from(expand), &wanted, &problems));
    assert_ok(record_json(&ctx, &record, &wanted, &json));
    json_write(&out, json_get(json, STR("fields")));
    return buf_str(&out);
}

static bool has(Str text, Str part) { return str_find(text, part) < text.len; }

static Record known_panel(Cast *cast, const char *level)
{
    Actor maker = cast->admin;
    maker.system = true;
    maker.organisation = cast->college;
    return test_act(cast->test, &maker, "panel", STR_NONE, "create",
                    str_printf(cast->test->arena,
                               "{\"title\":\"Panel\",\"disclosure\":\"%s\",\"open\":true,\"chair\":\"%.*s\","
                               "\"members\":[\"%.*s\",\"%.*s\"],\"seats\":[{\"who\":\"%.*s\",\"votes\":4}]}",
                               level, STR_FMT(cast->author.person), STR_FMT(cast->reviewer.person),
                               STR_FMT(cast->author.person), STR_FMT(cast->reviewer.person)));
}

static void a_hidden_record_is_told_as_hidden_wherever_its_id_stands(void **state)
{
    Cast  *cast = *state;
    Arena *arena = cast->test->arena;
    Record record = known_panel(cast, "public");
    Str    seen = shown(cast, &cast->reviewer, "panel", record_id(&record), "");
    assert_false(has(seen, cast->author.person));
    assert_true(has(seen, STR("\"chair\":{\"hidden\":true}")));
    assert_true(
        has(seen, str_printf(arena, "\"members\":[\"%.*s\",{\"hidden\":true}]", STR_FMT(cast->reviewer.person))));
    assert_true(
        has(seen, str_printf(arena, "\"seats\":[{\"who\":\"%.*s\",\"votes\":4}]", STR_FMT(cast->reviewer.person))));
    seen = shown(cast, &cast->author, "panel", record_id(&record), "members,chair");
    assert_true(has(seen, str_printf(arena, "\"members\":[{\"hidden\":true},{\"id\":\"%.*s\",\"type\":\"person\"",
                                     STR_FMT(cast->author.person))));
    assert_true(has(seen, STR("\"seats\":[{\"who\":{\"hidden\":true},\"votes\":4}]")));
}

static void a_computed_value_opens_what_its_author_gave_it(void **state)
{
    Cast  *cast = *state;
    Record record = known_panel(cast, "public");
    /* the reader has no clearance for the seats, nor for `open`; what is made of them has classes of its own */
    Str seen = shown(cast, &cast->reader, "panel", record_id(&record), "");
    assert_false(has(seen, STR("seats")) || has(seen, STR("\"open\"")) || has(seen, STR("large")));
    assert_true(has(seen, STR("\"is_open\":true")) && has(seen, STR("\"voted\":true")));
    assert_true(has(seen, STR("\"total\":4")));
    assert_false(has(seen, STR("most"))); /* out of range: missing, and the record is there */
    seen = shown(cast, &cast->reviewer, "panel", record_id(&record), "");
    assert_true(has(seen, STR("\"large\":true")));
    assert_false(has(seen, STR("is_open")));
}

static void lists_carry_computed_values_and_sort_by_those_that_are_conditions(void **state)
{
    Cast    *cast = *state;
    Problems problems = { .arena = cast->test->arena };
    Ctx      ctx = test_ctx(cast->test, &cast->admin);
    Query    query = { .sort = STR("-voted"), .limit = 1 };
    Found    found;
    Record   voted = known_panel(cast, "public");
    Str      input = STR("{\"title\":\"None\"}");
    Record   none = test_act(cast->test, &cast->admin, "panel", STR_NONE, "create", input);
    assert_ok(find(&ctx, none.type, &query, &found, &problems));
    assert_int_equal(found.count, 1);
    assert_true(str_eq(record_id(&found.records[0]), record_id(&voted)));
    assert_int_equal(found.records[0].values[type_field(voted.type, STR("total"))->index].number, 4);
    query.cursor = found.next;
    assert_ok(find(&ctx, none.type, &query, &found, &problems));
    assert_int_equal(found.count, 1);
    assert_true(str_eq(record_id(&found.records[0]), record_id(&none)) && found.next.len == 0);
    static const char *const wrong[] = { "total", "-seats", "members" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        query = (Query){ .sort = str_from(wrong[i]) };
        problems.count = 0;
        assert_err(find(&ctx, none.type, &query, &found, &problems), ECODE_QUERY_INVALID);
        assert_true(test_has_problem(&problems, ECODE_QUERY_SORT, "sort"));
    }
    assert_true(str_eq(test_list(cast->test, &cast->admin, "panel", "total > 3", ""), STR("!query.invalid")));
}

/* Pages of two, joined, are the whole; and no cursor holds the id of a record that the reader does not see. */
static void a_cursor_does_not_tell_who_is_hidden(void **state)
{
    Cast *cast = *state;
    Rng   rng = rng_new();
    fill(cast, &rng, 12);
    for (int i = 0; i < 3; i++)
        known_panel(cast, "public");
    Ctx         ctx = test_ctx(cast->test, &cast->reader);
    const Type *type = pack_type(cast->test->city->pack, STR("panel"));
    Query       query = { .sort = STR("chair"), .limit = 2 };
    Buf         joined = buf_new(cast->test->arena, SIZE_MAX);
    for (;;) {
        Problems problems = { .arena = cast->test->arena };
        Found    found;
        Str      cursor;
        assert_ok(find(&ctx, type, &query, &found, &problems));
        for (size_t i = 0; i < found.count; i++)
            buf_printf(&joined, "%s%.*s", joined.len ? "," : "", STR_FMT(record_id(&found.records[i])));
        if (!found.next.len)
            break;
        assert_true(base64url_decode(cast->test->arena, found.next, &cursor));
        assert_false(has(cursor, cast->author.person) || has(cursor, cast->reviewer.person));
        query.cursor = found.next;
    }
    Str whole = test_list(cast->test, &cast->reader, "panel", "", "chair");
    assert_str_equal(buf_str(&joined), whole);
}

/* ---- what a filter begins at ---- */

/* The first step of the search for the rows of the filter. */
static Str first_step(const Ctx *ctx, const Type *type, Str filter)
{
    ExprSql           sql = expr_sql_new(ctx->arena);
    ExprSqlEnv        env = access_sql_env(ctx);
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    buf_printf(&sql.sql, "EXPLAIN QUERY PLAN SELECT t0.\"title\" FROM \"%.*s\" AS t0 WHERE ", STR_FMT(type->table));
    assert_ok(expr_sql(filter_of(ctx, type, filter), &env, STR("t0"), &sql));
    assert_ok(db_query(ctx->db, buf_str(&sql.sql), sql.params, sql.count, &rows));
    assert_ok(rows_next(rows, &more));
    return more ? str_dup(ctx->arena, rows_borrow_text(rows, 3)) : STR_NONE;
}

/* Also for who does not see all that the reference may name; of what they do not see, nothing is searched. */
static void a_filter_for_one_reference_begins_at_its_index(void **state)
{
    Cast       *cast = *state;
    const Type *type = pack_type(cast->test->city->pack, STR("panel"));
    Str         by_index = STR("(chair=?)");
    Str         mine = str_printf(cast->test->arena, "chair = '%.*s'", STR_FMT(cast->author.person));
    Str         either = str_printf(cast->test->arena, "title = 'Panel' and (%.*s)", STR_FMT(mine));
    Ctx         admin = test_ctx(cast->test, &cast->admin), author = test_ctx(cast->test, &cast->author),
        reviewer = test_ctx(cast->test, &cast->reviewer);
    assert_true(has(first_step(&admin, type, mine), by_index));
    assert_true(has(first_step(&author, type, mine), by_index));
    assert_true(has(first_step(&author, type, either), by_index));
    assert_false(has(first_step(&reviewer, type, mine), STR("SEARCH")));
}

static bool newest_stand_by(Cast *cast, const char *type, const char *columns)
{
    Arena *arena = cast->test->arena;
    Str    indexes = record_indexes(arena, pack_type(cast->test->city->pack, str_from(type)));
    return has(indexes, str_printf(arena, "ON \"r_%s\" (\"created\", \"id\"%s);", type, columns));
}

static void an_order_has_what_the_access_rules_ask_and_no_more(void **state)
{
    Cast *cast = *state;
    assert_true(newest_stand_by(cast, "paper", ", \"owner\", \"disclosure\"")); /* by levels, whatever the state */
    assert_true(newest_stand_by(cast, "review", ", \"state\", \"owner\""));     /* by the state, whatever the level */
    assert_true(newest_stand_by(cast, "parameter", ", \"owner\""));
}

/* ---- explanations ---- */

static ExprClause explained(Cast *cast, const Actor *who, Str id, const char *text)
{
    Ctx         ctx = test_ctx(cast->test, who);
    const Type *type = pack_type(cast->test->city->pack, STR("panel"));
    const Expr *expr = filter_of(&ctx, type, str_from(text));
    ExprScope   scope = pack_scope(ctx.city->pack, false);
    ExprEnv     env = access_env(&ctx);
    ExprClause *clauses;
    Record      record;
    size_t      count;
    assert_ok(find_one(&ctx, type, id, &record));
    assert_ok(expr_explain(ctx.arena, expr, &scope, &env, (ExprRow){ type, &record }, &clauses, &count));
    assert_int_equal(count, 1);
    return clauses[0];
}

static void an_explanation_hides_what_rests_on_hidden_records_and_rows(void **state)
{
    Cast  *cast = *state;
    Str    author = str_printf(cast->test->arena, "chair = '%.*s'", STR_FMT(cast->author.person));
    Str    member = str_printf(cast->test->arena, "members contains '%.*s'", STR_FMT(cast->author.person));
    Record record = known_panel(cast, "public");
    const struct {
        const Actor *who;
        const char  *text;
        bool         hidden;
    } cases[] = {
        { &cast->admin, str_dup_z(cast->test->arena, author), false },
        { &cast->author, str_dup_z(cast->test->arena, author), false },
        { &cast->reviewer, str_dup_z(cast->test->arena, author), true },
        { &cast->admin, str_dup_z(cast->test->arena, member), false },
        { &cast->author, str_dup_z(cast->test->arena, member), true }, /* another member is hidden */
        { &cast->reviewer, "any(seats where votes > 3)", false },
        { &cast->reader, "any(seats where votes > 3)", true },
        { &cast->reader, "voted", false },
        { &cast->reader, "large", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ExprClause clause = explained(cast, cases[i].who, record_id(&record), cases[i].text);
        assert_int_equal(clause.hidden, cases[i].hidden);
        assert_true(cases[i].hidden || clause.holds);
    }
}

/* That a record which one sees belongs to another one is as hidden as the reference that says so. */
static void an_explanation_hides_what_rests_on_children_whose_link_is_hidden(void **state)
{
    Cast  *cast = *state;
    Record record = known_panel(cast, "public");
    Str    input = str_printf(cast->test->arena, "{\"title\":\"Below\",\"disclosure\":\"public\",\"above\":\"%.*s\"}",
                              STR_FMT(record_id(&record)));
    Record below = test_act(cast->test, &cast->admin, "panel", STR_NONE, "create", input);
    Ctx    ctx = test_ctx(cast->test, &cast->reader);
    bool   seen;
    assert_ok(access_sees_id(&ctx, below.type, record_id(&below), &seen));
    assert_true(seen);
    static const char *const texts[] = { "any(panel where title = 'Below')", "count(panel) = 1" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ExprClause told = explained(cast, &cast->admin, record_id(&record), texts[i]);
        assert_true(told.holds && !told.hidden);
        assert_true(explained(cast, &cast->reader, record_id(&record), texts[i]).hidden);
    }
}

/* Panels of one paper, one more than `more`. */
static Record panels_of_one_paper(Cast *cast, int more)
{
    Rng    rng = rng_new();
    Record of = paper(cast, &rng);
    Db    *db;
    Arena *arena = cast->test->arena;
    Str    input = str_printf(arena, "{\"title\":\"Panel\",\"paper\":\"%.*s\"}", STR_FMT(record_id(&of)));
    Record first = test_act(cast->test, &actor_system, "panel", STR_NONE, "create", input);
    assert_ok(db_open(cast->test->city->database_path, DB_WRITE, &db));
    assert_ok(db_script(db, str_printf(arena,
                                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d)"
                                       " INSERT INTO r_panel (id, title, state, version, disclosure, created, changed,"
                                       " paper) SELECT printf('0190a0a0-0000-7000-8000-%%012d', i), title, state, 1,"
                                       " disclosure, created, changed, paper FROM r_panel JOIN n",
                                       more)));
    db_close(db);
    return first;
}

static int64_t peers_of(const Record *record)
{
    Value peers = record->values[type_field(record->type, STR("peers"))->index];
    return peers.kind == VALUE_MISSING ? -1 : peers.number;
}

/* Together they count 360,000, more than one page reads. */
static void a_page_ends_where_its_computed_values_take_too_much(void **state)
{
    Cast    *cast = *state;
    Record   first = panels_of_one_paper(cast, 600);
    Ctx      ctx = test_ctx(cast->test, &actor_system);
    Query    query = { .sort = STR("-created"), .limit = 1000 };
    Problems problems = { .arena = cast->test->arena };
    Found    found = { 0 };
    size_t   all = 0, pages = 0;
    for (; !pages || found.next.len; pages++) {
        query.cursor = found.next;
        assert_ok(find(&ctx, first.type, &query, &found, &problems));
        for (size_t i = 0; i < found.count; i++)
            assert_int_equal(peers_of(&found.records[i]), 601);
        all += found.count;
    }
    assert_int_equal(all, 601);
    assert_in_range(pages, 2, 4);
}

static void a_computed_value_over_too_many_records_is_missing(void **state)
{
    Cast    *cast = *state;
    Record   first = panels_of_one_paper(cast, CHILDREN_MAX), record;
    Ctx      ctx = test_ctx(cast->test, &actor_system);
    Query    query = { .limit = 100 };
    Problems problems = { .arena = cast->test->arena };
    Found    found;
    assert_ok(find_one(&ctx, first.type, record_id(&first), &record));
    assert_int_equal(peers_of(&record), -1);
    assert_ok(find(&ctx, first.type, &query, &found, &problems)); /* in pages, as they are read to find that out */
    assert_in_range(found.count, 10, 50);
    assert_int_equal(peers_of(&found.records[0]), -1);
}

/* A paper's reviewers see it by any(review where reviewer = actor()). */
static void a_record_with_very_many_children_opens_for_those_who_are_among_them(void **state)
{
    Cast  *cast = *state;
    Arena *arena = cast->test->arena;
    Record of = test_act(cast->test, &cast->author, "paper", STR_NONE, "create", STR("{\"title\":\"Wide\"}")), record;
    Db    *db;
    Str    input = str_printf(arena, "{\"paper\":\"%.*s\",\"reviewer\":\"%.*s\"}", STR_FMT(record_id(&of)),
                              STR_FMT(cast->reviewer.person));
    test_act(cast->test, &cast->admin, "review", STR_NONE, "create", input);
    assert_ok(db_open(cast->test->city->database_path, DB_WRITE, &db));
    assert_ok(db_script(
        db, str_printf(arena,
                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d)"
                       " INSERT INTO r_review (id, state, version, disclosure, created, changed, paper)"
                       " SELECT printf('0190a0a0-0000-7000-8000-%%012d', i), state, 1, disclosure, created, changed,"
                       " paper FROM r_review JOIN n",
                       CHILDREN_MAX)));
    db_close(db);
    Ctx reviewer = test_ctx(cast->test, &cast->reviewer), other = test_ctx(cast->test, &cast->other_reviewer);
    assert_ok(find_one(&reviewer, of.type, record_id(&of), &record));
    assert_err(find_one(&other, of.type, record_id(&of), &record), ECODE_RECORD_UNSEEN);
}

/* Each of 600 panels counts the 600 panels of its paper. */
static void an_expression_that_reads_too_much_is_stopped(void **state)
{
    Cast   *cast = *state;
    Record  first = panels_of_one_paper(cast, 600), record;
    Ctx     ctx = test_ctx(cast->test, &actor_system);
    ExprEnv env = access_env_truth(&ctx);
    Value   value;
    Expr   *expr = filter_of(&ctx, first.type, STR("any(paper.panel where count(paper.panel) < 0)"));
    assert_ok(find_one(&ctx, first.type, record_id(&first), &record));
    size_t before = arena_used(ctx.arena);
    assert_err(expr_eval(ctx.arena, expr, &env, (ExprRow){ first.type, &record }, &value), ECODE_STORE_SLOW);
    assert_in_range(arena_used(ctx.arena) - before, 1 << 20, 80 << 20);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, panel_setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(filters_mean_the_same_in_sql_and_in_hand_for_everybody),
        CASE(a_hidden_record_is_told_as_hidden_wherever_its_id_stands),
        CASE(a_computed_value_opens_what_its_author_gave_it),
        CASE(lists_carry_computed_values_and_sort_by_those_that_are_conditions),
        CASE(a_cursor_does_not_tell_who_is_hidden),
        CASE(a_filter_for_one_reference_begins_at_its_index),
        CASE(an_order_has_what_the_access_rules_ask_and_no_more),
        CASE(an_explanation_hides_what_rests_on_hidden_records_and_rows),
        CASE(an_explanation_hides_what_rests_on_children_whose_link_is_hidden),
        CASE(a_page_ends_where_its_computed_values_take_too_much),
        CASE(a_computed_value_over_too_many_records_is_missing),
        CASE(a_record_with_very_many_children_opens_for_those_who_are_among_them),
        CASE(an_expression_that_reads_too_much_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
