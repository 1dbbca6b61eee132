/* cli/sheet.c: see sheet.h. */
#include "cli/sheet.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/types.h"
#include "kernel/input.h"

#define MAP_BYTES_MAX 65536

/* ---- the type ---- */

static Text label_of(const Json *const described[LANG_COUNT])
{
    Text label;
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        label.in[lang] = json_text(json_get(described[lang], STR("label")));
    return label;
}

static void read_choices(Arena *arena, const Json *const field[LANG_COUNT], SheetField *out)
{
    const Json *choices = json_get(field[LANG_ZH], STR("choices"));
    out->choices = ARENA_ARRAY(arena, SheetChoice, choices ? choices->count : 0);
    JSON_EACH(choice, choices) {
        Str         code = json_text(json_get(choice, STR("code")));
        const Json *both[LANG_COUNT];
        for (Lang lang = 0; lang < LANG_COUNT; lang++)
            both[lang] = types_named(json_get(field[lang], STR("choices")), "code", code);
        out->choices[out->choice_count++] = (SheetChoice){ code, label_of(both) };
    }
}

static bool is_system(const Json *field)
{
    bool system = false;
    json_truth(json_get(field, STR("system")), &system);
    return system;
}

/* The inputs of the action that creates. Who may not create is told so by the API; until then any field will do. */
static bool is_input(const Json *type, const Json *field)
{
    bool creates;
    JSON_EACH(action, json_get(type, STR("actions"))) {
        if (!json_truth(json_get(action, STR("creates")), &creates) || !creates)
            continue;
        JSON_EACH(input, json_get(action, STR("inputs")))
            if (str_eq(json_text(input), json_text(json_get(field, STR("name")))))
                return true;
        return false;
    }
    return !is_system(field);
}

static FieldKind kind_of(const Json *field)
{
    for (FieldKind kind = 0; kind < FIELD_KIND_COUNT; kind++)
        if (str_eq(field_kinds[kind].name, json_text(json_get(field, STR("kind")))))
            return kind;
    return FIELD_TEXT;
}

static void read_field(Arena *arena, const Json *const described[LANG_COUNT], const Json *field, SheetType *type)
{
    const Json *both[LANG_COUNT];
    Str         name = json_text(json_get(field, STR("name")));
    SheetField  made = { .name = name, .kind = kind_of(field) };
    for (Lang lang = 0; lang < LANG_COUNT; lang++)
        both[lang] = types_named(json_get(described[lang], STR("fields")), "name", name);
    made.label = label_of(both);
    read_choices(arena, both, &made);
    made.later = !is_input(described[LANG_ZH], field);
    if (made.kind != FIELD_COMPUTED && !(made.later && is_system(field)))
        type->fields[type->count++] = made;
    else
        type->kept[type->kept_count++] = made;
}

SheetType sheet_type(Arena *arena, const Json *const described[LANG_COUNT])
{
    const Json *fields = json_get(described[LANG_ZH], STR("fields"));
    SheetType   type = { .label = label_of(described) };
    type.fields = ARENA_ARRAY(arena, SheetField, fields ? fields->count : 0);
    type.kept = ARENA_ARRAY(arena, SheetField, fields ? fields->count : 0);
    JSON_EACH(field, fields)
        read_field(arena, described, field, &type);
    return type;
}

/* By name, or by label in either language. */
static const SheetField *field_called(const SheetField *fields, size_t count, Str word)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(fields[i].name, word))
            return &fields[i];
    for (size_t i = 0; i < count; i++)
        if (str_eq(fields[i].label.in[LANG_ZH], word) || str_eq(fields[i].label.in[LANG_EN], word))
            return &fields[i];
    return NULL;
}

static const SheetField *input_called(const SheetType *type, Str word)
{
    return field_called(type->fields, type->count, word);
}

/* Not what the import wants, and yet nothing to refuse it for. */
static bool is_passed_over(const SheetType *type, Str word)
{
    return field_called(type->kept, type->kept_count, word) != NULL;
}

/* ---- columns ---- */

