/* web/forms.c: the forms of pages: what they show, and what they send (web/page.h). */
#include "web/forms.h"
#include "services/saved_views.h"
#include "web/body.h"
#include "web/filled.h"
#include "web/handlers.h"
#include "web/page.h"
#include "web/shapes.h"
#include "web/signing.h"

/* ---- signing in and out ---- */

/* An address of this site to go to next; anything else is the first page. */
static Str safe_next(Str next)
{
    bool here = next.len && next.ptr[0] == '/' && !(next.len > 1 && (next.ptr[1] == '/' || next.ptr[1] == '\\'));
    for (size_t i = 0; here && i < next.len; i++)
        here = (unsigned char)next.ptr[i] > ' ' && (unsigned char)next.ptr[i] < 0x7f;
    return here ? next : STR("/desk");
}

static Json *sign_in_json(Call *call, Str login, Str next)
{
    Json *json = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, json, STR("login"), login);
    json_set_str(call->ctx.arena, json, STR("next"), safe_next(next));
    return json;
}

void forms_sign_in_show(Call *call)
{
    call_data(call, 200, sign_in_json(call, STR_NONE, call_query(call, STR("next"))));
}

static void form_signed_in(Call *call, Err err, const Problems *problems)
{
    if (!err.kind) {
        call_redirect(call, safe_next(call_form(call, STR("next"))));
        return;
    }
    Json *json = sign_in_json(call, call_form(call, STR("login")), call_form(call, STR("next")));
    json_set(json, STR("error"), call_error(call, err, problems));
    call_data(call, err_http(err.kind), json);
}

/* A form that carries what nobody asks for is not one of ours. */
static Err form_takes(Call *call, const char *const *names, size_t count, Problems *problems)
{
    for (size_t i = 0; i < call->form_count; i++) {
        bool known = false;
        for (size_t n = 0; n < count; n++)
            known = known || str_eq(call->form[i].name, str_from(names[n]));
        if (!known)
            PROBLEM(problems, ECODE_HTTP_PARAMETER_UNKNOWN, call->form[i].name, STR_NONE,
                    ARG("name", call->form[i].name));
    }
    return problems->count ? err_make(problems->items[0].code, "form") : ERR_OK;
}

void forms_sign_in(Call *call)
{
    static const char *const names[] = { "login", "password", "next" };
    Problems                 problems = call_problems(call);
    Signing                 *signing = ARENA_NEW(call->ctx.arena, Signing);
    Err                      err = form_takes(call, names, 3, &problems);
    if (err.kind) {
        call_fail(call, err, &problems);
        return;
    }
    *signing = (Signing){ .login = call_form(call, STR("login")),
                          .password = call_form(call, STR("password")),
                          .done = form_signed_in };
    signing_in(call, signing);
}

static void led_home(Call *call, Err err, const Problems *problems)
{
    if (err.kind)
        call_fail(call, err, problems);
    else
        call_redirect(call, STR("/desk"));
}

void forms_switch(Call *call)
{
    static const char *const names[] = { "membership" };
    Problems                 problems = call_problems(call);
    Err                      err = form_takes(call, names, 1, &problems);
    if (err.kind)
        call_fail(call, err, &problems);
    else
        signing_switch(call, call_form(call, STR("membership")), led_home);
}

static void led_to_sign_in(Call *call, Err err, const Problems *problems)
{
    if (err.kind)
        call_fail(call, err, problems);
    else
        call_redirect(call, STR("/sign-in"));
}

void forms_sign_out(Call *call) { signing_out(call, led_to_sign_in); }

/* ---- the form of a step ---- */

typedef struct StepForm {
    ActRequest    request;
    const Action *action;
    Record        record; /* values NULL: the step creates one */
    Problems      names;  /* of references: what was typed names no record, or several */
    Problems      files;  /* that are none of ours */
} StepForm;

/* The step that the address names, as far as the actor may take it at all. */
static Err step_form(Call *call, Str action, StepForm *out, Problems *problems)
{
    *out = (StepForm){ .request = { .action = action, .if_match = -1 }, .names = call_problems(call) };
    TRY(call_type(call, 0, &out->request.type));
    out->request.record = call->params[1];
    if (out->request.record.len)
        TRY(find_one(&call->ctx, out->request.type, out->request.record, &out->record));
    out->action = type_action(out->request.type, action);
    if (!out->action || out->action->creates != (out->request.record.len == 0)) {
        PROBLEM(problems, ECODE_ACTION_UNKNOWN, STR_NONE, STR_NONE, ARG("action", action));
        return err_make(ECODE_ACTION_UNKNOWN, "");
    }
    return ERR_OK;
}

static bool about_state(const Problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        if (problems->items[i].code == ECODE_ACTION_STATE)
            return true;
    return false;
}

/* Asks act_prepare, with nothing filled in: a step that is not the role's, or not of this state, has no form; whatever
 * else is missing is what the form is for. */
