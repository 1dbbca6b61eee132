/* base/near.c: see near.h. */
#include "base/near.h"

#include "base/utf8.h"

typedef struct Points {
    uint32_t at[NEAR_POINTS];
    size_t   count;
} Points;

static uint32_t folded(uint32_t point) { return point >= 'A' && point <= 'Z' ? point + ('a' - 'A') : point; }

/* False when it is too long. */
static bool points_of(Str word, Points *out)
{
    out->count = 0;
    for (size_t at = 0; at < word.len;) {
        if (out->count == NEAR_POINTS)
            return false;
        out->at[out->count++] = folded(utf8_next(word, &at));
    }
    return true;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Row by row of the table of distances between beginnings, of which the last three are kept. */
static size_t distance(const Points *a, const Points *b)
{
    size_t rows[3][NEAR_POINTS + 1];
    for (size_t j = 0; j <= b->count; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a->count; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b->count; j++) {
            row[j] = least(above[j - 1] + (a->at[i - 1] != b->at[j - 1]), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a->at[i - 1] == b->at[j - 2] && a->at[i - 2] == b->at[j - 1])
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a->count % 3][b->count];
}

Str near_word(Str word, const Str *known, size_t count)
{
    Points asked, other;
    Str    nearest = STR_NONE;
    if (!points_of(word, &asked) || asked.count < 2)
        return STR_NONE;
    size_t best = (asked.count < 6 ? 1 : asked.count / 3) + 1;
    for (size_t i = 0; i < count; i++) {
        if (!points_of(known[i], &other) || other.count < 2)
            continue;
        size_t found = distance(&asked, &other);
        if (found < best) {
            best = found;
            nearest = known[i];
        }
    }
    return nearest;
}
