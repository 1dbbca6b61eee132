/* kernel/past_words.h: what the pack of a day in the past called what a record has today.
 *
 * A past state is shown by the names of today (kernel/evolve.h), which stay the same for programs; people who look at a
 * decision of last year read the words of last year. The pack of the day is read from the city, where it is frozen,
 * and its fields, states and choices are led to those of today, as the events are. Columns of child rows keep
 * today's words. */
#ifndef FM_KERNEL_PAST_WORDS_H
#define FM_KERNEL_PAST_WORDS_H

#include "base/json.h"
#include "kernel/access.h"

/* Sets in into `pack`, {"number","name"} of the pack that was in force before that instant, and when it is not today's
 * `labels`, {"type","fields":{NAME:…},"choices":{NAME:{CODE:…}},"states":{NAME:…}}, in the language of ctx, of what was
 * called otherwise: names and codes are today's. Only fields that the clearance shows. Nothing before the first pack.
 * Errors as city_pack(). */
Err past_words(const Ctx *ctx, const Type *type, int64_t before_ms, const Clearance *clearance, Json *into) MUST_CHECK;

#endif
