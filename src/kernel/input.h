/* kernel/input.h: one value from outside, checked against its field. */
#ifndef FM_KERNEL_INPUT_H
#define FM_KERNEL_INPUT_H

#include "base/json.h"
#include "kernel/access.h"

/* Reads a JSON value as docs/API.md spells it; null is missing; text is trimmed and normalised (NFC), empty is
 * missing. When it does not fit, *good is false and problems says why. A reference must name a record that the actor
 * may see: an unseen id is an unknown id. {"hidden":true} stands for one that the record has there and the actor does
 * not see, in the field, the list or the child row, as docs/API.md says. Codes come into the pack's order, ids stay in
 * the order given; what is given twice counts once. A problem of a child row is named "materials[2].cost", where [2] is
 * the second row; a row without any value is left out. No value is read for a computed field.
 * before: what the record has in the field; missing when it is new. Of a list of references what the actor does not
 * see stays, whatever is given. */
Err input_value(const Ctx *ctx, const Field *field, const Json *given, Value before, Value *out, bool *good,
                Problems *problems) MUST_CHECK;
/* Is it {"hidden":true}? */
bool input_hidden(const Json *given);
/* The value from text as JSON, for forms and CSV: "" is missing, numbers and booleans are spelled as in JSON, the items
 * of a list joined by ";", child rows as their JSON. */
Json *input_from_text(Arena *arena, const Field *field, Str text);

#endif
