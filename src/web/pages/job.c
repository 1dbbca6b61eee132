/* web/pages/job.c: how far a job is, what it refused, and where to go from here. */
#include "web/pages/job.h"

#include "kernel/job.h"
#include "services/jobs.h"
#include "web/pages/show.h"
#include "web/pages/view.h"
#include "web/shapes.h"

#define REFRESH_S "2"

bool job_raw(const Field *field)
{
    bool raw = str_eq(field->name, STR("file")) || str_eq(field->name, STR("mapping"));
    return raw && field->type == field->type->pack->job;
}

typedef struct JobView {
    Call         *call;
    const Record *record;
    const Json   *job; /* the record's member */
    Json         *json;
    const Type   *about; /* NULL: the pack has it no more */
    bool          dry_run, open, own;
} JobView;

static int64_t number_of(const JobView *view, const char *name)
{
    int64_t number = 0;
    json_int(json_get(view->job, str_from(name)), &number);
    return number;
}

static Str counted(const JobView *view, const char *name)
{
    return show_count(view->call->ctx.arena, number_of(view, name), INT64_MAX);
}

/* ---- how far ---- */

static void put_far(const JobView *view)
{
    Call   *call = view->call;
    Arena  *arena = call->ctx.arena;
    int64_t total = number_of(view, "total"), done = number_of(view, "done");
    bool    begun = total > 0;
    Str     reason = job_value(view->record, "reason").text;
    put(call, view->json, STR("far"),
        begun ? SAY(call, "say.job.far", ARG("done", counted(view, "done")), ARG("total", counted(view, "total")))
        : view->open ? say(call, "say.job.far_unknown")
                     : say(call, "say.job.far_never"));
    put(call, view->json, STR("note"),
        !view->open && reason.len ? reason
        : view->dry_run           ? say(call, "say.job.check")
                                  : STR_NONE);
    if (!begun) {
        put_null(call, view->json, STR("bar"));
        return;
    }
    Json *bar = json_set(view->json, STR("bar"), json_object(arena));
    put(call, bar, STR("max"), str_printf(arena, "%lld", (long long)total));
    put(call, bar, STR("value"), str_printf(arena, "%lld", (long long)done));
    put(call, bar, STR("percent"), str_printf(arena, "%lld%%", (long long)(done * 100 / total)));
}

static void put_counts(const JobView *view)
{
    static const struct {
        const char *name, *word, *would;
    } counts[] = {
        { "added", "say.job.added", "say.job.would_add" },
        { "updated", "say.job.updated", "say.job.would_update" },
        { "unchanged", "say.job.unchanged", "say.job.unchanged" },
        { "refused", "say.job.refused", "say.job.refused" },
    };
    Call *call = view->call;
    Json *list = json_set(view->json, STR("counts"), json_array(call->ctx.arena));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        Json *count = json_push(list, json_object(call->ctx.arena));
        put(call, count, STR("count"), say(call, view->dry_run ? counts[i].would : counts[i].word));
        put(call, count, STR("number"), counted(view, counts[i].name));
    }
}

/* ---- where to go ---- */

static void put_link(const JobView *view, Json *links, Str label, Str href, bool download)
{
    Json *link = json_push(links, view_link(view->call, label, href));
    json_set_bool(view->call->ctx.arena, link, STR("download"), download);
}

static void put_links(const JobView *view, bool follows)
{
    Call *call = view->call;
    Json *links = json_set(view->json, STR("links"), json_array(call->ctx.arena));
    Str   here = view_href(call, view->record->type, record_id(view->record), STR_NONE);
    Str   errors = json_text(json_get(view->job, STR("errors")));
    if (view->open && follows)
        put_link(view, links, say(call, "say.job.still"), here, false);
    else if (view->open)
        put_link(view, links, say(call, "say.job.follow"), str_printf(call->ctx.arena, "%.*s?follow=1", STR_FMT(here)),
                 false);
    if (errors.len && !view->open)
        put_link(view, links, say(call, "say.job.errors"), errors, true);
    if (view->about && !view->open && view->own && shape_imports(call, view->about))
        put_link(view, links, say(call, "say.job.columns"),
                 str_printf(call->ctx.arena, "/jobs/%.*s/columns", STR_FMT(record_id(view->record))), false);
    if (view->about && !view->open && view->own && shape_imports(call, view->about))
        put_link(view, links, say(call, "say.job.another"),
                 str_printf(call->ctx.arena, "%.*s/import", STR_FMT(view_list_href(call, view->about))), false);
    if (view->about && !view->open)
        put_link(view, links, SAY(call, "say.job.list", ARG_TEXT("label", view->about->plural)),
                 view_list_href(call, view->about), false);
}

