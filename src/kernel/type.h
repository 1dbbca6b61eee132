/* kernel/type.h: record types as the pack declares them, frozen after the pack is loaded.
 *
 * Everything that a record has is a field, also what the system keeps (id, state, version …): one array, one set of
 * columns, one way to read, compare, show and hide. Fields 0 .. SYS_COUNT-1 are the system's,
 * in the order of SystemField.
 *
 * Access   a field has a class within a compartment; an actor has a clearance per compartment on a record, the
 *          highest that a matching AccessRule gives; the field shows iff its class <= that clearance
 *          (kernel/access.h decides).
 * Columns  fields[0 .. stored_count) have a column each; the computed ones come after them and have none.
 * Rows     a field of kind rows keeps child rows with the record. They have a Type of their own (field->rows), which is
 *          no record type: pack->types does not hold it, its fields are ROW_PARENT, ROW_POSITION and the columns, it
 *          has neither states nor actions, and its columns have class and compartment of the field.
 * Clocks   a clock is fields, too: CLOCK_FIELDS of them beside each other, after the type's own that hold a value. They
 *          are kept by the steps that start and stop it (kernel/clock.h), never written by people. */
#ifndef FM_KERNEL_TYPE_H
#define FM_KERNEL_TYPE_H

#include "base/lang.h"
#include "base/workdays.h"
#include "engines/expression/expression.h"

#define STATES_MAX       64 /* of a type: a set of states is a uint64_t */
#define ROLES_MAX        64
#define ROLE_OPERATOR    0 /* the pack's first role runs the city: it is who acts when a command does not say who */
#define COMPARTMENTS_MAX 8
#define FIELDS_MAX       200 /* of a type, the system's included */
#define RELATIONS_MAX    16
#define CLOCKS_MAX       16

typedef struct Pack  Pack;
typedef struct Type  Type;
typedef struct Clock Clock;

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
    SYS_ERASED,     /* erased: names of the fields whose values were erased (kernel/erase.h) */
    SYS_COUNT
} SystemField;

typedef enum RowField {               /* of the type of child rows */
                        ROW_PARENT,   /* parent: the record they belong to */
                        ROW_POSITION, /* position: 1, 2 … */
                        ROW_COLUMNS   /* the first column */
} RowField;

/* Of each clock: a clock "objection" has the field objection_due. `from` is the date after which its days are counted:
 * it was started, or went on after a pause. */
typedef enum ClockField {
    CLOCK_FROM,
    CLOCK_DAYS,   /* how many, from then on */
    CLOCK_DUE,    /* the last of them; missing unless it runs */
    CLOCK_PAUSED, /* date since when it is paused; missing unless it is */
    CLOCK_FIELDS
} ClockField;

/* Of a field; as a clearance CLASS_NONE sees nothing. */
typedef enum Class { CLASS_NONE, CLASS_PUBLIC, CLASS_SUMMARY, CLASS_NDA, CLASS_SECRET, CLASS_COUNT } Class;
extern const Str class_names[CLASS_COUNT]; /* "none", "public" … */

typedef enum FieldKind {
    FIELD_TEXT,      /* one line */
    FIELD_LONG_TEXT, /* lines and paragraphs */
    FIELD_INTEGER,
    FIELD_DECIMAL,
    FIELD_MONEY, /* an exact amount of a currency: the field's, or the one that a sibling names */
    FIELD_BOOLEAN,
    FIELD_DATE,
    FIELD_INSTANT,
    FIELD_CHOICE,     /* one of the field's choices */
    FIELD_CHOICES,    /* several of them, in the pack's order */
    FIELD_REFERENCE,  /* the id of a record of one type */
    FIELD_REFERENCES, /* several of them, in the order given */
    FIELD_ROWS,       /* child rows */
    FIELD_FILE,       /* a file that somebody uploaded (kernel/file_store.h) */
    FIELD_FILES,      /* several of them, in the order given */
    FIELD_COMPUTED,   /* an expression over the record, worked out when it is read */
    FIELD_KIND_COUNT
} FieldKind;

/* What a kind is. What a layer does with it stands in a table of that layer: keys in packs (pack_kinds.c), schemas
 * (web/openapi.c), controls (web/pages/field.c); docs/recipes/add-a-field-kind.md adds one. */
