/* kernel/import_file.h: the rows of a file that is imported: CSV, JSON Lines or a sheet of an XLSX. Private to
 * kernel/import*.
 *
 * Opened   what cannot be read at all is found when it is opened: of text all of it is read once, which also finds the
 *          members that objects have; of a spreadsheet what sheet/xlsx_read.h bounds.
 * Columns  the first row of a table, without its blanks; of JSON Lines every member that some object has, and of a
 *          record as the API shows it what names it, and those of its `fields`. */
#ifndef FM_KERNEL_IMPORT_FILE_H
#define FM_KERNEL_IMPORT_FILE_H

#include "base/csv.h"
#include "base/json.h"
#include "kernel/city.h"
#include "sheet/xlsx_read.h"

typedef enum ImportFormat { IMPORT_CSV, IMPORT_LINES, IMPORT_XLSX } ImportFormat; /* lines: JSON Lines */

typedef struct ImportGiven { /* a row as it was */
    size_t      line;
    Str        *cells; /* of CSV and XLSX */
    size_t      cell_count;
    const Json *object; /* of JSON Lines; NULL: the line cannot be read */
    Str         text;
} ImportGiven;

typedef struct ImportFile {
    ImportFormat format;
    Str         *columns;
    size_t       column_count;
    Problems    *problems; /* of what is wrong with the file as a whole */
    /* its own */
    Csv          csv;
    Str          rest; /* of the lines */
    size_t       line;
    XlsxReader  *xlsx;
    ImportGiven *ahead; /* rows read before their turn */
    size_t       ahead_count, ahead_at;
} ImportFile;

/* Where a staged file is; staged is its name alone. */
Str import_path(const City *city, Arena *arena, Str staged);
/* staged and sheet as they stand in the job; what was read lives in arena. *rows: without the head. *out can be closed
 * after an error, too. Errors: ECODE_FILE_MISSING and others of files, ECODE_TEXT_ENCODING, _IMPORT_HEADLESS, _CSV_*,
 * _SHEET_*. */
Err import_file_open(const City *city, Arena *arena, Str staged, Str sheet, Problems *problems, ImportFile *out,
                     int64_t *rows) MUST_CHECK;
Err import_file_next(ImportFile *file, Arena *arena, ImportGiven *out, bool *more) MUST_CHECK;
/* The next rows, at most `most`, which import_file_next() then gives all the same; once, before it is called. */
Err import_file_ahead(ImportFile *file, Arena *arena, size_t most) MUST_CHECK;
/* A cell without what keeps it from being a formula in CSV. */
Str  import_plain(const ImportFile *file, Str cell);
void import_file_close(ImportFile *file);

#endif
