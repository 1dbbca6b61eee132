/* cli/help.c: see help.h. */
#include "cli/help.h"

#include "base/utf8.h"
#include "cli/options.h"

#define NAME_COLUMNS 26 /* names stand left, what they mean right of this */

/* "  NAME     meaning" */
static void row(Buf *buf, Str name, Str meaning)
{
    size_t width = utf8_columns(name);
    buf_printf(buf, "  %.*s", STR_FMT(name));
    for (; width < NAME_COLUMNS; width++)
        buf_char(buf, ' ');
    buf_printf(buf, " %.*s\n", STR_FMT(meaning));
}

static void option_row(const Cli *cli, Buf *buf, const Option *option)
{
    Str name = str_printf(cli->arena, "--%s%s%s", option->name, option->value ? " " : "",
                          option->value ? option->value : "");
    Str needed = option->needed ? SAY(cli, TEXT("（必填）", " (required)")) : STR("");
    row(buf, name, str_printf(cli->arena, "%.*s%.*s", STR_FMT(option->help.in[cli->lang]), STR_FMT(needed)));
}

Str help_all(const Cli *cli, const Verb *const *verbs, size_t verb_count)
{
    Buf buf = buf_new(cli->arena, SIZE_MAX);
    buf_add(&buf, SAY(cli, TEXT("首公里：从科研成果到产品的第一公里。\n\n用法：firstmile 命令 …\n\n",
                                "Firstmile: the first mile from a finding of research to a product.\n\n"
                                "Usage: firstmile VERB …\n\n")));
    for (size_t i = 0; i < verb_count; i++)
        row(&buf, str_from(verbs[i]->name), verbs[i]->summary.in[cli->lang]);
    buf_add(&buf, SAY(cli, TEXT("\n每个命令的用法：firstmile 命令 --help\n"
                                "退出状态：0 完成，64 用法不对，65 输入有误或步骤被拒绝，66 没有找到，"
                                "70 程序出错，75 稍后再试，77 无权。",
                                "\nHow a verb is used: firstmile VERB --help\n"
                                "Exit status: 0 done, 64 usage, 65 bad input or a step that is refused, 66 not found, "
                                "70 our fault, 75 try again, 77 not allowed.")));
    return buf_str(&buf);
}

Str help_family(const Cli *cli, const Verb *const *verbs, size_t verb_count, Str first)
{
    Buf buf = buf_new(cli->arena, SIZE_MAX);
    for (size_t i = 0; i < verb_count; i++) {
        Str second = str_from(verbs[i]->name);
        if (str_eq(str_cut(&second, ' '), first) && second.len)
            row(&buf, str_from(verbs[i]->name), verbs[i]->summary.in[cli->lang]);
    }
    Str all = buf_str(&buf);
    return str_slice(all, 0, all.len ? all.len - 1 : 0);
}

Str help_verb(const Cli *cli, const Verb *verb)
{
    Buf buf = buf_new(cli->arena, SIZE_MAX);
    buf_printf(&buf, "firstmile %s", verb->name);
    for (size_t i = 0; i < ARGUMENTS_MAX && verb->arguments[i].name; i++)
        buf_printf(&buf, verb->arguments[i].optional ? " [%s]" : " %s", verb->arguments[i].name);
    buf_add(&buf, SAY(cli, TEXT(" [选项]\n", " [options]\n")));
    buf_printf(&buf, "%.*s\n", STR_FMT(verb->summary.in[cli->lang]));
    if (verb->notes.in[cli->lang].len)
        buf_printf(&buf, "%.*s\n", STR_FMT(verb->notes.in[cli->lang]));
    buf_char(&buf, '\n');
    for (size_t i = 0; i < ARGUMENTS_MAX && verb->arguments[i].name; i++)
        row(&buf, str_from(verb->arguments[i].name), verb->arguments[i].help.in[cli->lang]);
    for (size_t i = 0; i < OPTIONS_MAX && verb->options[i].name; i++)
        option_row(cli, &buf, &verb->options[i]);
    for (size_t i = 0; i < COMMON_COUNT; i++)
        option_row(cli, &buf, &options_common[i]);
    Str text = buf_str(&buf);
    return str_slice(text, 0, text.len - 1); /* whoever prints it ends the line */
}
