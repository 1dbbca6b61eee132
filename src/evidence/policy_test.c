/* evidence/policy_test.c: what a policy asks for, against every set of witnesses; and what is none. */
#include "evidence/policy.h"

#include <stdio.h>

#include "base/testing.h"

#define LOG_KEY     "log.example.org/evidence+623d120b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS_KEY "witness.example.org/w1+f3c080b6+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
#define BODY        "log.example.org/evidence\n300\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=\n"
#define LOG_LINE                                                                                                       \
    "— log.example.org/evidence "                                                                                    \
    "Yj0SC/wqDTJP7IGSdCJ+oRsIeHSCFUly13Q5BhqZlJcnVCefHDYSTeNZVqJmZJstJkjG3CQvBvCANo+spwDpKilA8gw=\n"
#define WITNESS_LINE                                                                                                   \
    "— witness.example.org/w1 "                                                                                      \
    "88CAtgAAAABqsTuAgj+cVmEp81KwxOrw0FBAjC5U16evwe6NZxoi/QMs3pRiHdeB/"                                                \
    "1oQGr62RYDGx24dO0Ha6n8dCAjlVic8ziEPAA==\n"

enum { WITNESSES = 6 };

/* "w0" … "w5" */
static NoteSigner signer_of(Arena *arena, int which)
{
    EnvFixed fixed = { .seed = 100 + (uint64_t)which };
    Env      env = env_fixed(&fixed);
    return note_signer_new(&env, str_printf(arena, "w%d", which), NOTE_COSIGNATURE);
}

/* Six witness lines and what follows. */
static Str policy_with(Arena *arena, const char *rest)
{
    Str text = STR("log " LOG_KEY "\n");
    for (int i = 0; i < WITNESSES; i++) {
        NoteSigner signer = signer_of(arena, i);
        text = str_printf(arena, "%.*switness W%d %.*s http://w%d.example\n", STR_FMT(text), i,
                          STR_FMT(note_key_text(arena, &signer.public)), i);
    }
    return str_printf(arena, "%.*s%s", STR_FMT(text), rest);
}

static Note note_by(Arena *arena, unsigned set)
{
    Str  text = STR(BODY "\n" LOG_LINE);
    Note note;
    for (int i = 0; i < WITNESSES; i++) {
        NoteSigner signer = signer_of(arena, i);
        if (set >> i & 1)
            text = str_printf(arena, "%.*s%.*s", STR_FMT(text),
                              STR_FMT(checkpoint_cosign(arena, &signer, STR(BODY), 1000 + i)));
    }
    assert_ok(note_parse(arena, text, &note));
    return note;
}

static bool has(unsigned set, int which) { return set >> which & 1; }
static int  count(unsigned set, int from, int to)
{
    int sum = 0;
    for (int i = from; i <= to; i++)
        sum += has(set, i);
    return sum;
}
static bool wants_none(unsigned set) { return set < 1U << WITNESSES; }
static bool wants_one(unsigned set) { return has(set, 3); }
static bool wants_all(unsigned set) { return count(set, 0, 5) == 6; }
static bool wants_any(unsigned set) { return count(set, 1, 4) >= 1; }
static bool wants_two_of_three(unsigned set) { return count(set, 0, 2) >= 2; }
static bool wants_both_sides(unsigned set) { return count(set, 0, 2) >= 2 && count(set, 3, 5) >= 1; }
static bool wants_some_sides(unsigned set)
{
    return (count(set, 0, 2) == 3) + (count(set, 3, 4) >= 1) + has(set, 5) >= 2;
}

static void a_quorum_is_met_by_just_the_sets_that_it_names(void **state)
{
    static const struct {
        const char *rest;
        bool (*wants)(unsigned set);
    } cases[] = {
        { "quorum none\n", wants_none },
        { "quorum W3\n", wants_one },
        { "group g all W0 W1 W2 W3 W4 W5\nquorum g\n", wants_all },
        { "group g\tany  W1 W2 W3 W4\n\n# a comment\n  quorum\tg", wants_any },
        { "group g 2 W0 W1 W2\nquorum g\n", wants_two_of_three },
        { "group x 2 W0 W1 W2\ngroup y any W3 W4 W5\ngroup both all x y\nquorum both\n", wants_both_sides },
        { "group x all W0 W1 W2\ngroup y any W3 W4\ngroup z 2 y W5 x\nquorum z\n", wants_some_sides },
    };
    Arena *arena = *state;
    for (unsigned set = 0; set < 1 << WITNESSES; set++) {
        Note note = note_by(arena, set);
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            Policy     policy;
            PolicySeen seen;
            assert_ok(policy_parse(policy_with(arena, cases[i].rest), &policy));
            assert_ok(policy_seen(&policy, &note, &seen));
            assert_int_equal(seen.met, cases[i].wants(set));
            for (int w = 0; w < WITNESSES; w++)
                assert_int_equal(seen.times_s[w], has(set, w) ? 1000 + w : 0);
        }
        arena_reset(arena);
    }
}

static void who_is_missing_is_named(void **state)
{
    Arena     *arena = *state;
    Policy     policy;
    PolicySeen seen;
    Note       note = note_by(arena, 1 << 1 | 1 << 4);
    assert_ok(policy_parse(policy_with(arena, "quorum W0\n"), &policy));
    assert_ok(policy_seen(&policy, &note, &seen));
    assert_str_equal(policy_missing(arena, &policy, &seen), STR("W0, W2, W3, W5"));
    assert_str_equal(policy.witnesses[2].url, STR("http://w2.example"));
}

