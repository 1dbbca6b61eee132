#include "base/json.h"

#include "base/hash.h"
#include "base/testing.h"

static Str written(Arena *arena, const Json *value)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    json_write(&buf, value);
    return buf_str(&buf);
}

static bool json_eq(const Json *a, const Json *b)
{
    if (a->kind != b->kind || a->count != b->count || !str_eq(a->key, b->key) || !str_eq(a->text, b->text))
        return false;
    const Json *left = a->first, *right = b->first;
    for (; left && right; left = left->next, right = right->next)
        if (!json_eq(left, right))
            return false;
    return !left && !right;
}

/* ---- conformance ---- */

/* The suite lets these pass; json.h refuses a key given twice, as RFC 8259 allows. */
static bool stricter_here(Str name)
{
    static const Str names[] = {
        STR_INIT("y_object_duplicated_key"),
        STR_INIT("y_object_duplicated_key_and_value"),
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, names[i]))
            return true;
    return false;
}

static void the_parsing_suite_is_judged_as_it_asks(void **state)
{
    Str lines = shared_read(*state, "conformance/json_parsing.jsonl.gz");
    int seen = 0, stricter = 0;
    while (lines.len) {
        Json *row, *value;
        Str   line = str_cut(&lines, '\n'), document;
        assert_ok(json_parse(*state, line, &row));
        Str name = json_text(json_get(row, STR("name"))), expect = json_text(json_get(row, STR("expect")));
        assert_true(base64_decode(*state, json_text(json_get(row, STR("base64"))), &document));
        bool accepted = json_parse(*state, document, &value).kind == ERR_NONE;
        bool wrong = str_eq(expect, STR("accept")) ? !accepted : str_eq(expect, STR("reject")) && accepted;
        if (stricter_here(name)) {
            wrong = accepted;
            stricter++;
        }
        if (wrong)
            fail_msg("%.*s", STR_FMT(name));
        if (accepted) {
            Json *again;
            assert_ok(json_parse(*state, written(*state, value), &again));
            assert_true(json_eq(value, again));
        }
        seen++;
    }
    assert_int_equal(seen, 318);
    assert_int_equal(stricter, 2);
}

/* ---- what comes out ---- */

static void a_tree_has_kinds_keys_and_texts(void **state)
{
    Json *value;
    assert_ok(json_parse(*state, STR(" {\"a\" : [1, -2.50e+3, true, false, null], \"\":\"x\", \"中\\u4e2d\":{}} \n"),
                         &value));
    assert_int_equal(value->kind, JSON_OBJECT);
    assert_int_equal(value->count, 3);
    const Json           *a = json_get(value, STR("a")), *number = a->first;
    static const JsonKind kinds[] = { JSON_NUMBER, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };
    size_t                seen = 0;
    JSON_EACH(item, a) {
        assert_int_equal(item->kind, kinds[seen]);
        seen++;
    }
    assert_int_equal(seen, 5);
    int64_t whole;
    bool    truth;
    assert_true(json_int(number, &whole) && whole == 1);
    assert_str_equal(number->next->text, STR("-2.50e+3"));
    assert_false(json_int(number->next, &whole));
    assert_true(json_truth(number->next->next, &truth) && truth);
    assert_false(json_truth(number, &truth));
    assert_str_equal(json_text(json_get(value, STR(""))), STR("x"));
    assert_int_equal(json_get(value, STR("中中"))->kind, JSON_OBJECT);
    assert_null(json_get(value, STR("b")));
    assert_null(json_get(a, STR("a")));
    assert_null(json_get(NULL, STR("a")));
    assert_null(json_text(NULL).ptr);
    assert_null(json_text(number).ptr);
    assert_false(json_int(NULL, &whole) || json_truth(NULL, &truth));
    const Json *absent = json_get(value, STR("b"));
    JSON_EACH(nothing, absent)
        fail();
}

