"""proof.py: what the proofs over the whole program share: cases as TAP, a city of one's own, a client, a city's tables read from
outside. The city and its server are those of scenario.py, so FIRSTMILE_BIN, FIRSTMILE_MASTER and FIRSTMILE_SHARED mean the same.
"""
import base64
import contextlib
import datetime
import hashlib
import http.client
import json
import os
import re
import shlex
import sqlite3
import tempfile
import time
import traceback
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from scenario import PASSWORD, ROOT, City, Failure, Skip

ANSWER_S = 60
DIFFERENCES_SHOWN = 5


# ---- cases ---------------------------------------------------------------------------------------------------------

class Cases:
    """with cases('what holds'): a block that raises when it does not. Prints TAP; end() gives the exit status."""

    def __init__(self):
        self.count = self.failed = 0

    @contextlib.contextmanager
    def __call__(self, title):
        problem, skip = '', ''
        try:
            yield
        except Skip as reason:
            skip = f' # SKIP {reason}'
        except Failure as failure:
            problem = f'{place(failure)}: {failure}'
        except Exception:                       # a fault of the test is a failure of its case, and the next case goes on
            problem = traceback.format_exc()
        self.count += 1
        self.failed += bool(problem)
        print(f'{"not ok" if problem else "ok"} {self.count} - {title}{skip}', flush=True)
        for line in problem.splitlines():
            print(f'# {line}', flush=True)

    def end(self):
        print(f'1..{self.count}', flush=True)
        return 1 if self.failed else 0


def place(failure):
    """file:line of the test that raised, this file left out."""
    frames = [frame for frame in traceback.extract_tb(failure.__traceback__) if frame.filename != __file__]
    return f'{Path(frames[-1].filename).name}:{frames[-1].lineno}' if frames else 'proof.py'


NOBODYS_RECORD = '00000000-0000-7000-8000-000000000000'


def expect(holds, what):
    if not holds:
        raise Failure(what)


def expect_same(found, wanted, what):
    expect(found == wanted, f'{what}: expected {wanted!r}, found {found!r}')


def shared(name):
    """A file of the real data; without it the case is skipped, or fails where CI=true."""
    path = Path(os.environ.get('FIRSTMILE_SHARED') or ROOT.parent / 'shared') / name
    if not path.exists():
        raise (Failure if os.environ.get('CI') == 'true' else Skip)(f'there is no {name} in the real data')
    return path


@dataclass
class Text:
    """A row of docs/ERRORS.md, which is made from the program's one table."""
    status: int
    exit: int
    title: dict                                 # by language


def error_texts():
    row = re.compile(r'^\| `([a-z_.]+)` \| (\d+) \| (\d+) \| \*\*(.+?)\*\* .*? \| \*\*(.+?)\*\* ')
    lines = (ROOT / 'docs/ERRORS.md').read_text(encoding='utf-8').splitlines()
    texts = {match[1]: Text(int(match[2]), int(match[3]), {'zh': match[4], 'en': match[5]})
             for match in map(row.match, lines) if match}
    expect(len(texts) == sum(line.startswith('| `') for line in lines), 'docs/ERRORS.md has rows that are not understood')
    return texts


TEXTS = error_texts()


def city_day():
    """Today as the cities of these packs have it, eight hours before Greenwich."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)).date().isoformat()


def until(look, holds, what, within_s=60):
    """What look() gives once it holds; a failure when it does not in that time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = look()
        if holds(found):
            return found
        time.sleep(0.02)
    raise Failure(f'{what}: not within {within_s} s: {look()}')


# ---- a city --------------------------------------------------------------------------------------------------------

def program():
    """The words that start the program."""
    return shlex.split(os.environ.get('FIRSTMILE_BIN') or str(ROOT / 'build-test/firstmile'))


@contextlib.contextmanager
def own_city(scratch=None, pack='shanghai'):
    """A copy of the demo city, or a new one of another pack, in a folder of its own, removed at the end with whatever server
    still runs."""
    with tempfile.TemporaryDirectory(prefix='firstmile-proof-') as folder:
        city = City(program(), scratch or folder, pack=pack)
        try:
            yield city
        finally:
            city.kill()


