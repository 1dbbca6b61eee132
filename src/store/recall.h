/* store/recall.h: numbers that statements gave, by their text and values, for one connection. Private to store/.
 *
 * Rule     what a statement gives depends on its text, its values and the contents of the database and on nothing else:
 *          no statement of ours asks for the time or for chance. So an answer holds as long as the contents do. These
 *          are told apart by SQLite's data version, by which the connection lets go of its own pages, too; with
 *          another one all answers are forgotten.
 * Bounds   RECALL_SLOTS answers of at most RECALL_NUMBERS numbers, with keys of at most RECALL_KEY_BYTES: 3 MB. A hash
 *          of the key says in which set of RECALL_WAYS an answer stands; the oldest of a set goes first. With one
 *          place for each, two questions of the same page would now and then drive each other out.
 * Memory   keys and numbers are copied. Not shared between threads. */
#ifndef FM_STORE_RECALL_H
#define FM_STORE_RECALL_H

#include "base/str.h"

#define RECALL_SETS      64 /* the top six bits of the hash */
#define RECALL_WAYS      4
#define RECALL_SLOTS     (RECALL_SETS * RECALL_WAYS)
#define RECALL_NUMBERS   1024
#define RECALL_KEY_BYTES 4096

typedef struct Recall Recall;

Recall *recall_new(void);
void    recall_free(Recall *recall); /* NULL does nothing */

/* What follows is about these contents. */
void recall_contents(Recall *recall, uint32_t version);
/* The numbers live until the next call of recall_keep() or recall_contents(). */
bool recall_find(const Recall *recall, Str key, const int64_t **numbers, size_t *count);
/* Does nothing when it is beyond the bounds. */
void recall_keep(Recall *recall, Str key, const int64_t *numbers, size_t count);

#endif
