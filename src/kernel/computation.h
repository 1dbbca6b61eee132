/* kernel/computation.h: results of engines, kept so that anybody can work them out again years later.
 *
 * Holds    a record of the pack's type `computation`: engine and its version, the step that it was made for, the pack's
 *          number, the day under whose rules it counts, `input` (all that the engine read) and `parameters` (the rows
 *          of dated values that it used, with their source) as JSON, `seed` (empty: the engine draws no lots), `result`
 *          as JSON, and the SHA-256 of each side: input_sha256 over engine, version, pack, day, seed, parameters and
 *          input, a line each; result_sha256 over result. A reference field of that type to the type it is about holds
 *          the record.
 * Made     in the transaction of its step, by an event of its own, step `create`, which nobody else may take. Nothing
 *          changes it. It belongs to whom the record that it is about belongs to; the pack says who sees what of it.
 * Same     the engine of that name and version over the same input gives the same bytes: members in a fixed order, no
 *          floating point, nothing read but the input and the frozen pack of that number.
 *
 * A new engine is a row of engines[] in computation.c, or of a service's (Effects in kernel/effect.h); one whose
 * results change gets a new version, and the old one stays. */
#ifndef FM_KERNEL_COMPUTATION_H
#define FM_KERNEL_COMPUTATION_H

#include "base/json.h"
#include "kernel/act.h"

#define COMPUTATION_BYTES   (4 << 20) /* of an input; what reads more is refused: ECODE_COMPUTATION_SIZE */
#define COMPUTATION_RECORDS 2000      /* of an input */

typedef struct Engine {
    Str     name;
    int64_t version;
    /* Pure. parameters: [{code, value (as base/value.h encodes it), …}]. ECODE_COMPUTATION_INPUT when the input is not
     * one of this engine's. */
    Err (*run)(Arena *arena, const Pack *pack, const Json *input, const Json *parameters, Json **out);
} Engine;

extern const Engine engine_decision; /* kernel/decision.h */

typedef struct Computed {
    const Engine *engine;             /* NULL: nothing */
    Json         *input, *parameters; /* parameters NULL: none */
    Json         *result;             /* what the engine gives for them; NULL: it is run */
    Str           seed;               /* of lots that it drew, which stands in the input as well; empty: none */
} Computed;

/* Has the pack a place for computations about records of the type? */
bool computation_holds(const Pack *pack, const Type *about);
/* A computation about the record, for a step of it: the change that makes it, for act_write() after the step's own. The
 * result is worked out from input and parameters alone. */
Err computation_new(const Ctx *writer, const Computed *computed, const Record *about, const Action *step,
                    Change **out) MUST_CHECK;

/* Works the record's result out again, for whoever sees all of it; for anybody else {hidden: true}. {engine,
 * engine_version, known, same, differs: ["input", "result", "recomputed"], input_sha256, result_sha256,
 * recomputed_sha256}. known: this program has that engine; without it only the hashes are looked at. "input": what was
 * put in is not what input_sha256 says; "result": nor the result; "recomputed": the engine gives another one now. A
 * ServiceView (services/views.h) of the page "computation". */
Err computation_view(const Ctx *ctx, const Record *record, Json **out) MUST_CHECK;

#endif
