#include "web/look/look.h"

#include <assert.h>

#include "web/mustache/mustache.h"

struct Look {
    TemplateSet *templates;
    const Json  *words[LANG_COUNT]; /* {"t": the locale}: a context of its own, shared by all renderings */
};

static const struct {
    Str name, path;
} public_files[] = {
    { STR_INIT("firstmile.css"), STR_INIT("web/style/firstmile.css") },
    { STR_INIT("icons.svg"), STR_INIT("web/icons.svg") },
    { STR_INIT("keys.js"), STR_INIT("web/script/keys.js") },
    { STR_INIT("mark.svg"), STR_INIT("web/mark.svg") },
};

const Asset *look_asset(Str name)
{
    for (size_t i = 0; i < sizeof public_files / sizeof *public_files; i++) {
        if (str_eq(public_files[i].name, name))
            return asset_find(public_files[i].path);
    }
    return NULL;
}

static Err templates_load(Arena *arena, TemplateSet *set)
{
    static const Str prefix = STR_INIT("web/templates/"), suffix = STR_INIT(".mustache");
    size_t           count;
    const Asset     *assets = asset_below(prefix, &count);
    for (size_t i = 0; i < count; i++) {
        Str path = assets[i].path;
        if (!str_ends(path, suffix))
            continue;
        Template *compiled;
        TRY(mustache_compile(arena, str_slice(path, prefix.len, path.len - suffix.len), assets[i].bytes, &compiled));
        mustache_set_add(set, compiled);
    }
    return mustache_set_link(set);
}

static Err words_load(Arena *arena, Lang lang, const Json **out)
{
    const Asset *asset = asset_find(str_printf(arena, "web/locale/%.*s.json", STR_FMT(lang_tag(lang))));
    assert(asset);
    Json *locale;
    Err   err = json_parse(arena, asset->bytes, &locale);
    if (err.kind)
        return err_within(err, "%.*s", STR_FMT(asset->path));
    Json *words = json_object(arena);
    json_set(words, STR("t"), locale);
    *out = words;
    return ERR_OK;
}

Err look_new(Arena *arena, Look **out)
{
    Look *look = ARENA_NEW(arena, Look);
    look->templates = mustache_set_new(arena);
    TRY(templates_load(arena, look->templates));
    for (int lang = 0; lang < LANG_COUNT; lang++)
        TRY(words_load(arena, (Lang)lang, &look->words[lang]));
    *out = look;
    return ERR_OK;
}

Err look_render(const Look *look, Str page, Lang lang, const Json *context, Buf *out)
{
    const Template *found = mustache_set_find(look->templates, page);
    if (!found)
        return err_make(ECODE_PAGE_UNSEEN, "template %.*s", STR_FMT(page));
    const Json *contexts[] = { look->words[lang], context };
    return mustache_render(found, contexts, 2, out);
}

static const Json *words_find(const Look *look, Lang lang, Str path)
{
    const Json *value = json_get(look->words[lang], STR("t"));
    while (path.len > 0)
        value = json_get(value, str_cut(&path, '.'));
    return value;
}

Str look_text(const Look *look, Lang lang, Str path)
{
    const Json *value = words_find(look, lang, path);
    assert(value && value->kind == JSON_STRING);
    return value->text;
}

const Json *look_texts(const Look *look, Lang lang, Str path)
{
    const Json *value = words_find(look, lang, path);
    assert(value && value->kind == JSON_ARRAY);
    return value;
}
