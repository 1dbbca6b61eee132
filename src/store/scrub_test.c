#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "store/scrub.h"
#include "store/store.h"
#include "store/testing/scratch.h"

#define ROWS_MAX 1500

static void assert_done(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

/* ---- one page ---- */

static void put_two(unsigned char *at, size_t number)
{
    at[0] = (unsigned char)(number >> 8);
    at[1] = (unsigned char)number;
}

/* A page full of 0xAA, with the head of a page of that kind at head_at. */
static void page_fill(unsigned char *page, size_t size, size_t head_at, int kind, size_t cells, size_t content)
{
    memset(page, 0xAA, size);
    page[head_at] = (unsigned char)kind;
    put_two(page + head_at + 3, cells);
    put_two(page + head_at + 5, content);
}

/* Scrubs the page: from `from` to `to`, exclusive, it is cleared, and elsewhere as before. */
static void assert_cleared(unsigned char *page, size_t size, bool first, size_t from, size_t to)
{
    static unsigned char wanted[65536];
    memcpy(wanted, page, size);
    memset(wanted + from, 0, to - from);
    assert_true(scrub_page(page, size, first));
    assert_memory_equal(page, wanted, size);
}

static void the_unused_middle_is_cleared_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        int    kind;
        bool   first;
        size_t cells, content, from;
    } cases[] = {
        { 13, false, 3, 300, 14 }, { 10, false, 0, 512, 8 },  { 2, false, 3, 300, 18 },
        { 5, true, 2, 500, 116 },  { 13, true, 1, 510, 110 }, { 13, false, 20, 48, 48 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char page[512];
        page_fill(page, sizeof page, cases[i].first ? 100 : 0, cases[i].kind, cases[i].cells, cases[i].content);
        assert_cleared(page, sizeof page, cases[i].first, cases[i].from, cases[i].content);
    }
}

static void a_page_of_64_kib_has_its_end_in_two_bytes(void **state)
{
    (void)state;
    static unsigned char page[65536];
    page_fill(page, sizeof page, 0, 13, 0, 0);
    assert_cleared(page, sizeof page, false, 8, sizeof page);
}

static void other_pages_and_damaged_ones_stay_as_they_are(void **state)
{
    (void)state;
    static const struct {
        int    kind;
        size_t cells, content;
    } cases[] = {
        { 0, 3, 300 }, { 1, 3, 300 },  { 7, 3, 300 },      /* overflow, free, none */
        { 13, 3, 0 },  { 13, 3, 513 }, { 13, 65535, 300 }, /* beyond the page, content before the cells */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char page[512], before[512];
        page_fill(page, sizeof page, 0, cases[i].kind, cases[i].cells, cases[i].content);
        memcpy(before, page, sizeof page);
        assert_false(scrub_page(page, sizeof page, false));
        assert_memory_equal(page, before, sizeof page);
    }
}

/* ---- a database ---- */

static uint64_t draw(uint64_t *seed) /* xorshift64* */
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545F4914F6CDD1Du;
}

/* "<<row.version>" as often as the row's size asks: from a few bytes to several pages. */
static Str word_of(Arena *arena, int row, int version, size_t times)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < times; i++)
        buf_printf(&buf, "<<%d.%d>", row, version);
    return buf_str(&buf);
}

typedef struct Kept { /* what each row holds: version, or -1 when it was erased */
    int version[ROWS_MAX];
} Kept;

/* Rows come, change and lose their words in any order; words are small and large, and their rows move between pages. */
static void live(Db *db, Arena *arena, uint64_t seed, Kept *kept)
{
    static const size_t times[] = { 1, 1, 2, 3, 10, 200, 1500 };
    int                 rows = 0;
    for (int step = 0; step < 3 * ROWS_MAX && rows < ROWS_MAX; step++) {
        uint64_t kind = draw(&seed) % 10;
        bool     adds = kind < 5 || rows == 0;
        int      row = adds ? rows++ : (int)(draw(&seed) % (uint64_t)rows);
        bool     erases = !adds && kind == 9;
        kept->version[row] = erases ? -1 : step;
        Str   word = word_of(arena, row, step, times[draw(&seed) % (sizeof times / sizeof *times)]);
        Value params[] = { value_text(str_printf(arena, "%d", row * 7919 % 10007)),
                           erases ? VALUE_NONE : value_text(word) };
        assert_done(db_begin(db));
        assert_done(db_run(db, STR("INSERT INTO word VALUES (?, ?) ON CONFLICT DO UPDATE SET word = excluded.word"),
                           params, 2));
        if (erases)
            db_erased(db);
        assert_done(db_commit(db));
    }
}

