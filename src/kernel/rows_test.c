/* kernel/rows_test.c: child rows as text and as a table. */
#include "base/testing.h"

#include "kernel/rows.h"

#include <stdlib.h>
#include <unistd.h>

enum { PART = ROW_COLUMNS, COST, SINCE, COLUMN_END };
enum { MATERIALS = SYS_COUNT, FIELD_END };

typedef struct World {
    Arena *arena;
    Pack   pack; /* of no types: no relation leads to the record */
    Type   record, row;
    Field  fields[FIELD_END], columns[COLUMN_END];
} World;

static void field_make(Field *field, const char *name, FieldKind kind, uint16_t index, const Type *type)
{
    *field = (Field){ .name = str_from(name), .kind = kind, .index = index, .type = type, .scale = 2 };
}

static int world_make(void **state)
{
    static const char *const system[SYS_COUNT] = { "id",      "number",     "state",   "version", "owner",
                                                   "creator", "disclosure", "created", "changed", "erased" };
    World                   *w = mem_alloc(sizeof *w);
    w->arena = arena_new();
    for (int i = 0; i < SYS_COUNT; i++)
        field_make(&w->fields[i], system[i], FIELD_TEXT, (uint16_t)i, &w->record);
    field_make(&w->fields[MATERIALS], "materials", FIELD_ROWS, MATERIALS, &w->record);
    field_make(&w->columns[ROW_PARENT], "parent", FIELD_REFERENCE, ROW_PARENT, &w->row);
    field_make(&w->columns[ROW_POSITION], "position", FIELD_INTEGER, ROW_POSITION, &w->row);
    field_make(&w->columns[PART], "part", FIELD_TEXT, PART, &w->row);
    field_make(&w->columns[COST], "cost", FIELD_MONEY, COST, &w->row);
    field_make(&w->columns[SINCE], "since", FIELD_DATE, SINCE, &w->row);
    w->record = (Type){ .name = STR("device"),
                        .pack = &w->pack,
                        .table = STR("r_device"),
                        .fields = w->fields,
                        .field_count = FIELD_END,
                        .stored_count = FIELD_END };
    w->row = (Type){ .table = STR("r_device.materials"),
                     .fields = w->columns,
                     .field_count = COLUMN_END,
                     .stored_count = COLUMN_END,
                     .row_of = &w->fields[MATERIALS] };
    w->fields[MATERIALS].rows = &w->row;
    *state = w;
    return 0;
}

static int world_free(void **state)
{
    World *w = *state;
    arena_free(w->arena);
    free(w);
    return 0;
}

static Record record_of(World *w, const char *id, Value materials)
{
    Record record = { .type = &w->record, .values = ARENA_ARRAY(w->arena, Value, FIELD_END) };
    for (size_t i = 0; i < SYS_COUNT; i++)
        record.values[i] = value_text(STR("x"));
    record.values[SYS_ID] = value_id(str_from(id));
    record.values[MATERIALS] = materials;
    record.clearance.in[0] = CLASS_NDA;
    return record;
}

#define ONE   "0190a0a0-0000-7000-8000-000000000001"
#define OTHER "0190a0a0-0000-7000-8000-000000000002"
#define TEXT_OF_TWO                                                                                                    \
    STR("[{\"part\":\"text:a \\\"cell\\\"\",\"cost\":\"decimal:12.50\"},{\"since\":\"date:2025-03-04\"}]")

static void rows_keep_their_order_and_their_text(void **state)
{
    World  *w = *state;
    Field  *field = &w->fields[MATERIALS];
    Record *rows, record = record_of(w, ONE, value_rows(TEXT_OF_TWO));
    size_t  count;
    assert_ok(rows_read(w->arena, field, &record, record.values[MATERIALS], &rows, &count));
    assert_int_equal(count, 2);
    assert_str_equal(rows[0].values[PART].text, STR("a \"cell\""));
    assert_int_equal(rows[0].values[COST].number, 1250);
    assert_int_equal(rows[0].values[SINCE].kind, VALUE_MISSING);
    assert_int_equal(rows[1].values[ROW_POSITION].number, 2);
    assert_str_equal(rows[1].values[ROW_PARENT].text, STR(ONE));
    assert_int_equal(rows[1].clearance.in[0], CLASS_NDA);
    assert_str_equal(rows_value(w->arena, field, rows, count).text, TEXT_OF_TWO);
}

