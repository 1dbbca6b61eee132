/* sheet/xlsx_fuzz.c: any sheet in a whole file, or where the first byte is a digit, any other part of one (6: the file
 * itself): its rows come in order, with as many as were counted, or it is refused with one reason. */
#include "base/csv.h"
#include "sheet/testing/make.h"
#include "sheet/xlsx_read.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(Arena *arena, const char *path)
{
    OWNED(xlsx) XlsxReader *reader = NULL;
    Problems                problems = { .arena = arena };
    XlsxWork                work;
    size_t                  found = 0, line = 0;
    Err                     err = xlsx_open(str_from(path), STR_NONE, &reader, &work, &problems);
    for (bool more = true; !err.kind && more;) {
        XlsxRow row;
        err = xlsx_next(reader, arena, &row, &more, &problems);
        assert(!err.kind); /* what was read once is read again */
        assert(!more || (row.line > line && row.count > 0 && row.count <= CSV_CELLS_MAX));
        line = row.line;
        found += more;
    }
    assert(err.kind ? problems.count == 1 : found == work.rows);
}

static void put_file(const char *path, Str bytes)
{
    FILE *file = fopen(path, "w");
    assert(file && fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len);
    fclose(file);
}

static void put_part(Arena *arena, const char *path, Str given)
{
    size_t part = (size_t)(given.ptr[0] - '0');
    Str    text = str_slice(given, 1, given.len);
    if (part < MADE_PARTS)
        make_workbook_with(arena, path, part, text);
    else
        put_file(path, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    const char         *path = str_printf(arena, "/tmp/firstmile-xlsx-fuzz-%d", (int)getpid()).ptr;
    Str                 given = str_dup(arena, (Str){ (const char *)data, size });
    if (size && given.ptr[0] >= '0' && given.ptr[0] <= '0' + MADE_PARTS)
        put_part(arena, path, given);
    else
        make_workbook(arena, path, str_dup_z(arena, given), "");
    read_all(arena, path);
    unlink(path);
    return 0;
}
