/* web/pages/bulk.c: steps on the records of a list: which there are, the form of one (form.c), and what came of it. */
#include "web/pages/show.h"
#include "web/pages/view.h"

#define TOLD 50 /* refusals that a page says */

typedef struct BulkView {
    Call       *call;
    const Json *data;
    Json       *page;
    Show       *show;
    const Type *type;
} BulkView;

static Str with_query(const BulkView *view, Str step)
{
    Call *call = view->call;
    Buf   buf = buf_new(call->ctx.arena, SIZE_MAX);
    buf_printf(&buf, "%.*s?step=%.*s", STR_FMT(view_steps_href(call, view->type)), STR_FMT(step));
    static const char *const kept[] = { "filter", "sort" };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        Str value = call_query(call, str_from(kept[i]));
        if (value.len)
            buf_printf(&buf, "&%s=%.*s", kept[i], STR_FMT(uri_escape(call->ctx.arena, value)));
    }
    return buf_str(&buf);
}

/* ---- which steps there are ---- */

static void put_steps(const BulkView *view)
{
    Call *call = view->call;
    Json *steps = json_array(call->ctx.arena);
    JSON_EACH(step, json_get(view->data, STR("steps"))) {
        int64_t count = 0;
        Json   *json = json_push(steps, json_object(call->ctx.arena));
        json_int(json_get(step, STR("count")), &count);
        put(call, json, STR("label"), json_text(json_get(step, STR("label"))));
        put(call, json, STR("help"), json_text(json_get(step, STR("help"))));
        put(call, json, STR("count"), say_count(call, "say.bulk.records", (size_t)count));
        put(call, json, STR("href"), with_query(view, json_text(json_get(step, STR("name")))));
    }
    put_block(call, view->page, STR("choose"), STR("items"), steps);
}

static Str shown_of(const BulkView *view)
{
    int64_t count = 0;
    bool    more = false;
    json_int(json_get(view->data, STR("count")), &count);
    json_truth(json_get(view->data, STR("more")), &more);
    return say_count(view->call, more ? "say.bulk.first" : "say.bulk.all", (size_t)count);
}

/* ---- what came of it ---- */

static Str reasons_of(const BulkView *view, const Json *refusal)
{
    Call       *call = view->call;
    const Json *errors = json_get(refusal, STR("errors"));
    Str        *texts = ARENA_ARRAY(call->ctx.arena, Str, errors->count);
    size_t      count = 0;
    JSON_EACH(error, errors)
        texts[count++] = json_text(json_get(error, STR("text")));
    return count ? str_join(call->ctx.arena, texts, count, STR(" ")) : json_text(json_get(refusal, STR("detail")));
}

static Err put_refusal(const BulkView *view, const Json *refusal, Json *rows)
{
    Call *call = view->call;
    Str   id = json_text(json_get(refusal, STR("id")));
    Json *row = json_push(rows, json_object(call->ctx.arena));
    Name  name;
    TRY(show_name(view->show, view->type, id, &name));
    put(call, row, STR("name"), name.seen ? name.title : say(call, "value.hidden"));
    put(call, row, STR("name_lang"), name.seen ? show_lang(call, name.title) : STR_NONE);
    put(call, row, STR("href"), name.seen ? view_href(call, view->type, id, STR_NONE) : STR_NONE);
    put(call, row, STR("under"), str_eq(name.number, name.title) ? STR_NONE : name.number);
    put(call, row, STR("reasons"), reasons_of(view, refusal));
    return ERR_OK;
}

static Err put_outcome(const BulkView *view)
{
    Call       *call = view->call;
    const Json *refused = json_get(view->data, STR("refused"));
    size_t      taken = json_get(view->data, STR("taken"))->count;
    Json       *rows = json_array(call->ctx.arena);
    Json       *done = json_set(view->page, STR("done"), json_object(call->ctx.arena));
    put(call, done, STR("kind"), refused->count ? STR("wait") : STR("done"));
    put(call, done, STR("text"), say_count(call, "say.bulk.taken", taken));
    put(call, done, STR("note"), refused->count ? say_count(call, "say.bulk.refused", refused->count) : STR_NONE);
    JSON_EACH(refusal, refused)
        if (rows->count < TOLD)
            TRY(put_refusal(view, refusal, rows));
    put_block(call, done, STR("refused"), STR("rows"), rows);
    put(call, done, STR("more"),
        refused->count > TOLD ? say_count(call, "say.bulk.rest", refused->count - TOLD) : STR_NONE);
    return ERR_OK;
}

Err view_bulk(Call *call, const Json *data, PageOut *out)
{
    BulkView view = { .call = call, .data = data, .page = out->page, .show = show_new(call) };
    if (json_get(data, STR("records"))) {
        out->template = STR("form");
        return view_form(call, data, out);
    }
    TRY(call_type(call, 0, &view.type));
    const Action *action = type_action(view.type, json_text(json_get(data, STR("action"))));
    Str           title = action ? in_words(call, action->label)
                                 : SAY(call, "say.bulk.choose", ARG_TEXT("label", view.type->plural));
    TRY(view_frame(call, out, title, view.type));
    Json *crumbs = view_trail(call, out);
    view_crumbs_of(call, crumbs, view.type, true);
    view_crumb(call, crumbs, title, STR_NONE);
    put(call, out->page, STR("title"), title);
    put(call, out->page, STR("list_href"), view_filtered_href(call, view.type, call_query(call, STR("filter"))));
    put(call, out->page, STR("lead"), action ? STR_NONE : shown_of(&view));
    if (action)
        return put_outcome(&view);
    put_steps(&view);
    return ERR_OK;
}
