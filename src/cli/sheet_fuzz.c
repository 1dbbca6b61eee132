/* Any bytes as a table: what opens gives out as many rows as it says, each with fields or with a problem; and the
 * refused rows of a CSV file open again, as many. The first byte says the format. */
#include "cli/sheet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static SheetChoice choices[] = { { STR_INIT("plan"), TEXT_INIT("计划", "Plan") },
                                 { STR_INIT("paper"), TEXT_INIT("论文", "Paper") } };
static SheetField  fields[] = {
     { .name = STR_INIT("title"), .kind = FIELD_TEXT, .label = TEXT_INIT("名称", "Title") },
     { .name = STR_INIT("level"), .kind = FIELD_INTEGER, .label = TEXT_INIT("级别", "Level") },
     { .name = STR_INIT("kind"), .kind = FIELD_CHOICE, .label = TEXT_INIT("类别", "Kind"), choices, 2 },
     { .name = STR_INIT("kinds"), .kind = FIELD_CHOICES, .label = TEXT_INIT("各类", "Kinds"), choices, 2 },
     { .name = STR_INIT("parts"), .kind = FIELD_ROWS, .label = TEXT_INIT("部件", "Parts") },
     { .name = STR_INIT("open"), .kind = FIELD_BOOLEAN, .label = TEXT_INIT("公开", "Open") },
};
static SheetField      kept[] = { { .name = STR_INIT("number"), .label = TEXT_INIT("编号", "Number") } };
static const SheetType type = { TEXT_INIT("成果", "Result"), fields, sizeof fields / sizeof fields[0], kept, 1 };

/* Gives all rows out; *refused is the file that they would come back in. */
static size_t walk(Arena *arena, Sheet *sheet, Str *refused)
{
    SheetRow row;
    size_t   count = 0;
    Buf      buf = buf_new(arena, SIZE_MAX);
    sheet_refused_head(sheet, &buf);
    for (; sheet_next(sheet, arena, &row); count++) {
        if (!row.fields == !row.problems.count)
            abort();
        sheet_refused_row(sheet, &buf, &row, STR("no, \"never\""));
    }
    if (count != sheet->rows)
        abort();
    *refused = buf_str(&buf);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena) Arena *arena = arena_new();
    Problems            problems = { .arena = arena };
    Sheet               sheet, again;
    Str                 refused, twice;
    if (size == 0)
        return 0;
    Str text = { (const char *)data + 1, size - 1 };
    if (sheet_read(arena, text, data[0] == 'l', NULL, &type, &sheet, &problems).kind)
        return 0;
    size_t count = walk(arena, &sheet, &refused);
    if (sheet.lines || sheet.column_count >= SHEET_COLUMNS_MAX)
        return 0;
    if (sheet_read(arena, refused, false, NULL, &type, &again, &problems).kind || walk(arena, &again, &twice) != count)
        abort();
    return 0;
}
