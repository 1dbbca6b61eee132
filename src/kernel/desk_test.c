/* kernel/desk_test.c: whose desk holds what, in which order, until when, and what of it nobody else learns. */
#include "kernel/desk.h"

#include "base/buf.h"
#include "kernel/testing/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

/* A task is done by the member it names, or refused by the administrator; two clocks run, of which doing it stops one.
 * Its state is hidden from readers, who see that there is one. */
static const char task[] =
    "type: task\nlabel: {zh: 任务, en: Task}\nplural: {zh: 任务, en: Tasks}\ntitle: title\ndisclosure: public\n"
    "fields:\n"
    "  - {name: title, kind: text, class: public, compartment: technical, label: {zh: 名, en: Title}}\n"
    "  - {name: whose, kind: reference, target: person, label: {zh: 谁, en: Whose}}\n"
    "  - {name: ready, kind: boolean, label: {zh: 齐, en: Ready}}\n"
    "states: [{name: open, label: {zh: 待办, en: Open}}, {name: held, label: {zh: 搁置, en: Held}},\n"
    "  {name: done, label: {zh: 办结, en: Done}}]\n"
    "relations: [{name: theirs, label: {zh: 本人的, en: one's own}, when: \"whose = actor()\"}]\n"
    "access:\n"
    "  - {roles: [admin], clearance: secret}\n"
    "  - {roles: [author], clearance: secret}\n"
    "  - {roles: [reviewer], clearance: {general: secret, technical: secret}}\n" /* not whose they are */
    "  - {roles: [reader], clearance: {technical: public}}\n"
    "clocks:\n"
    "  - {name: answer, label: {zh: 答复, en: Answer}, days: 5, kind: calendar, start: [create], stop: [finish]}\n"
    "  - {name: check, label: {zh: 核对, en: Check}, days: 2, kind: calendar, start: [create, hold]}\n"
    "actions:\n"
    "  - {name: create, label: {zh: 建, en: Create}, who: [{roles: [admin, author, reviewer]}], required: [title]}\n"
    "  - {name: edit, label: {zh: 改, en: Edit}, from: [open], who: [{roles: [admin]}]}\n"
    "  - {name: hold, label: {zh: 搁, en: Hold}, from: [open], to: held, who: [{roles: [admin]}]}\n"
    "  - {name: finish, label: {zh: 办, en: Finish}, from: [open], to: done, awaited: true,\n"
    "     who: [{roles: [reviewer], relation: theirs}], guard: [{when: \"ready\", rule: {zh: 齐了, en: it is ready}}]}\n"
    "  - {name: decline, label: {zh: 辞, en: Decline}, from: [open, held], to: done, awaited: true,\n"
    "     who: [{roles: [reviewer], relation: theirs}], guard: [{when: \"ready is missing or not ready\"}]}\n";

static int setup(void **state) { return cast_setup_with(state, "types/task.yaml", task); }

/* Each reviewer of a submitted paper is to write one. */
static const char reply[] =
    "type: reply\nlabel: {zh: 答复, en: Reply}\nplural: {zh: 答复, en: Replies}\ntitle: text\nparent: paper\n"
    "fields:\n"
    "  - {name: paper, kind: reference, target: paper, label: {zh: 论文, en: Paper}}\n"
    "  - {name: text, kind: text, label: {zh: 文, en: Text}}\n"
    "states: [{name: open, label: {zh: 待办, en: Open}}]\n"
    "access: [{relation: creator, clearance: secret}]\n"
    "actions: [{name: create, label: {zh: 答, en: Reply}, who: [{roles: [reviewer]}],\n"
    "  awaited: {states: [submitted], relation: reviewer}}]\n";

static int setup_reply(void **state) { return cast_setup_with(state, "types/reply.yaml", reply); }

static void set_now(Cast *cast, const char *instant)
{
    assert_true(instant_parse(str_from(instant), &cast->test->fixed.now_ms));
}

static const Json *desk(Cast *cast, const Actor *actor)
{
    Ctx   ctx = test_ctx(cast->test, actor);
    Json *json;
    assert_int_equal(desk_json(&ctx, &json).kind, ERR_NONE);
    return json;
}

static Str text_at(const Json *json, const char *member) { return json_text(json_get(json, str_from(member))); }

static int64_t number_at(const Json *json, const char *member)
{
    int64_t n = -1;
    json_int(json_get(json, str_from(member)), &n);
    return n;
}

