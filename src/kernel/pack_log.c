#include "kernel/pack_log.h"

#include <stdlib.h>

typedef struct Entry {
    PackPlace place;
    size_t    order; /* of finding: qsort keeps no order of its own among equals */
    ErrCode   code;
    Str       source;
    ErrArg   *args;
    size_t    arg_count;
} Entry;

struct PackLog {
    Arena *arena;
    Entry  entries[PROBLEMS_MAX];
    size_t count;
};

PackLog *pack_log_new(Arena *arena)
{
    PackLog *log = ARENA_NEW(arena, PackLog);
    log->arena = arena;
    return log;
}

void pack_log_add(PackLog *log, PackPlace place, ErrCode code, Str source, const ErrArg *args, size_t arg_count)
{
    if (log->count == PROBLEMS_MAX)
        return;
    ErrArg *copy = ARENA_ARRAY(log->arena, ErrArg, arg_count);
    for (size_t i = 0; i < arg_count; i++)
        copy[i] = args[i];
    log->entries[log->count] = (Entry){ place, log->count, code, source, copy, arg_count };
    log->count++;
}

size_t pack_log_count(const PackLog *log) { return log->count; }

static int entry_compare(const void *left, const void *right)
{
    const Entry *a = left;
    const Entry *b = right;
    int          files = str_cmp(a->place.file, b->place.file);
    if (files != 0)
        return files;
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    if (a->place.column != b->place.column)
        return a->place.column < b->place.column ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

void pack_log_sorted(const PackLog *log, Problems *out)
{
    Entry *sorted = ARENA_ARRAY(log->arena, Entry, log->count);
    for (size_t i = 0; i < log->count; i++)
        sorted[i] = log->entries[i];
    qsort(sorted, log->count, sizeof *sorted, entry_compare);
    for (size_t i = 0; i < log->count; i++)
        problem_add(out, sorted[i].code, pack_place_text(out->arena, sorted[i].place), sorted[i].source, sorted[i].args,
                    sorted[i].arg_count);
}

Str pack_place_text(Arena *arena, PackPlace place)
{
    return str_printf(arena, "%.*s:%u:%u", STR_FMT(place.file), (unsigned)place.line, (unsigned)place.column);
}
