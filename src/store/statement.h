/* store/statement.h: the prepared statements of one connection, by their text. Private to store/.
 *
 * Preparing costs twenty times what a point query costs, so each text is prepared once and kept: a hash of the
 * text finds it (tens of nanoseconds), the least used one goes when DB_STATEMENTS are kept. A statement that is
 * taken is neither dropped nor lent a second time: who asks for the same text meanwhile gets a private copy,
 * which ends when it is given back.
 * Memory   the texts are copied. Not shared between threads.
 * Errors   SQLite's extended result codes; store.c turns them into Err. */
#ifndef FM_STORE_STATEMENT_H
#define FM_STORE_STATEMENT_H

#include <sqlite3.h>

#include "base/str.h"

#define DB_SQL_BYTES 262144 /* longest text of a statement */

typedef struct Statements Statements;
typedef struct Statement  Statement;

Statements *statements_new(sqlite3 *sqlite);
void        statements_free(Statements *statements); /* NULL does nothing */

/* Lends the one statement that sql holds; SQLITE_MISUSE when it holds none or several. */
int statement_take(Statements *statements, Str sql, Statement **out);
/* Resets the statement and lets go of the values bound to it. */
void statement_give(Statement *statement);

sqlite3_stmt *statement_borrow(const Statement *statement); /* until statement_give() */
uint64_t      statement_hash(Str text);                     /* its top bits spread best */
size_t        statements_kept(const Statements *statements);
bool          statement_is_kept(const Statements *statements, Str sql);

#endif
