/* base/lang.c: language tags (RFC 5646, primary subtag only) and Accept-Language (RFC 9110, 12.5.4). */
#include "base/lang.h"

static const Str tags[LANG_COUNT] = {
    [LANG_ZH] = STR_INIT("zh"),
    [LANG_EN] = STR_INIT("en"),
};

bool lang_parse(Str tag, Lang *out)
{
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        Str name = tags[lang];
        if (tag.len < name.len || !str_eq_ascii_fold(str_slice(tag, 0, name.len), name))
            continue;
        if (tag.len == name.len || memchr("-_.@", tag.ptr[name.len], 4)) {
            *out = (Lang)lang;
            return true;
        }
    }
    return false;
}

Str lang_tag(Lang lang) { return tags[lang]; }

/* "0", "0.85", "1.000" as thousandths; -1 when it is none of these. */
static int quality_parse(Str s)
{
    if (s.len == 0 || s.len > 5 || (s.ptr[0] != '0' && s.ptr[0] != '1') || (s.len > 1 && s.ptr[1] != '.'))
        return -1;
    int quality = (s.ptr[0] - '0') * 1000;
    for (size_t i = 2, unit = 100; i < s.len; i++, unit /= 10) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return -1;
        quality += (s.ptr[i] - '0') * (int)unit;
    }
    return quality <= 1000 ? quality : -1;
}

static int range_quality(Str parameters)
{
    Str weight = str_trim(parameters);
    if (weight.len == 0)
        return 1000;
    if (!str_starts(weight, STR("q=")) && !str_starts(weight, STR("Q=")))
        return -1;
    return quality_parse(str_slice(weight, 2, weight.len));
}

Lang lang_accept(Str header, Lang fallback)
{
    Lang best = fallback;
    int  best_quality = 0; /* q=0 means "not this one" */
    while (header.len) {
        Str  range = str_cut(&header, ',');
        Str  tag = str_trim(str_cut(&range, ';'));
        int  quality = range_quality(range);
        Lang lang;
        if (quality > best_quality && lang_parse(tag, &lang)) {
            best = lang;
            best_quality = quality;
        }
    }
    return best;
}
