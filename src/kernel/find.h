/* kernel/find.h: the read path. Everything shown comes from here. */
#ifndef FM_KERNEL_FIND_H
#define FM_KERNEL_FIND_H

#include "base/json.h"
#include "kernel/access.h"

typedef struct Query {
    Str     filter; /* expression, or empty */
    Str     sort;   /* "title", "-created"; empty: the type's */
    int64_t limit;  /* 1 .. LIMIT_LIST_ROWS; 0: 50 */
    Str     cursor; /* from the page before; signed, bound to type, filter, sort and actor */
    bool    total;  /* count all, too */
} Query;

typedef struct Found {
    Record *records;
    size_t  count;
    Str     next;  /* cursor of the next page, or empty */
    int64_t total; /* -1: not counted */
} Found;

/* Computed fields that show are worked out in all records given out. Errors: ECODE_QUERY_INVALID with problems on
 * filter (also one that takes too long), sort, limit; ECODE_HTTP_CURSOR; ECODE_STORE_SLOW. */
Err find(const Ctx *ctx, const Type *type, const Query *query, Found *out, Problems *problems) MUST_CHECK;
/* How many records find() would give in all for the filter: exact up to most, most + 1 when there are more, so that no
 * count takes longer than most rows. Errors as find(). */
Err find_count(const Ctx *ctx, const Type *type, Str filter, int64_t most, int64_t *out, Problems *problems) MUST_CHECK;
/* ECODE_RECORD_UNSEEN alike for no such record and for one that the actor may not see. */
Err find_one(const Ctx *ctx, const Type *type, Str id, Record *out) MUST_CHECK;
/* Children of record that the actor may see, of one type, oldest first. */
Err find_children(const Ctx *ctx, const Record *record, const Type *type, Record **out, size_t *count) MUST_CHECK;

/* Can lists be sorted by it? Not by child rows and lists of references, which have no order, nor by what only a read
 * works out. */
bool find_sortable(const Field *field);

typedef struct Wanted {   /* what is told of each record of a type: per field */
    const bool *fields;   /* shown; NULL: all of them */
    const bool *expanded; /* references that stand as {"id","type","number","title"} */
} Wanted;
/* From names with commas between; no `fields` are all. ECODE_QUERY_INVALID, with a problem for each name that is
 * unknown, or of a field of the type's own that the actor could never see. */
Err find_wanted(const Ctx *ctx, const Type *type, Str fields, Str expand, Wanted *out, Problems *problems) MUST_CHECK;
/* The record as the contract's JSON: id, type, number, state, version, owner, fields; what is hidden or missing is
 * absent; a reference is its id or {"hidden":true}; `erased`: names of the fields whose values were erased, of those
 * that the actor may see; `clocks`: how those stand that run or are paused (kernel/clock_view.h). wanted NULL: all
 * fields, none expanded. Single records carry `actions` (act_options). */
Err record_json(const Ctx *ctx, const Record *record, const Wanted *wanted, Json **out) MUST_CHECK;
/* The same of a record as it was, with its clocks as of then. */
Err record_json_then(const Ctx *ctx, const Record *record, const Wanted *wanted, int64_t now_ms, Json **out) MUST_CHECK;
/* From here on ctx remembers what references led to, so that fifty rows of one owner cost one
 * look-up. For one snapshot. */
void find_remember(Ctx *ctx);
/* One value as the contract spells it; child rows are value_seen()'s, which knows their columns. */
Json *value_json(Arena *arena, Value value);
/* The same, as ctx's actor sees it: a reference to a hidden record is {"hidden":true}, also in a list or child row. */
Err value_seen(const Ctx *ctx, const Field *field, Value value, Json **out) MUST_CHECK;
/* What names the record for people, in ctx's language (field_in_language): of a reference what names that record; empty
 * when hidden. */
Str record_title(const Ctx *ctx, const Record *record);

#endif
