/* base/file.h: whole files in and out, with limits. */
#ifndef FM_BASE_FILE_H
#define FM_BASE_FILE_H

#include "base/err.h"

/* Reads all of path; a name that ends in .gz is unpacked. max counts bytes after unpacking.
 * Errors   ECODE_FILE_MISSING, ECODE_FILE_READ, ECODE_FILE_TOO_LARGE, ECODE_FILE_GZIP. */
Err file_read(Arena *arena, Str path, size_t max, Str *out) MUST_CHECK;
/* Writes path whole or not at all: temporary name, fsync, rename, fsync of the folder. mode as in open(2).
 * Errors   ECODE_STORE_FULL, ECODE_FILE_MISSING (its folder), ECODE_FILE_READ. */
Err file_write(Str path, Str bytes, unsigned mode) MUST_CHECK;
/* Gives a file that is on the disk another name in its folder, so that the name, too, outlives a power
 * cut. Errors as file_write(). */
Err file_rename(Str from, Str to) MUST_CHECK;
/* That a name in a folder outlives a power cut, too: of the folder in which path stands. */
Err file_folder_sync(Str path) MUST_CHECK;

/* ---- a file written piece by piece, which stands under its name only when it is whole ---- */

typedef struct FilePart {
    Str path, part; /* part: PATH.part, until it is kept */
    int fd;
} FilePart;

/* Whatever stands in PATH.part goes: what an earlier try has left, or somebody else has put there. Errors of all three
 * as file_write(). */
Err file_part_open(Arena *arena, Str path, unsigned mode, FilePart *out) MUST_CHECK;
Err file_part_write(FilePart *file, Str bytes) MUST_CHECK;
/* fsync, rename, fsync of the folder; when that fails the part is gone. ECODE_FILE_READ, too, when another has begun
 * the same file meanwhile. */
Err  file_part_keep(FilePart *file) MUST_CHECK;
void file_part_drop(FilePart *file); /* instead */

#endif