/* One problem for all of them: a header of another system has dozens. */
static void problem_unknown(const Sheet *sheet, const Str *columns, size_t count, Problems *problems)
{
    const SheetType *type = sheet->type;
    Str             *names = ARENA_ARRAY(problems->arena, Str, type->count);
    size_t           known = 0;
    for (size_t i = 0; i < type->count; i++)
        if (!type->fields[i].later)
            names[known++] = type->fields[i].name;
    if (count)
        PROBLEM(problems, ECODE_IMPORT_HEADER, STR_NONE, STR_NONE, ARG_TEXT("type", type->label),
                ARG("columns", str_join(problems->arena, columns, count, STR(", "))),
                ARG("known", str_join(problems->arena, names, known, STR(", "))));
}

static void link_add(Sheet *sheet, const SheetField *field, size_t column, Problems *problems)
{
    for (size_t i = 0; i < sheet->link_count; i++)
        if (sheet->links[i].field == field) {
            PROBLEM(problems, ECODE_IMPORT_TWICE, sheet->columns[column], STR_NONE,
                    ARG("column", sheet->columns[column]), ARG("other", sheet->columns[sheet->links[i].column]),
                    ARG_TEXT("field", field->label));
            return;
        }
    sheet->links[sheet->link_count++] = (SheetLink){ field, column };
}

static void link_by_names(Sheet *sheet, Problems *problems)
{
    Str   *unknown = ARENA_ARRAY(problems->arena, Str, sheet->column_count);
    size_t count = 0;
    for (size_t i = 0; i < sheet->column_count; i++) {
        const SheetField *field = input_called(sheet->type, sheet->columns[i]);
        if (field)
            link_add(sheet, field, i, problems);
        else if (is_passed_over(sheet->type, sheet->columns[i]))
            sheet->passed_over[sheet->passed_count++] = sheet->columns[i];
        else if (!str_eq(sheet->columns[i], STR(SHEET_ERRORS)))
            unknown[count++] = sheet->columns[i];
    }
    problem_unknown(sheet, unknown, count, problems);
}

static bool column_of(const Sheet *sheet, Str name, size_t *out)
{
    for (*out = 0; *out < sheet->column_count; (*out)++)
        if (str_eq(sheet->columns[*out], name))
            return true;
    return false;
}

static void link_by_map(Sheet *sheet, const Json *map, Problems *problems)
{
    Str   *unknown = ARENA_ARRAY(problems->arena, Str, map->count);
    size_t count = 0, column;
    JSON_EACH(entry, map) {
        const SheetField *field = input_called(sheet->type, entry->key);
        if (!field)
            unknown[count++] = entry->key;
        else if (!column_of(sheet, entry->text, &column))
            PROBLEM(problems, ECODE_IMPORT_COLUMN, entry->key, STR_NONE, ARG("column", entry->text),
                    ARG("known", str_join(problems->arena, sheet->columns, sheet->column_count, STR(", "))));
        else
            link_add(sheet, field, column, problems);
    }
    problem_unknown(sheet, unknown, count, problems);
}

static Err link_columns(Arena *arena, Sheet *sheet, const Json *map, Problems *problems)
{
    sheet->links = ARENA_ARRAY(arena, SheetLink, sheet->type->count);
    sheet->passed_over = ARENA_ARRAY(arena, Str, sheet->column_count);
    if (map)
        link_by_map(sheet, map, problems);
    else
        link_by_names(sheet, problems);
    return problems->count ? err_make(problems->items[0].code, "columns") : ERR_OK;
}

static Err check_map(const Json *map)
{
    if (map->kind != JSON_OBJECT)
        return err_make(ECODE_IMPORT_MAP, "no object");
    JSON_EACH(entry, map)
        if (entry->kind != JSON_STRING)
            return err_make(ECODE_IMPORT_MAP, "%.*s is no string", STR_FMT(entry->key));
    return ERR_OK;
}

/* ---- the file as a whole ---- */

static Err check_encoding(Str text, Problems *problems)
{
    size_t until = utf8_valid_until(text), line = 1;
    if (until == text.len)
        return ERR_OK;
    for (size_t i = 0; i < until; i++)
        line += text.ptr[i] == '\n';
    PROBLEM(problems, ECODE_TEXT_ENCODING, str_printf(problems->arena, "line %zu", line), STR_NONE);
    return err_make(ECODE_TEXT_ENCODING, "line %zu", line);
}

static bool is_blank(const Str *cells, size_t count) { return count == 1 && str_trim(cells[0]).len == 0; }

