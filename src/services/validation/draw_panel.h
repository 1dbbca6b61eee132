/* services/validation/draw_panel.h: the effects `fix_pool` and `draw_panel`: the experts of a screening round, by lot.
 *
 * Pool     fix_pool writes it before the seed is known: a line "ID GROUP" for each expert of a group that has `seats`
 *          (rows: group, places), by id: those in the state `active`, but those whom the organisation that holds the
 *          round employs, those who also act for it, in whatever role, and those who have declared a conflict with
 *          it; of a person with several entries the first.
 *          Whether whoever takes the step sees them does not matter.
 * Draw     draw_panel reads `seed`, `seats` and `pool`, and writes `drawn` (rows: place, expert, group, key), in the
 *          order of the draw, and `panel`: the persons. From what is published anybody repeats it
 *          (engines/draw/draw.h; docs/examples/redraw.py).
 * Refuses  a group that has fewer experts than places, when the pool is fixed. */
#ifndef FM_SERVICES_VALIDATION_DRAW_PANEL_H
#define FM_SERVICES_VALIDATION_DRAW_PANEL_H

#include "kernel/computation.h"

Err fix_pool(const Ctx *ctx, Record *round, bool *set, Computed *kept, Problems *problems) MUST_CHECK;
Err draw_panel(const Ctx *ctx, Record *round, bool *set, Computed *kept, Problems *problems) MUST_CHECK;

#endif
