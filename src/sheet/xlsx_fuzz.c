/* sheet/xlsx_fuzz.c: any sheet in a whole file: its rows come in order, with as many as were counted, or it is refused
 * with one reason. */
#include "base/csv.h"
#include "sheet/testing/make.h"
#include "sheet/xlsx_read.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(Arena *arena, const char *path)
{
    OWNED(xlsx) XlsxReader *reader = NULL;
    Problems                problems = { .arena = arena };
    size_t                  rows, found = 0, line = 0;
    Err                     err = xlsx_open(str_from(path), STR_NONE, &reader, &rows, &problems);
    for (bool more = true; !err.kind && more;) {
        XlsxRow row;
        err = xlsx_next(reader, arena, &row, &more, &problems);
        assert(!err.kind); /* what was read once is read again */
        assert(!more || (row.line > line && row.count > 0 && row.count <= CSV_CELLS_MAX));
        line = row.line;
        found += more;
    }
    assert(err.kind ? problems.count == 1 : found == rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    const char         *path = str_printf(arena, "/tmp/firstmile-xlsx-fuzz-%d", (int)getpid()).ptr;
    Str                 rows = str_dup(arena, (Str){ (const char *)data, size });
    make_workbook(arena, path, str_dup_z(arena, rows), "");
    read_all(arena, path);
    unlink(path);
    return 0;
}
