/* kernel/outbox_mail.c: notices to deliveries, and deliveries to mails. */
#include "kernel/mail.h"
#include "kernel/notice.h"
#include "kernel/outbox_channel.h"

#define FAN_OUT_MAILS 200 /* of one writer's job */

/* ---- notices to deliveries ---- */

typedef struct FanOut {
    WriterJob   job;
    const City *city;
    Mail       *mails;
    size_t      count;
    int64_t     now_ms;
} FanOut;

static Err fan_out_write(Db *db, WriterJob *job)
{
    const FanOut *out = (const FanOut *)job;
    for (size_t i = 0; i < out->count; i++)
        TRY(mail_made(out->city, db, &out->mails[i], out->now_ms));
    return ERR_OK;
}

/* Without a relay it stays due. */
Err mail_fan_out(const Ctx *ctx)
{
    MailRelay relay;
    bool      set;
    FanOut    out = { .job = { .run = fan_out_write }, .city = ctx->city, .now_ms = env_now(&ctx->city->env) };
    TRY(mail_due(ctx->db, ctx->arena, out.now_ms, FAN_OUT_MAILS, &out.mails, &out.count));
    if (!out.count)
        return ERR_OK;
    TRY(mail_relay_read(ctx->city, ctx->arena, &relay, &set));
    return set ? writer_run(ctx->city->writer, &out.job) : ERR_OK;
}

/* ---- what is said ---- */

typedef struct Said { /* the notices of one mail, newest first, each once */
    const Json *items[MAIL_LINES];
    size_t      count;
    bool        more; /* there are older ones */
} Said;

static int64_t id_of(const Json *notice)
{
    int64_t id = 0;
    json_int(json_get(notice, STR("id")), &id);
    return id;
}

static void said_add(Said *said, const Json *notice)
{
    size_t at = 0;
    while (at < said->count && id_of(said->items[at]) > id_of(notice))
        at++;
    if (at < said->count && id_of(said->items[at]) == id_of(notice))
        return;
    said->more = said->more || said->count == MAIL_LINES;
    if (at == MAIL_LINES)
        return;
    if (said->count < MAIL_LINES)
        said->count++;
    memmove(&said->items[at + 1], &said->items[at], (said->count - at - 1) * sizeof said->items[0]);
    said->items[at] = notice;
}

/* What is unread and new and shows to this membership. */
static Err said_as(Ctx *ctx, const Actor *actor, const Delivery *delivery, Said *said)
{
    Json   *list;
    int64_t next;
    ctx->actor = actor;
    TRY(notice_list(ctx, delivery->sequence + 1, MAIL_LINES, &list, &next));
    JSON_EACH(notice, list) {
        bool read = true;
        json_truth(json_get(notice, STR("read")), &read);
        if (!read && id_of(notice) > delivery->item)
            said_add(said, notice);
    }
    said->more = said->more || next > delivery->item;
    return ERR_OK;
}

static Err said_read(Ctx *ctx, const Delivery *delivery, Said *said)
{
    Actor *actors;
    size_t count;
    TRY(actor_choices(ctx, delivery->record, &actors, &count));
    for (size_t i = 0; i < count; i++)
        TRY(said_as(ctx, &actors[i], delivery, said));
    return ERR_OK;
}

/* "2025-03-04 09:30" on the city's wall. */
static Str wall_time(const Ctx *ctx, Str instant)
{
    int64_t ms = 0;
    int     offset = ctx->city->pack->utc_offset_minutes;
    instant_parse(instant, &ms);
    int64_t day = instant_day(ms, offset);
    int     minute = (int)(ms / 60000 + offset - day * 24 * 60);
    return str_printf(ctx->arena, "%.*s %02d:%02d", STR_FMT(date_text(ctx->arena, day)), minute / 60, minute % 60);
}

static void notice_lines(const Ctx *ctx, const MailRelay *relay, const Json *notice, Buf *out)
{
    const Json *record = json_get(notice, STR("record"));
    const Type *type = pack_type(ctx->city->pack, json_text(json_get(record, STR("type"))));
    Str         number = json_text(json_get(record, STR("number")));
    buf_printf(out, "- %.*s  %.*s%s%.*s: %.*s\n  %.*s/%.*s/%.*s\n",
               STR_FMT(wall_time(ctx, json_text(json_get(notice, STR("time"))))), STR_FMT(type->label.in[ctx->lang]),
               number.len ? " " : "", STR_FMT(number), STR_FMT(json_text(json_get(notice, STR("label")))),
               STR_FMT(relay->link), STR_FMT(type->name), STR_FMT(json_text(json_get(record, STR("id")))));
}

static Str say(const Ctx *ctx, Text text) { return text.in[ctx->lang]; }

