#include "web/mustache/mustache.h"

#include <assert.h>

typedef enum OpKind {
    OP_TEXT,     /* text: written as it is */
    OP_VALUE,    /* key: escaped */
    OP_RAW,      /* key: not escaped */
    OP_SECTION,  /* key; next: the instruction after its end */
    OP_INVERTED, /* as OP_SECTION */
    OP_END,      /* end of a section */
    OP_PARTIAL,  /* text: name; indent; partial: set when the set is linked */
} OpKind;

typedef struct Key {
    const Str *parts; /* of a dotted name; the implicit iterator "." has none */
    size_t     count;
} Key;

typedef struct Op {
    OpKind          kind;
    bool            line_start; /* begins a line of the template, where a partial's indentation goes */
    uint32_t        next;
    Str             text, indent;
    Key             key;
    const Template *partial;
} Op;

struct Template {
    Str       name;
    Op       *ops;
    size_t    op_count;
    Template *next; /* in its set */
};

struct TemplateSet {
    Template *first;
};

/* ---- compiling ---- */

typedef struct Compiler {
    Arena   *arena;
    Str      name, source;
    size_t   at;          /* what stands before has been compiled */
    size_t   line_start;  /* where the line of `at` begins */
    bool     line_fresh;  /* nothing of this line has been emitted yet */
    Str      open, close; /* delimiters now in force */
    Op      *ops;
    size_t   op_count, op_capacity;
    uint32_t sections[MUSTACHE_NEST_MAX]; /* open sections: their instructions */
    size_t   section_count;
} Compiler;

typedef struct Tag {
    char   kind;       /* '#', '^', '/', '!', '=', '>', '&' ('{' too), or 0: a value */
    Str    name;       /* what stands in the tag, trimmed, without its sign */
    size_t start, end; /* bytes of the whole tag in the source */
} Tag;

static Err fail(const Compiler *compiler, size_t at, const char *what)
{
    size_t line = 1;
    for (size_t i = 0; i < at && i < compiler->source.len; i++)
        line += compiler->source.ptr[i] == '\n';
    return err_make(ECODE_TEMPLATE_SYNTAX, "%.*s:%zu: %s", STR_FMT(compiler->name), line, what);
}

static Op *emit(Compiler *compiler, OpKind kind)
{
    ARENA_ROOM(compiler->arena, compiler->ops, compiler->op_count, compiler->op_capacity);
    Op *op = &compiler->ops[compiler->op_count++];
    *op = (Op){ .kind = kind, .line_start = compiler->line_fresh };
    compiler->line_fresh = false;
    return op;
}

/* Emits the text up to end and keeps track of where its last line begins. */
static void emit_text(Compiler *compiler, size_t end)
{
    if (end == compiler->at)
        return;
    emit(compiler, OP_TEXT)->text = str_slice(compiler->source, compiler->at, end);
    for (size_t i = end; i > compiler->at; i--) {
        if (compiler->source.ptr[i - 1] == '\n') {
            compiler->line_start = i;
            compiler->line_fresh = i == end;
            break;
        }
    }
    compiler->at = end;
}

static Err key_split(const Compiler *compiler, const Tag *tag, Key *out)
{
    Key key = { 0 };
    if (!str_eq(tag->name, STR("."))) {
        key.count = 1;
        for (size_t i = 0; i < tag->name.len; i++)
            key.count += tag->name.ptr[i] == '.';
        Str *parts = ARENA_ARRAY(compiler->arena, Str, key.count);
        Str  rest = tag->name;
        for (size_t i = 0; i < key.count; i++) {
            parts[i] = str_cut(&rest, '.');
            if (parts[i].len == 0)
                return fail(compiler, tag->start, "a name is empty");
        }
        key.parts = parts;
    }
    *out = key;
    return ERR_OK;
}

/* Reads the tag that begins at start, where the opening delimiter stands. */
static Err tag_read(const Compiler *compiler, size_t start, Tag *out)
{
    Str    rest = str_slice(compiler->source, start + compiler->open.len, compiler->source.len);
    char   sign = rest.len > 0 ? rest.ptr[0] : 0;
    bool   signed_tag = sign && strchr("#^/!=>&{", sign);
    size_t skip = signed_tag ? 1 : 0;
    Str    body = str_slice(rest, skip, rest.len);
    size_t length = str_find(body, compiler->close);
    if (length == body.len)
        return fail(compiler, start, "a tag does not end");
    size_t end = start + compiler->open.len + skip + length + compiler->close.len;
    if (sign == '{') { /* ends with "}" and the closing delimiter: with "}}" these three braces overlap */
        size_t brace = str_find(body, STR("}"));
        if (brace > length || !str_starts(str_slice(body, brace + 1, body.len), compiler->close))
            return fail(compiler, start, "a tag does not end");
        end = start + compiler->open.len + 1 + brace + 1 + compiler->close.len;
        length = brace;
    }
    if (sign == '=') {
        if (length == 0 || body.ptr[length - 1] != '=')
            return fail(compiler, start, "a tag that sets delimiters ends with =");
        length--;
    }
    *out = (Tag){
        .kind = !signed_tag   ? 0
                : sign == '{' ? '&'
                              : sign,
        .name = str_trim(str_slice(body, 0, length)),
        .start = start,
        .end = end,
    };
    return ERR_OK;
}

