#include "base/err.h"

#include "base/buf.h"
#include "base/testing.h"
#include "base/utf8.h"

/* ---- the tables ---- */

static bool code_spelled_well(Str code)
{
    for (size_t i = 0; i < code.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz_.", code.ptr[i]))
            return false;
    return code.len > 0;
}

static void every_code_has_its_row_in_both_languages(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CODE_COUNT; i++) {
        const ErrRow *row = err_row((ErrCode)i);
        bool          good = code_spelled_well(row->code) && (i == ECODE_OK) == (row->kind == ERR_NONE);
        for (int lang = 0; lang < LANG_COUNT; lang++)
            good = good && row->title.in[lang].len && row->detail.in[lang].len && utf8_valid(row->title.in[lang]) &&
                   utf8_valid(row->detail.in[lang]);
        if (!good)
            fail_msg("row %d (%.*s) of the error codes", i, STR_FMT(row->code));
    }
}

static void no_code_stands_twice(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CODE_COUNT; i++)
        for (int j = 0; j < i; j++)
            if (str_eq(err_row((ErrCode)i)->code, err_row((ErrCode)j)->code))
                fail_msg("%.*s stands twice", STR_FMT(err_row((ErrCode)i)->code));
}

/* Each "{name}" of text also stands in other. */
static bool marks_within(Str text, Str other)
{
    while (text.len) {
        size_t open = str_find(text, STR("{"));
        text = str_slice(text, open, text.len);
        size_t close = str_find(text, STR("}"));
        if (close == text.len)
            return text.len == 0;
        Str mark = str_slice(text, 0, close + 1);
        if (str_find(other, mark) == other.len)
            return false;
        text = str_slice(text, close + 1, text.len);
    }
    return true;
}

static void both_languages_name_the_same_values(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_CODE_COUNT; i++) {
        const Text *detail = &err_row((ErrCode)i)->detail;
        if (!marks_within(detail->in[LANG_ZH], detail->in[LANG_EN]) ||
            !marks_within(detail->in[LANG_EN], detail->in[LANG_ZH]))
            fail_msg("%.*s: the marks differ", STR_FMT(err_row((ErrCode)i)->code));
        assert_true(marks_within(err_row((ErrCode)i)->title.in[LANG_ZH], STR("")));
        assert_true(marks_within(err_row((ErrCode)i)->title.in[LANG_EN], STR("")));
    }
}

/* "Problems: 1", not "1 problems": one text serves one and many. */
static void a_count_stands_behind_what_it_counts(void **state)
{
    (void)state;
    static const char *const counts[] = { "{count} ", "{refused} " };
    for (int i = 0; i < ERR_CODE_COUNT; i++)
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
            Str text = err_row((ErrCode)i)->detail.in[LANG_EN];
            if (str_find(text, str_from(counts[k])) < text.len)
                fail_msg("%.*s counts in front of a noun", STR_FMT(err_row((ErrCode)i)->code));
        }
}

static void every_kind_has_its_statuses(void **state)
{
    (void)state;
    static const int expected[ERR_KIND_COUNT][2] = {
        [ERR_NONE] = { 200, 0 },         [ERR_MALFORMED] = { 400, 65 }, [ERR_UNSIGNED] = { 401, 77 },
        [ERR_DENIED] = { 403, 77 },      [ERR_UNSEEN] = { 404, 66 },    [ERR_METHOD] = { 405, 65 },
        [ERR_REFUSED] = { 409, 65 },     [ERR_STALE] = { 412, 75 },     [ERR_TOO_LARGE] = { 413, 65 },
        [ERR_MEDIA] = { 415, 65 },       [ERR_INVALID] = { 422, 65 },   [ERR_PRECONDITION] = { 428, 64 },
        [ERR_RATE] = { 429, 75 },        [ERR_HEADERS] = { 431, 65 },   [ERR_INTERNAL] = { 500, 70 },
        [ERR_UNSUPPORTED] = { 501, 65 }, [ERR_BUSY] = { 503, 75 },      [ERR_VERSION] = { 505, 65 },
        [ERR_USAGE] = { 400, 64 },
    };
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
        assert_int_not_equal(expected[kind][0], 0);
        assert_int_equal(err_http((ErrKind)kind), expected[kind][0]);
        assert_int_equal(err_exit((ErrKind)kind), expected[kind][1]);
    }
}

/* ---- contexts ---- */

static void an_error_says_where_outermost_first(void **state)
{
    (void)state;
    Err err = err_make(ECODE_JSON_SYNTAX, "at byte %d", 12);
    assert_int_equal(err.kind, ERR_MALFORMED);
    assert_int_equal(err.code, ECODE_JSON_SYNTAX);
    assert_string_equal(err.context, "at byte 12");
    err = err_within(err_within(err, "line %d", 3), "loading %s", "fi");
    assert_string_equal(err.context, "loading fi: line 3: at byte 12");
    assert_string_equal(err_within(err_make(ECODE_BUSY, ""), "opening").context, "opening");
    assert_int_equal(ERR_OK.kind, ERR_NONE);
}

