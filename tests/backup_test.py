#!/usr/bin/env python3
# suite: slow
"""Backup and restore: the city of one moment, in one file, whole or not at all.

    backup_test.py [SEED]           a random seed unless said; it is printed

A backup is taken while clients write: nobody fails, and what comes out elsewhere is the city of one moment: all that was acknowledged
before, nothing asked after; its events are whole; rows that are then damaged by hand are made anew by `rebuild`, equal to the
moment of the backup. Standard tools check the file. Damaged, cut, foreign and hostile files are refused, and leave nothing.
kill -9 in the middle of either leaves nothing half.
"""
import contextlib
import hashlib
import sqlite3
import io
import json
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import proof
from proof import expect, expect_same
from scenario import City

WRITERS = 2
DAMAGES = 40


class Writer(threading.Thread):
    """Creates records until told to end, and notes when each was asked for and acknowledged."""

    def __init__(self, city, cookie, name, ends):
        super().__init__()
        self.client, self.name, self.ends = proof.Client(city, cookie=cookie), name, ends
        self.noted, self.problem = [], None                     # (title, asked, told)

    def run(self):
        try:
            while not self.ends.is_set():
                title, asked = f'{self.name} 第 {len(self.noted)} 件', time.monotonic()
                self.client.create('result', title=title, discipline='化学', abstract='边写边备份。').wants(201)
                self.noted.append((title, asked, time.monotonic()))
        except Exception as problem:
            self.problem = problem


def backup(city, file, status=0):
    return proof.run(city, 'backup', file, status=status)


def restore(city, file, folder, *words, status=0):
    answer = city.command(['restore', str(file), str(folder), *map(str, words)], '')
    expect(answer.status == status, f'restore: expected exit {status}, found {answer.status}\n{answer.body}{answer.stderr}')
    return answer


def other(city, folder):
    """A restored folder as a city of its own."""
    return City(city.binary, Path(folder).parent, made=folder)


def under_load(city, file, cookie):
    """Backs up while clients write. Returns what they noted, and when the backup began and ended."""
    ends = threading.Event()
    writers = [Writer(city, cookie, f'{index} 号', ends) for index in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(0.5)
    began = time.monotonic()
    backup(city, file)
    ended = time.monotonic()
    time.sleep(0.3)
    ends.set()
    for writer in writers:
        writer.join()
        if writer.problem:
            raise writer.problem
    return [noted for writer in writers for noted in writer.noted], began, ended


def which(table, end):
    """One row; child rows, which have no rowid, all of them."""
    return '' if '.' in table else f'WHERE rowid = (SELECT {end}(rowid) FROM "{table}")'


def damage(city):
    """By hand, in each record table that has rows: one row changed, one gone."""
    with proof.database(city) as db:
        for name in proof.tables(db):
            column = db.execute(f"SELECT name FROM pragma_table_info('{name}') WHERE type = 'TEXT' AND pk = 0 LIMIT 1").fetchone()
            if column:
                db.execute(f'UPDATE "{name}" SET "{column[0]}" = \'damaged\' {which(name, "min")}')
            db.execute(f'DELETE FROM "{name}" {which(name, "max")}')
        db.commit()


def expect_nothing(folder):
    left = [path for path in Path(folder).parent.iterdir() if path.name.startswith(Path(folder).name)]
    expect_same(left, [], 'what a refused restore left')


def tar_of(path, entries):
    """A tar with these (name or TarInfo, bytes) and a right manifest, so that only the entries themselves are wrong."""
    manifest = ''
    with tarfile.open(path, 'w') as tar:
        for name, data in entries:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(data))
            manifest += f'{hashlib.sha256(data).hexdigest()}  {info.name}\n'
        info = tarfile.TarInfo('MANIFEST')
        info.size = len(manifest)
        tar.addfile(info, io.BytesIO(manifest.encode()))


FORGED = {
    'a trigger': 'CREATE TRIGGER later AFTER INSERT ON event BEGIN DELETE FROM credential; END',
    'a view in place of a table': 'ALTER TABLE r_result RENAME TO kept; CREATE VIEW r_result AS SELECT * FROM kept',
    'an event without its head': 'DELETE FROM event WHERE sequence = (SELECT max(sequence) FROM event)',
    'a value of no event': "INSERT INTO event_value SELECT sequence + 1000000, item, field, salt, value FROM event_value LIMIT 1",
    'an event in the middle': 'DELETE FROM event_value WHERE sequence = 5; DELETE FROM event_record WHERE sequence = 5; DELETE FROM event WHERE sequence = 5',
}