/* Whether the tag has its line for itself; then the line belongs to the tag and leaves no trace. Only tags that write
 * nothing themselves may stand alone. *line_end is where the next line begins. */
static bool stands_alone(const Compiler *compiler, const Tag *tag, size_t *line_end)
{
    if (tag->kind == 0 || tag->kind == '&')
        return false;
    const char *source = compiler->source.ptr;
    for (size_t i = compiler->line_start; i < tag->start; i++) {
        if (source[i] != ' ' && source[i] != '\t')
            return false;
    }
    size_t end = tag->end;
    while (end < compiler->source.len && (source[end] == ' ' || source[end] == '\t'))
        end++;
    if (end + 1 < compiler->source.len && source[end] == '\r' && source[end + 1] == '\n')
        end++;
    if (end < compiler->source.len && source[end] != '\n')
        return false;
    *line_end = end < compiler->source.len ? end + 1 : end;
    return true;
}

static Err delimiters_set(Compiler *compiler, const Tag *tag)
{
    Str first = tag->name;
    for (size_t i = 0; i < first.len; i++) {
        if (first.ptr[i] == ' ' || first.ptr[i] == '\t' || first.ptr[i] == '\n' || first.ptr[i] == '\r') {
            Str second = str_trim(str_slice(first, i, first.len));
            first = str_slice(first, 0, i);
            if (str_find(second, STR(" ")) < second.len || str_find(second, STR("=")) < second.len)
                break;
            compiler->open = first;
            compiler->close = second;
            return ERR_OK;
        }
    }
    return fail(compiler, tag->start, "delimiters are two words without =");
}

static Err section_open(Compiler *compiler, const Tag *tag)
{
    if (compiler->section_count == MUSTACHE_NEST_MAX)
        return fail(compiler, tag->start, "sections are nested too deep");
    Key key;
    TRY(key_split(compiler, tag, &key));
    Op *op = emit(compiler, tag->kind == '#' ? OP_SECTION : OP_INVERTED);
    op->key = key;
    op->text = tag->name;
    compiler->sections[compiler->section_count++] = (uint32_t)(compiler->op_count - 1);
    return ERR_OK;
}

static Err section_close(Compiler *compiler, const Tag *tag)
{
    if (compiler->section_count == 0)
        return fail(compiler, tag->start, "this section was not opened");
    uint32_t opened = compiler->sections[compiler->section_count - 1];
    if (!str_eq(compiler->ops[opened].text, tag->name))
        return fail(compiler, tag->start, "another section is open");
    compiler->section_count--;
    emit(compiler, OP_END);
    compiler->ops[opened].next = (uint32_t)compiler->op_count;
    return ERR_OK;
}

static Err tag_compile(Compiler *compiler, const Tag *tag, Str indent)
{
    if (tag->kind == '!')
        return ERR_OK;
    if (tag->name.len == 0)
        return fail(compiler, tag->start, "a tag is empty");
    switch (tag->kind) {
    case '=': return delimiters_set(compiler, tag);
    case '#':
    case '^': return section_open(compiler, tag);
    case '/': return section_close(compiler, tag);
    case '>': {
        Op *op = emit(compiler, OP_PARTIAL);
        op->text = tag->name;
        op->indent = indent;
        return ERR_OK;
    }
    default: {
        Key key;
        TRY(key_split(compiler, tag, &key));
        emit(compiler, tag->kind == '&' ? OP_RAW : OP_VALUE)->key = key;
        return ERR_OK;
    }
    }
}