static void whole_numbers_are_those_that_fit(void **state)
{
    const struct {
        const char *text;
        bool        whole;
        int64_t     number;
    } cases[] = { { "0", true, 0 },
                  { "-0", true, 0 },
                  { "9223372036854775807", true, INT64_MAX },
                  { "-9223372036854775808", true, INT64_MIN },
                  { "9223372036854775808", false, 0 },
                  { "1.0", false, 0 },
                  { "1e2", false, 0 },
                  { "\"1\"", false, 0 },
                  { "true", false, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Json   *value;
        int64_t number = 0;
        assert_ok(json_parse(*state, str_from(cases[i].text), &value));
        assert_int_equal(json_int(value, &number), cases[i].whole);
        assert_int_equal(number, cases[i].number);
    }
}

static void escapes_become_their_characters(void **state)
{
    Json *value;
    assert_ok(json_parse(*state, STR("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u4E2D\\ud840\\udc00\\u0001z\""), &value));
    assert_str_equal(value->text, STR("a\"\\/\b\f\n\r\té中𠀀\x01z"));
}

static void the_source_text_is_left_alone(void **state)
{
    char source[] = "{\"k\\n\":\"a\\u0041\"}", before[sizeof source];
    memcpy(before, source, sizeof source);
    Json *value;
    assert_ok(json_parse(*state, str_from(source), &value));
    assert_string_equal(source, before);
    memset(source, 'x', sizeof source); /* and the tree does not need it any more */
    assert_str_equal(json_text(json_get(value, STR("k\n"))), STR("aA"));
}

/* ---- what is refused ---- */

static void a_refusal_names_the_byte(void **state)
{
    const struct {
        Str         text;
        const char *context;
    } cases[] = {
        { STR(""), "at byte 0: the text ends too early" },
        { STR("  "), "at byte 2: the text ends too early" },
        { STR("\xEF\xBB\xBF{}"), "at byte 0: " },
        { STR("[1,]"), "at byte 3: " },
        { STR("[1 2]"), "at byte 3: neither , nor ]" },
        { STR("{\"a\":1,}"), "at byte 7: not a key" },
        { STR("{\"a\" 1}"), "at byte 5: no : after a key" },
        { STR("{1:1}"), "at byte 1: not a key" },
        { STR("01"), "at byte 1: more after the value" },
        { STR("1.e1"), "at byte 2: a fraction without digits" },
        { STR("1e"), "at byte 2: an exponent without digits" },
        { STR("-"), "at byte 1: a number without digits" },
        { STR("nul"), "at byte 0: not a value" },
        { STR("\"a"), "at byte 2: text without its end" },
        { STR("\"a\\"), "at byte 3: text without its end" },
        { STR("\"a\nb\""), "at byte 2: a control character in text" },
        { STR("\"a\0b\""), "at byte 2: a control character in text" },
        { STR("\"\\x\""), "at byte 3: an unknown escape" },
        { STR("\"\\\0\""), "at byte 3: an unknown escape" },
        { STR("\"\\u12g4\""), "at byte 5: a bad \\u escape" },
        { STR("\"\\ud800\""), "at byte 7: a lone surrogate" },
        { STR("\"\\udc00\""), "at byte 7: a lone surrogate" },
        { STR("\"\\ud800\\u0041\""), "at byte 13: a lone surrogate" },
        { STR("[\"\xC3\x28\"]"), "at byte 2: not UTF-8" },
        { STR("{\"a\":1,\"b\":2,\"a\":3}"), "at byte 14: a key given twice" },
        { STR("{\"a\":1,\"\\u0061\":3}"), "at byte 8: a key given twice" },
        { STR("[] []"), "at byte 3: more after the value" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Json *value = NULL;
        Err   err = json_parse(*state, cases[i].text, &value);
        if (err.code != ECODE_JSON_SYNTAX || !str_starts(str_from(err.context), str_from(cases[i].context)))
            fail_msg("case %zu: \"%s\" instead of \"%s\"", i, err.context, cases[i].context);
        assert_null(value);
    }
}

static Str nested(Arena *arena, int depth)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (int i = 0; i < depth; i++)
        buf_add(&buf, i % 2 ? STR("[") : STR("{\"k\":"));
    buf_char(&buf, '1');
    for (int i = depth - 1; i >= 0; i--)
        buf_char(&buf, i % 2 ? ']' : '}');
    return buf_str(&buf);
}

static void nesting_ends_at_its_limit(void **state)
{
    Json *value;
    assert_ok(json_parse(*state, nested(*state, JSON_DEPTH_MAX), &value));
    assert_err(json_parse(*state, nested(*state, JSON_DEPTH_MAX + 1), &value), ECODE_JSON_SYNTAX);
    assert_err(json_parse(*state, nested(*state, 100000), &value), ECODE_JSON_SYNTAX);
}

/* An object of count keys that are alike in their first bytes; the last is again the one
 * numbered twin, or a new one. */
static Str object_of(Arena *arena, size_t count, size_t twin)
{
    Buf buf = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t number = i + 1 < count ? i * 7919 % count : twin < count ? twin : count;
        buf_printf(&buf, "%c\"same-head-%zu\":0", i ? ',' : '{', number);
    }
    buf_char(&buf, '}');
    return buf_str(&buf);
}

