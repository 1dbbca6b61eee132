#include "base/value.h"

#include "base/date.h"
#include "base/testing.h"
#include "base/uuid.h"

static Value random_value(Rng *rng, Arena *arena, UuidMaker *maker)
{
    int64_t number = (int64_t)rng_next(rng) >> rng_below(rng, 64);
    int64_t day = DATE_DAY_MIN + (int64_t)rng_below(rng, DATE_DAY_MAX - DATE_DAY_MIN + 1);
    switch ((ValueKind)rng_below(rng, VALUE_KIND_COUNT)) {
    case VALUE_MISSING: return VALUE_NONE;
    case VALUE_TEXT: return value_text(rng_text(rng, arena, STR("a:b\n\"中 -0"), 20));
    case VALUE_INTEGER: return value_int(number);
    case VALUE_DECIMAL: return value_decimal((Decimal){ number, (uint8_t)rng_below(rng, DECIMAL_SCALE_MAX + 1) });
    case VALUE_BOOLEAN: return value_bool(number & 1);
    case VALUE_DATE: return value_date(day);
    case VALUE_INSTANT: return value_instant(day * DAY_MS + (int64_t)rng_below(rng, DAY_MS));
    case VALUE_ID: return value_id(uuid_make(maker, arena));
    case VALUE_LIST: return value_list(str_printf(arena, "a,b%d,c", (int)rng_below(rng, 9)));
    case VALUE_ROWS: return value_rows(str_printf(arena, "[{\"a\":\"integer:%lld\"}]", (long long)number));
    case VALUE_FILES: return value_files(str_printf(arena, "[{\"size\":%lld}]", (long long)number));
    case VALUE_KIND_COUNT: break;
    }
    fail();
    return VALUE_NONE;
}

static void decoding_undoes_encoding(void **state)
{
    Rng        rng = rng_new();
    UuidMaker *maker = uuid_maker_new(env_system());
    for (int i = 0; i < 50000; i++) {
        OWNED(arena) Arena *arena = arena_new();
        Value               value = random_value(&rng, arena, maker), again;
        Str                 encoded = value_encode(arena, value);
        assert_true(value_decode(encoded, &again));
        assert_true(value_eq(value, again));
        assert_int_equal(value.scale, again.scale);
        assert_str_equal(value_encode(arena, again), encoded);
    }
    uuid_maker_free(maker);
    (void)state;
}

