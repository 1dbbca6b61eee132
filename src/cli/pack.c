/* cli/pack.c: firstmile pack check: every problem of a policy pack, each with its place. */
#include "cli/packs.h"
#include "cli/verbs.h"

static void print_json(Cli *cli)
{
    Json *json = json_object(cli->arena), *list = json_set(json, STR("problems"), json_array(cli->arena));
    for (size_t i = 0; i < cli->problems.count; i++) {
        const Problem *problem = &cli->problems.items[i];
        if (!problem->field.len) /* of the whole */
            continue;
        Json *one = json_push(list, json_object(cli->arena));
        json_set_str(cli->arena, one, STR("place"), problem->field);
        json_set_str(cli->arena, one, STR("code"), err_row(problem->code)->code);
        json_set_str(cli->arena, one, STR("text"), problem->text.in[cli->lang]);
    }
    cli_print_json(cli, json);
}

static void print_text(Cli *cli)
{
    for (size_t i = 0; i < cli->problems.count; i++) {
        const Problem *problem = &cli->problems.items[i];
        if (problem->field.len)
            cli_print(str_printf(cli->arena, "%.*s/%.*s: %.*s", STR_FMT(cli_argument(cli, "PATH")),
                                 STR_FMT(problem->field), STR_FMT(problem->text.in[cli->lang])));
    }
}

static Err run(Cli *cli)
{
    PackSource  source;
    const Pack *pack;
    TRY(packs_find(cli, cli_argument(cli, "PATH"), &source));
    Err err = packs_load(cli, &source, &pack);
    if (err.code != ECODE_PACK_INVALID && err.kind)
        return err;
    cli->told = true;
    if (cli->json)
        print_json(cli);
    else if (err.kind)
        print_text(cli);
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
    .run = run,
};
