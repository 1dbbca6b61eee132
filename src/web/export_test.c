/* Exports of the mini pack's papers: columns and cells are those that the reader may see, and what is wrong is said
 * before anything is sent. That values come back as they went out is tests/export_test.py's. */
#include "base/csv.h"
#include "web/testing/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

#define EXPORT "/api/v1/records/paper/export"

static void create(Site *site, const char *fields)
{
    const char *body = str_printf(site->test->arena, "{\"fields\":%s}", fields).ptr;
    assert_int_equal(site_as(site, &site->author, "POST", STR("/api/v1/records/paper"), body).status, 201);
}

typedef struct Sheet { /* an export as CSV, read back */
    Str  **rows;       /* the first is the header */
    size_t row_count, column_count;
} Sheet;

static Sheet read_csv(Arena *arena, Str text)
{
    Csv    csv = csv_open(text);
    Sheet  sheet = { .rows = ARENA_ARRAY(arena, Str *, 1000) };
    size_t count;
    for (bool more = true; more; sheet.row_count += more) {
        assert_int_equal(csv_next(&csv, arena, &sheet.rows[sheet.row_count], &count, &more).kind, ERR_NONE);
        if (more && sheet.row_count)
            assert_int_equal(count, sheet.column_count);
        sheet.column_count = more ? count : sheet.column_count;
    }
    return sheet;
}

/* -1: there is none of that name. */
static int column(const Sheet *sheet, const char *name)
{
    for (size_t i = 0; i < sheet->column_count; i++)
        if (str_eq(sheet->rows[0][i], str_from(name)))
            return (int)i;
    return -1;
}

static Str cell(const Sheet *sheet, size_t row, const char *name)
{
    int at = column(sheet, name);
    assert_true(at >= 0 && row < sheet->row_count);
    return sheet->rows[row][at];
}

static void assert_text(Str found, const char *wanted)
{
    if (!str_eq(found, str_from(wanted)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_FMT(found), wanted);
}

/* The body of a chunked answer. */
static Str unchunked(Arena *arena, Str chunked)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (;;) {
        char  *end;
        size_t size = strtoul(str_dup_z(arena, str_slice(chunked, 0, str_find(chunked, STR("\r\n")))), &end, 16);
        size_t from = str_find(chunked, STR("\r\n")) + 2;
        assert_true(*end == '\0' && from + size + 2 <= chunked.len);
        if (!size)
            return buf_str(&buf);
        buf_add(&buf, str_slice(chunked, from, from + size));
        chunked = str_slice(chunked, from + size + 2, chunked.len);
    }
}

static Sheet export_as(Site *site, const Actor *actor, const char *target)
{
    Answer answer = site_as(site, actor, "GET", str_from(target), NULL);
    assert_int_equal(answer.status, 200);
    assert_text(answer_header(&answer, "Transfer-Encoding"), "chunked");
    assert_text(answer_header(&answer, "Content-Type"), "text/csv; charset=utf-8");
    return read_csv(site->test->arena, unchunked(site->test->arena, answer.body));
}

/* ---- who sees what ---- */

static void what_a_role_never_sees_is_no_column(void **state)
{
    static const char *const never[] = { "authors", "partners", "contact" }; /* readers see no identity */
    Site                    *site = *state;
    create(site, "{\"title\":\"A\",\"authors\":\"Secret Name\",\"body\":\"Text\",\"disclosure\":\"public\"}");
    Sheet author = export_as(site, &site->author, EXPORT), reader = export_as(site, &site->reader, EXPORT);
    assert_text(cell(&author, 1, "authors"), "Secret Name");
    assert_text(cell(&reader, 1, "body"), "Text");
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        assert_true(column(&author, never[i]) > 0);
        assert_int_equal(column(&reader, never[i]), -1);
        Str    target = str_printf(site->test->arena, EXPORT "?fields=title,%s", never[i]);
        Answer asked = site_as(site, &site->reader, "GET", target, NULL);
        assert_int_equal(asked.status, 422); /* as one that is not there */
        assert_text(answer_error(site, &asked, 0), "field.unknown");
    }
}