typedef struct FieldTraits {
    Str       name;     /* in packs and in the API: "text", "long_text" … */
    ValueKind value;    /* what the record keeps; VALUE_MISSING: what its formula gives (field_expr_type) */
    Text      expected; /* what people are told to write; empty: they do not write it */
    /* Kinds of text: what is kept of what was written, trimmed, normal and not empty; false, and *out as it was, when
     * it is none of the kind. NULL: the kind is no text, and has no max_points. */
    bool (*text)(Arena *arena, Str written, Str *out);
    bool lines;  /* a text of lines and paragraphs */
    bool number; /* may have bounds and a unit; has a scale when it keeps VALUE_DECIMAL */
    bool list;   /* several values */
    bool codes;  /* of the field's choices */
    bool file;   /* uploaded files */
} FieldTraits;
extern const FieldTraits field_kinds[FIELD_KIND_COUNT];

typedef struct Choice {
    Str  code;
    Text label;
    Str  was; /* code in the pack before this one, for `pack apply`; empty: the same */
} Choice;

typedef enum DefaultKind {
    DEFAULT_NONE,
    DEFAULT_VALUE,
    DEFAULT_TODAY,       /* dates */
    DEFAULT_NOW,         /* instants */
    DEFAULT_ACTOR,       /* references to a person: who acts */
    DEFAULT_ORGANISATION /* references to an organisation: for whom */
} DefaultKind;

typedef enum Unique { UNIQUE_NO, UNIQUE_OWNER, UNIQUE_CITY } Unique; /* among records of the owner; of the city */

typedef struct Fill {   /* child rows of the record that a reference names, column by column of the same name */
    uint16_t reference; /* the reference beside the field */
    uint16_t rows;      /* the field of its target */
} Fill;

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
    bool          given;      /* column of child rows: the city fills it in, and no form adds a row */
    bool          once;       /* column of child rows: no two rows of a record have the same value */
    int64_t       max_points; /* texts: most code points */
    bool          bounded;    /* numbers: min and max hold; in units of the scale */
    int64_t       min, max;
    uint8_t       scale;          /* decimal, money: digits after the point */
    Str           currency;       /* money: "CNY"; empty when a sibling says */
    int           currency_field; /* money: the choice field that says it, or -1 */
    const Choice *choices;        /* choice, choices */
    size_t        choice_count;
    const Type   *target;           /* reference, references */
    const Type   *rows;             /* rows: the type of the child rows */
    const Fill   *fill;             /* rows: from where they are taken when none are given; NULL: from nowhere */
    int64_t       max_bytes;        /* file, files: of each */
    uint64_t      file_types;       /* file, files: those taken, a bit each (kernel/file_type.h) */
    size_t        max_files;        /* file: 1; files: most */
    Expr         *formula;          /* computed */
    Str           formula_text;     /* its source */
    ExprType      result;           /* computed: what the formula gives */
    bool          filterable;       /* computed: a condition of the filter subset, written into SQL in its place */
    bool          has_translations; /* text with `translate`: what follows holds */
    uint16_t      translations[LANG_COUNT]; /* the siblings title_zh, title_en */
    int           translation_of;           /* of a sibling: the field it translates, or -1 */
    DefaultKind   default_kind;
    Value         default_value; /* DEFAULT_VALUE */
    Unique        unique;
    const Clock  *clock; /* whose field it is, kept by steps; NULL: of none */
    Str           was;   /* name in the pack before this one, for `pack apply`; empty: the same */
} Field;

typedef struct State {
    Str  name;
    Text label;
    Str  was; /* as of a field */
} State;

typedef struct Rule { /* what must hold after every step that changes a field it reads */
    Expr *when;
    Str   text;  /* source of the expression */
    Text  rule;  /* in words */
    Text  helps; /* may be empty */
    int   field; /* at which a form shows it, or -1 */
} Rule;

typedef struct Section { /* of the form and of the record page */
    Text            label;
    Text            help; /* may be empty */
    const uint16_t *fields;
    size_t          field_count;
} Section;

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
    Str   text;    /* source of the expression */
    Text  rule;    /* in words; empty: the expression explains itself */
    Text  source;  /* document and article it comes from; may be empty */
    Text  helps;   /* what would help; may be empty */
    bool  binding; /* holds only while every parameter that it reads is confirmed */
} Guard;

typedef struct Notify { /* who is told of an action */
    Expr    *to;        /* gives a person, or an organisation: those who act for it */
    Str      text;      /* source of the expression */
    uint64_t roles;     /* of these: bit per role of the pack; 0: any role */
} Notify;

typedef struct CarrySet { /* what a step that is taken along gets */
    uint16_t field;       /* of its record */
    Expr    *value;       /* over the child, else over the record that is acted upon */
} CarrySet;

