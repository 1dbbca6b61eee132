#include "sheet/xlsx_book.h"

#include "base/buf.h"
#include "base/limits.h"

#include <stdlib.h>

#define SHEETS_MAX    1000
#define RELATIONS_MAX 2000
#define NAME_BYTES    1024  /* of what the file calls its parts and sheets by; a spreadsheet takes 31 characters */
#define FORMATS_MAX   65536 /* of cells */
#define OWN_MAX       1024  /* of numbers, that the file brings */
#define STRINGS_MAX   10000000

#define NAMED(element, word) str_eq((element), STR(word))

static void end_nothing(void *context, Str name) { (void)context, (void)name; }
static void text_nothing(void *context, Str text) { (void)context, (void)text; }

/* ---- relations: which part is what ---- */

typedef struct Relation {
    Str id, kind, target; /* kind: the last word of its type */
} Relation;

typedef struct Relations {
    Arena    *arena;
    Relation *items;
    size_t    count, room;
    Err       err;
} Relations;

static Str last_word(Str path)
{
    while (memchr(path.len ? path.ptr : "", '/', path.len))
        str_cut(&path, '/');
    return path;
}

/* What is longer is no name, and is found by none. */
static Str keep_name(Arena *arena, Str name)
{
    return str_dup(arena, str_slice(name, 0, name.len < NAME_BYTES ? name.len : NAME_BYTES));
}

static void relation_start(void *context, Str name, const char **attributes)
{
    Relations *all = context;
    if (!NAMED(name, "Relationship") || all->count == RELATIONS_MAX)
        return;
    ARENA_ROOM(all->arena, all->items, all->count, all->room);
    all->items[all->count++] = (Relation){ keep_name(all->arena, attribute(attributes, STR("Id"))),
                                           keep_name(all->arena, last_word(attribute(attributes, STR("Type")))),
                                           keep_name(all->arena, attribute(attributes, STR("Target"))) };
}

/* Of the part `folder`/`name`; none at all when there is no such list. */
static Err read_relations(const XlsxBook *book, Str folder, Str name, Relations *out, Problems *problems)
{
    Str          part = str_printf(book->arena, "%.*s_rels/%.*s.rels", STR_FMT(folder), STR_FMT(name));
    PartHandlers handlers = { relation_start, end_nothing, text_nothing, out, &out->err };
    bool         found;
    *out = (Relations){ .arena = book->arena };
    return part_whole(book->package, part, &handlers, &found, problems);
}

/* By what it is, or by its id; empty when there is none. */
static Str target_of(const XlsxBook *book, const Relations *all, Str folder, Str kind, Str id)
{
    for (size_t i = 0; i < all->count; i++) {
        const Relation *one = &all->items[i];
        if (kind.len ? !str_eq(one->kind, kind) : !str_eq(one->id, id))
            continue;
        if (one->target.len && one->target.ptr[0] == '/')
            return str_slice(one->target, 1, one->target.len);
        return str_printf(book->arena, "%.*s%.*s", STR_FMT(folder), STR_FMT(one->target));
    }
    return STR_NONE;
}

/* ---- the workbook ---- */

typedef struct Sheets {
    Arena *arena;
    Str    names[SHEETS_MAX], ids[SHEETS_MAX];
    bool   hidden[SHEETS_MAX];
    size_t count;
    bool   since_1904;
    Err    err;
} Sheets;

static bool is_true(Str value) { return str_eq(value, STR("1")) || str_eq(value, STR("true")); }

static void workbook_start(void *context, Str name, const char **attributes)
{
    Sheets *sheets = context;
    if (NAMED(name, "workbookPr"))
        sheets->since_1904 = is_true(attribute(attributes, STR("date1904")));
    if (!NAMED(name, "sheet") || sheets->count == SHEETS_MAX)
        return;
    Str state = attribute(attributes, STR("state"));
    sheets->names[sheets->count] = keep_name(sheets->arena, attribute(attributes, STR("name")));
    sheets->ids[sheets->count] = keep_name(sheets->arena, attribute(attributes, STR("id")));
    sheets->hidden[sheets->count++] = state.len && !str_eq(state, STR("visible"));
}

