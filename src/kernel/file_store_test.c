/* kernel/file_store_test.c: whose an upload is, what holds a file, and when it goes. */
#include "kernel/file_store.h"

#include "base/file.h"
#include "base/limits.h"
#include "kernel/history.h"
#include "kernel/testing/dossier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka wants these first */
#include <cmocka.h>

typedef struct UploadJob {
    WriterJob     job;
    const Upload *upload;
} UploadJob;

static Err upload_run(Db *db, WriterJob *job) { return upload_write(db, ((const UploadJob *)job)->upload); }

/* The whole way up to a file that waits to be put somewhere. */
static FileRef sent(Cast *cast, const Actor *actor, const char *text)
{
    Ctx      ctx = test_ctx(cast->test, actor);
    Problems problems = { .arena = cast->test->arena };
    Staged  *staged;
    Upload   upload;
    assert_int_equal(staged_open(cast->test->city, &staged).kind, ERR_NONE);
    assert_int_equal(staged_add(staged, STR("%PDF-")).kind, ERR_NONE);
    assert_int_equal(staged_add(staged, str_from(text)).kind, ERR_NONE);
    assert_int_equal(upload_name(&ctx, staged, STR("a.pdf"), STR("scan"), &upload, &problems).kind, ERR_NONE);
    assert_int_equal(staged_flush(staged).kind, ERR_NONE);
    UploadJob job = { .job = { .run = upload_run }, .upload = &upload };
    assert_int_equal(writer_run(cast->test->city->writer, &job.job).kind, ERR_NONE);
    assert_int_equal(staged_keep(staged, cast->test->city).kind, ERR_NONE);
    staged_free(staged);
    return upload.file;
}

static bool on_disk(Cast *cast, const FileRef *file)
{
    return access(file_path(cast->test->city, cast->test->arena, file->sha256).ptr, F_OK) == 0;
}

static Str put_input(Cast *cast, const FileRef *file)
{
    return str_printf(cast->test->arena, "{\"scan\":{\"id\":\"%.*s\"}}", STR_FMT(file->id));
}

static Record put(Cast *cast, const Record *record, const FileRef *file)
{
    return test_act(cast->test, &cast->author, "dossier", record_id(record), "edit", put_input(cast, file));
}

static Record dossier(Cast *cast)
{
    return test_act(cast->test, &cast->author, "dossier", STR_NONE, "create", STR("{\"title\":\"Case\"}"));
}

static void sweep(Cast *cast, int64_t later_ms)
{
    cast->test->fixed.now_ms += later_ms;
    DutyRun run = { .ctx = test_ctx(cast->test, NULL) };
    assert_int_equal(files_duty(&run).kind, ERR_NONE);
    assert_true(run.next_ms > cast->test->fixed.now_ms);
}

/* Does the reader get the file by the record? */
static bool gets(Cast *cast, const Actor *actor, const Record *record, const FileRef *file)
{
    Ctx     ctx = test_ctx(cast->test, actor);
    Record  seen;
    FileRef found;
    bool    is = false;
    if (find_one(&ctx, record->type, record_id(record), &seen).kind)
        return false;
    assert_int_equal(history_file(&ctx, &seen, file->id, &found, &is).kind, ERR_NONE);
    assert_true(!is || (str_eq(found.sha256, file->sha256) && found.size == file->size));
    return is;
}

static void an_upload_is_its_senders_for_a_day(void **state)
{
    Cast    *cast = *state;
    FileRef  file = sent(cast, &cast->author, "1"), found;
    Ctx      author = test_ctx(cast->test, &cast->author), admin = test_ctx(cast->test, &cast->admin);
    Record   record = dossier(cast);
    Problems problems = { .arena = cast->test->arena };
    bool     is;
    assert_int_equal(upload_find(&author, file.id, &found, &is).kind, ERR_NONE);
    assert_true(is && str_eq(found.name, STR("a.pdf")) && found.size == 6);
    assert_int_equal(upload_find(&admin, file.id, &found, &is).kind, ERR_NONE);
    assert_false(is);
    cast->test->fixed.now_ms += DAY_MS + 1;
    assert_int_equal(test_try(cast->test, &cast->author, "dossier", record_id(&record), "edit", put_input(cast, &file),
                              NULL, &problems)
                         .code,
                     ECODE_RECORD_INVALID);
    assert_true(test_has_problem(&problems, ECODE_FIELD_FILE, "scan"));
}

