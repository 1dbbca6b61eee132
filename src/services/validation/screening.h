/* services/validation/screening.h: the engine `screening`: the results of a round in the order of their scores, by the
 * rule of the round, with what is doubtful about it. What it is given and gives is kept (kernel/computation.h).
 *
 * Input    {aggregation: "mean", "trimmed_mean", "median" or "corrected_mean", places, seed, weights: [per criterion;
 *          none where the reviews do not tell of each], results: [id, …], judges: how many, sheets: [[result, judge,
 *          total, score per criterion …], …]}: a sheet for each review, by its id; result and judge are numbers from 0,
 *          totals in hundredths. A judge's number is that of the first sheet by them; who they are stands nowhere.
 *          judges 0: not told; the number in the sheets is then 0.
 * Score    mean of a result's totals; without the least and the greatest of three or more; the middle one, of an even
 *          number the mean of the two; or the mean corrected for the severity of who judged (engines/severity). Two
 *          digits, half away from zero. Higher scores come first, among equals the smaller spread (sample standard
 *          deviation), one without any last, then the smaller id.
 * Corrected means rank only where they compare and tell nobody's secret; else the mean does, and ranked_by says why:
 *          "mean_unconnected": judges and results fall into components that no judge joins; "mean_few": fewer than
 *          SCREENING_JUDGES judges, or a result with fewer than SCREENING_REVIEWS reviews, where a correction says
 *          little and tells much (docs/decisions/0024); "mean_many": more than SEVERITY_JUDGES_MAX judges;
 *          "mean_untold": who judged is not told.
 * Firmness in what share of so many worlds each would be within the places (engines/rank/rank.h), by the same rule:
 *          weights of up to a fifth more or less, the seed, results in their order, sheets in theirs. For corrected
 *          means the scores are first corrected, criterion by criterion, in hundredths. 4,000 worlds; of more than
 *          1,000 sheets fewer, down to 200 from 20,000 on, which bounds the work to 4 million draws up to there.
 * Result   {ranked_by, components, freedom, residual, judges: [{judge, reviews, component, severity, error}], worlds,
 *          results: [{place, result, reviews, mean, spread, score, error, component, corrected, within}]}, all results,
 *          by place; numbers with two digits are text. What there is none of is left out: a spread of one review, an
 *          error without a degree of freedom, components and judges where these are not told, worlds and within without
 *          weights. error of a result: of its corrected mean, whether that ranks or not. */
#ifndef FM_SERVICES_VALIDATION_SCREENING_H
#define FM_SERVICES_VALIDATION_SCREENING_H

#include "kernel/computation.h"

#define SCREENING_JUDGES  5
#define SCREENING_REVIEWS 3
#define SCREENING_DIGITS  2 /* behind the point of totals, means and spreads */

/* ECODE_COMPUTATION_INPUT for an input that is none; ECODE_EXPR_OVERFLOW for more than it takes. */
extern const Engine engine_screening;

#endif