static Err csv_fault(const Csv *csv, Err err, Problems *problems)
{
    PROBLEM(problems, err.code, STR_NONE, STR_NONE, ARG("line", str_printf(problems->arena, "%zu", csv->line)),
            ARG("found", str_printf(problems->arena, "> %d", CSV_CELLS_MAX)),
            ARG("expected", str_printf(problems->arena, "<= %d", CSV_CELLS_MAX)));
    return err;
}

/* Reads the header, and all the rest once to know that it can be read. */
static Err scan_csv(Arena *arena, Sheet *sheet, Problems *problems)
{
    OWNED(arena) Arena *scratch = arena_new();
    Str                *cells;
    bool                more;
    sheet->csv = csv_open(sheet->text);
    Err err = csv_next(&sheet->csv, arena, &sheet->columns, &sheet->column_count, &more);
    if (err.kind)
        return csv_fault(&sheet->csv, err, problems);
    for (size_t i = 0; i < sheet->column_count; i++)
        sheet->columns[i] = str_trim(sheet->columns[i]);
    Csv ahead = sheet->csv;
    for (size_t count;;) {
        arena_reset(scratch);
        err = csv_next(&ahead, scratch, &cells, &count, &more);
        if (err.kind)
            return csv_fault(&ahead, err, problems);
        if (!more)
            return ERR_OK;
        sheet->rows += !is_blank(cells, count);
    }
}

static void add_column(Arena *arena, Sheet *sheet, Str name)
{
    size_t at;
    if (!column_of(sheet, name, &at) && sheet->column_count < SHEET_COLUMNS_MAX)
        sheet->columns[sheet->column_count++] = str_dup(arena, name);
}

/* What has the fields: the object, or of a record as the API shows it its `fields`. */
static const Json *fields_of(const Sheet *sheet, const Json *object)
{
    const Json *fields = json_get(object, STR("fields"));
    bool        record = fields && fields->kind == JSON_OBJECT && !input_called(sheet->type, STR("fields"));
    return record ? fields : object;
}

/* The members of all objects. A line that cannot be read is told when its turn comes. */
static void scan_lines(Arena *arena, Sheet *sheet)
{
    OWNED(arena) Arena *scratch = arena_new();
    Json               *object;
    Str                 rest = sheet->text;
    sheet->columns = ARENA_ARRAY(arena, Str, SHEET_COLUMNS_MAX);
    while (rest.len) {
        Str line = str_trim(str_cut(&rest, '\n'));
        arena_reset(scratch);
        sheet->rows += line.len > 0;
        if (!line.len || json_parse(scratch, line, &object).kind || object->kind != JSON_OBJECT)
            continue;
        JSON_EACH(member, fields_of(sheet, object))
            add_column(arena, sheet, member->key);
    }
}

Err sheet_read(Arena *arena, Str text, bool lines, const Json *map, const SheetType *type, Sheet *out,
               Problems *problems)
{
    Sheet sheet = { .type = type, .lines = lines };
    TRY(check_encoding(text, problems));
    if (map)
        TRY(check_map(map));
    if (str_starts(text, STR(CSV_BYTE_ORDER_MARK)))
        text = str_slice(text, strlen(CSV_BYTE_ORDER_MARK), text.len);
    sheet.text = sheet.rest = text;
    if (lines)
        scan_lines(arena, &sheet);
    else
        TRY(scan_csv(arena, &sheet, problems));
    TRY(link_columns(arena, &sheet, map, problems));
    *out = sheet;
    return ERR_OK;
}

/* ---- opening ---- */

static Err format_of(Str path, bool *lines)
{
    Str name = str_ends(path, STR(".gz")) ? str_slice(path, 0, path.len - 3) : path;
    *lines = str_ends(name, STR(".jsonl"));
    return *lines || str_ends(name, STR(".csv")) ? ERR_OK : err_make(ECODE_IMPORT_FORMAT, "%.*s", STR_FMT(path));
}

static Err with_path(Err err, Str path, size_t max, Problems *problems)
{
    if (err.kind)
        PROBLEM(problems, err.code, STR_NONE, STR_NONE, ARG("path", path), ARG("file", path),
                ARG("max", str_printf(problems->arena, "%zu", max)));
    return err;
}

