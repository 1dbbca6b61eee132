/* evidence/stamp_test.c: time stamps, by an authority of the test's own whose clock is set. */
#include "evidence/stamp.h"

#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "base/date.h"
#include "base/hash.h"
#include "base/testing.h"

#define NOTE   STR("log.example.org\n300\nyjk9Apa+xeC43KuYO9H7fRRh9RLnJny4ljGtJv1m2Eg=\n\n— log.example.org AAAA\n")
#define POLICY "1.2.3.4.1"

static int64_t day(const char *date)
{
    int64_t out;
    assert_true(date_parse(str_from(date), &out));
    return out * DAY_MS;
}

/* ---- certificates ---- */

typedef struct Party {
    EVP_PKEY *key;
    X509     *certificate;
} Party;

static void extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

/* usage NULL: a CA, which signs itself. */
static Party party_make(const char *name, const Party *ca, const char *usage, const char *from, const char *to)
{
    Party      made = { EVP_EC_gen("P-256"), X509_new() };
    X509_NAME *subject = X509_get_subject_name(made.certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_version(made.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.certificate), 7);
    X509_set_issuer_name(made.certificate, ca ? X509_get_subject_name(ca->certificate) : subject);
    ASN1_TIME_set(X509_getm_notBefore(made.certificate), day(from) / 1000);
    ASN1_TIME_set(X509_getm_notAfter(made.certificate), day(to) / 1000);
    X509_set_pubkey(made.certificate, made.key);
    if (usage)
        extend(made.certificate, NID_ext_key_usage, usage);
    else
        extend(made.certificate, NID_basic_constraints, "critical,CA:TRUE");
    assert_true(X509_sign(made.certificate, ca ? ca->key : made.key, EVP_sha256()) > 0);
    return made;
}

static void party_free(Party *party)
{
    X509_free(party->certificate);
    EVP_PKEY_free(party->key);
}

static Str pem(Arena *arena, const Party *party)
{
    char *bytes;
    BIO  *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, party->certificate);
    long size = BIO_get_mem_data(bio, &bytes);
    Str  text = str_dup(arena, (Str){ bytes, (size_t)size });
    BIO_free(bio);
    return text;
}

/* ---- the authority ---- */

static ASN1_INTEGER *serial(TS_RESP_CTX *context, void *data)
{
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    (void)context;
    (void)data;
    ASN1_INTEGER_set(number, 1);
    return number;
}

static int clock_of(TS_RESP_CTX *context, void *data, long *seconds, long *microseconds)
{
    (void)context;
    *seconds = *(const int64_t *)data / 1000;
    *microseconds = 0;
    return 1;
}

static Str answer_at(Arena *arena, const Party *tsa, Str request, int64_t time_ms)
{
    unsigned char *der = NULL;
    ASN1_OBJECT   *policy = OBJ_txt2obj(POLICY, 1);
    TS_RESP_CTX   *context = TS_RESP_CTX_new();
    BIO           *bio = BIO_new_mem_buf(request.ptr, (int)request.len);
    TS_RESP_CTX_set_serial_cb(context, serial, NULL);
    TS_RESP_CTX_set_time_cb(context, clock_of, &time_ms);
    TS_RESP_CTX_set_signer_cert(context, tsa->certificate);
    TS_RESP_CTX_set_signer_key(context, tsa->key);
    TS_RESP_CTX_set_signer_digest(context, EVP_sha256());
    TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256());
    TS_RESP_CTX_set_def_policy(context, policy);
    TS_RESP_CTX_add_md(context, EVP_sha256());
    TS_RESP_CTX_add_md(context, EVP_sm3());
    TS_RESP_CTX_add_md(context, EVP_sha1());
    TS_RESP *response = TS_RESP_create_response(context, bio);
    int      size = i2d_TS_RESP(response, &der);
    assert_true(size > 0);
    Str text = str_dup(arena, (Str){ (const char *)der, (size_t)size });
    OPENSSL_free(der);
    TS_RESP_free(response);
    BIO_free(bio);
    TS_RESP_CTX_free(context);
    ASN1_OBJECT_free(policy);
    return text;
}