static Err compile(Compiler *compiler)
{
    while (compiler->at < compiler->source.len) {
        Str    rest = str_slice(compiler->source, compiler->at, compiler->source.len);
        size_t start = compiler->at + str_find(rest, compiler->open);
        if (start == compiler->source.len)
            break;
        /* The text before is emitted in two steps, because the blanks before a tag that stands alone are not text. */
        size_t line = start;
        while (line > compiler->at && compiler->source.ptr[line - 1] != '\n')
            line--;
        emit_text(compiler, line);
        Tag tag = { 0 };
        TRY(tag_read(compiler, start, &tag));
        size_t line_end = 0;
        bool   alone = stands_alone(compiler, &tag, &line_end);
        Str    indent = STR_NONE;
        if (alone)
            indent = str_slice(compiler->source, compiler->line_start, start);
        else
            emit_text(compiler, start);
        bool fresh = compiler->line_fresh;
        if (alone)
            compiler->line_fresh = false; /* the instruction of such a tag begins no line that is written */
        compiler->at = tag.end;
        TRY(tag_compile(compiler, &tag, indent));
        if (alone) {
            compiler->line_fresh = fresh;
            compiler->at = compiler->line_start = line_end;
        }
    }
    emit_text(compiler, compiler->source.len);
    if (compiler->section_count > 0)
        return fail(compiler, compiler->source.len, "a section is not closed");
    return ERR_OK;
}

Err mustache_compile(Arena *arena, Str name, Str source, Template **out)
{
    Compiler compiler = {
        .arena = arena,
        .name = name,
        .source = source,
        .line_fresh = true,
        .open = STR("{{"),
        .close = STR("}}"),
    };
    if (source.len > MUSTACHE_SOURCE_MAX)
        return fail(&compiler, 0, "the template is too long");
    TRY(compile(&compiler));
    Template *compiled = ARENA_NEW(arena, Template);
    *compiled = (Template){ .name = name, .ops = compiler.ops, .op_count = compiler.op_count };
    *out = compiled;
    return ERR_OK;
}

/* ---- sets ---- */

TemplateSet *mustache_set_new(Arena *arena) { return ARENA_NEW(arena, TemplateSet); }

void mustache_set_add(TemplateSet *set, Template *added)
{
    assert(!mustache_set_find(set, added->name) && !added->next);
    added->next = set->first;
    set->first = added;
}

const Template *mustache_set_find(const TemplateSet *set, Str name)
{
    for (const Template *each = set->first; each; each = each->next) {
        if (str_eq(each->name, name))
            return each;
    }
    return NULL;
}

Err mustache_set_link(TemplateSet *set)
{
    Err err = ERR_OK;
    for (Template *each = set->first; each; each = each->next) {
        for (size_t i = 0; i < each->op_count; i++) {
            Op *op = &each->ops[i];
            if (op->kind != OP_PARTIAL)
                continue;
            op->partial = mustache_set_find(set, op->text);
            if (!op->partial && !err.kind)
                err = err_make(ECODE_TEMPLATE_PARTIAL, "%.*s asks for %.*s", STR_FMT(each->name), STR_FMT(op->text));
        }
    }
    return err;
}

/* ---- rendering ---- */

typedef struct Renderer {
    Buf        *out;
    const Json *contexts[MUSTACHE_CONTEXT_MAX];
    size_t      context_count;
    char        indent[MUSTACHE_INDENT_MAX];
    size_t      indent_len;
    size_t      partial_depth;
    size_t      steps;
    const char
        *limit; /* the one that was met; not an Err, which is large, because sections end a thousand times a page */
} Renderer;

/* Ends the rendering: false all the way up. */
static bool stop(Renderer *renderer, const char *limit)
{
    renderer->limit = limit;
    return false;
}

static const Json *lookup(const Renderer *renderer, const Key *key)
{
    if (key->count == 0)
        return renderer->contexts[renderer->context_count - 1];
    const Json *value = NULL;
    for (size_t i = renderer->context_count; i > 0 && !value; i--)
        value = json_get(renderer->contexts[i - 1], key->parts[0]);
    for (size_t i = 1; i < key->count && value; i++)
        value = json_get(value, key->parts[i]);
    return value;
}

static bool shows(const Json *value)
{
    if (!value)
        return false;
    switch (value->kind) {
    case JSON_NULL:
    case JSON_FALSE: return false;
    case JSON_STRING: return value->text.len > 0;
    case JSON_ARRAY: return value->count > 0;
    case JSON_TRUE:
    case JSON_NUMBER:
    case JSON_OBJECT: return true;
    }
    return false;
}

static Str value_text(const Json *value)
{
    if (!value)
        return STR_NONE;
    switch (value->kind) {
    case JSON_STRING:
    case JSON_NUMBER: return value->text;
    case JSON_TRUE: return STR("true");
    case JSON_FALSE: return STR("false");
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT: return STR_NONE;
    }
    return STR_NONE;
}

