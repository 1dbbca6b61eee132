/* cli/init.c: firstmile init: a new city, with its first operator or, for a demo, with one user
 * per role and sample records. */
#include "base/utf8.h"
#include "cli/packs.h"
#include "cli/staging.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "kernel/demo.h"
#include "kernel/signin.h"
#include "services/effects.h"

#define PACK_DEFAULT      "shanghai"
#define PASSWORD_MADE_LEN 18 /* random bytes of a password that is made: 24 characters */

typedef struct Init {
    Cli        *cli;
    PackSource  source;
    const Pack *pack;
    bool        demo;
    Str         password;
    EnvAhead    clock; /* of a demo city */
    DemoUser   *users;
    size_t      user_count, steps;
} Init;

/* ---- passwords ---- */

static Err choose_password(Init *init)
{
    Cli *cli = init->cli;
    char bytes[PASSWORD_MADE_LEN];
    Str  given = cli_option(cli, "demo-password");
    if (given.ptr && !init->demo)
        return CLI_USAGE(cli, TEXT("--demo-password 只用于 --demo", "--demo-password goes with --demo only"));
    if (given.ptr && (utf8_length(given) < PASSWORD_POINTS_MIN || given.len > PASSWORD_BYTES_MAX))
        return CLI_FAIL(cli, err_make(ECODE_PASSWORD_LENGTH, "--demo-password"),
                        ARG("min", str_printf(cli->arena, "%d", PASSWORD_POINTS_MIN)),
                        ARG("max", str_printf(cli->arena, "%d", PASSWORD_BYTES_MAX)));
    env_random(&cli->env, bytes, sizeof bytes);
    init->password = given.ptr ? given : base64url_encode(cli->arena, (Str){ bytes, sizeof bytes });
    return ERR_OK;
}

typedef struct Credentials {
    WriterJob   job;
    const Init *init;
    Str         hash;
    int64_t     now_ms;
} Credentials;

static Err write_credentials(Db *db, WriterJob *job)
{
    const Credentials *made = (const Credentials *)job;
    for (size_t i = 0; i < made->init->user_count; i++)
        TRY(credential_put(db, made->init->users[i].person, made->init->users[i].login, made->hash, made->now_ms));
    return ERR_OK;
}

/* Users of a demo share one password, and so may share one hash of it: a hash costs a third of a second by design, and
 * nobody who reads the database learns from equal hashes what the demo's first page says anyway. */
static Err give_password(const Init *init, const Ctx *ctx)
{
    Credentials made = { .job = { .run = write_credentials },
                         .init = init,
                         .hash = password_hash(ctx->city, ctx->arena, init->password),
                         .now_ms = ctx->now_ms };
    return writer_run(ctx->city->writer, &made.job);
}

/* ---- who is there ---- */

/* What went wrong in a demo's file, with the file's line in front of each field. */
static Err demo_failed(Cli *cli, Err err, const DemoRun *run)
{
    for (size_t i = 0; i < run->problems.count; i++) {
        Problem *problem = &run->problems.items[i];
        problem->field = str_printf(cli->arena, "%.*s%s%.*s", STR_FMT(run->where), problem->field.len ? " " : "",
                                    STR_FMT(problem->field));
    }
    cli->problems = run->problems;
    if (!run->problems.count)
        PROBLEM(&cli->problems, err.code, run->where, STR_NONE);
    return err;
}

static void set_clock(void *clock, int64_t now_ms) { env_advance(clock, now_ms); }

static Err fill_demo(Init *init, const Ctx *ctx)
{
    DemoRun run = { .set_clock = set_clock, .clock = &init->clock, .problems = { .arena = ctx->arena } };
    Err     err = demo_run(ctx, &init->source, &run);
    init->users = run.users;
    init->user_count = run.user_count;
    init->steps = run.steps;
    return err.kind ? demo_failed(init->cli, err, &run) : ERR_OK;
}

