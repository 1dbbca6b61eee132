/* kernel/pack_yaml.h: one YAML file as a tree whose every node knows its place; private to the loader.
 *
 * Source   YAML 1.1 as libyaml's event parser reads it, and of that only mappings, lists and scalars: aliases, anchors,
 *          tags and a second document are refused, so that the tree is never larger than the text.
 * Shape    scalars stay text; what they mean is the reader's business (kernel/pack_read.h). Keys are words, each once.
 * Memory   the arena's; the tree borrows the file's path and bytes.
 * Errors   problems in the log; reading a file ends at its first fault of syntax, a doubled key does not end it. */
#ifndef FM_KERNEL_PACK_YAML_H
#define FM_KERNEL_PACK_YAML_H

#include "kernel/pack.h"
#include "kernel/pack_log.h"

#define PACK_DEPTH_MAX 16    /* levels of nesting */
#define PACK_NODES_MAX 20000 /* nodes of a file */
#define PACK_KEYS_MAX  100   /* keys of a mapping */

typedef enum PackNodeKind { PACK_SCALAR, PACK_LIST, PACK_MAP } PackNodeKind;

typedef struct PackNode PackNode;
struct PackNode {
    PackNodeKind    kind;
    const PackFile *file;
    uint32_t        line, column; /* of its first character, from 1 */
    const PackNode *parent;
    Str             text; /* scalar */
    Str             key;  /* when it stands in a mapping */
    uint32_t        key_line, key_column;
    PackNode       *first, *last, *next; /* items of a list or a mapping, in order; next sibling */
    size_t          count;
};

/* NULL after a fault of syntax. An empty file is one. */
const PackNode *pack_yaml_parse(Arena *arena, const PackFile *file, PackLog *log);
/* Member of a mapping; NULL when there is none, or map is no mapping (NULL included). */
const PackNode *pack_node_get(const PackNode *map, Str key);
PackPlace       pack_node_place(const PackNode *node);     /* of the value */
PackPlace       pack_node_key_place(const PackNode *node); /* of its key; of the value when it has none */
/* Name for messages: its key, or for an item of a list the list's key. */
Str pack_node_name(const PackNode *node);
/* Where character number `position` (from 1) of a scalar's text stands in the file: escapes and folded lines of quoted
 * and plain scalars are followed. Of a block scalar (| or >) it is the place of the scalar. */
PackPlace pack_node_place_in(const PackNode *scalar, size_t position);

#define PACK_EACH(item, parent)                                                                                        \
    for (const PackNode *item = (parent) ? (parent)->first : NULL; item; item = (item)->next)

#endif
