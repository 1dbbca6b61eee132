/* bench/served.h: a demo city of one's own, served by the program that was built, for as long as a benchmark runs.
 *
 * The city lies in a folder made beside the program, so that it is on the disk that is
 * measured, and is removed at the end.
 * Errors   false, with the reason on stderr; what the program said goes there too. */
#ifndef FM_BENCH_SERVED_H
#define FM_BENCH_SERVED_H

#include "load.h"

#define SERVED_PASSWORD "firstmile-demo"

typedef struct Served {
    const char *program; /* build/firstmile */
    const char *folder;  /* of the city and of what else the benchmark writes */
    const char *city;
    LoadTarget  target; /* set by served_start() */
    int         output; /* the server's; kept open as long as it runs */
} Served;

/* A new folder beside this program, for what a benchmark writes; and its removal, with all that lies in it. */
bool scratch_make(Arena *arena, const char **out);
bool scratch_remove(const char *folder);

/* Finds the program beside this one's folder, and makes a folder where the caller will make a city. What *out points to
 * lives in arena. */
bool served_place(Arena *arena, Served *out);
/* The same, and makes the city. */
bool served_make(Arena *arena, Served *out);
/* Runs `firstmile VERB CITY WORD…` (at most 8 words after the city); true when it ends with
 * 0. Its output is not shown. */
bool served_verb(const Served *served, const char *verb, const char *const words[], size_t count);
bool served_start(Served *served);
/* Ends the server, which must drain and end with 0, and removes the folder. Also when it was not started. */
bool served_end(Served *served);

#endif
