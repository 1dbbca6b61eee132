/* evidence/checkpoint_test.c: notes, keys, checkpoints and cosignatures, held against the published vectors. */
#include "evidence/checkpoint.h"

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
#define CHECKPOINT BODY "\n" LOG_LINE WITNESS_LINE

typedef struct Counting { /* "randomness" that counts, for the seeds of the vectors */
    uint8_t next;
} Counting;

static void count(void *context, void *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = ((Counting *)context)->next++;
}

static NoteSigner signer_from(uint8_t first, Str name, NoteKind kind)
{
    Counting counting = { first };
    Env      env = { NULL, count, &counting };
    return note_signer_new(&env, name, kind);
}

static NoteKey key_from(const char *text)
{
    NoteKey key;
    assert_ok(note_key_parse(str_from(text), &key));
    return key;
}

static void keys_and_signatures_are_those_of_the_published_vectors(void **state)
{
    Arena     *arena = *state;
    NoteSigner log = signer_from(0, STR("log.example.org/evidence"), NOTE_ED25519);
    NoteSigner witness = signer_from(0x20, STR("witness.example.org/w1"), NOTE_COSIGNATURE);
    assert_str_equal(note_key_text(arena, &log.public), STR(LOG_KEY));
    assert_str_equal(note_key_text(arena, &witness.public), STR(WITNESS_KEY));
    assert_str_equal(note_sign(arena, &log, STR(BODY)), STR(BODY "\n" LOG_LINE));
    assert_str_equal(checkpoint_cosign(arena, &witness, STR(BODY), 1790000000), STR(WITNESS_LINE));
}

/* The example of the specification (signed-note.md). */
static void the_key_of_the_specification_is_read(void **state)
{
    Arena  *arena = *state;
    NoteKey key = key_from("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    assert_str_equal(key.name, STR("example.com/foo"));
    assert_str_equal(note_key_text(arena, &key),
                     STR("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"));
}

static void a_key_comes_back_from_its_text(void **state)
{
    Arena *arena = *state;
    for (int i = 0; i < 64; i++) { /* in some of them base64 has a plus sign */
        NoteSigner signer = signer_from((uint8_t)(i * 4), STR("a.example/log"), NOTE_ED25519), again;
        NoteKey    key;
        assert_ok(note_signer_parse(note_signer_text(arena, &signer), &again));
        assert_memory_equal(again.seed, signer.seed, NOTE_KEY_SIZE);
        assert_ok(note_key_parse(note_key_text(arena, &signer.public), &key));
        assert_memory_equal(key.key, again.public.key, NOTE_KEY_SIZE);
    }
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const none[] = {
        "",
        "+",
        "log.example.org",
        "log.example.org/evidence+623d120b",
        LOG_KEY "A",
        "x" LOG_KEY,
        "PRIVATE+KEY+" LOG_KEY,
        "log.example.org/evidence+623d120c+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", /* another id */
        "log.example.org/evidence+623D120B+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "log.example.org/evidence+623d120b+AgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", /* another type */
        "log example+623d120b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
    };
    NoteKey    key;
    NoteSigner signer;
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_err(note_key_parse(str_from(none[i]), &key), ECODE_LOG_KEY);
        assert_err(note_signer_parse(str_from(none[i]), &signer), ECODE_LOG_KEY);
    }
}

static void a_checkpoint_with_a_witness_is_opened(void **state)
{
    Arena     *arena = *state;
    NoteKey    log = key_from(LOG_KEY), witness = key_from(WITNESS_KEY);
    Checkpoint found;
    Note       note;
    int64_t    time_s;
    assert_ok(checkpoint_open(arena, STR(CHECKPOINT), &log, &found, &note));
    assert_str_equal(found.origin, STR("log.example.org/evidence"));
    assert_int_equal(found.size, 300);
    assert_str_equal(checkpoint_text(arena, &found), STR(BODY));
    assert_ok(checkpoint_cosigned(&note, &witness, &time_s));
    assert_int_equal(time_s, 1790000000);
}

/* Whatever one byte becomes: the same checkpoint signed by the same log, or refused. */
static void no_byte_of_it_can_be_another(void **state)
{
    Arena  *arena = *state;
    NoteKey log = key_from(LOG_KEY), witness = key_from(WITNESS_KEY);
    char    bytes[sizeof CHECKPOINT - 1];
    int     refused = 0;
    for (size_t at = 0; at < sizeof bytes; at++)
        for (int bit = 0; bit < 8; bit++) {
            Checkpoint found;
            Note       note;
            int64_t    time_s;
            memcpy(bytes, CHECKPOINT, sizeof bytes);
            bytes[at] = (char)(bytes[at] ^ 1 << bit);
            bool opens = !checkpoint_open(arena, (Str){ bytes, sizeof bytes }, &log, &found, &note).kind;
            bool cosigned = opens && !checkpoint_cosigned(&note, &witness, &time_s).kind;
            assert_false(cosigned);
            assert_true(!opens || (at >= STR(BODY LOG_LINE).len && found.size == 300)); /* the witness's line alone */
            refused += !opens;
            arena_reset(arena);
        }
    assert_true(refused > 8 * (int)STR(BODY LOG_LINE).len);
}

static void what_is_no_checkpoint_is_refused(void **state)
{
    static const char *const none[] = { "",
                                        "\n",
                                        "a\n",
                                        "a\n1\n",
                                        "a\n01\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=\n",
                                        "a\n-1\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=\n",
                                        "a\n-0\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=\n",
                                        "a\n9223372036854775808\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=\n",
                                        "a\n1\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg\n",
                                        "a\n1\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=",
                                        "\n1\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=\n" };
    Checkpoint               found;
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_err(checkpoint_parse(str_from(none[i]), &found), ECODE_LOG_NOTE);
    assert_ok(checkpoint_parse(STR("a\n0\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=\nextension\n"), &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_and_signatures_are_those_of_the_published_vectors),
        TEST(the_key_of_the_specification_is_read),
        TEST(a_key_comes_back_from_its_text),
        TEST(what_is_no_key_is_refused),
        TEST(a_checkpoint_with_a_witness_is_opened),
        TEST(no_byte_of_it_can_be_another),
        TEST(what_is_no_checkpoint_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