/* ---- the world of a case ---- */

typedef struct World {
    Arena   *arena;
    EnvFixed clock;
    Env      env;
    Party    ca, other, tsa, later, server;
    Str      trust;
} World;

static int set_up(void **state)
{
    World *world = mem_alloc(sizeof *world);
    *world = (World){ .arena = arena_new(), .clock = { .seed = 1 } };
    world->env = env_fixed(&world->clock);
    world->ca = party_make("CA", NULL, NULL, "2020-01-01", "2090-01-01");
    world->other = party_make("CA", NULL, NULL, "2020-01-01", "2090-01-01"); /* of the same name */
    world->tsa = party_make("TSA", &world->ca, "critical,timeStamping", "2026-01-01", "2028-01-01");
    world->later = party_make("TSA 2", &world->ca, "critical,timeStamping", "2027-06-01", "2060-01-01");
    world->server = party_make("server", &world->ca, "critical,serverAuth", "2026-01-01", "2028-01-01");
    world->trust = pem(world->arena, &world->ca);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    World *world = *state;
    Party *parties[] = { &world->ca, &world->other, &world->tsa, &world->later, &world->server };
    for (size_t i = 0; i < sizeof parties / sizeof parties[0]; i++)
        party_free(parties[i]);
    arena_free(world->arena);
    free(world);
    return 0;
}

static Err stamp_by(World *world, const Party *tsa, Str earlier, const char *date, Str *token)
{
    StampAsk ask = { .note = NOTE, .earlier = earlier };
    stamp_ask(world->arena, &world->env, &ask);
    Str answer = answer_at(world->arena, tsa, ask.request, day(date));
    return stamp_accept(world->arena, &ask, answer, world->trust, day(date), token);
}

static Str stamp(World *world, const Party *tsa, Str earlier, const char *date)
{
    Str token = STR_NONE;
    assert_ok(stamp_by(world, tsa, earlier, date, &token));
    return token;
}

static Str renewed(World *world, Str *first)
{
    *first = stamp(world, &world->tsa, STR_NONE, "2026-11-28");
    const Str both[] = { *first, stamp(world, &world->later, *first, "2027-12-01") };
    return str_join(world->arena, both, 2, STR(""));
}

/* ---- cases ---- */

static void a_token_says_since_when_the_note_is_there(void **state)
{
    World *world = *state;
    Stamps found;
    Str    token = stamp(world, &world->tsa, STR_NONE, "2026-11-28");
    assert_ok(stamps_verify(NOTE, token, world->trust, day("2027-01-01"), &found));
    assert_int_equal(found.time_ms, day("2026-11-28"));
    assert_int_equal(found.newest_ms, day("2026-11-28"));
    assert_int_equal(found.end_ms, day("2028-01-01"));
    assert_int_equal(found.count, 1);
    assert_ok(stamps_verify(NOTE, token, STR_NONE, day("2040-01-01"), &found)); /* nobody's word */
}

static void it_is_refused_with_the_reason(void **state)
{
    World *world = *state;
    Stamps found;
    Str    token = stamp(world, &world->tsa, STR_NONE, "2026-11-28"), trust = world->trust, none;
    Str    other = pem(world->arena, &world->other);
    assert_err(stamps_verify(STR("another note\n"), token, trust, day("2027-01-01"), &found), ECODE_STAMP_IMPRINT);
    assert_err(stamps_verify(NOTE, token, trust, day("2028-01-02"), &found), ECODE_STAMP_EXPIRED);
    assert_ok(stamps_verify(NOTE, token, trust, day("2027-12-31"), &found));
    assert_err(stamps_verify(NOTE, token, trust, day("2026-11-27"), &found), ECODE_STAMP_TIME);
    assert_err(stamps_verify(NOTE, token, other, day("2027-01-01"), &found), ECODE_STAMP_CERTIFICATE);
    assert_err(stamps_verify(NOTE, token, STR("no PEM"), day("2027-01-01"), &found), ECODE_STAMP_CA);
    assert_err(stamps_verify(NOTE, STR(""), trust, day("2027-01-01"), &found), ECODE_STAMP_FORM);
    assert_err(stamp_by(world, &world->tsa, STR_NONE, "2025-01-01", &none), ECODE_STAMP_TIME);
}

