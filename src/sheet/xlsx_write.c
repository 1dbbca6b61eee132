#include "sheet/xlsx_write.h"

#include "base/buf.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/utf8.h"
#include "sheet/cells.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <xlsxwriter.h>
#include <zip.h>

#define DIGITS      15 /* that a spreadsheet keeps */
#define SHEET_NAME  31 /* code points */
#define NARROW      12.0
#define WIDE        40.0
#define FILE_BUFFER 262144
#define LISTS_SHEET "lists"
#define SHEET_PART  "xl/worksheets/sheet1.xml"
#define ROWS_END    "</sheetData>"
#define LEVEL       3 /* of deflate: of a sheet a tenth larger than with zlib's own, 6, in less than half of the time */

/* libxlsxwriter 1.1.4 never frees the formula of a drop-down, some 20 bytes each. */
#if defined(__SANITIZE_ADDRESS__)
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:lxw_strdup"; }
#endif

struct XlsxWriter {
    Arena         *arena, *row_arena;
    Str            path; /* ends in NUL */
    XlsxColumn    *columns;
    size_t         count;
    lxw_workbook  *book;
    lxw_worksheet *sheet, *lists;
    lxw_format    *head, *date, **numbers; /* numbers: by column */
    Str           *letters;                /* of the columns */
    int32_t       *styles;                 /* of dates and numbers, by column */
    Buf            row;                    /* as it is written */
    Str            line;                   /* its number */
    FILE          *rows;                   /* all of them, below the head */
    lxw_row_t      next;
};

static Err failed(const XlsxWriter *writer, const char *what)
{
    return err_make(errno == ENOSPC || errno == EDQUOT ? ECODE_STORE_FULL : ECODE_FILE_READ, "%.*s: %s",
                    STR_FMT(writer->path), what);
}

/* ---- the sheet ---- */

/* Without what a name may not hold, and no longer than it may be. */
static const char *sheet_name(Arena *arena, Str wanted)
{
    Str   clipped = utf8_clip(wanted, SHEET_NAME);
    char *name = (char *)str_dup_z(arena, clipped);
    for (size_t i = 0; i < clipped.len; i++)
        if (strchr("[]:*?/\\'", name[i]))
            name[i] = ' ';
    return clipped.len && strcmp(name, LISTS_SHEET) != 0 ? name : "data";
}

static lxw_format *number_format(XlsxWriter *writer, const XlsxColumn *column)
{
    lxw_format *format = workbook_add_format(writer->book);
    Buf         code = buf_new(writer->arena, SIZE_MAX);
    buf_add(&code, column->scale ? STR("0.") : STR("0"));
    for (unsigned i = 0; i < column->scale; i++)
        buf_char(&code, '0');
    buf_char(&code, '\0');
    format_set_num_format(format, code.ptr);
    return format;
}

static void add_formats(XlsxWriter *writer)
{
    writer->head = workbook_add_format(writer->book);
    format_set_bold(writer->head);
    format_set_bottom(writer->head, LXW_BORDER_THIN);
    writer->date = workbook_add_format(writer->book);
    format_set_num_format(writer->date, "yyyy-mm-dd");
    writer->numbers = ARENA_ARRAY(writer->arena, lxw_format *, writer->count);
    for (size_t i = 0; i < writer->count; i++)
        if (writer->columns[i].kind == XLSX_NUMBER)
            writer->numbers[i] = number_format(writer, &writer->columns[i]);
}

