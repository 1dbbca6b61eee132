#include "kernel/demo.h"

#include "base/limits.h"
#include "kernel/find.h"

typedef struct Ref { /* what a later line means by a name */
    Str         name, id;
    const Type *type;
} Ref;

typedef struct Demo {
    Ctx     *ctx;          /* as the system, at the time of the step */
    int64_t  init_ms, day; /* of init, and of the step: days from it */
    DemoRun *run;
    Ref     *refs;
    size_t   ref_count, ref_capacity;
    Actor   *actors; /* of run->users, in step */
    size_t   user_capacity, actor_capacity;
} Demo;

static int64_t init_day(const Demo *demo)
{
    return instant_day(demo->init_ms, demo->ctx->city->pack->utc_offset_minutes);
}

#define STEPS_AT_MINUTE (9 * 60) /* of the day */

/* The city's clock in the morning of that day, counted from the day of init; of that one, to init itself. */
static void set_day(Demo *demo, int64_t day)
{
    int64_t minutes = (init_day(demo) + day) * 1440 + STEPS_AT_MINUTE - demo->ctx->city->pack->utc_offset_minutes;
    demo->day = day;
    demo->ctx->now_ms = day < 0 ? minutes * 60000 : demo->init_ms;
    demo->run->set_clock(demo->run->clock, demo->ctx->now_ms);
}

static Err unknown(Demo *demo, const char *what, Str name)
{
    PROBLEM(&demo->run->problems, ECODE_DEMO_UNKNOWN, STR_NONE, STR_NONE, ARG("what", str_from(what)),
            ARG("name", name));
    return err_make(ECODE_DEMO_UNKNOWN, "%s %.*s", what, STR_FMT(name));
}

static void keep_ref(Demo *demo, Str name, Str id, const Type *type)
{
    if (name.len == 0)
        return;
    ARENA_ROOM(demo->ctx->arena, demo->refs, demo->ref_count, demo->ref_capacity);
    demo->refs[demo->ref_count++] = (Ref){ name, id, type };
}

static const Ref *find_ref(const Demo *demo, Str name)
{
    for (size_t i = demo->ref_count; i > 0; i--)
        if (str_eq(demo->refs[i - 1].name, name))
            return &demo->refs[i - 1];
    return NULL;
}

static Err resolve(Demo *demo, const Json *fields, Json **out);

/* What {"ref":"…"} and {"day":N} mean, also inside lists and child rows. */
static Err resolve_value(Demo *demo, const Json *value, Json **out)
{
    Arena      *arena = demo->ctx->arena;
    const Json *name = json_get(value, STR("ref")), *day = json_get(value, STR("day"));
    int64_t     days;
    *out = json_dup(arena, value);
    if (name) {
        const Ref *ref = find_ref(demo, json_text(name));
        if (!ref)
            return unknown(demo, "ref", json_text(name));
        *out = json_string(arena, ref->id);
    } else if (day && json_int(day, &days)) {
        if (days < -LIMIT_DEMO_DAYS || days > LIMIT_DEMO_DAYS)
            return unknown(demo, "day", str_printf(arena, "%lld", (long long)days));
        *out = json_string(arena, date_text(arena, init_day(demo) + days));
    } else if (value->kind == JSON_OBJECT) {
        return resolve(demo, value, out);
    } else if (value->kind == JSON_ARRAY) {
        *out = json_array(arena);
        JSON_EACH(item, value) {
            Json *one;
            TRY(resolve_value(demo, item, &one));
            json_push(*out, one);
        }
    }
    return ERR_OK;
}

static Err resolve(Demo *demo, const Json *fields, Json **out)
{
    Json *object = json_object(demo->ctx->arena), *value;
    JSON_EACH(field, fields) {
        TRY(resolve_value(demo, field, &value));
        json_set(object, field->key, value);
    }
    *out = object;
    return ERR_OK;
}

static Err take(Demo *demo, const Actor *actor, const Type *type, Str record, Str action, const Json *fields,
                Record *out)
{
    Json *input = NULL;
    Ctx   ctx = *demo->ctx;
    ctx.actor = actor;
    TRY(resolve(demo, fields, &input));
    ActRequest request = { .type = type, .record = record, .action = action, .input = input, .if_match = -1 };
    return act(&ctx, &request, out, &demo->run->problems);
}

