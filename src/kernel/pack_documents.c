/* kernel/pack_documents.c: documents/NAME.yaml: what can be printed of a record. */
#include "kernel/pack_read.h"

#include "base/utf8.h"

#define BLOCKS_MAX     100
#define SIGNATURES_MAX 20

/* Every {field} of the text is a field of the type. */
static void marks_check(PackLoad *load, const PackNode *node, const Type *type)
{
    PackLookup fields = lookup_fields(type);
    size_t     at = 0;
    while (node && node->kind == PACK_SCALAR) {
        at += str_find(str_slice(node->text, at, node->text.len), STR("{"));
        if (at == node->text.len)
            return;
        Str rest = str_slice(node->text, at + 1, node->text.len);
        Str name = str_cut(&rest, '}');
        if (lookup_find(fields, name) < 0)
            lookup_unknown(load, pack_node_place_in(node, utf8_length(str_slice(node->text, 0, at + 1)) + 1), name,
                           fields);
        at++;
    }
}

static void text_block(PackLoad *load, const PackNode *map, const Type *type, DocumentBlock *block)
{
    const PackNode *text = pack_node_get(map, STR("text"));
    block->text = read_paragraphs(load, map, STR("text"));
    marks_check(load, pack_node_get(text, STR("zh")), type);
    marks_check(load, pack_node_get(text, STR("en")), type);
}

static void fields_block(PackLoad *load, const PackNode *map, const Type *type, DocumentBlock *block)
{
    read_indexes(load, map, STR("fields"), lookup_fields(type), &block->fields, &block->field_count);
}

static void signatures_block(PackLoad *load, const PackNode *map, const Type *type, DocumentBlock *block)
{
    const PackNode *list = read_list(load, map, STR("signatures"), SIGNATURES_MAX);
    Text           *signatures = ARENA_ARRAY(load->arena, Text, list ? list->count : 0);
    (void)type;
    PACK_EACH(item, list)
        signatures[block->signature_count++] = read_text_node(load, item);
    block->signatures = signatures;
}

static const struct {
    Str key;
    void (*read)(PackLoad *load, const PackNode *map, const Type *type, DocumentBlock *block);
} block_kinds[BLOCK_KIND_COUNT] = {
    [BLOCK_TEXT] = { STR_INIT("text"), text_block },
    [BLOCK_FIELDS] = { STR_INIT("fields"), fields_block },
    [BLOCK_SIGNATURES] = { STR_INIT("signatures"), signatures_block },
};

/* A block is one thing, and its key says which. */
static bool block_read(PackLoad *load, const PackNode *node, const Type *type, DocumentBlock *block)
{
    static const PackKey keys[] = { { STR_INIT("text"), false },
                                    { STR_INIT("fields"), false },
                                    { STR_INIT("signatures"), false } };
    static const Text    one = TEXT_INIT("text、fields、signatures 之一", "one of text, fields, signatures");
    size_t               before = pack_log_count(load->log);
    if (!READ_KEYS(load, node, keys) || pack_log_count(load->log) > before)
        return false;
    if (node->count != 1) {
        read_misshape(load, node, one);
        return false;
    }
    for (BlockKind kind = 0; kind < BLOCK_KIND_COUNT; kind++)
        if (str_eq(node->first->key, block_kinds[kind].key)) {
            block->kind = kind;
            block_kinds[kind].read(load, node, type, block);
        }
    return true;
}

static void blocks_read(PackLoad *load, const PackNode *node, const Type *type, Document *document)
{
    const PackNode *list = read_list(load, node, STR("blocks"), BLOCKS_MAX);
    DocumentBlock  *blocks = ARENA_ARRAY(load->arena, DocumentBlock, list ? list->count : 0);
    PACK_EACH(item, list)
        if (block_read(load, item, type, &blocks[document->block_count]))
            document->block_count++;
    document->blocks = blocks;
}

/* The type of the document; NULL when it cannot be told. */
static TypeDraft *document_read(PackLoad *load, const NamedFile *file, Document *document)
{
    static const PackKey keys[] = { { STR_INIT("document"), true },
                                    { STR_INIT("type"), true },
                                    { STR_INIT("label"), true },
                                    { STR_INIT("states"), false },
                                    { STR_INIT("blocks"), true } };
    if (!READ_KEYS(load, file->node, keys))
        return NULL;
    document->name = file->name;
    document->label = read_text(load, file->node, STR("label"));
    read_file_name(load, file->node, STR("document"), file->name);
    int type = read_ref(load, file->node, STR("type"), lookup_types(load), -1);
    if (type < 0 || !load->drafts[type].node)
        return NULL;
    document->states = read_set(load, file->node, STR("states"), lookup_states(load->drafts[type].type));
    blocks_read(load, file->node, load->drafts[type].type, document);
    return &load->drafts[type];
}

void pack_documents(PackLoad *load)
{
    for (size_t i = 0; i < load->documents.count; i++) {
        Document   document = { 0 };
        TypeDraft *draft = document_read(load, &load->documents.items[i], &document);
        if (!draft)
            continue;
        Type     *type = draft->type;
        Document *all = arena_grow(load->arena, type->documents, type->document_count, type->document_count + 1,
                                   sizeof *all);
        all[type->document_count++] = document;
        type->documents = all;
    }
}
