#include "kernel/testing/testing.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#define TEST_NOW_MS 1772413200000LL /* 2026-03-02T01:00:00Z */

static void must(Err err)
{
    if (err.kind)
        fail_msg("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context);
}

void test_city_open(TestCity *test)
{
    must(city_open(str_from(test->dir), STR_NONE, env_fixed(&test->fixed), &test->city));
    must(city_reader(test->city, &test->db));
}

TestCity *test_city_new(const char *pack_dir) { return test_city_with(pack_dir, NULL, NULL); }

/* At the end of the file, or as a new one in its place among the others, which are sorted by path. */
static void add_text(Arena *arena, PackSource *source, Str path, const char *more)
{
    PackFile *files = ARENA_ARRAY(arena, PackFile, source->count + 1);
    size_t    at = 0;
    while (at < source->count && str_cmp(source->files[at].path, path) < 0)
        at++;
    bool known = at < source->count && str_eq(source->files[at].path, path);
    for (size_t i = 0; i < source->count; i++)
        files[i + (!known && i >= at)] = source->files[i];
    files[at].path = path;
    files[at].bytes = known ? str_printf(arena, "%.*s%s", STR_FMT(files[at].bytes), more) : str_from(more);
    source->files = files;
    source->count += !known;
}

TestCity *test_city_with(const char *pack_dir, const char *path, const char *more)
{
    TestCity *test = mem_alloc(sizeof *test);
    *test = (TestCity){ .arena = arena_new(), .fixed = { .now_ms = TEST_NOW_MS, .seed = 7 } };
    snprintf(test->dir, sizeof test->dir, "/tmp/firstmile-test-XXXXXX");
    assert_non_null(mkdtemp(test->dir));
    PackSource source;
    must(pack_source_read(test->arena, str_from(pack_dir), &source));
    if (path)
        add_text(test->arena, &source, str_from(path), more);
    must(city_create(str_from(test->dir), STR_NONE, &source, false, env_fixed(&test->fixed)));
    test_city_open(test);
    return test;
}

static void close_city(TestCity *test)
{
    db_close(test->db);
    city_close(test->city);
}

void test_city_reopen(TestCity *test)
{
    close_city(test);
    test_city_open(test);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    return remove(path);
}

void test_city_free(TestCity *test)
{
    close_city(test);
    nftw(test->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    arena_free(test->arena);
    free(test);
}

Ctx test_ctx(TestCity *test, const Actor *actor)
{
    return (Ctx){ .city = test->city,
                  .db = test->db,
                  .arena = test->arena,
                  .actor = actor,
                  .now_ms = test->fixed.now_ms,
                  .lang = LANG_EN };
}

Err test_try(TestCity *test, const Actor *actor, const char *type, Str record, const char *action, Str input,
             Record *out, Problems *problems)
{
    Json *json = NULL;
    *problems = (Problems){ .arena = test->arena };
    if (input.len)
        must(json_parse(test->arena, input, &json));
    ActRequest request = { .type = pack_type(test->city->pack, str_from(type)),
                           .record = record,
                           .action = str_from(action),
                           .input = json,
                           .if_match = -1 };
    assert_non_null(request.type);
    Ctx ctx = test_ctx(test, actor);
    return act(&ctx, &request, out, problems);
}

Record test_act(TestCity *test, const Actor *actor, const char *type, Str record, const char *action, Str input)
{
    Record   out;
    Problems problems;
    Err      err = test_try(test, actor, type, record, action, input, &out, &problems);
    if (err.kind)
        fail_msg("%s %s: %.*s: %s; %.*s %.*s", type, action, STR_FMT(err_row(err.code)->code), err.context,
                 STR_FMT(problems.count ? problems.items[0].field : STR_NONE),
                 STR_FMT(problems.count ? problems.items[0].text.in[LANG_EN] : STR_NONE));
    return out;
}

Str test_organisation(TestCity *test, const char *name)
{
    Str    input = str_printf(test->arena, "{\"name\":\"%s\"}", name);
    Record record = test_act(test, &actor_system, "organisation", STR_NONE, "create", input);
    return record_id(&record);
}

Actor test_actor(TestCity *test, const char *name, Str organisation, const char *role)
{
    Record person = test_act(test, &actor_system, "person", STR_NONE, "create",
                             str_printf(test->arena, "{\"name\":\"%s\"}", name));
    Str    input = str_printf(
           test->arena, "{\"person\":\"%.*s\",\"organisation\":\"%.*s\",\"role\":\"%s\",\"valid_from\":\"2026-01-01\"}",
           STR_FMT(record_id(&person)), STR_FMT(organisation), role);
    Record membership = test_act(test, &actor_system, "membership", STR_NONE, "create", input);
    Ctx    ctx = test_ctx(test, &actor_system);
    Actor  actor;
    must(actor_load(&ctx, record_id(&membership), &actor));
    return actor;
}

static Str list_once(TestCity *test, const Actor *actor, const char *type, const char *filter, const char *sort)
{
    Ctx      ctx = test_ctx(test, actor);
    Query    query = { .filter = str_from(filter), .sort = str_from(sort), .limit = 1000 };
    Problems problems = { .arena = test->arena };
    Found    found;
    Err      err = find(&ctx, pack_type(test->city->pack, str_from(type)), &query, &found, &problems);
    if (err.kind)
        return str_printf(test->arena, "!%.*s", STR_FMT(err_row(err.code)->code));
    Str *ids = ARENA_ARRAY(test->arena, Str, found.count);
    for (size_t i = 0; i < found.count; i++)
        ids[i] = record_id(&found.records[i]);
    return str_join(test->arena, ids, found.count, STR(","));
}

Str test_list(TestCity *test, const Actor *actor, const char *type, const char *filter, const char *sort)
{
    must(db_snapshot_begin(test->db));
    Str first = list_once(test, actor, type, filter, sort), again = list_once(test, actor, type, filter, sort);
    db_snapshot_end(test->db);
    assert_true(str_eq(first, again));
    return first;
}

bool test_has_problem(const Problems *problems, ErrCode code, const char *field)
{
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].code == code && str_eq(problems->items[i].field, str_from(field)))
            return true;
    return false;
}

static void dump_table(TestCity *test, const Type *type, Buf *out)
{
    Buf sql = buf_new(test->arena, SIZE_MAX);
    buf_add(&sql, STR("SELECT "));
    record_columns(&sql, type, STR_NONE);
    buf_printf(&sql, " FROM \"%.*s\" ORDER BY rowid", STR_FMT(type->table));
    OWNED(rows) Rows *rows = NULL;
    must(db_query(test->db, buf_str(&sql), NULL, 0, &rows));
    for (bool more;;) {
        must(rows_next(rows, &more));
        if (!more)
            return;
        Record record;
        record_from_row(test->arena, type, rows, 0, &record);
        buf_add(out, type->name);
        for (size_t i = 0; i < type->field_count; i++)
            buf_printf(out, "|%.*s", STR_FMT(value_encode(test->arena, record.values[i])));
        buf_char(out, '\n');
    }
}

Str test_dump(TestCity *test)
{
    Buf out = buf_new(test->arena, SIZE_MAX);
    for (size_t i = 0; i < test->city->pack->type_count; i++)
        dump_table(test, &test->city->pack->types[i], &out);
    return buf_str(&out);
}
