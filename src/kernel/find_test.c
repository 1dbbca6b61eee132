/* The read path over the mini pack: lists, cursors, hidden = missing, blind review; access in
 * hand against access in SQL. */
#include "kernel/history.h"
#include "kernel/testing/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static Record paper(Cast *cast, const Actor *who, const char *more)
{
    return test_act(cast->test, who, "paper", STR_NONE, "create",
                    str_printf(cast->test->arena, "{\"title\":\"Paper\"%s}", more));
}

static void ask_review(Cast *cast, const Record *of, const Actor *reviewer)
{
    test_act(cast->test, &cast->admin, "review", STR_NONE, "create",
             str_printf(cast->test->arena, "{\"paper\":\"%.*s\",\"reviewer\":\"%.*s\"}", STR_FMT(record_id(of)),
                        STR_FMT(reviewer->person)));
}

static Str shown(Cast *cast, const Actor *who, const char *type, Str id)
{
    Ctx    ctx = test_ctx(cast->test, who);
    Record record;
    Json  *json;
    Buf    out = buf_new(cast->test->arena, SIZE_MAX);
    assert_int_equal(find_one(&ctx, pack_type(cast->test->city->pack, str_from(type)), id, &record).kind, ERR_NONE);
    assert_int_equal(record_json(&ctx, &record, NULL, &json).kind, ERR_NONE);
    json_write(&out, json);
    return buf_str(&out);
}

static bool has(Str text, const char *part) { return str_find(text, str_from(part)) < text.len; }

#define CANARY "\"authors\":\"CANARY Zhang\",\"body\":\"How it works.\",\"pages\":9"

static void a_blind_reviewer_reads_the_technique_and_no_name(void **state)
{
    Cast  *cast = *state;
    Record record = paper(cast, &cast->author, "," CANARY);
    ask_review(cast, &record, &cast->reviewer);
    Str seen = shown(cast, &cast->reviewer, "paper", record_id(&record));
    assert_true(has(seen, "How it works."));
    assert_false(has(seen, "CANARY"));
    assert_false(has(seen, "owner"));
    assert_false(has(seen, "creator"));
    assert_true(has(shown(cast, &cast->author, "paper", record_id(&record)), "CANARY"));
}

static void who_has_not_been_asked_sees_nothing(void **state)
{
    Cast  *cast = *state;
    Record record = paper(cast, &cast->author, "," CANARY), out;
    ask_review(cast, &record, &cast->reviewer);
    Ctx ctx = test_ctx(cast->test, &cast->other_reviewer);
    assert_int_equal(find_one(&ctx, record.type, record_id(&record), &out).code, ECODE_RECORD_UNSEEN);
    assert_true(str_eq(test_list(cast->test, &cast->other_reviewer, "paper", "", ""), STR("")));
}

static void a_hidden_field_is_missing_in_filter_and_sort(void **state)
{
    Cast  *cast = *state;
    Record first = paper(cast, &cast->author, ",\"authors\":\"Zhang\"");
    Record second = paper(cast, &cast->author, ",\"authors\":\"An\"");
    ask_review(cast, &first, &cast->reviewer);
    ask_review(cast, &second, &cast->reviewer);
    assert_true(str_eq(test_list(cast->test, &cast->reviewer, "paper", "authors = 'Zhang'", ""), STR("")));
    assert_true(str_eq(test_list(cast->test, &cast->reviewer, "paper", "authors contains 'Z'", ""), STR("")));
    Str both = str_printf(cast->test->arena, "%.*s,%.*s", STR_FMT(record_id(&first)), STR_FMT(record_id(&second)));
    assert_true(str_eq(test_list(cast->test, &cast->reviewer, "paper", "authors is missing", "created"), both));
    assert_true(str_eq(test_list(cast->test, &cast->reviewer, "paper", "not (authors = 'Zhang')", "authors"), both));
    assert_true(str_eq(test_list(cast->test, &cast->author, "paper", "authors = 'Zhang'", ""), record_id(&first)));
    Str sorted = str_printf(cast->test->arena, "%.*s,%.*s", STR_FMT(record_id(&second)), STR_FMT(record_id(&first)));
    assert_true(str_eq(test_list(cast->test, &cast->author, "paper", "", "authors"), sorted));
}

static void an_existence_level_shows_that_it_exists_and_no_more(void **state)
{
    Cast  *cast = *state;
    Record record = paper(cast, &cast->author, ",\"disclosure\":\"summary\"," CANARY);
    Str    seen = shown(cast, &cast->reader, "paper", record_id(&record));
    assert_false(has(seen, "Paper"));
    assert_false(has(seen, "CANARY"));
    assert_true(has(seen, "\"state\":\"draft\""));
}

static void children_of_what_one_may_not_see_do_not_count(void **state)
{
    Cast  *cast = *state;
    Record record = paper(cast, &cast->author, "");
    ask_review(cast, &record, &cast->reviewer);
    assert_true(str_eq(test_list(cast->test, &cast->admin, "paper", "any(review)", ""), record_id(&record)));
    assert_true(
        str_eq(test_list(cast->test, &cast->author, "paper", "any(review)", ""), STR(""))); /* asked, not yet given */
}