static bool says(const Json *json, const char *member)
{
    bool is = false;
    return json_truth(json_get(json, str_from(member)), &is) && is;
}

static void add_item(Buf *buf, const Json *item)
{
    const Json *record = json_get(item, STR("record")), *step = json_get(item, STR("step"));
    const Json *limit = json_get(item, STR("limit"));
    Str         title = text_at(record, "title");
    buf_printf(buf, "%.*s", STR_FMT(title.len ? title : text_at(record, "of")));
    if (step)
        buf_printf(buf, " %.*s%s", STR_FMT(text_at(step, "name")), says(step, "allowed") ? "" : "?");
    JSON_EACH(awaits, json_get(item, STR("awaits"))) {
        buf_printf(buf, " %.*s", STR_FMT(text_at(awaits, "label")));
        JSON_EACH(name, json_get(awaits, STR("names")))
            buf_printf(buf, "+%.*s", STR_FMT(json_text(name)));
    }
    if (text_at(limit, "name").len)
        buf_printf(buf, " %.*s%+d", STR_FMT(text_at(limit, "name")), (int)number_at(limit, "days_left"));
    buf_add(buf, STR("; "));
}

/* "late: …| mine: …| waiting: …|", each item as add_item() tells it. */
static void assert_desk(Cast *cast, const Actor *actor, const char *expected)
{
    static const char *const piles[] = { "late", "mine", "waiting" };
    const Json              *json = desk(cast, actor);
    Ctx                      ctx = test_ctx(cast->test, actor);
    Buf                      told = buf_new(cast->test->arena, SIZE_MAX);
    int64_t                  count, waits = 0;
    for (size_t i = 0; i < 3; i++) {
        const Json *pile = json_get(json, str_from(piles[i]));
        JSON_EACH(item, json_get(pile, STR("items")))
            add_item(&told, item);
        buf_add(&told, STR("| "));
        assert_int_equal(number_at(pile, "total"), json_get(pile, STR("items"))->count);
        assert_false(says(pile, "more"));
        waits += i < 2 ? number_at(pile, "total") : 0;
    }
    assert_string_equal(str_dup_z(cast->test->arena, buf_str(&told)), expected);
    assert_int_equal(desk_count(&ctx, &count).kind, ERR_NONE);
    assert_int_equal(count, waits);
}

static Record task_of(Cast *cast, const Actor *by, const char *title)
{
    Str input = str_printf(cast->test->arena, "{\"title\":\"%s\",\"whose\":\"%.*s\"}", title,
                           STR_FMT(cast->reviewer.person));
    return test_act(cast->test, by, "task", STR_NONE, "create", input);
}

static Record paper_of(Cast *cast, const char *title)
{
    Str input = str_printf(cast->test->arena, "{\"title\":\"%s\",\"body\":\"B\",\"disclosure\":\"public\"}", title);
    return test_act(cast->test, &cast->author, "paper", STR_NONE, "create", input);
}

static void a_step_stands_with_whoever_may_take_it_and_is_waited_for_by_others(void **state)
{
    Cast  *cast = *state;
    Record paper = paper_of(cast, "Ice");
    assert_desk(cast, &cast->author, "| Ice submit; | | ");
    assert_desk(cast, &cast->admin, "| | | ");
    assert_desk(cast, &cast->stranger, "| | | ");
    test_act(cast->test, &cast->author, "paper", record_id(&paper), "submit", STR("{}"));
    assert_desk(cast, &cast->author, "| | Ice Administrator; | ");
    assert_desk(cast, &cast->admin, "| Ice accept?; | | ");
    assert_desk(cast, &cast->stranger, "| | | ");
    assert_desk(cast, &cast->reader, "| | | "); /* sees the paper, and its state */
}

