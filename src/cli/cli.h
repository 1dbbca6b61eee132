/* cli/cli.h: what a verb of the command line is, and what it runs with.
 *
 * A verb is one file that exports one Verb; cli/verbs.c lists them. Its table of arguments and options is the one
 * declaration: parsing, help in both languages and the errors of usage all come from it.
 *
 * Ends     A verb's run() gives an Err. cli_end() shows it, in the language asked for, on stderr, or with --json as
 *          problem+json on stdout, and its kind makes the exit status (contract, section 2).
 * Memory   all in cli->arena, which lives as long as the process runs the verb. */
#ifndef FM_CLI_CLI_H
#define FM_CLI_CLI_H

#include "base/env.h"
#include "base/json.h"

#define ARGUMENTS_MAX 4
#define OPTIONS_MAX   10

typedef struct Option {
    const char *name;  /* "pack": given as --pack VALUE or --pack=VALUE */
    const char *value; /* what stands for the value in help; NULL: a switch, without value */
    Text        help;
    bool        needed; /* must be given */
} Option;

typedef struct Argument {
    const char *name; /* "DIR" */
    Text        help;
    bool        optional; /* need not be given; none but optional ones follow */
} Argument;

typedef struct Cli Cli;

typedef struct Verb {
    const char *name;                     /* "init", "user add" */
    Text        summary;                  /* one line */
    Text        notes;                    /* more lines of help, or empty */
    Argument    arguments[ARGUMENTS_MAX]; /* all that are not optional must be given */
    Option      options[OPTIONS_MAX];     /* besides those that every verb takes: help, json, lang */
    Err (*run)(Cli *cli);
} Verb;

/* Rows that many verbs share. */
/* clang-format off */
#define ARGUMENT_DIR   { "DIR", TEXT_INIT("城市数据所在的目录", "folder of the city") }
#define ARGUMENT_TYPE  { "TYPE", TEXT_INIT("记录类型，如 result", "type of record, such as result") }
#define ARGUMENT_ID    { "ID", TEXT_INIT("记录的标识", "id of the record") }
#define OPTION_KEY_DIR { "key-dir", "DIR", TEXT_INIT("密钥所在的目录（默认 DIR/keys）", "folder of the keys (default: DIR/keys)") }
#define OPTION_AS      { "as", "LOGIN", TEXT_INIT("以谁的身份（默认第一位平台管理员）", "who acts (default: the first operator)") }
/* clang-format on */

struct Cli {
    const Verb *verb; /* NULL until one is known */
    Arena      *arena;
    Env         env;
    Lang        lang;
    bool        json;
    Str         arguments[ARGUMENTS_MAX];
    Str         options[OPTIONS_MAX]; /* in the order of the verb's table; ptr NULL: not given */
    Problems    problems;             /* what goes with the Err that run() gives */
    const Json *refusal;              /* the problem+json of a server's refusal, instead of the above */
    bool        told;                 /* the verb has shown itself what went wrong */
};

/* What the table of the running verb calls so; asking for another name is a mistake of ours. */
Str  cli_argument(const Cli *cli, const char *name); /* ptr NULL: an optional one, not given */
Str  cli_option(const Cli *cli, const char *name);   /* ptr NULL: not given */
bool cli_switch(const Cli *cli, const char *name);
/* A whole number from min to max; fallback when not given. ECODE_USAGE. */
Err cli_number(Cli *cli, const char *name, int64_t min, int64_t max, int64_t fallback, int64_t *out) MUST_CHECK;
/* A file that the verb writes; ptr NULL when not given. ECODE_USAGE when it would stand among the files of a city. */
Err cli_file(Cli *cli, const char *name, Str *out) MUST_CHECK;

/* The same for the path of an argument, or of whatever else is called name. */
Err cli_outside(Cli *cli, const char *name, Str path) MUST_CHECK;

/* A whole file of at most so many bytes; says what is wrong with it. */
Err cli_read(Cli *cli, Arena *arena, Str path, size_t max, Str *out) MUST_CHECK;

/* ---- words ---- */

/* The text in the verb's language with its "{name}" filled. */
Str cli_words(const Cli *cli, Text text, const ErrArg *args, size_t arg_count);
#define CLI_ARGS(...)                                                                                                  \
    (const ErrArg[]){ { 0 }, ##__VA_ARGS__ } + 1, sizeof((const ErrArg[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(ErrArg) - 1
#define SAY(cli, text, ...) cli_words((cli), (text), CLI_ARGS(__VA_ARGS__))
/* A count for people: "68,000". */
Str cli_count(Arena *arena, int64_t number);

/* ---- output ---- */

void cli_print(Str line);                        /* on stdout, with the end of line */
void cli_print_json(Cli *cli, const Json *json); /* the same, compact */
/* The text alone; under --json an object with it under that name. */
void cli_print_named(Cli *cli, const char *name, Str text);
void cli_note(Str line); /* on stderr, with the end of line: what is no part of the output */
/* One of a problem document's `errors`, or of a step's `reasons`: its text and, where the rule says so, what helps and
 * its source; each line indented, the last one without its end. */
Str cli_problem(const Cli *cli, const Json *problem);

/* ---- failing ---- */

/* err with the values of its detail: return CLI_FAIL(cli, err, ARG("path", path)); */
Err cli_fail(Cli *cli, Err err, const ErrArg *args, size_t arg_count);
#define CLI_FAIL(cli, err, ...) err_made(cli_fail((cli), (err), CLI_ARGS(__VA_ARGS__)))
/* ECODE_USAGE with that reason, filled in both languages. */
Err cli_usage(Cli *cli, Text reason, const ErrArg *args, size_t arg_count);
#define CLI_USAGE(cli, reason, ...) err_made(cli_usage((cli), (reason), CLI_ARGS(__VA_ARGS__)))

/* Shows how the verb ended, and gives its exit status. */
int cli_end(Cli *cli, Err err);

#endif