static PKCS7 *opened(Str token)
{
    const unsigned char *at = (const unsigned char *)token.ptr;
    PKCS7               *cms = d2i_PKCS7(NULL, &at, (long)token.len);
    assert_non_null(cms);
    return cms;
}

static Str taken(Arena *arena, unsigned char *der, int size)
{
    assert_true(size > 0);
    Str text = str_dup(arena, (Str){ (const char *)der, (size_t)size });
    OPENSSL_free(der);
    return text;
}

/* What makes answers refuses to make one with it, so another's place is taken. */
static void a_certificate_that_is_not_for_time_stamps_is_refused(void **state)
{
    World         *world = *state;
    Stamps         found;
    unsigned char *der = NULL;
    PKCS7         *cms = opened(stamp(world, &world->tsa, STR_NONE, "2026-11-28"));
    X509_free(sk_X509_pop(cms->d.sign->cert));
    X509_up_ref(world->server.certificate);
    sk_X509_push(cms->d.sign->cert, world->server.certificate);
    int size = i2d_PKCS7(cms, &der);
    Err err = stamps_verify(NOTE, taken(world->arena, der, size), world->trust, day("2027-01-01"), &found);
    assert_err(err, ECODE_STAMP_CERTIFICATE);
    assert_true(str_ends(str_from(err.context), STR("unsupported certificate purpose")) ||
                str_ends(str_from(err.context), STR("unsuitable certificate purpose")));
    PKCS7_free(cms);
}

static void only_an_answer_to_this_request_is_taken(void **state)
{
    World   *world = *state;
    int64_t  now = day("2026-11-28");
    StampAsk mine = { .note = NOTE }, again = mine, other = { .note = STR("another note") };
    StampAsk strict = { .note = NOTE, .policy = STR("1.2.3.4.2") };
    Str      token;
    stamp_ask(world->arena, &world->env, &mine);
    stamp_ask(world->arena, &world->env, &again);
    stamp_ask(world->arena, &world->env, &other);
    stamp_ask(world->arena, &world->env, &strict);
    assert_false(str_eq(mine.request, again.request));
    Str answer = answer_at(world->arena, &world->tsa, mine.request, now);
    assert_ok(stamp_accept(world->arena, &mine, answer, world->trust, now, &token));
    assert_err(stamp_accept(world->arena, &again, answer, world->trust, now, &token), ECODE_STAMP_ANSWER);
    assert_err(stamp_accept(world->arena, &other, answer, world->trust, now, &token), ECODE_STAMP_ANSWER);
    assert_err(stamp_accept(world->arena, &mine, STR("<html>"), world->trust, now, &token), ECODE_STAMP_ANSWER);
    assert_err(stamp_accept(world->arena, &mine, STR(""), world->trust, now, &token), ECODE_STAMP_ANSWER);
    assert_err(stamp_accept(world->arena, &mine, answer, pem(world->arena, &world->other), now, &token),
               ECODE_STAMP_CERTIFICATE);
    answer = answer_at(world->arena, &world->tsa, strict.request, now); /* rejected: a policy that it has not */
    assert_err(stamp_accept(world->arena, &strict, answer, world->trust, now, &token), ECODE_STAMP_ANSWER);
}

static void a_renewed_one_outlives_its_first_certificate(void **state)
{
    World *world = *state;
    Stamps found;
    Str    first, both = renewed(world, &first), trust = world->trust;
    assert_ok(stamps_verify(NOTE, both, trust, day("2040-01-01"), &found));
    assert_int_equal(found.count, 2);
    assert_int_equal(found.time_ms, day("2026-11-28"));
    assert_int_equal(found.newest_ms, day("2027-12-01"));
    assert_int_equal(found.end_ms, day("2060-01-01"));
    assert_err(stamps_verify(NOTE, both, trust, day("2061-01-01"), &found), ECODE_STAMP_EXPIRED);
    assert_err(stamps_verify(NOTE, first, trust, day("2040-01-01"), &found), ECODE_STAMP_EXPIRED);
    Str second = str_slice(both, first.len, both.len); /* is over both together, not over the note */
    assert_err(stamps_verify(NOTE, second, trust, day("2040-01-01"), &found), ECODE_STAMP_IMPRINT);
    const Str turned[] = { second, first };
    assert_err(stamps_verify(NOTE, str_join(world->arena, turned, 2, STR("")), trust, day("2040-01-01"), &found),
               ECODE_STAMP_IMPRINT);
}

