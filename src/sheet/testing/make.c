#include "sheet/testing/make.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zip.h>

#define XML  "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define MAIN "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""
#define RELATIONS                                                                                                      \
    XML "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">%s</Relationships>"
#define KIND "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "making a file: %s\n", what);
    abort();
}

void make_package(const char *path, const MadePart *parts, size_t count)
{
    int    code;
    zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    must(zip != NULL, path);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source = zip_source_buffer(zip, parts[i].text.ptr, parts[i].text.len, 0);
        must(source && zip_file_add(zip, parts[i].name, source, ZIP_FL_ENC_UTF_8) >= 0, parts[i].name);
    }
    must(zip_close(zip) == 0, "closing");
}

static const char styles[] = XML
    "<styleSheet " MAIN "><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"yyyy&quot;年&quot;m&quot;月"
    "&quot;d&quot;日&quot;\"/></numFmts><cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs>"
    "<xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/><xf numFmtId=\"9\"/><xf numFmtId=\"20\"/>"
    "<xf numFmtId=\"164\"/></cellXfs></styleSheet>";

static const char strings[] = XML
    "<sst " MAIN "><si><t>first</t></si><si><t>二</t><rPh sb=\"0\" eb=\"1\"><t>に</t></rPh></si>"
    "<si><r><t xml:space=\"preserve\">rich </t></r><r><rPr><b/></rPr><t>text</t></r></si></sst>";

static void make(Arena *arena, const char *path, const char *rows, const char *behind, size_t other, Str text)
{
    MadePart parts[MADE_PARTS] = {
        { "_rels/.rels", str_printf(arena, RELATIONS,
                                    "<Relationship Id=\"rId1\" Type=\"" KIND "officeDocument\""
                                    " Target=\"xl/workbook.xml\"/>") },
        { "xl/workbook.xml",
          STR(XML "<workbook " MAIN " xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/"
                  "relationships\"><workbookPr/><sheets><sheet name=\"Hidden\" sheetId=\"2\""
                  " state=\"hidden\" r:id=\"rId9\"/><sheet name=\"Data\" sheetId=\"1\" r:id=\"rId1\"/>"
                  "</sheets></workbook>") },
        { "xl/_rels/workbook.xml.rels",
          str_printf(arena, RELATIONS,
                     "<Relationship Id=\"rId1\" Type=\"" KIND "worksheet\" Target=\"worksheets/sheet1.xml\"/>"
                     "<Relationship Id=\"rId2\" Type=\"" KIND "styles\" Target=\"styles.xml\"/>"
                     "<Relationship Id=\"rId3\" Type=\"" KIND "sharedStrings\" Target=\"/xl/sharedStrings.xml\"/>") },
        { "xl/styles.xml", str_from(styles) },
        { "xl/sharedStrings.xml", str_from(strings) },
        { "xl/worksheets/sheet1.xml",
          str_printf(arena, XML "<worksheet " MAIN "><sheetData>%s</sheetData>%s</worksheet>", rows, behind) },
    };
    if (other < MADE_PARTS)
        parts[other].text = text;
    unlink(path);
    make_package(path, parts, MADE_PARTS);
}

void make_workbook(Arena *arena, const char *path, const char *rows, const char *behind)
{
    make(arena, path, rows, behind, MADE_PARTS, STR_NONE);
}

void make_workbook_with(Arena *arena, const char *path, size_t part, Str text)
{
    make(arena, path, "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>1</v></c><c r=\"B1\" s=\"5\"><v>45658</v></c></row>", "",
         part, text);
}
