#include "base/file.h"

#include "base/testing.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* ---- a folder of its own for each test ---- */

typedef struct Place {
    Arena *arena;
    char   folder[64];
} Place;

static int place_setup(void **state)
{
    Place *place = mem_alloc(sizeof *place);
    place->arena = arena_new();
    snprintf(place->folder, sizeof place->folder, "/tmp/file_test.XXXXXX");
    *state = place;
    return mkdtemp(place->folder) ? 0 : -1;
}

static Str place_path(Place *place, const char *name) { return str_printf(place->arena, "%s/%s", place->folder, name); }

static size_t place_files(Place *place, bool remove)
{
    size_t count = 0;
    DIR   *folder = opendir(place->folder);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') {
            count++;
            if (remove)
                unlink(place_path(place, entry->d_name).ptr);
        }
    closedir(folder);
    return count;
}

static int place_teardown(void **state)
{
    Place *place = *state;
    place_files(place, true);
    rmdir(place->folder);
    arena_free(place->arena);
    free(place);
    return 0;
}

#define PLACE_TEST(function) cmocka_unit_test_setup_teardown(function, place_setup, place_teardown)

static Str noise(Rng *rng, Arena *arena, size_t size)
{
    char *bytes = arena_alloc(arena, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)rng_below(rng, 256);
    return (Str){ bytes, size };
}

static Str packed(Arena *arena, Str bytes)
{
    z_stream stream = { .next_in = (Bytef *)bytes.ptr, .avail_in = (uInt)bytes.len };
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&stream, bytes.len);
    char  *out = arena_alloc(arena, bound);
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)bound;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return (Str){ out, stream.total_out };
}

/* ---- plain ---- */

static void what_is_written_is_read(void **state)
{
    Place       *place = *state;
    Rng          rng = rng_new();
    const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 1000000 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        Str path = place_path(place, "file"), bytes = noise(&rng, place->arena, sizes[i]), again;
        assert_ok(file_write(path, bytes, 0644));
        assert_ok(file_read(place->arena, path, sizes[i], &again));
        assert_str_equal(again, bytes);
        if (sizes[i])
            assert_err(file_read(place->arena, path, sizes[i] - 1, &again), ECODE_FILE_TOO_LARGE);
        assert_ok(file_read(place->arena, path, SIZE_MAX, &again));
        assert_str_equal(again, bytes);
    }
    assert_int_equal(place_files(place, false), 1); /* no temporary file is left */
}

static void an_endless_file_ends_at_the_maximum(void **state)
{
    Place *place = *state;
    Str    out;
    assert_err(file_read(place->arena, STR("/dev/zero"), 100000, &out), ECODE_FILE_TOO_LARGE);
}

static void what_cannot_be_read_says_so(void **state)
{
    Place *place = *state;
    Str    out = STR("untouched");
    assert_err(file_read(place->arena, place_path(place, "none"), 100, &out), ECODE_FILE_MISSING);
    assert_err(file_read(place->arena, str_from(place->folder), 100, &out), ECODE_FILE_READ);
    assert_err(file_read(place->arena, STR(""), 100, &out), ECODE_FILE_MISSING);
    assert_err(file_read(place->arena, STR("/etc/hostname\0x"), 100, &out), ECODE_FILE_MISSING);
    assert_str_equal(out, STR("untouched"));
}