static void a_renewal_that_came_too_late_is_refused(void **state)
{
    World *world = *state;
    Stamps found;
    Str    none, first = stamp(world, &world->tsa, STR_NONE, "2026-11-28");
    assert_err(stamp_by(world, &world->later, first, "2028-02-01", &none), ECODE_STAMP_EXPIRED);
    assert_err(stamp_by(world, &world->tsa, stamp(world, &world->later, STR_NONE, "2027-12-01"), "2027-07-01", &none),
               ECODE_STAMP_TIME); /* earlier than the one before it */
    assert_ok(stamps_verify(NOTE, first, world->trust, day("2027-01-01"), &found));
}

static Str request_of(Arena *arena, const EVP_MD *hash)
{
    unsigned char   digest[EVP_MAX_MD_SIZE], *der = NULL;
    unsigned        size;
    TS_REQ         *request = TS_REQ_new();
    X509_ALGOR     *algorithm = X509_ALGOR_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    EVP_Digest(NOTE.ptr, NOTE.len, digest, &size, hash, NULL);
    X509_ALGOR_set0(algorithm, OBJ_nid2obj(EVP_MD_get_type(hash)), V_ASN1_NULL, NULL);
    TS_MSG_IMPRINT_set_algo(imprint, algorithm);
    TS_MSG_IMPRINT_set_msg(imprint, digest, (int)size);
    TS_REQ_set_version(request, 1);
    TS_REQ_set_msg_imprint(request, imprint);
    TS_REQ_set_cert_req(request, 1);
    int length = i2d_TS_REQ(request, &der);
    TS_MSG_IMPRINT_free(imprint);
    X509_ALGOR_free(algorithm);
    TS_REQ_free(request);
    return taken(arena, der, length);
}

static void an_imprint_of_sm3_is_taken_and_one_of_sha1_is_not(void **state)
{
    World *world = *state;
    struct {
        const EVP_MD *hash;
        ErrCode       refused;
    } cases[] = { { EVP_sm3() }, { EVP_sha1(), ECODE_STAMP_IMPRINT } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Stamps               found;
        unsigned char       *der = NULL;
        Str                  request = request_of(world->arena, cases[i].hash);
        Str                  answer = answer_at(world->arena, &world->tsa, request, day("2026-11-28"));
        const unsigned char *at = (const unsigned char *)answer.ptr;
        TS_RESP             *response = d2i_TS_RESP(NULL, &at, (long)answer.len);
        int                  length = i2d_PKCS7(TS_RESP_get_token(response), &der);
        Str                  token = taken(world->arena, der, length);
        TS_RESP_free(response);
        Err err = stamps_verify(NOTE, token, world->trust, day("2027-01-01"), &found);
        if (cases[i].refused)
            assert_err(err, cases[i].refused);
        else
            assert_ok(err);
    }
}

/* What must stand fast: time and imprint, what the authority has signed of them, its signature, its certificate. */
typedef struct Fast {
    Str parts[4];
} Fast;