static Err step_form_opens(Call *call, const StepForm *form, Problems *problems)
{
    Change  *change;
    Problems found = call_problems(call);
    Err      err = act_prepare(&call->ctx, &form->request, &change, &found);
    bool     shut = err.kind && err.kind != ERR_INVALID && (err.kind != ERR_REFUSED || about_state(&found));
    if (!shut)
        return ERR_OK;
    *problems = found;
    return err;
}

/* What stands in a field: what was sent, else what the address gives (a new child's parent),
 * else what the record has, or a new one begins with; as the actor sees it. NULL: nothing, as in a step on several. */
static Err field_value(Call *call, const Record *record, const Action *action, const Field *field, Json **out)
{
    const Record none = { 0 };
    Str          given = call_query(call, field->name);
    *out = NULL;
    if (call->form)
        return filled_again(call, record ? record : &none, field, out);
    if (!given.ptr)
        return record || action->creates ? filled_before(call, record ? record : &none, field, out) : ERR_OK;
    *out = json_string(call->ctx.arena, given);
    return ERR_OK;
}

static Json *action_json(Call *call, const Action *action)
{
    Json *json = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, json, STR("name"), action->name);
    json_set_str(call->ctx.arena, json, STR("label"), action->label.in[call->ctx.lang]);
    if (action->help.in[call->ctx.lang].len)
        json_set_str(call->ctx.arena, json, STR("help"), action->help.in[call->ctx.lang]);
    return json;
}

static void version_json(Call *call, const StepForm *form, Json *json)
{
    Str     sent = call_form(call, STR("version"));
    int64_t version;
    if (!form->record.values)
        return;
    if (!sent.ptr || !str_int(sent, &version))
        version = record_version(&form->record);
    json_set_int(call->ctx.arena, json, STR("version"), version);
}

Err forms_step(Call *call, const Type *type, const Action *action, const Record *record, Json **out)
{
    Arena    *arena = call->ctx.arena;
    Json     *json = json_object(arena);
    uint16_t *inputs;
    size_t    count;
    json_set_str(arena, json, STR("type"), type->name);
    json_set(json, STR("action"), action_json(call, action));
    TRY(act_inputs(&call->ctx, action, type, record, &inputs, &count));
    Json *fields = json_set(json, STR("inputs"), json_array(arena)), *values = json_object(arena);
    for (size_t i = 0; i < count; i++) {
        const Field *field = &type->fields[inputs[i]];
        Json        *shown = json_push(fields, shape_field(call, field)), *value;
        TRY(field_value(call, record, action, field, &value));
        json_set_bool(arena, shown, STR("required"), field_among(action->required, action->required_count, field));
        if (value)
            json_set(values, field->name, value);
    }
    json_set(json, STR("values"), values);
    *out = json;
    return ERR_OK;
}

static Err form_json(Call *call, const StepForm *form, Json **out)
{
    bool  there = form->record.values != NULL;
    Json *record;
    TRY(forms_step(call, form->request.type, form->action, there ? &form->record : NULL, out));
    if (there) {
        TRY(record_json(&call->ctx, &form->record, NULL, &record));
        json_set(*out, STR("record"), record);
    }
    version_json(call, form, *out);
    return ERR_OK;
}

/* Values that the address gives must be of fields that the step takes. */
static Err check_given(Call *call, const StepForm *form, Problems *problems)
{
    for (size_t i = 0; i < call->query_count; i++) {
        Str          name = call->query[i].name;
        const Field *field = type_field(form->request.type, name);
        bool         taken = field && field->kind != FIELD_ROWS &&
                     field_among(form->action->inputs, form->action->input_count, field);
        if (!taken && !str_eq(name, STR("lang")) && !str_eq(name, STR("format")))
            PROBLEM(problems, ECODE_HTTP_PARAMETER_UNKNOWN, name, STR_NONE, ARG("name", name));
    }
    return problems->count ? err_make(problems->items[0].code, "query") : ERR_OK;
}

static Err form_show(Call *call, Str action, Json **out, Problems *problems)
{
    StepForm form;
    TRY(step_form(call, action, &form, problems));
    TRY(step_form_opens(call, &form, problems));
    TRY(check_given(call, &form, problems));
    return form_json(call, &form, out);
}

static void form_reply(Call *call, Str action)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = form_show(call, action, &json, &problems);
    call_answer(call, err, json, &problems);
}

void forms_new_show(Call *call) { form_reply(call, STR("create")); }

void forms_act_show(Call *call) { form_reply(call, call->params[2]); }

/* ---- sending it ---- */

/* What a person can mend on the form itself, or by sending it again. */
static bool shown_on_form(ErrKind kind)
{
    return kind == ERR_INVALID || kind == ERR_REFUSED || kind == ERR_STALE || kind == ERR_PRECONDITION ||
           kind == ERR_BUSY;
}

static Problems with_names(Call *call, const Problems *problems, const Problems *names)
{
    Problems out = call_problems(call);
    for (size_t i = 0; i < problems->count; i++) {
        const Problem *problem = &problems->items[i];
        for (size_t n = 0; n < names->count; n++)
            if (problem->code == ECODE_FIELD_REFERENCE && str_eq(names->items[n].field, problem->field))
                problem = &names->items[n];
        problem_add(&out, problem->code, problem->field, problem->rule, problem->args, problem->arg_count);
    }
    return out;
}

