#include "sheet/xlsx_part.h"

#include "base/limits.h"

#include <errno.h>
#include <expat.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zip.h>

#define PIECE           65536
#define DIRECTORY_END   (65536 + 22) /* a directory ends here, with its comment */
#define DIRECTORY_ENTRY 512          /* bytes of one entry, on the average */

struct Package {
    zip_t    *zip;
    XlsxWork *work;
};

struct Part {
    Arena       *arena;
    Str          name;
    PartHandlers handlers;
    zip_file_t  *file;
    XlsxWork    *work;
    XML_Parser   parser;
    int64_t      read, seen; /* bytes; seen: how many had come at the last event */
    int          depth;
    bool         paused, last;
    Err          err; /* of ours, in a handler */
};

Err part_damaged(Problems *problems, Str part, const char *why)
{
    PROBLEM(problems, ECODE_SHEET_DAMAGED, STR_NONE, STR_NONE, ARG("part", part));
    return err_make(ECODE_SHEET_DAMAGED, "%.*s: %s", STR_FMT(part), why);
}

/* ---- the file ---- */

/* Files with a password, and those of the old kind, are OLE containers. */
static Err look_at(Str path, bool *ole)
{
    static const unsigned char magic[8] = { 0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1 };
    OWNED(arena) Arena        *arena = arena_new();
    unsigned char              head[8];
    int                        fd = open(str_dup_z(arena, path), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_make(errno == ENOENT ? ECODE_FILE_MISSING : ECODE_FILE_READ, "%.*s: %m", STR_FMT(path));
    *ole = read(fd, head, sizeof head) == (ssize_t)sizeof head && memcmp(head, magic, sizeof head) == 0;
    close(fd);
    return ERR_OK;
}

/* What the directory at the end of a zip says of itself, wherever the last 64 KiB may hold one: how many entries, and
 * how long a list of them. libzip reads the list before it can be asked. The large kind (zip64) is for files that no
 * spreadsheet is. */
static bool directory_fits(const unsigned char *tail, size_t size)
{
    static const unsigned char end[4] = { 'P', 'K', 5, 6 }, locator[4] = { 'P', 'K', 6, 7 };
    for (size_t i = 0; i + 22 <= size; i++) {
        const unsigned char *at = tail + i;
        if (memcmp(at, locator, 4) == 0)
            return false;
        if (memcmp(at, end, 4) != 0)
            continue;
        uint32_t entries = (uint32_t)at[10] | (uint32_t)at[11] << 8;
        uint32_t bytes = (uint32_t)at[12] | (uint32_t)at[13] << 8 | (uint32_t)at[14] << 16 | (uint32_t)at[15] << 24;
        if (entries > LIMIT_SHEET_PARTS || bytes > LIMIT_SHEET_PARTS * DIRECTORY_ENTRY)
            return false;
    }
    return true;
}

static Err check_directory(Str path, Problems *problems)
{
    OWNED(arena) Arena *arena = arena_new();
    unsigned char      *tail = arena_alloc(arena, DIRECTORY_END);
    int                 fd = open(str_dup_z(arena, path), O_RDONLY | O_CLOEXEC);
    off_t               size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
    ssize_t got = size < 0 ? -1 : pread(fd, tail, DIRECTORY_END, size > DIRECTORY_END ? size - DIRECTORY_END : 0);
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return err_make(ECODE_FILE_READ, "%.*s: %m", STR_FMT(path));
    if (directory_fits(tail, (size_t)got))
        return ERR_OK;
    PROBLEM(problems, ECODE_SHEET_LARGE, STR_NONE, STR_NONE, ARG("part", STR("zip")));
    return err_make(ECODE_SHEET_LARGE, "the directory of the zip");
}

Err package_open(Str path, XlsxWork *work, Package **out, Problems *problems)
{
    OWNED(arena) Arena *arena = arena_new();
    bool                ole;
    int                 code = 0;
    TRY(look_at(path, &ole));
    if (ole) {
        PROBLEM(problems, ECODE_SHEET_LOCKED, STR_NONE, STR_NONE);
        return err_make(ECODE_SHEET_LOCKED, "an OLE container");
    }
    TRY(check_directory(path, problems));
    zip_t *zip = zip_open(str_dup_z(arena, path), ZIP_RDONLY, &code);
    if (!zip || zip_get_num_entries(zip, 0) > LIMIT_SHEET_PARTS) {
        if (zip)
            zip_discard(zip);
        PROBLEM(problems, ECODE_SHEET_FOREIGN, STR_NONE, STR_NONE);
        return err_make(ECODE_SHEET_FOREIGN, "zip error %d", code);
    }
    *out = mem_alloc(sizeof **out);
    **out = (Package){ zip, work };
    return ERR_OK;
}

void package_close(Package *package)
{
    if (!package)
        return;
    zip_discard(package->zip);
    free(package);
}

/* ---- events ---- */

static void stop(Part *part, Err err)
{
    if (!part->err.kind)
        part->err = err;
    XML_StopParser(part->parser, XML_FALSE);
}

static Str local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return str_from(colon ? colon + 1 : name);
}

static void after_event(Part *part)
{
    part->seen = part->read;
    if (part->handlers.err->kind)
        stop(part, ERR_OK);
}

static void on_start(void *context, const char *name, const char **attributes)
{
    Part *part = context;
    part->work->elements++;
    if (++part->depth > LIMIT_SHEET_DEPTH)
        stop(part, err_make(ECODE_SHEET_LARGE, "nested too deep"));
    else
        part->handlers.start(part->handlers.context, local_name(name), attributes);
    after_event(part);
}

