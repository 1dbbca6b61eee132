#include "services/validation/screening.h"

#include "base/testing.h"

static Err run(Arena *arena, Str input, Json **out)
{
    Json *json = NULL;
    TRY(json_parse(arena, input, &json));
    return engine_screening.run(arena, NULL, json, NULL, out);
}

static Str written(Arena *arena, const Json *json)
{
    Buf out = buf_new(arena, SIZE_MAX);
    json_write(&out, json);
    return buf_str(&out);
}

static Str ranked_by(Arena *arena, Str input)
{
    Json *out = NULL;
    assert_ok(run(arena, input, &out));
    return json_text(json_get(out, STR("ranked_by")));
}

/* Three results and three judges, worked out by hand: the second is the most severe, and did not see b. */
static void a_round_by_hand(void **state)
{
    Json *out = NULL;
    assert_ok(
        run(*state,
            STR("{\"aggregation\":\"mean\",\"places\":2,\"seed\":\"s\",\"weights\":[],\"results\":[\"a\",\"b\",\"c\"],"
                "\"judges\":3,\"sheets\":[[0,0,7000],[0,1,6400],[0,2,7600],[1,0,6800],[1,2,7400],[2,0,5000],"
                "[2,1,4400]]}"),
            &out));
    assert_str_equal(
        written(*state, out),
        STR("{\"ranked_by\":\"mean\",\"components\":1,\"freedom\":2,\"residual\":\"0.00\",\"judges\":["
            "{\"judge\":0,\"reviews\":3,\"component\":0,\"severity\":\"0.00\",\"error\":\"0.00\"},"
            "{\"judge\":1,\"reviews\":2,\"component\":0,\"severity\":\"6.00\",\"error\":\"0.00\"},"
            "{\"judge\":2,\"reviews\":2,\"component\":0,\"severity\":\"-6.00\",\"error\":\"0.00\"}],\"results\":["
            "{\"place\":1,\"result\":\"b\",\"reviews\":2,\"mean\":\"71.00\",\"spread\":\"4.24\",\"score\":\"71.00\","
            "\"component\":0,\"corrected\":\"68.00\",\"error\":\"0.00\"},"
            "{\"place\":2,\"result\":\"a\",\"reviews\":3,\"mean\":\"70.00\",\"spread\":\"6.00\",\"score\":\"70.00\","
            "\"component\":0,\"corrected\":\"70.00\",\"error\":\"0.00\"},"
            "{\"place\":3,\"result\":\"c\",\"reviews\":2,\"mean\":\"47.00\",\"spread\":\"4.24\",\"score\":\"47.00\","
            "\"component\":0,\"corrected\":\"50.00\",\"error\":\"0.00\"}]}"));
}

/* So many judges of a chain of results, of which each has so many judges; in two halves where it is cut. */
static Str chain(Arena *arena, const char *aggregation, size_t judges, size_t each, bool told, bool cut)
{
    Buf    buf = buf_new(arena, SIZE_MAX);
    size_t results = judges - each + 1;
    buf_printf(&buf, "{\"aggregation\":\"%s\",\"places\":1,\"seed\":\"s\",\"weights\":[100],\"results\":[",
               aggregation);
    for (size_t r = 0; r < results; r++)
        buf_printf(&buf, "%s\"r%03zu\"", r ? "," : "", r);
    buf_printf(&buf, "],\"judges\":%zu,\"sheets\":[", told ? judges : 0);
    for (size_t r = 0, n = 0; r < results; r++)
        for (size_t k = 0; k < each; k++) {
            size_t judge = cut && r < results / 2 && r + k >= results / 2 ? 0 : r + k;
            buf_printf(&buf, "%s[%zu,%zu,%zu,%zu]", n++ ? "," : "", r, told ? judge : 0,
                       100 * (40 + (r * 7 + k * 3) % 50), 40 + (r * 7 + k * 3) % 50);
        }
    buf_printf(&buf, "]}");
    return buf_str(&buf);
}

static void the_mean_ranks_where_a_correction_cannot_or_must_not(void **state)
{
    Arena *a = *state;
    assert_str_equal(ranked_by(a, chain(a, "corrected_mean", 5, 3, true, false)), STR("corrected_mean"));
    assert_str_equal(ranked_by(a, chain(a, "corrected_mean", 4, 3, true, false)), STR("mean_few"));
    assert_str_equal(ranked_by(a, chain(a, "corrected_mean", 6, 2, true, false)), STR("mean_few"));
    assert_str_equal(ranked_by(a, chain(a, "corrected_mean", 12, 3, true, true)), STR("mean_unconnected"));
    assert_str_equal(ranked_by(a, chain(a, "corrected_mean", 6, 3, false, false)), STR("mean_untold"));
    assert_str_equal(ranked_by(a, chain(a, "corrected_mean", 300, 3, true, false)), STR("corrected_mean"));
    assert_str_equal(ranked_by(a, chain(a, "corrected_mean", 301, 3, true, false)), STR("mean_many"));
    assert_str_equal(ranked_by(a, chain(a, "mean", 12, 3, true, true)), STR("mean"));
    assert_str_equal(ranked_by(a, chain(a, "trimmed_mean", 4, 2, true, false)), STR("trimmed_mean"));
    assert_str_equal(ranked_by(a, chain(a, "median", 6, 3, false, false)), STR("median"));
}