void forms_again(Call *call, Err err, const Problems *found, const Problems *names, Err shown, Json *json)
{
    Problems none = call_problems(call), problems = with_names(call, found, names);
    if (shown.kind) {
        call_fail(call, shown, &none);
        return;
    }
    json_set(json, STR("errors"), call_errors(call, err, &problems));
    json_set(json, STR("error"), call_error(call, err, &problems));
    call_data(call, err_http(err.kind), json);
}

bool forms_of_many(const Action *action) { return !action->creates && !str_eq(action->name, STR("edit")); }

static void form_again(Call *call, Err err, const Problems *found)
{
    const StepForm *form = call->state;
    Json           *json = NULL;
    Err             shown = form_json(call, form, &json);
    forms_again(call, err, found, &form->names, shown, json);
}

/* A step leads to the record; on a saved view to the list that it is about. */
static Str led_to(Call *call, const Record *record)
{
    const Type *type = record->type, *about = type == call_pack(call)->saved_view ? saved_view_about(record) : NULL;
    if (!about || !shape_listed(call, about))
        return str_printf(call->ctx.arena, "/%.*s/%.*s", STR_FMT(type->name), STR_FMT(record_id(record)));
    Str list = str_printf(call->ctx.arena, "/%.*s", STR_FMT(about->name));
    return saved_view_kept(record)
               ? str_printf(call->ctx.arena, "%.*s?view=%.*s", STR_FMT(list), STR_FMT(record_id(record)))
               : list;
}

static void form_acted(Call *call, const ActResult *result)
{
    Record record;
    if (result->err.kind) {
        if (shown_on_form(result->err.kind))
            form_again(call, result->err, &result->problems);
        else
            call_fail(call, result->err, &result->problems);
        return;
    }
    const Type *type = result->record.type;
    bool        seen = !find_one(&call->ctx, type, record_id(&result->record), &record).kind;
    call_redirect(call, seen ? led_to(call, &record) : str_printf(call->ctx.arena, "/%.*s", STR_FMT(type->name)));
}

static Err form_version(Call *call, StepForm *form, Problems *problems)
{
    Str sent = call_form(call, STR("version"));
    form->request.must_match = str_eq(form->request.action, STR("edit"));
    if (!sent.len)
        return ERR_OK;
    if (str_int(sent, &form->request.if_match) && form->request.if_match > 0)
        return ERR_OK;
    PROBLEM(problems, ECODE_HTTP_PARAMETER, STR("version"), STR_NONE, ARG("name", STR("version")),
            ARG_TEXT("expected", TEXT("版本号", "a version")));
    return err_make(ECODE_HTTP_PARAMETER, "version");
}

/* The form once more with what was typed, and with more rows. Nothing is checked yet. */
static Err form_more(Call *call, const StepForm *form, Problems *problems)
{
    Json *json;
    TRY(step_form_opens(call, form, problems));
    TRY(form_json(call, form, &json));
    call_data(call, 200, json);
    return ERR_OK;
}

static void form_filled(Call *call)
{
    Problems  problems = call_problems(call);
    StepForm *form = call->state;
    Json     *input;
    Err       err = form_version(call, form, &problems);
    if (!err.kind)
        err = filled_input(call, form->request.type, &form->record, &input, &form->names);
    if (!err.kind && filled_more(call))
        err = form_more(call, form, &problems);
    if (err.kind)
        call_fail(call, err, &problems);
    if (err.kind || filled_more(call))
        return;
    form->request.input = input;
    call_act(call, &form->request, form_acted);
}

/* Of a file that cannot be one of ours the form says so, at its field; else they are uploads from here on. */
static void form_kept(Call *call, Err err)
{
    const StepForm *form = call->state;
    if (!err.kind)
        form_filled(call);
    else if (shown_on_form(err.kind))
        form_again(call, err, &form->files);
    else
        call_fail(call, err, &form->files);
}

/* "file[NAME]" is the file of field NAME. */
static void name_files(Call *call)
{
    for (size_t i = 0; i < call->file_count; i++) {
        Str rest = call->files[i].field, head = str_cut(&rest, '[');
        if (str_eq(head, STR("file")) && str_ends(rest, STR("]")))
            call->files[i].field = str_slice(rest, 0, rest.len - 1);
    }
}

static void form_sent(Call *call, Str action)
{
    Problems  problems = call_problems(call);
    StepForm *form = ARENA_NEW(call->ctx.arena, StepForm);
    Err       err = step_form(call, action, form, &problems);
    call->state = form;
    form->files = call_problems(call);
    if (err.kind) {
        call_fail(call, err, &problems);
    } else if (call->file_count) {
        name_files(call);
        body_keep(call, &form->files, form_kept);
    } else {
        form_filled(call);
    }
}

void forms_new(Call *call) { form_sent(call, STR("create")); }

void forms_act(Call *call) { form_sent(call, call->params[2]); }
