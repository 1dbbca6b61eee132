#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/statement.h"
#include "store/store.h"
#include "store/testing/fault_disk.h"
#include "store/testing/scratch.h"

static Scratch *scratch;

static int scratch_setup(void **state)
{
    (void)state;
    scratch = scratch_new();
    return 0;
}

static int scratch_teardown(void **state)
{
    (void)state;
    scratch_free(scratch);
    return 0;
}

static void assert_done(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

static void assert_refused(Err err, ErrCode code)
{
    if (err.code != code)
        fail_msg("expected %.*s, got %.*s: %s", STR_FMT(err_row(code)->code), STR_FMT(err_row(err.code)->code),
                 err.context);
}

static Db *open_db(const char *name, DbMode mode)
{
    Db *db = NULL;
    assert_done(db_open(scratch_path(scratch, name), mode, &db));
    return db;
}

/* A database with one table, and count rows numbered from 1. */
static Db *numbers_db(const char *name, int64_t count)
{
    Db *db = open_db(name, DB_CREATE);
    assert_done(db_script(db, STR("CREATE TABLE number(n INTEGER PRIMARY KEY, word TEXT UNIQUE) STRICT")));
    for (int64_t n = 1; n <= count; n++) {
        Value value = value_int(n);
        assert_done(db_run(db, STR("INSERT INTO number(n) VALUES (?)"), &value, 1));
    }
    return db;
}

static int64_t one_int(Db *db, Str sql)
{
    Rows *rows = NULL;
    bool  more = false;
    assert_done(db_query(db, sql, NULL, 0, &rows));
    assert_done(rows_next(rows, &more));
    assert_true(more);
    int64_t number = rows_int(rows, 0);
    rows_done(rows);
    return number;
}

static int64_t count_numbers(Db *db) { return one_int(db, STR("SELECT count(*) FROM number")); }

/* ---- values ---- */

static void every_kind_of_value_comes_back_as_it_was_bound(void **state)
{
    (void)state;
    static const struct {
        Value       value;
        const char *type;
    } cases[] = {
        { { .kind = VALUE_MISSING }, "null" },
        { { .kind = VALUE_TEXT, .text = STR_INIT("概念验证 ' \" ; --") }, "text" },
        { { .kind = VALUE_TEXT, .text = { NULL, 0 } }, "text" },
        { { .kind = VALUE_INTEGER, .number = INT64_MAX }, "integer" },
        { { .kind = VALUE_INTEGER, .number = INT64_MIN }, "integer" },
        { { .kind = VALUE_DECIMAL, .number = -123450, .scale = 2 }, "integer" },
        { { .kind = VALUE_BOOLEAN, .number = 1 }, "integer" },
        { { .kind = VALUE_DATE, .number = 20151 }, "integer" },
        { { .kind = VALUE_INSTANT, .number = 1741064767000 }, "integer" },
        { { .kind = VALUE_ID, .text = STR_INIT("01956f3a-7c00-7000-8000-000000000000") }, "text" },
    };
    Db *db = open_db("values", DB_CREATE);
    assert_done(db_script(db, STR("CREATE TABLE kept(at INTEGER PRIMARY KEY, value ANY) STRICT")));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Value params[] = { value_int((int64_t)i), cases[i].value };
        assert_done(db_run(db, STR("INSERT INTO kept VALUES (?, ?)"), params, 2));
        assert_int_equal(db_changes(db), 1);

        Rows *rows = NULL;
        bool  more = false;
        assert_done(db_query(db, STR("SELECT value, typeof(value) FROM kept WHERE at = ?"), params, 1, &rows));
        assert_done(rows_next(rows, &more));
        assert_true(more);
        assert_true(str_eq(rows_borrow_text(rows, 1), str_from(cases[i].type)));
        assert_int_equal(rows_missing(rows, 0), cases[i].value.kind == VALUE_MISSING);
        if (strcmp(cases[i].type, "integer") == 0)
            assert_true(rows_int(rows, 0) == cases[i].value.number);
        else
            assert_true(str_eq(rows_borrow_text(rows, 0), cases[i].value.text));
        assert_done(rows_next(rows, &more));
        assert_false(more);
        assert_done(rows_next(rows, &more)); /* the end stays the end */
        assert_false(more);
        rows_done(rows);
    }
    db_close(db);
}

