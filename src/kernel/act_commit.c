#include "kernel/act_steps.h"

#include "base/limits.h"
#include "kernel/clock_steps.h"
#include "kernel/decision.h"
#include "kernel/effect.h"
#include "kernel/erase.h"
#include "kernel/job.h"
#include "kernel/number.h"
#include "kernel/parameter.h"
#include "kernel/rules.h"

static Err contended(const Delta *delta)
{
    return err_make(ECODE_RECORD_CONTENDED, "%.*s changed meanwhile", STR_FMT(record_id(&delta->record)));
}

/* The record as it stands, its lapsed clocks settled. What the system alone writes is taken over into the delta, which
 * may have been prepared on what a settled record would be. */
static Err commit_load(const Ctx *writer, Delta *delta, Record *now)
{
    const Type *type = delta->record.type;
    bool        found;
    TRY(record_load(writer->db, writer->arena, type, record_id(&delta->record), now, &found));
    if (found && clock_lapsed(writer, now)) {
        TRY(clock_settle(writer, type, record_id(now)));
        TRY(record_load(writer->db, writer->arena, type, record_id(now), now, &found));
    }
    if (!found || record_version(now) != delta->base_version)
        return contended(delta);
    delta->record.values[SYS_NUMBER] = now->values[SYS_NUMBER];
    delta->record.values[SYS_ERASED] = now->values[SYS_ERASED];
    return ERR_OK;
}

static bool values_same(const Record *one, const Record *other)
{
    for (size_t i = SYS_COUNT; i < one->type->stored_count; i++)
        if (!value_eq(one->values[i], other->values[i]))
            return false;
    return true;
}

/* What the effect gives now, over what it gave: an effect that runs again changes nothing by itself. */
static Err effect_stands(const Ctx *writer, const Change *change, const Record *record, Computed *kept, bool *out)
{
    Record   again = act_with_state(writer->arena, record, record->values[SYS_STATE]);
    Problems problems = { .arena = writer->arena };
    *out = true;
    if (change->action->effect == EFFECT_NONE || change->is_carried)
        return ERR_OK;
    bool *set = ARENA_ARRAY(writer->arena, bool, record->type->field_count);
    Err   err = writer->city->effects->run[change->action->effect](writer, &again, set, kept, &problems);
    *out = !err.kind && values_same(&again, record);
    return err.kind == ERR_REFUSED || err.kind == ERR_INVALID || err.kind == ERR_UNSEEN ? ERR_OK : err;
}

/* Which records are stepped on, and with what: others may have come or gone since. */
static Err carried_stand(const Ctx *writer, const Change *change, bool *out)
{
    Carried  again;
    Problems problems = { .arena = writer->arena };
    *out = true;
    if (!change->action->carry_count)
        return ERR_OK;
    TRY(act_carried(writer, change->action, &change->deltas[0].record, LIMIT_CARRIED, &again, &problems));
    *out = !again.refused && again.count == change->carried_count;
    for (size_t i = 0; i < again.count && *out; i++) {
        const Delta *now = &again.changes[i].deltas[0], *then = &change->carried[i].deltas[0];
        *out = str_eq(record_id(&now->record), record_id(&then->record)) && now->base_version == then->base_version &&
               values_same(&now->record, &then->record);
    }
    return ERR_OK;
}

/* Rights, versions, guard and rules as they stand now: what was prepared may have been overtaken. */
static Err commit_recheck(const Ctx *writer, Change *change, Delta *delta)
{
    bool     hold;
    Permit   permit;
    Record   now = delta->record, asked = delta->record;
    Computed kept = { 0 };
    Problems broken = { .arena = writer->arena };
    if (delta->base_version) {
        TRY(commit_load(writer, delta, &now));
        asked = act_with_state(writer->arena, &delta->record, now.values[SYS_STATE]);
    }
    if (!change->is_carried) {
        TRY(access_permits(writer, change->action, &now, &permit));
        if (permit != PERMIT_YES)
            return contended(delta);
    }
    TRY(act_guards_hold(writer, change->action, &asked, NULL, &hold));
    if (hold)
        TRY(effect_stands(writer, change, &delta->record, &kept, &hold));
    if (hold)
        TRY(carried_stand(writer, change, &hold));
    if (hold)
        TRY(rules_check(writer, &delta->record, delta->base_version ? delta->set : NULL, NULL, &broken));
    if (!hold || broken.count)
        return contended(delta);
    if (kept.engine && computation_holds(writer->city->pack, delta->record.type))
        TRY(computation_new(writer, &kept, &delta->record, change->action, &change->worked));
    return decision_keep(writer, change->action, &asked, &change->decided);
}

