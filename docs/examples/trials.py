#!/usr/bin/env python3
"""Works out again in which order the trials of a route find a failure at the least expected cost, from the kept computation of the route, by
trying every order (up to nine trials), and says whether the cost is the same.

    firstmile show CITY computation ID --json | python3 trials.py
"""
import itertools
import json
import sys
from fractions import Fraction


def half_up(number):
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


def expected(order):
    cost, reach = Fraction(0), Fraction(1)
    for trial in order:
        cost += reach * trial['cost']
        reach *= Fraction(100 - trial['chance'], 100)
    return cost


def may_be(order):
    done = set()
    for trial in order:
        if not done.issuperset(trial['after']):
            return False
        done.add(trial['trial'])
    return True


def main():
    fields = json.load(sys.stdin)['fields']
    trials, told = json.loads(fields['input'])['trials'], json.loads(fields['result'])
    if len(trials) > 9:
        sys.exit(f'{len(trials)} trials have too many orders for this script')
    orders = [order for order in itertools.permutations(trials) if may_be(order)]     # the first is as they were entered
    by_id = {trial['trial']: trial for trial in trials}
    chosen = tuple(by_id[step['trial']] for step in told['steps'])
    same = chosen in orders and expected(chosen) == min(map(expected, orders)) and \
        (told['expected'], told['entered']) == (half_up(expected(chosen)), half_up(expected(orders[0])))
    print(f'{len(orders)} orders of {len(trials)} trials: ' + ('the same' if same else 'NOT the same'))
    return not same


if __name__ == '__main__':
    sys.exit(main())
