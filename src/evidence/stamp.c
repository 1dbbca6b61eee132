#include "evidence/stamp.h"

#include "base/date.h"
#include "base/hash.h"
#include "base/limits.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>

enum { NONCE_SIZE = 16, SECURITY_LEVEL = 2 };

typedef struct Token {
    PKCS7       *cms;
    TS_TST_INFO *info;
    X509        *signer; /* borrowed of cms */
    int64_t      time_ms, begin_ms, end_ms;
} Token;

static void token_freep(Token *token)
{
    TS_TST_INFO_free(token->info);
    PKCS7_free(token->cms);
    ERR_clear_error();
}

static Err bad_form(const char *where) { return err_make(ECODE_STAMP_FORM, "%s", where); }

/* What libcrypto says went wrong; the queue is empty then. */
static const char *reason(void)
{
    const char *said = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return said ? said : "no reason given";
}

/* ---- reading ---- */

/* An X.690 SEQUENCE of definite length. */
bool stamp_next(Str *rest, Str *token)
{
    const uint8_t *bytes = (const uint8_t *)rest->ptr;
    size_t         head = 2, size = 0;
    if (rest->len < head || bytes[0] != 0x30)
        return false;
    if (bytes[1] < 0x80) {
        size = bytes[1];
    } else {
        head += bytes[1] & 0x7f;
        if (head == 2 || head > 5 || rest->len < head)
            return false;
        for (size_t i = 2; i < head; i++)
            size = size << 8 | bytes[i];
    }
    if (size > STAMP_TOKEN_MAX - head || size > rest->len - head)
        return false;
    *token = str_slice(*rest, 0, head + size);
    *rest = str_slice(*rest, head + size, rest->len);
    return true;
}

static bool instant_of(const ASN1_TIME *time, int64_t *out)
{
    struct tm tm;
    if (!time || !ASN1_TIME_to_tm(time, &tm))
        return false;
    Date date = { tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday };
    if (!date_exists(date))
        return false;
    *out = date_to_day(date) * DAY_MS + ((tm.tm_hour * 60 + tm.tm_min) * 60 + tm.tm_sec) * INT64_C(1000);
    return true;
}

static bool hash_fits(int nid) { return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512; }

static X509 *signer_of(PKCS7 *cms)
{
    STACK_OF(X509) *signers = PKCS7_get0_signers(cms, NULL, 0);
    X509 *signer = sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
    sk_X509_free(signers);
    return signer;
}

static Err token_signer(Token *token)
{
    STACK_OF(PKCS7_SIGNER_INFO) *infos = PKCS7_get_signer_info(token->cms);
    if (sk_PKCS7_SIGNER_INFO_num(infos) != 1)
        return bad_form("not one signature");
    if (!hash_fits(OBJ_obj2nid(sk_PKCS7_SIGNER_INFO_value(infos, 0)->digest_alg->algorithm)))
        return bad_form("the hash that was signed");
    token->signer = signer_of(token->cms);
    if (!token->signer)
        return bad_form("the certificate of its signer is not in it");
    return instant_of(X509_get0_notBefore(token->signer), &token->begin_ms) &&
                   instant_of(X509_get0_notAfter(token->signer), &token->end_ms)
               ? ERR_OK
               : bad_form("the certificate of its signer");
}

/* Is this how libcrypto writes it? Else there would be other bytes that say the same. */
static bool one_spelling(PKCS7 *cms, Str der)
{
    unsigned char *again = NULL;
    int            size = i2d_PKCS7(cms, &again);
    bool           same = size > 0 && str_eq((Str){ (const char *)again, (size_t)size }, der);
    OPENSSL_free(again);
    return same;
}

static Err token_open(Str der, Token *out)
{
    const unsigned char *at = (const unsigned char *)der.ptr;
    ERR_clear_error();
    out->cms = d2i_PKCS7(NULL, &at, (long)der.len);
    if (!out->cms || !PKCS7_type_is_signed(out->cms) || !one_spelling(out->cms, der))
        return bad_form("no signed data");
    out->info = PKCS7_to_TS_TST_INFO(out->cms);
    if (!out->info || TS_TST_INFO_get_version(out->info) != 1)
        return bad_form("no time-stamp token");
    if (!instant_of(TS_TST_INFO_get_time(out->info), &out->time_ms))
        return bad_form("its time");
    return token_signer(out);
}

/* ---- what it is over ---- */

