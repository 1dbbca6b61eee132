/* kernel/record.h: records as rows of their type's own table.
 *
 * Shape    one SQL table per type, one typed column per stored field (text, id, choice, lists, rows -> TEXT; the rest
 *          -> INTEGER, see base/value.h); a reference is indexed, and so is a unique field. Child rows have a table of
 *          their own beside it (kernel/rows.h). Values are true values: what a person may see is access.h's business;
 *          computed ones are missing until access_computed() has worked them out. */
#ifndef FM_KERNEL_RECORD_H
#define FM_KERNEL_RECORD_H

#include "kernel/city.h"

typedef struct Clearance { /* a Class per compartment */
    uint8_t in[COMPARTMENTS_MAX];
} Clearance;

typedef struct Record {
    const Type *type;
    Value      *values;    /* type->field_count of them, true values */
    Clearance   clearance; /* of the actor who found it */
} Record;

static inline Str     record_id(const Record *r) { return r->values[SYS_ID].text; }
static inline int64_t record_version(const Record *r) { return r->values[SYS_VERSION].number; }
int                   record_state(const Record *record); /* index in type->states */

/* Statements: the tables of the type and of its child rows; their indexes, which follow the rights of all types;
 * both. */
Str record_tables(Arena *arena, const Type *type);
Str record_indexes(Arena *arena, const Type *type);
Str record_ddl(Arena *arena, const Type *type);
/* Names of indexes are the database's, not the table's: those of before would be in the way of the new ones. */
Err record_drop_indexes(Db *db, Arena *arena, Str table) MUST_CHECK;
/* The statements that a type keeps, and its fields in the order of their names: made once, when its pack is loaded. */
void record_statements(Arena *arena, Type *type);
/* The field whose value a reader of lang is shown: its translation when the record has one, else itself. */
const Field *field_in_language(const Record *record, const Field *field, Lang lang);
/* True values of one record; *found false when there is none. No access check: kernel only. */
Err record_load(Db *db, Arena *arena, const Type *type, Str id, Record *out, bool *found) MUST_CHECK;
/* Records whose reference field link holds id, oldest first, at most CHILDREN_MAX (ECODE_EXPR_OVERFLOW beyond). */
#define CHILDREN_MAX 10000
Err record_children(Db *db, Arena *arena, const Type *type, const Field *link, Str id, Record **out,
                    size_t *count) MUST_CHECK;
/* "c1, c2, …" of all columns, each behind "alias." when alias is not empty; and how to read them back. */
void record_columns(Buf *buf, const Type *type, Str alias);
void record_from_row(Arena *arena, const Type *type, const Rows *rows, int first_column, Record *out);
/* Both write the tables of child rows, too. */
Err record_insert(Db *db, const Record *record) MUST_CHECK;
/* Writes the set fields of an existing record. */
Err record_update(Db *db, Arena *arena, const Record *record, const bool *set) MUST_CHECK;

#endif
