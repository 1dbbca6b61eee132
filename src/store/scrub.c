#include "store/scrub.h"

#include <string.h>

#define PAGE_SIZE_MIN  512
#define PAGE_SIZE_MAX  65536
#define FILE_HEAD_SIZE 100

static size_t two_bytes(const unsigned char *at) { return (size_t)at[0] << 8 | at[1]; }

bool scrub_page(unsigned char *page, size_t size, bool first)
{
    enum { INTERIOR_INDEX = 2, INTERIOR_TABLE = 5, LEAF_INDEX = 10, LEAF_TABLE = 13 };
    size_t               head_at = first ? FILE_HEAD_SIZE : 0;
    const unsigned char *head = page + head_at;
    bool                 interior = head[0] == INTERIOR_INDEX || head[0] == INTERIOR_TABLE;
    if (!interior && head[0] != LEAF_INDEX && head[0] != LEAF_TABLE)
        return false;
    size_t content = two_bytes(head + 5);
    size_t from = head_at + (interior ? 12 : 8) + 2 * two_bytes(head + 3);
    size_t to = content ? content : PAGE_SIZE_MAX; /* 65,536 does not fit into two bytes */
    if (from > to || to > size)
        return false;
    memset(page + from, 0, to - from);
    return true;
}

static bool is_page(int size, sqlite3_int64 offset)
{
    return size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX && (size & (size - 1)) == 0 && offset % size == 0;
}

static int scrub_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    const Scrub  *scrub = (const Scrub *)file->pMethods;
    unsigned char page[PAGE_SIZE_MAX];
    if (!is_page(size, offset))
        return scrub->real->xWrite(file, bytes, size, offset);
    memcpy(page, bytes, (size_t)size);
    scrub_page(page, (size_t)size, offset == 0);
    return scrub->real->xWrite(file, page, size, offset);
}

int scrub_install(sqlite3 *sqlite, Scrub *scrub)
{
    sqlite3_file *file = NULL;
    int           result = sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (result != SQLITE_OK)
        return result;
    if (!file || !file->pMethods)
        return SQLITE_CANTOPEN;
    scrub->real = file->pMethods;
    scrub->methods = *file->pMethods;
    scrub->methods.xWrite = scrub_write;
    file->pMethods = &scrub->methods;
    return SQLITE_OK;
}
