/* kernel/pack_read.h: reading the nodes of a pack, with a problem in the log for whatever does not fit; private to the
 * loader.
 *
 * A reader always returns something usable (the fallback, an empty text), so that one run finds all problems.
 *
 * The passes, each over all files, in this order (pack.c runs them):
 *   pack_names      pack.yaml, roles.yaml; the types by name
 *   pack_policy     calendars and parameters
 *   pack_fields     fields and states of each type (pack_kinds: what each kind of field says of its own)
 *   pack_steps      relations, access, actions, list: whatever names fields, states and roles
 *   pack_clocks     what starts, stops and ends clocks; their fields are made by pack_fields
 *   pack_forms      rules, sections of the form
 *   pack_matrix     by what records are crossed
 *   pack_documents  what can be printed
 *   pack_check      expressions, states that nothing reaches, the types that the kernel relies on
 *   pack_carries    steps that take others along (so too)
 *   pack_formulas   computed fields, in the order in which they rest on each other (pack_check runs it)
 *   pack_proof      roles that nobody has, unique values that would tell secrets, steps of the program (so too). What
 *                   nothing in the program rests on for its safety is asked here, of new packs only
 *   pack_records    records that the pack brings */
#ifndef FM_KERNEL_PACK_READ_H
#define FM_KERNEL_PACK_READ_H

#include "kernel/pack_yaml.h"

typedef enum FormulaState { FORMULA_WAITING, FORMULA_OPEN, FORMULA_DONE } FormulaState;

typedef struct Formula {  /* of a computed field */
    const PackNode *node; /* NULL: it says none */
    FormulaState    state;
    int             depth; /* computed fields that it goes through, itself included */
} Formula;

typedef struct TypeDraft { /* a type on its way to be frozen */
    Type            *type;
    const PackNode  *node; /* NULL: its file could not be read */
    Field           *fields;
    const PackNode **nodes;    /* of each field, where it stands; NULL: the system's */
    Formula         *formulas; /* of fields[stored_count ..) */
    Relation        *relations;
    Begun           *begun;
    size_t           begun_capacity;
} TypeDraft;

typedef enum ExprUseKind {
    USE_RELATION,
    USE_GUARD,
    USE_RULE,
    USE_NOTIFY,
    USE_FILTER,
    USE_UNTIL,
    USE_COUNT
} ExprUseKind;

typedef struct ExprUse { /* a condition waiting for pack_check */
    ExprUseKind     kind;
    Expr          **out;
    Str             text;
    const PackNode *node; /* where it stands; NULL: one of the system's */
    const Type     *type;
} ExprUse;

typedef struct CarryDraft { /* a step that is taken along: which one is known when all types are there */
    const PackNode *node;
    const Type     *type; /* whose action takes it along */
    const Action   *action;
    Carry          *out;
} CarryDraft;

typedef struct NamedFile { /* one of a folder in which each file is called as what it holds */
    Str             name;
    const PackNode *node;
} NamedFile;

typedef struct NamedFiles {
    NamedFile *items;
    size_t     count;
} NamedFiles;

typedef struct PackLoad {
    Arena          *arena;
    PackLog        *log;
    Pack           *pack;
    const PackFile *pack_file;
    const PackNode *pack_node; /* NULL: no mapping */
    NamedFiles      calendars, parameters, documents, records;
    size_t          record_capacity; /* of pack->records */
    TypeDraft      *drafts;          /* as pack->types */
    ExprUse        *uses;
    size_t          use_count, use_capacity;
    CarryDraft     *carries;
    size_t          carry_count, carry_capacity;
    bool            frozen;  /* accepted before: pack_proof asks nothing of it */
    bool            damaged; /* a file could not be read: what names its content is not held against it */
} PackLoad;

void pack_names(PackLoad *load, const PackNode *pack_node, const PackNode *roles_node);
void pack_policy(PackLoad *load);
void pack_fields(PackLoad *load);
void pack_steps(PackLoad *load);
void pack_clocks(PackLoad *load);
void pack_forms(PackLoad *load);
void pack_matrix(PackLoad *load);
void pack_documents(PackLoad *load);
void pack_check(PackLoad *load);
void pack_carries(PackLoad *load);
void pack_formulas(PackLoad *load);
void pack_proof(PackLoad *load);
void pack_records(PackLoad *load);

/* The field that node describes, kind and keys included; column: one of child rows. False when it is no mapping. */
bool field_read(PackLoad *load, const PackNode *node, Field *field, bool column);
/* The clocks of the type, as far as their fields need it: behind the type's own, *count of which there are. */
size_t clocks_room(PackLoad *load, const PackNode *type); /* for how many fields */
void   clocks_make(PackLoad *load, TypeDraft *draft, uint16_t *count);

void field_name_check(PackLoad *load, const PackNode *field); /* that its name is not reserved */
/* What a field says of its siblings, once all are read. */
void field_link(PackLoad *load, const PackNode *node, Field *fields, size_t count, Field *field);