static void values_of_a_query_may_go_before_its_rows_come(void **state)
{
    (void)state;
    Db   *db = open_db("lifetime", DB_CREATE);
    char  text[] = "before";
    Rows *rows = NULL;
    bool  more = false;
    Value value = value_text(str_from(text));
    assert_done(db_query(db, STR("SELECT ?"), &value, 1, &rows));
    strcpy(text, "after");
    assert_done(rows_next(rows, &more));
    assert_true(str_eq(rows_borrow_text(rows, 0), STR("before")));
    rows_done(rows);
    db_close(db);
}

static void a_statement_that_does_not_fit_its_call_is_refused(void **state)
{
    (void)state;
    static const struct {
        Str    sql;
        size_t count;
    } cases[] = {
        { STR_INIT("SELECT ?"), 0 }, /* too few values */
        { STR_INIT("SELECT ?"), 2 }, /* too many */
        { STR_INIT("SELECT 1; SELECT 2"), 0 },
        { STR_INIT(""), 0 },
        { STR_INIT("-- nothing"), 0 },
        { STR_INIT("SELEKT 1"), 0 },
        { STR_INIT("DELETE FROM number"), 0 }, /* gives no rows */
        { STR_INIT("SELECT \"text\""), 0 },    /* double quotes are names */
        { STR_INIT("SELECT load_extension('x')"), 0 },
    };
    Db *db = numbers_db("misfit", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Rows *rows = NULL;
        bool  more = false;
        Value values[2] = { VALUE_NONE, VALUE_NONE };
        Err   err = db_query(db, cases[i].sql, values, cases[i].count, &rows);
        if (!err.kind) /* some are found only when they run */
            err = rows_next(rows, &more);
        rows_done(rows);
        assert_refused(err, ECODE_INTERNAL);
    }
    assert_refused(db_run(db, STR("SELECT 1"), NULL, 0), ECODE_INTERNAL);
    assert_refused(db_script(db, (Str){ "SELECT 1;\0", 10 }), ECODE_INTERNAL);
    assert_done(db_run(db, STR("DELETE FROM number ;\n"), NULL, 0));
    db_close(db);
}

static void changes_are_those_of_the_last_statement(void **state)
{
    (void)state;
    Db *db = numbers_db("changes", 5);
    assert_done(db_run(db, STR("UPDATE number SET word = n WHERE n > 2"), NULL, 0));
    assert_int_equal(db_changes(db), 3);
    assert_done(db_run(db, STR("CREATE TABLE other(n)"), NULL, 0));
    assert_int_equal(db_changes(db), 0);
    assert_done(db_run(db, STR("DELETE FROM number WHERE n > 100"), NULL, 0));
    assert_int_equal(db_changes(db), 0);
    db_close(db);
}

static void a_constraint_says_which(void **state)
{
    (void)state;
    Db *db = numbers_db("constraint", 1);
    Err err = db_run(db, STR("INSERT INTO number(n) VALUES (1)"), NULL, 0);
    assert_refused(err, ECODE_STORE_CONSTRAINT);
    assert_non_null(strstr(err.context, "number.n"));
    db_close(db);
}

/* ---- statements ---- */

static void the_least_used_statement_goes(void **state)
{
    (void)state;
    sqlite3 *sqlite = NULL;
    assert_int_equal(sqlite3_open_v2(":memory:", &sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL),
                     SQLITE_OK);
    Statements *statements = statements_new(sqlite);
    char        text[64];
    Statement  *statement = NULL, *held = NULL;
    assert_int_equal(statement_take(statements, STR("SELECT 'held'"), &held), SQLITE_OK);
    for (int i = 0; i < 2 * DB_STATEMENTS; i++) {
        snprintf(text, sizeof text, "SELECT %d", i);
        assert_int_equal(statement_take(statements, str_from(text), &statement), SQLITE_OK);
        statement_give(statement);
        assert_int_equal(statement_take(statements, STR("SELECT 'often'"), &statement), SQLITE_OK);
        statement_give(statement);
    }
    assert_int_equal(statements_kept(statements), DB_STATEMENTS);
    assert_true(statement_is_kept(statements, STR("SELECT 'often'")));
    assert_true(statement_is_kept(statements, STR("SELECT 'held'"))); /* oldest of all, but in use */
    assert_true(statement_is_kept(statements, STR("SELECT 511")));
    assert_true(statement_is_kept(statements, STR("SELECT 258")));
    assert_false(statement_is_kept(statements, STR("SELECT 257")));
    assert_false(statement_is_kept(statements, STR("SELECT 0")));
    assert_int_equal(sqlite3_step(statement_borrow(held)), SQLITE_ROW);
    statement_give(held);
    statements_free(statements);
    assert_int_equal(sqlite3_close(sqlite), SQLITE_OK); /* nothing was left prepared */
}