static void add_escaped(Buf *out, Str text)
{
    static const Str escapes[256] = {
        ['&'] = STR_INIT("&amp;"),  ['<'] = STR_INIT("&lt;"),   ['>'] = STR_INIT("&gt;"),
        ['"'] = STR_INIT("&quot;"), ['\''] = STR_INIT("&#39;"),
    };
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        Str escape = escapes[(unsigned char)text.ptr[i]];
        if (escape.len == 0)
            continue;
        buf_add(out, str_slice(text, from, i));
        buf_add(out, escape);
        from = i + 1;
    }
    if (from < text.len)
        buf_add(out, str_slice(text, from, text.len));
}

static void add_indent(Renderer *renderer) { buf_add(renderer->out, (Str){ renderer->indent, renderer->indent_len }); }

/* Text of the template itself: inside an indented partial each of its lines is indented, those of values are not. */
static void add_text(Renderer *renderer, Str text)
{
    while (renderer->indent_len > 0) {
        size_t line = str_find(text, STR("\n"));
        if (line + 1 >= text.len) /* the line that follows a final newline begins with the next instruction */
            break;
        buf_add(renderer->out, str_slice(text, 0, line + 1));
        add_indent(renderer);
        text = str_slice(text, line + 1, text.len);
    }
    buf_add(renderer->out, text);
}

static bool run(Renderer *renderer, const Template *page, size_t from, size_t to);

static bool run_partial(Renderer *renderer, const Op *op)
{
    if (!op->partial)
        return true;
    if (renderer->partial_depth == MUSTACHE_PARTIAL_MAX)
        return stop(renderer, "partials are nested too deep");
    if (op->indent.len > MUSTACHE_INDENT_MAX - renderer->indent_len)
        return stop(renderer, "partials are indented too far");
    if (op->indent.len > 0)
        memcpy(renderer->indent + renderer->indent_len, op->indent.ptr, op->indent.len);
    renderer->indent_len += op->indent.len;
    renderer->partial_depth++;
    bool done = run(renderer, op->partial, 0, op->partial->op_count);
    renderer->partial_depth--;
    renderer->indent_len -= op->indent.len;
    return done;
}

static bool run_within(Renderer *renderer, const Template *page, size_t section, const Json *context)
{
    if (renderer->context_count == MUSTACHE_CONTEXT_MAX)
        return stop(renderer, "sections are nested too deep");
    renderer->contexts[renderer->context_count++] = context;
    bool done = run(renderer, page, section + 1, page->ops[section].next);
    renderer->context_count--;
    return done;
}

static bool run_section(Renderer *renderer, const Template *page, size_t section)
{
    const Json *value = lookup(renderer, &page->ops[section].key);
    if (!shows(value))
        return true;
    if (value->kind != JSON_ARRAY)
        return run_within(renderer, page, section, value);
    JSON_EACH(item, value) {
        if (!run_within(renderer, page, section, item))
            return false;
    }
    return true;
}

static bool run(Renderer *renderer, const Template *page, size_t from, size_t to)
{
    for (size_t i = from; i < to;) {
        const Op *op = &page->ops[i];
        if (++renderer->steps > MUSTACHE_STEP_MAX)
            return stop(renderer, "the page takes too many steps");
        if (op->line_start && renderer->indent_len > 0)
            add_indent(renderer);
        size_t next = i + 1;
        bool   done = true;
        switch (op->kind) {
        case OP_TEXT: add_text(renderer, op->text); break;
        case OP_VALUE: add_escaped(renderer->out, value_text(lookup(renderer, &op->key))); break;
        case OP_RAW: buf_add(renderer->out, value_text(lookup(renderer, &op->key))); break;
        case OP_PARTIAL: done = run_partial(renderer, op); break;
        case OP_SECTION:
            done = run_section(renderer, page, i);
            next = op->next;
            break;
        case OP_INVERTED: /* its instructions follow in line, OP_END does nothing */
            if (shows(lookup(renderer, &op->key)))
                next = op->next;
            break;
        case OP_END: break;
        }
        if (!done)
            return false;
        if (buf_full(renderer->out))
            return stop(renderer, "the page is too long");
        i = next;
    }
    return true;
}

Err mustache_render(const Template *page, const Json *const *contexts, size_t context_count, Buf *out)
{
    assert(context_count > 0 && context_count <= MUSTACHE_CONTEXT_MAX);
    Renderer renderer;
    renderer.out = out;
    renderer.context_count = context_count;
    renderer.limit = NULL;
    renderer.indent_len = renderer.partial_depth = renderer.steps = 0;
    memcpy(renderer.contexts, contexts, context_count * sizeof *contexts);
    if (!run(&renderer, page, 0, page->op_count))
        return err_make(ECODE_TEMPLATE_LIMIT, "%s", renderer.limit);
    return ERR_OK;
}