/* By its name, else by its place; a name may be a number. */
static bool find_sheet(const Sheets *sheets, Str wanted, size_t *out)
{
    int64_t place;
    for (*out = 0; *out < sheets->count; ++*out)
        if (wanted.len ? str_eq(sheets->names[*out], wanted) : !sheets->hidden[*out])
            return true;
    if (!str_int(wanted, &place) || place < 1 || (uint64_t)place > sheets->count)
        return false;
    *out = (size_t)place - 1;
    return true;
}

static Err choose_sheet(const Sheets *sheets, Str wanted, size_t *out, Problems *problems)
{
    if (find_sheet(sheets, wanted, out))
        return ERR_OK;
    PROBLEM(problems, ECODE_SHEET_NONE, STR_NONE, STR_NONE, ARG("sheet", wanted),
            ARG("sheets", str_join(problems->arena, sheets->names, sheets->count, STR(", "))));
    return err_make(ECODE_SHEET_NONE, "%zu sheets", sheets->count);
}

/* ---- shared strings ---- */

typedef struct Strings {
    XlsxBook *book;
    int       phonetic; /* how something is read aloud is no part of it */
    bool      within;   /* a <t> */
    Buf       one;
    Problems *problems;
    Err       err;
} Strings;

static void strings_refuse(Strings *strings)
{
    PROBLEM(strings->problems, ECODE_SHEET_LARGE, STR_NONE, STR_NONE, ARG("part", STR("sharedStrings.xml")));
    strings->err = err_make(ECODE_SHEET_LARGE, "shared strings");
}

static void strings_start(void *context, Str name, const char **attributes)
{
    Strings *strings = context;
    (void)attributes;
    strings->phonetic += NAMED(name, "rPh");
    strings->within = NAMED(name, "t") && !strings->phonetic;
    if (NAMED(name, "si"))
        strings->one.len = 0;
}

static void strings_text(void *context, Str text)
{
    Strings *strings = context;
    if (!strings->within)
        return;
    buf_add(&strings->one, text);
    if (buf_full(&strings->one))
        strings_refuse(strings);
}

static void keep_string(Strings *strings, Str text)
{
    XlsxBook *book = strings->book;
    if (text.len > LIMIT_SHEET_TEXT_BYTES - book->text_len || book->string_count == STRINGS_MAX) {
        strings_refuse(strings);
        return;
    }
    while (!book->text || book->text_room < book->text_len + text.len) { /* an empty string has a place too */
        book->text_room = book->text_room ? book->text_room * 2 : 65536;
        book->text = mem_grow(book->text, book->text_room);
    }
    if (book->string_count == book->string_room) {
        book->string_room = book->string_room ? book->string_room * 2 : 1024;
        book->string_ends = mem_grow(book->string_ends, book->string_room * sizeof *book->string_ends);
    }
    memcpy(book->text + book->text_len, text.len ? text.ptr : "", text.len);
    book->text_len += text.len;
    book->string_ends[book->string_count++] = book->text_len;
    book->work->strings++;
}

static void strings_end(void *context, Str name)
{
    Strings *strings = context;
    strings->phonetic -= NAMED(name, "rPh");
    strings->within = false;
    if (!NAMED(name, "si"))
        return;
    OWNED(arena) Arena *scratch = arena_new();
    keep_string(strings, cell_unescape(scratch, buf_str(&strings->one)));
}

static Err read_strings(XlsxBook *book, Str part, Problems *problems)
{
    bool         found;
    Strings      strings = { .book = book, .one = buf_new(book->arena, LIMIT_SHEET_CELL_BYTES), .problems = problems };
    PartHandlers handlers = { strings_start, strings_end, strings_text, &strings, &strings.err };
    return part.len ? part_whole(book->package, part, &handlers, &found, problems) : ERR_OK;
}

bool book_string(const XlsxBook *book, int64_t index, Str *out)
{
    if (index < 0 || (uint64_t)index >= book->string_count)
        return false;
    size_t from = index ? book->string_ends[index - 1] : 0;
    *out = (Str){ book->text + from, book->string_ends[index] - from };
    return true;
}

/* ---- styles ---- */

typedef struct OwnFormat {
    int64_t    id;
    CellFormat format;
} OwnFormat;

typedef struct Styles {
    XlsxBook  *book;
    OwnFormat *own; /* by id */
    size_t     own_count, own_room;
    bool       of_cells; /* within <cellXfs> */
    Err        err;
} Styles;

