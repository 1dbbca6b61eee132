/* kernel/parameter.h: dated policy values of the city.
 *
 * A pack declares a parameter (code, kind, unit) and its rows (value, days, source). In the city each row is a record
 * of the pack's type `parameter`, so that officers read and change it as any other record, and its history says who
 * did. That type has the fields code (text), value (text, spelled as value_plain() does), valid_from and valid_to
 * (dates); only records in its first state count. A case uses the row that is valid on its reference date: of several
 * the one that begins last. */
#ifndef FM_KERNEL_PARAMETER_H
#define FM_KERNEL_PARAMETER_H

#include "base/json.h"
#include "kernel/city.h"
#include "kernel/record.h"

/* Reads what people or packs write as a value of the parameter's kind. False: it is none. */
bool parameter_parse(const Parameter *parameter, Str text, Value *out);
/* *record (optional) is the row it rests on. Missing, without a record, when no row is valid on the day. */
Err parameter_on(const Ctx *ctx, const Parameter *parameter, int64_t day, Value *out, Record *record) MUST_CHECK;
/* Values that were looked up, for one snapshot: a list asks for few of them, once a row. */
typedef struct ParameterMemory ParameterMemory;
ParameterMemory               *parameter_memory(Arena *arena);
/* The value alone, from memory (optional) where it is there. */
Err parameter_value(const Ctx *ctx, ParameterMemory *memory, const Parameter *parameter, int64_t day,
                    Value *out) MUST_CHECK;

/* ---- what something rests on ---- */

typedef struct ParameterUse { /* one parameter, as it counts on the day of a case */
    const Parameter *parameter;
    Value            value;     /* missing: no row is valid */
    Record           row;       /* values NULL: none */
    bool             confirmed; /* somebody has checked the row against its document (its field confirmed_by) */
} ParameterUse;

/* Those that an expression reads for the record's case, each once, in the order of its text. */
Err parameter_uses(const Ctx *ctx, const Expr *expr, const Record *record, ParameterUse **out,
                   size_t *count) MUST_CHECK;
/* Those that stand behind what the reader sees of the record, computed fields and guards of its steps: [{code, label,
 * unit, day, and of the row, as far as the reader may see it: record, value, valid_from, valid_to, source, confirmed}].
 * A case of last year shows last year's row. */
Err parameters_json(const Ctx *ctx, const Record *record, Json **out) MUST_CHECK;

/* The day under whose rules the record's case counts: its type's reference date, today when that is missing. */
int64_t reference_day(const Ctx *ctx, const Record *record);
/* Checks a record of the type `parameter` before it is written: the code is declared, the value is of its kind. */
void parameter_check(const Ctx *ctx, const Record *record, Problems *problems);
/* Is there another row that counts, whose days overlap? A row without a last day holds until the next one begins, and
 * overlaps with none that begins later. One problem; asked again inside the writer. */
Err parameter_overlap(const Ctx *ctx, const Record *record, Problems *problems) MUST_CHECK;

#endif
