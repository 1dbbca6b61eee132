#include "base/csv.h"

#include "base/testing.h"

static void write_row(Buf *buf, const Str *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(buf, ',');
        csv_write_cell(buf, cells[i]);
    }
    buf_add(buf, STR("\r\n"));
}

/* All rows as "line[cell|cell]", the last error as "line!". */
static Str summary(Arena *arena, Str text)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    Csv csv = csv_open(text);
    for (;;) {
        Str   *cells;
        size_t count;
        bool   more;
        Err    err = csv_next(&csv, arena, &cells, &count, &more);
        if (err.kind) {
            buf_printf(&buf, "%zu!", csv.line);
            assert_true(err.code == ECODE_CSV_SYNTAX);
            assert_str_equal(str_slice(str_from(err.context), 0, 6), str_printf(arena, "line %zu", csv.line));
        }
        if (err.kind || !more)
            return buf_str(&buf);
        buf_printf(&buf, "%zu[%.*s]", csv.line, STR_FMT(str_join(arena, cells, count, STR("|"))));
    }
}

static void rows_and_faults_are_found_at_their_lines(void **state)
{
    const struct {
        const char *text, *rows;
    } cases[] = {
        { "", "" },
        { "a,b\nc,d\n", "1[a|b]2[c|d]" },
        { "a,b\r\nc,d", "1[a|b]2[c|d]" },
        { "\xEF\xBB\xBF"
          "a,b\n",
          "1[a|b]" },
        { "\xEF\xBB\xBF", "" },
        { "\n", "1[]" },
        { "a\n\nb\n", "1[a]2[]3[b]" },
        { ",\n", "1[|]" },
        { "a,\n", "1[a|]" },
        { "\"a,b\",c\n", "1[a,b|c]" },
        { "\"a\nb\r\nc\",d\ne\n", "1[a\nb\r\nc|d]4[e]" },
        { "\"\"\"a\"\"\",\"\"\n", "1[\"a\"|]" },
        { "\"\"", "1[]" },
        { "\"a\"\r\n\"b\"", "1[a]2[b]" },
        { " a , b \n", "1[ a | b ]" },
        { "a\rb\n", "1[a\rb]" }, /* CR alone is no line end */
        { "a\n\"b\"c\n", "1[a]2!" },
        { "a\nb\"c\n", "1[a]2!" },
        { "a\nb,\"c\nd\n", "1[a]2!" }, /* the line of the quote that stays open */
        { "\"a\nb\"c,d\n", "2!" },     /* the line of the fault, not of the row */
        { "x\n\"a\nb\",\"c\n", "1[x]3!" },
        { "a, \"b\"\n", "1!" },
        { "\"", "1!" },
        { "\"\"\"", "1!" },
        { "\"a\"\rb", "1!" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Str found = summary(*state, str_from(cases[i].text));
        if (!str_eq(found, str_from(cases[i].rows)))
            fail_msg("case %zu: %.*s instead of %s", i, STR_FMT(found), cases[i].rows);
    }
}

static void a_row_has_a_largest_number_of_cells(void **state)
{
    Buf text = buf_new(*state, SIZE_MAX);
    buf_add(&text, STR("first\n"));
    for (int i = 1; i < CSV_CELLS_MAX; i++)
        buf_char(&text, ',');
    Csv    csv = csv_open(buf_str(&text));
    Str   *cells;
    size_t count;
    bool   more;
    assert_ok(csv_next(&csv, *state, &cells, &count, &more));
    assert_ok(csv_next(&csv, *state, &cells, &count, &more));
    assert_true(more && count == CSV_CELLS_MAX);
    buf_char(&text, ',');
    csv = csv_open(buf_str(&text));
    assert_ok(csv_next(&csv, *state, &cells, &count, &more));
    assert_err(csv_next(&csv, *state, &cells, &count, &more), ECODE_CSV_CELLS);
    assert_int_equal(csv.line, 2);
}

static void cells_are_quoted_only_where_they_must(void **state)
{
    const Str cells[] = { STR_INIT("plain 中"),
                          STR_INIT("a,b"),
                          STR_INIT("say \"x\""),
                          STR_INIT("two\nlines"),
                          STR_INIT("\r"),
                          STR_INIT(""),
                          STR_INIT("\xEF\xBB\xBF"
                                   "bom") };
    Buf       buf = buf_new(*state, SIZE_MAX);
    write_row(&buf, cells, sizeof cells / sizeof *cells);
    assert_str_equal(buf_str(&buf), STR("plain 中,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"\r\",,\"\xEF\xBB\xBF"
                                        "bom\"\r\n"));
}

static void reading_undoes_writing(void **state)
{
    Rng rng = rng_new();
    for (int round = 0; round < 5000; round++) {
        arena_reset(*state);
        enum { ROWS = 4, CELLS = 5 };
        Str    cells[ROWS][CELLS];
        size_t counts[ROWS];
        Buf    buf = buf_new(*state, SIZE_MAX);
        for (size_t row = 0; row < ROWS; row++) {
            counts[row] = 1 + rng_below(&rng, CELLS);
            for (size_t i = 0; i < counts[row]; i++)
                cells[row][i] = rng_text(&rng, *state, STR("ab,\"\n\r \xEF\xBB\xBF"), 6);
            write_row(&buf, cells[row], counts[row]);
        }
        Csv csv = csv_open(buf_str(&buf));
        for (size_t row = 0; row <= ROWS; row++) {
            Str   *found;
            size_t count;
            bool   more;
            assert_ok(csv_next(&csv, *state, &found, &count, &more));
            assert_int_equal(more, row < ROWS);
            if (!more)
                break;
            assert_int_equal(count, counts[row]);
            for (size_t i = 0; i < count; i++)
                assert_str_equal(found[i], cells[row][i]);
        }
    }
}

static void what_was_typed_is_no_formula(void **state)
{
    const struct {
        const char *cell, *written;
    } cases[] = {
        { "=1+1", "'=1+1" },
        { "+49 30", "'+49 30" },
        { "-1", "'-1" },
        { "@SUM(A1)", "'@SUM(A1)" },
        { "\t=1", "'\t=1" },
        { "\r=1", "\"'\r=1\"" },
        { "\n=1", "\"'\n=1\"" },
        { "＝1+1", "'＝1+1" },
        { "'＠x", "''＠x" },
        { "－20℃", "'－20℃" },
        { "＊1", "＊1" },
        { "'=1", "''=1" },
        { "''=1", "'''=1" },
        { "=\"a\"", "\"'=\"\"a\"\"\"" },
        { "=a,b", "\"'=a,b\"" },
        { "1=1", "1=1" },
        { "'tis", "'tis" },
        { "a-b", "a-b" },
        { "'", "'" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Buf buf = buf_new(*state, 1000);
        csv_write_text(&buf, str_from(cases[i].cell));
        assert_str_equal(buf_str(&buf), str_from(cases[i].written));
    }
}

static void text_comes_back_as_it_was_typed(void **state)
{
    static const char signs[] = "''=+-@\t\r\n\",a";
    Rng               rng = rng_new();
    for (int round = 0; round < 20000; round++) {
        char   cell[6];
        size_t length = 1 + rng_next(&rng) % sizeof cell, count;
        for (size_t i = 0; i < length; i++)
            cell[i] = signs[rng_next(&rng) % (sizeof signs - 1)];
        Buf buf = buf_new(*state, 1000);
        csv_write_text(&buf, (Str){ cell, length });
        Csv  csv = csv_open(buf_str(&buf));
        Str *found;
        bool more;
        assert_ok(csv_next(&csv, *state, &found, &count, &more));
        assert_int_equal(count, 1);
        assert_null(strchr("=+-@\t\r\n", found[0].ptr[0]));
        assert_str_equal(csv_text(found[0]), ((Str){ cell, length }));
    }
}

static void real_tables_have_their_rows(void **state)
{
    const struct {
        const char *name;
        size_t      rows, cells; /* without the header */
    } tables[] = {
        { "certification/harmonized_system.csv.gz", 6940, 5 },
        { "certification/countries_en_zh.csv", 249, 0 },
        { "classification/gbt4754_2011.csv", 1424, 3 },
        { "patents/pizza_patentscope.csv.gz", 5923, 8 },
        { "patents/drones_lens.csv.gz", 3525, 26 },
        { "litigation/case_captions.csv.gz", 3692, 4 },
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        Csv    csv = csv_open(shared_read(*state, tables[i].name));
        size_t rows = 0, header = 0, count;
        Str   *cells;
        bool   more;
        for (;; rows++) {
            assert_ok(csv_next(&csv, *state, &cells, &count, &more));
            if (!more)
                break;
            header = rows ? header : count;
            if (count != header)
                fail_msg("%s, line %zu: %zu cells", tables[i].name, csv.line, count);
        }
        if (rows != tables[i].rows + 1 || (tables[i].cells && header != tables[i].cells))
            fail_msg("%s: %zu rows of %zu", tables[i].name, rows, header);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_and_faults_are_found_at_their_lines),
        TEST(a_row_has_a_largest_number_of_cells),
        TEST(cells_are_quoted_only_where_they_must),
        TEST(reading_undoes_writing),
        TEST(what_was_typed_is_no_formula),
        TEST(text_comes_back_as_it_was_typed),
        TEST(real_tables_have_their_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
