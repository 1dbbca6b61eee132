#include "kernel/pack_yaml.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <yaml.h>

typedef struct Reading {
    yaml_parser_t   parser;
    Arena          *arena;
    PackLog        *log;
    const PackFile *file;
    size_t          nodes;
} Reading;

static PackPlace place_of(const Reading *reading, yaml_mark_t mark)
{
    return (PackPlace){ reading->file->path, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1 };
}

static void fault(const Reading *reading, yaml_mark_t mark, Text reason)
{
    PACK_LOG(reading->log, place_of(reading, mark), ECODE_PACK_YAML, ARG_TEXT("reason", reason));
}

/* A character that YAML does not allow is found while reading ahead: libyaml tells its byte, not its line. */
static yaml_mark_t mark_of_byte(Str bytes, size_t at)
{
    yaml_mark_t mark = { 0 };
    for (size_t i = 0; i < at && i < bytes.len; i++) {
        mark.column += (bytes.ptr[i] & 0xC0) != 0x80;
        if (bytes.ptr[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

/* What libyaml says of the usual slips, by the beginning of its words, and what to tell people instead. */
static const struct {
    Str  said;
    Text told;
} slips[] = {
    { STR_INIT("did not find expected ',' or '}'"),
      TEXT_INIT(
          "花括号里此处应为逗号或右花括号；标点须用半角，冒号和逗号后空一格，引号须成对",
          "a comma or the closing brace is expected here; look at quotes, and at the spaces after colons and commas") },
    { STR_INIT("did not find expected ',' or ']'"),
      TEXT_INIT("方括号里此处应为逗号或右方括号；标点须用半角，逗号后空一格",
                "a comma or the closing bracket is expected here; after a comma stands a space") },
    { STR_INIT("did not find expected key"),
      TEXT_INIT(
          "此处应为“键: 值”；检查缩进，以及前面的引号和括号是否成对",
          "a key is expected here; look at the indentation, and whether quotes and brackets before it are closed") },
    { STR_INIT("did not find expected '-' indicator"),
      TEXT_INIT(
          "列表的下一项以“- ”开头，并与上一项对齐；同一项的键与上一个键对齐",
          "the next item of the list begins with “- ” below the item before; keys of an item stand below each other") },
    { STR_INIT("could not find expected ':'"),
      TEXT_INIT("键后应为半角冒号和空格", "a colon and a space are expected after the key") },
    { STR_INIT("mapping values are not allowed"),
      TEXT_INIT("此处不能有冒号；检查缩进，以及上一行的冒号是否为半角；含冒号的文字须加双引号",
                "no colon can stand here; look at the indentation, and put text that holds one in double quotes") },
    { STR_INIT("block sequence entries are not allowed"),
      TEXT_INIT("列表项“- ”不能从此处开始；另起一行", "no item “- ” can begin here; begin it on a line of its own") },
    { STR_INIT("found a tab character"),
      TEXT_INIT("缩进用空格，不用制表符", "indentation is made of spaces, not of tabs") },
    { STR_INIT("found character that cannot start any token"),
      TEXT_INIT("值不能以此字符或制表符开头；缩进用空格，这样的文字须加双引号",
                "no value begins with this character or a tab; indent by spaces, and put such text in double quotes") },
    { STR_INIT("found unexpected end of stream"),
      TEXT_INIT("引号没有闭合", "the quotes that begin before are not closed") },
    { STR_INIT("found unknown escape character"),
      TEXT_INIT("双引号里的反斜杠要写两个，或改用单引号",
                "in double quotes a backslash is written twice; or use single quotes") },
    { STR_INIT("did not find expected node content"),
      TEXT_INIT("此处应有一个值；检查前面的括号是否成对",
                "a value is expected here; look whether the brackets before it are closed") },
    { STR_INIT("control characters are not allowed"),
      TEXT_INIT("此字符不能用于文本文件", "this character has no place in a text") },
};

/* Of what is not among the slips libyaml's English words stand in both texts. */
static Text reason_of(const Reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    Str                  words = str_dup(reading->arena, str_from(parser->problem ? parser->problem : "unreadable"));
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++)
        if (str_starts(words, slips[i].said))
            return slips[i].told;
    return (Text){ { str_printf(reading->arena, "语法不合（%.*s）", STR_FMT(words)), words } };
}

static void fault_of_syntax(const Reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    bool                 unread = parser->error == YAML_READER_ERROR;
    fault(reading, unread ? mark_of_byte(reading->file->bytes, parser->problem_offset) : parser->problem_mark,
          reason_of(reading));
}

/* The next event; the caller deletes it. */
static bool event_next(Reading *reading, yaml_event_t *event)
{
    if (yaml_parser_parse(&reading->parser, event))
        return true;
    if (reading->parser.error == YAML_MEMORY_ERROR)
        abort();
    fault_of_syntax(reading);
    return false;
}

static bool event_plain(const Reading *reading, const yaml_event_t *event)
{
    static const Text anchors = TEXT_INIT("不用锚点（&）", "anchors (&) are not used here");
    static const Text tags = TEXT_INIT("不用标签（!）", "tags (!) are not used here");
    static const Text aliases = TEXT_INIT("不用别名（*）", "aliases (*) are not used here");
    const void       *anchor = NULL;
    const void       *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT: fault(reading, event->start_mark, aliases); return false;
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default: break;
    }
    if (anchor || tag)
        fault(reading, event->start_mark, anchor ? anchors : tags);
    return !anchor && !tag;
}

static PackNode *node_new(Reading *reading, const yaml_event_t *event, const PackNode *parent)
{
    PackNode *node = ARENA_NEW(reading->arena, PackNode);
    node->file = reading->file;
    node->line = (uint32_t)event->start_mark.line + 1;
    node->column = (uint32_t)event->start_mark.column + 1;
    node->parent = parent;
    if (event->type == YAML_SCALAR_EVENT)
        node->text = str_dup(reading->arena,
                             (Str){ (const char *)event->data.scalar.value, event->data.scalar.length });
    else
        node->kind = event->type == YAML_MAPPING_START_EVENT ? PACK_MAP : PACK_LIST;
    return node;
}

static void node_append(PackNode *parent, PackNode *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
}

static bool node_read(Reading *reading, yaml_event_t *event, PackNode *parent, int depth, PackNode **out);

static bool list_read(Reading *reading, PackNode *list, int depth)
{
    for (;;) {
        yaml_event_t event;
        if (!event_next(reading, &event))
            return false;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        PackNode *item;
        if (!node_read(reading, &event, list, depth + 1, &item))
            return false;
        node_append(list, item);
    }
}

static bool key_read(Reading *reading, yaml_event_t *event, PackNode *map, PackNode **out)
{
    static const Text plain = TEXT_INIT("键须为一个词", "a key must be a word");
    static const Text many = TEXT_INIT("一处的键过多", "too many keys in one place");
    yaml_mark_t       mark = event->start_mark;
    bool              scalar = event->type == YAML_SCALAR_EVENT;
    bool              fits = map->count < PACK_KEYS_MAX;
    if (!scalar || !fits)
        fault(reading, mark, scalar ? many : plain);
    bool ok = scalar && fits && event_plain(reading, event);
    if (ok)
        *out = node_new(reading, event, map);
    yaml_event_delete(event);
    return ok;
}

static bool map_read(Reading *reading, PackNode *map, int depth)
{
    for (;;) {
        yaml_event_t event;
        PackNode    *key, *value;
        if (!event_next(reading, &event))
            return false;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        if (!key_read(reading, &event, map, &key) || !event_next(reading, &event) ||
            !node_read(reading, &event, map, depth + 1, &value))
            return false;
        value->key = key->text;
        value->key_line = key->line;
        value->key_column = key->column;
        if (pack_node_get(map, key->text))
            PACK_LOG(reading->log, pack_node_place(key), ECODE_PACK_KEY_TWICE, ARG("key", key->text));
        else
            node_append(map, value);
    }
}

/* Consumes the event and all that belongs to it. */
static bool node_read(Reading *reading, yaml_event_t *event, PackNode *parent, int depth, PackNode **out)
{
    static const Text deep = TEXT_INIT("嵌套过深", "nested too deeply");
    static const Text large = TEXT_INIT("内容过多", "too much in one file");
    bool              ok = event_plain(reading, event);
    if (ok && (depth > PACK_DEPTH_MAX || ++reading->nodes > PACK_NODES_MAX)) {
        fault(reading, event->start_mark, depth > PACK_DEPTH_MAX ? deep : large);
        ok = false;
    }
    PackNode *node = ok ? node_new(reading, event, parent) : NULL;
    yaml_event_delete(event);
    if (!node)
        return false;
    *out = node;
    if (node->kind == PACK_SCALAR)
        return true;
    return node->kind == PACK_MAP ? map_read(reading, node, depth) : list_read(reading, node, depth);
}

/* Takes the next event, which must be of this type. */
static bool event_skip(Reading *reading, yaml_event_type_t type, Text otherwise)
{
    yaml_event_t event;
    if (!event_next(reading, &event))
        return false;
    bool fits = event.type == type;
    if (!fits)
        fault(reading, event.start_mark, otherwise);
    yaml_event_delete(&event);
    return fits;
}

static bool document_read(Reading *reading, PackNode **out)
{
    static const Text empty = TEXT_INIT("文件是空的", "the file is empty");
    static const Text more = TEXT_INIT("一个文件只能有一份文档", "a file holds one document");
    yaml_event_t      event;
    return event_skip(reading, YAML_STREAM_START_EVENT, empty) &&
           event_skip(reading, YAML_DOCUMENT_START_EVENT, empty) && event_next(reading, &event) &&
           node_read(reading, &event, NULL, 1, out) && event_skip(reading, YAML_DOCUMENT_END_EVENT, more) &&
           event_skip(reading, YAML_STREAM_END_EVENT, more);
}

const PackNode *pack_yaml_parse(Arena *arena, const PackFile *file, PackLog *log)
{
    static const Text encoding = TEXT_INIT("文件须为 UTF-8", "the file must be UTF-8");
    static const Text large = TEXT_INIT("文件过大", "the file is too large");
    Reading           reading = { .arena = arena, .log = log, .file = file };
    yaml_mark_t       start = { 0 };
    if (file->bytes.len > LIMIT_PACK_FILE_BYTES || !utf8_valid(file->bytes)) {
        fault(&reading, start, file->bytes.len > LIMIT_PACK_FILE_BYTES ? large : encoding);
        return NULL;
    }
    if (!yaml_parser_initialize(&reading.parser))
        abort(); /* no memory */
    yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reading.parser, (const unsigned char *)file->bytes.ptr, file->bytes.len);
    PackNode *root = NULL;
    bool      ok = document_read(&reading, &root);
    yaml_parser_delete(&reading.parser);
    return ok ? root : NULL;
}

const PackNode *pack_node_get(const PackNode *map, Str key)
{
    if (!map || map->kind != PACK_MAP)
        return NULL;
    PACK_EACH(member, map)
        if (str_eq(member->key, key))
            return member;
    return NULL;
}

PackPlace pack_node_place(const PackNode *node) { return (PackPlace){ node->file->path, node->line, node->column }; }

PackPlace pack_node_key_place(const PackNode *node)
{
    return node->key_line ? (PackPlace){ node->file->path, node->key_line, node->key_column } : pack_node_place(node);
}

Str pack_node_name(const PackNode *node)
{
    while (node && node->key_line == 0)
        node = node->parent;
    return node ? node->key : STR_NONE;
}

/* ---- from a character of a scalar to its place in the file ---- */

typedef struct Walk { /* over the source of a plain or quoted scalar */
    Str      source;
    size_t   at;
    uint32_t line, column;
} Walk;

static bool walk_break(const Walk *walk)
{
    return walk->source.ptr[walk->at] == '\n' || walk->source.ptr[walk->at] == '\r';
}
static bool walk_blank(const Walk *walk)
{
    return walk->source.ptr[walk->at] == ' ' || walk->source.ptr[walk->at] == '\t';
}
static bool walk_more(const Walk *walk) { return walk->at < walk->source.len; }

/* Past one character, or one end of line. */
static void walk_step(Walk *walk)
{
    if (walk_break(walk)) {
        bool pair = walk->source.ptr[walk->at] == '\r' && walk->at + 1 < walk->source.len &&
                    walk->source.ptr[walk->at + 1] == '\n';
        walk->at += pair ? 2 : 1;
        walk->line++;
        walk->column = 1;
        return;
    }
    utf8_next(walk->source, &walk->at);
    walk->column++;
}

static void walk_steps(Walk *walk, size_t count)
{
    for (size_t i = 0; i < count && walk_more(walk); i++)
        walk_step(walk);
}

/* An escaped end of line in a double-quoted scalar, and the blanks that follow it, are nothing at all. */
static void walk_escaped_break(Walk *walk)
{
    Walk ahead = *walk;
    walk_step(&ahead);
    if (!walk_more(&ahead) || !walk_break(&ahead))
        return;
    while (walk_more(&ahead) && (walk_blank(&ahead) || walk_break(&ahead)))
        walk_step(&ahead);
    *walk = ahead;
}

/* How many characters of source an escape of a double-quoted scalar takes. */
static size_t escape_length(const Walk *walk)
{
    char kind = walk->at + 1 < walk->source.len ? walk->source.ptr[walk->at + 1] : 0;
    return kind == 'x' ? 4 : kind == 'u' ? 6 : kind == 'U' ? 10 : 2;
}

/* Past the source of one character of the text. White space that holds ends of line folds: one end of line is one
 * blank, n are n-1 ends of line. Returns how many characters of the text it was. */
static size_t walk_character(Walk *walk, char quote)
{
    if (walk_blank(walk) || walk_break(walk)) {
        Walk   ahead = *walk;
        size_t breaks = 0;
        while (walk_more(&ahead) && (walk_blank(&ahead) || walk_break(&ahead))) {
            breaks += walk_break(&ahead);
            walk_step(&ahead);
        }
        if (breaks) {
            *walk = ahead;
            return breaks > 1 ? breaks - 1 : 1;
        }
        walk_step(walk);
        return 1;
    }
    char c = walk->source.ptr[walk->at];
    if (quote == '"' && c == '\\')
        walk_steps(walk, escape_length(walk));
    else
        walk_steps(walk, quote == '\'' && c == '\'' ? 2 : 1);
    return 1;
}

PackPlace pack_node_place_in(const PackNode *scalar, size_t position)
{
    Walk walk = { scalar->file->bytes, 0, 1, 1 };
    while (walk_more(&walk) &&
           (walk.line < scalar->line || (walk.line == scalar->line && walk.column < scalar->column)))
        walk_step(&walk);
    if (!walk_more(&walk) || walk.line != scalar->line)
        return pack_node_place(scalar);
    char first = walk.source.ptr[walk.at];
    if (first == '|' || first == '>')
        return pack_node_place(scalar);
    char quote = first == '"' || first == '\'' ? first : 0;
    if (quote)
        walk_step(&walk);
    for (size_t seen = 1; walk_more(&walk);) {
        if (quote == '"' && walk.source.ptr[walk.at] == '\\')
            walk_escaped_break(&walk);
        if (seen >= position || !walk_more(&walk))
            break;
        seen += walk_character(&walk, quote);
    }
    return (PackPlace){ scalar->file->path, walk.line, walk.column };
}
