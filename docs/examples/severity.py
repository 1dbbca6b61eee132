#!/usr/bin/env python3
"""Works out again how a screening round came to its order: means, the severity of its judges, corrected means with their errors, and how
firm the places are; from the kept computation of its seed list, in exact fractions, and says whether it is the same.

    firstmile show CITY computation ID --json | python3 severity.py
"""
import json
import math
import sys
from fractions import Fraction

from worlds import middle, worlds

JUDGES, REVIEWS, SPREAD = 5, 3, 20      # corrected means take so many judges, and reviews of each result


def half_up(number):
    """A fraction to whole numbers, half away from zero."""
    whole = (2 * abs(number.numerator) + number.denominator) // (2 * number.denominator)
    return whole if number >= 0 else -whole


def root(number):
    return (math.isqrt(4 * number.numerator // number.denominator) + 1) // 2


def inverted(matrix):
    """Gauss and Jordan, in fractions."""
    n = len(matrix)
    rows = [[Fraction(x) for x in row] + [Fraction(i == j) for j in range(n)] for i, row in enumerate(matrix)]
    for c in range(n):
        pivot = next(r for r in range(c, n) if rows[r][c])
        rows[c], rows[pivot] = rows[pivot], rows[c]
        rows[c] = [x / rows[c][c] for x in rows[c]]
        for r in range(n):
            if r != c and rows[r][c]:
                rows[r] = [x - rows[r][c] * y for x, y in zip(rows[r], rows[c])]
    return [row[n:] for row in rows]


class Fit:
    """score = value of the result - severity of the judge + error, by least squares. scores: (result, judge, score)."""

    def __init__(self, scores, results, judges):
        n = results + judges
        component = list(range(n))                              # the least number of those that hang together
        for _ in range(n):
            for r, j, _score in scores:
                component[r] = component[results + j] = min(component[r], component[results + j])
        numbers = {}
        for r in range(results):
            numbers.setdefault(component[r], len(numbers))
        self.component = [numbers[one] for one in component]
        self.components = len(numbers)
        side = n + self.components                              # the equations, and one for each sum of severities that is 0
        matrix, right = [[0] * side for _ in range(side)], [0] * side
        for r, j, score in scores:
            matrix[r][r] += 1
            matrix[results + j][results + j] += 1
            matrix[r][results + j] -= 1
            matrix[results + j][r] -= 1
            right[r] += score
            right[results + j] -= score
        for j in range(results, n):
            matrix[j][n + self.component[j]] = matrix[n + self.component[j]][j] = 1
        inverse = inverted(matrix)
        found = [sum(x * y for x, y in zip(row, right)) for row in inverse[:n]]
        self.value, self.severity = found[:results], found[results:]
        self.freedom = len(scores) + self.components - n
        squares = sum((self.value[r] - self.severity[j] - score) ** 2 for r, j, score in scores)
        self.variance = squares / self.freedom if self.freedom else None
        self.errors = [root(self.variance * inverse[i][i]) for i in range(n)] if self.freedom else [None] * n


def two(hundredths):
    sign = '-' if hundredths < 0 else ''
    return f'{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02}'


def given(**members):
    return {name: value for name, value in members.items() if value is not None}


def why_not(judges, fit, totals):
    if not judges:
        return 'mean_untold'
    if fit is None:
        return 'mean_many'
    if fit.components > 1:
        return 'mean_unconnected'
    return 'mean_few' if judges < JUDGES or min(map(len, totals)) < REVIEWS else None


def corrected_points(sheets, results, judges):
    """Points of each sheet in hundredths, criterion by criterion."""
    columns = []
    for c in range(3, len(sheets[0])):
        severity = Fit([(s[0], s[1], 100 * s[c]) for s in sheets], results, judges).severity
        columns.append([100 * s[c] + half_up(severity[s[1]]) for s in sheets])
    least = min(min(column) for column in columns)
    return [[column[i] - least for column in columns] for i in range(len(sheets))]


def screening(held):
    ids, judges, sheets, rule = held['results'], held['judges'], held['sheets'], held['aggregation']
    totals = [[s[2] for s in sheets if s[0] == r] for r in range(len(ids))]
    fit = Fit([s[:3] for s in sheets], len(ids), judges) if 0 < judges <= 300 else None
    barred = why_not(judges, fit, totals) if rule == 'corrected_mean' else None
    ranked_by = barred or rule
    means = [half_up(Fraction(sum(t), len(t))) for t in totals]
    spreads = [root(Fraction(len(t) * sum(x * x for x in t) - sum(t) ** 2, len(t) * (len(t) - 1))) if len(t) > 1 else None for t in totals]
    if ranked_by == 'corrected_mean':
        scores = [half_up(value) for value in fit.value]
    else:
        scores = [half_up(Fraction(sum(left), len(left))) for left in (middle(t, ranked_by) for t in totals)]
    order = sorted(range(len(ids)), key=lambda r: (-scores[r], spreads[r] is None, spreads[r] or 0, ids[r]))
    points = corrected_points(sheets, len(ids), judges) if ranked_by == 'corrected_mean' and held['weights'] else [s[3:] for s in sheets]
    count, within = None, [None] * len(ids)
    if held['weights']:
        count = max(200, min(4000, 4000000 // len(sheets)))
        by_place = [[p for s, p in zip(sheets, points) if s[0] == r] for r in order]
        within = [first for first, _ in worlds(held['weights'], by_place, SPREAD, count, held['seed'], [held['places']], ranked_by)]
    out = {'ranked_by': ranked_by}
    if fit:
        out.update(given(components=fit.components, freedom=fit.freedom, residual=fit.freedom and two(root(fit.variance)) or None))
        out['judges'] = [given(judge=j, reviews=sum(s[1] == j for s in sheets), component=fit.component[len(ids) + j],
                               severity=two(half_up(fit.severity[j])), error=fit.freedom and two(fit.errors[len(ids) + j]) or None)
                         for j in range(judges)]
    out.update(given(worlds=count))
    out['results'] = [given(place=place, result=ids[r], reviews=len(totals[r]), mean=two(means[r]),
                            spread=None if spreads[r] is None else two(spreads[r]), score=two(scores[r]),
                            component=fit and fit.component[r], corrected=fit and two(half_up(fit.value[r])),
                            error=fit and fit.freedom and two(fit.errors[r]) or None, within=within[place - 1])
                      for place, r in enumerate(order, 1)]
    return out


def main():
    fields = json.load(sys.stdin)['fields']
    again, kept = screening(json.loads(fields['input'])), json.loads(fields['result'])
    print(f'{len(kept["results"])} results, by {kept["ranked_by"]}: ' + ('the same' if again == kept else 'NOT the same'))
    return again != kept


if __name__ == '__main__':
    sys.exit(main())