/* Where it stands, or would. */
static bool find_own(const Styles *styles, int64_t id, size_t *place)
{
    size_t behind = styles->own_count;
    *place = 0;
    while (*place < behind) {
        size_t middle = *place + (behind - *place) / 2;
        styles->book->work->lookups++;
        if (styles->own[middle].id < id)
            *place = middle + 1;
        else
            behind = middle;
    }
    return *place < styles->own_count && styles->own[*place].id == id;
}

static CellFormat format_by_id(const Styles *styles, int64_t id)
{
    size_t place;
    return find_own(styles, id, &place) ? styles->own[place].format : cell_format_built_in(id);
}

/* Of two with one id the first counts. */
static void own_format(Styles *styles, int64_t id, Str code)
{
    size_t place;
    if (styles->own_count == OWN_MAX || find_own(styles, id, &place))
        return;
    ARENA_ROOM(styles->book->arena, styles->own, styles->own_count, styles->own_room);
    memmove(&styles->own[place + 1], &styles->own[place], (styles->own_count - place) * sizeof *styles->own);
    styles->own[place] = (OwnFormat){ id, cell_format_of(code) };
    styles->own_count++;
}

static void styles_start(void *context, Str name, const char **attributes)
{
    Styles   *styles = context;
    XlsxBook *book = styles->book;
    int64_t   id = 0;
    if (NAMED(name, "cellXfs"))
        styles->of_cells = true;
    bool known = str_int(attribute(attributes, STR("numFmtId")), &id);
    if (NAMED(name, "numFmt") && known)
        own_format(styles, id, attribute(attributes, STR("formatCode")));
    if (NAMED(name, "xf") && styles->of_cells && book->format_count < FORMATS_MAX) {
        ARENA_ROOM(book->arena, book->formats, book->format_count, book->format_room);
        book->formats[book->format_count++] = format_by_id(styles, id);
    }
}

static void styles_end(void *context, Str name)
{
    Styles *styles = context;
    if (NAMED(name, "cellXfs"))
        styles->of_cells = false;
}

static Err read_styles(XlsxBook *book, Str part, Problems *problems)
{
    bool         found;
    Styles       styles = { .book = book };
    PartHandlers handlers = { styles_start, styles_end, text_nothing, &styles, &styles.err };
    return part.len ? part_whole(book->package, part, &handlers, &found, problems) : ERR_OK;
}

/* ---- all of it ---- */

static Err not_a_book(Problems *problems)
{
    PROBLEM(problems, ECODE_SHEET_FOREIGN, STR_NONE, STR_NONE);
    return err_make(ECODE_SHEET_FOREIGN, "no workbook in it");
}

static Err read_book(XlsxBook *book, Str wanted, Problems *problems)
{
    Relations    root, own;
    Sheets      *sheets = ARENA_NEW(book->arena, Sheets);
    PartHandlers handlers = { workbook_start, end_nothing, text_nothing, sheets, &sheets->err };
    bool         found;
    size_t       chosen;
    sheets->arena = book->arena;
    TRY(read_relations(book, STR(""), STR(""), &root, problems));
    Str workbook = target_of(book, &root, STR_NONE, STR("officeDocument"), STR_NONE);
    Str name = last_word(workbook), folder = str_slice(workbook, 0, workbook.len - name.len);
    if (!workbook.len)
        return not_a_book(problems);
    TRY(part_whole(book->package, workbook, &handlers, &found, problems));
    if (!found)
        return not_a_book(problems);
    TRY(read_relations(book, folder, name, &own, problems));
    TRY(choose_sheet(sheets, wanted, &chosen, problems));
    book->since_1904 = sheets->since_1904;
    book->sheet = target_of(book, &own, folder, STR_NONE, sheets->ids[chosen]);
    TRY(read_styles(book, target_of(book, &own, folder, STR("styles"), STR_NONE), problems));
    return read_strings(book, target_of(book, &own, folder, STR("sharedStrings"), STR_NONE), problems);
}

Err book_open(XlsxBook *book, Arena *arena, Str path, Str sheet, XlsxWork *work, Problems *problems)
{
    *book = (XlsxBook){ .arena = arena, .work = work };
    TRY(package_open(path, work, &book->package, problems));
    return read_book(book, sheet, problems);
}

void book_close(XlsxBook *book)
{
    package_close(book->package);
    free(book->text);
    free(book->string_ends);
}
