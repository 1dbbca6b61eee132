/* services/validation/draw_panel.h: the effect `draw_panel`: the experts of a screening round, drawn by lot.
 *
 * Reads    of the round: `seed`, `seats` (rows: group, places). Of the type `expert`: those in the state `active` that
 *          the actor sees, but those of the organisation that holds the round, or with a declared interest in it; of a
 *          person with several entries the first by id.
 * Writes   `pool`: a line "ID GROUP" for each expert who took part in the draw, by id; `drawn` (rows: place, expert,
 *          group, key), in the order of the draw; `panel`: the persons. From seed, seats and pool anybody repeats it
 *          (engines/draw/draw.h; docs/examples/redraw.py).
 * Refuses  a group that has fewer experts than places. */
#ifndef FM_SERVICES_VALIDATION_DRAW_PANEL_H
#define FM_SERVICES_VALIDATION_DRAW_PANEL_H

#include "kernel/effect.h"

Err draw_panel(const Ctx *ctx, Record *round, bool *set, Problems *problems) MUST_CHECK;

#endif
