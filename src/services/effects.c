#include "services/effects.h"

#include "kernel/computation.h"
#include "services/validation/draw_panel.h"
#include "services/validation/order_trials.h"
#include "services/validation/rank_seeds.h"
#include "services/validation/score_review.h"
#include "services/validation/screening.h"

static const Engine *const engines[] = { &engine_screening, &engine_trials };

const Effects service_effects = { .run = { [EFFECT_FIX_POOL] = fix_pool,
                                           [EFFECT_DRAW_PANEL] = draw_panel,
                                           [EFFECT_RANK_SEEDS] = rank_seeds,
                                           [EFFECT_SCORE_REVIEW] = score_review,
                                           [EFFECT_ORDER_TRIALS] = order_trials },
                                  .engines = engines,
                                  .engine_count = sizeof engines / sizeof *engines };