static void a_twin_key_is_found_among_few_and_many(void **state)
{
    for (size_t count = 2; count <= 40; count++) {
        Json *value;
        assert_ok(json_parse(*state, object_of(*state, count, SIZE_MAX), &value));
        assert_int_equal(value->count, count);
        for (size_t i = 0; i + 1 < count; i++)
            assert_err(json_parse(*state, object_of(*state, count, i * 7919 % count), &value), ECODE_JSON_SYNTAX);
    }
}

static void many_keys_take_no_long_time(void **state)
{
    enum { KEYS = 200000 };
    Json           *value;
    Str             hostile = object_of(*state, KEYS, SIZE_MAX);
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    assert_ok(json_parse(*state, hostile, &value));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_int_equal(value->count, KEYS);
    assert_true(to.tv_sec - from.tv_sec < 5); /* pair by pair it would be minutes */
}

/* ---- writing ---- */

static void text_is_escaped_for_safe_embedding(void **state)
{
    Buf buf = buf_new(*state, SIZE_MAX);
    json_write_string(&buf, STR("a\"\\/\b\f\n\r\t\x01\x1f\x7f</script>&\u2027\u2028\u2029\u202aé𠀀"));
    assert_str_equal(buf_str(&buf), STR("\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u003c/script\\u003e\\u0026"
                                        "\u2027\\u2028\\u2029\u202aé𠀀\""));
}

static void a_built_tree_is_written_compactly(void **state)
{
    Arena *arena = *state;
    Json  *object = json_object(arena);
    json_set_str(arena, object, STR("name"), STR("技术"));
    json_set_int(arena, object, STR("count"), INT64_MIN);
    json_set_bool(arena, object, STR("good"), true);
    json_set(object, STR("none"), json_null(arena));
    Json *list = json_set(object, STR("list"), json_array(arena));
    json_push(list, json_bool(arena, false));
    json_push(list, json_object(arena));
    json_push(list, json_number(arena, 7));
    Str expected = STR(
        "{\"name\":\"技术\",\"count\":-9223372036854775808,\"good\":true,\"none\":null,\"list\":[false,{},7]}");
    assert_str_equal(written(arena, object), expected);
    assert_str_equal(written(arena, json_dup(arena, object)), expected);
}

static void a_copy_shares_nothing(void **state)
{
    Arena *source = arena_new();
    Json  *value;
    assert_ok(json_parse(source, STR("{\"a\":[\"x\",{\"b\":1.50}]}"), &value));
    Json *copy = json_dup(*state, value);
    arena_free(source); /* the sanitizer sees what the copy still borrowed */
    assert_str_equal(written(*state, copy), STR("{\"a\":[\"x\",{\"b\":1.50}]}"));
}