static Err make(Init *init, const Ctx *ctx, const Type *type, const Json *fields, Str *id)
{
    Record     record;
    ActRequest request = { .type = type, .action = STR("create"), .input = fields, .if_match = -1 };
    TRY(act(ctx, &request, &record, &init->cli->problems));
    *id = record_id(&record);
    return ERR_OK;
}

/* An organisation called as the pack, and one person in it: called as their role until they say otherwise. */
static Err fill_operator(Init *init, const Ctx *ctx)
{
    const Pack  *pack = ctx->city->pack;
    const Field *of = pack->membership->fields;
    Arena       *arena = ctx->arena;
    Lang         lang = init->cli->lang;
    const Named *role = &pack->roles[ROLE_OPERATOR];
    Str          organisation, membership;
    DemoUser    *user = ARENA_NEW(arena, DemoUser);
    *user = (DemoUser){
        .login = role->name, .role = role->name, .name = role->label.in[lang], .organisation_name = pack->label.in[lang]
    };
    Json *home = json_object(arena), *person = json_object(arena), *member = json_object(arena);
    json_set_str(arena, home, pack->organisation->fields[pack->organisation->title].name, user->organisation_name);
    TRY(make(init, ctx, pack->organisation, home, &organisation));
    json_set_str(arena, person, pack->person->fields[pack->person->title].name, user->name);
    TRY(make(init, ctx, pack->person, person, &user->person));
    json_set_str(arena, member, of[pack->membership_person].name, user->person);
    json_set_str(arena, member, of[pack->membership_organisation].name, organisation);
    json_set_str(arena, member, of[pack->membership_role].name, role->name);
    json_set_str(arena, member, of[pack->membership_from].name, date_text(arena, ctx_today(ctx)));
    TRY(make(init, ctx, pack->membership, member, &membership));
    init->users = user;
    init->user_count = 1;
    return ERR_OK;
}

/* ---- the city ---- */

/* What is said at the end must outlive the city, whose pack some of it borrows from. */
static void keep_users(const Init *init)
{
    for (size_t i = 0; i < init->user_count; i++) {
        DemoUser *user = &init->users[i];
        user->login = str_dup(init->cli->arena, user->login);
        user->role = str_dup(init->cli->arena, user->role);
        user->name = str_dup(init->cli->arena, user->name);
        user->organisation_name = str_dup(init->cli->arena, user->organisation_name);
    }
}

/* A demo city is made the day before its first step. */
static Env clock_of(Init *init)
{
    if (!init->demo)
        return init->cli->env;
    init->clock.ahead_ms = -(demo_age(init->cli->arena, &init->source) + 1) * DAY_MS;
    return env_ahead(&init->clock);
}

static Err fill(Init *init, Str dir, Str key_dir, Env env)
{
    Cli              *cli = init->cli;
    OWNED(city) City *city = NULL;
    OWNED(db) Db     *db = NULL;
    TRY(city_open(dir, key_dir, env, &city));
    TRY(city_reader(city, &db));
    city->effects = &service_effects;
    Ctx ctx = { .city = city,
                .db = db,
                .arena = cli->arena,
                .actor = &actor_system,
                .now_ms = env_now(&cli->env),
                .lang = cli->lang };
    TRY(init->demo ? fill_demo(init, &ctx) : fill_operator(init, &ctx));
    keep_users(init);
    return give_password(init, &ctx);
}

static Err build(Init *init, Str target, Str key_dir)
{
    OWNED(staging) Staging staging = { .fd = -1 };
    Env                    env = clock_of(init);
    TRY(staging_open(init->cli->arena, target, &staging));
    TRY(city_create(staging.dir, key_dir, &init->source, init->demo, env));
    TRY(fill(init, staging.dir, key_dir, env));
    return staging_keep(&staging);
}

/* ---- what it says ---- */

