#include "kernel/party.h"

const Actor actor_system = { .system = true };

/* A membership runs while it, its person and its organisation are in the first state of their types, and today lies
 * between its dates. Takes RUNNING_PARAMS values (running_params). */
static Buf running_sql(Arena *arena, const Pack *pack)
{
    const Type  *m = pack->membership, *p = pack->person, *o = pack->organisation;
    const Field *fields = m->fields;
    Str person = fields[pack->membership_person].name, organisation = fields[pack->membership_organisation].name;
    Str from = fields[pack->membership_from].name, to = fields[pack->membership_to].name;
    Buf sql = buf_new(arena, SIZE_MAX);
    buf_printf(&sql, "SELECT m.\"id\", m.\"%.*s\", m.\"%.*s\", m.\"%.*s\", p.\"%.*s\", o.\"%.*s\"", STR_FMT(person),
               STR_FMT(organisation), STR_FMT(fields[pack->membership_role].name), STR_FMT(p->fields[p->title].name),
               STR_FMT(o->fields[o->title].name));
    buf_printf(&sql,
               " FROM \"%.*s\" m JOIN \"%.*s\" p ON p.\"id\" = m.\"%.*s\" JOIN \"%.*s\" o ON o.\"id\" = m.\"%.*s\"",
               STR_FMT(m->table), STR_FMT(p->table), STR_FMT(person), STR_FMT(o->table), STR_FMT(organisation));
    buf_add(&sql, STR(" WHERE m.\"state\" = ? AND p.\"state\" = ? AND o.\"state\" = ?"));
    buf_printf(&sql, " AND m.\"%.*s\" <= ? AND (m.\"%.*s\" IS NULL OR m.\"%.*s\" >= ?)", STR_FMT(from), STR_FMT(to),
               STR_FMT(to));
    return sql;
}

#define RUNNING_PARAMS 5

static void running_params(const Ctx *ctx, Value out[RUNNING_PARAMS])
{
    const Pack *pack = ctx->city->pack;
    out[0] = value_text(pack->membership->states[0].name);
    out[1] = value_text(pack->person->states[0].name);
    out[2] = value_text(pack->organisation->states[0].name);
    out[3] = out[4] = value_date(ctx_today(ctx));
}

static Actor actor_from_row(Arena *arena, const Pack *pack, const Rows *rows)
{
    return (Actor){ .membership = str_dup(arena, rows_borrow_text(rows, 0)),
                    .person = str_dup(arena, rows_borrow_text(rows, 1)),
                    .organisation = str_dup(arena, rows_borrow_text(rows, 2)),
                    .role = pack_role(pack, rows_borrow_text(rows, 3)),
                    .name = str_dup(arena, rows_borrow_text(rows, 4)),
                    .organisation_name = str_dup(arena, rows_borrow_text(rows, 5)) };
}

void actor_statement(Arena *arena, Pack *pack)
{
    Buf sql = running_sql(arena, pack);
    buf_add(&sql, STR(" AND m.\"id\" = ?"));
    pack->actor_sql = buf_str(&sql);
}

Err actor_load(const Ctx *ctx, Str membership, Actor *out)
{
    const Pack       *pack = ctx->city->pack;
    OWNED(rows) Rows *rows = NULL;
    Value             params[RUNNING_PARAMS + 1];
    running_params(ctx, params);
    params[RUNNING_PARAMS] = value_id(membership);
    TRY(db_query(ctx->db, pack->actor_sql, params, RUNNING_PARAMS + 1, &rows));
    bool more;
    TRY(rows_next(rows, &more));
    if (!more)
        return err_make(ECODE_SIGN_IN_NO_MEMBERSHIP, "membership %.*s is not running", STR_FMT(membership));
    Actor actor = actor_from_row(ctx->arena, pack, rows);
    if (actor.role < 0)
        return err_make(ECODE_SIGN_IN_NO_MEMBERSHIP, "membership %.*s has a role the pack does not know",
                        STR_FMT(membership));
    *out = actor;
    return ERR_OK;
}

/* Running memberships whose field names that record, oldest first. */
static Err actors_of(const Ctx *ctx, int field, Str id, size_t most, Actor **out, size_t *count)
{
    const Pack *pack = ctx->city->pack;
    Buf         sql = running_sql(ctx->arena, pack);
    buf_printf(&sql, " AND m.\"%.*s\" = ? ORDER BY m.\"id\" LIMIT ?", STR_FMT(pack->membership->fields[field].name));
    OWNED(rows) Rows *rows = NULL;
    Value             params[RUNNING_PARAMS + 2];
    running_params(ctx, params);
    params[RUNNING_PARAMS] = value_id(id);
    params[RUNNING_PARAMS + 1] = value_int((int64_t)most);
    TRY(db_query(ctx->db, buf_str(&sql), params, RUNNING_PARAMS + 2, &rows));
    *out = ARENA_ARRAY(ctx->arena, Actor, most);
    *count = 0;
    for (bool more;;) {
        TRY(rows_next(rows, &more));
        if (!more)
            return ERR_OK;
        Actor actor = actor_from_row(ctx->arena, pack, rows);
        if (actor.role >= 0)
            (*out)[(*count)++] = actor;
    }
}

Err actor_choices(const Ctx *ctx, Str person, Actor **out, size_t *count)
{
    return actors_of(ctx, ctx->city->pack->membership_person, person, ACTOR_CHOICES_MAX, out, count);
}

Err actor_members(const Ctx *ctx, Str organisation, Actor **out, size_t *count)
{
    return actors_of(ctx, ctx->city->pack->membership_organisation, organisation, ACTOR_MEMBERS_MAX, out, count);
}

Err actor_recheck(const Ctx *writer)
{
    if (writer->actor->system)
        return ERR_OK;
    Actor now;
    TRY(actor_load(writer, writer->actor->membership, &now));
    bool same = now.role == writer->actor->role && str_eq(now.organisation, writer->actor->organisation) &&
                str_eq(now.person, writer->actor->person);
    return same ? ERR_OK : err_make(ECODE_SIGN_IN_NO_MEMBERSHIP, "membership changed meanwhile");
}
