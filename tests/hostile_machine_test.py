#!/usr/bin/env python3
# suite: slow
"""A machine and an operator that are against it: a broken pack, a port that is taken, a lock that is held, a full disk, files that
cannot be written, a damaged database, wrong words on the command line. Each ends with the exit status and the words of
docs/ERRORS.md, in Chinese and in English, and leaves the city as it was.
"""
import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import proof
from proof import TEXTS, Skip, expect, expect_same

NOBODYS = '01890000-0000-7000-8000-000000000000'
MINI = proof.ROOT / 'tests/packs/mini'
COMMAND_S = 120
PLACE = re.compile(r'^(\S+\.yaml):(\d+):(\d+): (\S.*)$')


def ends(code, *words, prefix=(), stdin=''):
    """Runs `firstmile WORD…` in both languages; each must end with the code's exit status and title, and with --json say the
    same as a problem. Returns what each language said on stderr."""
    said = {}
    for lang in ('zh', 'en'):
        for form in ((), ('--json',)):
            call = [*prefix, *proof.program(), *map(str, words), '--lang', lang, *form]
            done = subprocess.run(call, input=stdin, capture_output=True, text=True, cwd=proof.ROOT, timeout=COMMAND_S)
            what = f'{" ".join(map(str, words))} [{lang}]\n{done.stdout[-800:]}{done.stderr[-800:]}\n'
            expect('Sanitizer' not in done.stderr and 'runtime error' not in done.stderr, f'{what}a sanitizer spoke')
            expect_same(done.returncode, TEXTS[code].exit, f'{what}exit status')
            if form:
                problem = json.loads(done.stdout.splitlines()[-1])
                expect_same(problem['type'].rsplit('/', 1)[-1], code, f'{what}type')
                expect_same(problem['title'], TEXTS[code].title[lang], f'{what}title')
            else:
                expect(TEXTS[code].title[lang] in done.stderr, f'{what}expected {TEXTS[code].title[lang]!r} on stderr')
                said[lang] = done.stderr
    return said


@contextlib.contextmanager
def unchanged(city, like='%'):
    """The block leaves every table of the city as it was, sessions and tokens too."""
    before = proof.dump(city, like)
    yield
    proof.expect_same_dump(proof.dump(city, like), before, 'the city afterwards')


# ---- packs ---------------------------------------------------------------------------------------------------------

# (file, text, text put in its place, the message's file and what must stand in it in both languages)
FAULTS = [
    ('types/paper.yaml', 'kind: decimal', 'kind: float', 'types/paper.yaml', 'float'),
    ('types/paper.yaml', 'pages <= 100', 'pages <= "100"', 'types/paper.yaml', None),
    ('types/paper.yaml', 'pages <= 100', 'pagse <= 100', 'types/paper.yaml', 'pagse'),
    ('types/paper.yaml', 'pages <= 100', 'pages <= 100 +', 'types/paper.yaml', None),
    ('types/paper.yaml', '{zh: 投稿, en: Submit}', '{zh: 投稿}', 'types/paper.yaml', None),
    ('types/paper.yaml', 'to: submitted', 'to: sent', 'types/paper.yaml', 'sent'),
    ('types/paper.yaml', 'required: [title, body]', 'requires: [title, body]', 'types/paper.yaml', 'requires'),
    ('types/review.yaml', 'target: paper', 'target: papers', 'types/review.yaml', 'papers'),
    ('types/review.yaml', 'type: review', 'type: [review', 'types/review.yaml', None),
    ('types/review.yaml', 'roles: [admin]', 'roles: [boss]', 'types/review.yaml', 'boss'),
    ('roles.yaml', 'name: author', 'name: Author', 'roles.yaml', 'Author'),
    ('pack.yaml', 'version: 1', 'version: &one 1', 'pack.yaml', None),
    ('pack.yaml', 'pack: mini', 'pack: mini\npack: mini', 'pack.yaml', 'pack'),
]


def broken_copy(folder, name, old, new):
    path = Path(folder) / 'broken'
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(MINI, path)
    text = (path / name).read_text(encoding='utf-8')
    expect(old in text, f'{name} of the mini pack has no {old!r}: the test is out of date')
    (path / name).write_text(text.replace(old, new, 1), encoding='utf-8')
    return path


def check_pack(path, lang, status):
    done = subprocess.run([*proof.program(), 'pack', 'check', str(path), '--lang', lang], capture_output=True, text=True,
                          cwd=proof.ROOT, timeout=COMMAND_S)
    expect_same(done.returncode, status, f'pack check [{lang}]\n{done.stdout[-800:]}{done.stderr[-800:]}\nexit status')
    return [match for match in map(PLACE.match, (done.stdout + done.stderr).splitlines()) if match]


