/* A new folder, whole or not at all. */
#include "cli/staging.h"

#include "base/testing.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct Place {
    Arena *arena;
    Str    root, city;
} Place;

static Place place_new(Arena *arena)
{
    char name[] = "/tmp/firstmile-staging-XXXXXX";
    assert_non_null(mkdtemp(name));
    Str root = str_dup(arena, str_from(name));
    return (Place){ arena, root, str_printf(arena, "%.*s/city", STR_FMT(root)) };
}

static Str below(const Place *place, const char *name)
{
    return str_printf(place->arena, "%.*s/%s", STR_FMT(place->root), name);
}

static void put(const Place *place, const char *name) { assert_ok(file_write(below(place, name), STR("x"), 0600)); }

static bool is_there(const Place *place, const char *name)
{
    return access(str_dup_z(place->arena, below(place, name)), F_OK) == 0;
}

static void make_folder(const Place *place, const char *name)
{
    assert_int_equal(mkdir(str_dup_z(place->arena, below(place, name)), 0700), 0);
}

static void remove_all(const Place *place, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(remove(str_dup_z(place->arena, below(place, names[i]))), 0);
    assert_int_equal(rmdir(str_dup_z(place->arena, place->root)), 0);
}
#define REMOVE_ALL(place, ...)                                                                                         \
    remove_all((place), (const char *const[]){ __VA_ARGS__ },                                                          \
               sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void what_is_kept_takes_its_place_at_once(void **state)
{
    Place   place = place_new(*state);
    Staging staging;
    assert_ok(staging_open(*state, str_printf(*state, "%.*s//", STR_FMT(place.city)), &staging));
    put(&place, "city.init/city.db");
    assert_false(is_there(&place, "city"));
    assert_ok(staging_keep(&staging));
    staging_drop(&staging);
    assert_true(is_there(&place, "city/city.db"));
    assert_false(is_there(&place, "city.init"));
    REMOVE_ALL(&place, "city/city.db", "city");
}

static void what_is_dropped_leaves_nothing(void **state)
{
    Place   place = place_new(*state);
    Staging staging;
    assert_ok(staging_open(*state, place.city, &staging));
    put(&place, "city.init/city.db.new");
    make_folder(&place, "city.init/keys");
    put(&place, "city.init/keys/secret");
    staging_drop(&staging);
    assert_false(is_there(&place, "city.init"));
    assert_false(is_there(&place, "city"));
    assert_int_equal(rmdir(str_dup_z(*state, place.root)), 0);
}

static void what_a_killed_process_left_is_taken_over(void **state)
{
    Place   place = place_new(*state);
    Staging staging;
    make_folder(&place, "city.init");
    make_folder(&place, "city.init/keys");
    put(&place, "city.init/city.db.new");
    put(&place, "city.init/city.db.new-journal"); /* killed before the write-ahead log was turned on */
    put(&place, "city.init/city.db-wal");
    put(&place, "city.init/keys/secret.0123456789abcdef.tmp");
    assert_ok(staging_open(*state, place.city, &staging));
    assert_false(is_there(&place, "city.init/city.db.new"));
    assert_false(is_there(&place, "city.init/keys"));
    assert_ok(staging_keep(&staging));
    REMOVE_ALL(&place, "city");
}

static void what_belongs_to_somebody_else_stays(void **state)
{
    Place   place = place_new(*state);
    Staging staging;
    make_folder(&place, "city");
    put(&place, "city/notes");
    assert_err(staging_open(*state, place.city, &staging), ECODE_CITY_FOLDER);
    put(&place, "city/city.db");
    assert_err(staging_open(*state, place.city, &staging), ECODE_CITY_EXISTS);
    make_folder(&place, "other.init");
    put(&place, "other.init/notes");
    assert_err(staging_open(*state, below(&place, "other"), &staging), ECODE_CITY_FOLDER);
    put(&place, "file");
    assert_err(staging_open(*state, below(&place, "file"), &staging), ECODE_CITY_FOLDER);
    REMOVE_ALL(&place, "city/notes", "city/city.db", "city", "other.init/notes", "other.init", "file");
}

static void an_empty_folder_may_become_a_city(void **state)
{
    Place   place = place_new(*state);
    Staging staging;
    make_folder(&place, "city");
    assert_ok(staging_open(*state, place.city, &staging));
    put(&place, "city.init/city.db");
    assert_ok(staging_keep(&staging));
    assert_true(is_there(&place, "city/city.db"));
    REMOVE_ALL(&place, "city/city.db", "city");
}

static void what_a_rename_cannot_replace_is_refused_at_the_start(void **state)
{
    static const char *const wrong[] = { "link", "link/", "nowhere", "folder/.", "folder/..", "folder/./" };
    Place                    place = place_new(*state);
    Staging                  staging;
    make_folder(&place, "folder");
    assert_int_equal(symlink("folder", str_dup_z(*state, below(&place, "link"))), 0);
    assert_int_equal(symlink("nothing", str_dup_z(*state, below(&place, "nowhere"))), 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_err(staging_open(*state, below(&place, wrong[i]), &staging), ECODE_CITY_FOLDER);
    assert_false(is_there(&place, "link.init"));
    put(&place, "folder/city.db");
    assert_err(staging_open(*state, below(&place, "link"), &staging),
               ECODE_CITY_EXISTS); /* said first: it helps more */
    REMOVE_ALL(&place, "folder/city.db", "folder", "link", "nowhere");
}

static void two_do_not_build_the_same(void **state)
{
    Place   place = place_new(*state);
    Staging one, two;
    assert_ok(staging_open(*state, place.city, &one));
    put(&place, "city.init/city.db");
    assert_err(staging_open(*state, place.city, &two), ECODE_CITY_LOCKED);
    assert_true(is_there(&place, "city.init/city.db"));
    staging_drop(&one);
    assert_int_equal(rmdir(str_dup_z(*state, place.root)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_kept_takes_its_place_at_once),
        TEST(what_is_dropped_leaves_nothing),
        TEST(what_a_killed_process_left_is_taken_over),
        TEST(what_belongs_to_somebody_else_stays),
        TEST(an_empty_folder_may_become_a_city),
        TEST(two_do_not_build_the_same),
        TEST(what_a_rename_cannot_replace_is_refused_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
