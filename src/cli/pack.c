/* cli/pack.c: firstmile pack check: every problem of a policy pack, each with its place. firstmile pack apply: a
 * changed pack in a city that has records, or what it would change. */
#include "cli/client.h"
#include "cli/packs.h"
#include "cli/verbs.h"
#include "kernel/evolve.h"

#include <stdio.h>
#include <unistd.h>

/* ---- check ---- */

static void set_problems(Cli *cli, Json *json)
{
    Json *list = json_set(json, STR("problems"), json_array(cli->arena));
    for (size_t i = 0; i < cli->problems.count; i++) {
        const Problem *problem = &cli->problems.items[i];
        if (!problem->field.len) /* of the whole */
            continue;
        Json *one = json_push(list, json_object(cli->arena));
        json_set_str(cli->arena, one, STR("place"), problem->field);
        json_set_str(cli->arena, one, STR("code"), err_row(problem->code)->code);
        json_set_str(cli->arena, one, STR("text"), problem->text.in[cli->lang]);
    }
}

static void print_check_json(Cli *cli)
{
    Json *json = json_object(cli->arena);
    set_problems(cli, json);
    cli_print_json(cli, json);
}

static void print_check_text(Cli *cli)
{
    for (size_t i = 0; i < cli->problems.count; i++) {
        const Problem *problem = &cli->problems.items[i];
        if (problem->field.len)
            cli_print(str_printf(cli->arena, "%.*s/%.*s: %.*s", STR_FMT(cli_argument(cli, "PATH")),
                                 STR_FMT(problem->field), STR_FMT(problem->text.in[cli->lang])));
    }
}

static Err run_check(Cli *cli)
{
    PackSource  source;
    const Pack *pack;
    TRY(packs_find(cli, cli_argument(cli, "PATH"), &source));
    Err err = packs_load(cli, &source, &pack);
    if (err.code != ECODE_PACK_INVALID && err.kind)
        return err;
    cli->told = true;
    if (cli->json)
        print_check_json(cli);
    else if (err.kind)
        print_check_text(cli);
    else
        cli_print(SAY(cli,
                      TEXT("政策包 {pack} 没有问题：{types} 个类型，{roles} 个角色",
                           "the pack {pack} has no problems: {types} types, {roles} roles"),
                      ARG("pack", pack->name), ARG("types", str_printf(cli->arena, "%zu", pack->type_count)),
                      ARG("roles", str_printf(cli->arena, "%zu", pack->role_count))));
    return err;
}

const Verb verb_pack_check = {
    .name = "pack check",
    .summary = TEXT_INIT("检查政策包，列出每一处问题", "check a policy pack and list every problem"),
    .notes = TEXT_INIT("每行：文件:行:列: 问题。", "Each line: file:line:column: problem."),
    .arguments = { { "PATH", TEXT_INIT("政策包的文件夹", "folder of the pack") } },
    .run = run_check,
};

/* ---- apply ---- */

typedef struct Apply {
    Cli       *cli;
    PackSource source;
    EvolvePlan plan;
    bool       dry_run, applied;
    int64_t    number;   /* of the pack in the city */
    int64_t    begun_ms; /* progress shows only when it takes long */
    bool       shown;
} Apply;

#define PROGRESS_AFTER_MS 1000

static void show_progress(void *context, int64_t records)
{
    Apply *apply = context;
    if (!isatty(STDERR_FILENO) || env_now(&apply->cli->env) - apply->begun_ms < PROGRESS_AFTER_MS)
        return;
    apply->shown = true;
    fprintf(stderr, "\r%lld", (long long)records);
    fflush(stderr);
}

static Err carry_out(Apply *apply, const Ctx *ctx)
{
    EvolveWatch watch = { show_progress, apply };
    apply->begun_ms = env_now(&apply->cli->env);
    Err err = evolve_apply(ctx, &apply->plan, &watch);
    if (apply->shown)
        fprintf(stderr, "\r\033[K");
    apply->applied = !err.kind && apply->plan.count > 0;
    return err;
}