static void no_rows_are_a_missing_value(void **state)
{
    World  *w = *state;
    Record *rows, record = record_of(w, ONE, VALUE_NONE);
    size_t  count = 7;
    assert_ok(rows_read(w->arena, &w->fields[MATERIALS], &record, VALUE_NONE, &rows, &count));
    assert_int_equal(count, 0);
    assert_int_equal(rows_value(w->arena, &w->fields[MATERIALS], NULL, 0).kind, VALUE_MISSING);
}

static ErrCode read_code(World *w, const char *text)
{
    Record *rows, record = record_of(w, ONE, value_rows(str_from(text)));
    size_t  count;
    return rows_read(w->arena, &w->fields[MATERIALS], &record, record.values[MATERIALS], &rows, &count).code;
}

static void text_that_is_none_is_told_and_a_column_of_before_is_passed_over(void **state)
{
    static const char *const wrong[] = { "[",
                                         "{}",
                                         "[1]",
                                         "[{\"part\":\"cell\"}]",
                                         "[{\"part\":7}]",
                                         "[{\"part\":\"integer:7\"}]",
                                         "[{\"cost\":\"decimal:1.005\"}]" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(read_code(*state, wrong[i]), ECODE_STORE_CORRUPT);
    World  *w = *state;
    Record *rows, record = record_of(w, ONE, value_rows(STR("[{\"gone\":\"text:x\",\"cost\":\"decimal:1.5\"}]")));
    size_t  count;
    assert_ok(rows_read(w->arena, &w->fields[MATERIALS], &record, record.values[MATERIALS], &rows, &count));
    assert_int_equal(rows[0].values[COST].number, 150); /* at the column's own scale */
    assert_int_equal(rows[0].values[COST].scale, 2);
}

/* Rows of the side table: "parent position part cost since", one a line. */
static Str side_table(World *w, Db *db)
{
    Buf               out = buf_new(w->arena, SIZE_MAX);
    OWNED(rows) Rows *rows = NULL;
    Str               sql = STR("SELECT substr(parent, 36) || ' ' || position || ' ' || coalesce(part, '-') || ' '"
                                              " || coalesce(cost, '-') || ' ' || coalesce(since, '-')"
                                              " FROM \"r_device.materials\" ORDER BY parent, position");
    assert_ok(db_query(db, sql, NULL, 0, &rows));
    for (bool more;;) {
        assert_ok(rows_next(rows, &more));
        if (!more)
            return buf_str(&out);
        buf_add(&out, rows_borrow_text(rows, 0));
        buf_char(&out, '\n');
    }
}

static void the_side_table_is_written_with_the_record(void **state)
{
    World        *w = *state;
    char          path[] = "/tmp/firstmile-rows-XXXXXX";
    bool          set[FIELD_END] = { false };
    OWNED(db) Db *db = NULL;
    close(mkstemp(path));
    assert_ok(db_open(str_from(path), DB_WRITE, &db));
    assert_ok(db_script(db, record_tables(w->arena, &w->record)));
    record_statements(w->arena, &w->record);
    Record first = record_of(w, ONE, value_rows(TEXT_OF_TWO)), second = record_of(w, OTHER, VALUE_NONE);
    assert_ok(record_insert(db, &first));
    assert_ok(record_insert(db, &second));
    assert_str_equal(side_table(w, db), STR("1 1 a \"cell\" 1250 -\n1 2 - - 20151\n"));

    second.values[MATERIALS] = first.values[MATERIALS] = value_rows(STR("[{\"part\":\"text:b\"}]"));
    set[SYS_NUMBER] = true;
    assert_ok(record_update(db, w->arena, &second, set)); /* the rows are no part of this change */
    set[MATERIALS] = true;
    assert_ok(record_update(db, w->arena, &first, set));
    assert_str_equal(side_table(w, db), STR("1 1 b - -\n"));
    first.values[MATERIALS] = VALUE_NONE;
    assert_ok(record_update(db, w->arena, &first, set));
    assert_str_equal(side_table(w, db), STR(""));
    unlink(path);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_make, world_free)
    const struct CMUnitTest tests[] = {
        CASE(rows_keep_their_order_and_their_text),
        CASE(no_rows_are_a_missing_value),
        CASE(text_that_is_none_is_told_and_a_column_of_before_is_passed_over),
        CASE(the_side_table_is_written_with_the_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
