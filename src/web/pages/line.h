/* web/pages/line.h: the states of a type as a way that a record goes, read off its actions. Private to web/pages.
 *
 * Line     begins at the first state; each next stop is the first later state that an action leads to from the stop
 *          before. A state that several earlier ones lead to and that nothing later follows is a way out (withdrawn,
 *          refused), and no stop. A type with a single stop has no line. */
#ifndef FM_WEB_PAGES_LINE_H
#define FM_WEB_PAGES_LINE_H

#include "web/page.h"

typedef struct Line {
    int    stops[STATES_MAX]; /* states, in order */
    size_t count;
} Line;

void line_of(const Type *type, Line *out);
/* Position of the state on the line; -1 for a way out. */
int line_at(const Line *line, int state);
/* Can a record in the state ever come to one of the states (bits), by actions alone? */
bool line_reaches(const Type *type, int state, uint64_t states);

/* Sign and colour of a state: "not" at the beginning and on a way out, "done" at the end, "here" between. */
Str line_kind(const Type *type, int state);
/* Sets `state` of a record's page; null when it does not show (-1). */
void line_state(const Call *call, const Type *type, int state, Json *page);
/* The small line of a table: a list of stops, or null when the type has none. */
Json *line_small(const Call *call, const Type *type, int state);
/* The line of a record's page: stops with the dates of events (kernel/history.h, newest
 * first); null when there is none. */
void line_mile(const Call *call, const Type *type, int state, const Json *events, Json *page);
/* What follows a step: the stops from state `to` on, each with the step that leads there. */
void line_after(const Call *call, const Type *type, int to, Json *page);

#endif
