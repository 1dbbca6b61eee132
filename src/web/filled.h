/* web/filled.h: what the form of a step was filled in with, as input of the step.
 *
 * Names    of a field its own. Several codes or references: one a box, NAME[CODE] or NAME[ID], and those typed one a
 *          line under NAME. Child rows: NAME[ROW].COLUMN, rows counted from 1. A form that shows such a field sends
 *          NAME itself too, so that none chosen is told from not asked. Files: a box NAME[ID] for each that is there,
 *          and file[NAME] for a new one. more[NAME] is the button that asks for more
 *          rows.
 * Texts    as typed: an empty one is a missing value, a row of empty ones is none. Numbers may have thousand marks,
 *          dates may be written in several ways, an instant is a time on the city's wall, a reference an id, or the
 *          number or exact title of one record.
 * Hidden   a reference that the actor may not see stands in the form as an empty field or cell; of a list it is left
 *          out. It stays, unless another is given in its place. */
#ifndef FM_WEB_FILLED_H
#define FM_WEB_FILLED_H

#include "web/call.h"

/* record: as it stands, values NULL when one is created. */

/* The input of a step of `type`. Of references, what was typed may name no record, or several: it stays for the kernel
 * to refuse, and *problems says it better. */
Err filled_input(Call *call, const Type *type, const Record *record, Json **out, Problems *problems) MUST_CHECK;
/* What stands in the field, to be shown again: a string; of a list an array of strings, of rows an array of objects of
 * strings, each in its place, without the empty ones behind the last unless more were asked for; and what stays hidden
 * as {"hidden":true}, of a list at its end. NULL: not sent. */
Err filled_again(Call *call, const Record *record, const Field *field, Json **out) MUST_CHECK;
/* What stands in the field at first, as the actor sees it: what the record has, or a new one begins with; NULL:
 * nothing. */
Err filled_before(Call *call, const Record *record, const Field *field, Json **out) MUST_CHECK;
/* Are more rows asked for, rather than the step taken? */
bool filled_more(const Call *call);
/* A number without its thousand marks. Any other comma stays, and is refused: "12,50" is twelve and a half to who
 * writes so, and must not become 1250. */
Str filled_number(Arena *arena, Str text);
/* A date as 2025-03-04, from 2025/3/4, 2025.3.4, 2025年3月4日 or 20250304: year, month, day, as no other order can be
 * told from another. What is none of these stays as it is. */
Str filled_date(Arena *arena, Str text);
/* The items of a text, one a line. */
Json *filled_lines(Arena *arena, Str text);
/* Records that the actor sees and calls so: by number, else by title, at most two. */
Err filled_called(Call *call, const Type *type, Str name, Found *out) MUST_CHECK;
/* An instant as it is typed, "2025-03-04 13:06", or with seconds and their parts where it has them. */
Str filled_instant(Arena *arena, int64_t ms, int offset_minutes);

#endif
