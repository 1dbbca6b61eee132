/* kernel/act.h: the write path. Every change of a record, from a click to a spreadsheet, is an
 * action, and runs in three phases:
 *
 *     act_prepare  on the caller's thread, on its snapshot: parse, authorise, check state, fields, rules and guard; a
 *                  pure Change
 *     act_commit   on the writer, in its savepoint: recheck membership, versions, right, guard and rules; event + rows
 *     after        the writer's done(): COMMIT has returned; only now does anybody hear of it
 *
 * Before anything else the clocks of the record that have run out are settled, in events of the system's own: a step is
 * prepared on what they leave, whether they have been settled yet or not (kernel/clock_steps.h).
 *
 * When what was read has changed in between, act_commit gives ECODE_RECORD_CONTENDED and the caller prepares again, at
 * most ACT_TRIES times, then answers 409. */
#ifndef FM_KERNEL_ACT_H
#define FM_KERNEL_ACT_H

#include "base/json.h"
#include "kernel/access.h"
#include "kernel/event.h"

#define ACT_TRIES 3

typedef struct ActRequest {
    const Type *type;
    Str         record;     /* id; empty: create */
    Str         action;     /* "create", "edit", "submit" … */
    const Json *input;      /* object of fields; NULL: none. null clears a field. */
    int64_t     if_match;   /* version the caller saw; -1: none given */
    bool        must_match; /* ECODE_RECORD_NO_MATCH without one (edit, by contract) */
} ActRequest;

typedef struct Delta {              /* what one record becomes */
    Record            record;       /* all values after the step */
    bool             *set;          /* per field: part of this change */
    int64_t           base_version; /* 0: the record is new */
    const EventSeal **seals;        /* per field: of its value when it was prepared; NULL: of none */
} Delta;

typedef struct Change Change;
struct Change { /* pure: no effect until committed */
    const City   *city;
    const Action *action;
    Actor         actor;
    Delta        *deltas; /* the first is the record acted upon */
    size_t        delta_count;
    Arena        *arena;
    Problems     *problems; /* of act_prepare's caller, who keeps them until the commit has answered */
    Change       *carried;  /* steps that it takes along (kernel/carry.h) */
    size_t        carried_count;
    bool          is_carried; /* is one of them: rights are those of the step that takes it along */
    bool          expiry;     /* a clock has run out (kernel/clock_steps.h): what it does to clocks is in the deltas */
    /* filled by act_commit */
    int64_t sequence, time_ms;
    Change *decided; /* the computation of what its guards decided on (kernel/decision.h), or NULL */
    Change *worked;  /* that of what its effect worked out (kernel/effect.h), or NULL */
};

/* Errors, checked in this order: ECODE_RECORD_UNSEEN; ECODE_ACTION_UNKNOWN; ECODE_ACTION_DENIED; ECODE_RECORD_NO_MATCH,
 * ECODE_RECORD_STALE; ECODE_ACTION_REFUSED (state); ECODE_RECORD_INVALID with a Problem per field and per rule
 * (kernel/rules.h); ECODE_ACTION_REFUSED with a Problem per clause (guard). */
Err act_prepare(const Ctx *ctx, const ActRequest *request, Change **out, Problems *problems) MUST_CHECK;
/* ECODE_RECORD_INVALID, with a Problem more, when another record has taken a unique value meanwhile. */
Err act_commit(Db *db, Change *change) MUST_CHECK;
/* The last part of it: event and rows, whatever the rights and rules; for kernel/clock_steps.h, too. city_writes(). */
Err act_write(const Ctx *writer, Change *change) MUST_CHECK;
/* The record as it stands after the committed change, with what the actor may now see of it; computed fields are
 * find.h's to work out. */
Err act_result(const Ctx *ctx, const Change *change, Record *out) MUST_CHECK;
/* All three phases, waiting for the writer: command line, import, init. *out is the record as it stands after. */
Err act(const Ctx *ctx, const ActRequest *request, Record *out, Problems *problems) MUST_CHECK;

/* Steps of a record for this actor, in the pack's order, as the contract's `actions`: {name, label, allowed, reasons}.
 * One that nobody in the role may ever take is absent, and so is `create`. reasons: [{code, text, field? or clause?,
 * and each value that text names: rule, found, source, helps …}], empty when allowed. */
Err act_options(const Ctx *ctx, const Record *record, Json **out) MUST_CHECK;
/* One of them; NULL when it is absent. */
Err act_option(const Ctx *ctx, const Action *action, const Record *record, Json **out) MUST_CHECK;
/* May the actor create records of this type at all? */
Err act_may_create(const Ctx *ctx, const Type *type, bool *out) MUST_CHECK;
/* Which records the step could be given in that reference, so that a form offers no other: out[i] is false where a
 * guard or a rule fails with candidates[i] that reads this field and nothing else that is still to be given. Where the
 * actor may not see why, it is true: a form tells no more than a refusal. record: to create one what is known of it, or
 * NULL. */
Err act_fits(const Ctx *ctx, const Action *action, const Record *record, const Field *field, const Record *candidates,
             size_t count, bool *out) MUST_CHECK;
/* Fields that the action takes from this actor on this record (NULL: create): index list in arena. */
Err act_inputs(const Ctx *ctx, const Action *action, const Type *type, const Record *record, uint16_t **out,
               size_t *count) MUST_CHECK;

#endif