def broken_packs(folder):
    check_pack(MINI, 'zh', 0)
    for name, old, new, wanted_file, word in FAULTS:
        pack, messages = broken_copy(folder, name, old, new), {}
        line = next(number for number, text in enumerate((pack / name).read_text(encoding='utf-8').splitlines(), 1)
                    if new.splitlines()[-1] in text)
        for lang in ('zh', 'en'):
            found = check_pack(pack, lang, 65)
            here = [match for match in found if match[1].endswith(wanted_file) and int(match[2]) in (line, line + 1)]
            expect(here, f'{new!r} in {name}:{line}: no problem is told there; told are {[match[0] for match in found]}')
            expect(word is None or any(word in match[4] for match in here), f'{new!r}: {word!r} is not in {here[0][0]!r}')
            messages[lang] = here[0][4]
        expect(messages['zh'] != messages['en'], f'{new!r}: the same words in both languages: {messages}')
        city = Path(folder) / 'never'
        ends('pack.invalid', 'init', city, '--pack', pack)
        expect(not city.exists(), f'init with {new!r} left a folder: {sorted(city.rglob("*"))}')
    ends('pack.missing', 'init', Path(folder) / 'never', '--pack', Path(folder) / 'nothing')


# ---- addresses and locks -------------------------------------------------------------------------------------------

def port_taken(city):
    with socket.create_server(('127.0.0.1', 0)) as taken, unchanged(city):
        address = f'127.0.0.1:{taken.getsockname()[1]}'
        said = ends('port.taken', 'serve', city.path, '--listen', address)
        expect(all(address in words and '--listen' in words for words in said.values()), f'neither address nor way out: {said}')
        ends('port.demo', 'serve', city.path, '--listen', '0.0.0.0:0')
        ends('port.demo', 'serve', city.path, '--listen', '0.0.0.0:0', '--behind-proxy', '127.0.0.1')
        for wrong in ('127.0.0.1', '127.0.0.1:99999', 'localhost:8080', '8080'):
            said = ends('port.address', 'serve', city.path, '--listen', wrong)
            expect(all(f'{wrong}' in words and '127.0.0.1:8080' in words for words in said.values()), f'{wrong}: {said}')
        said = ends('port.proxy', 'serve', city.path, '--behind-proxy', 'proxy.example')
        expect(all('proxy.example' in words for words in said.values()), f'which proxy: {said}')
    in_the_way = Path(city.path) / 'socket'
    in_the_way.write_text('a file')
    said = ends('port.path', 'serve', city.path, '--listen', '127.0.0.1:0')
    expect(all(str(in_the_way) in words for words in said.values()), f'what is in the way: {said}')
    expect(in_the_way.read_text() == 'a file', 'what is in the way was touched')
    in_the_way.unlink()
    proof.run(city, 'list', 'result')           # nothing holds the city any more


def served_twice(city):
    city.start()
    try:
        for words in (('serve', city.path, '--listen', '127.0.0.1:0'), ('rebuild', city.path)):
            ends('city.served', *words)
        proof.Client(city).get('/healthz').wants(200)
    finally:
        city.stop()


def lock_held(city):
    with unchanged(city), open(city.path / 'lock', 'r+') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        ends('city.locked', 'act', city.path, 'result', '-', 'create', '--as', 'researcher', '--data', '{"title":"x"}')
        ends('city.locked', 'rebuild', city.path)


# ---- disks ---------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def small_disk(size):
    """A file system of that size, in memory."""
    folder = tempfile.mkdtemp(prefix='firstmile-disk-')
    try:
        if os.geteuid() != 0:
            raise Skip('only root can mount a small disk')
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size},mode=0755', 'tmpfs', folder], capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f'no small disk can be mounted here: {done.stderr.strip()}')
        try:
            yield Path(folder)
        finally:
            subprocess.run(['umount', '--lazy', folder], check=True)
    finally:
        os.rmdir(folder)


def fill(path):
    """Takes all the space that is left on the disk of path."""
    with open(path, 'ab', buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b'\0' * size)


def create_until_full(client, made):
    """Creates records until one is refused, which must say that the disk is full. made: ids that were acknowledged."""
    for number in range(1000):
        reply = client.create('result', title=f'满盘 {len(made)}', abstract='字' * 10_000)
        if reply.status != 201:
            break
        made.append(reply.json['id'])
    reply.wants(503)
    problem = reply.json
    expect_same(problem['type'].rsplit('/', 1)[-1], 'store.full', 'type')
    expect_same(problem['title'], TEXTS['store.full'].title[client.lang], 'title')
    expect(int(reply.headers['Retry-After'] or 0) > 0, 'no Retry-After')


