/* web/pages/signin.c: the door. */
#include "web/pages/view.h"

Err view_sign_in(Call *call, const Json *data, PageOut *out)
{
    const Json *problem = json_get(data, STR("error"));
    Str         title = say(call, "signin.title");
    TRY(view_frame(call, out, problem ? SAY(call, "say.title.error", ARG("title", title)) : title, NULL));
    put(call, out->page, STR("action"), STR("/sign-in"));
    put(call, out->page, STR("next"), json_text(json_get(data, STR("next"))));
    put(call, out->page, STR("login"), json_text(json_get(data, STR("login"))));
    if (!problem) {
        put_null(call, out->page, STR("error"));
        return ERR_OK;
    }
    Json *error = json_set(out->page, STR("error"), json_object(call->ctx.arena));
    put(call, error, STR("title"), json_text(json_get(problem, STR("title"))));
    put(call, error, STR("text"), json_text(json_get(problem, STR("detail"))));
    return ERR_OK;
}
