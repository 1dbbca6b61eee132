#!/usr/bin/env python3
# suite: slow
# build: plain
# timeout: 1200
"""docs/WALKTHROUGH.md, every line of it: by command line in one city, by its script in another, and the two hold the same. Repeated by
`./dev test walkthrough`."""
import json
import os
import re
import subprocess
import sys

import proof
from proof import expect, expect_same

STATES = {'screening_round': 'finished', 'seed_list': 'final', 'validation_project': 'running', 'transfer_contract': 'registered'}
NAMES = {'screening_round': '千项筛选', 'seed_list': '种子清单', 'validation_project': '样机试制', 'transfer_contract': '专利实施许可'}


def blocks():
    """The shell of the page, without what makes and serves the city."""
    text = (proof.ROOT / 'docs/WALKTHROUGH.md').read_text(encoding='utf-8')
    found = re.findall(r'^```sh\n(.*?)^```$', text, re.M | re.S)
    expect('serve' in found[0], 'the first block serves the city')
    return '\n'.join(found[1:])


def by_command_line(city, abstracts):
    address = f'http://{city.address[0]}:{city.address[1]}'
    script = f'set -euo pipefail\nF={" ".join(proof.program())} CITY={city.path} B={address} ABSTRACTS={abstracts}\n{blocks()}'
    done = subprocess.run(['bash', '-c', script], cwd=proof.ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, 'LANG': 'C.UTF-8', 'TMPDIR': str(city.scratch)})
    expect_same(done.returncode, 0, f'{done.stdout[-1500:]}\n{done.stderr[-3000:]}')
    expect('the same 9 of 9 experts' in done.stdout, 'the panel, drawn again')
    return done.stdout


def by_api(city, abstracts):
    address = f'http://{city.address[0]}:{city.address[1]}'
    done = subprocess.run([sys.executable, 'docs/examples/walkthrough.py', address, proof.PASSWORD, str(abstracts)], cwd=proof.ROOT,
                          capture_output=True, text=True, check=False)
    expect_same(done.returncode, 0, f'{done.stdout[-1500:]}\n{done.stderr[-3000:]}')
    made = json.loads(done.stdout)
    expect_same(made['answers'], [200, 409], 'one gate opens, the other is refused')


def held(city):
    """What a city holds in the end, told without ids."""
    with proof.database(city) as db:
        def rows(sql, *values):
            return [tuple(row) for row in db.execute(sql, values)]
        round_ = rows('SELECT id FROM r_screening_round WHERE title = ?', '千项筛选')[0][0]
        told = {type_: rows(f'SELECT state FROM r_{type_} WHERE title = ?', NAMES[type_]) for type_ in STATES}
        expect_same(told, {type_: [(state,)] for type_, state in STATES.items()}, 'where it ended')
        listed = rows('SELECT i.place, r.external_id, i.reviews, i.mean, i.spread, r.state FROM "r_seed_list.items" i '
                      'JOIN r_seed_list l ON l.id = i.parent JOIN r_result r ON r.id = i.result WHERE l.screening_round = ? ORDER BY i.place', round_)
        reviews = rows('SELECT count(*), count(DISTINCT result), count(DISTINCT reviewer) FROM r_review WHERE screening_round = ? AND state = ?',
                       round_, 'submitted')
        results = rows('SELECT state, count(*) FROM r_result WHERE external_id IS NOT NULL GROUP BY state ORDER BY state')
        gates = rows('SELECT r.external_id, g.state FROM r_gate_review g JOIN r_result r ON r.id = g.result WHERE r.external_id IS NOT NULL ORDER BY g.id')
        return {'listed': listed, 'reviews': reviews, 'results': results, 'gates': gates}


def main():
    cases = proof.Cases()
    ended = {}
    for way, walk in (('by command line', by_command_line), ('by API', by_api)):
        with cases(f'a thousand abstracts, nine experts, twenty seeds, two gates, a project and a deal {way}'), proof.own_city() as city:
            abstracts = proof.shared('data/demand/cn_research_abstracts.jsonl.gz')
            city.arguments = ['--test-clock']
            city.start()
            walk(city, abstracts)
            city.stop()
            ended[way] = held(city)
            expect_same(len(ended[way]['listed']), 20, 'seeds')
            expect_same(ended[way]['reviews'], [(9000, 1000, 9)], 'reviews, results, experts')
            expect_same(ended[way]['results'], [('pool', 980), ('seed', 20)], 'results')
            expect_same([state for _, state in ended[way]['gates']], ['open', 'prepared'], 'gates')
    with cases('both ways end in the same'):
        if len(ended) < 2:
            raise proof.Skip('one of them did not get there')
        expect_same(ended['by API'], ended['by command line'], 'the cities')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