def full_disk_served(city):
    """Refused, and readable; once there is space it goes on; what was acknowledged is there, and nothing else."""
    with small_disk('6m') as disk:
        ballast = disk / 'ballast'
        ballast.write_bytes(b'\0' * (2 << 20))
        shutil.copytree(city.path, disk / 'city')
        home, city.path = city.path, disk / 'city'
        try:
            city.start()
            client, english = proof.Client(city, 'researcher'), None
            before = {record['id'] for record in client.all('result')}
            made = []
            create_until_full(client, made)
            expect(made, 'not one record fitted')
            english = proof.Client(city, lang='en', cookie=client.cookie)
            create_until_full(english, made)
            ends('store.full', 'act', city.path, 'result', '-', 'create', '--as', 'researcher', '--data',
                 json.dumps({'title': 'x', 'abstract': '字' * 10_000}))
            proof.Client(city).get('/healthz').wants(200)
            expect_same({record['id'] for record in client.all('result')} - before, set(made), 'records while the disk is full')
            ballast.unlink()
            made.append(client.create('result', title='又有空间').wants(201).json['id'])
            expect_same({record['id'] for record in client.all('result')} - before, set(made), 'records afterwards')
            city.stop()
            proof.expect_whole_events(city)
        finally:
            city.kill()
            city.path = home


def full_disk_commands(city):
    """Verbs that need space end with 75, and change nothing; with space they do what they should."""
    with small_disk('16m') as disk:                              # a rebuild needs the city several times
        shutil.copytree(city.path, disk / 'city')
        home, city.path = city.path, disk / 'city'
        try:
            before = proof.dump(city, '%')
            proof.run(city, 'list', 'result', '--as', 'researcher')
            fill(disk / 'ballast')
            ends('store.full', 'act', city.path, 'result', '-', 'create', '--as', 'researcher', '--data',
                 json.dumps({'title': 'x', 'abstract': '字' * 10_000}))
            ends('store.full', 'rebuild', city.path)
            ends('store.full', 'init', disk / 'new', '--pack', MINI)
            expect(not (disk / 'new').exists(), f'init left {sorted((disk / "new").rglob("*"))}')
            (disk / 'ballast').unlink()
            proof.expect_same_dump(proof.dump(city, '%'), before, 'the city after the refusals')
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city, '%'), before, 'the city after rebuild')
        finally:
            city.path = home


def unprivileged():
    """Words before the program that make file modes count for root too."""
    if os.geteuid() != 0:
        return []
    if not shutil.which('setpriv'):
        raise Skip('root writes where modes forbid it, and there is no setpriv')
    return ['setpriv', '--bounding-set=-dac_override,-dac_read_search']


CREATE = ('result', '-', 'create', '--as', 'researcher', '--data', '{"title":"x"}')


def read_only_file(city):
    database, prefix = city.path / 'city.db', unprivileged()
    mode = stat.S_IMODE(database.stat().st_mode)
    with unchanged(city):
        database.chmod(0o444)
        try:
            ends('store.read_only', 'act', city.path, *CREATE, prefix=prefix)
            ends('store.read_only', 'serve', city.path, '--listen', '127.0.0.1:0', prefix=prefix)
            ends('store.read_only', 'rebuild', city.path, prefix=prefix)
        finally:
            database.chmod(mode)


def read_only_folder(city):
    prefix, mode = unprivileged(), stat.S_IMODE(city.path.stat().st_mode)
    with unchanged(city):
        city.path.chmod(0o555)
        try:
            ends('store.read_only', 'act', city.path, *CREATE, prefix=prefix)
            ends('store.read_only', 'rebuild', city.path, prefix=prefix)
        finally:
            city.path.chmod(mode)


def read_only_disk(city):
    with small_disk('4m') as disk:
        shutil.copytree(city.path, disk / 'city')
        subprocess.run(['mount', '-o', 'remount,ro', str(disk)], check=True)
        ends('store.read_only', 'act', disk / 'city', *CREATE)
        ends('store.read_only', 'serve', disk / 'city', '--listen', '127.0.0.1:0')


