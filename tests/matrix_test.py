#!/usr/bin/env python3
# suite: slow
# build: plain
# timeout: 3300
"""The authorisation matrix: every endpoint x role x relation (own organisation, other organisation, no such record) x
way of signing in (session cookie, API token, the machine's socket, none), on a demo city of each pack, with canaries in
every text.

    tests/matrix_test.py [--first] [--all] [PACK]...

FIRSTMILE_BIN names the program; the packs are packs/shanghai and tests/packs/mini. What must come out is computed by a
policy of its own: endpoints.csv says who may ask at an address, and tests/matrix/policy.py reads the pack's rules anew,
over the true values in the city's database. It grows by itself with endpoints and types; an endpoint or a rule for
which there is no reading fails the run. Of records and conditions of a type those with the same role and way in ask by
turns, a third each; --all has each ask about all. --first stops at the first deviation. Ends with `N calls, D
deviations`.
"""
import argparse
import concurrent.futures
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path

from matrix import deeds, endpoints, past, reading, writing     # noqa: F401 (some only register their subjects)
from matrix.asking import RELATIONS, SHOWN, SUBJECTS, Matrix
from matrix.pack import Pack
from matrix.planting import Garden
from matrix.plain_yaml import Unread
from matrix.site import Broken, Client, Site, binary_from_environment, difference, processes_left

ROOT = Path(__file__).resolve().parent.parent
PACKS = ('packs/shanghai', 'tests/packs/mini')
TURNS = 3
LAST = ('switch', 'page_switch', 'sign_out', 'page_sign_out')     # they end what the others ask with


class Enough(Exception):
    """The first deviation was all that was wanted."""


class Report:
    """Cases as TAP; a case fails when a deviation was seen in it."""

    def __init__(self, first):
        self.first, self.count, self.failed, self.calls, self.deviations = first, 0, 0, 0, 0

    def case(self, title, problems):
        self.count += 1
        self.failed += bool(problems)
        print(f'{"not ok" if problems else "ok"} {self.count} - {title}', flush=True)
        for problem in problems[:SHOWN]:
            for line in problem.splitlines():
                print(f'# {line}', flush=True)
        if problems and self.first:
            raise Enough

    @contextlib.contextmanager
    def watching(self, m, title):
        calls, deviations, told, start = m.calls, m.deviations, len(m.told), time.monotonic()
        yield
        self.calls += m.calls - calls
        self.deviations += m.deviations - deviations
        problems = m.told[told:]
        if m.deviations > deviations:
            problems = [f'{m.deviations - deviations} deviations', *problems]
        self.case(f'{title}: {m.calls - calls} calls, {time.monotonic() - start:.1f} s', problems)


def sign_in(m):
    """A session for everybody, as each of their memberships."""
    def session(actor):
        client = Client(m.site.address)
        body = json.dumps({'login': actor.login, 'password': m.garden.logins[actor.login],
                           'membership': actor.membership})
        answer = client.ask('POST', '/api/v1/sessions', [('Content-Type', 'application/json')], body.encode())
        client.close()
        if answer.status != 201:
            raise Broken(f'{actor} cannot sign in: {answer.status} {answer.body.decode()}')
        return actor, '; '.join(cookie.split(';')[0] for cookie in answer.headers_named('set-cookie'))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(pool.map(session, m.garden.actors))


def missing_coverage(m):
    """Endpoints that were not called by every role, by every way, for every relation that they know."""
    wrong = []
    for e in m.endpoints:
        called = m.coverage[e]
        if not called:
            wrong.append(f'{e}: never called')
        if e.allow != 'signed_in':
            continue
        for role in m.pack.roles:
            for way in ('cookie', 'token'):
                for relation in RELATIONS if '{id}' in e.pattern else ('',):
                    if (role, relation, way) not in called:
                        wrong.append(f'{e}: not called as {role} by {way}' + (relation and f', relation {relation}'))
    return wrong


def run_subjects(m, report, chosen):
    for e in chosen:
        m.endpoint = e
        with report.watching(m, f'{m.pack.name}: {e}'):
            SUBJECTS[e.subject](m, e)


def run_deeds(m, report):
    work = deeds.Deeds(m)
    for title, part in (('every role creates what it may', work.create_all),
                        ('every role takes the steps it may', work.act_all),
                        ('nobody writes what is not theirs', work.overreach_all)):
        with report.watching(m, f'{m.pack.name}: {title}, and nothing else changes'):
            part()
    report.case(f'{m.pack.name}: every action was taken', work.undone())


def run_city(path, report, scratch, turns):
    pack = Pack(path)
    known, wrong = endpoints.with_policy(ROOT)
    wrong += [f'{e}: the policy names a subject without calls, {e.subject}' for e in known if e.subject not in SUBJECTS]
    report.case(f'{pack.name}: every endpoint has a policy', wrong)
    site = Site(binary_from_environment(ROOT), scratch, path)
    try:
        start = time.monotonic()
        garden = Garden(site, pack)
        garden.plant()
        m = Matrix(site, pack, garden, known, turns)
        m.cookies = sign_in(m)
        report.case(f'{pack.name}: canaries of every type in every state, planted through the program: '
                    f'{len(garden.canaries)} canaries, {len(m.truth.by_id)} records, {time.monotonic() - start:.1f} s',
                    sorted(garden.unreached))
        before = site.dump()
        run_subjects(m, report, [e for e in known if e.subject not in LAST])
        with report.watching(m, f'{pack.name}: ended and invented credentials'):
            deeds.former(m)
        report.case(f'{pack.name}: nothing has changed', [str(key) for key in difference(before, site.dump())])
        run_deeds(m, report)
        run_subjects(m, report, sorted((e for e in known if e.subject in LAST), key=lambda e: LAST.index(e.subject)))
        report.case(f'{pack.name}: every endpoint was called by every role, way and relation', missing_coverage(m))
        problem = processes_left(site)
        report.case(f'{pack.name}: the server ends with 0', [problem] if problem else [])
    finally:
        site.kill()


def run_watched(path, report, scratch, turns):
    """A city that cannot be asked any more, or did not let the policy's people plant, is a deviation, too."""
    try:
        run_city(path, report, scratch, turns)
    except (Broken, Unread) as problem:
        report.deviations += 1
        report.case(f'{path.name}: the matrix goes on', [str(problem)])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('packs', nargs='*', metavar='PACK')
    parser.add_argument('--first', action='store_true')
    parser.add_argument('--all', action='store_true')
    options = parser.parse_args(arguments)
    report = Report(options.first)
    for path in options.packs or PACKS:
        with tempfile.TemporaryDirectory(prefix='firstmile-matrix-') as scratch:
            try:
                run_watched(ROOT / path, report, scratch, 1 if options.all else TURNS)
            except Enough:
                break
    print(f'1..{report.count}')
    print(f'{report.calls} calls, {report.deviations} deviations')
    return 1 if report.failed else 0


if __name__ == '__main__':
    sys.exit(main())
