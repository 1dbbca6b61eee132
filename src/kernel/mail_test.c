/* kernel/mail_test.c: addresses, codes, and mails as they go over the wire. The whole way is tests/mail_test.py's. */
#include "kernel/mail.h"
#include "kernel/testing/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* cmocka wants these first */
#include <cmocka.h>

static void addresses_that_every_relay_takes(void **state)
{
    static const char *const good[] = { "a@b.cn", "first.last+tag@mail.example.org", "o'neil@x-y.example", "0@1.2",
                                        "a_b-c@d.e" };
    static const char *const bad[] = { "",          "a",
                                       "@",         "a@",
                                       "@b.c",      "a@b",
                                       "a@@b.c",    "a b@c.d",
                                       "a@b c.d",   "a@b.c,d@e.f",
                                       "a..b@c.d",  ".a@c.d",
                                       "a.@c.d",    "a@.c",
                                       "a@c.",      "a@-c.d",
                                       "a@c-.d",    "a@c..d",
                                       "\"a\"@c.d", "a(x)@c.d",
                                       "<a@c.d>",   "a@[127.0.0.1]",
                                       "a@c.d\n",   "a@c.d\r\nBcc: x@y.z",
                                       "a\x01@c.d", "a@\xE4\xB8\xAD.cn",
                                       "a@c_d.e" };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!mail_address_fits(str_from(good[i])))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (mail_address_fits(str_from(bad[i])))
            fail_msg("%s", bad[i]);
    assert_false(mail_address_fits(STR("a@b\0c.d")));
    assert_false(mail_address_fits(STR("a\0@b.c")));
    char longest[300] = "a@";
    for (size_t at = 2; at < 254; at++)
        longest[at] = at % 50 == 49 ? '.' : 'x';
    assert_true(mail_address_fits(str_from(longest)));
    longest[254] = 'x';
    assert_false(mail_address_fits(str_from(longest)));
}

/* Every letter of a subject comes back, whole characters in each word, and no line is too long (RFC 2047, RFC 2045). */
static void subjects_and_bodies_come_back_and_fit_their_lines(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    Buf subject = buf_new(arena, SIZE_MAX), found = buf_new(arena, SIZE_MAX), body = buf_new(arena, SIZE_MAX);
    (void)state;
    for (int i = 0; i < 40; i++)
        buf_add(&subject, i % 3 ? STR("首公里") : STR("a\r\nX-Evil: b"));
    MailLetter letter = { .id = STR("msg_1"),
                          .from = STR("a@b.cn"),
                          .to = STR("c@d.cn"),
                          .subject = buf_str(&subject),
                          .text = STR("一\nBcc: x\n\n.\n二\n"),
                          .off_href = STR("https://f.example/mail/off?key=1"),
                          .time_ms = INT64_C(1740964147000) };
    Str        text = mail_letter(arena, &letter);
    assert_true(str_find(text, STR("Date: Mon, 03 Mar 2025 01:09:07 +0000\r\n")) < text.len);
    assert_true(str_find(text, STR("Message-ID: <msg_1@b.cn>\r\n")) < text.len);
    bool head = true;
    while (text.len) {
        Str line = str_cut(&text, '\n'), word, decoded;
        assert_true(str_ends(line, STR("\r")));
        line = word = str_slice(line, 0, line.len - 1);
        assert_true(line.len <= 76);
        head = head && line.len;
        size_t at = str_find(word, STR("=?utf-8?B?"));
        if (head && at < word.len) {
            assert_true(base64_decode(arena, str_slice(word, at + 10, word.len - 2), &decoded));
            buf_add(&found, decoded);
        } else if (!head && line.len) {
            assert_true(base64_decode(arena, line, &decoded));
            buf_add(&body, decoded);
        }
    }
    assert_true(str_eq(buf_str(&found), letter.subject));
    assert_true(str_eq(buf_str(&body), STR("一\r\nBcc: x\r\n\r\n.\r\n二\r\n")));
}

static void a_code_is_that_address_s_and_that_number_s(void **state)
{
    OWNED(arena) Arena *arena = arena_new();
    City                city = { .secret = { { 7 } } };
    Mail                mail = { .person = STR("p"), .address = STR("a@b.c"), .code = 1 };
    Str                 first = mail_code(&city, arena, &mail);
    (void)state;
    assert_int_equal(first.len, MAIL_CODE_SIZE);
    assert_true(str_eq(first, mail_code(&city, arena, &mail)));
    mail.code = 2;
    assert_false(str_eq(first, mail_code(&city, arena, &mail)));
    mail.code = 1;
    mail.address = STR("a@b.d");
    assert_false(str_eq(first, mail_code(&city, arena, &mail)));
    assert_false(
        str_eq(mail_off_key(&city, arena, STR("p"), STR("a@b.c")), mail_off_key(&city, arena, STR("q"), STR("a@b.c"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_that_every_relay_takes),
        cmocka_unit_test(subjects_and_bodies_come_back_and_fit_their_lines),
        cmocka_unit_test(a_code_is_that_address_s_and_that_number_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