/* The row and version of a "<<row.version>" at the start of bytes. */
static bool mark_read(Str bytes, int64_t *row, int64_t *version)
{
    if (!str_starts(bytes, STR("<<")))
        return false;
    Str rest = str_slice(bytes, 2, bytes.len < 16 ? bytes.len : 16), number = str_cut(&rest, '.');
    return str_int(number, row) && str_int(str_cut(&rest, '>'), version) && *row < ROWS_MAX;
}

static void assert_only_kept(Str bytes, const Kept *kept)
{
    size_t found = 0;
    for (size_t at = 0; at < bytes.len; at++) {
        int64_t row, version;
        if (!mark_read(str_slice(bytes, at, bytes.len), &row, &version))
            continue;
        found++;
        if (kept->version[row] != version)
            fail_msg("<<%lld.%lld> is still at byte %zu", (long long)row, (long long)version, at);
    }
    assert_true(found > 100);
}

static void assert_whole(Db *db)
{
    OWNED(rows) Rows *rows = NULL;
    bool              more;
    assert_done(db_query(db, STR("PRAGMA integrity_check"), NULL, 0, &rows));
    assert_done(rows_next(rows, &more));
    assert_true(more && str_eq(rows_borrow_text(rows, 0), STR("ok")));
}

static void nothing_that_was_replaced_is_left_in_the_file(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        OWNED(arena) Arena *arena = arena_new();
        Scratch            *scratch = scratch_new();
        Str                 path = str_dup(arena, scratch_path(scratch, "words.db")), bytes;
        static Kept         kept;
        Db                 *db;
        assert_done(db_open(path, DB_CREATE, &db));
        assert_done(db_script(db, STR("PRAGMA synchronous=OFF"))); /* for speed */
        assert_done(db_script(db, seed % 2 ? STR("CREATE TABLE word(name TEXT PRIMARY KEY, word TEXT)")
                                           : STR("CREATE TABLE word(name TEXT PRIMARY KEY, word TEXT) WITHOUT ROWID")));
        assert_done(db_script(db, STR("CREATE INDEX word_by_word ON word(word)")));
        live(db, arena, seed, &kept);
        assert_done(db_checkpoint(db, DB_CHECKPOINT_EMPTY));
        assert_false(db_holds_erased(db));
        assert_whole(db);
        assert_done(file_read(arena, path, SIZE_MAX, &bytes));
        assert_only_kept(bytes, &kept);
        db_close(db);
        scratch_free(scratch);
    }
}

static void erased_bytes_wait_in_the_log_for_the_last_reader(void **state)
{
    (void)state;
    Scratch *scratch = scratch_new();
    Db      *db, *reader;
    assert_done(db_open(scratch_path(scratch, "words.db"), DB_CREATE, &db));
    assert_done(db_script(db, STR("CREATE TABLE word(name TEXT PRIMARY KEY, word TEXT)")));
    assert_done(db_open(scratch_path(scratch, "words.db"), DB_READ, &reader));
    assert_done(db_snapshot_begin(reader));
    db_erased(db);
    assert_done(db_script(db, STR("INSERT INTO word VALUES ('a', 'b')")));
    assert_done(db_checkpoint(db, DB_CHECKPOINT_EMPTY));
    assert_true(db_holds_erased(db));
    db_snapshot_end(reader);
    assert_done(db_checkpoint(db, DB_CHECKPOINT_EMPTY));
    assert_false(db_holds_erased(db));
    db_close(reader);
    db_close(db);
    scratch_free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_unused_middle_is_cleared_and_nothing_else),
        cmocka_unit_test(a_page_of_64_kib_has_its_end_in_two_bytes),
        cmocka_unit_test(other_pages_and_damaged_ones_stay_as_they_are),
        cmocka_unit_test(nothing_that_was_replaced_is_left_in_the_file),
        cmocka_unit_test(erased_bytes_wait_in_the_log_for_the_last_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