/* Only here is it certain that nobody else takes the value meanwhile. */
static Err commit_unique(const Ctx *writer, const Change *change, const Delta *delta)
{
    size_t before = change->problems->count;
    if (!delta->base_version && delta->record.type == change->city->pack->job)
        TRY(job_check(writer, &delta->record, change->problems)); /* many may have begun at once */
    TRY(unique_check(writer, &delta->record, delta->base_version ? delta->set : NULL, change->problems));
    if (delta->record.type == change->city->pack->parameter && delta_days_change(delta))
        TRY(parameter_overlap(writer, &delta->record, change->problems));
    return change->problems->count == before ? ERR_OK
                                             : err_make(ECODE_RECORD_INVALID, "taken by another record meanwhile");
}

static Err commit_number(const Ctx *writer, Delta *delta)
{
    const Type *type = delta->record.type;
    bool        given = delta->record.values[SYS_NUMBER].kind != VALUE_MISSING;
    bool        begun = type->state_count == 1 || record_state(&delta->record) > 0;
    if (given || type->number.len == 0 || !begun)
        return ERR_OK;
    Value number;
    TRY(number_next(writer, type, delta->record.values[SYS_OWNER].text, &number));
    delta_set(delta, SYS_NUMBER, number);
    return ERR_OK;
}

static Err commit_event(const Ctx *writer, const Change *change)
{
    Arena     *arena = writer->arena;
    EventHead  head = { .sequence = change->sequence,
                        .time_ms = change->time_ms,
                        .pack_name = change->city->pack->name,
                        .pack_number = change->city->pack_number,
                        .action = change->action->name,
                        .person = change->actor.person,
                        .membership = change->actor.membership,
                        .organisation = change->actor.organisation };
    ArenaMark  mark = arena_mark(arena); /* an import has many rows, and memory that is new costs more than the rest */
    EventItem *items = ARENA_ARRAY(arena, EventItem, change->delta_count);
    for (size_t d = 0; d < change->delta_count; d++)
        items[d] = delta_item(arena, &change->deltas[d]);
    Err err = event_write(writer->db, arena, &change->city->env, &head, items, change->delta_count);
    arena_release(arena, mark);
    return err;
}

static Err commit_row(const Ctx *writer, const Delta *delta)
{
    return delta->base_version ? record_update(writer->db, writer->arena, &delta->record, delta->set)
                               : record_insert(writer->db, &delta->record);
}

static Err write_delta(const Ctx *writer, const Change *change, Delta *delta)
{
    int64_t day = instant_day(change->time_ms, writer->city->pack->utc_offset_minutes);
    delta_set(delta, SYS_VERSION, value_int(delta->base_version + 1));
    delta_set(delta, SYS_CHANGED, value_instant(change->time_ms));
    if (delta->base_version == 0)
        delta_set(delta, SYS_CREATED, value_instant(change->time_ms));
    if (!change->expiry)
        TRY(clock_steps(writer, change->action, &delta->record, delta->set, day));
    TRY(commit_number(writer, delta));
    TRY(erase_commit(writer, change->action, &delta->record, delta->set, change->sequence));
    return commit_row(writer, delta);
}

Err act_write(const Ctx *writer, Change *change)
{
    TRY(city_writes(writer->city));
    TRY(event_next(writer->db, writer->now_ms, &change->sequence, &change->time_ms));
    for (size_t d = 0; d < change->delta_count; d++)
        TRY(write_delta(writer, change, &change->deltas[d]));
    return commit_event(writer, change);
}

static Err commit_checks(const Ctx *writer, Change *change)
{
    for (size_t d = 0; d < change->delta_count; d++) {
        TRY(commit_recheck(writer, change, &change->deltas[d]));
        TRY(commit_unique(writer, change, &change->deltas[d]));
    }
    return ERR_OK;
}

Err act_commit(Db *db, Change *change)
{
    Ctx writer = { .city = change->city,
                   .db = db,
                   .arena = change->arena,
                   .actor = &change->actor,
                   .now_ms = env_now(&change->city->env) };
    if (change->delta_count == 0)
        return ERR_OK;
    TRY(actor_recheck(&writer));
    TRY(commit_checks(&writer, change));
    for (size_t i = 0; i < change->carried_count; i++)
        TRY(commit_checks(&writer, &change->carried[i]));
    TRY(act_write(&writer, change));
    for (size_t i = 0; i < change->carried_count; i++) {
        TRY(commit_unique(&writer, &change->carried[i], &change->carried[i].deltas[0])); /* beside those before it */
        TRY(act_write(&writer, &change->carried[i]));
    }
    if (change->decided)
        TRY(act_write(&writer, change->decided));
    return change->worked ? act_write(&writer, change->worked) : ERR_OK;
}
