#include "kernel/setting.h"

static const Str sql_put = STR_INIT(
    "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
static const Str sql_get = STR_INIT("SELECT value FROM setting WHERE name = ?");
static const Str sql_drop = STR_INIT("DELETE FROM setting WHERE name = ?");

Err setting_get(Arena *arena, Db *db, Str name, Str *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_text(name);
    bool              more;
    TRY(db_query(db, sql_get, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    *out = more ? str_dup(arena, rows_borrow_text(rows, 0)) : STR_NONE;
    return ERR_OK;
}

Err setting_put(Db *db, Str name, Str value)
{
    Value row[] = { value_text(name), value_text(value) };
    return db_run(db, sql_put, row, 2);
}

Err setting_drop(Db *db, Str name)
{
    Value key = value_text(name);
    return db_run(db, sql_drop, &key, 1);
}
