/* services/saved_views.c: see saved_views.h. */
#include "services/saved_views.h"

#include "base/limits.h"

/* ---- what is kept ---- */

static Str kept(const Record *record, const char *field)
{
    return record->values[type_field(record->type, str_from(field))->index].text;
}

const Type *saved_view_about(const Record *record) { return pack_type(record->type->pack, kept(record, "about")); }

bool saved_view_shared(const Record *record) { return str_eq(record->values[SYS_STATE].text, STR("shared")); }

bool saved_view_kept(const Record *record)
{
    return saved_view_shared(record) || str_eq(record->values[SYS_STATE].text, STR("own"));
}

/* ---- what of it counts ---- */

static const Field *field_known(const Ctx *ctx, const Type *type, Str name)
{
    const Field *field = type_field(type, name);
    return field && access_field_ever(ctx->actor, field) ? field : NULL;
}

static bool filter_counts(const Ctx *ctx, const Type *type, Str filter)
{
    Expr     *expr;
    Problems  none = { .arena = ctx->arena };
    ExprScope scope = pack_scope(ctx->city->pack, false);
    return !expr_parse(ctx->arena, filter, &expr, &none).kind &&
           !expr_check(ctx->arena, expr, &scope, type, VALUE_BOOLEAN, true, &none).kind &&
           access_expr_ever(ctx->actor, expr);
}

static bool sort_counts(const Ctx *ctx, const Type *type, Str sort)
{
    const Field *field = field_known(ctx, type, str_starts(sort, STR("-")) ? str_slice(sort, 1, sort.len) : sort);
    return field && find_sortable(field);
}

static Str columns_counting(const Ctx *ctx, const Type *type, Str columns, bool *lacks)
{
    Str    names[LIMIT_LIST_COLUMNS];
    size_t count = 0;
    while (columns.len) {
        Str  name = str_trim(str_cut(&columns, ','));
        bool counts = count < LIMIT_LIST_COLUMNS && field_known(ctx, type, name);
        if (counts)
            names[count++] = name;
        *lacks = *lacks || !counts;
    }
    return str_join(ctx->arena, names, count, STR(","));
}

static SavedView view_of(const Ctx *ctx, const Type *type, const Record *record)
{
    SavedView view = { .record = *record,
                       .board = str_eq(kept(record, "layout"), STR("board")),
                       .filter = kept(record, "filter"),
                       .sort = kept(record, "sort") };
    view.columns = columns_counting(ctx, type, kept(record, "columns"), &view.lacks);
    if (view.filter.len && !filter_counts(ctx, type, view.filter)) {
        view.filter = STR_NONE;
        view.lacks = true;
    }
    if (view.sort.len && !sort_counts(ctx, type, view.sort)) {
        view.sort = STR_NONE;
        view.lacks = true;
    }
    return view;
}

/* ---- finding them ---- */

Err saved_views(const Ctx *ctx, const Type *type, Found *found)
{
    const Type *views = ctx->city->pack->saved_view;
    Problems    none = { .arena = ctx->arena };
    Query       query = { .sort = STR("title"), .limit = SAVED_VIEWS_MAX };
    *found = (Found){ 0 };
    if (!views)
        return ERR_OK;
    query.filter = str_printf(ctx->arena, "about = %.*s and state in ('own', 'shared')",
                              STR_FMT(expr_quote(ctx->arena, type->name)));
    return find(ctx, views, &query, found, &none);
}

Err saved_view_find(const Ctx *ctx, const Type *type, Str id, SavedView *out)
{
    const Type *views = ctx->city->pack->saved_view;
    Record      record;
    if (!views)
        return err_make(ECODE_RECORD_UNSEEN, "no saved views");
    TRY(find_one(ctx, views, id, &record));
    if (!saved_view_kept(&record) || saved_view_about(&record) != type)
        return err_make(ECODE_RECORD_UNSEEN, "removed, or of another list");
    *out = view_of(ctx, type, &record);
    return ERR_OK;
}
