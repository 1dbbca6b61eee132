#include "services/validation/gate.h"

#define FIGURES_MAX 4

/* A criterion as the pack's fields hold it. A level is compared with a target; a verdict stands for itself. */
typedef struct Criterion {
    const char *found, *target, *evidence; /* names of fields; target NULL: `found` is a choice of pass and fail */
    const char *named_by;                  /* field whose value names the criterion; NULL: the label of `found` does */
    const char *figures[FIGURES_MAX];      /* fields told beside it, as many as there are */
} Criterion;

typedef struct SideRule {
    const char      *name, *type;
    const Criterion *criteria;
    size_t           count;
} SideRule;

static const Criterion technical[] = {
    { .found = "assessed_level",
      .target = "target_level",
      .evidence = "evidence",
      .named_by = "element",
      .figures = { "proven_level" } },
};
static const Criterion market[] = {
    { .found = "need_verdict",
      .evidence = "need_evidence",
      .figures = { "interview_count", "confirming_share", "share_low", "share_high" } },
    { .found = "competition_verdict", .evidence = "competition_evidence", .figures = { "lowest_price" } },
    { .found = "cost_verdict", .evidence = "cost_evidence", .figures = { "unit_cost", "planned_price", "margin" } },
};
static const SideRule sides[] = {
    { "technical", "trl_assessment", technical, sizeof technical / sizeof *technical },
    { "market", "market_validation", market, sizeof market / sizeof *market },
};

typedef enum Outcome { PASS, FAIL, MISSING, HIDDEN } Outcome;
static const char *const outcome_names[] = { "pass", "fail", "missing", "hidden" };

typedef struct Side {
    const Ctx *ctx;
    Json      *criteria;
    int64_t    passed, of;
    bool       any_hidden, any_failed, any_whole; /* whole: a submitted record that passes all */
} Side;

static const Field *shown_field(const Record *record, const char *name, bool *hidden)
{
    const Field *field = name ? type_field(record->type, str_from(name)) : NULL;
    if (field && !access_shows(&record->clearance, field)) {
        *hidden = true;
        return NULL;
    }
    return field;
}

static Value field_value(const Record *record, const Field *field)
{
    return field ? record->values[field->index] : VALUE_NONE;
}

static Outcome judge(const Record *record, const Criterion *criterion, bool submitted)
{
    bool  hidden = false;
    Value found = field_value(record, shown_field(record, criterion->found, &hidden));
    Value target = field_value(record, shown_field(record, criterion->target, &hidden));
    if (hidden)
        return HIDDEN;
    if (!submitted || found.kind == VALUE_MISSING || (criterion->target && target.kind == VALUE_MISSING))
        return MISSING;
    bool pass = criterion->target ? found.number >= target.number : str_eq(found.text, STR("pass"));
    return pass ? PASS : FAIL;
}

static Str words(const Side *side, const Record *record, const char *name)
{
    bool         hidden = false;
    const Field *field = shown_field(record, name, &hidden);
    Value        value = field_value(record, field);
    if (value.kind == VALUE_MISSING)
        return STR_NONE;
    Str text = value_label(side->ctx->arena, field, value).in[side->ctx->lang];
    Str unit = field->unit.in[side->ctx->lang];
    return unit.len && !field->currency.len ? /* an amount has its currency */ str_printf(side->ctx->arena, "%.*s %.*s",
                                                                                          STR_FMT(text), STR_FMT(unit))
                                            : text;
}

static void set_words(const Side *side, Json *row, Str key, Str text)
{
    if (text.len)
        json_set_str(side->ctx->arena, row, key, text);
}

/* What was worked out or measured beside a verdict, of it what the actor may see. */
static void set_figures(const Side *side, Json *row, const Record *record, const Criterion *criterion)
{
    Arena *arena = side->ctx->arena;
    Json  *figures = json_array(arena);
    for (size_t i = 0; i < FIGURES_MAX && criterion->figures[i]; i++) {
        const Field *field = type_field(record->type, str_from(criterion->figures[i]));
        Str          value = words(side, record, criterion->figures[i]);
        if (!value.len)
            continue;
        Json *figure = json_push(figures, json_object(arena));
        json_set_str(arena, figure, STR("label"), field->label.in[side->ctx->lang]);
        json_set_str(arena, figure, STR("value"), value);
    }
    if (figures->count)
        json_set(row, STR("figures"), figures);
}