static Err plan_and_apply(Apply *apply, Str dir)
{
    Cli              *cli = apply->cli;
    OWNED(city) City *city = NULL;
    TRY(client_refuse_served(dir));
    TRY(city_open(dir, cli_option(cli, "key-dir"), cli->env, &city));
    Ctx ctx = { .city = city, .arena = cli->arena, .now_ms = env_now(&cli->env), .lang = cli->lang };
    apply->number = city->pack_number + 1;
    TRY(evolve_plan(&ctx, &apply->source, &apply->plan, &cli->problems));
    return apply->dry_run ? ERR_OK : carry_out(apply, &ctx);
}

static void print_apply_json(const Apply *apply)
{
    Cli  *cli = apply->cli;
    Json *json = json_object(cli->arena), *list = json_set(json, STR("steps"), json_array(cli->arena));
    for (size_t i = 0; i < apply->plan.count; i++) {
        const EvolveStep *step = &apply->plan.steps[i];
        Json             *one = json_push(list, json_object(cli->arena));
        json_set_str(cli->arena, one, STR("step"), evolve_kind_names[step->kind]);
        json_set_str(cli->arena, one, STR("type"), step->type);
        json_set_str(cli->arena, one, STR("name"), step->name);
        json_set_str(cli->arena, one, STR("to"), step->to);
        json_set_int(cli->arena, one, STR("records"), step->records);
        json_set_str(cli->arena, one, STR("text"), step->text.in[cli->lang]);
    }
    set_problems(cli, json);
    json_set_bool(cli->arena, json, STR("applied"), apply->applied);
    cli_print_json(cli, json);
}

static void print_apply_text(const Apply *apply)
{
    const Cli *cli = apply->cli;
    for (size_t i = 0; i < apply->plan.count; i++)
        cli_print(apply->plan.steps[i].text.in[cli->lang]);
    if (apply->applied)
        cli_print(SAY(cli,
                      TEXT("已换用：政策包 {pack}，本市的第 {number} 版",
                           "applied: the pack {pack}, number {number} of the city"),
                      ARG("pack", apply->plan.to->name),
                      ARG("number", str_printf(cli->arena, "%lld", (long long)apply->number))));
    else if (apply->plan.count == 0)
        cli_print(SAY(
            cli, TEXT("没有要做的：本市用的就是这个政策包", "there is nothing to do: the city has this very pack")));
    else
        cli_print(SAY(cli, TEXT("未作任何改动", "nothing was changed")));
}

static Err run_apply(Cli *cli)
{
    Str         dir = cli_argument(cli, "DIR");
    Apply       apply = { .cli = cli, .dry_run = cli_switch(cli, "dry-run") };
    const Pack *pack;
    TRY(packs_find(cli, cli_argument(cli, "PATH"), &apply.source));
    TRY(packs_load(cli, &apply.source, &pack));
    Err  err = plan_and_apply(&apply, dir);
    bool planned = !err.kind || err.code == ECODE_PACK_LOSES;
    if (planned && cli->json)
        print_apply_json(&apply);
    else if (planned)
        print_apply_text(&apply);
    cli->told = planned && cli->json;
    if (err.code == ECODE_PACK_LOSES)
        return CLI_FAIL(cli, err, ARG("count", str_printf(cli->arena, "%zu", cli->problems.count)));
    return err.kind && !cli->problems.count ? CLI_FAIL(cli, err, ARG("dir", dir), ARG("path", dir)) : err;
}

const Verb verb_pack_apply = {
    .name = "pack apply",
    .summary = TEXT_INIT("让一座城市换用改过的政策包", "bring a changed policy pack into a city"),
    .notes = TEXT_INIT(
        "先停止 serve。全部改动一次完成，或一点也不做；会丢失数据的改动须在政策包里用 was 或 drops 写明。",
        "Stop serve first. All of it happens, or nothing; what would lose data must be named in the pack, by `was`\n"
        "or in `drops`."),
    .arguments = { ARGUMENT_DIR,
                   { "PATH",
                     TEXT_INIT("政策包：随附的名称或文件夹", "the pack: the name of one that ships, or a folder") } },
    .options = { { "dry-run", NULL, TEXT_INIT("只列出会改什么", "only say what would change") }, OPTION_KEY_DIR },
    .run = run_apply,
};
