#!/usr/bin/env python3
# suite: slow alone
"""kill -9 under load: nothing that was acknowledged is lost, doubled or half there.

    kill9_test.py [ROUNDS] [SEED]       6 rounds and a random seed unless said; the seed is printed

A round: serve the city; four clients create, edit and submit, each noting outside the server what it asks and what it was told;
after 20 to 800 ms SIGKILL; serve again. Then each noted record is there once, at the version acknowledged, or at the next one
when the last request got no answer, with just the fields that were sent; nothing else is there. With the server stopped: every
event is whole (proof.py), and `rebuild` makes the same tables. Rounds go on with the same city, and earlier ones are checked again.
"""
import http.client
import random
import secrets
import signal
import sys
import threading
import time
from dataclasses import dataclass, field

import proof
from proof import expect, expect_same

CLIENTS = 4
KILL_AFTER_MS = (20, 800)
READY_S = 10                    # far over what it takes, for a busy machine under sanitizers
ABSTRACT = '以两步退火控制界面层厚度。' * 20
CONTENDED = '众人同改的一件'


@dataclass
class Noted:
    """What a client knows of one record. `asked` is the request without an answer: it may have been done or not."""
    title: str
    id: str = None
    version: int = 0            # the last acknowledged; 0: none
    state: str = 'draft'
    fields: dict = field(default_factory=dict)
    asked: tuple = None         # (state, fields) as they would then be


class Worker(threading.Thread):
    """One client: until its connection breaks it creates, edits and submits records that nobody else touches, and now and then
    edits the one that all do."""

    def __init__(self, city, cookie, name, seed, contended):
        super().__init__()
        self.client = proof.Client(city, cookie=cookie)
        self.name, self.random, self.contended = name, random.Random(seed), contended
        self.noted, self.replaced, self.problem = [], [], None

    def run(self):
        try:
            while True:
                self.step()
        except (OSError, http.client.HTTPException):
            pass                # the server is gone, as it should be
        except Exception as problem:
            self.problem = problem

    def step(self):
        drafts = [noted for noted in self.noted if noted.state == 'draft']
        choice = self.random.random()
        if not drafts or choice < 0.45:
            self.create()
        elif choice < 0.7:
            self.change(self.random.choice(drafts), 'edit')
        elif choice < 0.9:
            self.change(self.random.choice(drafts), 'submit')
        else:
            self.contend()

    def create(self):
        noted = Noted(title=f'{self.name} 第 {len(self.noted)} 件')
        noted.fields = {'title': noted.title, 'discipline': '材料科学与工程', 'abstract': ABSTRACT, 'claimed_level': 1}
        noted.asked = ('draft', noted.fields)
        self.noted.append(noted)
        reply = self.client.create('result', **noted.fields).wants(201).json
        noted.id, noted.version, noted.asked = reply['id'], reply['version'], None

    def change(self, noted, action):
        if action == 'edit':
            changed = {'claimed_level': self.random.randint(1, 9), 'keywords': secrets.token_hex(8)}
            noted.asked = ('draft', {**noted.fields, **changed})
            reply = self.client.edit('result', noted.id, noted.version, **changed)
        else:
            noted.asked = ('pool', noted.fields)
            reply = self.client.act('result', noted.id, action)
        told = reply.wants(200).json
        expect_same(told['version'], noted.version + 1, 'version after a change that nobody else made')
        (noted.state, noted.fields), noted.version, noted.asked = noted.asked, told['version'], None

    def contend(self):
        target = f'/api/v1/records/result/{self.contended}'
        version = self.client.request('GET', target).wants(200).json['version']
        reply = self.client.edit('result', self.contended, version, keywords=secrets.token_hex(8))
        expect(reply.status in (200, 409, 412), f'expected 200, 409 or 412, found {reply.status}: {reply.text[:500]}')
        if reply.status == 200:
            self.replaced.append(version)


def check_noted(noted, found):
    """found: the records with that title."""
    expect(len(found) <= 1, f'{noted.title} is there {len(found)} times')
    if not found:
        expect(noted.version == 0, f'{noted.title} was acknowledged at version {noted.version} and is lost')
        return
    record = found[0]
    expect(noted.id in (None, record['id']), f'{noted.title} has another id')
    shown = {name: value for name, value in record['fields'].items()
             if name in ('title', 'discipline', 'abstract', 'claimed_level', 'keywords')}
    there = (record['version'], record['state'], shown)
    acknowledged = (noted.version, noted.state, noted.fields)
    possible = [acknowledged] if noted.version else []
    if noted.asked:
        possible.append((noted.version + 1, *noted.asked))
    expect(there in possible, f'{noted.title}: expected one of {possible}, found {there}')


