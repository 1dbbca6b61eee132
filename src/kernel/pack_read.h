/* kernel/pack_read.h: reading the nodes of a pack, with a problem in the log for whatever does not fit; private to the
 * loader.
 *
 * A reader always returns something usable (the fallback, an empty text), so that one run finds all problems.
 *
 * The passes, each over all files, in this order (pack.c runs them):
 *   pack_names    pack.yaml, roles.yaml; the types by name
 *   pack_fields   fields and states of each type
 *   pack_steps    relations, access, actions, list: whatever names fields, states and roles
 *   pack_check    expressions, states that nothing reaches, the party types */
#ifndef FM_KERNEL_PACK_READ_H
#define FM_KERNEL_PACK_READ_H

#include "kernel/pack_yaml.h"

typedef struct TypeDraft { /* a type on its way to be frozen */
    Type           *type;
    const PackNode *node; /* NULL: its file could not be read */
    Field          *fields;
    Relation       *relations;
} TypeDraft;

typedef struct ExprUse { /* an expression waiting for pack_check */
    Expr          **out;
    Str             text;
    const PackNode *node; /* where it stands; NULL: one of the system's */
    const Type     *type;
    bool            filter;
} ExprUse;

typedef struct PackLoad {
    Arena          *arena;
    PackLog        *log;
    Pack           *pack;
    const PackFile *pack_file;
    TypeDraft      *drafts; /* as pack->types */
    ExprUse        *uses;
    size_t          use_count, use_capacity;
    bool            damaged; /* a file could not be read: what names its content is not held against it */
} PackLoad;

void pack_names(PackLoad *load, const PackNode *pack_node, const PackNode *roles_node);
void pack_fields(PackLoad *load);
void pack_steps(PackLoad *load);
void pack_check(PackLoad *load);

/* ---- mappings ---- */

typedef struct PackKey {
    Str  name;
    bool needed;
} PackKey;

/* False, with a problem, when node is no mapping. Unknown and missing keys are problems, and true all the same. */
bool read_keys(PackLoad *load, const PackNode *node, const PackKey *keys, size_t count);
#define READ_KEYS(load, node, keys) read_keys((load), (node), (keys), sizeof(keys) / sizeof *(keys))

/* ---- values; map[key], which may be absent ---- */

Str     read_line(PackLoad *load, const PackNode *map, Str key); /* one line of text; empty when absent */
Text    read_text(PackLoad *load, const PackNode *map, Str key); /* {zh, en}; empty when absent */
int64_t read_integer(PackLoad *load, const PackNode *map, Str key, int64_t min, int64_t max, int64_t fallback);
/* Index of the value among names from index first on. */
int read_enum(PackLoad *load, const PackNode *map, Str key, const Str *names, int first, int count, int fallback);
/* The list there, of at most max items; NULL when absent or no list. A list counts as one problem at most. */
const PackNode *read_list(PackLoad *load, const PackNode *map, Str key, size_t max);
/* A name of the pack's own: lower-case letters, digits, underscores. */
Str  read_name(PackLoad *load, const PackNode *map, Str key);
bool pack_name_valid(Str name);

/* ---- names of things defined elsewhere ---- */

typedef struct PackLookup {
    int (*find)(const void *context, Str name); /* -1 */
    const void *context;
    Text        what; /* "field" */
} PackLookup;

PackLookup lookup_roles(const PackLoad *load);
PackLookup lookup_compartments(const PackLoad *load);
PackLookup lookup_services(const PackLoad *load);
PackLookup lookup_types(const PackLoad *load);
PackLookup lookup_fields(const Type *type);
PackLookup lookup_states(const Type *type);

int read_known(PackLoad *load, const PackNode *scalar, PackLookup lookup);                   /* -1, with a problem */
int read_ref(PackLoad *load, const PackNode *map, Str key, PackLookup lookup, int fallback); /* when absent: fallback */
uint64_t read_set(PackLoad *load, const PackNode *map, Str key, PackLookup lookup);          /* a bit each; absent: 0 */
/* Indexes in the order written; false when absent. */
bool read_indexes(PackLoad *load, const PackNode *map, Str key, PackLookup lookup, const uint16_t **out, size_t *count);

/* ---- problems ---- */

#define PACK_PROBLEM(load, node, code, ...) PACK_LOG((load)->log, pack_node_place(node), code, ##__VA_ARGS__)
void read_misshape(PackLoad *load, const PackNode *node, Text expected);
/* Reports name when it stands in an earlier item of the same list under the key `by`. */
void read_unique(PackLoad *load, const PackNode *item, Str by);
void pack_expression(PackLoad *load, Expr **out, const PackNode *node, Str text, const Type *type, bool filter);

#endif