static void a_statement_runs_twice_at_once(void **state)
{
    (void)state;
    Db   *db = numbers_db("twice", 3);
    Rows *rows[16] = { 0 };
    bool  more = false;
    for (size_t i = 0; i < 16; i++)
        assert_done(db_query(db, STR("SELECT n FROM number ORDER BY n"), NULL, 0, &rows[i]));
    for (int64_t n = 1; n <= 3; n++) {
        for (size_t i = 0; i < 16; i++) {
            assert_done(rows_next(rows[i], &more));
            assert_true(more);
            assert_int_equal(rows_int(rows[i], 0), n);
        }
    }
    for (size_t i = 0; i < 16; i++)
        rows_done(rows[i]);
    assert_int_equal(one_int(db, STR("SELECT n FROM number ORDER BY n")), 1); /* kept, and reset */
    db_close(db);
}

static void statements_outlive_a_changed_schema(void **state)
{
    (void)state;
    Db *db = numbers_db("schema", 2);
    Db *reader = open_db("schema", DB_READ);
    assert_int_equal(count_numbers(reader), 2);
    assert_done(db_script(db, STR("ALTER TABLE number ADD COLUMN more TEXT; CREATE INDEX by_more ON number(more)")));
    assert_int_equal(count_numbers(reader), 2);
    assert_int_equal(one_int(reader, STR("SELECT more IS NULL FROM number")), 1);
    db_close(reader);
    db_close(db);
}

/* ---- snapshots and modes ---- */

static void a_snapshot_does_not_see_what_came_after_it(void **state)
{
    (void)state;
    Db *writer = numbers_db("snapshot", 1);
    Db *reader = open_db("snapshot", DB_READ);
    assert_done(db_snapshot_begin(reader));
    assert_done(db_run(writer, STR("INSERT INTO number(n) VALUES (2)"), NULL, 0)); /* before the first read of ours */
    assert_int_equal(count_numbers(reader), 1);
    assert_done(db_run(writer, STR("INSERT INTO number(n) VALUES (3)"), NULL, 0));
    assert_int_equal(count_numbers(reader), 1);
    db_snapshot_end(reader);
    assert_int_equal(count_numbers(reader), 3);
    db_snapshot_end(reader); /* without one does nothing */

    assert_done(db_begin(writer));
    assert_done(db_run(writer, STR("INSERT INTO number(n) VALUES (4)"), NULL, 0));
    assert_int_equal(count_numbers(reader), 3); /* nothing is seen before COMMIT */
    assert_done(db_commit(writer));
    assert_int_equal(count_numbers(reader), 4);
    db_close(reader);
    db_close(writer);
}

static void a_reader_cannot_write(void **state)
{
    (void)state;
    Db *db = numbers_db("reader", 1);
    db_close(db);
    Db *reader = open_db("reader", DB_READ);
    assert_refused(db_run(reader, STR("INSERT INTO number(n) VALUES (2)"), NULL, 0), ECODE_STORE_READ_ONLY);
    assert_refused(db_script(reader, STR("CREATE TABLE t(n)")), ECODE_STORE_READ_ONLY);
    assert_refused(db_script(reader, STR("PRAGMA query_only=OFF; DELETE FROM number")), ECODE_STORE_READ_ONLY);
    assert_int_equal(count_numbers(reader), 1);
    db_close(reader);
}