static void tell_notices(const Ctx *ctx, const MailRelay *relay, const Mail *mail, const Said *said, MailLetter *letter)
{
    Arena *arena = ctx->arena;
    Buf    text = buf_new(arena, SIZE_MAX);
    for (size_t i = 0; i < said->count; i++)
        notice_lines(ctx, relay, said->items[i], &text);
    if (said->more)
        buf_printf(&text, "\n%.*s %.*s/notices\n", STR_FMT(say(ctx, TEXT("更早的通知见", "Earlier notices:"))),
                   STR_FMT(relay->link));
    letter->subject = said->more || said->count > 1
                          ? str_printf(arena, "%.*s",
                                       STR_FMT(say(ctx, TEXT("首公里：有新通知", "Firstmile: new notices"))))
                          : say(ctx, TEXT("首公里：有一条新通知", "Firstmile: a new notice"));
    letter->off_href = str_printf(arena, "%.*s/mail/off?person=%.*s&key=%.*s", STR_FMT(relay->link),
                                  STR_FMT(mail->person),
                                  STR_FMT(mail_off_key(ctx->city, arena, mail->person, mail->address)));
    buf_printf(&text, "\n%.*s\n%.*s %.*s/mail\n%.*s %.*s\n",
               STR_FMT(say(ctx, TEXT("邮件只说发生了什么，具体内容请登录后查看。",
                                     "A mail only says that something happened; sign in to see what it is about."))),
               STR_FMT(say(ctx, TEXT("更改收信方式：", "Change how mail comes:"))), STR_FMT(relay->link),
               STR_FMT(say(ctx, TEXT("不再接收：", "No more mail:"))), STR_FMT(letter->off_href));
    letter->text = buf_str(&text);
}

static void tell_code(const Ctx *ctx, const MailRelay *relay, const Mail *mail, MailLetter *letter)
{
    Str code = mail_code(ctx->city, ctx->arena, mail);
    letter->subject = say(ctx, TEXT("首公里：确认邮箱地址", "Firstmile: confirm this address"));
    letter->text = str_printf(
        ctx->arena, "%.*s\n\n  %.*s\n\n%.*s\n%.*s/mail\n",
        STR_FMT(say(ctx, TEXT("有人把这个地址用作首公里的收信地址。确认码：",
                              "Somebody gave this address as theirs for mail from Firstmile. The code:"))),
        STR_FMT(code),
        STR_FMT(say(ctx, TEXT("一天内在下面的页面填入。若不是本人所为，不必理会，不会再有来信。",
                              "Enter it within a day on the page below. If it was not you, do nothing: no more mail "
                              "will come."))),
        STR_FMT(relay->link));
}

/* ---- composing ---- */

/* *fits false when the person wants none of it any more. */
static Err letter_of(Ctx *ctx, const MailRelay *relay, const Mail *mail, const Delivery *delivery, MailLetter *letter,
                     bool *fits)
{
    Said said = { .count = 0 };
    if (str_eq(delivery->type, STR("code"))) {
        *fits = mail_waits(mail, ctx->now_ms) && mail->code == delivery->sequence;
        tell_code(ctx, relay, mail, letter);
        return ERR_OK;
    }
    *fits = mail->confirmed_ms && mail->wants != MAIL_OFF;
    if (*fits)
        TRY(said_read(ctx, delivery, &said));
    *fits = said.count > 0;
    tell_notices(ctx, relay, mail, &said, letter);
    return ERR_OK;
}

Err mail_compose(Ctx *ctx, const Delivery *delivery, Post *out, Compose *how)
{
    MailRelay  relay;
    Mail       mail;
    bool       found, set, fits;
    MailLetter letter = { .id = delivery->id, .time_ms = delivery->created_ms };
    *how = COMPOSE_NOTHING;
    TRY(mail_find(ctx->db, ctx->arena, delivery->record, &mail, &found));
    if (!found || !mail.address.len)
        return ERR_OK;
    *how = COMPOSE_NOWHERE;
    *out = (Post){ .problem = "relay" };
    TRY(mail_relay_read(ctx->city, ctx->arena, &relay, &set));
    if (!set)
        return ERR_OK;
    ctx->lang = mail.lang;
    letter.from = relay.from;
    letter.to = mail.address;
    TRY(letter_of(ctx, &relay, &mail, delivery, &letter, &fits));
    *how = fits ? COMPOSE_SEND : COMPOSE_NOTHING;
    if (!fits)
        return ERR_OK;
    *out = (Post){ .url = relay.url, .from = relay.from, .to = mail.address, .plain = relay.plain };
    out->login = relay.login;
    out->password = relay.password;
    out->body = mail_letter(ctx->arena, &letter);
    return ERR_OK;
}