static void print_json(const Init *init, Str dir)
{
    Arena *arena = init->cli->arena;
    Json  *json = json_object(arena);
    json_set_str(arena, json, STR("dir"), dir);
    json_set_str(arena, json, STR("pack"), init->pack->name);
    json_set_bool(arena, json, STR("demo"), init->demo);
    json_set_str(arena, json, STR("password"), init->password);
    Json *users = json_set(json, STR("users"), json_array(arena));
    for (size_t i = 0; i < init->user_count; i++) {
        Json *user = json_push(users, json_object(arena));
        json_set_str(arena, user, STR("login"), init->users[i].login);
        json_set_str(arena, user, STR("role"), init->users[i].role);
        json_set_str(arena, user, STR("name"), init->users[i].name);
        json_set_str(arena, user, STR("organisation"), init->users[i].organisation_name);
    }
    cli_print_json(init->cli, json);
}

static void print_text(const Init *init, Str dir)
{
    Cli   *cli = init->cli;
    ErrArg password = ARG("password", init->password);
    cli_print(SAY(cli, TEXT("城市已建立：{dir}（政策包 {pack}）", "made the city {dir} (pack {pack})"), ARG("dir", dir),
                  ARG("pack", init->pack->name)));
    if (init->demo)
        cli_print(SAY(cli,
                      TEXT("演示城市，只监听本机；示例步骤 {steps} 步。所有用户的密码：{password}",
                           "a demo city, on loopback only; {steps} sample steps. Everybody's password: {password}"),
                      ARG("steps", str_printf(cli->arena, "%zu", init->steps)), password));
    else
        cli_print(
            SAY(cli, TEXT("密码只显示这一次：{password}", "the password is shown this once: {password}"), password));
    Table table = table_new(cli->arena, 4);
    for (size_t i = 0; i < init->user_count; i++) {
        const DemoUser *user = &init->users[i];
        int             role = pack_role(init->pack, user->role);
        table_row(&table, (const Str[]){ user->login, init->pack->roles[role].label.in[cli->lang], user->name,
                                         user->organisation_name });
    }
    table_print(&table);
}

static Err run(Cli *cli)
{
    Str  dir = cli_argument(cli, "DIR"), pack = cli_option(cli, "pack");
    Init init = { .cli = cli, .demo = cli_switch(cli, "demo") };
    TRY(choose_password(&init));
    TRY(packs_find(cli, pack.ptr ? pack : STR(PACK_DEFAULT), &init.source));
    TRY(packs_load(cli, &init.source, &init.pack));
    Err err = build(&init, dir, cli_option(cli, "key-dir"));
    if (err.kind)
        return cli->problems.count ? err : CLI_FAIL(cli, err, ARG("dir", dir), ARG("path", dir));
    if (cli->json)
        print_json(&init, dir);
    else
        print_text(&init, dir);
    return ERR_OK;
}

const Verb verb_init = {
    .name = "init",
    .summary = TEXT_INIT("建立一座新城市", "make a new city"),
    .notes = TEXT_INIT(
        "不带 --demo 时建立第一位平台管理员 operator，密码只显示一次。城市先建在 DIR.init，完成后才改名为\n"
        "DIR；中途失败不留半座城市。",
        "Without --demo there is one user, the operator, whose password is shown once. The city is built in\n"
        "DIR.init and renamed when it is complete; what fails half-way leaves no half city behind."),
    .arguments = { ARGUMENT_DIR },
    .options = { { "pack", "NAME|PATH",
                   TEXT_INIT("政策包：随附的名称或文件夹（默认 " PACK_DEFAULT "）",
                             "policy pack: the name of one that ships, or a folder (default: " PACK_DEFAULT ")") },
                 { "demo", NULL,
                   TEXT_INIT("演示城市：每个角色一位用户，附示例记录",
                             "a demo city: one user per role, sample records") },
                 { "demo-password", "WORD",
                   TEXT_INIT("演示用户的密码（默认随机）", "password of the demo's users (default: random)") },
                 OPTION_KEY_DIR },
    .run = run,
};