static bool imprint_is(Token *token, Str note, Str earlier)
{
    TS_MSG_IMPRINT          *imprint = TS_TST_INFO_get_msg_imprint(token->info);
    const ASN1_OBJECT       *algorithm;
    const ASN1_OCTET_STRING *said = TS_MSG_IMPRINT_get_msg(imprint);
    unsigned char            digest[EVP_MAX_MD_SIZE];
    unsigned                 size = 0;
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    int nid = OBJ_obj2nid(algorithm);
    if (!hash_fits(nid) && nid != NID_sm3)
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool        made = context && EVP_DigestInit_ex(context, EVP_get_digestbynid(nid), NULL) &&
                EVP_DigestUpdate(context, note.ptr, note.len) && EVP_DigestUpdate(context, earlier.ptr, earlier.len) &&
                EVP_DigestFinal_ex(context, digest, &size);
    EVP_MD_CTX_free(context);
    return made && str_eq((Str){ (const char *)digest, size },
                          (Str){ (const char *)ASN1_STRING_get0_data(said), (size_t)ASN1_STRING_length(said) });
}

/* ---- who signed it ---- */

/* An encrypted one is none: nobody is asked for a password. */
static int no_password(char *out, int size, int writing, void *context)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static Err ca_read(Str ca, X509_STORE *store)
{
    BIO   *bio = ca.len && ca.len <= LIMIT_STAMP_CA ? BIO_new_mem_buf(ca.ptr, (int)ca.len) : NULL;
    size_t count = 0;
    ERR_clear_error();
    for (X509 *one; bio && (one = PEM_read_bio_X509(bio, NULL, no_password, NULL)); count++) {
        X509_STORE_add_cert(store, one);
        X509_free(one);
    }
    BIO_free(bio);
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return ended && count ? ERR_OK : err_make(ECODE_STAMP_CA, "%zu certificates", count);
}

Err stamp_ca_check(Str ca)
{
    X509_STORE *store = X509_STORE_new();
    Err         err = ca_read(ca, store);
    X509_STORE_free(store);
    return err;
}

static Err refused(void)
{
    const char *said = NULL;
    int         flags = 0;
    const char *ended = X509_verify_cert_error_string(X509_V_ERR_CERT_HAS_EXPIRED);
    if (ERR_GET_REASON(ERR_peek_last_error_all(NULL, NULL, NULL, &said, &flags)) != TS_R_CERTIFICATE_VERIFY_ERROR)
        return err_make(ECODE_STAMP_SIGNATURE, "%s", reason());
    Str why = str_from(flags & ERR_TXT_STRING ? said : "");
    Err err = str_ends(why, str_from(ended)) ? err_make(ECODE_STAMP_EXPIRED, "%s", ended)
                                             : err_make(ECODE_STAMP_CERTIFICATE, "%.*s", STR_FMT(why));
    ERR_clear_error();
    return err;
}

static Err signed_by(Token *token, Str ca, int64_t at_ms)
{
    X509_STORE *store = X509_STORE_new();
    Err         err = ca_read(ca, store);
    if (!err.kind) {
        X509_VERIFY_PARAM *how = X509_STORE_get0_param(store);
        X509_VERIFY_PARAM_set_time(how, (time_t)(at_ms / 1000));
        X509_VERIFY_PARAM_set_auth_level(how, SECURITY_LEVEL);
        if (TS_RESP_verify_signature(token->cms, NULL, store, NULL) != 1)
            err = refused();
    }
    X509_STORE_free(store);
    return err;
}

/* ---- all of them ---- */

/* The last token first: each says as of when the one before it is judged. */
static Err chain_verify(Str note, const Str *ders, size_t count, Str ca, int64_t at_ms, Stamps *out)
{
    int64_t ahead_ms = STAMP_AHEAD_MS;
    for (size_t i = count; i-- > 0; ahead_ms = 0) {
        __attribute__((cleanup(token_freep))) Token token = { 0 };
        TRY(token_open(ders[i], &token));
        if (!imprint_is(&token, note, (Str){ ders[0].ptr, (size_t)(ders[i].ptr - ders[0].ptr) }))
            return err_make(ECODE_STAMP_IMPRINT, "token %zu", i + 1);
        if (token.time_ms > at_ms + ahead_ms)
            return err_make(ECODE_STAMP_TIME, "token %zu is later than what it is judged by", i + 1);
        if (token.time_ms < token.begin_ms || token.time_ms > token.end_ms)
            return err_make(ECODE_STAMP_TIME, "token %zu is not of its certificate's time", i + 1);
        if (ca.len)
            TRY(signed_by(&token, ca, at_ms > token.time_ms ? at_ms : token.time_ms));
        if (i + 1 == count) {
            out->newest_ms = token.time_ms;
            out->end_ms = token.end_ms;
        }
        out->time_ms = at_ms = token.time_ms;
    }
    return ERR_OK;
}