static void add_head(XlsxWriter *writer)
{
    for (size_t i = 0; i < writer->count; i++) {
        const XlsxColumn *column = &writer->columns[i];
        lxw_col_t         at = (lxw_col_t)i;
        worksheet_set_column(writer->sheet, at, at,
                             column->kind == XLSX_TEXT && !column->word_count ? WIDE / 2 : NARROW, NULL);
        worksheet_write_string(writer->sheet, 0, at, str_dup_z(writer->arena, cell_escape(writer->arena, column->head)),
                               writer->head);
        if (column->note.len)
            worksheet_write_comment(writer->sheet, 0, at, str_dup_z(writer->arena, column->note));
    }
    worksheet_freeze_panes(writer->sheet, 1, 0);
    if (writer->count)
        worksheet_autofilter(writer->sheet, 0, 0, 0, (lxw_col_t)(writer->count - 1));
    lxw_worksheet_write_single_row(writer->sheet);
    writer->next = 1;
}

/* What its cells have in common. */
static void add_columns(XlsxWriter *writer)
{
    writer->letters = ARENA_ARRAY(writer->arena, Str, writer->count);
    writer->styles = ARENA_ARRAY(writer->arena, int32_t, writer->count);
    for (size_t i = 0; i < writer->count; i++) {
        char        name[LXW_MAX_COL_NAME_LENGTH];
        lxw_format *format = writer->columns[i].kind == XLSX_DATE ? writer->date : writer->numbers[i];
        lxw_col_to_name(name, (lxw_col_t)i, 0);
        writer->letters[i] = str_dup(writer->arena, str_from(name));
        writer->styles[i] = format ? lxw_format_get_xf_index(format) : 0;
    }
}

/* ---- drop-downs: their words stand on a sheet of their own, since a rule holds few ---- */

static size_t longest_list(const XlsxWriter *writer)
{
    size_t longest = 0;
    for (size_t i = 0; i < writer->count; i++)
        if (writer->columns[i].word_count > longest)
            longest = writer->columns[i].word_count;
    return longest;
}

static void add_rule(XlsxWriter *writer, size_t column)
{
    char                range[64], from[16], to[16];
    lxw_data_validation rule = { .validate = LXW_VALIDATION_TYPE_LIST_FORMULA,
                                 .error_type = LXW_VALIDATION_ERROR_TYPE_WARNING };
    lxw_rowcol_to_cell_abs(from, 0, (lxw_col_t)column, 1, 1);
    lxw_rowcol_to_cell_abs(to, (lxw_row_t)(writer->columns[column].word_count - 1), (lxw_col_t)column, 1, 1);
    snprintf(range, sizeof range, "=" LISTS_SHEET "!%s:%s", from, to);
    rule.value_formula = range;
    worksheet_data_validation_range(writer->sheet, 1, (lxw_col_t)column, XLSX_OPEN_ROWS, (lxw_col_t)column, &rule);
}

static void add_lists(XlsxWriter *writer)
{
    size_t rows = longest_list(writer);
    if (!rows)
        return;
    writer->lists = workbook_add_worksheet(writer->book, LISTS_SHEET);
    worksheet_hide(writer->lists);
    for (size_t row = 0; row < rows; row++) /* row by row: what is behind one cannot be written any more */
        for (size_t i = 0; i < writer->count; i++)
            if (row < writer->columns[i].word_count)
                worksheet_write_string(
                    writer->lists, (lxw_row_t)row, (lxw_col_t)i,
                    str_dup_z(writer->arena, cell_escape(writer->arena, writer->columns[i].words[row])), NULL);
    for (size_t i = 0; i < writer->count; i++)
        if (writer->columns[i].word_count)
            add_rule(writer, i);
}

