/* sheet/xlsx_part.h: one XML part of a zipped file, read piece by piece. Private to sheet/.
 *
 * Hostile  a document type is refused, and with it every entity of one's own; so are elements nested deeper than
 *          LIMIT_SHEET_DEPTH, a single tag or attribute of more than LIMIT_SHEET_TAG_BYTES, and a part that unpacks to
 *          more than LIMIT_SHEET_PART_BYTES, whatever its directory says; and a part whose name the zip has twice,
 *          since programs differ in which of them they take. */
#ifndef FM_SHEET_XLSX_PART_H
#define FM_SHEET_XLSX_PART_H

#include "sheet/xlsx_read.h"

typedef struct Package Package; /* the zipped file */

/* work: counts its bytes and elements until it is closed. ECODE_SHEET_FOREIGN, _LARGE, _LOCKED, ECODE_FILE_MISSING. */
Err  package_open(Str path, XlsxWork *work, Package **out, Problems *problems) MUST_CHECK;
void package_close(Package *package); /* NULL does nothing */

/* Names come without their prefix; attributes as name, value, …, NULL. The first error that a handler sets in *err ends
 * the reading; part_pause() has part_read() return, to be called again. */
typedef struct PartHandlers {
    void (*start)(void *context, Str name, const char **attributes);
    void (*end)(void *context, Str name);
    void (*text)(void *context, Str text);
    void *context;
    Err  *err;
} PartHandlers;

typedef struct Part Part;

/* *out NULL when there is no such part. */
Err  part_open(Package *package, Str name, const PartHandlers *handlers, Part **out, Problems *problems) MUST_CHECK;
Err  part_read(Part *part, bool *ended, Problems *problems) MUST_CHECK;
void part_pause(Part *part);
void part_close(Part *part); /* NULL does nothing */
/* All of it, where it is there. */
Err part_whole(Package *package, Str name, const PartHandlers *handlers, bool *found, Problems *problems) MUST_CHECK;

/* Of attributes; ptr NULL when absent. */
Str attribute(const char **attributes, Str name);
/* The error with the part that it is in, for who reads it. */
Err part_damaged(Problems *problems, Str part, const char *why);

#endif