static Fast fast_parts(World *world, Str token)
{
    Fast                     fast;
    Arena                   *arena = world->arena;
    unsigned char           *der[3] = { NULL };
    PKCS7                   *cms = opened(token);
    TS_TST_INFO             *info = PKCS7_to_TS_TST_INFO(cms);
    PKCS7_SIGNER_INFO       *signer = sk_PKCS7_SIGNER_INFO_value(PKCS7_get_signer_info(cms), 0);
    const ASN1_OCTET_STRING *signature = signer->enc_digest;
    ASN1_VALUE              *attributes = (ASN1_VALUE *)signer->auth_attr;
    int                      size = i2d_TS_TST_INFO(info, &der[0]);
    fast.parts[0] = taken(arena, der[0], size);
    size = ASN1_item_i2d(attributes, &der[1], ASN1_ITEM_rptr(PKCS7_ATTR_SIGN));
    fast.parts[1] = taken(arena, der[1], size);
    fast.parts[1] = str_slice(fast.parts[1], 1, fast.parts[1].len); /* its tag is another in the token */
    fast.parts[2] = (Str){ (const char *)ASN1_STRING_get0_data(signature), (size_t)ASN1_STRING_length(signature) };
    fast.parts[2] = str_dup(arena, fast.parts[2]);
    size = i2d_X509(world->tsa.certificate, &der[2]);
    fast.parts[3] = taken(arena, der[2], size);
    TS_TST_INFO_free(info);
    PKCS7_free(cms);
    return fast;
}

static bool stands_fast(const Fast *fast, Str token, size_t at)
{
    for (size_t i = 0; i < sizeof fast->parts / sizeof fast->parts[0]; i++) {
        size_t begin = str_find(token, fast->parts[i]);
        assert_true(begin < token.len);
        if (at >= begin && at < begin + fast->parts[i].len)
            return true;
    }
    return false;
}

/* Found: what passes is in the signer's info, which repeats what the certificate says (the spelling of its issuer's
 * name, the name of the algorithm); nothing is believed that was not signed. */
static void no_signed_byte_can_be_another(void **state)
{
    World *world = *state;
    Stamps found;
    Str    token = stamp(world, &world->tsa, STR_NONE, "2026-11-28");
    Fast   fast = fast_parts(world, token);
    char  *bytes = arena_alloc(world->arena, token.len);
    size_t passed = 0, held = 0;
    for (size_t at = 0; at < token.len; at++)
        for (int other = 0; other < 2; other++) {
            memcpy(bytes, token.ptr, token.len);
            bytes[at] = (char)(bytes[at] ^ (other ? 0xff : 1 << at % 8));
            bool fits = !stamps_verify(NOTE, (Str){ bytes, token.len }, world->trust, day("2027-01-01"), &found).kind;
            held += stands_fast(&fast, token, at);
            passed += fits;
            assert_false(fits && (stands_fast(&fast, token, at) || found.time_ms != day("2026-11-28")));
        }
    print_message("%zu changes: %zu of signed bytes, %zu pass\n", token.len * 2, held, passed);
    assert_true(held > token.len * 2 * 3 / 4 && passed < token.len / 16);
}

static void what_is_no_token_is_none(void **state)
{
    static const char *const none[] = { "",
                                        "0",
                                        "\x30",
                                        "\x30\x80",
                                        "\x30\x05"
                                        "1234",
                                        "\x30\x85\x01\x01\x01\x01\x01",
                                        "\x31\x01"
                                        "1",
                                        "\x30\x84\xff\xff\xff\xff" };
    World                   *world = *state;
    Stamps                   found;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        Str rest = str_from(none[i]), token;
        assert_false(stamp_next(&rest, &token));
        assert_err(stamps_verify(NOTE, str_from(none[i]), world->trust, 0, &found), ECODE_STAMP_FORM);
    }
    assert_true(stamp_policy_valid(STR(POLICY)));
    assert_false(stamp_policy_valid(STR("policy")));
    assert_false(stamp_policy_valid(STR("")));
    assert_ok(stamp_ca_check(world->trust));
    assert_err(stamp_ca_check(STR("")), ECODE_STAMP_CA);
    assert_err(stamp_ca_check(str_slice(world->trust, 0, world->trust.len / 2)), ECODE_STAMP_CA);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_token_says_since_when_the_note_is_there),
        CASE(it_is_refused_with_the_reason),
        CASE(a_certificate_that_is_not_for_time_stamps_is_refused),
        CASE(only_an_answer_to_this_request_is_taken),
        CASE(a_renewed_one_outlives_its_first_certificate),
        CASE(a_renewal_that_came_too_late_is_refused),
        CASE(an_imprint_of_sm3_is_taken_and_one_of_sha1_is_not),
        CASE(no_signed_byte_can_be_another),
        CASE(what_is_no_token_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
