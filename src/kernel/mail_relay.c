/* kernel/mail_relay.c: where mail is handed over, kept beside the city's key. */
#include "base/file.h"
#include "base/limits.h"
#include "kernel/mail.h"

#include <curl/curl.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define RELAY_FILE_MAX 16384

static Str relay_path(const City *city, Arena *arena) { return str_printf(arena, "%.*s/mail", STR_FMT(city->key_dir)); }

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool  has = curl_url_get(url, part, &text, 0) == CURLUE_OK && text[0] && strcmp(text, "/") != 0;
    curl_free(text);
    return has;
}

/* SCHEME://HOST[:PORT] and nothing behind it. */
static bool place_fits(Arena *arena, Str text, const char *scheme, const char *other)
{
    CURLU *url = curl_url();
    char  *found = NULL;
    bool   plain = text.len <= LIMIT_POST_URL;
    for (size_t i = 0; i < text.len && plain; i++)
        plain = text.ptr[i] > ' ' && text.ptr[i] < 0x7f;
    bool fits = plain && curl_url_set(url, CURLUPART_URL, str_dup_z(arena, text), 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, &found, 0) == CURLUE_OK &&
                (strcmp(found, scheme) == 0 || strcmp(found, other) == 0) && !has_part(url, CURLUPART_USER) &&
                !has_part(url, CURLUPART_PATH) && !has_part(url, CURLUPART_QUERY) && !has_part(url, CURLUPART_FRAGMENT);
    curl_free(found);
    curl_url_cleanup(url);
    return fits && !str_ends(text, STR("/"));
}

/* What goes into a line of the conversation must not begin another. */
static bool word_fits(Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return text.len <= LIMIT_MAIL_WORD;
}

Err mail_relay_check(Arena *arena, const MailRelay *relay, Problems *problems)
{
    const char *wrong = NULL;
    if (!place_fits(arena, relay->url, "smtp", "smtps"))
        wrong = "url";
    else if (!mail_address_fits(relay->from))
        wrong = "from";
    else if (!place_fits(arena, relay->link, "https", "http"))
        wrong = "link";
    else if (!word_fits(relay->login) || (relay->password.len && !relay->login.len))
        wrong = "login";
    else if (!word_fits(relay->password) || (relay->login.len && !relay->password.len))
        wrong = "password";
    if (!wrong)
        return ERR_OK;
    PROBLEM(problems, ECODE_MAIL_RELAY, str_from(wrong), STR_NONE, ARG("field", str_from(wrong)));
    return err_make(ECODE_RECORD_INVALID, "%s", wrong);
}

Err mail_relay_read(const City *city, Arena *arena, MailRelay *out, bool *found)
{
    Str         text, path = relay_path(city, arena);
    Json       *json;
    struct stat about;
    *found = stat(str_dup_z(arena, path), &about) == 0;
    if (!*found)
        return errno == ENOENT ? ERR_OK : err_make(ECODE_FILE_READ, "%.*s: %s", STR_FMT(path), strerror(errno));
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        return err_make(ECODE_CITY_KEY_OPEN, "%.*s has mode %o", STR_FMT(path), about.st_mode & 07777);
    TRY(file_read(arena, path, RELAY_FILE_MAX, &text));
    TRY(json_parse(arena, text, &json));
    *out = (MailRelay){ .url = json_text(json_get(json, STR("url"))),
                        .from = json_text(json_get(json, STR("from"))),
                        .link = json_text(json_get(json, STR("link"))),
                        .login = json_text(json_get(json, STR("login"))),
                        .password = json_text(json_get(json, STR("password"))) };
    json_truth(json_get(json, STR("plain")), &out->plain);
    return ERR_OK;
}

Err mail_relay_write(const City *city, const MailRelay *relay)
{
    OWNED(arena) Arena *scratch = arena_new();
    Json               *json = json_object(scratch);
    Buf                 text = buf_new(scratch, RELAY_FILE_MAX);
    json_set_str(scratch, json, STR("url"), relay->url);
    json_set_str(scratch, json, STR("from"), relay->from);
    json_set_str(scratch, json, STR("link"), relay->link);
    if (relay->login.len) {
        json_set_str(scratch, json, STR("login"), relay->login);
        json_set_str(scratch, json, STR("password"), relay->password);
    }
    json_set_bool(scratch, json, STR("plain"), relay->plain);
    json_write(&text, json);
    buf_char(&text, '\n');
    return file_write(relay_path(city, scratch), buf_str(&text), 0600);
}

Err mail_relay_end(const City *city)
{
    OWNED(arena) Arena *scratch = arena_new();
    Str                 path = relay_path(city, scratch);
    if (unlink(str_dup_z(scratch, path)) == 0)
        return ERR_OK;
    return errno == ENOENT ? err_make(ECODE_RECORD_UNSEEN, "relay")
                           : err_make(ECODE_FILE_READ, "%.*s: %s", STR_FMT(path), strerror(errno));
}