static Str random_text(Rng *rng, Arena *arena)
{
    static const char *const pieces[] = { "a",    "é", "中", "𠀀",     "\"",     "\\",     "/", "\n",   "\x01",
                                          "\x1f", "<", "&",  "\u2028", "\u2029", "\u20A8", " ", "u0041" };
    Str                      parts[12];
    size_t                   count = rng_below(rng, 12);
    for (size_t i = 0; i < count; i++)
        parts[i] = str_from(pieces[rng_below(rng, sizeof pieces / sizeof *pieces)]);
    return str_join(arena, parts, count, STR_NONE);
}

static Str random_key(Rng *rng, Arena *arena, size_t number) /* a new one for each number */
{
    Str text = random_text(rng, arena);
    return str_printf(arena, "%.*s%zu", STR_FMT(text), number);
}

static Json *random_tree(Rng *rng, Arena *arena, int depth)
{
    static const char *const numbers[] = { "0", "-0", "1.50", "-12e-7", "123456789012345678901234567890", "1E+2" };
    Json                    *value;
    switch (rng_below(rng, depth < 6 ? 8 : 5)) {
    case 0: return json_null(arena);
    case 1: return json_bool(arena, rng_below(rng, 2));
    case 2: return json_number(arena, (int64_t)rng_next(rng) >> rng_below(rng, 64));
    case 3:
        value = json_number(arena, 0);
        value->text = str_from(numbers[rng_below(rng, sizeof numbers / sizeof *numbers)]);
        return value;
    case 4: return json_string(arena, random_text(rng, arena));
    case 5:
    case 6:
        value = json_array(arena);
        for (size_t count = rng_below(rng, 6); count; count--)
            json_push(value, random_tree(rng, arena, depth + 1));
        return value;
    default:
        value = json_object(arena);
        for (size_t count = rng_below(rng, rng_below(rng, 4) ? 6 : 40); count; count--)
            json_set(value, random_key(rng, arena, count), random_tree(rng, arena, depth + 1));
        return value;
    }
}

static void parsing_undoes_writing(void **state)
{
    Rng rng = rng_new();
    for (int i = 0; i < 3000; i++) {
        arena_reset(*state);
        Json *tree = random_tree(&rng, *state, 0), *again;
        Str   text = written(*state, tree);
        assert_ok(json_parse(*state, text, &again));
        assert_true(json_eq(tree, again));
        assert_str_equal(written(*state, again), text);
    }
}

static void every_beginning_of_a_text_is_refused_or_whole(void **state)
{
    Rng rng = rng_new();
    for (int i = 0; i < 100; i++) {
        arena_reset(*state);
        Json *tree = json_array(*state), *again;
        json_push(tree, random_tree(&rng, *state, 4));
        Str text = written(*state, tree);
        for (size_t length = 0; length < text.len; length++)
            assert_err(json_parse(*state, str_slice(text, 0, length), &again), ECODE_JSON_SYNTAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_parsing_suite_is_judged_as_it_asks),
        TEST(a_tree_has_kinds_keys_and_texts),
        TEST(whole_numbers_are_those_that_fit),
        TEST(escapes_become_their_characters),
        TEST(the_source_text_is_left_alone),
        TEST(a_refusal_names_the_byte),
        TEST(nesting_ends_at_its_limit),
        TEST(a_twin_key_is_found_among_few_and_many),
        TEST(many_keys_take_no_long_time),
        TEST(text_is_escaped_for_safe_embedding),
        TEST(a_built_tree_is_written_compactly),
        TEST(a_copy_shares_nothing),
        TEST(parsing_undoes_writing),
        TEST(every_beginning_of_a_text_is_refused_or_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
