/* base/arena.h: memory with one owner.
 *
 * Each request or command has one arena, freed at its end; most code never frees. No memory ends the process: input is
 * measured against its limit before it is copied. Not shared between threads at the same time. */
#ifndef FM_BASE_ARENA_H
#define FM_BASE_ARENA_H

#include "base/str.h"

typedef struct Arena Arena;

#define OWNED(module) __attribute__((cleanup(module##_freep))) /* released on every way out */

Arena *arena_new(void);
void   arena_free(Arena *arena); /* NULL does nothing */
/* Empties the arena and keeps its first block, for the next request on a connection. */
void arena_reset(Arena *arena);
/* Bytes handed out since the arena was made or reset. */
size_t arena_used(const Arena *arena);

/* What is taken after the mark is let go of again, in the order of a stack: for what is needed only within a call that
 * is made so often that an arena of its own would cost more than what it does. */
typedef struct ArenaMark {
    void  *block; /* the arena's */
    size_t at, used;
} ArenaMark;
ArenaMark arena_mark(const Arena *arena);
void      arena_release(Arena *arena, ArenaMark mark);

/* Zeroed, aligned for any type; never NULL, also for size 0. */
void *arena_alloc(Arena *arena, size_t size) __attribute__((malloc, returns_nonnull));
/* Checks the product. */
void *arena_array(Arena *arena, size_t count, size_t size) __attribute__((malloc, returns_nonnull));
#define ARENA_NEW(arena, Type)          ((Type *)arena_alloc((arena), sizeof(Type)))
#define ARENA_ARRAY(arena, Type, count) ((Type *)arena_array((arena), (count), sizeof(Type)))
/* A larger copy of an array, what is new cleared. */
void *arena_grow(Arena *arena, const void *old, size_t old_count, size_t new_count, size_t size);
/* That step where it is due, for one item more: ARENA_ROOM(arena, list, count, capacity); list[count++] = item; */
void *arena_room(Arena *arena, void *items, size_t count, size_t *capacity, size_t size);
#define ARENA_ROOM(arena, items, count, capacity)                                                                      \
    ((items) = arena_room((arena), (items), (count), &(capacity), sizeof *(items)))

Str         str_dup(Arena *arena, Str s);
const char *str_dup_z(Arena *arena, Str s); /* NUL-terminated copy */
Str         str_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
Str         str_join(Arena *arena, const Str *parts, size_t count, Str separator);

/* calloc (zeroed) and realloc that end the process when there is no memory; released by free(). */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_grow(void *old, size_t size) __attribute__((returns_nonnull));

static inline void arena_freep(Arena **arena) { arena_free(*arena); }

#endif