static void on_end(void *context, const char *name)
{
    Part *part = context;
    part->depth--;
    part->handlers.end(part->handlers.context, local_name(name));
    after_event(part);
}

static void on_text(void *context, const char *text, int len)
{
    Part *part = context;
    part->handlers.text(part->handlers.context, (Str){ text, (size_t)len });
    after_event(part);
}

static void on_doctype(void *context, const char *name, const char *system, const char *public_id, int internal)
{
    (void)name, (void)system, (void)public_id, (void)internal;
    stop(context, err_make(ECODE_SHEET_DAMAGED, "a document type"));
}

/* ---- reading ---- */

Str attribute(const char **attributes, Str name)
{
    for (size_t i = 0; attributes[i]; i += 2)
        if (str_eq(local_name(attributes[i]), name))
            return str_from(attributes[i + 1]);
    return STR_NONE;
}

static XML_Parser new_parser(Part *part)
{
    XML_Parser parser = XML_ParserCreate(NULL);
    if (!parser) {
        fprintf(stderr, "firstmile: no memory for XML\n");
        abort();
    }
    XML_SetUserData(parser, part);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    return parser;
}

static bool is_twice(zip_t *zip, zip_uint64_t index)
{
    const char *name = zip_get_name(zip, index, ZIP_FL_ENC_GUESS);
    for (zip_int64_t i = 0; name && i < zip_get_num_entries(zip, 0); i++) {
        const char *other = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);
        if ((zip_uint64_t)i != index && other && strcmp(name, other) == 0)
            return true;
    }
    return false;
}

Err part_open(Package *package, Str name, const PartHandlers *handlers, Part **out, Problems *problems)
{
    Arena      *arena = arena_new();
    zip_int64_t index = zip_name_locate(package->zip, str_dup_z(arena, name), 0);
    *out = NULL;
    if (index < 0) {
        arena_free(arena);
        return ERR_OK;
    }
    if (is_twice(package->zip, (zip_uint64_t)index)) {
        arena_free(arena);
        return part_damaged(problems, name, "there twice");
    }
    Part *part = mem_alloc(sizeof *part);
    *part = (Part){ .arena = arena, .name = str_dup(arena, name), .handlers = *handlers, .work = package->work };
    part->file = zip_fopen_index(package->zip, (zip_uint64_t)index, 0);
    part->parser = new_parser(part);
    if (!part->file) {
        int code = zip_error_code_zip(zip_get_error(package->zip));
        part_close(part);
        if (code == ZIP_ER_NOPASSWD || code == ZIP_ER_ENCRNOTSUPP) {
            PROBLEM(problems, ECODE_SHEET_LOCKED, STR_NONE, STR_NONE);
            return err_make(ECODE_SHEET_LOCKED, "an encrypted part");
        }
        return part_damaged(problems, name, "cannot be unpacked");
    }
    *out = part;
    return ERR_OK;
}

void part_close(Part *part)
{
    if (!part)
        return;
    if (part->file)
        zip_fclose(part->file);
    XML_ParserFree(part->parser);
    arena_free(part->arena);
    free(part);
}

void part_pause(Part *part)
{
    part->paused = true;
    XML_StopParser(part->parser, XML_TRUE);
}

static Err too_large(const Part *part, Problems *problems, const char *why)
{
    PROBLEM(problems, ECODE_SHEET_LARGE, STR_NONE, STR_NONE, ARG("part", part->name));
    return err_make(ECODE_SHEET_LARGE, "%.*s: %s", STR_FMT(part->name), why);
}

static Err part_fault(const Part *part, Problems *problems)
{
    if (part->handlers.err->kind)
        return *part->handlers.err;
    if (part->err.code == ECODE_SHEET_LARGE)
        return too_large(part, problems, part->err.context);
    return part_damaged(problems, part->name,
                        part->err.kind ? part->err.context : XML_ErrorString(XML_GetErrorCode(part->parser)));
}

static Err feed(Part *part, enum XML_Status *status, Problems *problems)
{
    void       *piece = XML_GetBuffer(part->parser, PIECE);
    zip_int64_t got = piece ? zip_fread(part->file, piece, PIECE) : -1;
    if (got < 0)
        return part_damaged(problems, part->name, "cannot be unpacked");
    part->read += got;
    part->work->bytes += (size_t)got;
    part->last = got == 0;
    if (part->read > LIMIT_SHEET_PART_BYTES)
        return too_large(part, problems, "more than the limit");
    if (part->read - part->seen > LIMIT_SHEET_TAG_BYTES)
        return too_large(part, problems, "a tag without end");
    *status = XML_ParseBuffer(part->parser, (int)got, part->last);
    return ERR_OK;
}

Err part_read(Part *part, bool *ended, Problems *problems)
{
    enum XML_Status status = XML_STATUS_OK;
    bool            resumes = part->paused;
    part->paused = false;
    *ended = false;
    do {
        if (resumes)
            status = XML_ResumeParser(part->parser);
        else
            TRY(feed(part, &status, problems));
        resumes = false;
    } while (status == XML_STATUS_OK && !part->last);
    if (status == XML_STATUS_ERROR)
        return part_fault(part, problems);
    *ended = status == XML_STATUS_OK;
    return ERR_OK;
}

Err part_whole(Package *package, Str name, const PartHandlers *handlers, bool *found, Problems *problems)
{
    Part *part;
    bool  ended = false;
    TRY(part_open(package, name, handlers, &part, problems));
    *found = part != NULL;
    Err err = ERR_OK;
    while (part && !ended && !err.kind)
        err = part_read(part, &ended, problems);
    part_close(part);
    return err;
}