static void what_a_record_holds_stays_and_what_none_holds_goes(void **state)
{
    Cast   *cast = *state;
    Record  record = dossier(cast);
    FileRef held = sent(cast, &cast->author, "held"), loose = sent(cast, &cast->author, "loose");
    put(cast, &record, &held);
    sweep(cast, DAY_MS);
    assert_true(on_disk(cast, &loose));
    sweep(cast, DAY_MS + 1);
    assert_false(on_disk(cast, &loose));
    assert_true(on_disk(cast, &held) && gets(cast, &cast->author, &record, &held));
    sweep(cast, 400 * DAY_MS);
    assert_true(on_disk(cast, &held));
}

/* The past of a record holds what stood in it. */
static void what_was_replaced_is_there_for_who_sees_the_past(void **state)
{
    Cast   *cast = *state;
    Record  record = dossier(cast);
    FileRef one = sent(cast, &cast->author, "1"), other = sent(cast, &cast->author, "2");
    put(cast, &record, &one);
    put(cast, &record, &other);
    sweep(cast, 3 * DAY_MS);
    assert_true(gets(cast, &cast->author, &record, &one) && gets(cast, &cast->admin, &record, &other));
    assert_false(gets(cast, &cast->reviewer, &record, &one) || gets(cast, &cast->reader, &record, &other));
    test_act(cast->test, &cast->author, "dossier", record_id(&record), "edit", STR("{\"disclosure\":\"public\"}"));
    assert_false(gets(cast, &cast->reader, &record, &one)); /* nda at most */
}

static void the_same_bytes_twice_stay_as_long_as_one_holds_them(void **state)
{
    Cast   *cast = *state;
    Record  record = dossier(cast);
    FileRef one = sent(cast, &cast->author, "same"), other = sent(cast, &cast->author, "same");
    assert_true(str_eq(one.sha256, other.sha256) && !str_eq(one.id, other.id));
    put(cast, &record, &one);
    sweep(cast, 3 * DAY_MS);
    assert_true(on_disk(cast, &one) && gets(cast, &cast->author, &record, &one));
}

static void what_is_erased_goes_from_the_disk(void **state)
{
    Cast   *cast = *state;
    Record  record = dossier(cast), twin = dossier(cast);
    FileRef mine = sent(cast, &cast->author, "mine"), both = sent(cast, &cast->author, "both"),
            again = sent(cast, &cast->author, "both");
    put(cast, &record, &mine);
    put(cast, &record, &both);
    put(cast, &twin, &again);
    test_act(cast->test, &cast->author, "dossier", record_id(&record), "erase", STR(""));
    sweep(cast, 0);
    assert_false(on_disk(cast, &mine) || gets(cast, &cast->admin, &record, &mine));
    assert_false(gets(cast, &cast->admin, &record, &both));
    assert_true(on_disk(cast, &again) && gets(cast, &cast->admin, &twin, &again));
}

static void a_city_that_opens_forgets_what_was_on_its_way(void **state)
{
    Cast   *cast = *state;
    Staged *staged;
    Str     path = str_printf(cast->test->arena, "%s/staging/left", cast->test->dir);
    assert_int_equal(staged_open(cast->test->city, &staged).kind, ERR_NONE);
    staged_free(staged);
    assert_int_equal(file_write(path, STR("left"), 0600).kind, ERR_NONE);
    test_city_reopen(cast->test);
    assert_int_not_equal(access(path.ptr, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_upload_is_its_senders_for_a_day, dossier_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(what_a_record_holds_stays_and_what_none_holds_goes, dossier_setup,
                                        cast_teardown),
        cmocka_unit_test_setup_teardown(what_was_replaced_is_there_for_who_sees_the_past, dossier_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(the_same_bytes_twice_stay_as_long_as_one_holds_them, dossier_setup,
                                        cast_teardown),
        cmocka_unit_test_setup_teardown(what_is_erased_goes_from_the_disk, dossier_setup, cast_teardown),
        cmocka_unit_test_setup_teardown(a_city_that_opens_forgets_what_was_on_its_way, dossier_setup, cast_teardown),
    };
    return cmocka_run_group_tests_name("file_store", tests, NULL, NULL);
}
