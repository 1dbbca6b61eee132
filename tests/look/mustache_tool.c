/* mustache_tool LANG PAGE CONTEXT.json...: renders pages from files, without a city and a server, for tests/look.
 *
 * Each context gives one HTML page on standard output, after a line that holds its length in bytes. With --bench it
 * renders the first context many times instead and prints one JSON object: bytes and microseconds of a page. */
#include <stdio.h>
#include <time.h>

#include "base/file.h"
#include "web/look/look.h"

#define PAGE_BYTES_MAX (4 * 1024 * 1024)
#define BENCH_ROUNDS   2000

static int fail(Err err)
{
    fprintf(stderr, "mustache_tool: %.*s: %s\n", STR_FMT(err_row(err.code)->code), err.context);
    return err_exit(err.kind);
}

static Err render(const Look *look, Arena *arena, Str page, Lang lang, const char *path, Buf *out)
{
    Str   text;
    Json *context;
    TRY(file_read(arena, str_from(path), PAGE_BYTES_MAX, &text));
    TRY(json_parse(arena, text, &context));
    return look_render(look, page, lang, context, out);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static Err bench(const Look *look, Arena *arena, Str page, Lang lang, const char *path)
{
    Str   text;
    Json *context;
    TRY(file_read(arena, str_from(path), PAGE_BYTES_MAX, &text));
    TRY(json_parse(arena, text, &context));
    Buf     out = buf_new(arena, PAGE_BYTES_MAX);
    int64_t start = now_ns();
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        out.len = 0;
        TRY(look_render(look, page, lang, context, &out));
    }
    printf("{\"page\":\"%.*s\",\"bytes\":%zu,\"microseconds\":%.1f}\n", STR_FMT(page), out.len,
           (double)(now_ns() - start) / BENCH_ROUNDS / 1000);
    return ERR_OK;
}

int main(int argc, char **argv)
{
    bool benching = argc > 1 && str_eq(str_from(argv[1]), STR("--bench"));
    int  at = benching ? 2 : 1;
    Lang lang;
    if (argc < at + 3 || !lang_parse(str_from(argv[at]), &lang)) {
        fprintf(stderr, "usage: mustache_tool [--bench] LANG PAGE CONTEXT.json...\n");
        return err_exit(ERR_USAGE);
    }
    OWNED(arena) Arena *arena = arena_new();
    Look               *look;
    Err                 err = look_new(arena, &look);
    if (err.kind)
        return fail(err);
    Str page = str_from(argv[at + 1]);
    if (benching) {
        err = bench(look, arena, page, lang, argv[at + 2]);
        return err.kind ? fail(err) : 0;
    }
    for (int i = at + 2; i < argc; i++) {
        Buf out = buf_new(arena, PAGE_BYTES_MAX);
        err = render(look, arena, page, lang, argv[i], &out);
        if (err.kind)
            return fail(err);
        printf("%zu\n", out.len);
        fwrite(out.ptr, 1, out.len, stdout);
    }
    return 0;
}
