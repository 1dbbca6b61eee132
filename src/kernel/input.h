/* kernel/input.h: one value from outside, checked against its field, and the numbers that records get. */
#ifndef FM_KERNEL_INPUT_H
#define FM_KERNEL_INPUT_H

#include "base/json.h"
#include "kernel/access.h"

/* Reads a JSON value as the contract spells it (section 3); null is missing; text is trimmed and normalised (NFC), empty is
 * missing. When it does not fit, *good is false and problems says why. A reference must name a record that the actor may see:
 * an unseen id is an unknown id. */
Err input_value(const Ctx *ctx, const Field *field, const Json *given, Value *out, bool *good,
                Problems *problems) MUST_CHECK;
/* The same from text, for forms and CSV: "" is missing, numbers and booleans are spelled as in JSON. */
Json *input_from_text(Arena *arena, const Field *field, Str text);

/* Is the pattern one that number_next can fill? "POC-{year}-{seq:5}": exactly one {seq:N} (N 1 to 9), at its end; {year} at most once. */
bool number_pattern(Str pattern);
/* The owner's next number of the type. Inside the writer. */
Err number_next(const Ctx *writer, const Type *type, Str owner, Value *out) MUST_CHECK;

#endif