typedef struct Carry { /* a step that an action takes along, on other records (kernel/carry.h) */
    const Type          *type;
    const struct Action *action;
    bool                 has_each; /* of the children `each`, or of the rows of a field; else of the record itself */
    ExprChild            each;
    Expr                *when; /* which of the children; NULL: all */
    Expr                *on;   /* gives a record of the type, or several; NULL: the child itself */
    const CarrySet      *sets;
    size_t               set_count;
} Carry;

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
    const Notify   *notifies;
    size_t          notify_count;
    const uint16_t *erases; /* fields whose values the step erases for good, with all they ever were */
    size_t          erase_count;
    const Carry    *carries;
    size_t          carry_count;
    int             effect;  /* EffectId (kernel/effect.h) */
    bool            decides; /* what its guards found is kept as a computation (kernel/decision.h) */
    bool            awaited; /* while a record is in one of its `from`, somebody is to take it (kernel/desk.h); a create
                              * stands in `begun` of the parent's type */
} Action;

typedef struct Begun {           /* a record of another type that is to be made of one of this (kernel/desk.h) */
    const struct Type *type;     /* whose parent this type is */
    const Action      *action;   /* its create */
    int                relation; /* of this type: to whoever stands so, of the roles of the step's `who` */
    uint64_t           states;   /* of this type; not 0 */
} Begun;

struct Clock { /* a legal time limit: kernel/clock.h counts it */
    Str                     name;
    Text                    label;
    Text                    source;  /* document and article that sets it; may be empty */
    int64_t                 days;    /* when no parameter says it */
    const struct Parameter *length;  /* whose value on the reference date it is; NULL: `days` */
    Expr                   *until;   /* gives its last day; NULL: days are counted */
    int64_t                 before;  /* of a reminder: by how many days it runs out earlier; else 0 */
    bool                    waits;   /* time that others have, and nobody is late by */
    bool                    working; /* in working days of the city's calendar; else in all days */
    bool                    rolls;   /* its last day, when it is none that is worked, is the next one that is */
    int                     ends;    /* minute of the last day at which it ends: 1440 is 24:00 */
    uint64_t                starts, stops, pauses, resumes; /* bit per action */
    int                     expires; /* action that the system takes when it has run out, or -1 */
    uint16_t                first;   /* field CLOCK_FROM; the others follow */
    Str                     was;     /* as of a field */
};

typedef struct MatrixClass { /* records that a condition holds for */
    Str   name;
    Text  label;
    Expr *when; /* filter subset */
    Str   text; /* source of the expression */
} MatrixClass;

typedef enum MatrixSide { MATRIX_ROWS, MATRIX_COLUMNS, MATRIX_AXES } MatrixSide;
#define MATRIX_CLASSES_MAX 6

typedef struct MatrixAxis {
    Text               label;
    const MatrixClass *classes; /* at least one; a record may fit several, or none */
    size_t             count;
} MatrixAxis;

typedef struct Matrix { /* records of a type crossed by two sides */
    Text       label;
    MatrixAxis axes[MATRIX_AXES];
} Matrix;

typedef enum BlockKind { BLOCK_TEXT, BLOCK_FIELDS, BLOCK_SIGNATURES, BLOCK_KIND_COUNT } BlockKind;

typedef struct DocumentBlock { /* one part of a printed document */
    BlockKind       kind;
    Text            text;   /* BLOCK_TEXT: paragraphs; {field} stands for the field's value */
    const uint16_t *fields; /* BLOCK_FIELDS: a table of labels and values; child rows as a table of their own */
    size_t          field_count;
    const Text     *signatures; /* BLOCK_SIGNATURES: who signs */
    size_t          signature_count;
} DocumentBlock;

typedef struct Document { /* what can be printed of a record, from what the reader may see of it */
    Str                  name;
    Text                 label;  /* and heading */
    uint64_t             states; /* bit per state in which it can be had; 0: any */
    const DocumentBlock *blocks;
    size_t               block_count;
} Document;

