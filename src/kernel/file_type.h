/* kernel/file_type.h: which files a city takes, and whether one is what its name says.
 *
 * Type     by the last part of the name: "report.PDF" is a pdf. The table is short on purpose: what offices,
 *          laboratories and registers send each other. Nothing in it is run or shown by a browser in the city's pages.
 * Content  a file is taken only when its first bytes (of text: all of them) are those of the type that its name says,
 *          so that nobody is given a program for a report. An own table rather than libmagic: the question is whether a
 *          file is one of a dozen kinds, not which of thousands it is, and the answer must not change with a library.
 * Source   ISO 32000-1 7.5.2 (PDF), RFC 2083 (PNG), ISO/IEC 10918-1 (JPEG), PKWARE APPNOTE 4.3.7 (ZIP), ISO/IEC 29500-2
 *          (OOXML), GB/T 33190 (OFD), [MS-CFB] 2.2 (older Office), ISO/IEC 14496-12 (MP4).
 * Pure     no I/O. */
#ifndef FM_KERNEL_FILE_TYPE_H
#define FM_KERNEL_FILE_TYPE_H

#include "base/arena.h"

#define FILE_NAME_BYTES 200 /* of a name, its ending included */

typedef struct FileType {
    Str     code;          /* in packs: "pdf", "docx" … */
    Str     media;         /* "application/pdf" */
    uint8_t content, mark; /* file_type.c's own: what its first bytes are, and what stands in a ZIP of this kind */
} FileType;

extern const FileType file_types[];
extern const size_t   file_type_count; /* below 64: a set of them is a uint64_t, bit by place */

/* By the ending of the name, in any case; NULL: none that a city takes. */
const FileType *file_type_of(Str name);
const FileType *file_type_coded(Str code); /* NULL: no such code */

/* What is known of the bytes so far; all zero before the first. */
#define SNIFF_HEAD 16
#define SNIFF_TAIL 32
typedef struct FileSniff {
    uint8_t  head[SNIFF_HEAD];
    size_t   head_len;
    char     tail[SNIFF_TAIL]; /* of what came, for marks that two pieces share */
    size_t   tail_len;
    unsigned marks;  /* names seen in a ZIP, a bit each */
    bool     binary; /* a byte that text does not have */
} FileSniff;

void file_sniff_add(FileSniff *sniff, Str piece);
bool file_sniff_fits(const FileSniff *sniff, const FileType *type);

/* The name without the folders before it, control characters, marks that turn the direction of text, and blanks at its
 * ends; normal (NFC); cut, but not its ending, to FILE_NAME_BYTES. Empty when nothing is left of it, or it is no
 * UTF-8. */
Str file_name_clean(Arena *arena, Str given);

#endif
