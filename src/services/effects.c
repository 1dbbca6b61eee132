#include "services/effects.h"

#include "services/validation/draw_panel.h"
#include "services/validation/rank_seeds.h"
#include "services/validation/score_review.h"

const Effects service_effects = { .run = { [EFFECT_FIX_POOL] = fix_pool,
                                           [EFFECT_DRAW_PANEL] = draw_panel,
                                           [EFFECT_RANK_SEEDS] = rank_seeds,
                                           [EFFECT_SCORE_REVIEW] = score_review } };
