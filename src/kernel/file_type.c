#include "kernel/file_type.h"

#include "base/utf8.h"

typedef enum Content {
    CONTENT_PDF,
    CONTENT_PNG,
    CONTENT_JPEG,
    CONTENT_ZIP,
    CONTENT_CFB,
    CONTENT_MP4,
    CONTENT_TEXT
} Content;

/* Names that stand in a ZIP of one kind and of no other. */
typedef enum Mark { MARK_WORD, MARK_SHEET, MARK_SLIDES, MARK_OFD, MARK_COUNT, MARK_NONE = MARK_COUNT } Mark;
static const Str marks[MARK_COUNT] = {
    [MARK_WORD] = STR_INIT("word/document.xml"),
    [MARK_SHEET] = STR_INIT("xl/workbook.xml"),
    [MARK_SLIDES] = STR_INIT("ppt/presentation.xml"),
    [MARK_OFD] = STR_INIT("OFD.xml"),
};

const FileType file_types[] = {
    { STR_INIT("pdf"), STR_INIT("application/pdf"), CONTENT_PDF, MARK_NONE },
    { STR_INIT("ofd"), STR_INIT("application/ofd"), CONTENT_ZIP, MARK_OFD },
    { STR_INIT("png"), STR_INIT("image/png"), CONTENT_PNG, MARK_NONE },
    { STR_INIT("jpg"), STR_INIT("image/jpeg"), CONTENT_JPEG, MARK_NONE },
    { STR_INIT("docx"), STR_INIT("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
      CONTENT_ZIP, MARK_WORD },
    { STR_INIT("xlsx"), STR_INIT("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), CONTENT_ZIP,
      MARK_SHEET },
    { STR_INIT("pptx"), STR_INIT("application/vnd.openxmlformats-officedocument.presentationml.presentation"),
      CONTENT_ZIP, MARK_SLIDES },
    { STR_INIT("doc"), STR_INIT("application/msword"), CONTENT_CFB, MARK_NONE },
    { STR_INIT("xls"), STR_INIT("application/vnd.ms-excel"), CONTENT_CFB, MARK_NONE },
    { STR_INIT("zip"), STR_INIT("application/zip"), CONTENT_ZIP, MARK_NONE },
    { STR_INIT("csv"), STR_INIT("text/csv"), CONTENT_TEXT, MARK_NONE },
    { STR_INIT("txt"), STR_INIT("text/plain"), CONTENT_TEXT, MARK_NONE },
    { STR_INIT("mp4"), STR_INIT("video/mp4"), CONTENT_MP4, MARK_NONE },
};
const size_t file_type_count = sizeof file_types / sizeof file_types[0];

/* ---- by name ---- */

const FileType *file_type_coded(Str code)
{
    for (size_t i = 0; i < file_type_count; i++)
        if (str_eq_ascii_fold(file_types[i].code, code))
            return &file_types[i];
    return NULL;
}

static size_t ending_at(Str name)
{
    for (size_t i = name.len; i > 0; i--)
        if (name.ptr[i - 1] == '.')
            return i - 1;
    return name.len;
}

const FileType *file_type_of(Str name)
{
    size_t at = ending_at(name);
    if (at == 0 || at == name.len)
        return NULL;
    Str ending = str_slice(name, at + 1, name.len);
    return file_type_coded(str_eq_ascii_fold(ending, STR("jpeg")) ? STR("jpg") : ending);
}

/* ---- by content ---- */

static void look_for_marks(FileSniff *sniff, Str bytes)
{
    for (int i = 0; i < MARK_COUNT; i++)
        if (str_find(bytes, marks[i]) < bytes.len)
            sniff->marks |= 1u << i;
}

/* Also those that begin in the piece before. */
static void add_marks(FileSniff *sniff, Str piece)
{
    char   seam[2 * SNIFF_TAIL];
    size_t head = piece.len < SNIFF_TAIL ? piece.len : SNIFF_TAIL, length = sniff->tail_len + head;
    memcpy(seam, sniff->tail, sniff->tail_len);
    memcpy(seam + sniff->tail_len, piece.ptr, head);
    look_for_marks(sniff, (Str){ seam, length });
    look_for_marks(sniff, piece);
    Str last = piece.len >= SNIFF_TAIL ? piece : (Str){ seam, length };
    sniff->tail_len = last.len < SNIFF_TAIL ? last.len : SNIFF_TAIL;
    memmove(sniff->tail, last.ptr + last.len - sniff->tail_len, sniff->tail_len);
}

/* A byte of no text, in UTF-8 and in GB 18030 alike. */
static bool is_binary(uint8_t byte)
{
    return (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f') || byte == 0x7f;
}

static bool starts(const FileSniff *sniff, size_t at, const char *bytes, size_t length)
{
    return sniff->head_len >= at + length && memcmp(sniff->head + at, bytes, length) == 0;
}
#define STARTS(sniff, at, literal) starts((sniff), (at), "" literal, sizeof(literal) - 1)

static bool is_zip(const FileSniff *sniff)
{
    return STARTS(sniff, 0, "PK\003\004") || STARTS(sniff, 0, "PK\005\006"); /* the second: of no files */
}

void file_sniff_add(FileSniff *sniff, Str piece)
{
    size_t room = SNIFF_HEAD - sniff->head_len, head = piece.len < room ? piece.len : room;
    if (!piece.len)
        return;
    memcpy(sniff->head + sniff->head_len, piece.ptr, head);
    sniff->head_len += head;
    for (size_t i = 0; i < piece.len && !sniff->binary; i++)
        sniff->binary = is_binary((uint8_t)piece.ptr[i]);
    if (sniff->head_len < 4 || is_zip(sniff))
        add_marks(sniff, piece);
}

bool file_sniff_fits(const FileSniff *sniff, const FileType *type)
{
    Mark mark = type->mark;
    switch ((Content)type->content) {
    case CONTENT_PDF: return STARTS(sniff, 0, "%PDF-");
    case CONTENT_PNG: return STARTS(sniff, 0, "\x89PNG\r\n\x1a\n");
    case CONTENT_JPEG: return STARTS(sniff, 0, "\xff\xd8\xff");
    case CONTENT_ZIP: return is_zip(sniff) && (mark == MARK_NONE || (sniff->marks >> mark & 1));
    case CONTENT_CFB: return STARTS(sniff, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    case CONTENT_MP4: return STARTS(sniff, 4, "ftyp");
    case CONTENT_TEXT: return sniff->head_len > 0 && !sniff->binary;
    }
    return false;
}

/* ---- names ---- */

static Str behind_folders(Str name)
{
    for (size_t i = name.len; i > 0; i--)
        if (name.ptr[i - 1] == '/' || name.ptr[i - 1] == '\\')
            return str_slice(name, i, name.len);
    return name;
}

/* What is drawn as nothing, or turns what stands beside it: U+200B-F, U+2028-E, U+2060-F, U+FEFF,
 * U+061C and U+00AD. */
static bool is_format(uint32_t point)
{
    return (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x206f) || point == 0xfeff || point == 0x061c || point == 0x00ad;
}

static bool is_wanted(uint32_t point)
{
    bool control = point < ' ' || (point >= 0x7f && point < 0xa0) || (point & 0xfffe) == 0xfffe;
    bool awkward = point < 0x80 && strchr("<>:\"|?*", (int)point); /* no name on the systems it will be saved on */
    return !control && !awkward && !is_format(point);
}

/* The longest beginning of at most so many bytes that does not cut a character. */
static Str clip_bytes(Str text, size_t most)
{
    size_t at = 0, end = 0;
    while (at < text.len) {
        utf8_next(text, &at);
        if (at > most)
            break;
        end = at;
    }
    return str_slice(text, 0, end);
}

static Str shorten(Arena *arena, Str name)
{
    size_t at = ending_at(name), ending = name.len - at;
    if (name.len <= FILE_NAME_BYTES)
        return name;
    if (ending > FILE_NAME_BYTES / 2)
        return clip_bytes(name, FILE_NAME_BYTES);
    Str stem = clip_bytes(str_slice(name, 0, at), FILE_NAME_BYTES - ending);
    return str_printf(arena, "%.*s%.*s", STR_FMT(stem), STR_FMT(str_slice(name, at, name.len)));
}

Str file_name_clean(Arena *arena, Str given)
{
    if (!utf8_valid(given))
        return STR_NONE;
    Str    name = behind_folders(utf8_normal(arena, given));
    char  *kept = ARENA_ARRAY(arena, char, name.len + 1);
    size_t length = 0;
    for (size_t at = 0; at < name.len;) {
        size_t   from = at;
        uint32_t point = utf8_next(name, &at);
        if (!is_wanted(point))
            continue;
        memcpy(kept + length, name.ptr + from, at - from);
        length += at - from;
    }
    Str clean = utf8_trim((Str){ kept, length });
    while (clean.len && clean.ptr[0] == '.')
        clean = str_slice(clean, 1, clean.len);
    return shorten(arena, utf8_trim(clean));
}
