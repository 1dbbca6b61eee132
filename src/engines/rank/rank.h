/* engines/rank/rank.h: how firm a ranking is in which several judges scored alternatives by weighted criteria: in what
 * share of the worlds that could as well have been an alternative takes which rank.
 *
 * Worlds   one is ranked after the other. In each the weights are drawn anew, every one by itself, as a whole per cent
 *          between 100 - spread and 100 + spread of what it is; and the judgements of each alternative are drawn anew
 *          among its own, as many as there are, with replacement. Alternatives are ranked by the mean of the weighted
 *          sums, its 65,536th parts cut off, by another rule without the least and the greatest of three or more, or by
 *          the middle one, of an even number the mean of the two; of equal ones the first comes first.
 * Method   rank acceptability indices of stochastic multicriteria acceptability analysis (Lahdelma and Salminen,
 *          SMAA-2, Operations Research 49(3), 2001), with the judgements' own distribution for the uncertain criteria
 *          (the bootstrap of Efron, Annals of Statistics 7(1), 1979).
 * Repeated the same problem with the same seed gives the same counts on every machine; nothing is rounded but as said.
 *          The generator is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), begun with the first eight bytes, the
 *          highest first, of SHA-256("firstmile worlds 1\n" seed "\n"); a number below n is the upper 32 bits of an
 *          output, times n, without their last 32 bits. Weights are drawn first, in order, then the judgements,
 *          alternative by alternative. docs/examples/worlds.py does the same in Python. */
#ifndef FM_ENGINES_RANK_H
#define FM_ENGINES_RANK_H

#include "base/err.h"
#include "base/hash.h"

#define RANK_CRITERIA_MAX   64
#define RANK_WEIGHT_MAX     1000
#define RANK_SCORE_MAX      100000
#define RANK_JUDGEMENTS_MAX 100000
#define RANK_BANDS_MAX      8

typedef enum RankRule { RANK_BY_MEAN, RANK_BY_TRIMMED_MEAN, RANK_BY_MEDIAN } RankRule;

typedef struct RankProblem {
    size_t         alternatives; /* in the order that decides between equals */
    size_t         criteria;     /* 1 .. RANK_CRITERIA_MAX */
    const int32_t *weights;      /* per criterion, 0 .. RANK_WEIGHT_MAX */
    const size_t  *firsts;       /* alternatives + 1: judgements of a are firsts[a] .. firsts[a + 1]; at least one */
    const int32_t *scores;       /* a row of `criteria` for each judgement, 0 .. RANK_SCORE_MAX */
    int            spread;       /* per cent, 0 .. 100 */
    size_t         worlds;
    Str            seed;
    const size_t  *bands;      /* last rank of each band, rising; what is behind the last is one more */
    size_t         band_count; /* 0 .. RANK_BANDS_MAX */
    RankRule       rule;
} RankProblem;

/* counts[a * (band_count + 1) + band]: in how many worlds a's rank lies in the band. ECODE_EXPR_OVERFLOW for a problem
 * beyond these bounds, or whose sums could be beyond 63 bits; the counts are then worth nothing. */
Err rank_worlds(const RankProblem *problem, uint32_t *counts) MUST_CHECK;

#endif