static void a_record_to_be_made_stands_with_whom_its_parent_awaits_and_is_told_to_nobody_else(void **state)
{
    Cast  *cast = *state;
    Record paper = paper_of(cast, "Ice");
    Str    of = str_printf(cast->test->arena, "{\"paper\":\"%.*s\",\"reviewer\":\"%.*s\"}", STR_FMT(record_id(&paper)),
                           STR_FMT(cast->reviewer.person));
    test_act(cast->test, &cast->admin, "review", STR_NONE, "create", of);
    assert_desk(cast, &cast->reviewer, "| Ice give answer+10; | | ");
    test_act(cast->test, &cast->author, "paper", record_id(&paper), "submit", STR("{}"));
    assert_desk(cast, &cast->reviewer, "| Ice give answer+10; Ice create; | | ");
    assert_desk(cast, &cast->other_reviewer, "| | | ");
    assert_desk(cast, &cast->author, "| | Ice Administrator; | ");
    const Json *items = json_get(json_get(desk(cast, &cast->reviewer), STR("mine")), STR("items"));
    const Json *step = json_get(items->last, STR("step"));
    assert_string_equal(str_dup_z(cast->test->arena, text_at(step, "type")), "reply");
    assert_null(json_get(step, STR("reasons")));
}

static void a_step_that_cannot_be_taken_gives_way_to_one_that_can(void **state)
{
    Cast  *cast = *state;
    Record record = task_of(cast, &cast->admin, "T");
    assert_desk(cast, &cast->reviewer, "| T decline answer+5; | | ");
    test_act(cast->test, &cast->admin, "task", record_id(&record), "edit", STR("{\"ready\":true}"));
    assert_desk(cast, &cast->reviewer, "| T finish answer+5; | | ");
    test_act(cast->test, &cast->admin, "task", record_id(&record), "hold", STR("{}"));
    assert_desk(cast, &cast->reviewer, "| T decline? answer+5; | | ");
    const Json *item = json_get(json_get(desk(cast, &cast->reviewer), STR("mine")), STR("items"))->first;
    assert_int_equal(json_get(json_get(item, STR("step")), STR("reasons"))->count, 1);
    assert_desk(cast, &cast->other_reviewer, "| | | ");
}

static void the_limit_is_of_the_clock_that_the_step_stops_else_the_nearest(void **state)
{
    Cast *cast = *state;
    task_of(cast, &cast->admin, "T"); /* check is due on the 4th, answer on the 7th of March 2026 */
    set_now(cast, "2026-03-05T01:00:00Z");
    assert_desk(cast, &cast->reviewer, "| T decline answer+2; | | ");
    set_now(cast, "2026-03-07T01:00:00Z");
    assert_desk(cast, &cast->reviewer, "| T decline answer+0; | | ");
    assert_int_equal(number_at(desk(cast, &cast->reviewer), "due_today"), 1);
    set_now(cast, "2026-03-09T01:00:00Z");
    assert_desk(cast, &cast->reviewer, "T decline answer-2; | | | ");
    assert_int_equal(number_at(desk(cast, &cast->reviewer), "due_today"), 0);
}

static void what_is_late_comes_first_then_what_is_due_next_then_what_waits_longest(void **state)
{
    Cast  *cast = *state;
    Record review, paper = paper_of(cast, "Ice");
    Str    of = str_printf(cast->test->arena, "{\"paper\":\"%.*s\",\"reviewer\":\"%.*s\"}", STR_FMT(record_id(&paper)),
                           STR_FMT(cast->reviewer.person));
    task_of(cast, &cast->admin, "A");
    set_now(cast, "2026-03-04T01:00:00Z");
    task_of(cast, &cast->admin, "B");
    review = test_act(cast->test, &cast->admin, "review", STR_NONE, "create", of); /* ten working days */
    set_now(cast, "2026-03-08T01:00:00Z");
    assert_desk(cast, &cast->reviewer, "A decline answer-1; | B decline answer+1; Ice give answer+8; | | ");
    test_act(cast->test, &cast->admin, "review", record_id(&review), "suspend", STR("{}")); /* no limit runs */
    set_now(cast, "2026-03-20T01:00:00Z");
    task_of(cast, &cast->admin, "C");
    assert_desk(cast, &cast->reviewer,
                "A decline answer-13; B decline answer-11; | C decline answer+5; Ice give; | | ");
}

/* Made by one who does not see people. */
static void given_to_reviewer(Cast *cast, const Actor *by, const char *title)
{
    Record made = test_act(cast->test, by, "task", STR_NONE, "create",
                           str_printf(cast->test->arena, "{\"title\":\"%s\"}", title));
    test_act(cast->test, &cast->admin, "task", record_id(&made), "edit",
             str_printf(cast->test->arena, "{\"whose\":\"%.*s\"}", STR_FMT(cast->reviewer.person)));
}