/* The same file again, to be written this time: an ordinary record of the type. */
static void put_good(const JobView *view)
{
    Call *call = view->call;
    bool  some = number_of(view, "added") + number_of(view, "updated") > 0;
    bool  done = str_eq(view->record->values[SYS_STATE].text, STR("done"));
    if (!view->dry_run || !view->own || !done || !some) {
        put_null(call, view->json, STR("good"));
        return;
    }
    Json *good = json_set(view->json, STR("good"), json_object(call->ctx.arena));
    Json *fields = json_set(good, STR("fields"), json_array(call->ctx.arena));
    put(call, good, STR("action"), view_list_href(call, view->record->type));
    put(call, good, STR("label"), say(call, "say.job.good"));
    JSON_EACH(member, jobs_again(&call->ctx, view->record)) {
        Json *field = json_push(fields, json_object(call->ctx.arena));
        put(call, field, STR("name"), member->key);
        put(call, field, STR("value"), member->text);
    }
}

/* ---- how its columns were matched ---- */

static void put_mapping(const JobView *view)
{
    Call *call = view->call;
    Json *map, *items = json_array(call->ctx.arena);
    Str   text = job_value(view->record, "mapping").text;
    if (text.len && !json_parse(call->ctx.arena, text, &map).kind)
        JSON_EACH(member, map) {
            const Field *field = view->about ? type_field(view->about, member->key) : NULL;
            bool         known = field && shape_field_known(call, field);
            Json        *item = json_push(items, json_object(call->ctx.arena));
            put(call, item, STR("field"), known ? in_words(call, field->label) : member->key);
            put(call, item, STR("column"), member->text);
        }
    put_block(call, view->json, STR("mapping"), STR("items"), items);
}

/* ---- what it refused ---- */

static void put_refused(const JobView *view)
{
    Call       *call = view->call;
    const Json *refusals = json_get(view->job, STR("refusals"));
    if (!refusals || !refusals->count) {
        put_null(call, view->json, STR("refused"));
        return;
    }
    Json *refused = json_set(view->json, STR("refused"), json_object(call->ctx.arena));
    Json *rows = json_set(refused, STR("rows"), json_array(call->ctx.arena));
    JSON_EACH(refusal, refusals) {
        int64_t line = 0;
        Json   *row = json_push(rows, json_object(call->ctx.arena));
        json_int(json_get(refusal, STR("line")), &line);
        put(call, row, STR("line"), show_count(call->ctx.arena, line, INT64_MAX));
        put(call, row, STR("reasons"), json_text(json_get(refusal, STR("reasons"))));
    }
    bool more = number_of(view, "refused") > (int64_t)refusals->count;
    put(call, refused, STR("more"),
        more ? SAY(call, "say.job.more", ARG("count", show_count(call->ctx.arena, (int64_t)refusals->count, INT64_MAX)))
             : STR_NONE);
}

void job_put(Call *call, const Record *record, const Json *data, PageOut *out)
{
    Str     state = record->values[SYS_STATE].text;
    Value   dry_run = job_value(record, "dry_run");
    JobView view = { .call = call,
                     .record = record,
                     .job = json_get(data, STR("job")),
                     .json = json_set(out->page, STR("job"), json_object(call->ctx.arena)),
                     .about = pack_type(call_pack(call), job_value(record, "about").text),
                     .dry_run = dry_run.kind == VALUE_BOOLEAN && dry_run.number,
                     .open = str_eq(state, STR("waiting")) || str_eq(state, STR("running")),
                     .own = jobs_own(&call->ctx, record) };
    bool    follows = view.open && str_eq(call_query(call, STR("follow")), STR("1"));
    put(call, out->ui, STR("refresh"), follows ? STR(REFRESH_S) : STR_NONE);
    put_far(&view);
    put_counts(&view);
    put_links(&view, follows);
    put_good(&view);
    put_mapping(&view);
    put_refused(&view);
}