def forged(file, sql, scratch):
    """The entries of a backup whose database has been changed by hand; the manifest will fit."""
    with tarfile.open(file) as tar:
        entries = [(member.name, tar.extractfile(member).read()) for member in tar.getmembers() if member.name != 'MANIFEST']
    changed = scratch / 'forged.db'
    changed.write_bytes(dict(entries)['city.db'])
    with contextlib.closing(sqlite3.connect(changed)) as db:
        db.executescript(sql)
        db.execute('PRAGMA journal_mode = DELETE')
    return [(name, changed.read_bytes() if name == 'city.db' else data) for name, data in entries]


def link_to(target):
    info = tarfile.TarInfo('city.db')
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def kill_in_the_middle(city, words, after_s):
    process = subprocess.Popen([*city.binary, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def main(seed=None):
    seed = seed if seed is not None else secrets.randbits(32)
    print(f'# seed {seed}', flush=True)
    choose = random.Random(seed)
    cases = proof.Cases()
    with proof.own_city() as city:
        home = Path(city.path).parent
        file, folder = home / 'city.backup', home / 'restored'
        city.start()
        client = proof.Client(city, 'researcher')
        with cases('a backup while clients write: nobody fails, and the file is private'):
            noted, began, ended = under_load(city, file, client.cookie)
            expect_same(file.stat().st_mode & 0o777, 0o600, 'mode of the file')
            expect(not [path for path in home.iterdir() if path.name.startswith('city.backup.')], 'something is left beside it')
        city.stop()
        with cases('standard tools check it'):
            taken = home / 'taken'
            taken.mkdir()
            subprocess.run(['tar', 'xf', file, '-C', taken], check=True)
            said = subprocess.run(['sha256sum', '-c', 'MANIFEST'], cwd=taken, check=True, capture_output=True, text=True)
            expect_same(said.stdout.split(), ['city.db:', 'OK'], 'what sha256sum says')
            shutil.rmtree(taken)
        with cases('no key is in it'):
            secret = (Path(city.path) / 'keys/secret').read_text().strip()
            expect(secret.encode() not in file.read_bytes() and bytes.fromhex(secret) not in file.read_bytes(), 'the key is in it')
        with cases('restored elsewhere it is the city of one moment of the backup'):
            keys = home / 'keys'
            shutil.copytree(Path(city.path) / 'keys', keys)
            restore(city, file, folder, '--key-dir', keys)
            restored = other(city, folder)
            restored.arguments = ['--key-dir', str(keys)]
            proof.expect_whole_events(restored)
            moment = proof.dump(restored)
            with proof.database(restored) as db:
                there = {title for title, in db.execute('SELECT title FROM r_result')}
            expect(all(title in there for title, _, told in noted if told < began), 'an earlier record is missing')
            expect(not [title for title, asked, _ in noted if asked > ended and title in there], 'a later record is there')
            count = sum(title in there for title, *_ in noted)
            expect(0 < count < len(noted), f'{count} of {len(noted)} records: the load was not around the backup')
        with cases('rows damaged by hand are made anew by rebuild: identical to the moment of the backup'):
            damage(restored)
            expect(proof.dump(restored) != moment, 'the damage does not show')
            proof.run(restored, 'rebuild', '--key-dir', keys)
            proof.expect_same_dump(proof.dump(restored), moment, 'the tables after rebuild')
        with cases('with its key passwords stay as they were; sessions have ended'):
            restored.start()
            proof.Client(restored, cookie=client.cookie).get('/api/v1/types').wants(401)
            proof.Client(restored, 'researcher').get('/api/v1/types').wants(200)
            restored.stop()
        with cases('without its key everybody needs a new password, which can be given'):
            elsewhere = home / 'elsewhere'
            expect('user add --person' in restore(city, file, elsewhere, '--lang', 'en').body, 'it does not say so')
            keyless = other(city, elsewhere)
            keyless.start()
            refused = proof.Client(keyless)
            refused.request('POST', '/api/v1/sessions', {'login': 'officer', 'password': proof.PASSWORD}).wants(401)
            people = json.loads(proof.run(keyless, 'user list', '--json').body)['items']
            person = next(user['person'] for user in people if user['login'] == 'officer')
            proof.run(keyless, 'user add', '--login', 'officer', '--person', person, stdin=proof.PASSWORD + '\n')
            proof.Client(keyless, 'officer').get('/api/v1/types').wants(200)
            keyless.stop()
        with cases("another city's key is refused, and leaves nothing"):
            wrong = home / 'wrong'
            wrong.mkdir()
            (wrong / 'secret').write_text(secrets.token_hex(32) + '\n')
            (wrong / 'secret').chmod(0o600)
            restore(city, file, home / 'no', '--key-dir', wrong, status=65)
            expect_nothing(home / 'no')
        with cases('a city that is there is never touched'):
            restore(city, file, city.path, status=65)
            restore(city, file, folder, status=65)
        whole = file.read_bytes()
        with cases(f'{DAMAGES} damaged files: each is refused, or no byte that counts was hit'):
            broken, refused = home / 'broken', 0
            for _ in range(DAMAGES):
                data = bytearray(whole)
                data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
                broken.write_bytes(data)
                answer = city.command(['restore', str(broken), str(home / 'no')], '')
                expect(answer.status in (0, 65), f'exit {answer.status}: {answer.stderr}')
                if answer.status == 0:
                    proof.expect_same_dump(proof.dump(other(city, home / 'no')), moment, 'a damaged file that was taken')
                    shutil.rmtree(home / 'no')
                else:
                    refused += 1
                    expect_nothing(home / 'no')
            expect(refused > DAMAGES // 2, f'only {refused} were refused')
        with cases('a file that is cut, wherever, is refused'):
            for part in (0, 1, 511, 512, 4096, len(whole) // 2, len(whole) - 10240):
                broken.write_bytes(whole[:part])
                restore(city, broken, home / 'no', status=65)
                expect_nothing(home / 'no')
        with cases('what no city has, and parts of events alone, are refused though the manifest fits'):
            for what, sql in FORGED.items():
                tar_of(broken, forged(file, sql, home))
                answer = city.command(['restore', str(broken), str(home / 'no')], '')
                expect_same(answer.status, 65, f'{what}: {answer.stderr}')
                expect_nothing(home / 'no')
        with cases('foreign and hostile files are refused, and write nowhere'):
            database = Path(city.path).joinpath('city.db').read_bytes()
            hostile = {'a database alone': database, 'text': '城市'.encode() * 4000}
            for name, data in hostile.items():
                broken.write_bytes(data)
                restore(city, broken, home / 'no', status=65)
                expect_nothing(home / 'no')
            for entries in ([('other.txt', b'x')], [('../outside', b'x')], [('/tmp/outside', b'x')], [('city.db', b'no database')],
                            [('city.db', b'x'), ('city.db', b'x')], [(link_to('/etc/passwd'), b'')], [('a/../../outside', b'x')]):
                tar_of(broken, entries)
                restore(city, broken, home / 'no', status=65)
                expect_nothing(home / 'no')
            with open(home / 'city.db', 'wb') as holes:
                holes.truncate(1 << 42)
            subprocess.run(['tar', '--sparse', '-cf', broken, '-C', home, 'city.db'], check=True)
            (home / 'city.db').unlink()
            restore(city, broken, home / 'no', status=65)
            expect_nothing(home / 'no')
            expect(not (home / 'outside').exists() and not Path('/tmp/outside').exists(), 'something was written outside')
        with cases('nothing that is no city, and no file into a city'):
            expect_same(city.command(['backup', str(home / 'nowhere'), str(file)], '').status, 66, 'exit without a city')
            expect_same(backup(city, Path(city.path) / 'city.backup', status=None).status, 64, 'exit into the city')
        with cases('kill -9 in the middle of a backup or a restore leaves the old file, and no city'):
            for _ in range(6):
                kill_in_the_middle(city, ['backup', city.path, file], choose.uniform(0, 0.15))
                expect_same(len(file.read_bytes()) > 0 and restore(city, file, home / 'no').status, 0, 'restoring what is there')
                shutil.rmtree(home / 'no')
                killed = kill_in_the_middle(city, ['restore', file, home / 'no'], choose.uniform(0, 0.15))
                if (home / 'no').exists():
                    expect((home / 'no/city.db').exists(), f'half a city, exit {killed}')
                    shutil.rmtree(home / 'no')
                restore(city, file, home / 'no')
                proof.expect_whole_events(other(city, home / 'no'))
                shutil.rmtree(home / 'no')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main(*map(int, sys.argv[1:2])))