Err xlsx_begin(Str path, Str folder, Str sheet, const XlsxColumn *columns, size_t count, XlsxWriter **out)
{
    Arena               *arena = arena_new();
    XlsxWriter          *writer = ARENA_NEW(arena, XlsxWriter);
    lxw_workbook_options options = { .constant_memory = 1, .tmpdir = (char *)str_dup_z(arena, folder) };
    *writer = (XlsxWriter){
        .arena = arena, .row_arena = arena_new(), .path = str_from(str_dup_z(arena, path)), .count = count
    };
    writer->columns = ARENA_ARRAY(arena, XlsxColumn, count);
    memcpy(writer->columns, columns, count * sizeof *columns);
    errno = 0;
    writer->book = workbook_new_opt(writer->path.ptr, &options);
    writer->sheet = writer->book ? workbook_add_worksheet(writer->book, sheet_name(arena, sheet)) : NULL;
    writer->rows = writer->sheet ? lxw_tmpfile(options.tmpdir) : NULL;
    if (!writer->rows) {
        Err err = failed(writer, "no temporary file");
        xlsx_drop(writer);
        return err;
    }
    setvbuf(writer->rows, NULL, _IOFBF, FILE_BUFFER);
    writer->row = buf_new(arena, SIZE_MAX);
    add_formats(writer);
    add_head(writer);
    add_columns(writer);
    add_lists(writer);
    *out = writer;
    return ERR_OK;
}

/* ---- a row, as it stands in the sheet: the library writes rows, too, but takes twice as long for each cell ---- */

/* What a cell takes: the text, or of one that is too long a whole beginning with "…" to the cell's very end, by which
 * the reader knows it. What is escaped counts as it is written; so a text is cut before the first of it. */