Err stamps_verify(Str note, Str tokens, Str ca, int64_t at_ms, Stamps *out)
{
    Str    ders[STAMP_TOKENS_MAX], rest = tokens;
    Stamps found = { 0 };
    do {
        if (found.count == STAMP_TOKENS_MAX || !stamp_next(&rest, &ders[found.count]))
            return bad_form("no tokens one after the other");
        found.count++;
    } while (rest.len);
    TRY(chain_verify(note, ders, found.count, ca, at_ms, &found));
    *out = found;
    return ERR_OK;
}

/* ---- asking ---- */

bool stamp_policy_valid(Str policy)
{
    char text[128];
    if (!policy.len || policy.len >= sizeof text)
        return false;
    memcpy(text, policy.ptr, policy.len);
    text[policy.len] = '\0';
    ASN1_OBJECT *oid = OBJ_txt2obj(text, 1);
    ASN1_OBJECT_free(oid);
    ERR_clear_error();
    return oid != NULL;
}

static void set_imprint(TS_REQ *request, const StampAsk *ask)
{
    const Str       parts[] = { ask->note, ask->earlier };
    Hash            hash = sha256_parts(parts, 2);
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR     *algorithm = X509_ALGOR_new();
    X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
    TS_MSG_IMPRINT_set_algo(imprint, algorithm);
    TS_MSG_IMPRINT_set_msg(imprint, hash.bytes, sizeof hash.bytes);
    TS_REQ_set_msg_imprint(request, imprint);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
}

static void set_nonce(TS_REQ *request, const Env *env)
{
    unsigned char bytes[NONCE_SIZE];
    env_random(env, bytes, sizeof bytes);
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* all of it, and positive */
    BIGNUM       *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    ASN1_INTEGER *nonce = BN_to_ASN1_INTEGER(number, NULL);
    TS_REQ_set_nonce(request, nonce);
    ASN1_INTEGER_free(nonce);
    BN_free(number);
}

void stamp_ask(Arena *arena, const Env *env, StampAsk *ask)
{
    TS_REQ        *request = TS_REQ_new();
    unsigned char *der = NULL;
    TS_REQ_set_version(request, 1);
    set_imprint(request, ask);
    if (ask->policy.len) {
        ASN1_OBJECT *oid = OBJ_txt2obj(str_dup_z(arena, ask->policy), 1);
        TS_REQ_set_policy_id(request, oid);
        ASN1_OBJECT_free(oid);
    }
    set_nonce(request, env);
    TS_REQ_set_cert_req(request, 1);
    int size = i2d_TS_REQ(request, &der);
    assert(size > 0);
    ask->request = str_dup(arena, (Str){ (const char *)der, (size_t)size });
    OPENSSL_free(der);
    TS_REQ_free(request);
}

/* Granted, and the answer to this: policy, imprint, nonce. The signature comes after. */
static Err answers(TS_RESP *response, Str request_der)
{
    const unsigned char *at = (const unsigned char *)request_der.ptr;
    TS_REQ              *request = d2i_TS_REQ(NULL, &at, (long)request_der.len);
    TS_VERIFY_CTX       *how = request ? TS_REQ_to_TS_VERIFY_CTX(request, NULL) : NULL;
    bool                 fits = how && TS_RESP_verify_response(how, response) == 1;
    TS_VERIFY_CTX_free(how);
    TS_REQ_free(request);
    return fits ? ERR_OK : err_make(ECODE_STAMP_ANSWER, "%s", reason());
}

static Err take_token(Arena *arena, TS_RESP *response, Str *out)
{
    unsigned char *der = NULL;
    int            size = i2d_PKCS7(TS_RESP_get_token(response), &der);
    *out = size > 0 ? str_dup(arena, (Str){ (const char *)der, (size_t)size }) : STR_NONE;
    OPENSSL_free(der);
    return size > 0 && size <= STAMP_TOKEN_MAX ? ERR_OK : bad_form("its size");
}

Err stamp_accept(Arena *arena, const StampAsk *ask, Str answer, Str ca, int64_t now_ms, Str *token)
{
    const unsigned char *at = (const unsigned char *)answer.ptr;
    Str                  made;
    Stamps               stamps;
    ERR_clear_error();
    TS_RESP *response = answer.len && answer.len <= LIMIT_POST_ANSWER ? d2i_TS_RESP(NULL, &at, (long)answer.len) : NULL;
    Err      err = response ? answers(response, ask->request) : err_make(ECODE_STAMP_ANSWER, "no response of RFC 3161");
    if (!err.kind)
        err = take_token(arena, response, &made);
    TS_RESP_free(response);
    ERR_clear_error();
    TRY(err);
    const Str all[] = { ask->earlier, made };
    TRY(stamps_verify(ask->note, str_join(arena, all, 2, STR("")), ca, now_ms, &stamps));
    *token = made;
    return ERR_OK;
}
