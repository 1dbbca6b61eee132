/* base/arena.c: a chain of blocks, filled from the front. Under the address sanitizer, what is not
 * handed out is poisoned, and a gap stands between neighbours, so that an overrun inside an arena is
 * found as one inside the heap is. */
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif

#ifdef UNDER_ASAN
#include <sanitizer/asan_interface.h>
#define GAP                 16
#define POISON(ptr, size)   ASAN_POISON_MEMORY_REGION((ptr), (size))
#define UNPOISON(ptr, size) ASAN_UNPOISON_MEMORY_REGION((ptr), (size))
#else
#define GAP                 0
#define POISON(ptr, size)   ((void)(ptr), (void)(size))
#define UNPOISON(ptr, size) ((void)(ptr), (void)(size))
#endif

enum {
    ALIGNMENT = 16,
    BLOCK_FIRST = 16 * 1024, /* holds most requests whole */
    BLOCK_LARGEST = 1024 * 1024,
};

typedef struct Block Block;
struct Block {
    Block *next; /* the block filled before this one */
    size_t size; /* of bytes */
    _Alignas(ALIGNMENT) char bytes[];
};

struct Arena {
    Block *first, *current;
    size_t at; /* bytes of current that are taken */
    size_t used;
};

/* ---- the heap, without failure ---- */

static _Noreturn void end_without_memory(size_t size)
{
    fprintf(stderr, "firstmile: out of memory (%zu bytes asked for)\n", size);
    abort();
}

void *mem_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        end_without_memory(size);
    return memory;
}

void *mem_grow(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    if (!memory)
        end_without_memory(size);
    return memory;
}

/* ---- blocks ---- */

static Block *block_new(size_t size, Block *next)
{
    Block *block = size <= SIZE_MAX - sizeof(Block) ? malloc(sizeof(Block) + size) : NULL;
    if (!block)
        end_without_memory(size);
    block->next = next;
    block->size = size;
    POISON(block->bytes, size);
    return block;
}

static void block_free(Block *block)
{
    UNPOISON(block->bytes, block->size);
    free(block);
}

static void blocks_free_down_to(Block *block, const Block *last)
{
    while (block != last) {
        Block *next = block->next;
        block_free(block);
        block = next;
    }
}

/* ---- arenas ---- */

Arena *arena_new(void)
{
    Arena *arena = mem_alloc(sizeof *arena);
    arena->first = arena->current = block_new(BLOCK_FIRST, NULL);
    return arena;
}

void arena_free(Arena *arena)
{
    if (!arena)
        return;
    blocks_free_down_to(arena->current, NULL);
    free(arena);
}

void arena_reset(Arena *arena)
{
    blocks_free_down_to(arena->current, arena->first);
    arena->current = arena->first;
    arena->at = arena->used = 0;
    POISON(arena->first->bytes, arena->first->size);
}

size_t arena_used(const Arena *arena) { return arena->used; }

ArenaMark arena_mark(const Arena *arena) { return (ArenaMark){ arena->current, arena->at, arena->used }; }

void arena_release(Arena *arena, ArenaMark mark)
{
    blocks_free_down_to(arena->current, mark.block);
    arena->current = mark.block;
    arena->at = mark.at;
    arena->used = mark.used;
    POISON(arena->current->bytes + mark.at, arena->current->size - mark.at);
}

static void arena_add_block(Arena *arena, size_t needed)
{
    size_t size = arena->current->size * 2;
    if (size > BLOCK_LARGEST)
        size = BLOCK_LARGEST;
    arena->current = block_new(size > needed ? size : needed, arena->current);
    arena->at = 0;
}

/* Memory as it comes; arena_alloc clears it, and copies fill it. */
static void *arena_take(Arena *arena, size_t size)
{
    size_t needed;
    if (__builtin_add_overflow(size ? size : 1, (size_t)ALIGNMENT - 1 + GAP, &needed))
        end_without_memory(size);
    needed &= ~(size_t)(ALIGNMENT - 1);
    if (needed > arena->current->size - arena->at)
        arena_add_block(arena, needed);
    void *memory = arena->current->bytes + arena->at;
    arena->at += needed;
    arena->used += size;
    UNPOISON(memory, size);
    return memory;
}

void *arena_alloc(Arena *arena, size_t size) { return memset(arena_take(arena, size), 0, size); }

static size_t array_size(size_t count, size_t size)
{
    size_t product;
    if (__builtin_mul_overflow(count, size, &product))
        end_without_memory(SIZE_MAX);
    return product;
}

void *arena_array(Arena *arena, size_t count, size_t size) { return arena_alloc(arena, array_size(count, size)); }

void *arena_grow(Arena *arena, const void *old, size_t old_count, size_t new_count, size_t size)
{
    assert(old_count <= new_count);
    size_t old_size = array_size(old_count, size), new_size = array_size(new_count, size);
    char  *memory = arena_take(arena, new_size);
    if (old_size)
        memcpy(memory, old, old_size);
    memset(memory + old_size, 0, new_size - old_size);
    return memory;
}

void *arena_room(Arena *arena, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? array_size(*capacity, 2) : 8;
    return arena_grow(arena, items, count, *capacity, size);
}

/* ---- text in an arena ---- */

Str str_dup(Arena *arena, Str s)
{
    char *copy = arena_take(arena, s.len);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (Str){ copy, s.len };
}

const char *str_dup_z(Arena *arena, Str s)
{
    if (s.len == SIZE_MAX)
        end_without_memory(s.len);
    char *copy = arena_take(arena, s.len + 1);
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

Str str_printf(Arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    char *text = arena_take(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return (Str){ text, (size_t)length };
}

Str str_join(Arena *arena, const Str *parts, size_t count, Str separator)
{
    size_t length = count > 1 ? array_size(count - 1, separator.len) : 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_add_overflow(length, parts[i].len, &length))
            end_without_memory(SIZE_MAX);
    char *text = arena_take(arena, length), *at = text;
    for (size_t i = 0; i < count; i++) {
        if (i && separator.len)
            at = mempcpy(at, separator.ptr, separator.len);
        if (parts[i].len)
            at = mempcpy(at, parts[i].ptr, parts[i].len);
    }
    return (Str){ text, length };
}
