#include "base/hash.h"

#include "base/json.h"
#include "base/testing.h"

#include <pthread.h>

static Str hash_hex(Arena *arena, Hash hash) { return hex_encode(arena, hash_str(&hash)); }

static Str repeated(Arena *arena, char c, size_t count)
{
    char *text = arena_alloc(arena, count);
    memset(text, c, count);
    return (Str){ text, count };
}

static void sha256_gives_the_published_digests(void **state) /* FIPS 180-4 examples */
{
    const struct {
        Str         text;
        const char *digest;
    } cases[] = {
        { STR_NONE, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { STR("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { repeated(*state, 'a', 1000000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str_equal(hash_hex(*state, sha256(cases[i].text)), str_from(cases[i].digest));
}

static void sm3_gives_the_published_digests(void **state)
{
    Str lines = shared_read(*state, "vectors/sm3.jsonl");
    int seen = 0;
    while (lines.len) {
        Str   line = str_cut(&lines, '\n'), input, expected;
        Json *vector;
        assert_ok(json_parse(*state, line, &vector));
        assert_true(hex_decode(*state, json_text(json_get(vector, STR("input_hex"))), &input));
        assert_true(hex_decode(*state, json_text(json_get(vector, STR("digest_hex"))), &expected));
        Hash digest = sm3(input);
        assert_str_equal(hash_str(&digest), expected);
        seen++;
    }
    assert_int_equal(seen, 3);
}

static void hmac_gives_the_published_codes(void **state) /* RFC 4231, cases 1, 2 and 6; the last with no key at all */
{
    const struct {
        Str         key, data;
        const char *code;
    } cases[] = {
        { repeated(*state, 0x0b, 20), STR("Hi There"),
          "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
        { STR("Jefe"), STR("what do ya want for nothing?"),
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
        { repeated(*state, (char)0xaa, 131), STR("Test Using Larger Than Block-Size Key - Hash Key First"),
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
        { STR_NONE, STR_NONE, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_str_equal(hash_hex(*state, hmac_sha256(cases[i].key, cases[i].data)), str_from(cases[i].code));
}

static void parts_hash_as_one_text(void **state)
{
    Rng rng = rng_new();
    Str whole = rng_text(&rng, *state, STR("ab\xff"), 300);
    for (size_t from = 0; from <= whole.len; from++) {
        size_t    to = from + rng_below(&rng, whole.len - from + 1);
        const Str parts[] = { str_slice(whole, 0, from), str_slice(whole, from, to), STR_NONE,
                              str_slice(whole, to, whole.len) };
        Hash      one = sha256(whole), several = sha256_parts(parts, 4);
        assert_memory_equal(&one, &several, sizeof one);
        one = sm3(whole), several = sm3_parts(parts, 4);
        assert_memory_equal(&one, &several, sizeof one);
    }
    Hash none = sha256(STR_NONE), no_parts = sha256_parts(NULL, 0);
    assert_memory_equal(&none, &no_parts, sizeof none);
}

static void *hash_in_thread(void *failed)
{
    OWNED(arena) Arena *arena = arena_new();
    for (int i = 0; i < 500; i++) {
        Str  text = repeated(arena, (char)i, (size_t)i);
        Hash one = sha256(text), other = sm3(text), again = sha256(text);
        if (memcmp(&one, &again, sizeof one) != 0 || memcmp(&one, &other, sizeof one) == 0)
            *(bool *)failed = true;
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    bool      failed[THREADS] = { false };
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_in_thread, &failed[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(failed[i]);
    }
}

static void secrets_compare_by_their_bytes(void **state)
{
    (void)state;
    assert_true(bytes_eq_secret(STR("token"), STR("token")) && bytes_eq_secret(STR_NONE, STR("")));
    assert_false(bytes_eq_secret(STR("token"), STR("tokem")) || bytes_eq_secret(STR("token"), STR("toke")));
}

static void spellings_follow_rfc_4648(void **state)
{
    const struct {
        Str         bytes;
        const char *hex, *base64, *url;
    } cases[] = {
        { STR(""), "", "", "" },
        { STR("f"), "66", "Zg==", "Zg" },
        { STR("fo"), "666f", "Zm8=", "Zm8" },
        { STR("foo"), "666f6f", "Zm9v", "Zm9v" },
        { STR("foob"), "666f6f62", "Zm9vYg==", "Zm9vYg" },
        { STR("fooba"), "666f6f6261", "Zm9vYmE=", "Zm9vYmE" },
        { STR("foobar"), "666f6f626172", "Zm9vYmFy", "Zm9vYmFy" },
        { STR("\xfb\xff\xbf\x00"), "fbffbf00", "+/+/AA==", "-_-_AA" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_str_equal(hex_encode(*state, cases[i].bytes), str_from(cases[i].hex));
        assert_str_equal(base64_encode(*state, cases[i].bytes), str_from(cases[i].base64));
        assert_str_equal(base64url_encode(*state, cases[i].bytes), str_from(cases[i].url));
    }
}

static void every_spelling_reads_back(void **state)
{
    Rng rng = rng_new();
    for (int i = 0; i < 3000; i++) {
        uint8_t *bytes = arena_alloc(*state, 50);
        Str      source = { (const char *)bytes, rng_below(&rng, 50) }, again;
        for (size_t j = 0; j < source.len; j++)
            bytes[j] = (uint8_t)rng_next(&rng);
        assert_true(hex_decode(*state, hex_encode(*state, source), &again) && str_eq(source, again));
        assert_true(base64_decode(*state, base64_encode(*state, source), &again) && str_eq(source, again));
        assert_true(base64url_decode(*state, base64url_encode(*state, source), &again) && str_eq(source, again));
    }
    Str upper;
    assert_true(hex_decode(*state, STR("AbCdEF"), &upper));
    assert_str_equal(upper, STR("\xab\xcd\xef"));
}

static void bad_spellings_are_refused(void **state)
{
    const struct {
        bool (*decode)(Arena *arena, Str text, Str *out);
        const char *text;
    } cases[] = {
        { hex_decode, "0" },
        { hex_decode, "0g" },
        { hex_decode, "0x12" },
        { base64_decode, "Zg" }, /* padding is missing */
        { base64_decode, "Zg=" },
        { base64_decode, "Z===" },
        { base64_decode, "====" },
        { base64_decode, "Zh==" }, /* stray bits: would be a second spelling of "f" */
        { base64_decode, "Zm9=" },
        { base64_decode, "Zg==Zg==" }, /* padding inside */
        { base64_decode, "-_-_" },
        { base64_decode, "Zm 9" },
        { base64url_decode, "Zg==" },
        { base64url_decode, "Z" },
        { base64url_decode, "Zh" },
        { base64url_decode, "+/+/" },
        { base64url_decode, "Zm9v\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Str out = STR("untouched");
        if (cases[i].decode(*state, str_from(cases[i].text), &out))
            fail_msg("\"%s\" is read", cases[i].text);
        assert_str_equal(out, STR("untouched"));
    }
    Str out;
    assert_false(base64_decode(*state, STR("Zm9\0"), &out)); /* NUL is no letter of any alphabet */
    assert_false(hex_decode(*state, STR("1\0"), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sha256_gives_the_published_digests), TEST(sm3_gives_the_published_digests),
        TEST(hmac_gives_the_published_codes),     TEST(parts_hash_as_one_text),
        TEST(threads_do_not_disturb_each_other),  TEST(secrets_compare_by_their_bytes),
        TEST(spellings_follow_rfc_4648),          TEST(every_spelling_reads_back),
        TEST(bad_spellings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