/* ---- parties ---- */

static Actor *add_user(Demo *demo, DemoUser user)
{
    DemoRun *run = demo->run;
    ARENA_ROOM(demo->ctx->arena, run->users, run->user_count, demo->user_capacity);
    ARENA_ROOM(demo->ctx->arena, demo->actors, run->user_count, demo->actor_capacity);
    run->users[run->user_count] = user;
    return &demo->actors[run->user_count++];
}

static Err make_person(Demo *demo, Str login, Str role, Str organisation, const Json *fields)
{
    const Pack  *pack = demo->ctx->city->pack;
    const Field *of = pack->membership->fields;
    Arena       *arena = demo->ctx->arena;
    Record       person, membership;
    Actor        system = actor_system;
    system.organisation = organisation; /* their records belong to their organisation */
    TRY(take(demo, &system, pack->person, STR_NONE, STR("create"), fields, &person));
    Json *input = json_object(arena);
    json_set_str(arena, input, of[pack->membership_person].name, record_id(&person));
    json_set_str(arena, input, of[pack->membership_organisation].name, organisation);
    json_set_str(arena, input, of[pack->membership_role].name, role);
    json_set_str(arena, input, of[pack->membership_from].name, date_text(arena, ctx_today(demo->ctx)));
    TRY(take(demo, &system, pack->membership, STR_NONE, STR("create"), input, &membership));

    Actor actor;
    TRY(actor_load(demo->ctx, record_id(&membership), &actor));
    *add_user(demo, (DemoUser){ .login = login,
                                .role = role,
                                .name = actor.name,
                                .organisation_name = actor.organisation_name,
                                .person = actor.person,
                                .membership = actor.membership }) = actor;
    keep_ref(demo, login, actor.person, pack->person);
    return ERR_OK;
}

static Err party_line(Demo *demo, const Json *line)
{
    const Pack *pack = demo->ctx->city->pack;
    const Json *organisation = json_get(line, STR("organisation"));
    Record      made;
    if (organisation && organisation->kind == JSON_OBJECT) {
        TRY(take(demo, &actor_system, pack->organisation, STR_NONE, STR("create"), organisation, &made));
        keep_ref(demo, json_text(json_get(line, STR("ref"))), record_id(&made), pack->organisation);
        return ERR_OK;
    }
    Str        role = json_text(json_get(line, STR("role")));
    const Ref *home = find_ref(demo, json_text(organisation));
    if (!home)
        return unknown(demo, "organisation", json_text(organisation));
    if (pack_role(pack, role) < 0)
        return unknown(demo, "role", role);
    return make_person(demo, json_text(json_get(line, STR("login"))), role, home->id, json_get(line, STR("person")));
}

static bool has_login(const DemoRun *run, Str login)
{
    for (size_t i = 0; i < run->user_count; i++)
        if (str_eq(run->users[i].login, login))
            return true;
    return false;
}

/* Whoever the file does not name: a person called as the role, in the first organisation. */
static Err missing_users(Demo *demo)
{
    const Pack *pack = demo->ctx->city->pack;
    Arena      *arena = demo->ctx->arena;
    Record      home;
    Str         organisation = demo->ref_count ? demo->refs[0].id : STR_NONE;
    for (size_t i = 0; i < pack->role_count; i++)
        for (int n = 1; n <= pack->roles[i].users; n++) {
            Str login = n == 1 ? pack->roles[i].name : str_printf(arena, "%.*s%d", STR_FMT(pack->roles[i].name), n);
            if (has_login(demo->run, login))
                continue;
            if (organisation.len == 0) {
                Json *body = json_object(arena);
                json_set_str(arena, body, pack->organisation->fields[pack->organisation->title].name,
                             pack->label.in[LANG_ZH]);
                TRY(take(demo, &actor_system, pack->organisation, STR_NONE, STR("create"), body, &home));
                organisation = record_id(&home);
            }
            Json *person = json_object(arena);
            json_set_str(arena, person, pack->person->fields[pack->person->title].name,
                         pack->roles[i].label.in[LANG_ZH]);
            TRY(make_person(demo, login, pack->roles[i].name, organisation, person));
        }
    return ERR_OK;
}

