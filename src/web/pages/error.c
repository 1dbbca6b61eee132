/* web/pages/error.c: what went wrong, and what helps. Nothing here depends on the address: a record that may not be
 * seen and one that does not exist give the same bytes. */
#include "web/pages/view.h"

/* What helps: the first row that fits the problem's status and the area of its code; the last one serves the rest. */
static const struct {
    int         from, to;
    Str         area;
    const char *helps;
} advice[] = {
    { 401, 401, STR_INIT(""), "say.error.denied" },       { 403, 403, STR_INIT(""), "say.error.denied" },
    { 404, 404, STR_INIT(""), "say.error.unseen" },       { 409, 409, STR_INIT(""), "say.error.refused" },
    { 412, 412, STR_INIT(""), "say.error.stale" },        { 428, 428, STR_INIT(""), "say.error.stale" },
    { 413, 413, STR_INIT(""), "say.error.too_large" },    { 431, 431, STR_INIT(""), "say.error.too_large" },
    { 429, 429, STR_INIT(""), "say.error.busy" },         { 503, 503, STR_INIT(""), "say.error.busy" },
    { 400, 499, STR_INIT("http."), "say.error.address" }, { 400, 499, STR_INIT(""), "say.error.malformed" },
    { 0, INT32_MAX, STR_INIT(""), "say.error.internal" },
};

static const char *advice_for(int64_t status, Str code)
{
    size_t i = 0;
    while (status < advice[i].from || status > advice[i].to || !str_starts(code, advice[i].area))
        i++;
    return advice[i].helps;
}

static Json *error_clauses(const Call *call, const Json *problem)
{
    Json *clauses = json_array(call->ctx.arena);
    JSON_EACH(error, json_get(problem, STR("errors"))) {
        const Json *values = json_get(error, STR("values"));
        Str         rule = json_text(json_get(values, STR("rule")));
        Json       *clause = json_push(clauses, json_object(call->ctx.arena));
        put(call, clause, STR("rule"), rule.len ? say_sentence(call, rule) : json_text(json_get(error, STR("text"))));
        put(call, clause, STR("found"),
            rule.len ? say_sentence(call, json_text(json_get(values, STR("found")))) : STR_NONE);
    }
    return clauses;
}

/* "/errors/record.unseen": the part behind the last '/'. */
static Str error_code(const Json *problem)
{
    Str type = json_text(json_get(problem, STR("type")));
    while (str_find(type, STR("/")) < type.len)
        str_cut(&type, '/');
    return type;
}

Err view_error(Call *call, const Json *data, PageOut *out)
{
    Str     title = json_text(json_get(data, STR("title"))), code = error_code(data);
    int64_t status = 0;
    json_int(json_get(data, STR("status")), &status);
    TRY(view_frame(call, out, title, NULL));
    put(call, out->page, STR("title"), title);
    put(call, out->page, STR("text"), json_text(json_get(data, STR("detail"))));
    json_set(out->page, STR("clauses"), error_clauses(call, data));
    json_set(
        out->page, STR("helps"),
        json_dup(call->ctx.arena, look_texts(page_look(call), call->ctx.lang, str_from(advice_for(status, code)))));
    json_set(out->page, STR("back"),
             status == 401 ? view_link(call, say(call, "say.error.sign_in"), STR("/sign-in"))
                           : view_link(call, say(call, "say.error.back_home"), STR("/")));
    put(call, out->page, STR("code"), code);
    return ERR_OK;
}
