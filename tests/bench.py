#!/usr/bin/env python3
"""bench.py NAME PROGRAM...: runs the benchmarks whose name contains NAME and prints each figure beside its budget.

A benchmark prints one JSON object as its last line; the figures are its numbers, nested ones named by their path. BUDGETS
names those that have a budget, the direction, and the value (architecture, section 11); the others are printed alone.
"""
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = ['http']

# (benchmark, figure or the last name of it): ('>=' or '<=', budget, unit)
BUDGETS = {
    ('clocks', 'settled_per_s'): ('>=', 100_000, '1/s'),
    ('disclosure', 'ratio'): ('<=', 1.2, 'x'),
    ('export', 'csv.rows_per_second'): ('>=', 40_000, '1/s'),
    ('export', 'jsonl.rows_per_second'): ('>=', 40_000, '1/s'),
    ('export', 'peak_rss_mb'): ('<=', 64, 'MB'),
    ('import', 'csv.seconds'): ('<=', 10, 's'),
    ('import', 'xlsx.seconds'): ('<=', 10, 's'),
    ('import', 'import_peak_mb'): ('<=', 300, 'MB'),
    ('log', 'durable_per_s.by_64'): ('>=', 10_000, '1/s'),
    ('log', 'proofs_per_s'): ('>=', 1_000, '1/s'),
    ('merkle', 'leaves_per_s'): ('>=', 10_000, '1/s'),
    ('merkle', 'inclusion.proofs_per_s'): ('>=', 1_000, '1/s'),
    ('xlsx', 'in.seconds'): ('<=', 10, 's'),
    ('xlsx', 'in.peak_mb'): ('<=', 300, 'MB'),
    ('xlsx', 'out.rows_per_second'): ('>=', 40_000, '1/s'),
    ('xlsx', 'out.peak_mb'): ('<=', 64, 'MB'),
    ('http', 'trivial_get.requests_per_second'): ('>=', 40_000, '1/s'),
    ('http', 'record_read.requests_per_second'): ('>=', 20_000, '1/s'),
    ('http', 'list_50.requests_per_second'): ('>=', 5_000, '1/s'),
    ('http', 'durable_create.requests_per_second'): ('>=', 5_000, '1/s'),
}


def figures(value, path=''):
    if isinstance(value, dict):
        return [pair for key, child in value.items() for pair in figures(child, f'{path}.{key}' if path else key)]
    return [(path, value)] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def run(program):
    name = Path(program).name
    print(f'bench {name}', flush=True)
    done = subprocess.run([str(ROOT / 'build' / program)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        print(done.stdout + f'bench {name} ended with status {done.returncode}')
        return False
    for figure, value in figures(json.loads(lines[-1])):
        last = figure.rpartition('.')[2]
        sign, budget, unit = BUDGETS.get((name, figure)) or BUDGETS.get((name, last)) or ('', None, '')
        met = budget is None or (value >= budget if sign == '>=' else value <= budget)
        beside = '' if budget is None else f'   budget {sign} {budget:,} {unit}   {"met" if met else "MISSED"}'
        print(f'  {figure:42}{value:>16,.10g}{beside}')
    return True


def main():
    wanted, programs = sys.argv[1], sorted(sys.argv[2:], key=lambda p: (Path(p).name not in FIRST, p))
    chosen = [program for program in programs if wanted in Path(program).name]
    if not chosen:
        names = ', '.join(Path(program).name for program in programs) or 'none'
        print(f'there is no benchmark named like "{wanted}"; there are: {names}')
        return 64
    return 0 if all([run(program) for program in chosen]) else 1


if __name__ == '__main__':
    sys.exit(main())
