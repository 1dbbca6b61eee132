/* kernel/rows.h: child rows that are kept with their record (fields of kind rows).
 *
 * Shape    the value is VALUE_ROWS, canonical text: a JSON array of objects, one a row in its order, keys in the
 *          order of the columns, each value as value_encode() spells it, missing ones left out:
 *              [{"part":"text:cell","cost":"decimal:12.50"}]
 *          So an event holds all rows of the field as one value, and the record's own column holds the same text.
 *          Beside it stands a table of typed columns (field->rows->table), which collections in filters read; it is
 *          written whenever the record's column is.
 * Limits   LIMIT_ROWS rows of a field, LIMIT_ROWS_BYTES of text.
 * Memory   everything is the arena's. */
#ifndef FM_KERNEL_ROWS_H
#define FM_KERNEL_ROWS_H

#include "kernel/record.h"

/* The rows as records of field->rows, with `parent`'s id and clearance (NULL: without these). What a column of before
 * held is passed over. ECODE_STORE_CORRUPT when the text is none. */
Err rows_read(Arena *arena, const Field *field, const Record *parent, Value value, Record **out,
              size_t *count) MUST_CHECK;
/* The value of these rows; missing when there are none. */
Value rows_value(Arena *arena, const Field *field, const Record *rows, size_t count);
/* Writes the rows of the field anew into its table. On the writer. */
Err rows_store(Db *db, const Field *field, const Record *parent, bool is_new) MUST_CHECK;
/* CREATE TABLE and CREATE INDEX of field->rows. */
Str rows_ddl(Arena *arena, const Field *field);

#endif