def run(city, verb, *words, stdin='', status=0):
    """Runs `firstmile VERB CITY WORD…`; the answer's body is what it printed. status None: any."""
    answer = city.command([*verb.split(), str(city.path), *map(str, words)], stdin)
    expect(status is None or answer.status == status,
           f'firstmile {verb} {" ".join(map(str, words))}: expected exit {status}, found {answer.status}\n'
           f'{answer.body[-2000:]}{answer.stderr[-2000:]}')
    return answer


# ---- a client ------------------------------------------------------------------------------------------------------

class Reply:
    def __init__(self, answer, text):
        self.status, self.headers, self.bytes = answer.status, answer.headers, text

    @property
    def text(self):
        return self.bytes.decode('utf-8', errors='replace')

    @property
    def json(self):
        try:
            return json.loads(self.bytes)
        except ValueError:
            raise Failure(f'no JSON with status {self.status}: {self.text[:500]}') from None

    def wants(self, status):
        expect(self.status == status, f'expected {status}, found {self.status}: {self.text[:1000]}')
        return self


def criteria(level):
    """Of a readiness assessment: one that proves the level."""
    return [{'level': level, 'criterion': '准则', 'outcome': 'met', 'evidence': '试验记录'}]


class Client:
    """One keep-alive connection to a serving city. A broken connection raises OSError or HTTPException: what was asked may have
    been done or not."""

    def __init__(self, city, login=None, lang='zh', cookie=None):
        self.city, self.lang, self.cookie = city, lang, cookie
        self.connection = http.client.HTTPConnection(*city.address, timeout=ANSWER_S)
        if login:
            reply = self.request('POST', '/api/v1/sessions', {'login': login, 'password': PASSWORD}).wants(201)
            self.cookie = reply.headers['Set-Cookie'].split(';')[0]

    def request(self, method, target, body=None, headers=()):
        """body: bytes as they are, anything else as JSON. A Content-Type among headers takes the place of JSON's."""
        given = {'Accept-Language': self.lang, **dict(headers)}
        if self.cookie:
            given['Cookie'] = self.cookie
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        if body is not None:
            given.setdefault('Content-Type', 'application/json')
        self.connection.request(method, target, body=body, headers=given)
        answer = self.connection.getresponse()
        return Reply(answer, answer.read())

    def get(self, target, **query):
        return self.request('GET', target + ('?' + urllib.parse.urlencode(query) if query else ''))

    def create(self, record_type, **fields):
        return self.request('POST', f'/api/v1/records/{record_type}', {'fields': fields})

    def edit(self, record_type, record, version, **fields):
        return self.request('PATCH', f'/api/v1/records/{record_type}/{record}', {'fields': fields},
                            {'If-Match': f'"{version}"'})

    def act(self, record_type, record, action, **values):
        return self.request('POST', f'/api/v1/records/{record_type}/{record}/actions/{action}', {'input': values})

    def all(self, record_type, **query):
        """Every record of a list, page after page."""
        items, cursor = [], None
        while True:
            page = self.get(f'/api/v1/records/{record_type}', limit=1000, **query,
                            **({'cursor': cursor} if cursor else {})).wants(200).json
            items += page['items']
            cursor = page['next']
            if not cursor:
                return items

    def expect_unseen(self, path, record):
        """At path/record it is, to the letter, as if there were no such record. Of the pages the count of unread notices is left
        out: these are delivered when they are delivered, between two requests, too."""
        there, nowhere = (re.sub(r'(?s)<span class="told-count".*?</a>', '', f'{reply.status} {reply.text}')
                          for reply in (self.get(f'{path}/{one}') for one in (record, NOBODYS_RECORD)))
        expect_same(there.replace(record, NOBODYS_RECORD), nowhere, f'{path}/{record}')
        expect(there.startswith('404 '), f'{path}/{record}: expected 404, found {there[:200]}')

    def close(self):
        self.connection.close()


# ---- what a city keeps, read from outside --------------------------------------------------------------------------

def database(city):
    return contextlib.closing(sqlite3.connect(Path(city.path) / 'city.db'))