static Str fitted(Arena *arena, Str text)
{
    Buf    buf = buf_new(arena, SIZE_MAX);
    Str    escaped = cell_escape(arena, text);
    size_t units = 0, at = 0;
    if (escaped.len <= CELL_UNITS_MAX || cell_units(escaped) <= CELL_UNITS_MAX)
        return escaped;
    while (at < text.len && !cell_escapes(text, at)) {
        size_t from = at, more = utf8_next(text, &at) > 0xFFFF ? 2 : 1;
        if (units + more >= CELL_UNITS_MAX)
            break;
        buf_add(&buf, str_slice(text, from, at));
        units += more;
    }
    for (; units < CELL_UNITS_MAX; units++)
        buf_add(&buf, STR("…"));
    return buf_str(&buf);
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* What XML does not take as it is; a character that it cannot say as spreadsheets do (sheet/cells.h). */
static void add_escaped(Buf *out, Str text)
{
    size_t from = 0;
    for (size_t at = 0; at < text.len; at++) {
        unsigned char c = (unsigned char)text.ptr[at];
        if (c > '>' || (c >= ' ' && c != '&' && c != '<' && c != '>') || c == '\t' || c == '\n')
            continue;
        buf_add(out, str_slice(text, from, at));
        from = at + 1;
        if (c < ' ')
            buf_printf(out, "_x%04X_", c);
        else
            buf_add(out, c == '&' ? STR("&amp;") : c == '<' ? STR("&lt;") : STR("&gt;"));
    }
    buf_add(out, str_slice(text, from, text.len));
}

static void begin_cell(XlsxWriter *writer, size_t column, int32_t style)
{
    buf_add(&writer->row, STR("<c r=\""));
    buf_add(&writer->row, writer->letters[column]);
    buf_add(&writer->row, writer->line);
    if (style) {
        buf_add(&writer->row, STR("\" s=\""));
        buf_int(&writer->row, style);
    }
}

static void add_text(XlsxWriter *writer, size_t column, Str cell)
{
    Str  text = fitted(writer->row_arena, cell);
    bool spaced = is_space(text.ptr[0]) || is_space(text.ptr[text.len - 1]);
    begin_cell(writer, column, 0);
    buf_add(&writer->row,
            spaced ? STR("\" t=\"inlineStr\"><is><t xml:space=\"preserve\">") : STR("\" t=\"inlineStr\"><is><t>"));
    add_escaped(&writer->row, text);
    buf_add(&writer->row, STR("</t></is></c>"));
}

static void add_number(XlsxWriter *writer, size_t column, double number)
{
    begin_cell(writer, column, writer->styles[column]);
    buf_printf(&writer->row, "\"><v>%.16G</v></c>", number);
}

static void add_truth(XlsxWriter *writer, size_t column, bool truth)
{
    begin_cell(writer, column, 0);
    buf_add(&writer->row, truth ? STR("\" t=\"b\"><v>1</v></c>") : STR("\" t=\"b\"><v>0</v></c>"));
}

/* The nearest double, where it has all digits. */
static bool number_of(Str cell, double *out)
{
    Decimal decimal;
    size_t  digits = 0;
    double  power = 1;
    for (size_t i = 0; i < cell.len; i++)
        digits += cell.ptr[i] >= '0' && cell.ptr[i] <= '9';
    if (digits > DIGITS || !decimal_parse(cell, &decimal))
        return false;
    for (uint8_t i = 0; i < decimal.scale; i++)
        power *= 10; /* exact, and so the quotient is rounded once */
    *out = (double)decimal.units / power;
    return true;
}

static void add_date(XlsxWriter *writer, size_t column, Str cell)
{
    int64_t day;
    Date    date;
    if (!date_parse(cell, &day) || (date = date_from_day(day)).year < 1900) {
        add_text(writer, column, cell);
        return;
    }
    lxw_datetime when = { .year = date.year, .month = date.month, .day = date.day };
    add_number(writer, column, lxw_datetime_to_excel_datetime(&when));
}

static void add_cell(XlsxWriter *writer, size_t i, Str cell)
{
    double number;
    switch (writer->columns[i].kind) {
    case XLSX_NUMBER:
        if (!number_of(cell, &number))
            break;
        add_number(writer, i, number);
        return;
    case XLSX_DATE: add_date(writer, i, cell); return;
    case XLSX_TRUTH: add_truth(writer, i, str_eq(cell, STR("true"))); return;
    case XLSX_TEXT: break;
    }
    add_text(writer, i, cell);
}

Err xlsx_add(XlsxWriter *writer, const Str *cells)
{
    if (writer->next > XLSX_ROWS_MAX)
        return err_make(ECODE_SHEET_ROWS, "%d", XLSX_ROWS_MAX);
    arena_reset(writer->row_arena);
    errno = 0;
    writer->line = str_printf(writer->row_arena, "%u", writer->next + 1);
    writer->row.len = 0;
    buf_add(&writer->row, STR("<row r=\""));
    buf_add(&writer->row, writer->line);
    buf_add(&writer->row, STR("\">"));
    for (size_t i = 0; i < writer->count; i++)
        if (cells[i].len)
            add_cell(writer, i, cells[i]);
    buf_add(&writer->row, STR("</row>"));
    fwrite(writer->row.ptr, writer->row.len, 1, writer->rows);
    writer->sheet->dim_rowmax = writer->next++;
    return ferror(writer->rows) ? failed(writer, "writing") : ERR_OK;
}

/* ---- the rows come into the book: the library packs with zlib's level, which cannot be set, and copies each row twice
 * before; so it makes a book of the head alone, and libzip puts the rows behind that ---- */

typedef struct Sheet { /* as it is read while it is packed */
    FILE       *rows;
    Str         head, tail; /* of the library's */
    size_t      at;         /* in head, then in tail */
    bool        in_tail;
    zip_error_t error;
} Sheet;

static zip_int64_t part_read(Sheet *sheet, Str part, char *out, size_t room)
{
    size_t left = part.len - sheet->at, size = left < room ? left : room;
    memcpy(out, part.ptr + sheet->at, size);
    sheet->at += size;
    return (zip_int64_t)size;
}

static zip_int64_t sheet_read(Sheet *sheet, char *out, size_t room)
{
    if (!sheet->in_tail && sheet->at < sheet->head.len)
        return part_read(sheet, sheet->head, out, room);
    size_t got = sheet->in_tail ? 0 : fread(out, 1, room, sheet->rows);
    if (got)
        return (zip_int64_t)got;
    if (ferror(sheet->rows)) {
        zip_error_set(&sheet->error, ZIP_ER_READ, errno);
        return -1;
    }
    sheet->at = sheet->in_tail ? sheet->at : 0;
    sheet->in_tail = true;
    return part_read(sheet, sheet->tail, out, room);
}

static zip_int64_t sheet_source(void *context, void *data, zip_uint64_t size, zip_source_cmd_t command)
{
    Sheet *sheet = context;
    switch (command) {
    case ZIP_SOURCE_OPEN:
        sheet->at = 0;
        sheet->in_tail = false;
        rewind(sheet->rows);
        return 0;
    case ZIP_SOURCE_READ: return sheet_read(sheet, data, size);
    case ZIP_SOURCE_STAT: zip_stat_init(data); return sizeof(zip_stat_t);
    case ZIP_SOURCE_ERROR: return zip_error_to_data(&sheet->error, data, size);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE: return 0;
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    default: zip_error_set(&sheet->error, ZIP_ER_OPNOTSUPP, 0); return -1;
    }
}

/* The sheet as the library left it: its head, and what follows the rows. */
static bool sheet_parts(Arena *arena, zip_t *zip, zip_uint64_t index, Sheet *out)
{
    zip_stat_t  stat;
    zip_file_t *file = zip_stat_index(zip, index, 0, &stat) == 0 ? zip_fopen_index(zip, index, 0) : NULL;
    if (!file)
        return false;
    Str         whole = { arena_alloc(arena, stat.size), stat.size };
    zip_int64_t got = zip_fread(file, (char *)whole.ptr, whole.len);
    zip_fclose(file);
    size_t end = str_find(whole, STR(ROWS_END));
    out->head = str_slice(whole, 0, end);
    out->tail = str_slice(whole, end, whole.len);
    return got == (zip_int64_t)whole.len && end < whole.len;
}

/* As a new part: of one that is replaced libzip keeps no level. */
static bool sheet_put(const XlsxWriter *writer, zip_t *zip, Sheet *sheet)
{
    zip_int64_t index = zip_name_locate(zip, SHEET_PART, 0);
    if (index < 0 || !sheet_parts(writer->arena, zip, (zip_uint64_t)index, sheet) ||
        zip_delete(zip, (zip_uint64_t)index) != 0)
        return false;
    zip_source_t *source = zip_source_function(zip, sheet_source, sheet);
    index = source ? zip_file_add(zip, SHEET_PART, source, 0) : -1;
    if (index < 0)
        zip_source_free(source);
    return index >= 0 && zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_DEFLATE, LEVEL) == 0;
}