static void filters_outside_the_subset_and_unknown_names_are_refused(void **state)
{
    Cast                    *cast = *state;
    static const char *const wrong[] = { "pages + 1 = 2", "nonsense = 1",          "title = 1",
                                         "title =",       "sum(review.paper) > 1", "pages" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(str_starts(test_list(cast->test, &cast->admin, "paper", wrong[i], ""), STR("!")));
    assert_true(str_eq(test_list(cast->test, &cast->admin, "paper", "", "nonsense"), STR("!query.invalid")));
}

/* Reads all pages of `limit` rows and joins the ids. */
static Str all_pages(Cast *cast, const Actor *who, const char *sort, int64_t limit)
{
    Ctx   ctx = test_ctx(cast->test, who);
    Buf   out = buf_new(cast->test->arena, SIZE_MAX);
    Query query = { .sort = str_from(sort), .limit = limit };
    for (;;) {
        Problems problems = { .arena = cast->test->arena };
        Found    found;
        assert_int_equal(find(&ctx, pack_type(cast->test->city->pack, STR("paper")), &query, &found, &problems).kind,
                         ERR_NONE);
        for (size_t i = 0; i < found.count; i++) {
            buf_add(&out, out.len ? STR(",") : STR_NONE);
            buf_add(&out, record_id(&found.records[i]));
        }
        if (found.next.len == 0)
            return buf_str(&out);
        query.cursor = found.next;
    }
}

static void pages_join_to_the_whole_list_for_every_sort(void **state)
{
    static const char *const sorts[] = { "created",  "-created",  "title",  "-title", "pages",   "-pages",
                                         "category", "-category", "score",  "-score", "authors", "-authors",
                                         "due",      "-due",      "number", "-number" };
    Cast                    *cast = *state;
    for (int i = 0; i < 23; i++) {
        char more[160];
        snprintf(more, sizeof more, ",\"disclosure\":\"%s\"%s%s%s%s", i % 3 ? "nda" : "public",
                 i % 3 ? ",\"pages\":7" : "", i % 4 ? ",\"category\":\"letter\"" : "",
                 i % 5 ? ",\"authors\":\"B\"" : "", i % 2 ? ",\"score\":\"3.5\"" : "");
        cast->test->fixed.now_ms += i % 2;
        Record record = paper(cast, &cast->author, more);
        if (i % 2)
            ask_review(cast, &record, &cast->reviewer);
    }
    /* the reader sees when some were made, and of others the text alone */
    const Actor *readers[] = { &cast->author, &cast->reviewer, &cast->admin, &cast->reader };
    for (size_t r = 0; r < 4; r++)
        for (size_t s = 0; s < sizeof sorts / sizeof *sorts; s++) {
            Str whole = all_pages(cast, readers[r], sorts[s], 1000), parts = all_pages(cast, readers[r], sorts[s], 4);
            assert_true(whole.len > 0);
            assert_true(str_eq(whole, parts));
        }
}

static Err with_cursor(Cast *cast, const Actor *who, Str cursor, const char *sort)
{
    Ctx      ctx = test_ctx(cast->test, who);
    Query    query = { .sort = str_from(sort), .limit = 1, .cursor = cursor };
    Problems problems = { .arena = cast->test->arena };
    Found    found;
    return find(&ctx, pack_type(cast->test->city->pack, STR("paper")), &query, &found, &problems);
}

static void a_cursor_serves_its_own_list_only(void **state)
{
    Cast *cast = *state;
    paper(cast, &cast->author, "");
    paper(cast, &cast->author, "");
    Ctx      ctx = test_ctx(cast->test, &cast->author);
    Query    query = { .sort = STR("title"), .limit = 1 };
    Problems problems = { .arena = cast->test->arena };
    Found    found;
    assert_int_equal(find(&ctx, pack_type(cast->test->city->pack, STR("paper")), &query, &found, &problems).kind,
                     ERR_NONE);
    assert_int_equal(with_cursor(cast, &cast->author, found.next, "title").kind, ERR_NONE);
    assert_int_equal(with_cursor(cast, &cast->author, found.next, "-title").code, ECODE_HTTP_CURSOR);
    assert_int_equal(with_cursor(cast, &cast->admin, found.next, "title").code, ECODE_HTTP_CURSOR);
    char *bytes = (char *)str_dup_z(cast->test->arena, found.next);
    bytes[30] ^= 1;
    assert_int_equal(with_cursor(cast, &cast->author, (Str){ bytes, found.next.len }, "title").code, ECODE_HTTP_CURSOR);
    assert_int_equal(with_cursor(cast, &cast->author, STR("nonsense"), "title").code, ECODE_HTTP_CURSOR);
}

/* Exact up to the bound, and one more beyond it. */
static void assert_counts(const Ctx *ctx, const Type *type, Str filter, int64_t total)
{
    Problems problems = { .arena = ctx->arena };
    int64_t  found;
    assert_int_equal(find_count(ctx, type, filter, total, &found, &problems).kind, ERR_NONE);
    assert_int_equal(found, total);
    assert_int_equal(find_count(ctx, type, filter, total - 2, &found, &problems).kind, ERR_NONE);
    assert_int_equal(found, total - 1);
}

/* What a list shows of each record is what find_one shows of it, and nothing is listed that find_one would not find. */
static void lists_agree_with(Cast *cast, Record *made, int count, size_t least)
{
    static const char *const levels[] = { "public", "summary", "nda", "secret" };
    for (int i = 0; i < count; i++) {
        char more[160];
        snprintf(more, sizeof more, ",\"disclosure\":\"%s\"," CANARY, levels[i % 4]);
        made[i] = paper(cast, i % 3 ? &cast->author : &cast->stranger, more);
        if (i % 2)
            ask_review(cast, &made[i], i % 4 == 1 ? &cast->reviewer : &cast->other_reviewer);
        if (i % 8 == 1) /* twice: it is one paper all the same */
            ask_review(cast, &made[i], &cast->reviewer);
    }
    const Actor *everybody[] = { &cast->admin,    &cast->author,         &cast->stranger,
                                 &cast->reviewer, &cast->other_reviewer, &cast->reader };
    const Type  *type = made[0].type;
    size_t       listed = 0, hidden = 0;
    for (size_t a = 0; a < sizeof everybody / sizeof *everybody; a++) {
        Ctx      ctx = test_ctx(cast->test, everybody[a]);
        Query    query = { .limit = 1000, .total = true };
        Problems problems = { .arena = cast->test->arena };
        Found    found;
        assert_int_equal(find(&ctx, type, &query, &found, &problems).kind, ERR_NONE);
        assert_int_equal(found.total, found.count);
        assert_counts(&ctx, type, STR_NONE, found.total);
        assert_counts(&ctx, type, STR("pages is missing or pages < 1000"), found.total);
        size_t single = 0;
        for (int i = 0; i < count; i++) {
            Record record;
            single += find_one(&ctx, type, record_id(&made[i]), &record).kind == ERR_NONE;
        }
        assert_int_equal(single, found.count);
        for (size_t i = 0; i < found.count; i++) {
            Record record;
            assert_int_equal(find_one(&ctx, type, record_id(&found.records[i]), &record).kind, ERR_NONE);
            assert_memory_equal(&record.clearance, &found.records[i].clearance, sizeof record.clearance);
        }
        listed += found.count;
        hidden += (size_t)count - found.count;
    }
    assert_true(listed > least && hidden > least);
}

static void lists_and_single_records_agree_for_everybody(void **state)
{
    Record made[24];
    lists_agree_with(*state, made, 24, 40);
}

/* What is looked up when it is little is passed in the order of the list when it is much (access_few); both are just
 * what single records say, in every order and page by page. */
static void a_list_of_many_is_what_its_records_say(void **state)
{
    static const char *const sorts[] = { "", "-created", "created", "-pages", "authors", "-category", "state" };
    enum { MANY = 3 * ACCESS_FEW / 2 + 60 };
    Cast        *cast = *state;
    Record      *made = ARENA_ARRAY(cast->test->arena, Record, MANY);
    const Actor *readers[] = { &cast->author, &cast->reviewer, &cast->reader };
    bool         few;
    lists_agree_with(cast, made, MANY, ACCESS_FEW);
    Ctx ctx = test_ctx(cast->test, &cast->author), blind = test_ctx(cast->test, &cast->reviewer);
    assert_true(access_few(&ctx, made[0].type, &few).kind == ERR_NONE && !few);
    assert_true(access_few(&blind, made[0].type, &few).kind == ERR_NONE && few);
    for (size_t r = 0; r < sizeof readers / sizeof *readers; r++)
        for (size_t s = 0; s < sizeof sorts / sizeof *sorts; s++)
            assert_true(str_eq(all_pages(cast, readers[r], sorts[s], 1000), all_pages(cast, readers[r], sorts[s], 97)));
}

/* "ids, total" as a page asks for them, in one snapshot. */
static Str list_and_total(Cast *cast, const Actor *who, const Type *type)
{
    Ctx      ctx = test_ctx(cast->test, who);
    Query    query = { .sort = STR("created"), .total = true };
    Problems problems = { .arena = cast->test->arena };
    Found    found;
    Buf      out = buf_new(cast->test->arena, SIZE_MAX);
    int64_t  count;
    assert_int_equal(db_snapshot_begin(ctx.db).kind, ERR_NONE);
    assert_int_equal(find(&ctx, type, &query, &found, &problems).kind, ERR_NONE);
    assert_int_equal(find_count(&ctx, type, STR_NONE, 1000, &count, &problems).kind, ERR_NONE);
    db_snapshot_end(ctx.db);
    assert_int_equal(count, found.total);
    for (size_t i = 0; i < found.count; i++)
        buf_printf(&out, "%.*s ", STR_FMT(record_id(&found.records[i])));
    buf_printf(&out, "%d", (int)found.total);
    return buf_str(&out);
}

/* A connection recalls numbers that it gave (db_numbers()): not to others, and not past a change. */
static void what_is_recalled_is_the_readers_own_and_ends_with_a_change(void **state)
{
    Cast  *cast = *state;
    Arena *arena = cast->test->arena;
    Record first = paper(cast, &cast->author, ""), second = paper(cast, &cast->author, "");
    Str    one = str_printf(arena, "%.*s 1", STR_FMT(record_id(&first))), nothing = STR("0");
    Str    both = str_printf(arena, "%.*s %.*s 2", STR_FMT(record_id(&first)), STR_FMT(record_id(&second)));
    for (int again = 0; again < 2; again++) {
        assert_true(str_eq(list_and_total(cast, &cast->author, first.type), both));
        assert_true(str_eq(list_and_total(cast, &cast->stranger, first.type), nothing));
        assert_true(str_eq(list_and_total(cast, &cast->reviewer, first.type), nothing));
    }
    ask_review(cast, &first, &cast->reviewer);
    for (int again = 0; again < 2; again++) {
        assert_true(str_eq(list_and_total(cast, &cast->reviewer, first.type), one));
        assert_true(str_eq(list_and_total(cast, &cast->other_reviewer, first.type), nothing));
    }
    ask_review(cast, &second, &cast->reviewer);
    assert_true(str_eq(list_and_total(cast, &cast->reviewer, first.type), both));
    assert_true(str_eq(list_and_total(cast, &cast->other_reviewer, first.type), nothing));
}

/* Nobody who is blind to the authors, or to every review, waits for a filter over these. */
static void a_filter_over_what_never_shows_is_known_beforehand(void **state)
{
    Cast    *cast = *state;
    Ctx      ctx = test_ctx(cast->test, &cast->reader);
    Problems problems = { .arena = cast->test->arena };
    Record   record = paper(cast, &cast->author, ",\"authors\":\"Li\",\"disclosure\":\"public\"");
    int64_t  count;
    ask_review(cast, &record, &cast->reviewer);
    static const struct {
        const char *filter;
        int         count;
    } known[] = {
        { "authors contains 'L'", 0 },
        { "not (authors contains 'L')", 1 },
        { "authors is missing and title is not missing", 1 },
        { "authors != 'Li'", 1 },
        { "authors = 'Li' or title = 'Paper'", 1 },
        { "any(review)", 0 },
        { "not any(review where verdict is missing)", 1 },
        { "count(review where verdict is missing) = 0", 1 },
        { "count(review) > 0", 0 },
        { "partners is missing", 1 },
        { "contact.name is missing", 1 },
        { "contact.name = 'x' or owner.name = 'x'", 0 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        assert_int_equal(find_count(&ctx, record.type, str_from(known[i].filter), 9, &count, &problems).kind, ERR_NONE);
        assert_int_equal(count, known[i].count);
    }
}

static void a_verdict_reaches_the_author_without_the_reviewers_name(void **state)
{
    Cast  *cast = *state;
    Record record = paper(cast, &cast->author, "");
    ask_review(cast, &record, &cast->reviewer);
    Str id = test_list(cast->test, &cast->reviewer, "review", "", "");
    Str mine = shown(cast, &cast->reviewer, "review", id);
    assert_true(has(mine, "\"paper\":\""));
    Str told = str_printf(cast->test->arena, "{\"verdict\":\"accept\"}");
    test_act(cast->test, &cast->reviewer, "review", id, "give", told);
    /* the author reads the verdict; the reviewer's name is of another compartment and is not there at all */
    assert_false(has(shown(cast, &cast->author, "review", id), "reviewer"));
    assert_true(has(shown(cast, &cast->admin, "review", id), "\"reviewer\":\""));
}

static void every_kind_of_value_is_told_as_the_contract_spells_it(void **state)
{
    Cast  *cast = *state;
    Record record = paper(cast, &cast->author,
                          ",\"title_en\":\"On ice\",\"topics\":[\"steam\",\"ice\"],\"fee\":\"1234.5\",\"pages\":60,"
                          "\"expenses\":[{\"item\":\"Pump\",\"amount\":\"3\"},{\"spent\":\"2026-03-01\"}]");
    Str    seen = shown(cast, &cast->author, "paper", record_id(&record));
    assert_true(has(seen, "\"title\":\"Paper\"") && has(seen, "\"title_en\":\"On ice\""));
    assert_true(has(seen, "\"topics\":[\"ice\",\"steam\"]") && has(seen, "\"fee\":\"1234.50\""));
    assert_true(has(seen, "\"expenses\":[{\"item\":\"Pump\",\"amount\":\"3.00\"},{\"spent\":\"2026-03-01\"}]"));
    assert_true(has(seen, "\"expense_total\":\"3.00\"") && has(seen, "\"lengthy\":true"));
    assert_false(has(seen, "erased"));
}

static void a_title_speaks_the_readers_language_where_it_can(void **state)
{
    Cast  *cast = *state;
    Record translated = paper(cast, &cast->author, ",\"title_en\":\"On ice\""), plain = paper(cast, &cast->author, "");
    Ctx    ctx = test_ctx(cast->test, &cast->author);
    assert_true(str_eq(record_title(&ctx, &translated), STR("On ice")));
    assert_true(str_eq(record_title(&ctx, &plain), STR("Paper")));
    ctx.lang = LANG_ZH;
    assert_true(str_eq(record_title(&ctx, &translated), STR("Paper")));
    translated.clearance = (Clearance){ 0 };
    assert_int_equal(record_title(&ctx, &translated).len, 0);
}

/* Of the fields that were erased a reader hears of those that they would see. */
static void what_was_erased_is_told_to_whom_it_would_show(void **state)
{
    Cast  *cast = *state;
    Record record = paper(cast, &cast->author, ",\"disclosure\":\"public\"");
    Db    *db;
    Value  id = value_id(record_id(&record));
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    Str sql = STR("UPDATE r_paper SET erased = 'authors,body,gone' WHERE id = ?");
    assert_int_equal(db_run(db, sql, &id, 1).kind, ERR_NONE);
    db_close(db);
    assert_true(has(shown(cast, &cast->author, "paper", record_id(&record)), "\"erased\":[\"authors\",\"body\"]"));
    assert_true(has(shown(cast, &cast->reader, "paper", record_id(&record)), "\"erased\":[\"body\"]"));
}

static Str history(Cast *cast, const Actor *who, const char *type, Str id)
{
    Ctx     ctx = test_ctx(cast->test, who);
    Record  record;
    Json   *json;
    int64_t next;
    Buf     out = buf_new(cast->test->arena, SIZE_MAX);
    assert_int_equal(find_one(&ctx, pack_type(cast->test->city->pack, str_from(type)), id, &record).kind, ERR_NONE);
    assert_int_equal(history_list(&ctx, &record, 0, 10, &json, &next).kind, ERR_NONE);
    json_write(&out, json);
    return buf_str(&out);
}

static void a_history_tells_no_id_of_whom_the_reader_does_not_see(void **state)
{
    Cast  *cast = *state;
    Record record = paper(cast, &cast->author, "");
    ask_review(cast, &record, &cast->reviewer);
    Str id = test_list(cast->test, &cast->reviewer, "review", "", "");
    Str admin = str_printf(cast->test->arena, "\"%.*s\"", STR_FMT(cast->admin.person));
    /* the reviewer sees that somebody registered the review, and the field `creator` of it,
     * but not that person's record */
    Str seen = history(cast, &cast->reviewer, "review", id);
    assert_true(has(seen, "\"creator\"") && has(seen, "{\"hidden\":true}"));
    assert_true(str_find(seen, admin) == seen.len);
    Str known = history(cast, &cast->admin, "review", id);
    assert_true(str_find(known, admin) < known.len && has(known, "\"name\":\"Admin\""));
}

static void a_history_holds_nothing_from_before_the_record_was_opened(void **state)
{
    Cast  *cast = *state;
    Record record = test_act(cast->test, &cast->author, "paper", STR_NONE, "create",
                             STR("{\"title\":\"CANARY Zhang\",\"disclosure\":\"secret\"}"));
    Str    id = record_id(&record);
    test_act(cast->test, &cast->author, "paper", id, "edit", STR("{\"title\":\"A paper\"}"));
    test_act(cast->test, &cast->author, "paper", id, "edit", STR("{\"disclosure\":\"public\"}"));
    test_act(cast->test, &cast->author, "paper", id, "edit", STR("{\"title\":\"A better paper\"}"));
    /* the reader sees public papers: their history begins where this one became public,
     * without what stood there before */
    Str seen = history(cast, &cast->reader, "paper", id);
    assert_false(has(seen, "CANARY") || has(seen, "\"old\":\"secret\"") || has(seen, "\"version\":2"));
    assert_true(has(seen, "\"new\":\"public\"") && has(seen, "\"old\":\"A paper\""));
    Str known = history(cast, &cast->author, "paper", id);
    assert_true(has(known, "CANARY") && has(known, "\"old\":\"secret\"") && has(known, "\"version\":1"));
}

static int64_t write_entries(const Json *list, Buf *out) /* the last one's sequence */
{
    int64_t sequence = 0;
    JSON_EACH(entry, list) {
        json_write(out, entry);
        buf_char(out, '\n');
        assert_true(json_int(json_get(entry, STR("sequence")), &sequence));
    }
    return sequence;
}

static void a_history_is_the_same_whole_and_in_pages(void **state)
{
    Cast  *cast = *state;
    Arena *arena = cast->test->arena;
    Record record = paper(cast, &cast->author, "");
    Str    id = record_id(&record);
    for (int i = 1; i < 10; i++)
        test_act(
            cast->test, &cast->author, "paper", id, "edit",
            str_printf(arena, i % 3 ? "{\"pages\":%d,\"due\":null}" : "{\"title\":\"%d\",\"due\":\"2026-05-01\"}", i));
    Ctx     ctx = test_ctx(cast->test, &cast->author);
    Buf     whole = buf_new(arena, SIZE_MAX), paged = buf_new(arena, SIZE_MAX);
    Json   *list;
    int64_t before = 0, next;
    assert_int_equal(find_one(&ctx, record.type, id, &record).kind, ERR_NONE);
    assert_int_equal(history_list(&ctx, &record, 0, 100, &list, &next).kind, ERR_NONE);
    assert_int_equal(list->count, 10);
    assert_int_equal(next, 0);
    write_entries(list, &whole);
    for (int page = 0; page < 4; page++) {
        assert_int_equal(history_list(&ctx, &record, before, 3, &list, &next).kind, ERR_NONE);
        assert_int_equal(list->count, page < 3 ? 3 : 1);
        before = write_entries(list, &paged);
        assert_int_equal(next, page < 3 ? before : 0);
    }
    assert_string_equal(str_dup_z(arena, buf_str(&whole)), str_dup_z(arena, buf_str(&paged)));
    assert_true(has(buf_str(&whole), "\"old\":\"2026-05-01\"") && has(buf_str(&whole), "\"old\":\"3\",\"new\":\"6\""));
}

/* Title after title in the record's name, far more than any page reads. */
static Err write_long_history(Db *db, WriterJob *job)
{
    (void)job;
    static const Str    count = STR_INIT("WITH RECURSIVE up(i) AS (SELECT (SELECT max(sequence) FROM event) + 1"
                                            " UNION ALL SELECT i + 1 FROM up LIMIT 60000)");
    OWNED(arena) Arena *arena = arena_new();
    Str                 edit = STR("(SELECT record FROM event_record WHERE type = 'paper')");
    TRY(db_script(db, str_printf(arena,
                                 "%.*s INSERT INTO event_record SELECT i, 0, 'paper', %.*s, i FROM up;"
                                 "%.*s INSERT INTO event_value SELECT i, 0, 'title', '', '%.*s' || i FROM up;"
                                 "%.*s INSERT INTO event_value SELECT i, 0, 'changed', '', '%.*s' FROM up",
                                 STR_FMT(count), STR_FMT(edit), STR_FMT(count),
                                 STR_FMT(value_encode(arena, value_text(STR("Title ")))), STR_FMT(count),
                                 STR_FMT(value_encode(arena, value_instant(1))))));
    return db_script(db, str_printf(arena,
                                    "%.*s INSERT INTO event SELECT i, 1, 1, 'edit', 'system', '-', '-', '' FROM up;"
                                    "UPDATE \"r_paper\" SET title = 'Title ' || (SELECT max(sequence) FROM event)",
                                    STR_FMT(count)));
}

static void the_newest_of_a_long_history_is_there_and_what_is_too_long_says_so(void **state)
{
    Cast     *cast = *state;
    WriterJob job = { .run = write_long_history };
    Json     *list;
    int64_t   next, last;
    Record    record = test_act(cast->test, &cast->author, "paper", STR_NONE, "create",
                                STR("{\"title\":\"First\",\"disclosure\":\"secret\"}"));
    Str       id = record_id(&record);
    Err       err = writer_run(cast->test->city->writer, &job);
    if (err.kind)
        fail_msg("%s", err.context);
    test_act(cast->test, &cast->author, "paper", id, "edit", STR("{\"disclosure\":\"public\"}"));
    test_act(cast->test, &cast->author, "paper", id, "edit", STR("{\"title\":\"Newest\"}"));
    Str seen = history(cast, &cast->author, "paper", id);
    assert_true(has(seen, "\"new\":\"Newest\"") && has(seen, "\"old\":\"Title 6") && has(seen, "\"new\":\"public\""));
    /* the reader sees the two newest steps; that there are none before them is not said of 60,000 unseen ones */
    Ctx ctx = test_ctx(cast->test, &cast->reader);
    assert_int_equal(find_one(&ctx, record.type, id, &record).kind, ERR_NONE);
    assert_int_equal(history_list(&ctx, &record, 0, 2, &list, &last).kind, ERR_NONE);
    assert_int_equal(list->count, 2);
    assert_int_equal(history_list(&ctx, &record, 0, 3, &list, &next).kind, ERR_NONE);
    assert_int_equal(list->count, 2);
    assert_int_equal(next, last);
    assert_int_equal(history_list(&ctx, &record, next, 3, &list, &next).code, ECODE_STORE_SLOW);
}

static void what_is_wanted_of_a_record_is_read_once_and_names_must_be_known(void **state)
{
    Cast       *cast = *state;
    const Type *type = pack_type(cast->test->city->pack, STR("paper"));
    Ctx         ctx = test_ctx(cast->test, &cast->author);
    Problems    problems = { .arena = cast->test->arena };
    Wanted      wanted;
    Json       *json;
    Record      record = paper(cast, &cast->author, ",\"pages\":7");
    Buf         out = buf_new(cast->test->arena, SIZE_MAX);
    assert_int_equal(find_wanted(&ctx, type, STR(" pages ,title,pages"), STR("contact"), &wanted, &problems).kind,
                     ERR_NONE);
    assert_int_equal(find_one(&ctx, type, record_id(&record), &record).kind, ERR_NONE);
    assert_int_equal(record_json(&ctx, &record, &wanted, &json).kind, ERR_NONE);
    json_write(&out, json_get(json, STR("fields")));
    assert_true(has(buf_str(&out), "\"pages\":7") && has(buf_str(&out), "\"title\":"));
    assert_int_equal(json_get(json, STR("fields"))->count, 2);
    assert_int_equal(find_wanted(&ctx, type, STR("pages,nonsense,"), STR("title"), &wanted, &problems).code,
                     ECODE_QUERY_INVALID);
    assert_int_equal(problems.count, 2); /* of `expand` also what is no reference */
    assert_true(test_has_problem(&problems, ECODE_FIELD_UNKNOWN, "fields"));
    assert_true(test_has_problem(&problems, ECODE_FIELD_UNKNOWN, "expand"));
    ctx = test_ctx(cast->test, &cast->reader); /* who could never see whom to ask */
    assert_int_equal(find_wanted(&ctx, type, STR("title,contact"), STR_NONE, &wanted, &problems).code,
                     ECODE_QUERY_INVALID);
    assert_int_equal(find_wanted(&ctx, type, STR("title"), STR("contact"), &wanted, &problems).code,
                     ECODE_QUERY_INVALID);
    assert_int_equal(problems.count, 4);
}

static void a_page_of_a_list_ends_when_it_is_long_enough(void **state)
{
    Cast *cast = *state;
    Db   *db;
    for (int i = 0; i < 5; i++)
        paper(cast, &cast->author, ",\"body\":\"x\",\"disclosure\":\"summary\"");
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    assert_int_equal(db_script(db, STR("UPDATE r_paper SET body = printf('%03145728d', 7)")).kind, ERR_NONE);
    db_close(db);
    Ctx      ctx = test_ctx(cast->test, &cast->author);
    Query    query = { .sort = STR("title"), .limit = 100, .total = true };
    Problems problems = { .arena = cast->test->arena };
    Found    found;
    assert_int_equal(find(&ctx, pack_type(cast->test->city->pack, STR("paper")), &query, &found, &problems).kind,
                     ERR_NONE);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.total, 5);
    assert_true(found.next.len > 0);
    static const char *const sorts[] = { "created", "-created", "pages", "-score" };
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
        assert_true(str_eq(all_pages(cast, &cast->author, sorts[i], 100), all_pages(cast, &cast->author, sorts[i], 1)));
    ctx = test_ctx(cast->test, &cast->reader); /* to whom none of the long texts shows, nor how long they are */
    assert_int_equal(find(&ctx, pack_type(cast->test->city->pack, STR("paper")), &query, &found, &problems).kind,
                     ERR_NONE);
    assert_int_equal(found.count, 5);
}

static void a_page_of_a_history_ends_when_it_is_long_enough(void **state)
{
    Cast   *cast = *state;
    Record  record = paper(cast, &cast->author, ",\"body\":\"0\"");
    int64_t before = 0;
    size_t  pages = 0, entries = 0;
    Json   *list;
    Db     *db;
    for (int i = 1; i < 30; i++)
        test_act(cast->test, &cast->author, "paper", record_id(&record), "edit",
                 str_printf(cast->test->arena, "{\"body\":\"%d\"}", i));
    assert_int_equal(db_open(cast->test->city->database_path, DB_WRITE, &db).kind, ERR_NONE);
    Str long_values = STR("UPDATE event_value SET value = value || printf('%03145728d', 7) WHERE field = 'body'");
    assert_int_equal(db_script(db, long_values).kind, ERR_NONE);
    db_close(db);
    for (; !pages || before; pages++) {
        OWNED(arena) Arena *arena = arena_new();
        Ctx                 ctx = test_ctx(cast->test, &cast->author);
        Record              seen;
        ctx.arena = arena;
        assert_int_equal(find_one(&ctx, record.type, record_id(&record), &seen).kind, ERR_NONE);
        assert_int_equal(history_list(&ctx, &seen, before, 100, &list, &before).kind, ERR_NONE);
        assert_true(arena_used(arena) < 100 << 20);
        entries += list->count;
    }
    assert_int_equal(entries, 30);
    assert_in_range(pages, 3, 10);
}

/* Each of 400 reviews counts, two deep, the reviews of its paper: 64,000,000 rows. */
static void a_filter_that_asks_for_too_much_is_refused(void **state)
{
    Cast  *cast = *state;
    Record record = paper(cast, &cast->author, "");
    for (int i = 0; i < 400; i++)
        ask_review(cast, &record, &cast->reviewer);
    Ctx         ctx = test_ctx(cast->test, &cast->admin);
    Problems    problems = { .arena = cast->test->arena };
    Query       query = { .filter = STR("count(paper.review where count(paper.review) < 0) > 0"), .limit = 1 };
    Found       found;
    const Type *review = pack_type(cast->test->city->pack, STR("review"));
    Err         err = find(&ctx, review, &query, &found, &problems);
    assert_int_equal(err.code, ECODE_QUERY_INVALID);
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].code, ECODE_EXPR_COST);
    assert_true(str_eq(problems.items[0].field, STR("filter")));
}