static void whom_one_waits_for_is_named_as_far_as_one_sees_them(void **state)
{
    Cast *cast = *state;
    task_of(cast, &cast->admin, "T");
    given_to_reviewer(cast, &cast->author, "U");
    assert_desk(cast, &cast->admin, "| | T Reviewer+Reviewer answer+5; | ");
    assert_desk(cast, &cast->author, "| | U Reviewer answer+5; | "); /* authors see no people */
}

static void what_hides_its_owner_is_waited_for_by_nobody(void **state)
{
    Cast *cast = *state;
    given_to_reviewer(cast, &cast->other_reviewer, "T");
    assert_desk(cast, &cast->reviewer, "| T decline answer+5; | | ");
    assert_desk(cast, &cast->other_reviewer, "| | | ");
    assert_desk(cast, &cast->admin, "| | T Reviewer+Reviewer answer+5; | ");
}

static void what_hides_its_state_stands_on_no_desk(void **state)
{
    Cast *cast = *state;
    task_of(cast, &cast->admin, "T");
    assert_true(test_list(cast->test, &cast->reader, "task", "", "").len > 1); /* it is there */
    assert_desk(cast, &cast->reader, "| | | ");
}

static void a_long_desk_is_told_in_part_and_counted(void **state)
{
    Cast   *cast = *state;
    Ctx     ctx = test_ctx(cast->test, &cast->reviewer);
    int64_t count;
    for (int i = 0; i < DESK_FRAME_MAX + 11; i++)
        task_of(cast, &cast->admin, "T");
    const Json *mine = json_get(desk(cast, &cast->reviewer), STR("mine"));
    assert_int_equal(json_get(mine, STR("items"))->count, DESK_ROWS);
    assert_int_equal(number_at(mine, "total"), DESK_FRAME_MAX + 11);
    assert_int_equal(desk_count(&ctx, &count).kind, ERR_NONE);
    assert_int_equal(count, DESK_FRAME_MAX + 1);
}

/* ---- more than are looked at ---- */

typedef struct Crowd { /* tasks without a limit, older than all others */
    WriterJob job;
    Cast     *cast;
} Crowd;

static void put(Record *record, const char *field, Value value)
{
    record->values[type_field(record->type, str_from(field))->index] = value;
}

static Err write_crowd(Db *db, WriterJob *job)
{
    Cast       *cast = ((Crowd *)job)->cast;
    const Type *type = pack_type(cast->test->city->pack, STR("task"));
    for (int i = 0; i <= DESK_LOOKED; i++) {
        Record record = { .type = type, .values = ARENA_ARRAY(cast->test->arena, Value, type->field_count) };
        put(&record, "id", value_id(uuid_make(cast->test->city->ids, cast->test->arena)));
        put(&record, "state", value_text(STR("open")));
        put(&record, "version", value_int(1));
        put(&record, "disclosure", value_text(STR("public")));
        put(&record, "created", value_instant(cast->test->fixed.now_ms));
        put(&record, "changed", value_instant(cast->test->fixed.now_ms));
        put(&record, "title", value_text(STR("crowd")));
        put(&record, "whose", value_id(cast->reviewer.person));
        TRY(record_insert(db, &record));
    }
    return ERR_OK;
}

/* Of one role and relation: the late ones are found all the same, and it is said that there are more of the others. */
static void what_is_late_is_found_among_more_than_are_looked_at(void **state)
{
    Cast *cast = *state;
    Crowd crowd = { .job.run = write_crowd, .cast = cast };
    assert_int_equal(writer_run(cast->test->city->writer, &crowd.job).kind, ERR_NONE);
    task_of(cast, &cast->admin, "late");
    set_now(cast, "2026-03-09T01:00:00Z");
    const Json *json = desk(cast, &cast->reviewer), *late = json_get(json, STR("late"));
    const Json *mine = json_get(json, STR("mine"));
    Buf         told = buf_new(cast->test->arena, SIZE_MAX);
    assert_int_equal(number_at(late, "total"), 1);
    assert_false(says(late, "more"));
    add_item(&told, json_get(late, STR("items"))->first);
    assert_string_equal(str_dup_z(cast->test->arena, buf_str(&told)), "late decline answer-2; ");
    assert_int_equal(number_at(mine, "total"), DESK_COUNT_MAX);
    assert_true(says(mine, "more"));
    assert_int_equal(json_get(mine, STR("items"))->count, DESK_ROWS);
    assert_int_equal(number_at(json_get(desk(cast, &cast->other_reviewer), STR("late")), "total"), 0);
}

