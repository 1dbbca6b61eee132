#!/usr/bin/env python3
# suite: slow
"""A request that comes twice is done once: Idempotency-Key, and the key of a form.

    idempotency_test.py [ROUNDS]        3 rounds of kill -9 unless said

The same POST fifty times at once with one key makes one record and gives fifty equal answers; a key used with another body is
refused; a refusal is not remembered; a step is taken once; what one may no longer see does not come back with an old key; a form
that is sent twice makes one record. Then clients that repeat each request with its key until it is answered, while the server
is killed again and again: what was answered is there once.
"""
import http.client
import re
import secrets
import signal
import sys
import threading
import time
import urllib.parse

import proof
from proof import expect, expect_same

AT_ONCE = 50
CLIENTS = 4
REPEATS_S = 60


def keyed(client, target, body, key):
    return client.request('POST', target, body, {'Idempotency-Key': key})


def titled(client, title):
    return client.all('result', filter=f"title = '{title}'")


def at_once(city, cookie, title):
    """The answers to the same request from AT_ONCE connections, as (status, headers that say what was made, body)."""
    answers, start, key = [], threading.Barrier(AT_ONCE), secrets.token_hex(8)

    def ask():
        client = proof.Client(city, cookie=cookie)
        start.wait()
        reply = keyed(client, '/api/v1/records/result', {'fields': {'title': title}}, key)
        answers.append((reply.status, reply.headers['Location'], reply.headers['ETag'], reply.bytes))
        client.close()

    threads = [threading.Thread(target=ask) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def form_of(client, target):
    page = client.get(target).wants(200).text
    return {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ('csrf', 'once')}


def send_form(client, target, fields):
    return client.request('POST', target, urllib.parse.urlencode(fields).encode(),
                          {'Content-Type': 'application/x-www-form-urlencoded'})


class Repeater(threading.Thread):
    """Creates records one after the other; each request is sent with its key until it has an answer."""

    def __init__(self, city, cookie, name, ends):
        super().__init__()
        self.city, self.cookie, self.name, self.ends = city, cookie, name, ends
        self.made, self.repeated, self.problem, self.client = {}, 0, None, None

    def run(self):
        try:
            while not self.ends.is_set():
                title = f'{self.name} 第 {len(self.made)} 件'
                self.made[title] = self.until_answered(title, secrets.token_hex(8))
        except Exception as problem:
            self.problem = problem

    def until_answered(self, title, key):
        until = time.monotonic() + REPEATS_S
        while time.monotonic() < until:
            try:
                if not self.city.address:
                    raise ConnectionRefusedError('the server is being started')
                self.client = self.client or proof.Client(self.city, cookie=self.cookie)
                reply = keyed(self.client, '/api/v1/records/result', {'fields': {'title': title}}, key)
                if reply.status not in (429, 503):
                    return reply.wants(201).json['id']
            except (OSError, http.client.HTTPException):
                self.client = None
            self.repeated += 1
            time.sleep(0.02)
        raise proof.Failure(f'{title} had no answer in {REPEATS_S} s')


def kill_and_repeat(city, cookie, rounds):
    ends = threading.Event()
    workers = [Repeater(city, cookie, f'{index} 号', ends) for index in range(CLIENTS)]
    for worker in workers:
        worker.start()
    for _ in range(rounds):
        time.sleep(0.5)
        city.server.send_signal(signal.SIGKILL)
        city.kill()
        city.start()
    time.sleep(0.2)
    ends.set()
    for worker in workers:
        worker.join()
        if worker.problem:
            raise worker.problem
    return workers


def main(rounds=3):
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        client, officer = proof.Client(city, 'researcher'), proof.Client(city, 'officer')
        records = '/api/v1/records/result'
        with cases(f'{AT_ONCE} at once with one key: one record, equal answers'):
            answers = at_once(city, client.cookie, '同时五十次')
            expect_same(len(answers), AT_ONCE, 'answers')
            expect_same({status for status, *_ in answers}, {201}, 'their statuses')
            expect_same(len(set(answers)), 1, 'different answers')
            expect_same(len(titled(client, '同时五十次')), 1, 'records made')
        with cases('the same key with another body is refused, and makes nothing'):
            first = keyed(client, records, {'fields': {'title': '甲'}}, 'same').wants(201).json
            refused = keyed(client, records, {'fields': {'title': '乙'}}, 'same').wants(422).json
            expect(refused['type'].endswith('/key.reused'), f'another reason: {refused}')
            expect_same(titled(client, '乙'), [], 'records made')
            expect_same(keyed(client, records, {'fields': {'title': '甲'}}, 'same').wants(201).json['id'], first['id'], 'its record')
        with cases('keys of two persons never meet'):
            expect_same(keyed(officer, '/api/v1/records/parameter', {'fields': {}}, 'same').status, 422, 'an officer, with the key')
        with cases('a refusal is not remembered'):
            keyed(client, records, {'fields': {}}, 'later').wants(422)
            keyed(client, records, {'fields': {'title': '后来'}}, 'later').wants(201)
        with cases('a step is taken once, and told again'):
            draft = client.create('result', title='办一次', discipline='化学', abstract='够长的摘要。', claimed_level=3).wants(201).json
            steps = [keyed(client, f'{records}/{draft["id"]}/actions/submit', {'input': {}}, 'step').wants(200).json for _ in range(2)]
            expect_same(steps[1]['version'], steps[0]['version'], 'version after the same step again')
            client.act('result', draft['id'], 'submit').wants(409)
        with cases('a key that is no key is refused by name'):
            for key in ('', 'a' * 129, 'mit blank'):
                reply = keyed(client, records, {'fields': {'title': '无效'}}, key).wants(422).json
                expect_same(reply['errors'][0]['field'], 'Idempotency-Key', 'the field')
            expect_same(titled(client, '无效'), [], 'records made')
        with cases('a form that is sent twice makes one record, changed it makes another'):
            fields = {**form_of(client, '/result/new'), 'title': '按了两下'}
            places = {send_form(client, '/result', fields).wants(303).headers['Location'] for _ in range(2)}
            expect_same(len(places), 1, 'places that it leads to')
            expect_same(len(titled(client, '按了两下')), 1, 'records made')
            other = send_form(client, '/result', {**fields, 'title': '改了再发'}).wants(303).headers['Location']
            expect(other not in places, 'a changed form led to the first record')
        with cases('killed again and again: each request that is repeated until it is answered was done once'):
            workers = kill_and_repeat(city, client.cookie, rounds)
            client = proof.Client(city, cookie=client.cookie)
            found = {}
            for record in client.all('result'):
                found.setdefault(record['fields']['title'], []).append(record['id'])
            made = {title: [record] for worker in workers for title, record in worker.made.items()}
            expect_same({title: found.get(title) for title in made}, made, 'what was answered and what is there')
            expect(len(made) > 10 * rounds, f'only {len(made)} records were made')
            print(f'# {len(made)} made, {sum(worker.repeated for worker in workers)} requests repeated')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main(*map(int, sys.argv[1:2])))