struct Type {
    Str               name;
    Text              label, plural;
    const Pack       *pack;
    uint16_t          index;      /* in pack->types */
    Str               table;      /* name of the SQL table: "r_" and the name */
    Str               load_sql;   /* statement that reads one record: record_statements() makes it, */
    Str               insert_sql; /* that which writes a new one, */
    const uint16_t   *by_name;    /* and the order of the fields' names */
    int               service;    /* index in pack->services, or -1 */
    Str               page;       /* name of a page of its own ("gate"), or empty */
    int               parent;     /* reference field that says whose child this is, or -1 */
    uint16_t          title;      /* field that names the record */
    Str               number;     /* pattern: "POC-{year}-{seq:5}", or empty: no number */
    Class             disclosure; /* of a new record */
    const Field      *fields;
    size_t            field_count, stored_count;
    const Field      *row_of;         /* of a type of child rows: the field whose rows they are; NULL: a record type */
    int               reference_date; /* date field under whose rules a case counts, or -1: today's */
    const Rule       *rules;
    size_t            rule_count;
    const Section    *sections; /* every field of the type's own stands in exactly one */
    size_t            section_count;
    Str               was;   /* as of a field */
    const Str        *drops; /* fields and states of before that may go with their data */
    size_t            drop_count;
    const State      *states; /* the first is where records begin */
    size_t            state_count;
    const Relation   *relations;
    size_t            relation_count;
    const AccessRule *access;
    size_t            access_count;
    const Action     *actions;
    size_t            action_count;
    const Begun      *begun;
    size_t            begun_count;
    const Clock      *clocks;
    size_t            clock_count;
    const Document   *documents;
    size_t            document_count;
    const uint16_t   *columns; /* of the list */
    size_t            column_count;
    Str               sort;   /* of the list: "-created" */
    const Matrix     *matrix; /* NULL: none */
    const uint16_t   *alike;  /* texts by which records are compared (services/alike.h) */
    size_t            alike_count;
};

typedef struct Named { /* a role, a compartment, a service, a currency */
    Str  name;
    Text label;
    Str  icon;  /* services: "i-poc" */
    int  users; /* roles: how many demo users (1: the role's name; 9: expert, expert2 … expert9) */
    Str  was;   /* roles: as of a field */
} Named;

typedef struct ParameterRow { /* as the pack gives it; what counts in a city are its records (kernel/parameter.h) */
    Value   value;
    int64_t from, to; /* days, both included; to INT64_MAX: open */
    Text    source;
} ParameterRow;

typedef struct Parameter { /* a dated policy value */
    Str                 name;
    Text                label;
    Text                unit;  /* may be empty */
    FieldKind           kind;  /* text, integer, decimal, boolean, date */
    uint8_t             scale; /* decimal */
    const ParameterRow *rows;  /* sorted by from; they do not overlap */
    size_t              row_count;
} Parameter;

typedef struct PackRecord { /* a record that the pack brings: of records/TYPE.yaml, or a row of a parameter */
    const Type *type;
    Str         code;   /* by which it is found again, with valid_from where the pack says that */
    Value      *values; /* per field of the type */
    bool       *given;  /* per field: the pack says it */
} PackRecord;

struct Pack {
    Str                 name;
    int64_t             version;
    Text                label;
    int                 utc_offset_minutes;
    const Named        *roles;
    size_t              role_count;
    const Named        *compartments;
    size_t              compartment_count;
    const Named        *services;
    size_t              service_count;
    const Named        *currencies; /* by their codes: how people call them */
    size_t              currency_count;
    const Type         *types;
    size_t              type_count;
    const Str          *drops; /* types of before that may go with their records */
    size_t              drop_count;
    const WorkCalendar *calendar; /* by which the city counts working days; NULL: Monday to Friday */
    const Parameter    *parameters;
    size_t              parameter_count;
    PackRecord         *records; /* those of a type together */
    size_t              record_count;
    const Type         *parameter;   /* type of the records that hold their rows; NULL: a pack without parameters */
    const Type         *computation; /* type of kept results (kernel/computation.h); NULL: a pack without it */
    const Type         *job;         /* type of long work (kernel/job.h); NULL: a pack without it */
    const Type         *saved_view;  /* type of lists kept under a name (services/saved_views.h); NULL: without it */
    /* The three types that say who somebody is; a pack without them, or without these fields, is refused. */
    const Type *person, *organisation, *membership;
    uint16_t    membership_person, membership_organisation, membership_role, membership_from, membership_to;
    Str         actor_sql; /* made by actor_statement() */
};

const Type *pack_type(const Pack *pack, Str name);
/* Does a record of the type begin where the records that it is about are: a job with an import, a saved view above its
 * list? Then no menu offers to make one. */
bool             type_begun_there(const Type *type);
int              pack_role(const Pack *pack, Str name); /* -1 */
const Field     *type_field(const Type *type, Str name);
const Action    *type_action(const Type *type, Str name);
int              type_state(const Type *type, Str name); /* -1 */
const Choice    *field_choice(const Field *field, Str code);
const Parameter *pack_parameter(const Pack *pack, Str name);
/* Is the field in such a list as an action has of its inputs, or a section of its fields? */
bool field_among(const uint16_t *list, size_t count, const Field *field);
/* The field's value kind for expressions and statements. */
ExprType field_expr_type(const Field *field);
/* Value for people: labels of choices and states, ISO dates, decimals in full; a reference is its id. */
Text value_label(Arena *arena, const Field *field, Value value);
/* Types and fields of the pack as the expression engine wants them. */
ExprScope pack_scope(const Pack *pack, bool actor);

#endif