static Err add_rows(const XlsxWriter *writer)
{
    int    code = 0;
    zip_t *zip = zip_open(writer->path.ptr, 0, &code);
    if (!zip)
        return failed(writer, "opening the packed file");
    Sheet sheet = { .rows = writer->rows };
    zip_error_init(&sheet.error);
    if (sheet_put(writer, zip, &sheet) && zip_close(zip) == 0)
        return ERR_OK;
    Err err = failed(writer, zip_strerror(zip));
    zip_discard(zip);
    return err;
}

/* ---- the end ---- */

static void writer_free(XlsxWriter *writer)
{
    if (writer->rows)
        fclose(writer->rows);
    arena_free(writer->row_arena);
    arena_free(writer->arena);
}

Err xlsx_finish(XlsxWriter *writer)
{
    errno = 0;
    bool      lost = fflush(writer->rows) != 0;
    lxw_error error = workbook_close(writer->book);
    Err       err = ERR_OK;
    if (lost || error != LXW_NO_ERROR)
        err = failed(writer, lost ? "writing" : lxw_strerror(error));
    else if (writer->next > 1)
        err = add_rows(writer);
    if (err.kind)
        unlink(writer->path.ptr);
    writer_free(writer);
    return err;
}

void xlsx_drop(XlsxWriter *writer)
{
    if (!writer)
        return;
    if (writer->book)
        lxw_workbook_free(writer->book);
    unlink(writer->path.ptr);
    writer_free(writer);
}
