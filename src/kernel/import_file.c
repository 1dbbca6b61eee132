#include "kernel/import_file.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/import.h"

#include <errno.h>
#include <sys/stat.h>

/* ---- where it is ---- */

static const struct Suffix {
    Str          suffix;
    ImportFormat format;
} suffixes[] = {
    { STR_INIT(".csv"), IMPORT_CSV },        { STR_INIT(".csv.gz"), IMPORT_CSV }, { STR_INIT(".jsonl"), IMPORT_LINES },
    { STR_INIT(".jsonl.gz"), IMPORT_LINES }, { STR_INIT(".xlsx"), IMPORT_XLSX },
};

static const struct Suffix *suffix_of(Str name)
{
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (str_ends(name, suffixes[i].suffix))
            return &suffixes[i];
    return NULL;
}

Str import_path(const City *city, Arena *arena, Str staged)
{
    return str_printf(arena, "%.*s/imports/%.*s", STR_FMT(city->dir), STR_FMT(staged));
}

/* UUID, a dash, the mark of whoever sent it, suffix. Of an earlier release there was no mark. */
#define MARK_SIZE 32

static Str mark_of(const City *city, Arena *arena, Str uuid, Str person)
{
    Str  text = str_printf(arena, "firstmile import 1\n%.*s\n%.*s\n", STR_FMT(uuid), STR_FMT(person));
    Hash mark = hmac_sha256(hash_str(&city->secret), text);
    return str_slice(hex_encode(arena, hash_str(&mark)), 0, MARK_SIZE);
}

bool import_is_of(const City *city, Arena *arena, Str file, Str person)
{
    const struct Suffix *suffix = suffix_of(file);
    if (!suffix || file.len != UUID_TEXT_SIZE + 1 + MARK_SIZE + suffix->suffix.len)
        return false;
    Str mark = str_slice(file, UUID_TEXT_SIZE + 1, UUID_TEXT_SIZE + 1 + MARK_SIZE);
    return bytes_eq_secret(mark, mark_of(city, arena, str_slice(file, 0, UUID_TEXT_SIZE), person));
}

Err import_stage(const City *city, Arena *arena, Str person, Str name, Str sheet, Staged *staged, Str *out)
{
    const struct Suffix *suffix = suffix_of(name);
    if (!suffix)
        return err_make(ECODE_IMPORT_FORMAT, "%.*s", STR_FMT(name));
    if (sheet.len && suffix->format != IMPORT_XLSX)
        return err_make(ECODE_IMPORT_SHEET, "%.*s", STR_FMT(name));
    const char *folder = str_dup_z(arena, str_printf(arena, "%.*s/imports", STR_FMT(city->dir)));
    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        return err_make(errno == ENOSPC ? ECODE_STORE_FULL : ECODE_FILE_READ, "%s: %m", folder);
    Str uuid = uuid_make(city->ids, arena), mark = mark_of(city, arena, uuid, person);
    *out = str_printf(arena, "%.*s-%.*s%.*s", STR_FMT(uuid), STR_FMT(mark), STR_FMT(suffix->suffix));
    TRY(staged_flush(staged));
    return staged_move(staged, import_path(city, arena, *out));
}

/* ---- rows ---- */

static bool is_blank(const ImportGiven *given) { return given->cell_count == 1 && str_trim(given->cells[0]).len == 0; }

static Err cells_fault(const ImportFile *file, size_t line, Err err)
{
    Arena *arena = file->problems->arena;
    PROBLEM(file->problems, err.code, STR_NONE, STR_NONE, ARG("line", str_printf(arena, "%zu", line)),
            ARG("found", str_printf(arena, "> %d", CSV_CELLS_MAX)),
            ARG("expected", str_printf(arena, "<= %d", CSV_CELLS_MAX)));
    return err;
}

static Err next_csv(ImportFile *file, Arena *arena, ImportGiven *out, bool *more)
{
    do {
        Err err = csv_next(&file->csv, arena, &out->cells, &out->cell_count, more);
        if (err.kind)
            return cells_fault(file, file->csv.line, err);
    } while (*more && is_blank(out));
    out->line = file->csv.line;
    return ERR_OK;
}

static Err next_line(ImportFile *file, Arena *arena, ImportGiven *out, bool *more)
{
    Json *object;
    do {
        *more = file->rest.len > 0;
        out->text = str_trim(str_cut(&file->rest, '\n'));
        out->line = ++file->line;
    } while (*more && !out->text.len);
    if (*more && !json_parse(arena, out->text, &object).kind)
        out->object = object;
    return ERR_OK;
}

/* A row of a spreadsheet ends at its last value; the cells behind it are empty. */
static Err next_xlsx(ImportFile *file, Arena *arena, ImportGiven *out, bool *more)
{
    XlsxRow row;
    TRY(xlsx_next(file->xlsx, arena, &row, more, file->problems));
    if (!*more)
        return ERR_OK;
    size_t count = row.count < file->column_count ? file->column_count : row.count;
    out->line = row.line;
    out->cells = ARENA_ARRAY(arena, Str, count);
    out->cell_count = count;
    for (size_t i = 0; i < count; i++)
        out->cells[i] = i < row.count ? row.cells[i] : STR("");
    return ERR_OK;
}

static Err row_next(ImportFile *file, Arena *arena, ImportGiven *out, bool *more)
{
    static Err (*const next[])(ImportFile *, Arena *, ImportGiven *, bool *) = {
        [IMPORT_CSV] = next_csv, [IMPORT_LINES] = next_line, [IMPORT_XLSX] = next_xlsx
    };
    *out = (ImportGiven){ 0 };
    return next[file->format](file, arena, out, more);
}

