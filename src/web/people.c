/* web/people.c: who is in the city, for the operator of this machine, who acts as the system: there may be no operator
 * in the city yet, or none any more. What can be wrong with a request is looked at before its first step is taken. */
#include "base/limits.h"
#include "web/handlers.h"
#include "web/local.h"
#include "web/shapes.h"

/* Acts as the system from here on; new records belong to the organisation, which may be empty. */
static void as_system(Call *call, Str organisation)
{
    call->actor = actor_system;
    call->actor.organisation = organisation;
    call->ctx.actor = &call->actor;
}

/* ---- organisations ---- */

/* "name = 'Smith''s'", or empty for all. */
static Str filter_by_name(Call *call, Str name)
{
    const Type *type = call_pack(call)->organisation;
    Buf         buf = buf_new(call->ctx.arena, SIZE_MAX);
    if (!name.ptr)
        return STR_NONE;
    buf_printf(&buf, "%.*s = '", STR_FMT(type->fields[type->title].name));
    for (size_t i = 0; i < name.len; i++)
        buf_printf(&buf, name.ptr[i] == '\'' ? "''" : "%c", name.ptr[i]);
    buf_char(&buf, '\'');
    return buf_str(&buf);
}

static Err organisations_json(Call *call, Json **out, Problems *problems)
{
    Arena      *arena = call->ctx.arena;
    const Type *type = call_pack(call)->organisation;
    Query       query = { .filter = filter_by_name(call, call_query(call, STR("name"))), .limit = LIMIT_LIST_ROWS };
    Found       found;
    as_system(call, STR_NONE);
    TRY(find(&call->ctx, type, &query, &found, problems));
    *out = json_object(arena);
    Json *items = json_set(*out, STR("items"), json_array(arena));
    for (size_t i = 0; i < found.count; i++) {
        const Value *values = found.records[i].values;
        Json        *one = json_push(items, shape_party(arena, values[SYS_ID].text, values[type->title].text));
        json_set_str(arena, one, STR("state"), values[SYS_STATE].text);
    }
    return ERR_OK;
}

void people_organisations(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = organisations_json(call, &json, &problems);
    call_answer(call, err, json, &problems);
}

/* ---- memberships ---- */

typedef struct Joining { /* a person becomes a member, and may be new themselves */
    Str           person, organisation, role, from, to;
    Str           name, membership; /* of a new user */
    NewCredential credential;
    Problems      problems; /* of the writes that make one */
} Joining;

static void problem_reference(Problems *problems, const Field *field)
{
    PROBLEM(problems, ECODE_FIELD_REFERENCE, field->name, STR_NONE, ARG_TEXT("label", field->label));
}

static Err check_record(Call *call, Str id, const Field *field, Problems *problems)
{
    Record record;
    bool   found = false;
    if (uuid_valid(id))
        TRY(record_load(call->ctx.db, call->ctx.arena, field->target, id, &record, &found));
    if (!found)
        problem_reference(problems, field);
    return ERR_OK;
}

static void check_role(const Call *call, Str role, Problems *problems)
{
    const Pack  *pack = call_pack(call);
    const Field *field = &pack->membership->fields[pack->membership_role];
    Str          names[ROLES_MAX];
    if (pack_role(pack, role) >= 0)
        return;
    for (size_t i = 0; i < pack->role_count; i++)
        names[i] = pack->roles[i].name;
    PROBLEM(problems, ECODE_FIELD_CHOICE, field->name, STR_NONE, ARG_TEXT("label", field->label),
            ARG("known", str_join(problems->arena, names, pack->role_count, STR(", "))));
}

static ActRequest join_request(const Call *call, const Joining *joining)
{
    const Pack  *pack = call_pack(call);
    const Field *of = pack->membership->fields;
    Arena       *arena = call->ctx.arena;
    Json        *fields = json_object(arena);
    Str          today = date_text(arena, ctx_today(&call->ctx));
    json_set_str(arena, fields, of[pack->membership_person].name, joining->person);
    json_set_str(arena, fields, of[pack->membership_organisation].name, joining->organisation);
    json_set_str(arena, fields, of[pack->membership_role].name, joining->role);
    json_set_str(arena, fields, of[pack->membership_from].name, joining->from.ptr ? joining->from : today);
    if (joining->to.ptr)
        json_set_str(arena, fields, of[pack->membership_to].name, joining->to);
    return (ActRequest){ .type = pack->membership, .action = STR("create"), .input = fields, .if_match = -1 };
}

static void joined(Call *call, const ActResult *result)
{
    const Joining *joining = call->state;
    Arena         *arena = call->ctx.arena;
    Json          *json = json_object(arena);
    if (result->err.kind) {
        call_fail(call, result->err, &result->problems);
        return;
    }
    json_set_str(arena, json, STR("id"), record_id(&result->record));
    json_set_str(arena, json, STR("person"), joining->person);
    json_set_str(arena, json, STR("organisation"), joining->organisation);
    json_set_str(arena, json, STR("role"), joining->role);
    call_data(call, 201, json);
}