def settle(noted, by_title):
    """Once checked, what is there is what is known."""
    found = by_title.get(noted.title)
    if found:
        record = found[0]
        if noted.asked and record['version'] == noted.version + 1:
            noted.state, noted.fields = noted.asked
        noted.id, noted.version = record['id'], record['version']
    noted.asked = None


class Proof:
    def __init__(self, city, seed):
        self.city, self.random = city, random.Random(seed)
        self.noted, self.replaced = [], []     # replaced: versions of the contended record that a client was told to have changed
        self.acknowledged = self.unanswered = 0
        self.slowest_s = 0
        city.start()
        client = proof.Client(city, 'researcher')
        self.cookie = client.cookie
        self.contended = client.create('result', title=CONTENDED).wants(201).json['id']
        self.others = {record['id'] for record in client.all('result')} - {self.contended}
        city.stop()

    def load_and_kill(self, number):
        """Returns after how many milliseconds the server was killed."""
        self.city.start()
        workers = [Worker(self.city, self.cookie, f'第 {number} 轮 {index} 号', self.random.random(), self.contended)
                   for index in range(CLIENTS)]
        wait_ms = self.random.uniform(*KILL_AFTER_MS)
        for worker in workers:
            worker.start()
        time.sleep(wait_ms / 1000)
        self.city.server.send_signal(signal.SIGKILL)
        for worker in workers:
            worker.join()
        self.city.kill()        # reaps it
        for worker in workers:
            if worker.problem:
                raise worker.problem
            self.noted += worker.noted
            self.replaced += worker.replaced
            self.acknowledged += sum(noted.version for noted in worker.noted) + len(worker.replaced)
            self.unanswered += sum(noted.asked is not None for noted in worker.noted)
        return wait_ms

    def check_served(self):
        """Serves again; what the clients noted is there. The session that was acknowledged before the first kill still holds."""
        start = time.monotonic()
        self.city.start()
        client = proof.Client(self.city, cookie=self.cookie)
        client.get('/healthz').wants(200)
        took = time.monotonic() - start
        self.slowest_s = max(self.slowest_s, took)
        expect(took < READY_S, f'ready only after {took:.1f} s')
        by_title = {}
        for record in client.all('result'):
            if record['id'] not in self.others:
                by_title.setdefault(record['fields']['title'], []).append(record)
        contended = by_title.pop(CONTENDED)
        for noted in self.noted:
            check_noted(noted, by_title.get(noted.title, []))
        for noted in self.noted:
            settle(noted, by_title)
        expect(by_title.keys() <= {noted.title for noted in self.noted}, 'there are records that nobody made')
        expect_same(len(contended), 1, 'the record that all edit')
        expect_same(len(set(self.replaced)), len(self.replaced), 'versions of it that were changed, each by one client only')
        expect(contended[0]['version'] > max(self.replaced, default=0), 'the record that all edit has lost an acknowledged change')
        self.city.stop()

    def check_kept(self):
        """With the server stopped: whole events, each a leaf of a log that is in order, and tables that are what the events make."""
        self.events = proof.expect_whole_events(self.city)
        proof.run(self.city, 'log', 'check')
        before = proof.dump(self.city)
        proof.run(self.city, 'rebuild')
        proof.expect_same_dump(proof.dump(self.city), before, 'the tables after rebuild')


def main(rounds=6, seed=None):
    seed = seed if seed is not None else secrets.randbits(32)
    print(f'# seed {seed}', flush=True)
    cases = proof.Cases()
    with proof.own_city() as city:
        work = Proof(city, seed)
        for number in range(1, rounds + 1):
            with cases(f'round {number}: nothing acknowledged is lost, doubled or half there'):
                wait_ms = work.load_and_kill(number)
                work.check_served()
                work.check_kept()
                print(f'# killed after {wait_ms:.0f} ms; so far {work.acknowledged} acknowledged, {work.unanswered} without an '
                      f'answer, {work.events} events', flush=True)
        with cases('the clients were at work'):
            expect(work.acknowledged > 10 * rounds, f'only {work.acknowledged} steps were acknowledged in all')
        print(f'# ready again after at most {work.slowest_s:.2f} s')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main(*map(int, sys.argv[1:3])))
