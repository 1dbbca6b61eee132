#include "assets/assets.h"

#include "base/hash.h"
#include "base/testing.h"

static void every_asset_is_its_file_byte_for_byte(void **state)
{
    Arena *arena = *state;
    assert_true(asset_table_count > 0);
    for (size_t i = 0; i < asset_table_count; i++) {
        const Asset *asset = &asset_table[i];
        Str          bytes;
        assert_int_equal(file_read(arena, asset->path, 1 << 26, &bytes).kind, ERR_NONE);
        if (!str_eq(bytes, asset->bytes))
            fail_msg("%.*s differs", STR_FMT(asset->path));
        Hash hash = sha256(bytes);
        assert_true(str_eq(asset->etag, str_slice(hex_encode(arena, hash_str(&hash)), 0, 16)));
        assert_true(asset->media_type.len > 0);
    }
}

static void the_table_is_sorted_and_every_row_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < asset_table_count; i++) {
        if (i > 0)
            assert_true(str_cmp(asset_table[i - 1].path, asset_table[i].path) < 0);
        assert_ptr_equal(asset_find(asset_table[i].path), &asset_table[i]);
    }
    assert_null(asset_find(STR("web/style/firstmile.cs")));
    assert_null(asset_find(STR("")));
    assert_null(asset_find(STR("zzz")));
}

static void a_folder_is_one_run_of_rows(void **state)
{
    (void)state;
    size_t       count, expected = 0;
    const Asset *first = asset_below(STR("web/templates/"), &count);
    for (size_t i = 0; i < asset_table_count; i++)
        expected += str_starts(asset_table[i].path, STR("web/templates/"));
    assert_true(count > 0);
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++)
        assert_true(str_starts(first[i].path, STR("web/templates/")));
    asset_below(STR("no such folder/"), &count);
    assert_int_equal(count, 0);
}

static void kinds_of_files_have_their_media_type_and_notes_are_left_out(void **state)
{
    (void)state;
    assert_true(str_eq(asset_find(STR("web/style/firstmile.css"))->media_type, STR("text/css; charset=utf-8")));
    assert_true(str_eq(asset_find(STR("web/icons.svg"))->media_type, STR("image/svg+xml")));
    assert_true(str_eq(asset_find(STR("web/locale/zh.json"))->media_type, STR("application/json")));
    assert_null(asset_find(STR("web/templates/README.md")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_asset_is_its_file_byte_for_byte),
        TEST(the_table_is_sorted_and_every_row_is_found),
        TEST(a_folder_is_one_run_of_rows),
        TEST(kinds_of_files_have_their_media_type_and_notes_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