/* Users in the order of the pack's roles, each role's first user first. */
static void sort_users(Demo *demo)
{
    const Pack *pack = demo->ctx->city->pack;
    DemoRun    *run = demo->run;
    DemoUser   *sorted = ARENA_ARRAY(demo->ctx->arena, DemoUser, run->user_count);
    Actor      *actors = ARENA_ARRAY(demo->ctx->arena, Actor, run->user_count);
    size_t      count = 0;
    for (size_t r = 0; r < pack->role_count; r++)
        for (size_t i = 0; i < run->user_count; i++)
            if (str_eq(run->users[i].role, pack->roles[r].name)) {
                sorted[count] = run->users[i];
                actors[count++] = demo->actors[i];
            }
    run->users = sorted;
    demo->actors = actors;
}

/* ---- steps ---- */

static const Actor *actor_of(const Demo *demo, Str login)
{
    for (size_t i = 0; i < demo->run->user_count; i++)
        if (str_eq(demo->run->users[i].login, login))
            return &demo->actors[i];
    return NULL;
}

static Err step_line(Demo *demo, const Json *line)
{
    Str          login = json_text(json_get(line, STR("as"))), record = json_text(json_get(line, STR("record")));
    const Type  *type = pack_type(demo->ctx->city->pack, json_text(json_get(line, STR("type"))));
    const Actor *actor = actor_of(demo, login);
    const Ref   *on = record.len ? find_ref(demo, record) : NULL;
    const Json  *fields = json_get(line, on ? STR("input") : STR("fields"));
    const Json  *when = json_get(line, STR("on"));
    int64_t      day = demo->day;
    Record       after;
    if (when && (!json_int(when, &day) || day < demo->day || day > 0))
        return unknown(demo, "on", str_printf(demo->ctx->arena, "%lld", (long long)day));
    if (day != demo->day)
        set_day(demo, day);
    if (!actor)
        return unknown(demo, "login", login);
    if (!type)
        return unknown(demo, "type", json_text(json_get(line, STR("type"))));
    if (record.len && (!on || on->type != type))
        return unknown(demo, "ref", record);
    TRY(take(demo, actor, type, on ? on->id : STR_NONE, json_text(json_get(line, STR("action"))), fields, &after));
    if (!on)
        keep_ref(demo, json_text(json_get(line, STR("ref"))), record_id(&after), type);
    demo->run->steps++;
    return ERR_OK;
}

static Str file_of(const PackSource *source, Str path)
{
    for (size_t i = 0; i < source->count; i++)
        if (str_eq(source->files[i].path, path))
            return source->files[i].bytes;
    return STR_NONE;
}

static Err each_line(Demo *demo, const PackSource *source, Str path, Err (*take_line)(Demo *, const Json *))
{
    Str rest = file_of(source, path);
    for (int number = 1; rest.len; number++) {
        Str   line = str_trim(str_cut(&rest, '\n'));
        Json *json;
        if (line.len == 0)
            continue;
        Err err = json_parse(demo->ctx->arena, line, &json);
        if (!err.kind)
            err = take_line(demo, json);
        if (err.kind) {
            demo->run->where = str_printf(demo->ctx->arena, "%.*s:%d", STR_FMT(path), number);
            return err_within(err, "%.*s", STR_FMT(demo->run->where));
        }
    }
    return ERR_OK;
}

#define STEPS STR("demo/steps.jsonl")

int64_t demo_age(Arena *arena, const PackSource *source)
{
    Str     rest = str_trim(file_of(source, STEPS));
    Json   *json;
    int64_t day = 0;
    Err     err = json_parse(arena, str_cut(&rest, '\n'), &json);
    return !err.kind && json_int(json_get(json, STR("on")), &day) && day < 0 && day >= -LIMIT_DEMO_DAYS ? -day : 0;
}

Err demo_run(const Ctx *ctx, const PackSource *source, DemoRun *run)
{
    Ctx system = *ctx;
    system.actor = &actor_system;
    Demo demo = { .ctx = &system, .init_ms = ctx->now_ms, .run = run };
    set_day(&demo, -demo_age(ctx->arena, source));
    TRY(each_line(&demo, source, STR("demo/parties.jsonl"), party_line));
    TRY(missing_users(&demo));
    sort_users(&demo);
    TRY(each_line(&demo, source, STEPS, step_line));
    run->set_clock(run->clock, ctx->now_ms);
    return ERR_OK;
}
