/* base/lang.h: the two languages, and text that exists in both. */
#ifndef FM_BASE_LANG_H
#define FM_BASE_LANG_H

#include "base/str.h"

typedef enum Lang { LANG_ZH, LANG_EN, LANG_COUNT } Lang;

typedef struct Text {
    Str in[LANG_COUNT];
} Text;

/* clang-format off */
#define TEXT(zh, en)      ((Text){ { STR(zh), STR(en) } })
#define TEXT_INIT(zh, en) { { STR_INIT(zh), STR_INIT(en) } }
/* clang-format on */

static inline Text text_same(Str s) /* one text for both languages: a name, a number, a code */
{
    return (Text){ { s, s } };
}
/* "zh", "zh-CN", "zh_CN.UTF-8", "en-GB" …; false leaves *out alone. */
bool lang_parse(Str tag, Lang *out);
Str  lang_tag(Lang lang); /* "zh", "en" */
/* Best of an Accept-Language header; fallback when it names neither. */
Lang lang_accept(Str header, Lang fallback);

#endif