static void middles_are_of_what_is_left(void **state)
{
    static const char sheets[] =
        "\"places\":1,\"seed\":\"\",\"weights\":[],\"results\":[\"a\",\"b\"],\"judges\":0,"
        "\"sheets\":[[0,0,9900],[0,0,1000],[0,0,5000],[0,0,5101],[0,0,6000],[1,0,4000],[1,0,4001]]}";
    static const struct {
        const char *rule, *first, *second;
    } all[] = {
        { "mean", "54.00", "40.01" },         /* 270.01 / 5, and 40.005 */
        { "trimmed_mean", "53.67", "40.01" }, /* 161.01 / 3 */
        { "median", "51.01", "40.01" },
    };
    for (size_t i = 0; i < 3; i++) {
        Json *out = NULL;
        assert_ok(run(*state, str_printf(*state, "{\"aggregation\":\"%s\",%s", all[i].rule, sheets), &out));
        const Json *results = json_get(out, STR("results"));
        assert_str_equal(json_text(json_get(results->first, STR("score"))), str_from(all[i].first));
        assert_str_equal(json_text(json_get(results->first->next, STR("score"))), str_from(all[i].second));
        assert_null(json_get(out, STR("judges")));
    }
}

/* What somebody has changed may be no input at all. */
static void what_is_no_input_is_refused(void **state)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "null",
        "{A,\"places\":1,W,R,J,S}",
        "{\"aggregation\":\"best\",\"places\":1,W,R,J,S}",
        "{A,\"places\":501,W,R,J,S}",
        "{A,\"places\":-1,W,R,J,S}",
        "{A,P,\"weights\":[1001],R,J,S}",
        "{A,P,\"weights\":{\"x\":\"y\"},R,J,S}",
        "{A,P,W,\"results\":[],J,S}",
        "{A,P,W,\"results\":[1],J,S}",
        "{A,P,W,\"results\":[\"a\",\"b\"],J,S}",
        "{A,P,W,R,\"judges\":2,S}",
        "{A,P,W,R,J,\"sheets\":[]}",
        "{A,P,W,R,J,\"sheets\":[[0,0,500,5],[0,1,500,5]]}",
        "{A,P,W,R,J,\"sheets\":[[1,0,500,5]]}",
        "{A,P,W,R,J,\"sheets\":[[0,0,1000001,5]]}",
        "{A,P,W,R,J,\"sheets\":[[0,0,500,1001]]}",
        "{A,P,W,R,J,\"sheets\":[[0,0,500]]}",
        "{A,P,W,R,J,\"sheets\":[{\"a\":0,\"b\":0,\"c\":500,\"d\":5}]}",
        "{A,P,W,R,J,\"sheets\":[[0,0,5.5,5]]}",
    };
    static const struct {
        char        letter;
        const char *text;
    } parts[] = { { 'A', "\"aggregation\":\"mean\"" }, { 'P', "\"places\":1" }, { 'W', "\"weights\":[100]" },
                  { 'R', "\"results\":[\"a\"]" },      { 'J', "\"judges\":1" }, { 'S', "\"sheets\":[[0,0,500,5]]" } };
    Json *out = NULL;
    assert_ok(run(*state,
                  STR("{\"aggregation\":\"mean\",\"places\":1,\"weights\":[100],\"results\":[\"a\"],\"judges\":1,"
                      "\"sheets\":[[0,0,500,5]]}"),
                  &out));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Buf  buf = buf_new(*state, SIZE_MAX);
        bool quoted = false;
        for (const char *c = wrong[i]; *c; c++) {
            const char *text = NULL;
            quoted ^= *c == '"';
            for (size_t p = 0; p < sizeof parts / sizeof *parts && !quoted; p++)
                text = parts[p].letter == *c ? parts[p].text : text;
            buf_printf(&buf, text ? "%s" : "%.1s", text ? text : c);
        }
        Err err = run(*state, buf_str(&buf), &out);
        if (i == 3) /* a seed may be empty */
            assert_ok(err);
        else
            assert_true(err.code == ECODE_COMPUTATION_INPUT || err.code == ECODE_EXPR_OVERFLOW);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_round_by_hand),
        TEST(the_mean_ranks_where_a_correction_cannot_or_must_not),
        TEST(middles_are_of_what_is_left),
        TEST(what_is_no_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