static Err read_membership(Call *call, Joining *joining, Problems *problems)
{
    TRY(SHAPE(call->body, problems, { "person", JSON_STRING, true }, { "organisation", JSON_STRING, true },
              { "role", JSON_STRING, true }, { "valid_from", JSON_STRING, false }, { "valid_to", JSON_STRING, false }));
    *joining = (Joining){ .person = json_text(json_get(call->body, STR("person"))),
                          .organisation = json_text(json_get(call->body, STR("organisation"))),
                          .role = json_text(json_get(call->body, STR("role"))),
                          .from = json_text(json_get(call->body, STR("valid_from"))),
                          .to = json_text(json_get(call->body, STR("valid_to"))) };
    return ERR_OK;
}

void people_membership_add(Call *call)
{
    Problems problems = call_problems(call);
    Joining *joining = ARENA_NEW(call->ctx.arena, Joining);
    Err      err = read_membership(call, joining, &problems);
    call->state = joining;
    as_system(call, joining->organisation);
    if (err.kind) {
        call_fail(call, err, &problems);
        return;
    }
    ActRequest request = join_request(call, joining);
    call_act(call, &request, joined);
}

static void ended(Call *call, const ActResult *result)
{
    if (result->err.kind)
        call_fail(call, result->err, &result->problems);
    else
        call_empty(call);
}

/* Ends today, which is its last day. */
void people_membership_end(Call *call)
{
    const Pack *pack = call_pack(call);
    Arena      *arena = call->ctx.arena;
    Json       *input = json_object(arena);
    json_set_str(arena, input, pack->membership->fields[pack->membership_to].name,
                 date_text(arena, ctx_today(&call->ctx)));
    ActRequest request = {
        .type = pack->membership, .record = call->params[0], .action = STR("end"), .input = input, .if_match = -1
    };
    as_system(call, STR_NONE);
    call_act(call, &request, ended);
}

/* ---- users: a new person, their membership, their sign-in, all of it or nothing ---- */

/* A whole step inside a savepoint of the writer, on what the steps before it have left there. */
static Err step_within(const Ctx *writer, const ActRequest *request, Str *id, Problems *problems)
{
    Change *change;
    TRY(act_prepare(writer, request, &change, problems));
    TRY(act_commit(writer->db, change));
    *id = record_id(&change->deltas[0].record);
    return ERR_OK;
}

static ActRequest name_request(const Call *call, const Joining *joining)
{
    const Type *type = call_pack(call)->person;
    Json       *fields = json_object(call->ctx.arena);
    json_set_str(call->ctx.arena, fields, type->fields[type->title].name, joining->name);
    return (ActRequest){ .type = type, .action = STR("create"), .input = fields, .if_match = -1 };
}

static Err write_user(Db *db, void *context)
{
    const Call *call = context;
    Joining    *joining = call->state;
    Ctx         writer = call->ctx;
    writer.db = db;
    ActRequest person = name_request(call, joining);
    TRY(step_within(&writer, &person, &joining->person, &joining->problems));
    ActRequest membership = join_request(call, joining);
    TRY(step_within(&writer, &membership, &joining->membership, &joining->problems));
    joining->credential.person = joining->person;
    return local_write_credential(db, &joining->credential);
}

static void user_written(Call *call, Err err)
{
    Joining *joining = call->state;
    Json    *json = json_object(call->ctx.arena);
    if (err.kind) {
        local_login_taken(err, joining->credential.login, &joining->problems);
        call_fail(call, err, &joining->problems);
        return;
    }
    json_set_str(call->ctx.arena, json, STR("login"), joining->credential.login);
    json_set_str(call->ctx.arena, json, STR("person"), joining->person);
    json_set_str(call->ctx.arena, json, STR("membership"), joining->membership);
    call_data(call, 201, json);
}

static void user_password_made(Call *call, Err err)
{
    Joining *joining = call->state;
    joining->problems = call_problems(call);
    if (err.kind)
        call_fail(call, err, NULL);
    else
        call_write(call, write_user, call, user_written);
}

static Err read_user(Call *call, Joining *joining, Problems *problems)
{
    const Pack *pack = call_pack(call);
    const Type *member = pack->membership;
    bool        taken;
    Credential  credential;
    TRY(SHAPE(call->body, problems, { "login", JSON_STRING, true }, { "name", JSON_STRING, true },
              { "organisation", JSON_STRING, true }, { "role", JSON_STRING, true }, { "password", JSON_STRING, true }));
    *joining = (Joining){ .name = json_text(json_get(call->body, STR("name"))),
                          .organisation = json_text(json_get(call->body, STR("organisation"))),
                          .role = json_text(json_get(call->body, STR("role"))) };
    joining->credential = local_new_credential(call);
    local_check_credential(&joining->credential, problems);
    check_role(call, joining->role, problems);
    TRY(check_record(call, joining->organisation, &member->fields[pack->membership_organisation], problems));
    TRY(credential_find(call->ctx.db, call->ctx.arena, joining->credential.login, &credential, &taken));
    if (!taken)
        return problems->count ? err_make(ECODE_RECORD_INVALID, "user") : ERR_OK;
    Err err = err_make(ECODE_LOGIN_TAKEN, "%.*s", STR_FMT(joining->credential.login));
    local_login_taken(err, joining->credential.login, problems);
    return err;
}

void people_user_add(Call *call)
{
    Problems problems = call_problems(call);
    Joining *joining = ARENA_NEW(call->ctx.arena, Joining);
    Err      err = read_user(call, joining, &problems);
    call->state = joining;
    as_system(call, joining->organisation);
    if (err.kind)
        call_fail(call, err, &problems);
    else
        call_password(call, &joining->credential.job, user_password_made);
}