def damaged_database(city):
    """Garbage is told as damage, a database of a later release as that; neither is touched."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / 'city'
        shutil.copytree(city.path, copy)
        (copy / 'city.db').write_bytes(os.urandom(65536))
        garbage = (copy / 'city.db').read_bytes()
        ends('store.corrupt', 'list', copy, 'result')
        ends('store.corrupt', 'rebuild', copy)
        expect_same((copy / 'city.db').read_bytes() == garbage, True, 'the damaged file is as it was')
        shutil.copy(city.path / 'city.db', copy / 'city.db')
        with contextlib.closing(sqlite3.connect(copy / 'city.db')) as db:
            db.execute('PRAGMA user_version = 9999')
        ends('store.newer', 'list', copy, 'result')


# ---- the command line ----------------------------------------------------------------------------------------------

def wrong_words(city):
    for words in ((), ('frobnicate',), ('list',), ('list', city.path), ('list', city.path, 'result', '--frobnicate'),
                  ('list', city.path, 'result', '--limit', 'ten'), ('list', city.path, 'result', '--limit'),
                  ('show', city.path, 'result'), ('act', city.path, 'result', NOBODYS, 'create'),
                  ('act', city.path, 'result', '-', 'submit'), ('init', city.path, 'one', 'too', 'many')):
        ends('usage', *words)


def wrong_places(city, folder):
    nowhere = Path(folder) / 'nowhere'
    for words in (('list', nowhere, 'result'), ('show', nowhere, 'result', NOBODYS), ('act', nowhere, *CREATE),
                  ('rebuild', nowhere), ('serve', nowhere), ('user', 'list', nowhere)):
        ends('city.missing', *words)
    expect(not nowhere.exists(), 'a verb made the folder of a city that is not there')
    ends('city.exists', 'init', city.path, '--pack', MINI)
    ends('file.missing', 'import', city.path, 'result', nowhere / 'rows.csv', '--as', 'researcher')
    rows = Path(folder) / 'rows.xyz'
    rows.write_text('title\nx\n')
    ends('import.format', 'import', city.path, 'result', rows, '--as', 'researcher')


def wrong_steps(city):
    def one(login, filter_text, record_type='result'):
        found = proof.run(city, 'list', record_type, '--as', login, '--json', '--filter', filter_text, '--limit', 1)
        items = json.loads(found.body)['items']
        expect(items, f'the demo city has no {record_type} with {filter_text}')
        return items[0]

    ends('type.unknown', 'list', city.path, 'nothing')
    ends('login.unknown', 'list', city.path, 'result', '--as', 'nobody')
    draft = one('researcher', "state = 'draft'")
    foreign = ends('record.unseen', 'show', city.path, 'result', draft['id'], '--as', 'society')
    random = ends('record.unseen', 'show', city.path, 'result', NOBODYS, '--as', 'society')
    expect_same(foreign, random, 'what is said of a foreign id')
    pool = one('researcher', "state = 'pool'")
    edit = ('act', city.path, 'result', pool['id'], 'edit', '--as', 'researcher', '--data', '{"keywords":"x"}')
    ends('usage', *edit)
    ends('record.stale', *edit, '--if-match', pool['version'] + 1)
    ends('action.denied', 'act', city.path, 'result', pool['id'], 'return', '--as', 'researcher', '--data', '{"return_reason":"x"}')
    ends('action.unknown', 'act', city.path, 'result', pool['id'], 'frobnicate', '--as', 'researcher')
    ends('action.refused', 'act', city.path, 'result', pool['id'], 'submit', '--as', 'researcher')
    ends('record.invalid', 'act', city.path, 'result', '-', 'create', '--as', 'researcher', '--data', '{"titel":"x"}')
    ends('json.syntax', 'act', city.path, 'result', '-', 'create', '--as', 'researcher', '--data', '{"title":')
    ends('query.invalid', 'list', city.path, 'result', '--filter', 'state =')
    refused = 0
    gates = json.loads(proof.run(city, 'list', 'gate_review', '--as', 'manager', '--json', '--filter', "state = 'prepared'").body)
    for gate in gates['items']:
        shown = json.loads(proof.run(city, 'show', 'gate_review', gate['id'], '--as', 'manager', '--json').body)
        if not next(option for option in shown['actions'] if option['name'] == 'open')['allowed']:
            refused += 1
            ends('action.refused', 'act', city.path, 'gate_review', gate['id'], 'open', '--as', 'manager')
    expect(refused, 'no gate of the demo city is refused')


# ---- all of it -----------------------------------------------------------------------------------------------------

def main():
    cases = proof.Cases()
    with proof.own_city() as city, tempfile.TemporaryDirectory(prefix='firstmile-hostile-') as folder:
        for title, check in {
            'a broken pack is told with file, line and column, and makes no city': lambda: broken_packs(folder),
            'a port that is taken, an address that is not served': lambda: port_taken(city),
            'a city that is already served': lambda: served_twice(city),
            'a lock that somebody holds': lambda: lock_held(city),
            'a disk that fills up while it is served': lambda: full_disk_served(city),
            'a full disk and the command line': lambda: full_disk_commands(city),
            'a database file that cannot be written': lambda: read_only_file(city),
            'a folder that cannot be written': lambda: read_only_folder(city),
            'a disk that cannot be written': lambda: read_only_disk(city),
            'a database that is damaged, or of a later release': lambda: damaged_database(city),
        }.items():
            with cases(title):
                check()
        for title, check in {
            'wrong words': lambda: wrong_words(city),
            'wrong places': lambda: wrong_places(city, folder),
            'wrong steps': lambda: wrong_steps(city),
        }.items():
            with cases(f'{title} on the command line end as the table says, and change nothing'):
                with unchanged(city):
                    check()
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