static void what_is_hidden_in_a_record_is_an_empty_cell(void **state)
{
    Site *site = *state;
    create(site, "{\"title\":\"A\",\"body\":\"Open\",\"disclosure\":\"public\"}");
    create(site, "{\"title\":\"B\",\"body\":\"Closed\",\"disclosure\":\"summary\"}"); /* that it exists, no more */
    create(site, "{\"title\":\"C\",\"body\":\"Gone\",\"disclosure\":\"secret\"}");
    Sheet reader = export_as(site, &site->reader, EXPORT "?sort=-body");
    assert_int_equal(reader.row_count, 3);
    assert_text(cell(&reader, 1, "body"), "Open");
    assert_text(cell(&reader, 2, "body"), "");
    assert_true(cell(&reader, 2, "id").len > 0);
}

/* ---- what it looks like ---- */

static void columns_are_the_fields_asked_for_behind_what_every_record_has(void **state)
{
    static const char *const wanted[] = { "id",      "number",  "state", "version", "owner",
                                          "creator", "created", "title", "pages" };
    Site                    *site = *state;
    create(site, "{\"title\":\"=1+1\",\"pages\":7}");
    Sheet sheet = export_as(site, &site->author, EXPORT "?fields=pages,title");
    assert_int_equal(sheet.column_count, 10); /* and `changed` */
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_true(column(&sheet, wanted[i]) >= 0);
    assert_true(column(&sheet, "pages") < column(&sheet, "title")); /* as they were asked for */
    assert_text(cell(&sheet, 1, "title"), "'=1+1");
    assert_text(cell(&sheet, 1, "pages"), "7");
    sheet = export_as(site, &site->author, EXPORT "?fields=pages&header=labels&lang=zh");
    assert_true(column(&sheet, "页数") > 0);
}

static void an_export_of_nothing_has_its_header_alone(void **state)
{
    Site  *site = *state;
    Sheet  sheet = export_as(site, &site->author, EXPORT);
    Answer lines = site_call(site, METHOD_GET, STR(EXPORT "?format=jsonl"), STR("author"), NULL);
    assert_int_equal(sheet.row_count, 1);
    assert_int_equal(lines.status, 200);
    assert_int_equal(lines.body.len, 0);
}

static void a_file_has_a_name_and_head_says_the_same(void **state)
{
    Site  *site = *state;
    Answer get = site_as(site, &site->author, "GET", STR(EXPORT "?format=jsonl"), NULL);
    Answer head = site_as(site, &site->author, "HEAD", STR(EXPORT "?format=jsonl"), NULL);
    Str    name = answer_header(&get, "Content-Disposition");
    assert_true(str_starts(name, STR("attachment; filename=\"paper-")) && str_ends(name, STR(".jsonl\"")));
    assert_true(str_eq(answer_header(&head, "Content-Disposition"), name));
    assert_text(answer_header(&head, "Content-Type"), "application/jsonl");
    assert_int_equal(head.body.len, 0);
}

/* ---- what is wrong ---- */

static void what_is_wrong_is_said_before_anything_is_sent(void **state)
{
    static const struct {
        const char *query;
        int         status;
        const char *code;
    } cases[] = {
        { "?format=ods", 422, "http.parameter" },          { "?header=both", 422, "http.parameter" },
        { "?fields=nothing", 422, "field.unknown" },       { "?sort=nothing", 422, "field.unknown" },
        { "?filter=title+%3D", 422, "expression.syntax" }, { "?limit=5", 422, "http.parameter_unknown" },
    };
    Site *site = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Str    target = str_printf(site->test->arena, EXPORT "%s", cases[i].query);
        Answer answer = site_as(site, &site->author, "GET", target, NULL);
        assert_int_equal(answer.status, cases[i].status);
        assert_text(answer_header(&answer, "Content-Type"), "application/problem+json");
        assert_text(answer_error(site, &answer, 0), cases[i].code);
    }
    assert_int_equal(site_as(site, &site->author, "GET", STR("/api/v1/records/nothing/export"), NULL).status, 404);
    assert_int_equal(site_ask(site, "GET", STR(EXPORT), STR(""), NULL).status, 401);
}

#define SITE(test) cmocka_unit_test_setup_teardown(test, site_setup, site_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SITE(what_a_role_never_sees_is_no_column),
        SITE(what_is_hidden_in_a_record_is_an_empty_cell),
        SITE(columns_are_the_fields_asked_for_behind_what_every_record_has),
        SITE(an_export_of_nothing_has_its_header_alone),
        SITE(a_file_has_a_name_and_head_says_the_same),
        SITE(what_is_wrong_is_said_before_anything_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
