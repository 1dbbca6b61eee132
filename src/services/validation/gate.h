/* services/validation/gate.h: the two sides of a dual-validation gate, criterion by criterion.
 *
 * What opens the gate is the guard of `open` in the pack; this is what people read beside it. A side rests on the
 * submitted records of the result, in the actor's sight: trl_assessment (assessed_level against target_level) for
 * the technical one, market_validation (need, competition, cost) for the market one. A withdrawn record no longer
 * counts; a draft shows as not yet.
 *
 * Verdict  "fail" when a submitted record fails a criterion; else "pass" when one passes all of its criteria;
 *          else "missing". "hidden" when the actor may not see a field that it rests on: then neither verdict
 *          nor tally is told. */
#ifndef FM_SERVICES_VALIDATION_GATE_H
#define FM_SERVICES_VALIDATION_GATE_H

#include "kernel/find.h"

/* {"technical": side, "market": side}; side: {"type", "verdict", "passed", "of", "criteria": [{"record", "type",
 * "criterion", "required", "found", "evidence", "figures": [{"label", "value"}], "result": "pass" | "fail" |
 * "missing" | "hidden"}]}; figures: what is worked out beside a verdict, such as the share of customers who confirm.
 * Words in ctx's language; what is missing or hidden is absent. */
Err gate_view(const Ctx *ctx, const Record *gate_review, Json **out) MUST_CHECK;

#endif
