#!/usr/bin/env python3
# suite: long
"""A thousand abstracts are called, screened by nine experts, and the best twenty listed: as many as a city has in a round. The list
is what an independent sort of the scores gives. Repeated by `./dev test --long screening_long_test`."""
import concurrent.futures
import random
import statistics
import sys
import time
from decimal import ROUND_HALF_UP, Decimal

import proof
from abstracts_test import MAP, SOURCE
from proof import expect, expect_same
from screening_test import CRITERIA, Round

EXPERTS, LISTED = 9, 20

def timed(what, start):
    print(f'# {what}: {time.monotonic() - start:.1f} s', flush=True)


def called(city, r):
    """The abstracts go in by the command line; all of them are submitted and entered by API."""
    proof.run(city, 'import', 'result', proof.shared(SOURCE), '--as', 'researcher', '--map', MAP)
    results = [one['id'] for one in r.author.all('result', filter="external_id is not missing and state = 'draft'")]
    r.one = r.begin(places=LISTED, seats=[{'group': 'academia', 'places': 5}, {'group': 'industry', 'places': 3},
                                          {'group': 'investment', 'places': 1}])
    r.office.act('screening_round', r.one, 'open').wants(200)

    def enter(share):
        client = proof.Client(city, cookie=r.author.cookie)
        for one in share:
            client.act('result', one, 'submit').wants(200)
            client.act('result', one, 'enter', screening_round=r.one).wants(200)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, [results[at::8] for at in range(8)]))
    timed(f'{len(results)} results submitted and entered', start)
    return results


def screened(city, r, results, rng):
    r.office.act('screening_round', r.one, 'close').wants(200)
    start = time.monotonic()
    r.office.act('screening_round', r.one, 'draw', seed='上证 3312.45').wants(200)
    timed('draw', start)
    scores = {one: [] for one in results}
    given = {(login, one): [rng.randrange(20, 101) for _ in CRITERIA] for login in r.logins for one in results}

    def judge(login):
        client = proof.Client(city, login)
        seen = [one['id'] for one in client.all('result', filter=f"screening_round = '{r.one}'")]
        expect_same(len(seen), len(results), f'{login} sees')
        for one in seen:
            rows = [{'criterion': c['criterion'], 'score': score} for c, score in zip(CRITERIA, given[login, one])]
            review = client.create('review', result=one).wants(201).json['id']
            client.act('review', review, 'submit', scores=rows, remark='可行').wants(200)
    start = time.monotonic()
    mine = proof.Client(city, r.logins[0]).get('/api/v1/desk').wants(200).json['mine']
    expect(mine['total'] >= len(results), f'{mine["total"]} reviews to be begun')
    timed('the desk of an expert', start)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(EXPERTS) as pool:
        list(pool.map(judge, r.logins))
    timed(f'{len(given)} reviews', start)
    for (_, one), points in given.items():
        scores[one].append(sum(Decimal(point * c['weight']) for point, c in zip(points, CRITERIA)) / 100)
    return scores


def cents(number):
    return Decimal(number).quantize(Decimal('0.01'), ROUND_HALF_UP)


def listed(r, scores):
    r.office.act('screening_round', r.one, 'freeze').wants(200)
    start = time.monotonic()
    found = r.office.create('seed_list', title='种子清单', screening_round=r.one, notice='向市科委提出异议').wants(201).json
    timed('ranking', start)
    expect(200 <= found['fields']['worlds'] < 4000, f'{found["fields"]["worlds"]} worlds of so many reviews')
    order = sorted(scores, key=lambda one: (-cents(statistics.mean(scores[one])), cents(statistics.stdev(scores[one])), one))
    expect_same([row['result'] for row in found['fields']['items']], order[:LISTED], 'the list')
    start = time.monotonic()
    r.manager.act('seed_list', found['id'], 'publish').wants(200)
    timed('publishing', start)
    expect_same(len(r.office.all('result', filter=f"state = 'seed' and screening_round = '{r.one}'")), LISTED, 'seeds')
    r.ahead(days=30)
    r.office.act('seed_list', found['id'], 'confirm').wants(200)
    start = time.monotonic()
    r.office.act('screening_round', r.one, 'finish').wants(200)
    timed(f'{len(scores) - LISTED} results go back to the pool', start)
    expect_same(len(r.office.all('result', filter=f"state = 'screening' and screening_round = '{r.one}'")), 0, 'none is left in screening')
    for page in (f'/screening_round/{r.one}', f'/seed_list/{found["id"]}', '/result'):
        start = time.monotonic()
        r.office.get(page).wants(200)
        timed(page.split('/')[1], start)


def main(seed):
    rng = random.Random(seed)
    cases = proof.Cases()
    print(f'# seed {seed}', flush=True)
    with proof.own_city() as city:
        city.arguments = ['--test-clock']
        city.start()
        r = Round(city)
        with cases('a thousand results are called'):
            results = called(city, r)
            expect(len(results) >= 1000, f'{len(results)} results')
        with cases('nine experts score all of them'):
            scores = screened(city, r, results, rng)
        with cases('the best twenty are listed, the others go back'):
            listed(r, scores)
        with cases('the tables are what the events make'):
            city.stop()
            before = proof.dump(city)
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), before, 'rebuilt')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)))
