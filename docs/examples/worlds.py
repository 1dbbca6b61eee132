#!/usr/bin/env python3
"""Works out again how firm the places of a seed list are: in how many worlds with slightly other weights and reviews each result would still
be on it. From the list, its round and the reviews, as the API gives them to those who may see them.

    python3 worlds.py http://127.0.0.1:8080 LOGIN PASSWORD LIST-ID
"""
import hashlib
import http.client
import json
import math
import sys
import urllib.parse

MASK = (1 << 64) - 1


class Numbers:
    """SplitMix64, begun with the seed."""

    def __init__(self, seed):
        self.state = int.from_bytes(hashlib.sha256(f'firstmile worlds 1\n{seed}\n'.encode()).digest()[:8], 'big')

    def below(self, n):
        self.state = (self.state + 0x9e3779b97f4a7c15) & MASK
        mixed = self.state
        mixed = ((mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9) & MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94d049bb133111eb) & MASK
        return ((mixed ^ mixed >> 31) >> 32) * n >> 32


def middle(numbers, rule):
    """What is left of them to be averaged."""
    numbers = sorted(numbers)
    if rule == 'trimmed_mean' and len(numbers) >= 3:
        return numbers[1:-1]
    return numbers[(len(numbers) - 1) // 2:len(numbers) // 2 + 1] if rule == 'median' else numbers


def worlds(weights, judgements, spread, count, seed, bands, rule='mean'):
    """judgements: of each alternative a list of score sheets. Gives of each alternative how many worlds have it in each band."""
    numbers, counts = Numbers(seed), [[0] * (len(bands) + 1) for _ in judgements]
    for _ in range(count):
        drawn = [weight * (100 - spread + numbers.below(2 * spread + 1)) for weight in weights]
        means = []
        for sheets in judgements:
            sums = [sum(w * s for w, s in zip(drawn, sheet)) for sheet in sheets]
            left = middle([sums[numbers.below(len(sums))] for _ in sums], rule)
            means.append((sum(left) << 16) // len(left))
        for rank, one in enumerate(sorted(range(len(means)), key=lambda a: (-means[a], a))):
            counts[one][sum(rank >= last for last in bands)] += 1
    return counts


def order_of(totals):
    """Results as the list has them: by mean, then by spread, one without a spread last, then by id."""
    def key(one):
        return (-mean(totals[one]), 0 if len(totals[one]) > 1 else 1, spread(totals[one]), one)
    return sorted(totals, key=key)


def mean(hundredths):
    return (2 * sum(hundredths) + len(hundredths)) // (2 * len(hundredths))


def spread(hundredths):
    """Sample standard deviation in hundredths, half away from zero."""
    n = len(hundredths)
    if n < 2:
        return 0
    variance = (n * sum(t * t for t in hundredths) - sum(hundredths) ** 2) * 4 // (n * (n - 1))
    return (math.isqrt(variance) + 1) // 2


def main(address, login, password, list_):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc)
    headers = {'Content-Type': 'application/json'}

    def ask(method, path, body=None):
        connection.request(method, '/api/v1/' + path, body and json.dumps(body), headers)
        reply = connection.getresponse()
        text = reply.read()
        if reply.status >= 400:
            sys.exit(f'{method} {path}: {text.decode()}')
        return reply, json.loads(text)

    reply, _ = ask('POST', 'sessions', {'login': login, 'password': password})
    headers['Cookie'] = reply.headers['Set-Cookie'].split(';')[0]
    told = ask('GET', f'records/seed_list/{list_}')[1]['fields']
    round_ = ask('GET', f'records/screening_round/{told["screening_round"]}')[1]['fields']
    sheets, totals, cursor = {}, {}, ''
    while cursor is not None:
        query = urllib.parse.urlencode({'filter': f"screening_round = '{told['screening_round']}' and state = 'submitted'", 'sort': 'id',
                                        'limit': 200, **({'cursor': cursor} if cursor else {})})
        page = ask('GET', f'records/review?{query}')[1]
        for review in (each['fields'] for each in page['items']):
            sheets.setdefault(review['result'], []).append([row['score'] for row in review['scores']])
            totals.setdefault(review['result'], []).append(int(review['total'].replace('.', '')))
        cursor = page['next']
    order = order_of(totals)
    counts = worlds([row['weight'] for row in round_['criteria']], [sheets[one] for one in order], 20, told['worlds'], round_['seed'],
                    [round_['places']])
    found = [f'{tenths // 10}.{tenths % 10}' for tenths in ((2000 * within + told['worlds']) // (2 * told['worlds']) for within, _ in counts)]
    same = found[:len(told['items'])] == [row['acceptability'] for row in told['items']]
    print(f'{told["worlds"]} worlds of {len(order)} results: ' + ('the same' if same else 'not the same'))
    return 0 if same else 1


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