static Err add_column(ImportFile *file, Arena *arena, Str name)
{
    for (size_t i = 0; i < file->column_count; i++)
        if (str_eq(file->columns[i], name))
            return ERR_OK;
    if (file->column_count == CSV_CELLS_MAX)
        return cells_fault(file, (size_t)file->line, err_make(ECODE_CSV_CELLS, "members"));
    file->columns[file->column_count++] = str_dup(arena, name);
    return ERR_OK;
}

/* Members of the object; of a record as the API shows it what names it, and its `fields`. */
static Err add_columns(ImportFile *file, Arena *arena, const Json *object)
{
    static const Str names[] = { STR_INIT("id"), STR_INIT("number"), STR_INIT("version") };
    const Json      *fields = json_get(object, STR("fields"));
    bool             record = fields && fields->kind == JSON_OBJECT;
    JSON_EACH(member, record ? fields : object)
        TRY(add_column(file, arena, member->key));
    for (size_t i = 0; record && i < sizeof names / sizeof *names; i++)
        if (json_get(object, names[i]))
            TRY(add_column(file, arena, names[i]));
    return ERR_OK;
}

/* Reads all of a text once: what cannot be read at all is found before its first row goes in. */
static Err scan_text(ImportFile *file, Arena *arena, int64_t *rows)
{
    OWNED(arena) Arena *scratch = arena_new();
    ImportFile          ahead = *file;
    ImportGiven         given;
    *rows = 0;
    for (bool more;;) {
        arena_reset(scratch);
        TRY(row_next(&ahead, scratch, &given, &more));
        if (!more)
            return ERR_OK;
        if (given.object && given.object->kind == JSON_OBJECT)
            TRY(add_columns(file, arena, given.object));
        ++*rows;
    }
}

/* The first row of a table names its columns. */
static Err read_head(ImportFile *file, Arena *arena)
{
    ImportGiven head;
    bool        more;
    TRY(row_next(file, arena, &head, &more));
    if (!more)
        return err_make(ECODE_IMPORT_HEADLESS, "no row at all");
    file->column_count = head.cell_count;
    file->columns = ARENA_ARRAY(arena, Str, file->column_count);
    for (size_t i = 0; i < file->column_count; i++)
        file->columns[i] = str_dup(arena, str_trim(head.cells[i]));
    return ERR_OK;
}

static Err open_text(ImportFile *file, Arena *arena, Str path, int64_t *rows)
{
    Str text;
    TRY(file_read(arena, path, LIMIT_IMPORT_FILE_BYTES, &text));
    if (str_starts(text, STR(CSV_BYTE_ORDER_MARK)))
        text = str_slice(text, strlen(CSV_BYTE_ORDER_MARK), text.len);
    if (!utf8_valid(text))
        return err_make(ECODE_TEXT_ENCODING, "import");
    file->rest = text;
    file->csv = csv_open(text);
    if (file->format == IMPORT_CSV)
        TRY(read_head(file, arena));
    else
        file->columns = ARENA_ARRAY(arena, Str, CSV_CELLS_MAX);
    return scan_text(file, arena, rows);
}

static Err open_xlsx(ImportFile *file, Arena *arena, Str path, Str sheet, int64_t *rows)
{
    XlsxWork work;
    TRY(xlsx_open(path, sheet, &file->xlsx, &work, file->problems));
    *rows = work.rows ? (int64_t)work.rows - 1 : 0;
    return read_head(file, arena);
}

/* ---- opening ---- */

/* The name is ours, however it came into the record: it leads nowhere but to a file of the folder. */
static bool is_staged(Arena *arena, Str staged, const struct Suffix *suffix)
{
    if (!suffix || staged.len < UUID_TEXT_SIZE + suffix->suffix.len ||
        !uuid_valid(str_slice(staged, 0, UUID_TEXT_SIZE)))
        return false;
    Str bytes, mark = str_slice(staged, UUID_TEXT_SIZE, staged.len - suffix->suffix.len);
    return !mark.len ||
           (mark.len == 1 + MARK_SIZE && mark.ptr[0] == '-' && hex_decode(arena, str_slice(mark, 1, mark.len), &bytes));
}

Err import_file_open(const City *city, Arena *arena, Str staged, Str sheet, Problems *problems, ImportFile *out,
                     int64_t *rows)
{
    const struct Suffix *suffix = suffix_of(staged);
    *out = (ImportFile){ .problems = problems };
    if (!is_staged(arena, staged, suffix))
        return err_make(ECODE_FILE_MISSING, "%.*s", STR_FMT(staged));
    Str path = import_path(city, arena, staged);
    out->format = suffix->format;
    return suffix->format == IMPORT_XLSX ? open_xlsx(out, arena, path, sheet, rows) : open_text(out, arena, path, rows);
}

Err import_file_next(ImportFile *file, Arena *arena, ImportGiven *out, bool *more)
{
    *more = file->ahead_at < file->ahead_count;
    if (!*more)
        return row_next(file, arena, out, more);
    *out = file->ahead[file->ahead_at++];
    return ERR_OK;
}

Err import_file_ahead(ImportFile *file, Arena *arena, size_t most)
{
    bool more = true;
    file->ahead = ARENA_ARRAY(arena, ImportGiven, most);
    while (more && file->ahead_count < most) {
        TRY(row_next(file, arena, &file->ahead[file->ahead_count], &more));
        file->ahead_count += more;
    }
    return ERR_OK;
}

Str import_plain(const ImportFile *file, Str cell)
{
    return file->format == IMPORT_CSV ? csv_text(str_trim(cell)) : cell;
}

void import_file_close(ImportFile *file) { xlsx_close(file->xlsx); }