static Err read_map(Arena *arena, Str path, Json **out, Problems *problems)
{
    Str text;
    TRY(with_path(file_read(arena, path, MAP_BYTES_MAX, &text), path, MAP_BYTES_MAX, problems));
    Err err = json_parse(arena, text, out);
    return err.kind ? err_make(ECODE_IMPORT_MAP, "%s", err.context) : ERR_OK;
}

Err sheet_open(Arena *arena, Str path, Str map_path, const SheetType *type, Sheet *out, Problems *problems)
{
    bool  lines;
    Str   text;
    Json *map = NULL;
    TRY(with_path(format_of(path, &lines), path, 0, problems));
    if (map_path.ptr)
        TRY(read_map(arena, map_path, &map, problems));
    TRY(with_path(file_read(arena, path, LIMIT_IMPORT_FILE_BYTES, &text), path, LIMIT_IMPORT_FILE_BYTES, problems));
    return sheet_read(arena, text, lines, map, type, out, problems);
}

/* ---- values ---- */

static const struct {
    Str  word;
    bool truth;
} truths[] = {
    { STR_INIT("true"), true },   { STR_INIT("yes"), true }, { STR_INIT("是"), true },
    { STR_INIT("false"), false }, { STR_INIT("no"), false }, { STR_INIT("否"), false },
};

static Json *truth_value(Arena *arena, Str word)
{
    for (size_t i = 0; i < sizeof truths / sizeof truths[0]; i++)
        if (str_eq_ascii_fold(truths[i].word, word))
            return json_bool(arena, truths[i].truth);
    return json_string(arena, word);
}

static Str choice_code(const SheetField *field, Str word)
{
    for (size_t i = 0; i < field->choice_count; i++)
        if (str_eq(field->choices[i].code, word))
            return word;
    for (size_t i = 0; i < field->choice_count; i++)
        if (str_eq(field->choices[i].label.in[LANG_ZH], word) || str_eq(field->choices[i].label.in[LANG_EN], word))
            return field->choices[i].code;
    return word;
}

/* Codes in place of labels. */
static Json *with_codes(Arena *arena, const SheetField *field, Json *value)
{
    if (!field->choice_count || (value->kind != JSON_STRING && value->kind != JSON_ARRAY))
        return value;
    if (value->kind == JSON_STRING)
        return json_string(arena, choice_code(field, value->text));
    Json *codes = json_array(arena);
    JSON_EACH(item, value)
        json_push(codes, item->kind == JSON_STRING ? json_string(arena, choice_code(field, item->text))
                                                   : json_dup(arena, item));
    return codes;
}

/* NULL: missing. */
static Json *cell_value(Arena *arena, const SheetField *field, Str cell)
{
    const Field as = { .name = field->name, .kind = field->kind };
    Str         word = csv_text(str_trim(cell));
    if (!word.len)
        return NULL;
    if (field->kind == FIELD_BOOLEAN)
        return truth_value(arena, word);
    return with_codes(arena, field, input_from_text(arena, &as, word));
}

static Str joined(Arena *arena, const Json *array)
{
    Str   *parts = ARENA_ARRAY(arena, Str, array->count);
    size_t count = 0;
    JSON_EACH(item, array)
        if (item->kind == JSON_STRING || item->kind == JSON_NUMBER)
            parts[count++] = item->text;
    return str_join(arena, parts, count, STR("；"));
}

static bool all_words(const Json *array)
{
    JSON_EACH(item, array)
        if (item->kind != JSON_STRING && item->kind != JSON_NUMBER)
            return false;
    return true;
}

/* NULL: missing. */
static Json *member_value(Arena *arena, const SheetField *field, const Json *value)
{
    if (!value || value->kind == JSON_NULL)
        return NULL;
    if (value->kind == JSON_ARRAY && field_kinds[field->kind].text && all_words(value))
        return value->count ? json_string(arena, joined(arena, value)) : NULL;
    return with_codes(arena, field, json_dup(arena, value));
}

/* ---- rows ---- */

static void read_cells(const Sheet *sheet, Arena *arena, SheetRow *row)
{
    if (row->cell_count != sheet->column_count) {
        PROBLEM(&row->problems, ECODE_CSV_CELLS, STR_NONE, STR_NONE, ARG("line", str_printf(arena, "%zu", row->line)),
                ARG("found", str_printf(arena, "%zu", row->cell_count)),
                ARG("expected", str_printf(arena, "%zu", sheet->column_count)));
        return;
    }
    row->fields = json_object(arena);
    for (size_t i = 0; i < sheet->link_count; i++) {
        const SheetLink *link = &sheet->links[i];
        Json            *value = cell_value(arena, link->field, row->cells[link->column]);
        if (value)
            json_set(row->fields, link->field->name, value);
    }
}

