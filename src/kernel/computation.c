#include "kernel/computation.h"

#include "base/hash.h"
#include "kernel/effect.h"
#include "kernel/parameter.h"

static const Engine *const engines[] = { &engine_decision };

static const Engine *engine_among(const Engine *const *all, size_t count, Str name, int64_t version)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(all[i]->name, name) && all[i]->version == version)
            return all[i];
    return NULL;
}

static const Engine *engine_of(const City *city, Str name, int64_t version)
{
    const Engine *found = engine_among(engines, sizeof engines / sizeof engines[0], name, version);
    if (found || !city->effects)
        return found;
    return engine_among(city->effects->engines, city->effects->engine_count, name, version);
}

/* ---- bytes ---- */

static Str json_bytes(Arena *arena, const Json *json)
{
    Buf out = buf_new(arena, SIZE_MAX);
    json_write(&out, json);
    return buf_str(&out);
}

static Str digest(Arena *arena, Str bytes)
{
    Hash hash = sha256(bytes);
    return hex_encode(arena, hash_str(&hash));
}

typedef struct Stored { /* a computation's record, read */
    Str     engine, seed, input, parameters, result, input_sha256, result_sha256;
    int64_t version, pack, day;
} Stored;

static Str input_digest(Arena *arena, const Stored *stored)
{
    Str text = str_printf(arena, "%.*s\n%lld\n%lld\n%.*s\n%.*s\n%.*s\n%.*s\n", STR_FMT(stored->engine),
                          (long long)stored->version, (long long)stored->pack, STR_FMT(date_text(arena, stored->day)),
                          STR_FMT(stored->seed), STR_FMT(stored->parameters), STR_FMT(stored->input));
    return digest(arena, text);
}

static Err run(const Engine *engine, Arena *arena, const Pack *pack, const Stored *stored, Str *out)
{
    Json *input, *parameters, *result;
    TRY(json_parse(arena, stored->input, &input));
    TRY(json_parse(arena, stored->parameters, &parameters));
    TRY(engine->run(arena, pack, input, parameters, &result));
    *out = json_bytes(arena, result);
    return ERR_OK;
}

/* ---- making one ---- */

static void set(Delta *delta, const char *field, Value value)
{
    const Field *of = type_field(delta->record.type, str_from(field));
    if (!of || value.kind == VALUE_MISSING)
        return;
    delta->record.values[of->index] = value;
    delta->set[of->index] = true;
}

static Value text_or_none(Str text) { return text.len ? value_text(text) : VALUE_NONE; }

bool computation_holds(const Pack *pack, const Type *about)
{
    const Type *type = pack->computation;
    for (size_t i = SYS_COUNT; type && i < type->stored_count; i++)
        if (type->fields[i].kind == FIELD_REFERENCE && type->fields[i].target == about)
            return true;
    return false;
}

/* The record that it is about, where the type has a field for such ones. */
static void set_about(Delta *delta, const Record *about)
{
    const Type *type = delta->record.type;
    for (size_t i = SYS_COUNT; i < type->stored_count; i++)
        if (type->fields[i].kind == FIELD_REFERENCE && type->fields[i].target == about->type) {
            delta->record.values[i] = value_id(record_id(about));
            delta->set[i] = true;
        }
}

static void set_head(const Ctx *writer, Delta *delta, const Record *about)
{
    static const SystemField from[] = { SYS_OWNER, SYS_DISCLOSURE };
    const Type              *type = delta->record.type;
    delta->record.values[SYS_ID] = value_id(uuid_make(writer->city->ids, writer->arena));
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        delta->record.values[from[i]] = about->values[from[i]];
        delta->set[from[i]] = about->values[from[i]].kind != VALUE_MISSING;
    }
    delta->record.values[SYS_STATE] = value_text(type->states[0].name);
    delta->set[SYS_STATE] = true;
    if (writer->actor->person.len) {
        delta->record.values[SYS_CREATOR] = value_id(writer->actor->person);
        delta->set[SYS_CREATOR] = true;
    }
}

static void set_stored(Delta *delta, const Stored *stored, const Action *step)
{
    set(delta, "title", value_text(step->label.in[LANG_ZH]));
    set(delta, "title_zh", value_text(step->label.in[LANG_ZH]));
    set(delta, "title_en", value_text(step->label.in[LANG_EN]));
    set(delta, "engine", value_text(stored->engine));
    set(delta, "engine_version", value_int(stored->version));
    set(delta, "step", value_text(step->name));
    set(delta, "pack", value_int(stored->pack));
    set(delta, "day", value_date(stored->day));
    set(delta, "seed", text_or_none(stored->seed));
    set(delta, "parameters", value_text(stored->parameters));
    set(delta, "input", value_text(stored->input));
    set(delta, "input_sha256", value_text(stored->input_sha256));
    set(delta, "result", value_text(stored->result));
    set(delta, "result_sha256", value_text(stored->result_sha256));
}