static void writing_replaces_whole_files_with_their_mode(void **state)
{
    Place *place = *state;
    Str    path = place_path(place, "key"), out;
    mode_t mask = umask(022);
    assert_ok(file_write(path, STR("a much longer text"), 0644));
    assert_ok(file_write(path, STR("short"), 0600));
    umask(mask);
    assert_ok(file_read(place->arena, path, 100, &out));
    assert_str_equal(out, STR("short"));
    struct stat status;
    assert_int_equal(stat(path.ptr, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void what_cannot_be_written_leaves_nothing(void **state)
{
    Place *place = *state;
    Str    folder = place_path(place, "folder");
    assert_err(file_write(place_path(place, "none/file"), STR("x"), 0644), ECODE_FILE_MISSING);
    assert_int_equal(mkdir(folder.ptr, 0755), 0);
    assert_err(file_write(folder, STR("x"), 0644), ECODE_FILE_READ); /* a folder is not replaced */
    assert_int_equal(place_files(place, false), 1);
    assert_int_equal(rmdir(folder.ptr), 0);
    assert_err(file_write(STR("/dev/full/x"), STR("x"), 0644), ECODE_FILE_MISSING);
    assert_err(file_write(STR("a\0b"), STR("x"), 0644), ECODE_FILE_MISSING);
}

static void a_write_that_breaks_off_keeps_the_old_file(void **state)
{
    Place *place = *state;
    Str    path = place_path(place, "file"), out;
    assert_ok(file_write(path, STR("old"), 0644));
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    Err err = file_write(path, (Str){ arena_alloc(place->arena, 5000), 5000 }, 0644);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(err.code, ECODE_FILE_READ);
    assert_int_equal(place_files(place, false), 1);
    assert_ok(file_read(place->arena, path, 100, &out));
    assert_str_equal(out, STR("old"));
}

static void a_bare_name_is_written_in_the_working_folder(void **state)
{
    Place *place = *state;
    char   before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(place->folder), 0);
    Err err = file_write(STR("bare"), STR("x"), 0644);
    assert_int_equal(chdir(before), 0);
    assert_ok(err);
    Str out;
    assert_ok(file_read(place->arena, place_path(place, "bare"), 1, &out));
}

/* ---- packed ---- */

static void packed_files_are_unpacked(void **state)
{
    Place *place = *state;
    Rng    rng = rng_new();
    Str    path = place_path(place, "file.gz"), again;
    for (size_t size = 0; size < 400000; size = size * 3 + 1) {
        Str bytes = noise(&rng, place->arena, size);
        assert_ok(file_write(path, packed(place->arena, bytes), 0644));
        assert_ok(file_read(place->arena, path, size, &again));
        assert_str_equal(again, bytes);
        if (size)
            assert_err(file_read(place->arena, path, size - 1, &again), ECODE_FILE_TOO_LARGE);
    }
}

static void members_in_a_row_are_one_text(void **state)
{
    Place *place = *state;
    Rng    rng = rng_new();
    Str    path = place_path(place, "file.gz"), again;
    Str    first = noise(&rng, place->arena, 100000), last = noise(&rng, place->arena, 7);
    Str    members[] = { packed(place->arena, first), packed(place->arena, STR_NONE), packed(place->arena, last) };
    assert_ok(file_write(path, str_join(place->arena, members, 3, STR_NONE), 0644));
    assert_ok(file_read(place->arena, path, 1 << 20, &again));
    assert_str_equal(str_slice(again, 0, first.len), first);
    assert_str_equal(str_slice(again, first.len, again.len), last);
}

static void damaged_packed_files_are_refused(void **state)
{
    Place *place = *state;
    Rng    rng = rng_new();
    Str    path = place_path(place, "file.gz"), again;
    Str    whole = packed(place->arena, noise(&rng, place->arena, 2000));
    for (size_t length = 0; length < whole.len; length += length < 20 || length > whole.len - 20 ? 1 : 97) {
        assert_ok(file_write(path, str_slice(whole, 0, length), 0644));
        assert_err(file_read(place->arena, path, 1 << 20, &again), ECODE_FILE_GZIP);
    }
    Str tails[] = { STR_INIT("garbage"), STR_INIT("\0"), STR_INIT("\x1f\x8b") };
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        Str parts[] = { whole, tails[i] };
        assert_ok(file_write(path, str_join(place->arena, parts, 2, STR_NONE), 0644));
        assert_err(file_read(place->arena, path, 1 << 20, &again), ECODE_FILE_GZIP);
    }
    char *flipped = (char *)str_dup(place->arena, whole).ptr;
    flipped[whole.len - 6] ^= 1; /* in the check sum */
    assert_ok(file_write(path, (Str){ flipped, whole.len }, 0644));
    assert_err(file_read(place->arena, path, 1 << 20, &again), ECODE_FILE_GZIP);
    assert_ok(file_write(path, STR("plain text"), 0644));
    assert_err(file_read(place->arena, path, 1 << 20, &again), ECODE_FILE_GZIP);
}

static void a_bomb_is_refused_before_it_grows(void **state)
{
    Place *place = *state;
    enum { UNPACKED = 64 << 20, MAX = 1 << 20 };
    Str                 path = place_path(place, "bomb.gz"), out;
    OWNED(arena) Arena *large = arena_new();
    Str                 bomb = packed(large, (Str){ arena_alloc(large, UNPACKED), UNPACKED });
    assert_true(bomb.len < MAX / 10);
    assert_ok(file_write(path, bomb, 0644));
    size_t before = arena_used(place->arena);
    assert_err(file_read(place->arena, path, MAX, &out), ECODE_FILE_TOO_LARGE);
    assert_true(arena_used(place->arena) - before < 4096);
}

/* ---- piece by piece ---- */

static Str content(Place *place, Str path)
{
    Str out;
    assert_ok(file_read(place->arena, path, 1 << 20, &out));
    return out;
}

static void a_file_in_pieces_stands_under_its_name_when_it_is_whole(void **state)
{
    Place   *place = *state;
    Str      path = place_path(place, "out.csv");
    FilePart file;
    assert_ok(file_write(path, STR("before"), 0644));
    assert_ok(file_part_open(place->arena, path, 0640, &file));
    assert_ok(file_part_write(&file, STR("one,")));
    assert_true(str_eq(content(place, path), STR("before")));
    assert_ok(file_part_write(&file, STR("two")));
    assert_ok(file_part_keep(&file));
    assert_true(str_eq(content(place, path), STR("one,two")));
    assert_ok(file_part_open(place->arena, path, 0640, &file));
    file_part_drop(&file);
    assert_true(str_eq(content(place, path), STR("one,two")));
    assert_int_equal(place_files(place, false), 1);
}

/* Somebody else may have put something there, to read along, to have another file overwritten, or to hold us up. */
static void what_stands_in_the_place_of_a_part_is_neither_written_nor_waited_for(void **state)
{
    Place      *place = *state;
    Str         path = place_path(place, "out.csv"), part = place_path(place, "out.csv.part");
    Str         other = place_path(place, "other");
    struct stat found;
    FilePart    file;
    assert_ok(file_write(other, STR("other"), 0666));
    for (int kind = 0; kind < 4; kind++) {
        int made = kind == 0   ? link(other.ptr, part.ptr)
                   : kind == 1 ? symlink(other.ptr, part.ptr)
                   : kind == 2 ? mkfifo(part.ptr, 0666)
                               : rename(other.ptr, part.ptr); /* readable by all, and perhaps open already */
        assert_int_equal(made, 0);
        assert_ok(file_part_open(place->arena, path, 0640, &file));
        assert_ok(file_part_write(&file, STR("secret")));
        assert_ok(file_part_keep(&file));
        assert_true(str_eq(content(place, path), STR("secret")));
        assert_int_equal(stat(path.ptr, &found), 0);
        assert_int_equal(found.st_mode & 07007, 0);
        if (kind < 3)
            assert_true(str_eq(content(place, other), STR("other")));
    }
    assert_int_equal(mkdir(part.ptr, 0755), 0);
    assert_err(file_part_open(place->arena, path, 0640, &file), ECODE_FILE_READ);
    rmdir(part.ptr);
}

static void of_two_that_write_one_file_the_later_stands_whole(void **state)
{
    Place   *place = *state;
    Str      path = place_path(place, "out.csv");
    FilePart first, second;
    assert_ok(file_part_open(place->arena, path, 0640, &first));
    assert_ok(file_part_write(&first, STR("first")));
    assert_ok(file_part_open(place->arena, path, 0640, &second));
    assert_ok(file_part_write(&second, STR("sec")));
    assert_err(file_part_keep(&first), ECODE_FILE_READ);
    assert_ok(file_part_open(place->arena, place_path(place, "none"), 0640, &first));
    file_part_drop(&first);
    assert_ok(file_part_write(&second, STR("ond")));
    assert_ok(file_part_keep(&second));
    assert_true(str_eq(content(place, path), STR("second")));
    assert_int_equal(place_files(place, false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(what_is_written_is_read),
        PLACE_TEST(an_endless_file_ends_at_the_maximum),
        PLACE_TEST(what_cannot_be_read_says_so),
        PLACE_TEST(writing_replaces_whole_files_with_their_mode),
        PLACE_TEST(what_cannot_be_written_leaves_nothing),
        PLACE_TEST(a_write_that_breaks_off_keeps_the_old_file),
        PLACE_TEST(a_bare_name_is_written_in_the_working_folder),
        PLACE_TEST(packed_files_are_unpacked),
        PLACE_TEST(members_in_a_row_are_one_text),
        PLACE_TEST(damaged_packed_files_are_refused),
        PLACE_TEST(a_bomb_is_refused_before_it_grows),
        PLACE_TEST(a_file_in_pieces_stands_under_its_name_when_it_is_whole),
        PLACE_TEST(what_stands_in_the_place_of_a_part_is_neither_written_nor_waited_for),
        PLACE_TEST(of_two_that_write_one_file_the_later_stands_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