/* ---- mappings ---- */

typedef struct PackKey {
    Str  name;
    bool needed;
} PackKey;

/* False, with a problem, when node is no mapping. Unknown and missing keys are problems, and true all the same. */
bool read_keys(PackLoad *load, const PackNode *node, const PackKey *keys, size_t count);
#define READ_KEYS(load, node, keys) read_keys((load), (node), (keys), sizeof(keys) / sizeof *(keys))

/* ---- values; map[key], which may be absent ---- */

Str     read_line(PackLoad *load, const PackNode *map, Str key);       /* one line of text; empty when absent */
Text    read_text(PackLoad *load, const PackNode *map, Str key);       /* {zh, en}; empty when absent */
Text    read_text_node(PackLoad *load, const PackNode *node);          /* of an item of a list */
Text    read_paragraphs(PackLoad *load, const PackNode *map, Str key); /* the same, of several lines */
int64_t read_integer(PackLoad *load, const PackNode *map, Str key, int64_t min, int64_t max, int64_t fallback);
/* Index of the value among names from index first on. */
int read_enum(PackLoad *load, const PackNode *map, Str key, const Str *names, int first, int count, int fallback);
/* The list there, of at most max items; NULL when absent or no list. A list counts as one problem at most. */
const PackNode *read_list(PackLoad *load, const PackNode *map, Str key, size_t max);
/* A name of the pack's own: lower-case letters, digits, underscores. */
Str  read_name(PackLoad *load, const PackNode *map, Str key);
bool pack_name_valid(Str name);
/* A list of names of a pack before this one. */
void read_names(PackLoad *load, const PackNode *map, Str key, const Str **out, size_t *count);
/* That the file says under key what it is called: one place to look for a thing, and never two of a name. */
void read_file_name(PackLoad *load, const PackNode *map, Str key, Str name);
/* A value written as in JSON, of a kind that needs no more than its scale to be read: texts, numbers, booleans, dates,
 * instants. False, with a problem, when it is none. */
bool read_literal(PackLoad *load, const PackNode *node, FieldKind kind, uint8_t scale, Value *out);
/* map[key] as a value that the field may hold; not of references, files, child rows. */
bool read_field_value(PackLoad *load, const PackNode *map, Str key, const Field *field, Value *out);
bool read_boolean(PackLoad *load, const PackNode *map, Str key); /* false when absent */

/* ---- names of things defined elsewhere ---- */

typedef struct PackLookup {
    /* The name at an index; empty for one that cannot be meant here. False past the last. */
    bool (*name)(const void *context, int index, Str *out);
    const void *context;
    Text        what; /* "field" */
} PackLookup;

int lookup_find(PackLookup lookup, Str name); /* -1 */
/* Tells that there is none of the name, and which there are. */
void lookup_unknown(PackLoad *load, PackPlace place, Str name, PackLookup lookup);

PackLookup lookup_roles(const PackLoad *load);
PackLookup lookup_compartments(const PackLoad *load);
PackLookup lookup_services(const PackLoad *load);
PackLookup lookup_types(const PackLoad *load);
PackLookup lookup_fields(const Type *type);
PackLookup lookup_states(const Type *type);
PackLookup lookup_inputs(const Type *type); /* fields of the type's own that hold a value: what people fill in */

int read_known(PackLoad *load, const PackNode *scalar, PackLookup lookup);                   /* -1, with a problem */
int read_ref(PackLoad *load, const PackNode *map, Str key, PackLookup lookup, int fallback); /* when absent: fallback */
uint64_t read_set(PackLoad *load, const PackNode *map, Str key, PackLookup lookup);          /* a bit each; absent: 0 */
/* Indexes in the order written; false when absent. */
bool read_indexes(PackLoad *load, const PackNode *map, Str key, PackLookup lookup, const uint16_t **out, size_t *count);

/* ---- problems ---- */

#define PACK_PROBLEM(load, node, code, ...) PACK_LOG((load)->log, pack_node_place(node), code, ##__VA_ARGS__)
void read_misshape(PackLoad *load, const PackNode *node, Text expected);
/* Reports name when it stands in an earlier item of the same list under the key `by`. */
/* ISO 4217: three capital letters. */
bool currency_code(Str code);
void read_unique(PackLoad *load, const PackNode *item, Str by);
/* Keeps map[key], a condition over records of the type, for pack_check; returns its text. */
Str  read_condition(PackLoad *load, const PackNode *map, Str key, const Type *type, ExprUseKind kind, Expr **out);
void pack_expression(PackLoad *load, const ExprUse *use);
/* At the file of the type when there is one, else at the start of pack.yaml. */
PackPlace pack_type_place(const PackLoad *load, const Type *type);
/* Parses and checks a text; *out is NULL when it has problems, which go into the log at their place unless node is
 * NULL. */
void expression_check(PackLoad *load, const ExprScope *scope, const ExprUse *use, ValueKind wanted, bool filter);

#endif