/* ---- guards that read much ---- */

enum { HEAVY_PAPERS = 12, HEAVY_REVIEWS = 100, REMARK = 20000 };

typedef struct Heap {
    WriterJob job;
    Cast     *cast;
    Str       papers[HEAVY_PAPERS];
} Heap;

static Err write_heap(Db *db, WriterJob *job)
{
    Heap       *heap = (Heap *)job;
    TestCity   *test = heap->cast->test;
    const Type *type = pack_type(test->city->pack, STR("review"));
    char       *remark = arena_alloc(test->arena, REMARK);
    memset(remark, 'x', REMARK);
    for (int i = 0; i < HEAVY_PAPERS * HEAVY_REVIEWS; i++) {
        Record record = { .type = type, .values = ARENA_ARRAY(test->arena, Value, type->field_count) };
        put(&record, "id", value_id(uuid_make(test->city->ids, test->arena)));
        put(&record, "state", value_text(STR("given")));
        put(&record, "version", value_int(1));
        put(&record, "disclosure", value_text(STR("secret")));
        put(&record, "created", value_instant(test->fixed.now_ms));
        put(&record, "changed", value_instant(test->fixed.now_ms));
        put(&record, "paper", value_id(heap->papers[i % HEAVY_PAPERS]));
        put(&record, "verdict", value_text(STR("reject")));
        put(&record, "remark", value_text((Str){ remark, REMARK }));
        TRY(record_insert(db, &record));
    }
    return ERR_OK;
}

static void whether_steps_can_be_taken_is_looked_at_as_far_as_there_is_room(void **state)
{
    Cast *cast = *state;
    Heap  heap = { .job.run = write_heap, .cast = cast };
    for (int i = 0; i < HEAVY_PAPERS; i++) {
        Record paper = paper_of(cast, "Ice");
        heap.papers[i] = record_id(&paper);
        test_act(cast->test, &cast->author, "paper", record_id(&paper), "submit", STR("{}"));
    }
    assert_int_equal(writer_run(cast->test->city->writer, &heap.job).kind, ERR_NONE);
    const Json *items = json_get(json_get(desk(cast, &cast->admin), STR("mine")), STR("items"));
    const Json *first = json_get(items->first, STR("step")), *last = first;
    assert_int_equal(items->count, HEAVY_PAPERS);
    JSON_EACH(item, items)
        last = json_get(item, STR("step"));
    assert_int_equal(json_get(first, STR("reasons"))->count, 2);
    assert_string_equal(str_dup_z(cast->test->arena, text_at(last, "name")), "accept");
    assert_null(json_get(last, STR("allowed")));
}

static void nobody_and_the_system_have_no_desk(void **state)
{
    Cast *cast = *state;
    task_of(cast, &cast->admin, "T");
    assert_desk(cast, &actor_system, "| | | ");
    assert_desk(cast, NULL, "| | | ");
}

static void what_one_may_make_is_told_likelier_first(void **state)
{
    Cast       *cast = *state;
    const Json *next = json_get(desk(cast, &cast->author), STR("next"));
    assert_string_equal(str_dup_z(cast->test->arena, text_at(next->first, "type")), "paper");
    assert_int_equal(json_get(desk(cast, &cast->reader), STR("next"))->count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, cast_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_step_stands_with_whoever_may_take_it_and_is_waited_for_by_others),
        cmocka_unit_test_setup_teardown(
            a_record_to_be_made_stands_with_whom_its_parent_awaits_and_is_told_to_nobody_else, setup_reply,
            cast_teardown),
        TEST(a_step_that_cannot_be_taken_gives_way_to_one_that_can),
        TEST(the_limit_is_of_the_clock_that_the_step_stops_else_the_nearest),
        TEST(what_is_late_comes_first_then_what_is_due_next_then_what_waits_longest),
        TEST(whom_one_waits_for_is_named_as_far_as_one_sees_them),
        TEST(what_hides_its_owner_is_waited_for_by_nobody),
        TEST(what_hides_its_state_stands_on_no_desk),
        TEST(a_long_desk_is_told_in_part_and_counted),
        TEST(what_is_late_is_found_among_more_than_are_looked_at),
        TEST(whether_steps_can_be_taken_is_looked_at_as_far_as_there_is_room),
        TEST(nobody_and_the_system_have_no_desk),
        TEST(what_one_may_make_is_told_likelier_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