static void encodings_are_spelled_for_good(void **state)
{
    const struct {
        Value       value;
        const char *encoded, *plain;
    } cases[] = {
        { VALUE_NONE, "missing", "" },
        { value_text(STR("missing")), "text:missing", "missing" },
        { value_text(STR("")), "text:", "" },
        { value_text(STR("a:b")), "text:a:b", "a:b" },
        { value_int(-12), "integer:-12", "-12" },
        { value_int(INT64_MIN), "integer:-9223372036854775808", "-9223372036854775808" },
        { value_decimal((Decimal){ 1250, 2 }), "decimal:12.50", "12.50" },
        { value_decimal((Decimal){ -5, 3 }), "decimal:-0.005", "-0.005" },
        { value_bool(true), "boolean:true", "true" },
        { value_bool(false), "boolean:false", "false" },
        { value_date(0), "date:1970-01-01", "1970-01-01" },
        { value_instant(1), "instant:1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.001Z" },
        { value_id(STR("01890a5d-ac96-774b-bcce-b302099a8057")), "id:01890a5d-ac96-774b-bcce-b302099a8057",
          "01890a5d-ac96-774b-bcce-b302099a8057" },
        { value_list(STR("a,b-1")), "list:a,b-1", "a,b-1" },
        { value_rows(STR("[]")), "rows:[]", "[]" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Value again;
        assert_str_equal(value_encode(*state, cases[i].value), str_from(cases[i].encoded));
        assert_str_equal(value_plain(*state, cases[i].value), str_from(cases[i].plain));
        assert_true(value_decode(str_from(cases[i].encoded), &again) && value_eq(again, cases[i].value));
    }
}

static void only_the_canonical_spelling_is_decoded(void **state)
{
    (void)state;
    const char *bad[] = { "",
                          "missing:",
                          "Missing",
                          "text",
                          "integer:",
                          "integer:01",
                          "integer:-0",
                          "integer:00",
                          "integer:+1",
                          "integer:1.0",
                          "integer:9223372036854775808",
                          "decimal:",
                          "decimal:1.",
                          "decimal:.5",
                          "decimal:01.5",
                          "decimal:-0.00",
                          "decimal:1.0000000000",
                          "boolean:",
                          "boolean:1",
                          "boolean:True",
                          "date:2025-02-30",
                          "date:2025-2-3",
                          "instant:2025-03-04T05:06:07Z",
                          "instant:2025-03-04T05:06:07.00Z",
                          "instant:2025-03-04T05:06:07.000+00:00",
                          "instant:2025-03-04T05:06+00:00",
                          "id:",
                          "id:01890A5D-AC96-774B-BCCE-B302099A8057",
                          "list:",
                          "list:a,",
                          "list:,a",
                          "list:a,,b",
                          "list:a,b,a",
                          "rows:",
                          "rows:{}",
                          "choice:x",
                          ":" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Value value = value_int(7);
        if (value_decode(str_from(bad[i]), &value))
            fail_msg("\"%s\" is decoded", bad[i]);
        assert_true(value_eq(value, value_int(7)));
    }
}

static void equality_needs_one_kind_and_compares_numbers(void **state)
{
    (void)state;
    Value missing = VALUE_NONE;
    assert_true(value_eq(missing, missing));
    assert_true(value_eq(value_decimal((Decimal){ 125, 1 }), value_decimal((Decimal){ 1250, 2 })));
    assert_false(value_eq(value_decimal((Decimal){ 1, 0 }), value_int(1)));
    assert_false(value_eq(value_date(1), value_instant(1)));
    assert_false(value_eq(value_text(STR("")), VALUE_NONE));
    assert_false(value_eq(value_text(STR("a")), value_text(STR("b"))));
    assert_false(value_eq(value_bool(true), value_bool(false)));
}

static void a_list_holds_its_items_and_no_parts_of_them(void **state)
{
    (void)state;
    Value list = value_list(STR("ab,c,d.1"));
    assert_true(value_list_holds(list, STR("ab")) && value_list_holds(list, STR("c")));
    assert_true(value_list_holds(list, STR("d.1")));
    assert_false(value_list_holds(list, STR("a")));
    assert_false(value_list_holds(list, STR("ab,c")));
    assert_false(value_list_holds(list, STR("")));
    assert_false(value_list_holds(VALUE_NONE, STR("ab")));
    assert_false(value_list_holds(value_text(STR("ab")), STR("ab")));
}

static void what_people_write_is_read_by_its_kind(void **state)
{
    const struct {
        ValueKind   kind;
        uint8_t     scale;
        const char *text, *encoded; /* NULL: it is none */
    } cases[] = {
        { VALUE_TEXT, 0, "a, b", "text:a, b" },
        { VALUE_TEXT, 0, "", NULL },
        { VALUE_INTEGER, 0, "012", "integer:12" },
        { VALUE_INTEGER, 0, "1.0", NULL },
        { VALUE_DECIMAL, 2, "1.5", "decimal:1.50" },
        { VALUE_DECIMAL, 2, "1.505", NULL },
        { VALUE_DECIMAL, 2, "much", NULL },
        { VALUE_BOOLEAN, 0, "false", "boolean:false" },
        { VALUE_BOOLEAN, 0, "no", NULL },
        { VALUE_DATE, 0, "2025-02-28", "date:2025-02-28" },
        { VALUE_DATE, 0, "2025-02-30", NULL },
        { VALUE_INSTANT, 0, "2025-03-04", NULL },
        { VALUE_ID, 0, "01890a5d-ac96-774b-bcce-b302099a8057", NULL },
        { VALUE_INSTANT, 0, "2025-03-04T05:06:07+08:00", "instant:2025-03-03T21:06:07.000Z" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Value value = value_int(7);
        bool  good = value_parse(cases[i].kind, cases[i].scale, str_from(cases[i].text), &value);
        assert_true(good == (cases[i].encoded != NULL));
        assert_str_equal(value_encode(*state, value), str_from(good ? cases[i].encoded : "integer:7"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(decoding_undoes_encoding),
        TEST(encodings_are_spelled_for_good),
        TEST(only_the_canonical_spelling_is_decoded),
        TEST(equality_needs_one_kind_and_compares_numbers),
        TEST(what_people_write_is_read_by_its_kind),
        TEST(a_list_holds_its_items_and_no_parts_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