static void a_query_without_end_is_stopped(void **state)
{
    (void)state;
    db_close(numbers_db("endless.db", 10));
    Db   *db = open_db("endless.db", DB_READ);
    Rows *rows = NULL;
    bool  more;
    Str   endless = STR("WITH RECURSIVE up(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM up) SELECT count(*) FROM up");
    for (int round = 0; round < 2; round++) {
        assert_done(db_snapshot_begin(db));
        assert_done(db_query(db, endless, NULL, 0, &rows));
        assert_refused(rows_next(rows, &more), ECODE_STORE_SLOW);
        rows_done(rows);
        assert_int_equal(count_numbers(db), 10);
        db_snapshot_end(db);
    }
    db_close(db);
}

/* ---- numbers ---- */

static size_t ended_count; /* statements */

static void ended_told(Str sql, int64_t us)
{
    (void)sql, (void)us;
    ended_count++;
}

static const DbSlow ended_all = { 0, ended_told };

static Str       asker = STR_INIT("one");
static const Str above = STR_INIT("SELECT n, word FROM number WHERE n > ? OR word = ? ORDER BY n DESC");

/* What db_numbers() gives, joined, and by how many statements it came. */
static const char *numbers_above(Db *db, Value n, Value word, size_t *asked)
{
    static char text[100];
    Arena      *arena = arena_new();
    Numbers     found;
    Value       params[] = { n, word };
    size_t      before = ended_count, len = 0;
    assert_done(db_numbers(db, arena, asker, above, params, 2, &found));
    text[0] = '\0';
    for (size_t i = 0; i < found.count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%d ", (int)found.items[i]);
    *asked = ended_count - before;
    arena_free(arena);
    return text;
}

static void assert_numbers(Db *db, Value n, Value word, const char *wanted, size_t wanted_asked)
{
    size_t asked;
    assert_string_equal(numbers_above(db, n, word, &asked), wanted);
    assert_int_equal(asked, wanted_asked);
}

static void numbers_are_asked_once_until_something_changes(void **state)
{
    (void)state;
    Db         *writer = numbers_db("recall", 3), *reader = open_db("recall", DB_READ);
    const Value none = VALUE_NONE, one = value_int(1), two = value_int(2);
    db_watch_slow(reader, &ended_all);

    assert_numbers(reader, one, none, "3 2 ", 1); /* outside of a snapshot: each time */
    assert_numbers(reader, one, none, "3 2 ", 1);

    assert_done(db_snapshot_begin(reader));
    assert_numbers(reader, one, none, "3 2 ", 1);
    assert_numbers(reader, one, none, "3 2 ", 0);
    asker = STR("another");
    assert_numbers(reader, one, none, "3 2 ", 1); /* nobody learns what others ask */
    asker = STR("one");
    assert_numbers(reader, two, none, "3 ", 1); /* other values are another question */
    assert_numbers(reader, value_int(9), none, "", 1);
    assert_numbers(reader, value_int(9), none, "", 0);
    assert_numbers(reader, one, value_text(STR("1")), "3 2 ", 1);
    assert_numbers(reader, one, value_text(STR_NONE), "3 2 ", 1); /* empty and missing are two */
    assert_done(db_run(writer, STR("INSERT INTO number(n) VALUES (4)"), NULL, 0));
    assert_numbers(reader, one, none, "3 2 ", 0); /* the snapshot is as of before */
    db_snapshot_end(reader);
    assert_numbers(reader, one, none, "4 3 2 ", 1);

    assert_done(db_snapshot_begin(reader));
    assert_numbers(reader, one, none, "4 3 2 ", 1);
    db_snapshot_end(reader);
    assert_done(db_snapshot_begin(reader)); /* nothing has changed between the two */
    assert_numbers(reader, one, none, "4 3 2 ", 0);
    db_snapshot_end(reader);

    assert_done(db_run(writer, STR("UPDATE number SET word = 'x' WHERE n = 1"), NULL, 0));
    assert_done(db_checkpoint(writer, DB_CHECKPOINT_EMPTY));
    assert_done(db_snapshot_begin(reader));
    assert_numbers(reader, two, value_text(STR("x")), "4 3 1 ", 1);
    assert_numbers(reader, one, none, "4 3 2 ", 1);
    db_forget(reader);
    assert_numbers(reader, one, none, "4 3 2 ", 1);
    db_snapshot_end(reader);
    db_close(reader);
    db_close(writer);
}

static void who_writes_asks_each_time(void **state)
{
    (void)state;
    Db         *db = numbers_db("recall_write", 1);
    const Value zero = value_int(0), none = VALUE_NONE;
    db_watch_slow(db, &ended_all);
    assert_done(db_snapshot_begin(db));
    assert_numbers(db, zero, none, "1 ", 1);
    assert_done(db_run(db, STR("INSERT INTO number(n) VALUES (2)"), NULL, 0));
    assert_numbers(db, zero, none, "2 1 ", 1);
    db_snapshot_end(db);
    db_close(db);
}

static void a_statement_that_fails_is_not_recalled(void **state)
{
    (void)state;
    Db     *writer = numbers_db("recall_fails", 2), *reader = open_db("recall_fails", DB_READ);
    Arena  *arena = arena_new();
    Numbers found;
    Str     fails = STR("SELECT CASE n WHEN 1 THEN 1 ELSE abs(-9223372036854775807 - 1) END FROM number ORDER BY n");
    assert_done(db_snapshot_begin(reader));
    for (int i = 0; i < 2; i++)
        assert_refused(db_numbers(reader, arena, STR_NONE, fails, NULL, 0, &found), ECODE_INTERNAL);
    db_snapshot_end(reader);
    arena_free(arena);
    db_close(reader);
    db_close(writer);
}

static size_t slow_count;
static char   slow_text[200];

static void slow_told(Str sql, int64_t us)
{
    assert_true(us >= 0);
    slow_count++;
    snprintf(slow_text, sizeof slow_text, "%.*s", STR_FMT(sql));
}

static void slow_statements_are_told_without_their_values(void **state)
{
    (void)state;
    static const DbSlow all = { 0, slow_told }, hour = { INT64_C(3600) * 1000000, slow_told };
    Db                 *db = numbers_db("slow.db", 3);
    Value               value = value_int(2);
    Str                 sql = STR("UPDATE number SET word = 'x' WHERE n = ?");
    db_watch_slow(db, &hour);
    assert_done(db_run(db, sql, &value, 1));
    assert_int_equal(slow_count, 0);
    db_watch_slow(db, &all);
    assert_done(db_run(db, sql, &value, 1));
    assert_int_equal(slow_count, 1);
    assert_string_equal(slow_text, sql.ptr);
    assert_int_equal(one_int(db, STR("SELECT count(*) FROM number")), 3); /* told when its rows are done with */
    assert_int_equal(slow_count, 2);
    db_watch_slow(db, NULL);
    assert_done(db_run(db, sql, &value, 1));
    assert_int_equal(slow_count, 2);
    assert_true(db_statement_us(db) >= 0);
    db_close(db);
}

static void two_writers_do_not_mix(void **state)
{
    (void)state;
    Db *first = numbers_db("two", 1);
    Db *second = open_db("two", DB_WRITE);
    assert_done(db_script(second, STR("PRAGMA busy_timeout=10"))); /* the default would keep the test waiting */
    assert_done(db_begin(first));
    assert_refused(db_begin(second), ECODE_BUSY);
    assert_done(db_run(first, STR("INSERT INTO number(n) VALUES (2)"), NULL, 0));
    assert_done(db_commit(first));
    assert_done(db_begin(second));
    db_rollback(second);
    db_close(second);
    db_close(first);
}

static void only_the_owner_may_read_a_new_database(void **state)
{
    (void)state;
    Db *db = numbers_db("private", 1);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = { "private", "private-wal", "private-shm" };
        struct stat              info;
        assert_int_equal(stat(scratch_path(scratch, names[i]).ptr, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    db_close(db);
}

static void a_commit_is_synced(void **state)
{
    (void)state;
    Db *db = numbers_db("sync", 1);
    assert_int_equal(one_int(db, STR("PRAGMA synchronous")), 2); /* FULL */
    assert_int_equal(one_int(db, STR("PRAGMA trusted_schema")), 0);
    assert_int_equal(one_int(db, STR("PRAGMA temp_store")), 2); /* memory */
    db_close(db);
}

/* ---- files that are not what they should be ---- */

static void write_file(const char *name, const char *bytes, size_t len)
{
    int fd = open(scratch_path(scratch, name).ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    static const DbMode modes[] = { DB_WRITE, DB_READ };
    Db                 *db = NULL;
    for (size_t i = 0; i < 2; i++) {
        Err err = db_open(scratch_path(scratch, "nowhere"), modes[i], &db);
        assert_refused(err, ECODE_FILE_MISSING);
        assert_non_null(strstr(err.context, "nowhere"));
        assert_int_equal(access(scratch_path(scratch, "nowhere").ptr, F_OK), -1);
    }
    assert_refused(db_open(scratch_path(scratch, "no/folder"), DB_CREATE, &db), ECODE_FILE_MISSING);
    assert_refused(db_open(STR(""), DB_CREATE, &db), ECODE_FILE_MISSING);
    assert_refused(db_open((Str){ "a\0b", 3 }, DB_CREATE, &db), ECODE_FILE_MISSING);
    assert_refused(db_open(STR(":memory:"), DB_READ, &db), ECODE_FILE_MISSING); /* a path like any other */
    assert_refused(db_open(STR("file:x?mode=memory"), DB_READ, &db), ECODE_FILE_MISSING);
    assert_null(db);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    (void)state;
    static const DbMode modes[] = { DB_CREATE, DB_WRITE, DB_READ };
    char                bytes[8192];
    memset(bytes, 'x', sizeof bytes);
    write_file("text", bytes, sizeof bytes);
    for (size_t i = 0; i < 3; i++) {
        Db *db = NULL;
        assert_refused(db_open(scratch_path(scratch, "text"), modes[i], &db), ECODE_STORE_CORRUPT);
        assert_null(db);
    }
}

static void a_damaged_page_is_noticed(void **state)
{
    (void)state;
    Db *db = numbers_db("damaged", 2000);
    db_close(db);
    int fd = open(scratch_path(scratch, "damaged").ptr, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    char junk[4096];
    memset(junk, 0xA5, sizeof junk);
    for (off_t page = 1; page < 4; page++) /* all but the first, which holds the schema */
        assert_int_equal(pwrite(fd, junk, sizeof junk, page * 4096), sizeof junk);
    close(fd);
    Db   *damaged = open_db("damaged", DB_READ);
    Rows *rows = NULL;
    bool  more = true;
    Err   err = db_query(damaged, STR("SELECT n FROM number"), NULL, 0, &rows);
    while (!err.kind && more)
        err = rows_next(rows, &more);
    rows_done(rows);
    assert_refused(err, ECODE_STORE_CORRUPT);
    db_close(damaged);
}

static void a_folder_is_no_database(void **state)
{
    (void)state;
    Db *db = NULL;
    assert_refused(db_open(STR("/"), DB_WRITE, &db), ECODE_STORE_READ_ONLY);
    assert_null(db);
}

/* ---- transactions ---- */

static void a_part_is_undone_alone(void **state)
{
    (void)state;
    Db *db = numbers_db("part", 0);
    assert_done(db_begin(db));
    for (int64_t n = 1; n <= 4; n++) {
        Value value = value_int(n);
        assert_done(db_part_begin(db));
        assert_done(db_run(db, STR("INSERT INTO number(n) VALUES (?)"), &value, 1));
        assert_done(n % 2 ? db_part_keep(db) : db_part_undo(db));
    }
    assert_done(db_commit(db));
    assert_int_equal(one_int(db, STR("SELECT group_concat(n, '') FROM number")), 13);
    db_close(db);
}

static void parts_nest(void **state)
{
    (void)state;
    Db *db = numbers_db("nested", 0);
    assert_done(db_begin(db));
    assert_done(db_part_begin(db));
    for (int64_t n = 1; n <= 3; n++) {
        Value value = value_int(n);
        assert_done(db_part_begin(db));
        assert_done(db_run(db, STR("INSERT INTO number(n) VALUES (?)"), &value, 1));
        assert_done(n == 2 ? db_part_undo(db) : db_part_keep(db));
    }
    assert_done(db_part_keep(db));
    assert_int_equal(one_int(db, STR("SELECT group_concat(n, '') FROM number")), 13);
    assert_done(db_part_begin(db));
    assert_done(db_part_begin(db));
    assert_done(db_script(db, STR("DELETE FROM number")));
    assert_done(db_part_keep(db));
    assert_done(db_part_undo(db));
    assert_done(db_commit(db));
    assert_int_equal(one_int(db, STR("SELECT group_concat(n, '') FROM number")), 13);
    db_close(db);
}

static void a_lost_transaction_lets_nothing_through(void **state)
{
    (void)state;
    Db *db = numbers_db("lost", 3);
    assert_done(db_script(db, STR("PRAGMA max_page_count=8")));
    assert_done(db_begin(db));
    assert_done(db_run(db, STR("DELETE FROM number WHERE n = 1"), NULL, 0));
    assert_int_equal(db_lost(db).kind, ERR_NONE);
    Err err = db_run(db, STR("INSERT INTO number(word) VALUES (hex(zeroblob(100000)))"), NULL, 0);
    assert_refused(err, ECODE_STORE_FULL);
    assert_refused(db_lost(db), ECODE_STORE_FULL);
    /* Each of these would otherwise be committed as a change of its own. */
    Rows *rows = NULL;
    assert_refused(db_run(db, STR("DELETE FROM number WHERE n = 2"), NULL, 0), ECODE_STORE_FULL);
    assert_refused(db_script(db, STR("DELETE FROM number WHERE n = 2")), ECODE_STORE_FULL);
    assert_refused(db_query(db, STR("SELECT n FROM number"), NULL, 0, &rows), ECODE_STORE_FULL);
    assert_refused(db_part_begin(db), ECODE_STORE_FULL);
    assert_refused(db_commit(db), ECODE_STORE_FULL);
    assert_int_equal(db_lost(db).kind, ERR_NONE);
    assert_int_equal(count_numbers(db), 3);
    db_close(db);
}

/* ---- migrations ---- */

static const Str steps[] = {
    STR_INIT("CREATE TABLE first(n); INSERT INTO first VALUES (1)"),
    STR_INIT("CREATE TABLE second(n); INSERT INTO second SELECT n + 1 FROM first"),
    STR_INIT("UPDATE first SET n = n * 10; ALTER TABLE second RENAME TO third"),
};

static void each_migration_runs_once(void **state)
{
    (void)state;
    Db *db = open_db("migrate", DB_CREATE);
    assert_done(db_migrate(db, steps, 1));
    assert_done(db_migrate(db, steps, 1));
    assert_int_equal(one_int(db, STR("SELECT count(*) FROM first")), 1);
    assert_done(db_migrate(db, steps, 3));
    db_close(db);
    db = open_db("migrate", DB_WRITE);
    assert_done(db_migrate(db, steps, 3));
    assert_int_equal(one_int(db, STR("SELECT n FROM first")), 10);
    assert_int_equal(one_int(db, STR("SELECT n FROM third")), 2);
    assert_refused(db_migrate(db, steps, 2), ECODE_STORE_NEWER);
    assert_int_equal(one_int(db, STR("SELECT n FROM first")), 10);
    db_close(db);
}

static void a_failing_migration_leaves_its_steps_undone(void **state)
{
    (void)state;
    static const Str wrong[][2] = {
        { STR_INIT("CREATE TABLE first(n)"), STR_INIT("CREATE TABLE second(n); CREATE TABLE second(n)") },
        { STR_INIT("CREATE TABLE first(n)"), STR_INIT("COMMIT") },
    };
    for (size_t i = 0; i < 2; i++) {
        Db *db = open_db(i ? "wrong1" : "wrong0", DB_CREATE);
        Err err = db_migrate(db, wrong[i], 2);
        assert_refused(err, ECODE_INTERNAL);
        assert_non_null(strstr(err.context, "migration 2"));
        assert_int_equal(one_int(db, STR("PRAGMA user_version")), 1);
        assert_int_equal(one_int(db, STR("SELECT count(*) FROM sqlite_schema")), 1);
        db_close(db);
    }
}

typedef struct Killed {
    Str  path;
    long at; /* the write to the disk at which the process ends */
} Killed;

static void migrate_until_cut(void *arg)
{
    Killed   *killed = arg;
    FaultDisk disk = { .holds_writes = true, .cut_at = killed->at, .seed = (uint64_t)killed->at };
    fault_disk_install(&disk);
    atomic_store(&disk.armed, true);
    Db *db = NULL;
    if (db_open(killed->path, DB_CREATE, &db).kind || db_migrate(db, steps, 3).kind)
        _exit(1);
    child_report(1);
    _exit(0);
}

static void a_migration_cut_anywhere_runs_again(void **state)
{
    (void)state;
    bool finished = false;
    for (long at = 1; !finished; at++) {
        char    name[32];
        Killed  killed = { .at = at };
        int64_t number;
        snprintf(name, sizeof name, "cut%ld", at);
        killed.path = scratch_path(scratch, name);
        Child child = child_start(migrate_until_cut, &killed);
        finished = child_next(&child, &number);
        char message[256];
        int  status = child_end(&child, message, sizeof message);
        if (WEXITSTATUS(status) != (finished ? 0 : FAULT_CUT_STATUS))
            fail_msg("cut at %ld: status %d: %s", at, status, message);

        Db *db = open_db(name, DB_CREATE);
        assert_done(db_migrate(db, steps, 3));
        assert_int_equal(one_int(db, STR("SELECT n FROM first")), 10);
        assert_int_equal(one_int(db, STR("SELECT n FROM third")), 2);
        assert_int_equal(one_int(db, STR("SELECT count(*) FROM third")), 1);
        db_close(db);
    }
}

/* ---- the end of the process ---- */

static void *no_memory(int size)
{
    (void)size;
    return NULL;
}

static void *no_more_memory(void *old, int size)
{
    (void)old;
    (void)size;
    return NULL;
}

/* The allocator of the library, until the one statement of the test has been prepared. */
static sqlite3_mem_methods real_memory;
static bool                memory_gone;

static void *some_memory(int size) { return memory_gone ? no_memory(size) : real_memory.xMalloc(size); }

static void *some_more_memory(void *old, int size)
{
    return memory_gone ? no_more_memory(old, size) : real_memory.xRealloc(old, size);
}

static void run_out_of_memory(void *arg)
{
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = some_memory;
    memory.xRealloc = some_more_memory;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    Db *db = NULL;
    if (db_open(*(Str *)arg, DB_CREATE, &db).kind)
        _exit(1);
    memory_gone = true;
    Err err = db_script(db, STR("CREATE TABLE t(n)"));
    _exit(err.kind ? 2 : 3);
}

static void no_memory_ends_the_process(void **state)
{
    (void)state;
    Str   path = scratch_path(scratch, "memory");
    char  message[512];
    Child child = child_start(run_out_of_memory, &path);
    int   status = child_end(&child, message, sizeof message);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_ptr_equal(strchr(message, '\n'), message + strlen(message) - 1); /* one line */
    assert_non_null(strstr(message, "out of memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value_comes_back_as_it_was_bound),
        cmocka_unit_test(values_of_a_query_may_go_before_its_rows_come),
        cmocka_unit_test(a_statement_that_does_not_fit_its_call_is_refused),
        cmocka_unit_test(changes_are_those_of_the_last_statement),
        cmocka_unit_test(a_constraint_says_which),
        cmocka_unit_test(the_least_used_statement_goes),
        cmocka_unit_test(a_statement_runs_twice_at_once),
        cmocka_unit_test(statements_outlive_a_changed_schema),
        cmocka_unit_test(a_snapshot_does_not_see_what_came_after_it),
        cmocka_unit_test(numbers_are_asked_once_until_something_changes),
        cmocka_unit_test(who_writes_asks_each_time),
        cmocka_unit_test(a_statement_that_fails_is_not_recalled),
        cmocka_unit_test(a_reader_cannot_write),
        cmocka_unit_test(a_query_without_end_is_stopped),
        cmocka_unit_test(slow_statements_are_told_without_their_values),
        cmocka_unit_test(two_writers_do_not_mix),
        cmocka_unit_test(only_the_owner_may_read_a_new_database),
        cmocka_unit_test(a_commit_is_synced),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_file_that_is_no_database_is_refused),
        cmocka_unit_test(a_damaged_page_is_noticed),
        cmocka_unit_test(a_folder_is_no_database),
        cmocka_unit_test(a_part_is_undone_alone),
        cmocka_unit_test(parts_nest),
        cmocka_unit_test(a_lost_transaction_lets_nothing_through),
        cmocka_unit_test(each_migration_runs_once),
        cmocka_unit_test(a_failing_migration_leaves_its_steps_undone),
        cmocka_unit_test(a_migration_cut_anywhere_runs_again),
        cmocka_unit_test(no_memory_ends_the_process),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
