/* web/export.h: what the formats of an export share. A row is made of the very JSON that a list shows of the record, so
 * that an export can tell nothing that a list would not. Private to web/. */
#ifndef FM_WEB_EXPORT_H
#define FM_WEB_EXPORT_H

#include "web/call.h"

typedef struct ExportColumn {
    const Field *field;
    bool         text; /* whatever somebody typed; else a number, a date or a truth */
} ExportColumn;

typedef struct ExportFormat ExportFormat;

typedef struct Export {
    const ExportFormat *format;
    const Type         *type;
    Query               query;
    Wanted              wanted;
    ExportColumn       *columns; /* what every record has, then its fields */
    size_t              head_count, count;
    bool                labels; /* name the columns, not the names of the fields */
    Buf                 cursor;
    bool                begun, ended;
    struct XlsxWriter  *sheet; /* of XLSX, while it is written */
} Export;

struct ExportFormat {
    const char *name, *media;
    Err (*head)(Export *export, const Call *call, Buf *out);
    Err (*row)(Export *export, const Call *call, const Json *record, Buf *out);
};

/* The values of a record in the order of the columns; NULL: missing. */
const Json **export_cells(Arena *arena, const Export *export, const Json *record);
/* A value as one cell's text; "" for a missing one. */
Str export_cell_text(Arena *arena, const ExportColumn *column, const Json *value);
/* The next page of the list into out; export->ended after the last. A CallPiece's work: one snapshot. */
Err export_page(Call *call, Export *export, Buf *out, Problems *problems) MUST_CHECK;
/* The parameter, one of a few words; the first when it is absent. */
size_t export_word(const Call *call, const char *name, const Str *words, size_t count, Problems *problems);
/* Answers with the head alone, as CSV. */
void export_head(Call *call, Export *export);
/* "result-2025-01-31.csv" */
Str  export_name(Call *call, const Type *type, const char *suffix);
void export_attach(Call *call, Str name); /* what the answer is saved as */

/* export_sheet.c: XLSX, which is written whole, aside, before its first byte is sent; and the empty table. */
extern const ExportFormat export_xlsx;
void                      export_sheet(Call *call, Export *export);

typedef struct SheetSource {
    Str                      name, sheet; /* what it is saved as; of the sheet in it */
    const struct XlsxColumn *columns;     /* of sheet/xlsx_write.h */
    size_t                   count;
    /* On another thread, which alone has copy and context meanwhile; NULL: none. */
    Err (*rows)(Call *copy, void *context, struct XlsxWriter *writer, Problems *problems);
    void *context;
} SheetSource;
void sheet_send(Call *call, const SheetSource *source);

#endif
