/* kernel/type.h: record types as the pack declares them, frozen after the pack is loaded.
 *
 * Everything that a record has is a field, also what the system keeps (id, state, version …): one array, one set of
 * columns, one way to read, compare, show and hide. Fields 0 .. SYS_COUNT-1 are the system's,
 * in the order of SystemField.
 *
 * Access   a field has a class within a compartment; an actor has a clearance per compartment on a record, the
 *          highest that a matching AccessRule gives; the field shows iff its class <= that clearance
 *          (kernel/access.h decides). */
#ifndef FM_KERNEL_TYPE_H
#define FM_KERNEL_TYPE_H

#include "base/lang.h"
#include "engines/expression/expression.h"

#define STATES_MAX       64 /* of a type: a set of states is a uint64_t */
#define ROLES_MAX        64
#define ROLE_OPERATOR    0 /* the pack's first role runs the city: it is who acts when a command does not say who */
#define COMPARTMENTS_MAX 8
#define FIELDS_MAX       200 /* of a type, the system's included */
#define RELATIONS_MAX    16

typedef struct Pack Pack;
typedef struct Type Type;

/* Each with its name in packs, API and SQL. */
typedef enum SystemField {
    SYS_ID,         /* id: a reference to the record itself */
    SYS_NUMBER,     /* number: for people, given when the record first leaves its first state */
    SYS_STATE,      /* state */
    SYS_VERSION,    /* version: counts from 1 */
    SYS_OWNER,      /* owner: organisation */
    SYS_CREATOR,    /* creator: person */
    SYS_DISCLOSURE, /* disclosure: public, summary, nda, secret: how far the owner opens the record */
    SYS_CREATED,    /* created: instant */
    SYS_CHANGED,    /* changed: instant */
    SYS_COUNT
} SystemField;

/* Of a field; as a clearance CLASS_NONE sees nothing. */
typedef enum Class { CLASS_NONE, CLASS_PUBLIC, CLASS_SUMMARY, CLASS_NDA, CLASS_SECRET, CLASS_COUNT } Class;
extern const Str class_names[CLASS_COUNT]; /* "none", "public" … */

typedef enum FieldKind {
    FIELD_TEXT,      /* one line */
    FIELD_LONG_TEXT, /* lines and paragraphs */
    FIELD_INTEGER,
    FIELD_DECIMAL,
    FIELD_BOOLEAN,
    FIELD_DATE,
    FIELD_INSTANT,
    FIELD_CHOICE,    /* one of the field's choices */
    FIELD_REFERENCE, /* the id of a record of one type */
    FIELD_KIND_COUNT
} FieldKind;
extern const Str field_kind_names[FIELD_KIND_COUNT]; /* "text", "long_text" … */

typedef struct Choice {
    Str  code;
    Text label;
} Choice;

typedef struct Field {
    Str         name;
    FieldKind   kind;
    uint16_t    index;  /* in type->fields */
    bool        system; /* kept by the kernel; of these only disclosure may be written by people */
    const Type *type;   /* whose field this is */
    Text        label;
    Text        help; /* may be empty */
    Text        unit; /* may be empty: "万元", "10,000 yuan" */
    Class class;
    uint8_t       compartment;
    int64_t       max_points; /* texts: most code points */
    bool          bounded;    /* numbers: min and max hold; in units of the scale */
    int64_t       min, max;
    uint8_t       scale;   /* decimal: digits after the point */
    const Choice *choices; /* choice */
    size_t        choice_count;
    const Type   *target; /* reference */
} Field;

typedef struct State {
    Str  name;
    Text label;
} State;

typedef struct Relation { /* how an actor may stand to a record; "own" and "creator" are there in every type */
    Str   name;
    Text  label;
    Expr *when; /* filter subset, with actor() and organisation() */
} Relation;
#define RELATION_ANY     (-1) /* no condition */
#define RELATION_OWN     0    /* owner = organisation() */
#define RELATION_CREATOR 1    /* creator = actor() */

typedef struct Who { /* one of several: role and relation both hold */
    uint64_t roles;  /* bit per role of the pack; 0: any role */
    int      relation;
} Who;

typedef struct AccessRule {
    Who      who;
    uint64_t states;                      /* bit per state; 0: any */
    uint8_t  levels;                      /* bit per Class of the record's disclosure; 0: any */
    uint8_t  clearance[COMPARTMENTS_MAX]; /* a Class */
} AccessRule;

typedef struct Guard { /* one condition of an action */
    Expr *when;
    Str   text;   /* source of the expression */
    Text  rule;   /* in words; empty: the expression explains itself */
    Text  source; /* document and article it comes from; may be empty */
    Text  helps;  /* what would help; may be empty */
} Guard;

typedef struct Action {
    Str             name;
    uint16_t        index;
    Text            label;
    Text            help;    /* may be empty */
    bool            creates; /* makes the record; `from` is then 0 */
    uint64_t        from;    /* bit per state */
    int             to;      /* state, or -1: stays */
    const Who      *who;
    size_t          who_count;
    const Guard    *guards;
    size_t          guard_count;
    const uint16_t *inputs; /* fields that may be given */
    size_t          input_count;
    const uint16_t *required; /* fields that must be there when the step is done */
    size_t          required_count;
} Action;

struct Type {
    Str               name;
    Text              label, plural;
    const Pack       *pack;
    uint16_t          index;      /* in pack->types */
    Str               table;      /* name of the SQL table: "r_" and the name */
    int               service;    /* index in pack->services, or -1 */
    Str               page;       /* name of a page of its own ("gate"), or empty */
    int               parent;     /* reference field that says whose child this is, or -1 */
    uint16_t          title;      /* field that names the record */
    Str               number;     /* pattern: "POC-{year}-{seq:5}", or empty: no number */
    Class             disclosure; /* of a new record */
    const Field      *fields;
    size_t            field_count;
    const State      *states; /* the first is where records begin */
    size_t            state_count;
    const Relation   *relations;
    size_t            relation_count;
    const AccessRule *access;
    size_t            access_count;
    const Action     *actions;
    size_t            action_count;
    const uint16_t   *columns; /* of the list */
    size_t            column_count;
    Str               sort; /* of the list: "-created" */
};

typedef struct Named { /* a role, a compartment, a service */
    Str  name;
    Text label;
    Str  icon;  /* services: "i-poc" */
    int  users; /* roles: how many demo users (1: the role's name; 9: expert, expert2 … expert9) */
} Named;

struct Pack {
    Str          name;
    int64_t      version;
    Text         label;
    int          utc_offset_minutes;
    const Named *roles;
    size_t       role_count;
    const Named *compartments;
    size_t       compartment_count;
    const Named *services;
    size_t       service_count;
    const Type  *types;
    size_t       type_count;
    /* The three types that say who somebody is; a pack without them, or without these fields, is refused. */
    const Type *person, *organisation, *membership;
    uint16_t    membership_person, membership_organisation, membership_role, membership_from, membership_to;
};

const Type   *pack_type(const Pack *pack, Str name);
int           pack_role(const Pack *pack, Str name); /* -1 */
const Field  *type_field(const Type *type, Str name);
const Action *type_action(const Type *type, Str name);
int           type_state(const Type *type, Str name); /* -1 */
const Choice *field_choice(const Field *field, Str code);
/* The field's value kind for expressions and statements. */
ExprType field_expr_type(const Field *field);
/* Value for people: labels of choices and states, ISO dates, decimals in full; a reference is its id. */
Text value_label(Arena *arena, const Field *field, Value value);
/* Types and fields of the pack as the expression engine wants them. */
ExprScope pack_scope(const Pack *pack, bool actor);

#endif