static Outcome add_criterion(Side *side, const Record *record, const Criterion *criterion, bool submitted)
{
    Arena       *arena = side->ctx->arena;
    Outcome      outcome = judge(record, criterion, submitted);
    bool         hidden = false;
    const Field *found = shown_field(record, criterion->found, &hidden);
    Str          name = words(side, record, criterion->named_by);
    Json        *row = json_push(side->criteria, json_object(arena));
    json_set_str(arena, row, STR("record"), record_id(record));
    json_set_str(arena, row, STR("type"), record->type->name);
    if (name.len == 0)
        name = found ? found->label.in[side->ctx->lang] : record->type->label.in[side->ctx->lang];
    json_set_str(arena, row, STR("criterion"), name);
    if (criterion->target)
        set_words(side, row, STR("required"), words(side, record, criterion->target));
    else if (found)
        json_set_str(arena, row, STR("required"),
                     field_choice(found, STR("pass")) ? field_choice(found, STR("pass"))->label.in[side->ctx->lang]
                                                      : STR("pass"));
    set_words(side, row, STR("found"), words(side, record, criterion->found));
    set_words(side, row, STR("evidence"), words(side, record, criterion->evidence));
    set_figures(side, row, record, criterion);
    json_set_str(arena, row, STR("result"), str_from(outcome_names[outcome]));
    return outcome;
}

static void add_record(Side *side, const SideRule *rule, const Record *record)
{
    Str  state = record->values[SYS_STATE].text;
    bool submitted = str_eq(state, STR("submitted")), whole = submitted;
    if (str_eq(state, STR("withdrawn")))
        return;
    for (size_t i = 0; i < rule->count; i++) {
        Outcome outcome = add_criterion(side, record, &rule->criteria[i], submitted);
        whole &= outcome == PASS;
        side->of++;
        side->passed += outcome == PASS;
        side->any_failed |= outcome == FAIL;
        side->any_hidden |= outcome == HIDDEN;
    }
    side->any_whole |= whole;
}

static Err side_json(const Ctx *ctx, const Record *result, const SideRule *rule, Json **out)
{
    Arena      *arena = ctx->arena;
    const Type *type = pack_type(ctx->city->pack, str_from(rule->type));
    Side        side = { .ctx = ctx, .criteria = json_array(arena) };
    Record     *records = NULL;
    size_t      count = 0;
    if (type && result)
        TRY(find_children(ctx, result, type, &records, &count));
    for (size_t i = 0; i < count; i++)
        add_record(&side, rule, &records[i]);
    bool    hidden = side.any_hidden || !result;
    Outcome verdict = hidden ? HIDDEN : side.any_failed ? FAIL : side.any_whole ? PASS : MISSING;
    Json   *json = json_object(arena);
    json_set_str(arena, json, STR("type"), str_from(rule->type));
    json_set_str(arena, json, STR("verdict"), str_from(outcome_names[verdict]));
    if (!hidden) {
        json_set_int(arena, json, STR("passed"), side.passed);
        json_set_int(arena, json, STR("of"), side.of);
    }
    json_set(json, STR("criteria"), side.criteria);
    *out = json;
    return ERR_OK;
}

Err gate_view(const Ctx *ctx, const Record *gate_review, Json **out)
{
    const Type *type = gate_review->type;
    Record      result;
    bool        seen = false, hidden = false;
    if (type->parent >= 0 && shown_field(gate_review, "result", &hidden)) {
        Err err = find_one(ctx, type->fields[type->parent].target, gate_review->values[type->parent].text, &result);
        if (err.kind && err.kind != ERR_UNSEEN)
            return err;
        seen = !err.kind;
    }
    Json *json = json_object(ctx->arena);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        Json *side;
        TRY(side_json(ctx, seen ? &result : NULL, &sides[i], &side));
        json_set(json, str_from(sides[i].name), side);
    }
    *out = json;
    return ERR_OK;
}
