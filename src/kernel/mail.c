#include "kernel/mail.h"

#include "base/limits.h"
#include "kernel/outbox_channel.h"

#define ADDRESS_MAX 254 /* RFC 5321, 4.5.3.1.3, without the brackets */
#define LOCAL_MAX   64
#define LABEL_MAX   63

#define COLUMNS "person, address, wants, lang, confirmed, told, due, codes, codes_since, code, sent, tries"

static const Str sql_find = STR_INIT("SELECT " COLUMNS " FROM mail WHERE person = ?");
static const Str sql_put = STR_INIT("INSERT OR REPLACE INTO mail (" COLUMNS
                                    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
static const Str sql_end = STR_INIT("UPDATE mail SET address = '', wants = 'off', confirmed = 0, due = 0, tries = ?"
                                    " WHERE person = ?");
static const Str sql_newest = STR_INIT("SELECT coalesce(max(number), 0) FROM notice WHERE person = ?");
static const Str sql_wake = STR_INIT("UPDATE mail SET due = CASE wants WHEN 'each' THEN ? ELSE ? END"
                                     " WHERE person = ? AND due = 0 AND confirmed > 0 AND wants != 'off'");
static const Str sql_due = STR_INIT("SELECT " COLUMNS " FROM mail WHERE due > 0 AND due <= ? ORDER BY due LIMIT ?");
static const Str sql_made = STR_INIT("UPDATE mail SET due = 0, told = ? WHERE person = ?");

/* ---- what is asked for ---- */

static const char *const wants_names[MAIL_WANTS_COUNT] = { "off", "each", "daily" };

Str mail_wants_name(MailWants wants) { return str_from(wants_names[wants]); }

bool mail_wants_parse(Str name, MailWants *out)
{
    for (MailWants i = MAIL_OFF; i < MAIL_WANTS_COUNT; i++) {
        *out = i;
        if (str_eq(name, str_from(wants_names[i])))
            return true;
    }
    return false;
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool word_fits(Str word, const char *others)
{
    for (size_t i = 0; i < word.len; i++)
        if (!is_alphanumeric(word.ptr[i]) && (!word.ptr[i] || !strchr(others, word.ptr[i]))) /* it finds a NUL, too */
            return false;
    return word.len > 0;
}

/* Words with dots between. */
static bool local_fits(Str local)
{
    if (!local.len || local.len > LOCAL_MAX || str_ends(local, STR(".")))
        return false;
    while (local.len)
        if (!word_fits(str_cut(&local, '.'), "!#$%&'*+-/=?^_`{|}~"))
            return false;
    return true;
}

static bool label_fits(Str label)
{
    return word_fits(label, "-") && label.len <= LABEL_MAX && !str_starts(label, STR("-")) &&
           !str_ends(label, STR("-"));
}

/* Two labels or more. */
static bool domain_fits(Str domain)
{
    size_t labels = 0;
    if (str_ends(domain, STR(".")))
        return false;
    for (; domain.len; labels++)
        if (!label_fits(str_cut(&domain, '.')))
            return false;
    return labels > 1;
}

bool mail_address_fits(Str address)
{
    Str domain = address, local = str_cut(&domain, '@');
    return address.len <= ADDRESS_MAX && local_fits(local) && domain_fits(domain);
}

static Mail mail_from(const Rows *rows, Arena *arena)
{
    Mail mail = { .person = str_dup(arena, rows_borrow_text(rows, 0)),
                  .address = str_dup(arena, rows_borrow_text(rows, 1)),
                  .lang = rows_int(rows, 3) == LANG_EN ? LANG_EN : LANG_ZH,
                  .confirmed_ms = rows_int(rows, 4),
                  .told = rows_int(rows, 5),
                  .due_ms = rows_int(rows, 6),
                  .codes = rows_int(rows, 7),
                  .codes_since_ms = rows_int(rows, 8),
                  .code = rows_int(rows, 9),
                  .sent_ms = rows_int(rows, 10),
                  .tries = rows_int(rows, 11) };
    mail_wants_parse(rows_borrow_text(rows, 2), &mail.wants);
    return mail;
}

Err mail_find(Db *db, Arena *arena, Str person, Mail *out, bool *found)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_text(person);
    TRY(db_query(db, sql_find, &key, 1, &rows));
    TRY(rows_next(rows, found));
    if (*found)
        *out = mail_from(rows, arena);
    return ERR_OK;
}

static Err mail_put(Db *db, const Mail *mail)
{
    Value row[] = { value_text(mail->person),
                    value_text(mail->address),
                    value_text(mail_wants_name(mail->wants)),
                    value_int((int64_t)mail->lang),
                    value_instant(mail->confirmed_ms),
                    value_int(mail->told),
                    value_instant(mail->due_ms),
                    value_int(mail->codes),
                    value_instant(mail->codes_since_ms),
                    value_int(mail->code),
                    value_instant(mail->sent_ms),
                    value_int(mail->tries) };
    return db_run(db, sql_put, row, sizeof row / sizeof row[0]);
}

/* The number of the person's newest notice. */
static Err newest_notice(Db *db, Str person, int64_t *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_text(person);
    bool              more;
    TRY(db_query(db, sql_newest, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    *out = rows_int(rows, 0);
    return ERR_OK;
}

/* ---- codes ---- */

Str mail_code(const City *city, Arena *arena, const Mail *mail)
{
    Str      about = str_printf(arena, "mail code %.*s %.*s %lld", STR_FMT(mail->person), STR_FMT(mail->address),
                                (long long)mail->code);
    Hash     hash = hmac_sha256(hash_str(&city->secret), about);
    uint64_t number = 0;
    char     digits[MAIL_CODE_SIZE];
    for (size_t i = 0; i < sizeof number; i++)
        number = number << 8 | hash.bytes[i];
    for (size_t i = 0; i < MAIL_CODE_SIZE; i++, number /= 10)
        digits[i] = (char)('0' + number % 10);
    return str_dup(arena, (Str){ digits, MAIL_CODE_SIZE });
}

bool mail_waits(const Mail *mail, int64_t now_ms)
{
    return !mail->confirmed_ms && mail->tries < MAIL_CODE_TRIES && now_ms < mail->sent_ms + MAIL_CODE_MS;
}

/* The next code of this person, which makes the one before it nothing. */
static Err code_take(Mail *mail, int64_t now_ms)
{
    if (now_ms >= mail->codes_since_ms + MAIL_CODES_MS) {
        mail->codes_since_ms = now_ms;
        mail->codes = 0;
    }
    if (mail->codes >= MAIL_CODES)
        return err_make(ECODE_MAIL_CODES, "");
    mail->codes++;
    mail->code++;
    mail->sent_ms = now_ms;
    mail->tries = 0;
    return ERR_OK;
}

static Err code_send(const City *city, Db *db, const Mail *mail, int64_t now_ms)
{
    OWNED(arena) Arena *scratch = arena_new();
    Delivery            delivery = { .id = delivery_id(city, scratch),
                                     .target = DELIVERY_MAIL,
                                     .type = STR("code"),
                                     .record = mail->person,
                                     .sequence = mail->code,
                                     .item = -1, /* never that of notices */
                                     .next_ms = now_ms,
                                     .created_ms = now_ms };
    return delivery_add(db, &delivery);
}

/* ---- on the writer ---- */

Err mail_set(const City *city, Db *db, const Mail *asked, int64_t now_ms)
{
    OWNED(arena) Arena *scratch = arena_new();
    Mail                mail = { 0 };
    bool                found;
    TRY(mail_find(db, scratch, asked->person, &mail, &found));
    bool stays = found && mail.confirmed_ms && str_eq(mail.address, asked->address);
    if (!stays || mail.wants == MAIL_OFF)
        TRY(newest_notice(db, asked->person, &mail.told)); /* of what came before nothing is said */
    mail.person = asked->person;
    mail.address = asked->address;
    mail.wants = asked->wants;
    mail.lang = asked->lang;
    mail.due_ms = 0;
    if (!stays) {
        mail.confirmed_ms = 0;
        TRY(code_take(&mail, now_ms));
        TRY(code_send(city, db, &mail, now_ms));
    }
    TRY(mail_put(db, &mail));
    int64_t newest;
    TRY(newest_notice(db, mail.person, &newest));
    return newest > mail.told ? mail_wake(city, db, mail.person, now_ms) : ERR_OK;
}

Err mail_confirm(const City *city, Db *db, Str person, Str code, int64_t now_ms, bool *right)
{
    OWNED(arena) Arena *scratch = arena_new();
    Mail                mail;
    bool                found;
    *right = false;
    TRY(mail_find(db, scratch, person, &mail, &found));
    if (!found || !mail_waits(&mail, now_ms))
        return ERR_OK;
    *right = bytes_eq_secret(code, mail_code(city, scratch, &mail));
    mail.tries++;
    if (*right) {
        mail.confirmed_ms = now_ms;
        TRY(newest_notice(db, person, &mail.told));
    }
    return mail_put(db, &mail);
}

/* How many codes there were stays: forgetting an address must not be the way to have more of them sent. */
Err mail_end(Db *db, Str person)
{
    Value params[] = { value_int(MAIL_CODE_TRIES), value_text(person) };
    return db_run(db, sql_end, params, 2);
}

/* ---- without a sign-in ---- */

Str mail_off_key(const City *city, Arena *arena, Str person, Str address)
{
    Hash hash = hmac_sha256(hash_str(&city->secret),
                            str_printf(arena, "mail off %.*s %.*s", STR_FMT(person), STR_FMT(address)));
    return base64url_encode(arena, hash_str(&hash));
}

static Err off_find(const City *city, Db *db, Arena *arena, Str person, Str key, Mail *out)
{
    bool found;
    *out = (Mail){ 0 };
    TRY(mail_find(db, arena, person, out, &found));
    bool right = bytes_eq_secret(key, mail_off_key(city, arena, person, out->address));
    return right && found && out->address.len ? ERR_OK : err_make(ECODE_PAGE_UNSEEN, "mail");
}

Err mail_off_check(const City *city, Db *db, Str person, Str key)
{
    OWNED(arena) Arena *scratch = arena_new();
    Mail                mail;
    return off_find(city, db, scratch, person, key, &mail);
}

Err mail_off(const City *city, Db *db, Str person, Str key)
{
    OWNED(arena) Arena *scratch = arena_new();
    Mail                mail;
    TRY(off_find(city, db, scratch, person, key, &mail));
    mail.wants = MAIL_OFF;
    mail.due_ms = 0;
    return mail_put(db, &mail);
}

/* ---- what becomes due ---- */

/* The next MAIL_DAILY_HOUR of the city. */
static int64_t next_daily(const City *city, int64_t now_ms)
{
    int     offset = city->pack->utc_offset_minutes;
    int64_t day = instant_day(now_ms, offset);
    int64_t at = ((day * 24 + MAIL_DAILY_HOUR) * 60 - offset) * 60 * 1000;
    return at > now_ms ? at : at + INT64_C(24) * 3600 * 1000;
}

Err mail_wake(const City *city, Db *db, Str person, int64_t now_ms)
{
    Value params[] = { value_instant(now_ms + MAIL_GATHER_MS), value_instant(next_daily(city, now_ms)),
                       value_text(person) };
    return db_run(db, sql_wake, params, 3);
}

Err mail_due(Db *db, Arena *arena, int64_t now_ms, size_t most, Mail **out, size_t *count)
{
    OWNED(rows) Rows *rows = NULL;
    Value             params[] = { value_instant(now_ms), value_int((int64_t)most) };
    *out = ARENA_ARRAY(arena, Mail, most);
    *count = 0;
    TRY(db_query(db, sql_due, params, 2, &rows));
    for (bool more; *count < most;) {
        TRY(rows_next(rows, &more));
        if (!more)
            break;
        (*out)[(*count)++] = mail_from(rows, arena);
    }
    return ERR_OK;
}

/* Read again here: the person may have changed their mind since. */
Err mail_made(const City *city, Db *db, const Mail *mail, int64_t now_ms)
{
    OWNED(arena) Arena *scratch = arena_new();
    Mail                now;
    bool                found;
    int64_t             newest;
    TRY(mail_find(db, scratch, mail->person, &now, &found));
    if (!found || !now.due_ms || now.due_ms > now_ms)
        return ERR_OK;
    TRY(newest_notice(db, mail->person, &newest));
    Delivery delivery = { .id = delivery_id(city, scratch),
                          .target = DELIVERY_MAIL,
                          .type = STR("notices"),
                          .record = now.person,
                          .sequence = newest,
                          .item = now.told,
                          .next_ms = now_ms,
                          .created_ms = now_ms };
    Value    params[] = { value_int(newest), value_text(now.person) };
    TRY(delivery_add(db, &delivery));
    return db_run(db, sql_made, params, 2);
}