static void the_cosignature_of_the_vectors_is_seen(void **state)
{
    Arena     *arena = *state;
    Policy     policy;
    PolicySeen seen;
    Note       note;
    NoteKey    log;
    assert_ok(note_key_parse(STR(LOG_KEY), &log));
    assert_ok(note_parse(arena, STR(BODY "\n" LOG_LINE WITNESS_LINE), &note));
    assert_ok(policy_parse(STR("log " LOG_KEY "\nwitness w1 " WITNESS_KEY "\nquorum w1\n"), &policy));
    assert_true(policy_has_log(&policy, &log));
    assert_ok(policy_seen(&policy, &note, &seen));
    assert_true(seen.met);
    assert_int_equal(seen.times_s[0], 1790000000);
    log.key[0] ^= 1;
    assert_false(policy_has_log(&policy, &log));
}

/* One false line of a known witness, and the note is none, however many others have signed. */
static void a_false_cosignature_refuses_the_note(void **state)
{
    Arena     *arena = *state;
    Policy     policy;
    PolicySeen seen;
    NoteSigner liar = signer_of(arena, 0);
    Note       note = note_by(arena, 0x3f), other;
    Str        line = checkpoint_cosign(arena, &liar, STR("another text\n"), 1000);
    assert_ok(note_parse(arena, str_printf(arena, "%s\n%.*s", BODY, STR_FMT(line)), &other));
    note.lines[1] = other.lines[0];
    assert_ok(policy_parse(policy_with(arena, "group g any W0 W1 W2 W3 W4 W5\nquorum g\n"), &policy));
    assert_err(policy_seen(&policy, &note, &seen), ECODE_LOG_SIGNATURE);
}

static void what_is_no_policy_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *rest; /* behind the seven lines of policy_with() */
        const char *where;
    } cases[] = {
        { "", "7: no quorum" },
        { "quorum none\nquorum none\n", "9: a second quorum" },
        { "quorum W9\n", "8: no witness or group of that name above" },
        { "quorum\n", "8: no witness or group of that name above" },
        { "quorum g\ngroup g any W1\n", "8: no witness or group of that name above" },
        { "quorum none W1\n", "8: a word too many" },
        { "group g 0 W1\n", "8: after the name comes all, any, or a number that the members reach" },
        { "group g 3 W1 W2\n", "8: after the name comes all, any, or a number that the members reach" },
        { "group g all\n", "8: after the name comes all, any, or a number that the members reach" },
        { "group g most W1\n", "8: after the name comes all, any, or a number that the members reach" },
        { "group g any W1 W1\n", "8: a name is in a group already" },
        { "group g any W1\ngroup h any W1\n", "9: a name is in a group already" },
        { "group g any none\n", "8: no witness or group of that name above" },
        { "group g any g\n", "8: no witness or group of that name above" },
        { "group W1 any W2\n", "8: the name is taken" },
        { "group none any W2\n", "8: the name is taken" },
        { "witness W0 " WITNESS_KEY "\n", "8: the name is taken" },
        { "witness none " WITNESS_KEY "\n", "8: the name is taken" },
        { "witness a " WITNESS_KEY "\nwitness b " WITNESS_KEY "\n", "9: the key was given before" },
        { "log " LOG_KEY "\n", "8: the key was given before" },
        { "log " WITNESS_KEY "\n", "8: not a key of a log" },
        { "witness a " LOG_KEY "\n", "8: not a key of a witness" },
        { "witness a\n", "8: not a key of a witness" },
        { "witness\n", "8: a name is missing" },
        { "witness a " WITNESS_KEY " http://a b\n", "8: a word too many" },
        { "quorum none\r\n", "8: a control character" },
        { "cosigner a\n", "8: begins with none of log, witness, group, quorum" },
    };
    Arena *arena = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Policy policy;
        Err    err = policy_parse(policy_with(arena, cases[i].rest), &policy);
        assert_int_equal(err.code, ECODE_LOG_POLICY);
        assert_str_equal(str_from(err.context), str_from(cases[i].where));
    }
}

static void a_policy_has_a_size(void **state)
{
    Arena *arena = *state;
    Policy policy;
    Str    text = STR("quorum none\n");
    for (int i = 0; i <= LIMIT_POLICY_NAMES; i++) {
        EnvFixed   fixed = { .seed = (uint64_t)i };
        Env        env = env_fixed(&fixed);
        NoteSigner signer = note_signer_new(&env, STR("w"), NOTE_COSIGNATURE);
        assert_ok(policy_parse(text, &policy));
        assert_int_equal(policy.witness_count, i);
        text = str_printf(arena, "%.*switness %d %.*s\n", STR_FMT(text), i,
                          STR_FMT(note_key_text(arena, &signer.public)));
    }
    assert_err(policy_parse(text, &policy), ECODE_LOG_POLICY);
    char *blanks = arena_alloc(arena, LIMIT_POLICY_BYTES + 1);
    memset(blanks, '\n', LIMIT_POLICY_BYTES + 1);
    assert_err(policy_parse((Str){ blanks, LIMIT_POLICY_BYTES + 1 }, &policy), ECODE_LOG_POLICY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_quorum_is_met_by_just_the_sets_that_it_names), TEST(who_is_missing_is_named),
        TEST(the_cosignature_of_the_vectors_is_seen),         TEST(a_false_cosignature_refuses_the_note),
        TEST(what_is_no_policy_is_refused_with_its_line),     TEST(a_policy_has_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
