/* cli/table.c: see table.h. */
#include "cli/table.h"

#include "base/utf8.h"

#include <stdio.h>
#include <unistd.h>

#define GAP 2 /* blanks between columns */

Table table_new(Arena *arena, size_t columns) { return (Table){ .arena = arena, .columns = columns }; }

static Str one_line(Arena *arena, Str cell)
{
    char *text = arena_alloc(arena, cell.len);
    for (size_t i = 0; i < cell.len; i++)
        text[i] = (unsigned char)cell.ptr[i] < ' ' ? ' ' : cell.ptr[i];
    return (Str){ text, cell.len };
}

void table_row(Table *table, const Str *cells)
{
    if (table->rows == table->capacity) {
        size_t capacity = table->capacity ? 2 * table->capacity : 64, width = table->columns;
        table->cells = arena_grow(table->arena, table->cells, table->rows * width, capacity * width, sizeof *cells);
        table->capacity = capacity;
    }
    for (size_t i = 0; i < table->columns; i++)
        table->cells[table->rows * table->columns + i] = one_line(table->arena, cells[i]);
    table->rows++;
}

Str table_text(const Table *table, bool aligned)
{
    size_t *widths = ARENA_ARRAY(table->arena, size_t, table->columns);
    Buf     buf = buf_new(table->arena, SIZE_MAX);
    for (size_t i = 0; aligned && i < table->rows * table->columns; i++) {
        size_t width = utf8_columns(table->cells[i]), *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t i = 0; i < table->rows * table->columns; i++) {
        size_t column = i % table->columns;
        buf_add(&buf, table->cells[i]);
        if (column + 1 == table->columns)
            buf_char(&buf, '\n');
        else if (!aligned)
            buf_char(&buf, '\t');
        else
            for (size_t width = utf8_columns(table->cells[i]); width < widths[column] + GAP; width++)
                buf_char(&buf, ' ');
    }
    return buf_str(&buf);
}

void table_print(const Table *table)
{
    Str text = table_text(table, isatty(STDOUT_FILENO));
    fwrite(text.ptr, 1, text.len, stdout);
}