def tables(db, like='r\\_%'):
    return [name for (name,) in db.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ? ESCAPE '\\' ORDER BY name", (like,))]


def dump(city, like='r\\_%'):
    """{table: {'columns': …, 'rows': …}} of the record tables, rows in order of their first column. Not while it is served."""
    with database(city) as db:
        return {name: {'columns': db.execute(f'SELECT name, type, "notnull", pk FROM pragma_table_info(\'{name}\')').fetchall(),
                       'indexes': db.execute('SELECT sql FROM sqlite_master WHERE type = \'index\' AND tbl_name = ? ORDER BY name',
                                             (name,)).fetchall(),
                       'rows': db.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()}
                for name in tables(db, like)}


def differences(before, after):
    """Some words on each table in which two dumps differ."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        if one is None or other is None:
            found.append(f'{name} is in one of them only')
            continue
        gone = [row for row in one['rows'] if row not in other['rows']]
        new = [row for row in other['rows'] if row not in one['rows']]
        found.append(f'{name}: {len(gone)} rows differ or are gone, {len(new)} are new: '
                     f'{(gone + new)[:DIFFERENCES_SHOWN]}')
    return found


def expect_same_dump(after, before, what):
    expect(before, f'{what}: there is no record table to compare')
    expect(before == after, f'{what}: ' + '; '.join(differences(before, after)))


def commitment(item, field, salt, value):
    """A line's hash in an event's manifest (src/kernel/event.h)."""
    text = base64.b64decode(salt) + f'{item}.{field}'.encode() + b'\0' + value.encode()
    return base64.b64encode(hashlib.sha256(text).digest()).decode()


def given(manifest, item, field):
    """The commitment to a value that was erased: nobody can compute it any more, but it stands where it stood."""
    line = re.search(rf'^{item}\.{field} ([A-Za-z0-9+/]{{43}}=)$', manifest, re.MULTILINE)
    expect(line, f'{item}.{field} was erased, and the manifest has no line for it')
    return line[1]


def expect_whole_events(city):
    """Every event is whole: counted without gap, with its records, their values, and a manifest that commits to just these; and the
    record tables stand where the events leave off. Returns the number of events."""
    with database(city) as db:
        expect_same(db.execute('PRAGMA integrity_check').fetchall(), [('ok',)], 'the database by its own check')
        sequences = [row[0] for row in db.execute('SELECT sequence FROM event ORDER BY sequence')]
        expect(sequences == list(range(1, len(sequences) + 1)), f'the events are not numbered without gap: {len(sequences)} from '
               f'{sequences[:1]} to {sequences[-1:]}')
        items, values, versions, kinds = {}, {}, {}, {}
        changes = type_changes(db)
        for sequence, item, kind, record, version in db.execute(
                'SELECT sequence, item, type, record, version FROM event_record ORDER BY sequence, item'):
            items.setdefault(sequence, []).append(f'record {item} {kind} {record} {version}')
            expect_same(version, versions.get(record, 0) + 1, f'version of {kind} {record} in event {sequence}')
            versions[record] = version
            for changed in (change for change in sorted(changes) if change > sequence):
                kind = changes[changed].get(kind, kind)
            kinds[record] = kind
        manifests = dict(db.execute('SELECT sequence, manifest FROM event'))
        for sequence, item, field, salt, value in db.execute('SELECT sequence, item, field, salt, value FROM event_value'):
            told = given(manifests.get(sequence, ''), item, field) if (salt, value) == ('', 'erased') \
                else commitment(item, field, salt, value)
            values.setdefault(sequence, []).append(f'{item}.{field} {told}')
        for sequence, manifest in manifests.items():
            expect(items.get(sequence) and values.get(sequence), f'event {sequence} has no records or no values')
            lines = manifest.splitlines()
            told = items[sequence] + sorted(values[sequence])
            expect_same(lines[-len(told):], told, f'manifest of event {sequence}')
            expect_same(len(lines), len(told) + MANIFEST_HEAD_LINES, f'lines in the manifest of event {sequence}')
        expect(items.keys() <= set(sequences) and values.keys() <= set(sequences), 'records or values without an event')
        made = [name for name in tables(db) if '.' not in name]         # those of child rows have one
        rows = {(name[2:], record): version for name in made for record, version in db.execute(f'SELECT id, version FROM "{name}"')}
        expect_same({(kinds[record], record): version for record, version in versions.items() if f'r_{kinds[record]}' in made}, rows,
                    'records by the events and by their tables')
        return len(sequences)


def type_changes(db):
    """{sequence: {type of before: its name since, or None}} of the events that changed the pack."""
    return {sequence: {step['type']: step.get('to') for step in json.loads(steps.removeprefix('text:'))
                       if step['step'] in ('type_rename', 'type_drop')}
            for sequence, steps in db.execute("SELECT sequence, value FROM event_value WHERE field = 'steps'")}


MANIFEST_HEAD_LINES = 8
