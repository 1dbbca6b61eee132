/* engines/severity/severity.h: how severe each judge is, and the mean of each result corrected for it, where not every
 * judge has judged every result.
 *
 * Model    score = result - severity + error, least squares: the two-way classification without interaction (Searle,
 *          Linear Models, 1971, chapter 7), which corrects for raters in incomplete designs (Houston, Raymond and Svec,
 *          Applied Psychological Measurement 15(4), 1991; Raymond and Viswesvaran, Journal of Educational Measurement
 *          30(3), 1993). A severe judge has a positive severity. The corrected mean of a result is what it would have
 *          had from a judge of severity 0: the mean of its scores plus the mean severity of those who gave them.
 * Connect  results and judges hang together where a score joins them. Between components nothing can be corrected: a
 *          severe panel and a weak set of results look the same. Severities sum to 0 within each component, and
 *          corrected means compare within one alone. components says how many there are; which is the caller's to tell.
 * Doubt    residual: standard deviation of the errors, on count - results - judges + components degrees of freedom,
 *          pooled over all components. error: standard error of a corrected mean, or of a severity, by the same; errors
 *          are taken to be independent, and as large for all. Without a degree of freedom all of these are -1: unknown.
 * Units    those of the scores, whole ones; give hundredths to have hundredths. Rounded half away from zero, where what
 *          is within 2^-20 of a half counts as one; of errors, what is within a 2^24th of itself.
 * Exact    whole numbers alone, no floating point: the same on every machine. Severities are fixed-point numbers of 40
 *          bits behind the point, found by elimination and refined until a step changes none by 2^-30.
 * Memory   the arena's; judges x judges x 32 bytes of it. */
#ifndef FM_ENGINES_SEVERITY_H
#define FM_ENGINES_SEVERITY_H

#include "base/arena.h"
#include "base/err.h"

#define SEVERITY_JUDGES_MAX 300
#define SEVERITY_COUNT_MAX  100000 /* of scores */
#define SEVERITY_SCORE_MAX  1000000

typedef struct SeverityScore {
    uint32_t result, judge; /* below results, judges */
    int32_t  score;         /* 0 .. SEVERITY_SCORE_MAX */
} SeverityScore;

typedef struct SeverityProblem {
    size_t               results, judges, count; /* each of them with a score at least */
    const SeverityScore *scores;
} SeverityProblem;

typedef struct SeverityResult {
    uint32_t count, component; /* components are numbered from 0 as their first results come */
    int64_t  mean, corrected, error;
} SeverityResult;

typedef struct SeverityJudge {
    uint32_t count, component;
    int64_t  severity, error;
} SeverityJudge;

typedef struct SeverityFit {
    SeverityResult *results;
    SeverityJudge  *judges;
    size_t          components;
    int64_t         freedom; /* degrees of freedom of the residual */
    int64_t         residual;
} SeverityFit;

/* ECODE_EXPR_OVERFLOW for a problem beyond these bounds, or one so loosely joined that the refinement does not end;
 * *out is then untouched. */
Err severity_fit(Arena *arena, const SeverityProblem *problem, SeverityFit *out) MUST_CHECK;

#endif