static Change *change_new(const Ctx *writer, const Record *about)
{
    Arena      *arena = writer->arena;
    const Type *type = writer->city->pack->computation;
    Change     *change = ARENA_NEW(arena, Change);
    Delta      *delta = ARENA_NEW(arena, Delta);
    delta->record = (Record){ .type = type, .values = ARENA_ARRAY(arena, Value, type->field_count) };
    delta->set = ARENA_ARRAY(arena, bool, type->field_count);
    set_head(writer, delta, about);
    set_about(delta, about);
    *change = (Change){ .city = writer->city,
                        .action = type_action(type, STR("create")),
                        .actor = *writer->actor,
                        .deltas = delta,
                        .delta_count = 1,
                        .arena = arena };
    return change;
}

Err computation_new(const Ctx *writer, const Computed *computed, const Record *about, const Action *step, Change **out)
{
    Arena        *arena = writer->arena;
    const Engine *engine = computed->engine;
    Stored        stored = { .engine = engine->name, .version = engine->version, .seed = computed->seed };
    stored.pack = writer->city->pack_number;
    stored.day = reference_day(writer, about);
    stored.input = json_bytes(arena, computed->input);
    stored.parameters = json_bytes(arena, computed->parameters ? computed->parameters : json_array(arena));
    if (stored.input.len > COMPUTATION_BYTES)
        return err_make(ECODE_COMPUTATION_SIZE, "%zu bytes", stored.input.len);
    if (computed->result)
        stored.result = json_bytes(arena, computed->result);
    else
        TRY(run(engine, arena, writer->city->pack, &stored, &stored.result));
    stored.input_sha256 = input_digest(arena, &stored);
    stored.result_sha256 = digest(arena, stored.result);
    *out = change_new(writer, about);
    set_stored((*out)->deltas, &stored, step);
    return ERR_OK;
}

/* ---- working it out again ---- */

static Value value_of(const Record *record, const char *field)
{
    const Field *of = type_field(record->type, str_from(field));
    return of ? record->values[of->index] : VALUE_NONE;
}

static Stored stored_read(const Record *record)
{
    return (Stored){ .engine = value_of(record, "engine").text,
                     .version = value_of(record, "engine_version").number,
                     .pack = value_of(record, "pack").number,
                     .day = value_of(record, "day").number,
                     .seed = value_of(record, "seed").text,
                     .input = value_of(record, "input").text,
                     .parameters = value_of(record, "parameters").text,
                     .result = value_of(record, "result").text,
                     .input_sha256 = value_of(record, "input_sha256").text,
                     .result_sha256 = value_of(record, "result_sha256").text };
}

static void differ(Arena *arena, Json *list, bool differs, Str what)
{
    if (differs)
        json_push(list, json_string(arena, what));
}

static Json *check_json(Arena *arena, const Stored *stored, bool known, Str again)
{
    Json *json = json_object(arena), *differs = json_array(arena);
    Str   input_sha256 = input_digest(arena, stored), result_sha256 = digest(arena, stored->result);
    differ(arena, differs, !str_eq(input_sha256, stored->input_sha256), STR("input"));
    differ(arena, differs, !str_eq(result_sha256, stored->result_sha256), STR("result"));
    differ(arena, differs, known && !str_eq(again, stored->result), STR("recomputed"));
    json_set_str(arena, json, STR("engine"), stored->engine);
    json_set_int(arena, json, STR("engine_version"), stored->version);
    json_set_bool(arena, json, STR("known"), known);
    json_set_bool(arena, json, STR("same"), known && !differs->count);
    json_set(json, STR("differs"), differs);
    json_set_str(arena, json, STR("input_sha256"), stored->input_sha256);
    json_set_str(arena, json, STR("result_sha256"), stored->result_sha256);
    if (known)
        json_set_str(arena, json, STR("recomputed_sha256"), digest(arena, again));
    return json;
}

/* What somebody has changed may be no input at all: then nothing comes of it, which is no fault of the program. */
static Err run_again(const Ctx *ctx, const Engine *engine, const Stored *stored, Str *out)
{
    const Pack *pack;
    *out = STR_NONE;
    Err err = city_pack(ctx->db, ctx->arena, stored->pack, &pack);
    if (!err.kind)
        err = run(engine, ctx->arena, pack, stored, out);
    return err.kind == ERR_BUSY ? err : ERR_OK;
}

static bool shows(const Record *record, const char *field)
{
    const Field *of = type_field(record->type, str_from(field));
    return of && access_shows(&record->clearance, of);
}

/* Whether two things are the same is told to those who see both: for anybody else it would be an answer about them. */
static bool shows_all(const Record *record)
{
    return shows(record, "engine") && shows(record, "engine_version") && shows(record, "input") &&
           shows(record, "input_sha256") && shows(record, "parameters") && shows(record, "result") &&
           shows(record, "result_sha256") && shows(record, "pack") && shows(record, "day");
}

Err computation_view(const Ctx *ctx, const Record *record, Json **out)
{
    Str again = STR_NONE;
    if (!shows_all(record)) {
        *out = json_object(ctx->arena);
        json_set_bool(ctx->arena, *out, STR("hidden"), true);
        return ERR_OK;
    }
    Stored        stored = stored_read(record);
    const Engine *engine = engine_of(ctx->city, stored.engine, stored.version);
    if (engine)
        TRY(run_again(ctx, engine, &stored, &again));
    *out = check_json(ctx->arena, &stored, engine != NULL, again);
    return ERR_OK;
}