static bool next_cells(Sheet *sheet, Arena *arena, SheetRow *row)
{
    bool more;
    do {
        Err err = csv_next(&sheet->csv, arena, &row->cells, &row->cell_count, &more);
        assert(!err.kind); /* scan_csv() has read it all before */
        if (!more)
            return false;
    } while (is_blank(row->cells, row->cell_count));
    row->line = sheet->csv.line;
    read_cells(sheet, arena, row);
    return true;
}

static void read_object(const Sheet *sheet, Arena *arena, SheetRow *row)
{
    Json *object;
    Err   err = json_parse(arena, row->text, &object);
    if (err.kind || object->kind != JSON_OBJECT) {
        PROBLEM(&row->problems, ECODE_IMPORT_LINE, STR_NONE, STR_NONE);
        return;
    }
    const Json *given = fields_of(sheet, object);
    row->object = object;
    row->fields = json_object(arena);
    for (size_t i = 0; i < sheet->link_count; i++) {
        const SheetLink *link = &sheet->links[i];
        Json            *value = member_value(arena, link->field, json_get(given, sheet->columns[link->column]));
        if (value)
            json_set(row->fields, link->field->name, value);
    }
}

static bool next_object(Sheet *sheet, Arena *arena, SheetRow *row)
{
    do {
        if (!sheet->rest.len)
            return false;
        row->text = str_trim(str_cut(&sheet->rest, '\n'));
        row->line = ++sheet->line;
    } while (!row->text.len);
    read_object(sheet, arena, row);
    return true;
}

bool sheet_next(Sheet *sheet, Arena *arena, SheetRow *out)
{
    *out = (SheetRow){ .problems = { .arena = arena } };
    return sheet->lines ? next_object(sheet, arena, out) : next_cells(sheet, arena, out);
}

/* ---- refused rows ---- */

static bool is_errors(const Sheet *sheet, size_t column) { return str_eq(sheet->columns[column], STR(SHEET_ERRORS)); }

void sheet_refused_head(const Sheet *sheet, Buf *out)
{
    if (sheet->lines)
        return;
    for (size_t i = 0; i < sheet->column_count; i++) {
        if (is_errors(sheet, i)) /* of an earlier import */
            continue;
        csv_write_cell(out, sheet->columns[i]);
        buf_char(out, ',');
    }
    buf_add(out, STR(SHEET_ERRORS "\n"));
}

/* Whoever looks into what was refused opens it in a spreadsheet: what came as a formula is none there. Numbers stay. */
static void refused_cell(Buf *out, Str cell)
{
    Decimal number;
    if (decimal_parse(str_trim(cell), &number))
        csv_write_cell(out, cell);
    else
        csv_write_text(out, csv_text(cell));
}

/* The cells as they were: a row with too many or too few of them stays wrong until somebody has looked at it. */
static void refused_cells(const Sheet *sheet, Buf *out, const SheetRow *row, Str errors)
{
    for (size_t i = 0; i < row->cell_count; i++) {
        if (i < sheet->column_count && is_errors(sheet, i))
            continue;
        refused_cell(out, row->cells[i]);
        buf_char(out, ',');
    }
    csv_write_text(out, errors);
    buf_char(out, '\n');
}

static void refused_object(Buf *out, const SheetRow *row, Str errors)
{
    Arena *arena = row->problems.arena;
    Json  *json = json_object(arena);
    JSON_EACH(member, row->object)
        if (!str_eq(member->key, STR(SHEET_ERRORS)))
            json_set(json, member->key, json_dup(arena, member));
    if (!row->object)
        json_set_str(arena, json, STR("line"), row->text);
    json_set_str(arena, json, STR(SHEET_ERRORS), errors);
    json_write(out, json);
    buf_char(out, '\n');
}

void sheet_refused_row(const Sheet *sheet, Buf *out, const SheetRow *row, Str errors)
{
    if (sheet->lines)
        refused_object(out, row, errors);
    else
        refused_cells(sheet, out, row, errors);
}
