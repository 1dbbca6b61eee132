/* store/testing/scratch.h: a folder for one test, and processes that are meant to die. Tests only; trouble aborts. */
#ifndef FM_STORE_TESTING_SCRATCH_H
#define FM_STORE_TESTING_SCRATCH_H

#include <sys/types.h>

#include "base/str.h"

typedef struct Scratch Scratch;

Scratch *scratch_new(void);
void     scratch_free(Scratch *scratch);                   /* removes the folder and its files */
Str      scratch_path(Scratch *scratch, const char *name); /* until the next call */

/* A child that reports numbers over a pipe, and what it printed to stderr. */
typedef struct Child {
    pid_t pid;
    int   numbers, messages; /* to read from */
} Child;

/* Runs body in a child; report() hands numbers to the parent. The child ends by _exit(0) when body returns. */
Child child_start(void (*body)(void *arg), void *arg);
void  child_report(int64_t number);              /* in the child, from any thread */
bool  child_next(Child *child, int64_t *number); /* waits; false when the child is gone */
/* Waits for the end: the wait status, and what the child said on stderr (at most size - 1 bytes, rest is dropped). */
int child_end(Child *child, char *message, size_t size);

#endif
