/* evidence/stamp.h: that a note existed at a time, in the word of a time-stamping authority.
 *
 * Source   RFC 3161 by libcrypto's TS functions; renewal after the idea of RFC 4998.
 * Over     the whole note, signatures included: what they are worth does not end when a key leaks later. One token
 *          serves every receipt under the note.
 * Renewal  tokens stand one after the other; each is over the note and all tokens before it. The first says since when
 *          the note has been there; each of the others, made before the certificate of the one before it ended, says
 *          that this one was still sound then.
 * Judged   each token by the CA certificates that are given, as of the time of the next one; the newest as of at_ms. A
 *          certificate that has ended vouches for nothing: its key may be anybody's since, who could write any time. To
 *          judge as of an earlier moment is to say: "by other means I know that this token was there at that moment,
 *          and that its certificate had not been revoked". Revocation lists are not looked at.
 * Taken    imprints of SHA-256, -384, -512 and SM3; signatures over SHA-256, -384, -512, by RSA or ECDSA with 112 bits
 *          of security and more. Not: tokens that an SM2 key has signed (GM/T 0033), which OpenSSL 3.0 cannot verify.
 * Form     DER in the one spelling that libcrypto writes. Even so some bytes of a token are signed by nobody:
 *          certificates beside the signer's, and a few of CMS's own; changing them changes nothing that is believed.
 * Hostile  everything that is read here may come from anywhere, and is bounded. No I/O. */
#ifndef FM_EVIDENCE_STAMP_H
#define FM_EVIDENCE_STAMP_H

#include "base/env.h"
#include "base/err.h"

#define STAMP_TOKEN_MAX  65536                    /* bytes */
#define STAMP_TOKENS_MAX 50                       /* a renewal a year */
#define STAMP_LATEST_MS  INT64_C(253402300799000) /* 9999: later than any token */
#define STAMP_AHEAD_MS   300000                   /* how far the authority's clock may be ahead of ours */

/* ---- asking ---- */

typedef struct StampAsk {
    Str note, earlier; /* earlier: its tokens so far; empty: it has none */
    Str policy;        /* OID that the authority is to follow; empty: its own choice */
    Str request;       /* out: DER, media type application/timestamp-query */
} StampAsk;

bool stamp_policy_valid(Str policy);
/* SHA-256 imprint, a nonce of 128 bits, certificate wanted. */
void stamp_ask(Arena *arena, const Env *env, StampAsk *ask);
/* The token of an authority's answer: granted, to this request, and such that `earlier` and it verify at now_ms.
 * ECODE_STAMP_ANSWER (not granted, another nonce, policy or imprint), and the errors of stamps_verify(). */
Err stamp_accept(Arena *arena, const StampAsk *ask, Str answer, Str ca, int64_t now_ms, Str *token) MUST_CHECK;

/* ---- verifying ---- */

/* ECODE_STAMP_CA when the PEM text has no certificate, one that cannot be read, or is over LIMIT_STAMP_CA. */
Err stamp_ca_check(Str ca) MUST_CHECK;
/* Cuts off the next token. False when what follows is none. */
bool stamp_next(Str *rest, Str *token);

typedef struct Stamps {
    size_t  count;
    int64_t time_ms, newest_ms; /* of the first token, which is the time proven, and of the last */
    int64_t end_ms;             /* of the certificate that signed the last */
} Stamps;

/* ca: PEM; empty: form, imprints and the order of times alone, which anybody could have made. ECODE_STAMP_FORM,
 * ECODE_STAMP_IMPRINT, ECODE_STAMP_TIME (after the next one, or after at_ms), ECODE_STAMP_EXPIRED,
 * ECODE_STAMP_CERTIFICATE (of no CA given, not for time stamps, weak), ECODE_STAMP_SIGNATURE, ECODE_STAMP_CA. */
Err stamps_verify(Str note, Str tokens, Str ca, int64_t at_ms, Stamps *out) MUST_CHECK;

#endif
