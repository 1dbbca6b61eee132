#include "store/statement.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "store/store.h"

#define BUCKETS 256 /* the top eight bits of the hash */

struct Statement {
    sqlite3_stmt *stmt;
    char         *text; /* our copy of the key; NULL for a private copy */
    size_t        text_len;
    uint64_t      hash;
    Statement    *chain;         /* next of the same bucket */
    Statement    *newer, *older; /* order of use */
    bool          taken;
};

struct Statements {
    sqlite3   *sqlite;
    Statement *buckets[BUCKETS];
    Statement *newest, *oldest;
    size_t     count;
    Statement  slots[DB_STATEMENTS];
};

/* Two lanes of eight bytes each, multiplied and folded: texts are compared whole anyway, so speed and spread are all it
 * needs. Reads the bytes through memcpy, for alignment. */
uint64_t statement_hash(Str text)
{
    const uint64_t factor_a = 0x9E3779B97F4A7C15u, factor_b = 0xC2B2AE3D27D4EB4Fu;
    uint64_t       a = text.len * factor_a, b = factor_b;
    const char    *at = text.ptr;
    size_t         left = text.len;
    for (; left >= 16; at += 16, left -= 16) {
        uint64_t words[2];
        memcpy(words, at, 16);
        a = (a ^ words[0]) * factor_a;
        b = (b ^ words[1]) * factor_b;
        a ^= a >> 29;
        b ^= b >> 31;
    }
    uint64_t rest[2] = { 0, 0 };
    if (left)
        memcpy(rest, at, left);
    a = (a ^ rest[0]) * factor_a;
    b = (b ^ rest[1]) * factor_b;
    a ^= (b ^ (b >> 32)) + (a >> 32);
    return a * factor_b;
}

static size_t bucket_of(uint64_t hash) { return hash >> 56; }

static Statement *find(const Statements *statements, Str sql, uint64_t hash)
{
    Statement *at = statements->buckets[bucket_of(hash)];
    while (at && !(at->hash == hash && str_eq((Str){ at->text, at->text_len }, sql)))
        at = at->chain;
    return at;
}

/* ---- order of use ---- */

static void unlink_use(Statements *statements, Statement *statement)
{
    *(statement->newer ? &statement->newer->older : &statements->newest) = statement->older;
    *(statement->older ? &statement->older->newer : &statements->oldest) = statement->newer;
}

static void link_newest(Statements *statements, Statement *statement)
{
    statement->newer = NULL;
    statement->older = statements->newest;
    *(statements->newest ? &statements->newest->newer : &statements->oldest) = statement;
    statements->newest = statement;
}

/* ---- keeping ---- */

static void drop(Statements *statements, Statement *statement)
{
    Statement **at = &statements->buckets[bucket_of(statement->hash)];
    while (*at != statement)
        at = &(*at)->chain;
    *at = statement->chain;
    unlink_use(statements, statement);
    sqlite3_finalize(statement->stmt);
    free(statement->text);
}

/* A free slot, or that of the least used statement that nobody holds. There always is one: a connection has far fewer
 * running statements than slots. */
static Statement *slot_for(Statements *statements)
{
    if (statements->count < DB_STATEMENTS)
        return &statements->slots[statements->count++];
    Statement *oldest = statements->oldest;
    while (oldest && oldest->taken)
        oldest = oldest->newer;
    assert(oldest);
    drop(statements, oldest);
    return oldest;
}

static void keep(Statements *statements, Str sql, uint64_t hash, sqlite3_stmt *stmt, Statement **out)
{
    Statement  *slot = slot_for(statements);
    Statement **bucket = &statements->buckets[bucket_of(hash)];
    char       *text = mem_alloc(sql.len);
    memcpy(text, sql.ptr, sql.len);
    *slot = (Statement){ .stmt = stmt, .text = text, .text_len = sql.len, .hash = hash, .chain = *bucket };
    *bucket = slot;
    link_newest(statements, slot);
    *out = slot;
}

static bool is_blank(Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr(" \t\r\n;", text.ptr[i]) || text.ptr[i] == '\0')
            return false;
    return true;
}

static int prepare(sqlite3 *sqlite, Str sql, sqlite3_stmt **out)
{
    if (sql.len > DB_SQL_BYTES)
        return SQLITE_TOOBIG;
    const char *tail = NULL;
    int         rc = sqlite3_prepare_v3(sqlite, sql.ptr, (int)sql.len, SQLITE_PREPARE_PERSISTENT, out, &tail);
    if (rc != SQLITE_OK)
        return rc;
    if (*out && is_blank(str_slice(sql, (size_t)(tail - sql.ptr), sql.len)))
        return SQLITE_OK;
    sqlite3_finalize(*out);
    return SQLITE_MISUSE;
}

/* ---- public ---- */

Statements *statements_new(sqlite3 *sqlite)
{
    Statements *statements = mem_alloc(sizeof *statements);
    *statements = (Statements){ .sqlite = sqlite };
    return statements;
}

void statements_free(Statements *statements)
{
    if (!statements)
        return;
    while (statements->newest)
        drop(statements, statements->newest);
    free(statements);
}

int statement_take(Statements *statements, Str sql, Statement **out)
{
    uint64_t   hash = statement_hash(sql);
    Statement *found = find(statements, sql, hash);
    if (found && !found->taken) {
        if (statements->newest != found) {
            unlink_use(statements, found);
            link_newest(statements, found);
        }
        found->taken = true;
        *out = found;
        return SQLITE_OK;
    }
    sqlite3_stmt *stmt = NULL;
    int           rc = prepare(statements->sqlite, sql, &stmt);
    if (rc != SQLITE_OK)
        return rc;
    if (found) {
        *out = mem_alloc(sizeof **out);
        **out = (Statement){ .stmt = stmt };
    } else {
        keep(statements, sql, hash, stmt, out);
    }
    (*out)->taken = true;
    return SQLITE_OK;
}

void statement_give(Statement *statement)
{
    if (!statement->text) {
        sqlite3_finalize(statement->stmt);
        free(statement);
        return;
    }
    /* The result repeats the last error of step, which has been reported. */
    (void)sqlite3_reset(statement->stmt);
    sqlite3_clear_bindings(statement->stmt);
    statement->taken = false;
}

sqlite3_stmt *statement_borrow(const Statement *statement) { return statement->stmt; }

size_t statements_kept(const Statements *statements) { return statements->count; }

bool statement_is_kept(const Statements *statements, Str sql)
{
    return find(statements, sql, statement_hash(sql)) != NULL;
}
