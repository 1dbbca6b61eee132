/* kernel/mail_text.c: a mail as it goes over the wire. */
#include "kernel/mail.h"

#define LINE_SIZE 76 /* RFC 2045, 6.8 */
#define WORD_SIZE 39 /* bytes of text in an encoded word: with its frame and "Subject: " below the 76 of RFC 2047, 2 */

#define CRLF "\r\n"

/* The text's bytes from `from` on, at most `most`, that end with a whole character. */
static Str whole_characters(Str text, size_t from, size_t most)
{
    size_t to = text.len - from < most ? text.len : from + most;
    while (to < text.len && to > from && ((unsigned char)text.ptr[to] & 0xC0) == 0x80)
        to--;
    return str_slice(text, from, to);
}

static void encoded_words(Buf *out, Arena *arena, Str text)
{
    for (size_t at = 0; at < text.len;) {
        Str word = whole_characters(text, at, WORD_SIZE), encoded = base64_encode(arena, word);
        buf_printf(out, "%s=?utf-8?B?%.*s?=", at ? CRLF " " : "", STR_FMT(encoded));
        at += word.len;
    }
}

static void encoded_lines(Buf *out, Arena *arena, Str text)
{
    Str whole = base64_encode(arena, text);
    for (size_t at = 0, size; at < whole.len; at += size) {
        size = whole.len - at < LINE_SIZE ? whole.len - at : LINE_SIZE;
        buf_add(out, str_slice(whole, at, at + size));
        buf_add(out, STR(CRLF));
    }
}

/* "Wed, 26 Nov 2026 18:25:15 +0000" */
static Str date_line(Arena *arena, int64_t time_ms)
{
    static const char days[] = "MonTueWedThuFriSatSun", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t           day = instant_day(time_ms, 0);
    Date              date = date_from_day(day);
    int               second = (int)(time_ms / 1000 - day * 24 * 3600);
    return str_printf(arena, "%.3s, %02d %.3s %04d %02d:%02d:%02d +0000", days + (date_weekday(day) - 1) * 3, date.day,
                      months + (date.month - 1) * 3, date.year, second / 3600, second / 60 % 60, second % 60);
}

static Str domain_of(Str address)
{
    str_cut(&address, '@');
    return address;
}

static Str crlf_lines(Arena *arena, Str text)
{
    Buf out = buf_new(arena, SIZE_MAX);
    while (text.len) {
        buf_add(&out, str_cut(&text, '\n'));
        buf_add(&out, STR(CRLF));
    }
    return buf_str(&out);
}

Str mail_letter(Arena *arena, const MailLetter *letter)
{
    Buf out = buf_new(arena, SIZE_MAX);
    Str date = date_line(arena, letter->time_ms), domain = domain_of(letter->from);
    buf_printf(&out, "From: <%.*s>" CRLF "To: <%.*s>" CRLF "Date: %.*s" CRLF "Message-ID: <%.*s@%.*s>" CRLF "Subject: ",
               STR_FMT(letter->from), STR_FMT(letter->to), STR_FMT(date), STR_FMT(letter->id), STR_FMT(domain));
    encoded_words(&out, arena, letter->subject);
    buf_printf(&out, CRLF "Auto-Submitted: auto-generated" CRLF);
    if (letter->off_href.len)
        buf_printf(&out, "List-Unsubscribe: <%.*s>" CRLF "List-Unsubscribe-Post: List-Unsubscribe=One-Click" CRLF,
                   STR_FMT(letter->off_href));
    buf_printf(&out, "MIME-Version: 1.0" CRLF "Content-Type: text/plain; charset=utf-8" CRLF
                     "Content-Transfer-Encoding: base64" CRLF CRLF);
    encoded_lines(&out, arena, crlf_lines(arena, letter->text));
    return buf_str(&out);
}