/* ---- what a filter does not look at ---- */

/* Readers see the notes on papers whose contact they are, and of these all. */
static const char note[] =
    "type: note\n"
    "label: {zh: 批注, en: Note}\n"
    "plural: {zh: 批注, en: Notes}\n"
    "title: remark\n"
    "parent: paper\n"
    "fields:\n"
    "  - {name: paper, kind: reference, target: paper, label: {zh: 论文, en: Paper}, class: public}\n"
    "  - {name: remark, kind: text, max: 9000, label: {zh: 意见, en: Remark}}\n"
    "states:\n"
    "  - {name: open, label: {zh: 在办, en: Open}}\n"
    "relations:\n"
    "  - {name: asked, label: {zh: 本人论文的, en: of one's own paper}, when: \"paper.contact = actor()\"}\n"
    "access:\n"
    "  - {roles: [admin], clearance: secret}\n"
    "  - {roles: [reader], relation: asked, clearance: secret}\n"
    "actions:\n"
    "  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [admin]}], required: [paper]}\n";

static int note_setup(void **state) { return cast_setup_with(state, "types/note.yaml", note); }

static void write_notes(Cast *cast, const Actor *contact, Str remark, size_t count)
{
    Arena *arena = cast->test->arena;
    Str    of = str_printf(arena, "{\"title\":\"x\",\"disclosure\":\"public\",\"contact\":\"%.*s\"}",
                           STR_FMT(contact->person));
    Record paper = test_act(cast->test, &cast->admin, "paper", STR_NONE, "create", of);
    Str    text = str_printf(arena, "{\"paper\":\"%.*s\",\"remark\":\"%.*s\"}", STR_FMT(record_id(&paper)),
                             STR_FMT(remark));
    for (size_t i = 0; i < count; i++)
        test_act(cast->test, &cast->admin, "note", STR_NONE, "create", text);
}