static void a_long_context_is_cut_between_characters(void **state)
{
    for (size_t shift = 0; shift < 8; shift++) {
        const char *characters[] = { "x", "é", "中", "𠀀" };
        for (size_t c = 0; c < 4; c++) {
            Buf text = buf_new(*state, SIZE_MAX);
            for (size_t i = 0; i < shift; i++)
                buf_char(&text, '.');
            while (text.len < 400)
                buf_add(&text, str_from(characters[c]));
            Err        made = err_make(ECODE_BUSY, "%.*s", STR_FMT(buf_str(&text)));
            Err        within = err_within(err_make(ECODE_BUSY, "inner"), "%.*s", STR_FMT(buf_str(&text)));
            Err        inside = err_within(made, "outer");
            const Err *all[] = { &made, &within, &inside };
            for (size_t i = 0; i < 3; i++) {
                Str context = str_from(all[i]->context);
                assert_true(utf8_valid(context));
                assert_true(context.len >= sizeof made.context - 4 && context.len < sizeof made.context);
            }
        }
    }
    /* A whole character at the very end stays. */
    Str exact = str_printf(*state, "%0*d中", (int)sizeof((Err *)0)->context - 4, 0);
    assert_str_equal(str_from(err_make(ECODE_BUSY, "%.*s", STR_FMT(exact)).context), exact);
    /* What is not UTF-8 is cut somewhere, and does no harm. */
    char noise[300];
    memset(noise, 0x80, sizeof noise);
    Err err = err_make(ECODE_BUSY, "%.*s", (int)sizeof noise, noise);
    assert_true(strlen(err.context) < sizeof err.context);
}

/* ---- problems ---- */

static void marks_are_filled_by_name(void **state)
{
    const ErrArg args[] = { ARG("name", STR("{other}")), ARG("other", STR("o")),
                            ARG_TEXT("what", TEXT("字段", "field")) };
    const struct {
        const char *pattern, *filled;
    } cases[] = {
        { "no {what} named {name}", "no field named {other}" }, /* a value is not filled again */
        { "{what}{other}", "fieldo" },
        { "{unknown} {what}", "{unknown} field" },
        { "{a{what}}", "{afield}" },
        { "{", "{" },
        { "}{", "}{" },
        { "{what", "{what" },
        { "{}", "{}" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str_equal(text_fill(*state, str_from(cases[i].pattern), args, 3, LANG_EN), str_from(cases[i].filled));
    assert_str_equal(text_fill(*state, STR("{what}"), args, 3, LANG_ZH), STR("字段"));
    assert_str_equal(text_fill(*state, STR("{what}"), NULL, 0, LANG_ZH), STR("{what}"));
}

static void a_problem_keeps_its_values_and_texts(void **state)
{
    Problems problems = { .arena = *state };
    char     place[] = "title", value[] = "12";
    PROBLEM(&problems, ECODE_FIELD_LONG, str_from(place), STR_NONE, ARG_TEXT("label", TEXT("标题", "Title")),
            ARG("found", str_from(value)), ARG("max", STR("10")));
    PROBLEM(&problems, ECODE_ACTION_CLAUSE_HIDDEN, STR_NONE, STR("secret = 1"));
    memset(place, 'x', 5), memset(value, 'x', 2); /* both were copied */
    assert_int_equal(problems.count, 2);
    const Problem *first = &problems.items[0], *second = &problems.items[1];
    assert_str_equal(first->field, STR("title"));
    assert_str_equal(first->text.in[LANG_EN], STR("Title has 12 characters; at most 10 are allowed."));
    assert_str_equal(first->text.in[LANG_ZH], STR("标题有 12 个字，最多 10 个。"));
    assert_int_equal(first->arg_count, 3);
    assert_string_equal(first->args[1].name, "found");
    assert_str_equal(first->args[1].value.in[LANG_ZH], STR("12"));
    assert_int_equal(second->arg_count, 0);
    assert_str_equal(second->rule, STR("secret = 1"));
    assert_str_equal(second->text.in[LANG_EN], err_row(ECODE_ACTION_CLAUSE_HIDDEN)->detail.in[LANG_EN]);
}

static void problems_beyond_the_maximum_are_dropped(void **state)
{
    Problems problems = { .arena = *state };
    for (int i = 0; i < PROBLEMS_MAX + 50; i++)
        PROBLEM(&problems, ECODE_FIELD_REQUIRED, str_printf(*state, "f%d", i), STR_NONE);
    assert_int_equal(problems.count, PROBLEMS_MAX);
    assert_str_equal(problems.items[PROBLEMS_MAX - 1].field, str_printf(*state, "f%d", PROBLEMS_MAX - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_code_has_its_row_in_both_languages),
        TEST(no_code_stands_twice),
        TEST(both_languages_name_the_same_values),
        TEST(a_count_stands_behind_what_it_counts),
        TEST(every_kind_has_its_statuses),
        TEST(an_error_says_where_outermost_first),
        TEST(a_long_context_is_cut_between_characters),
        TEST(marks_are_filled_by_name),
        TEST(a_problem_keeps_its_values_and_texts),
        TEST(problems_beyond_the_maximum_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
