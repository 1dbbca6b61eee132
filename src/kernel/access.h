/* kernel/access.h: the one place that decides who sees and does what: access.c for a record in hand, access_env.c in
 * what expressions find, access_sql.c as SQL.
 *
 * Rule     actor x record gives a clearance per compartment: the highest class that an AccessRule of the type grants
 *          whose role, relation, state and disclosure all match. A field shows iff its class <= the clearance in its
 *          compartment. A record that shows nothing at public or above does not exist for that actor.
 * Twins    access_clearance() decides for a record in hand, access_sql_*() writes the same rule as SQL; a test holds
 *          them against each other on random records.
 * Missing  in filter, sort, search, count and export a hidden field is missing. The id of a record that the reader does
 *          not see is there, but unknown: the text "hidden" stands for it, as {"hidden":true} does in JSON.
 * Rows     child rows show where the field that holds them shows. They have no rules of their own.
 * Computed a formula is worked out over true values; its own class and compartment say who sees the result. A boolean
 *          one whose value is missing counts as false, so that its formula can stand in SQL. */
#ifndef FM_KERNEL_ACCESS_H
#define FM_KERNEL_ACCESS_H

#include "kernel/party.h"
#include "kernel/record.h"

Err                access_clearance(const Ctx *ctx, const Record *record, Clearance *out) MUST_CHECK;
bool               access_sees(const Clearance *clearance); /* anything at all */
static inline bool access_shows(const Clearance *clearance, const Field *field)
{
    return clearance->in[field->compartment] >= field->class;
}

/* Could the field ever show to somebody of the actor's role, and could they ever take the action? What they never could
 * is named to them no more than what is not there. */
bool access_field_ever(const Actor *actor, const Field *field);
bool access_action_ever(const Actor *actor, const Action *action);
/* Could every field show that a checked expression reads? Else its source would tell of the rest. */
bool access_expr_ever(const Actor *actor, const Expr *expr);

/* Does the actor see every record of the type? Then a reference to one needs no look-up. */
bool access_always(const Ctx *ctx, const Type *type);

/* The value as the actor finds it in filters and sorts: missing when the field is hidden, ACCESS_HIDDEN in place of
 * each id of a record that they do not see. */
#define ACCESS_HIDDEN "hidden"
Err access_seen(const Ctx *ctx, const Record *record, const Field *field, Value *out) MUST_CHECK;
/* Is there a record of that id that the actor sees? */
Err access_sees_id(const Ctx *ctx, const Type *type, Str id, bool *out) MUST_CHECK;
/* Works out the computed fields that show in these records of one type: of the first *done of them, when all would take
 * too much; ECODE_STORE_SLOW when the first one does. */
Err access_computed(const Ctx *ctx, Record *records, size_t count, size_t *done) MUST_CHECK;

/* Does the field show in every record of its type that the actor sees? */
bool access_field_always(const Ctx *ctx, const Field *field);

/* What a statement gives to the actor: numbers, asked once as long as nothing has changed (db_numbers()). */
Err access_numbers(const Ctx *ctx, const ExprSql *sql, Numbers *out) MUST_CHECK;
/* Writes the condition under which the actor sees a row of type under alias; "FALSE" when never. */
Err access_sql_visible(const Ctx *ctx, ExprSql *sql, Str alias, const Type *type) MUST_CHECK;
/* Are the rows of the type that show to the actor few? Then it is quicker to look them up by what makes them show
 * (whose they are, child records that name the actor, their level or state) than to pass rows of all others in the
 * order of a list. Looks at ACCESS_FEW of them at most. */
#define ACCESS_FEW 400
Err access_few(const Ctx *ctx, const Type *type, bool *out) MUST_CHECK;
/* Writes a query that gives where the rows lie for which access_sql_visible() is true, each once, as "row": a rowid.
 * Not where access_few() says no. */
Err access_sql_rows(const Ctx *ctx, ExprSql *sql, const Type *type) MUST_CHECK;
/* Writes a query that gives something once for each of these rows, to be counted; nothing, and *out false, where there
 * is none that is quicker than to pass all rows. */
Err access_sql_counted(const Ctx *ctx, ExprSql *sql, const Type *type, bool *out) MUST_CHECK;
/* Ways to stand to a record: role, relation and states (kernel/desk.h); what else is in an AccessRule is not asked.
 * _fits writes the condition under which one of them is the actor's, _fitting a query of the rows as access_sql_rows()
 * does, at most so many a way, or nothing, and *out false, when none is of their role. Neither asks whether the row
 * shows. */
Err access_sql_fits(const Ctx *ctx, ExprSql *sql, Str alias, const Type *type, const AccessRule *ways,
                    size_t count) MUST_CHECK;
Err access_sql_fitting(const Ctx *ctx, ExprSql *sql, const Type *type, const AccessRule *ways, size_t count,
                       int64_t most, bool *out) MUST_CHECK;
/* Writes the condition under which the field shows in a row, of those that show: "TRUE" when it always does. */
Err access_sql_shows(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field) MUST_CHECK;
/* Writes the field's column as it is where it shows: true but for ACCESS_HIDDEN. For the order of a list, as an index
 * has it. */
Err access_sql_value(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field) MUST_CHECK;
/* Writes the field's column, missing in rows where the actor may not see it. Not of a computed field, unless it is
 * filterable. */
Err access_sql_column(const Ctx *ctx, ExprSql *sql, Str alias, const Field *field) MUST_CHECK;
/* Writes for each relation that the type's rules use its truth as a column (", (…)"), and takes them back from a row,
 * which must be one that shows. */
typedef struct AccessPlan AccessPlan;
Err                       access_plan(const Ctx *ctx, const Type *type, AccessPlan **out) MUST_CHECK;
Err                       access_plan_columns(const AccessPlan *plan, ExprSql *sql, Str alias) MUST_CHECK;
int                       access_plan_width(const AccessPlan *plan); /* how many columns these are */
void access_plan_clearance(const AccessPlan *plan, const Rows *rows, int first_column, Record *record);

/* Env for expressions over true values, with *hidden by what ctx->actor may see; _truth does not ask who reads, for
 * decisions. The records in hand carry their clearance. What it reads is bounded: ECODE_STORE_SLOW. */
ExprEnv access_env(const Ctx *ctx);
ExprEnv access_env_truth(const Ctx *ctx);
/* Env for SQL with hidden values missing. */
ExprSqlEnv access_sql_env(const Ctx *ctx);

typedef enum Permit {
    PERMIT_NEVER, /* nobody in this role may ever take the step: it is absent */
    PERMIT_NOT,   /* the role might, but not on this record */
    PERMIT_YES
} Permit;
/* Does the actor stand so to the record, by role and relation? The system does to none. */
Err access_stands(const Ctx *ctx, const Who *who, const Record *record, bool *out) MUST_CHECK;
/* Role and relation only; state and guard are act.h's. record NULL, for a create whose fields are
 * not known yet: role only. */
Err access_permits(const Ctx *ctx, const Action *action, const Record *record, Permit *out) MUST_CHECK;

#endif