/* It holds of no remark of noughts, and it takes long to find that of a long one. */
static Str costly_filter(Arena *arena)
{
    Buf filter = buf_new(arena, SIZE_MAX);
    for (int i = 10; i < 50; i++)
        buf_printf(&filter, "%sremark contains '%060d'", i > 10 ? " or " : "", i);
    return buf_str(&filter);
}

static void assert_finds_none(Cast *cast, const char *type, Str filter)
{
    Ctx      ctx = test_ctx(cast->test, &cast->reader);
    Query    query = { .filter = filter, .total = true };
    Problems problems = { .arena = cast->test->arena };
    Found    found;
    assert_int_equal(find(&ctx, pack_type(cast->test->city->pack, str_from(type)), &query, &found, &problems).kind,
                     ERR_NONE);
    assert_int_equal(found.total, 0);
}

/* A filter that would take too long over the notes that the reader does not see takes no time over them, in a list as
 * among the children of records: how long it takes must tell nothing. */
static void a_filter_takes_no_time_over_what_is_hidden(void **state)
{
    Cast *cast = *state;
    Ctx   ctx = test_ctx(cast->test, &cast->reader);
    Str   filter = costly_filter(cast->test->arena), noughts = str_printf(cast->test->arena, "%09000d", 0);
    bool  few;
    write_notes(cast, &cast->reader, STR("short"), ACCESS_FEW + 1);
    write_notes(cast, &cast->admin, noughts, ACCESS_FEW + 1);
    assert_true(access_few(&ctx, pack_type(cast->test->city->pack, STR("note")), &few).kind == ERR_NONE && !few);
    assert_finds_none(cast, "note", filter);
    assert_finds_none(cast, "paper", str_printf(cast->test->arena, "any(note where %.*s)", STR_FMT(filter)));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, cast_setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_blind_reviewer_reads_the_technique_and_no_name),
        CASE(who_has_not_been_asked_sees_nothing),
        CASE(a_hidden_field_is_missing_in_filter_and_sort),
        CASE(an_existence_level_shows_that_it_exists_and_no_more),
        CASE(children_of_what_one_may_not_see_do_not_count),
        CASE(filters_outside_the_subset_and_unknown_names_are_refused),
        CASE(pages_join_to_the_whole_list_for_every_sort),
        CASE(a_cursor_serves_its_own_list_only),
        CASE(lists_and_single_records_agree_for_everybody),
        CASE(a_list_of_many_is_what_its_records_say),
        CASE(what_is_recalled_is_the_readers_own_and_ends_with_a_change),
        CASE(a_filter_over_what_never_shows_is_known_beforehand),
        CASE(a_verdict_reaches_the_author_without_the_reviewers_name),
        CASE(every_kind_of_value_is_told_as_the_contract_spells_it),
        CASE(a_title_speaks_the_readers_language_where_it_can),
        CASE(what_was_erased_is_told_to_whom_it_would_show),
        CASE(a_history_tells_no_id_of_whom_the_reader_does_not_see),
        CASE(a_history_holds_nothing_from_before_the_record_was_opened),
        CASE(a_history_is_the_same_whole_and_in_pages),
        CASE(the_newest_of_a_long_history_is_there_and_what_is_too_long_says_so),
        CASE(what_is_wanted_of_a_record_is_read_once_and_names_must_be_known),
        CASE(a_page_of_a_list_ends_when_it_is_long_enough),
        CASE(a_page_of_a_history_ends_when_it_is_long_enough),
        CASE(a_filter_that_asks_for_too_much_is_refused),
        cmocka_unit_test_setup_teardown(a_filter_takes_no_time_over_what_is_hidden, note_setup, cast_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
