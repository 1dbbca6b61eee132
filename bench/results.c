#include "results.h"

#include <stdio.h>

#include "sheet/xlsx_write.h"

bool well(Err err) { return !err.kind || complain("%.*s: %s", STR_FMT(err_row(err.code)->code), err.context); }

static const char *const columns[RESULT_COLUMNS] = { "title",     "title_zh",    "title_en",    "discipline",
                                                     "keywords",  "application", "abstract",    "claimed_level",
                                                     "inventors", "contact",     "external_id", "disclosure" };
static const char        abstract[] =
    "面向固态电池低外压运行的需求，提出在硫化物电解质与高镍正极之间原位生成锂磷氧氮界面层的方法。以两步退火控制界面层厚度，使界面阻抗随循环的增长"
    "低于对照样一个量级；在两兆帕外压下完成六百次循环，容量保持率不低于百分之八十。";

void result_cells(Arena *arena, int64_t rows, int64_t at, Str cells[RESULT_COLUMNS])
{
    static const Str levels[] = { STR_INIT("public"), STR_INIT("summary"), STR_INIT("nda"), STR_INIT("secret") };
    int              mixed = (int)(at * 7919 % rows);
    cells[0] = cells[1] = str_printf(arena, "固态电池界面层样本 %06d", mixed);
    cells[2] = str_printf(arena, "Interface layer sample %06d", mixed);
    cells[3] = STR("材料科学与工程");
    cells[4] = str_printf(arena, "固态电池；界面层；批次 %06d", (int)at);
    cells[5] = STR("储能电站与电动汽车");
    cells[6] = str_from(abstract);
    cells[7] = str_printf(arena, "%d", (int)(1 + at % 9));
    cells[8] = STR("张工；李工");
    cells[9] = STR("office@example.cn");
    cells[10] = str_printf(arena, "EXT-%07d", (int)at);
    cells[11] = levels[at % 4];
}

bool results_csv(Arena *arena, Str path, int64_t rows)
{
    OWNED(arena) Arena *scratch = arena_new();
    FILE               *file = fopen(str_dup_z(arena, path), "w");
    if (!file)
        return complain("cannot write %.*s", STR_FMT(path));
    for (int i = 0; i < RESULT_COLUMNS; i++)
        fprintf(file, "%s%s", columns[i], i + 1 < RESULT_COLUMNS ? "," : "\n");
    for (int64_t at = 0; at < rows; at++) {
        Str cells[RESULT_COLUMNS];
        arena_reset(scratch);
        result_cells(scratch, rows, at, cells);
        for (int i = 0; i < RESULT_COLUMNS; i++)
            fprintf(file, "%.*s%s", STR_FMT(cells[i]), i + 1 < RESULT_COLUMNS ? "," : "\n");
    }
    return fclose(file) == 0 || complain("cannot write %.*s", STR_FMT(path));
}

bool results_xlsx(Str folder, Str path, int64_t rows)
{
    OWNED(arena) Arena *arena = arena_new();
    XlsxWriter         *writer;
    XlsxColumn          heads[RESULT_COLUMNS] = { 0 };
    for (int i = 0; i < RESULT_COLUMNS; i++)
        heads[i] = (XlsxColumn){ .head = str_from(columns[i]), .kind = i == 7 ? XLSX_NUMBER : XLSX_TEXT };
    if (!well(xlsx_begin(path, folder, STR("results"), heads, RESULT_COLUMNS, &writer)))
        return false;
    for (int64_t at = 0; at < rows; at++) {
        Str cells[RESULT_COLUMNS];
        arena_reset(arena);
        result_cells(arena, rows, at, cells);
        Err err = xlsx_add(writer, cells);
        if (err.kind) {
            xlsx_drop(writer);
            return well(err);
        }
    }
    return well(xlsx_finish(writer));
}
