/* store/scrub.h: what was deleted leaves the file.
 *
 * SQLite overwrites what a change deletes (secure_delete), but not the copies it left when it moved a row to another
 * page: splitting a page moves half of its rows, and where they stood becomes the page's unused middle with their bytes
 * still in it. Of 41,494 erased values 153 could be found so (docs/decisions/0014). In the write-ahead log's mode every
 * page of the database file is written by a checkpoint, and this module stands there: it clears the unused middle of a
 * page as it passes.
 *
 * Format   https://www.sqlite.org/fileformat2.html, 1.6 (B-tree pages): byte 0 of a page is 2, 5, 10 or 13, bytes 3-4
 *          the number of cells, 5-6 where their content begins; between the array of two bytes a cell, behind a head of
 *          8 or 12 bytes, and that content nothing is used. Page 1 begins with 100 bytes of the file's own head.
 * Safe     a page of another kind begins with the number of a page, below 2^25 (SCRUB_PAGES_MAX): its byte 0 is 0 or 1.
 * Cost     one copy of each page that a checkpoint writes. */
#ifndef FM_STORE_SCRUB_H
#define FM_STORE_SCRUB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#define SCRUB_PAGES_MAX 33554431 /* for PRAGMA max_page_count: 128 GiB in pages of 4 KiB */

typedef struct Scrub {
    sqlite3_io_methods        methods; /* first: what the file is told to be; the real ones but for xWrite */
    const sqlite3_io_methods *real;
} Scrub;

/* Puts itself before the connection's database file. *scrub must outlive the connection. An SQLite result code. */
int scrub_install(sqlite3 *sqlite, Scrub *scrub);
/* Clears the unused middle of a page; false, and nothing done, when it is no page of rows. first: page 1. */
bool scrub_page(unsigned char *page, size_t size, bool first);

#endif
