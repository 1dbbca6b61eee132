/* kernel/mail.h: what a person was told of (kernel/notice.h), by mail as well, if they want it so.
 *
 * Address  a person's own, which counts once they have given back the code that was sent there. No more than MAIL_CODES
 *          codes a day, MAIL_CODE_TRIES attempts at each, none older than MAIL_CODE_MS.
 * Wants    "each": soon after something happened, what came within MAIL_GATHER_MS in one mail; "daily": at
 *          MAIL_DAILY_HOUR of the city; "off". What was read meanwhile is left out, and a mail that would say
 *          nothing is not sent.
 * Says     what step was taken, on what type of record, its number, and where to look; never a title, a name or what
 *          else a record holds: mail goes through other people's machines. A notice is in it when it shows to the
 *          person in one of their memberships at the moment it is sent.
 * Ends     by the person, or without a sign-in by whoever has the mail: the address in List-Unsubscribe (RFC 8058),
 *          signed with the city's secret.
 * Sent     by the outbox (kernel/outbox.h) to the relay below; RFC 5322, plain text, base64.
 * Table    mail: operational, not events; in a backup, not rebuilt. No code stands in it: it is derived from the city's
 *          secret and the number of the code. */
#ifndef FM_KERNEL_MAIL_H
#define FM_KERNEL_MAIL_H

#include "base/json.h"
#include "kernel/city.h"

#define MAIL_CODES      5
#define MAIL_CODES_MS   (INT64_C(24) * 3600 * 1000)
#define MAIL_CODE_TRIES 5
#define MAIL_CODE_MS    (INT64_C(24) * 3600 * 1000)
#define MAIL_CODE_SIZE  8 /* digits */
#define MAIL_GATHER_MS  (INT64_C(60) * 1000)
#define MAIL_DAILY_HOUR 8
#define MAIL_LINES      20 /* notices of one mail; older ones are not named */

typedef enum MailWants { MAIL_OFF, MAIL_EACH, MAIL_DAILY, MAIL_WANTS_COUNT } MailWants;

typedef struct Mail {          /* of a person */
    Str       person, address; /* address empty: it was forgotten */
    MailWants wants;
    Lang      lang;
    int64_t   confirmed_ms;          /* 0: the address has not been */
    int64_t   told;                  /* number of the newest notice that a mail was made of */
    int64_t   due_ms;                /* when the next one is made; 0: nothing has happened */
    int64_t   codes, codes_since_ms; /* how many codes were sent, since when */
    int64_t   code, sent_ms, tries;  /* number of the newest, when, attempts at it */
} Mail;

Str  mail_wants_name(MailWants wants); /* "off", "each", "daily" */
bool mail_wants_parse(Str name, MailWants *out);
/* name@domain: ASCII, at most 254 characters, no quotes, no comments; what every relay takes. */
bool mail_address_fits(Str address);

Err mail_find(Db *db, Arena *arena, Str person, Mail *out, bool *found) MUST_CHECK;
/* On the writer: what the person wants from now on, in which language. An address that has not been confirmed is sent
 * a code (ECODE_MAIL_CODES: one too many today); a confirmed one that stays is not. */
Err mail_set(const City *city, Db *db, const Mail *asked, int64_t now_ms) MUST_CHECK;
/* On the writer: *right when it is the code, and mail goes there from now on; else an attempt at it is counted. */
Err mail_confirm(const City *city, Db *db, Str person, Str code, int64_t now_ms, bool *right) MUST_CHECK;
Err mail_end(Db *db, Str person) MUST_CHECK; /* on the writer: forgets the address */
/* Does it wait for a code that may still be given? */
bool mail_waits(const Mail *mail, int64_t now_ms);
Str  mail_code(const City *city, Arena *arena, const Mail *mail);
/* What stands in the address of List-Unsubscribe; whether it is that person's key (ECODE_PAGE_UNSEEN); and on the
 * writer, asked again there, what following it does. */
Str mail_off_key(const City *city, Arena *arena, Str person, Str address);
Err mail_off_check(const City *city, Db *db, Str person, Str key) MUST_CHECK;
Err mail_off(const City *city, Db *db, Str person, Str key) MUST_CHECK;
/* On the writer, with a new notice: the person's mail becomes due. */
Err mail_wake(const City *city, Db *db, Str person, int64_t now_ms) MUST_CHECK;
/* The oldest that are due, at most `most`. */
Err mail_due(Db *db, Arena *arena, int64_t now_ms, size_t most, Mail **out, size_t *count) MUST_CHECK;
/* On the writer: makes a delivery of what has not been told; nothing is due then. */
Err mail_made(const City *city, Db *db, const Mail *mail, int64_t now_ms) MUST_CHECK;

/* ---- the relay ----
 * KEYS/mail (JSON, mode 0600), beside the city's key and like it in no backup: a city that was restored elsewhere sends
 * no mail until somebody says how. Read each time that something is sent. */
typedef struct MailRelay {
    Str  url;             /* smtp://HOST[:PORT] (by STARTTLS; 25 when none is named) or smtps://HOST[:PORT] (465) */
    Str  from;            /* address of the sender */
    Str  link;            /* what the city's pages begin with: https://HOST[:PORT] */
    Str  login, password; /* empty: the relay asks for none */
    bool plain;           /* unencrypted, for a relay on the machine itself */
} MailRelay;

/* ECODE_MAIL_RELAY with the member as the field. */
Err mail_relay_check(Arena *arena, const MailRelay *relay, Problems *problems) MUST_CHECK;
Err mail_relay_read(const City *city, Arena *arena, MailRelay *out, bool *found) MUST_CHECK;
Err mail_relay_write(const City *city, const MailRelay *relay) MUST_CHECK;
Err mail_relay_end(const City *city) MUST_CHECK;

/* ---- the text ---- */

typedef struct MailLetter {
    Str     id, from, to, subject, text; /* text: lines that end in LF */
    Str     off_href;                    /* empty: nothing to unsubscribe from */
    int64_t time_ms;
} MailLetter;
/* RFC 5322: header lines and body, with CRLF. */
Str mail_letter(Arena *arena, const MailLetter *letter);

#endif
