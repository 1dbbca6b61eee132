#!/usr/bin/env python3
# suite: slow
"""The evidence log, checked by others than the program: Go's x/mod over HTTP while the log grows, openssl, ten lines of Python,
and for receipts a script of bash. What is damaged is found; a restored city forks nothing.

    evidence_test.py [SEED]         a random seed unless said; it is printed
"""
import base64
import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import files_test
import proof
from proof import expect, expect_same
from scenario import ROOT, Skip

TIMES = 6
MUTATIONS = 200


# ---- the log, read anew ----------------------------------------------------------------------------------------------

def get(city, path, status=200):
    client = proof.Client(city)
    answer = client.get(path)
    client.close()
    expect_same(answer.status, status, path)
    return answer


def sha256(*parts):
    return hashlib.sha256(b''.join(parts)).digest()


def root_of(leaves):
    """RFC 6962, 2.1."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b'\1', root_of(leaves[:half]), root_of(leaves[half:]))


def checkpoint(city):
    """origin, size, root; and the whole note."""
    note = get(city, '/log/checkpoint').bytes
    origin, size, root = note.decode().splitlines()[:3]
    return origin, int(size), base64.b64decode(root), note


def entries(city, size):
    found = []
    for number in range(-(-size // 256)):
        width = min(256, size - 256 * number)
        bundle = get(city, f'/log/tile/entries/{number:03}' + (f'.p/{width}' if width < 256 else '')).bytes
        while bundle:
            length = int.from_bytes(bundle[:2], 'big')
            found.append(bundle[2:2 + length])
            bundle = bundle[2 + length:]
    expect_same(len(found), size, 'entries')
    return found


def openssl(*words, stdin=b''):
    return subprocess.run(['openssl', *map(str, words)], input=stdin, capture_output=True, check=False)


def expect_signed(note, key, folder):
    """By openssl alone."""
    name, id_, rest = key.strip().split('+', 2)
    body, line = note.split(b'\n\n')
    blob = base64.b64decode(line.split()[-1])
    expect_same(line.split()[1].decode(), name, 'name of the signature')
    expect_same(blob[:4].hex(), id_, 'id of the key')
    for file, text in (('key', bytes.fromhex('302a300506032b6570032100') + base64.b64decode(rest)[1:]),
                       ('body', body + b'\n'), ('signature', blob[4:])):
        (folder / file).write_bytes(text)
    done = openssl('pkeyutl', '-verify', '-rawin', '-pubin', '-keyform', 'DER', '-inkey', folder / 'key', '-in', folder / 'body',
                   '-sigfile', folder / 'signature')
    expect(done.returncode == 0, f'the signature: {done.stdout + done.stderr}')


# ---- Go --------------------------------------------------------------------------------------------------------------

def go_program(folder):
    """log_check, built with Debian's packages."""
    go = shutil.which('go') or next((str(p) for p in sorted(Path('/usr/lib').glob('go-*/bin/go'))), None)
    source = Path('/usr/share/gocode')
    if not go or not (source / 'src/golang.org/x/mod/sumdb/tlog').exists():
        if os.environ.get('CI') == 'true':
            raise proof.Failure('there is no Go with x/mod (golang-1.19-go, golang-1.19-src, golang-golang-x-mod-dev)')
        raise Skip('there is no Go with x/mod')
    built = folder / 'log_check'
    done = subprocess.run([go, 'build', '-o', str(built), str(ROOT / 'tests/log_check.go')], capture_output=True, text=True, check=False,
                          env={**os.environ, 'GO111MODULE': 'off', 'GOPATH': str(source), 'GOCACHE': str(folder / 'cache'), 'GOFLAGS': ''})
    expect(done.returncode == 0, f'go build: {done.stderr}')
    return built


@contextlib.contextmanager
def growing(city, count=10 ** 6):
    """Somebody creates records meanwhile."""
    ends, client = threading.Event(), proof.Client(city, 'researcher')

    def work():
        for number in range(count):
            if ends.is_set():
                return
            client.create('result', title=f'CANARY-LOG-{number}')
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


# ---- receipts --------------------------------------------------------------------------------------------------------

BLOCK = re.compile(rb'-----BEGIN ([A-Z ]+)-----\n(.*?)-----END \1-----\n', re.S)


def blocks(receipt):
    return {name.decode(): base64.b64decode(body) for name, body in BLOCK.findall(receipt)}


def with_block(receipt, name, content):
    """The receipt with another block, and the digest at its end as it should be."""
    text = base64.b64encode(content)
    lines = b''.join(text[at:at + 64] + b'\n' for at in range(0, len(text), 64))
    body = BLOCK.sub(lambda m: b'-----BEGIN %s-----\n%s-----END %s-----\n' % (m[1], lines if m[1].decode() == name else m[2], m[1]), receipt)
    body = body[:body.rindex(b'sha256 ')]
    return body + b'sha256 ' + hashlib.sha256(body).hexdigest().encode() + b'\n'


def flipped(rng, content):
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1:]


class Verifiers:
    """Ours and the script, about one file."""

    def __init__(self, folder, key):
        self.file, self.key = folder / 'mutated.evr', key

    def ours(self):
        words = [*proof.program(), 'verify', str(self.file), '--key', self.key]
        return subprocess.run(words, capture_output=True, check=False).returncode

    def script(self):
        return subprocess.run([str(ROOT / 'tools/verify-receipt.sh'), str(self.file), self.key], capture_output=True, check=False).returncode

    def expect(self, content, status, what):
        self.file.write_bytes(content)
        expect_same(self.ours(), status, f'verify: {what}')
        expect((self.script() == 0) == (status == 0), f'the script: {what}')


def receipt_of(client, record, status=200, **query):
    return client.get(f'/api/v1/records/result/{record}/receipt', **query).wants(status).bytes


# ---- what can be damaged in a city that has stopped ------------------------------------------------------------------

def flip_cell(city, rng, table, column, where=''):
    """One bit of one cell; says which row."""
    with proof.database(city) as db:
        rows = db.execute(f'SELECT rowid, CAST({column} AS BLOB) FROM {table} {where}').fetchall() if table != 'event_value' else \
            db.execute('SELECT sequence, CAST(value AS BLOB) FROM event_value ' + where).fetchall()
        row, content = rng.choice([r for r in rows if r[1]])
        kind = db.execute(f'SELECT typeof({column}) FROM {table} LIMIT 1').fetchone()[0]
        changed = flipped(rng, content)
        while kind == 'text' and (b'\0' in changed or not changed.decode('utf-8', 'replace').encode() == changed):
            changed = flipped(rng, content)
        cast = 'CAST(? AS TEXT)' if kind == 'text' else '?'
        key = 'sequence' if table == 'event_value' else 'rowid'
        if table == 'event_value':
            db.execute(f'UPDATE event_value SET value = {cast} WHERE sequence = ? AND CAST(value AS BLOB) = ?', (changed, row, content))
        else:
            db.execute(f'UPDATE {table} SET {column} = {cast} WHERE {key} = ?', (changed, row))
        db.commit()
    return row


def places(city, status):
    answer = proof.run(city, 'log', 'check', '--json', status=status)
    return [damage['place'] for damage in json.loads(answer.body)['damaged']]


# ---- the cases -------------------------------------------------------------------------------------------------------

def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)
    print(f'# seed {seed}')
    rng, cases = random.Random(seed), proof.Cases()
    with proof.own_city() as city, tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        city.start()
        key = get(city, '/log/key').text

        with cases('the root of the checkpoint is that of its entries, and openssl verifies its signature'):
            origin, size, root, note = checkpoint(city)
            found = entries(city, size)
            expect_same(root_of([sha256(b'\0', entry) for entry in found]), root, 'root')
            expect_same(origin, key.split('+')[0], 'origin')
            expect_same({(len(entry), entry[:4]) for entry in found}, {(68, b'EVL1')}, 'form of the entries')
            expect_signed(note, key, folder)

        with cases('every event is a leaf, and a write is in the checkpoint that is asked for after it'):
            client = proof.Client(city, 'researcher')
            for _ in range(3):
                client.create('result', title='CANARY-LOG').wants(201)
                proof.until(lambda: checkpoint(city)[1], lambda at: at > size, 'a longer checkpoint', within_s=20)
                size = checkpoint(city)[1]
            with proof.database(city) as db:
                events = db.execute('SELECT count(*) FROM event').fetchone()[0]
            expect_same(proof.until(lambda: checkpoint(city)[1], lambda at: at == events, 'all events', within_s=20), events, 'leaves')

        with cases('a program in Go, of other code, follows the log while it grows'):
            program = go_program(folder)
            with growing(city):
                done = subprocess.run([program, 'http://{}:{}'.format(*city.address), key.strip(), str(TIMES)], capture_output=True, text=True,
                                      check=False)
            expect(done.returncode == 0 and len(re.findall('^OK ', done.stdout, re.M)) == TIMES, done.stdout + done.stderr)
            sizes = [int(line.split()[1]) for line in done.stdout.splitlines()]
            expect(sizes[-1] > sizes[0], f'the log has not grown: {sizes}')

        with cases('tiles that no checkpoint has, and paths that are none, are 404'):
            size = checkpoint(city)[1]
            whole, width = divmod(size, 256)
            for path in (f'0/{whole:03}', f'0/{whole:03}.p/{width + 1}', f'entries/{whole + 1:03}.p/1', '7/000.p/1', '0/0', '0/00', '0/000.p/0',
                         '0/000.p/256', '0/000.p/01', '-1/000', '64/000', '0/x000/000', 'entries', '0/000/', '0/%30%30%30x', 'x'):
                get(city, f'/log/tile/{path}', 404)
            get(city, f'/log/tile/0/{whole:03}.p/{width}')

        with cases('nothing in the log tells of what it is about'):
            size = checkpoint(city)[1]
            published = b''.join(entries(city, size)) + checkpoint(city)[3]
            expect(b'CANARY' not in published and b'result' not in published, 'a word of a record stands in the log')
            expect_same(len({entry[4:36] for entry in entries(city, size)}), size, 'different commitments')

        with cases('a receipt is there at once, and both verifiers accept it'):
            waits = []
            for number in range(30):
                record = client.create('result', title=f'CANARY-TITLE-{number}').wants(201).json['id']
                begun = time.monotonic()
                receipt = receipt_of(client, record)
                waits.append(time.monotonic() - begun)
            verifiers = Verifiers(folder, key.strip())
            verifiers.expect(receipt, 0, 'a good receipt')
            found = blocks(receipt)
            expect('CANARY-TITLE-29' in base64.b64decode(re.search(rb'^0.title \S+ (\S+)$', found['EVIDENCE DISCLOSURE'], re.M)[1]).decode(),
                   'the title is told')
            expect(len(receipt) <= 8192, f'{len(receipt)} bytes')
            print(f'# receipts: {len(receipt)} bytes; worst wait of {len(waits)}: {max(waits) * 1000:.0f} ms')

        with cases(f'{MUTATIONS} receipts with one bit changed are refused by both, and {MUTATIONS} whose digest was made anew'):
            for _ in range(MUTATIONS):
                verifiers.expect(flipped(rng, receipt), 65, 'one bit')
            for _ in range(MUTATIONS):
                name = rng.choice(['EVIDENCE SALT', 'EVIDENCE MANIFEST', 'EVIDENCE DISCLOSURE', 'TLOG PROOF'])
                verifiers.expect(with_block(receipt, name, flipped(rng, found[name])), 65, f'one bit of {name}')

        with cases('cut off, doubled, with another key, or a gigabyte long: refused'):
            for cut in (0, 1, 19, len(receipt) // 2, len(receipt) - 1):
                verifiers.expect(receipt[:cut], 65, f'{cut} bytes')
            verifiers.expect(receipt + receipt, 65, 'twice')
            verifiers.expect(receipt + b'\n', 65, 'a line more')
            other = Verifiers(folder, 'log.example.org/evidence+623d120b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4')
            other.expect(receipt, 65, 'the key of another log')
            with open(verifiers.file, 'wb') as file:
                file.truncate(1 << 30)
            expect_same(verifiers.ours(), 65, 'a gigabyte')

        with cases('a receipt tells others no more than the record does'):
            client = proof.Client(city, 'researcher')               # the connection has been idle for long
            record = client.create('result', title='CANARY-OPEN', abstract='CANARY-SECRET', contact='CANARY-CONTACT').wants(201).json['id']
            for role in ('enterprise', 'expert', 'society', 'bank'):
                receipt_of(proof.Client(city, role), record, 404)
            expect(b'CANARY-SECRET' in base64.b64decode(re.search(rb'^0.abstract \S+ (\S+)$', blocks(receipt_of(client, record))
                                                                   ['EVIDENCE DISCLOSURE'], re.M)[1]), 'the owner is told')
            expect_same(client.get(f'/api/v1/records/result/{record}/receipt', version=9).status, 404, 'a version that is not there')
            expect_same(client.get(f'/api/v1/records/result/{record}/receipt', version=0).status, 422, 'no version')

        manager = proof.Client(city, 'manager')
        record = files_test.assessment(manager)['id']
        file = files_test.upload(manager, record, 'a.pdf', files_test.pdf(5000)).wants(201).json
        files_test.put(manager, record, [file]).wants(200)
        city.stop()

        with cases('log check finds a city of these in order, and names the place of each flipped bit'):
            expect_same(places(city, 0), [], 'an intact city')
            whole = (Path(city.path) / 'city.db').read_bytes()
            wanted = [('log_leaf', 'entry', '', lambda row: f'leaf {row}'), ('log_leaf', 'salt', '', lambda row: f'leaf {row}'),
                      ('log_tile', 'hashes', '', lambda row: 'tile/'), ('log_edge', 'peaks', '', lambda row: 'edge'),
                      ('event', 'manifest', '', lambda row: f'event {row}'), ('event', 'person', '', lambda row: f'event {row}'),
                      ('event', 'action', '', lambda row: f'event {row}'),
                      ('event_value', 'value', "WHERE value != 'missing'", lambda row: f'event {row}')]
            for table, column, where, place in wanted * 4:
                row = flip_cell(city, rng, table, column, where)
                found = places(city, 65)
                expect(any(one == place(row) or (place(row).endswith('/') and one.startswith(place(row))) for one in found),
                       f'a bit of {table}.{column} in row {row}: {found}')
                (Path(city.path) / 'city.db').write_bytes(whole)
            expect_same(places(city, 0), [], 'the city as it was')

        with cases('and of a file'):
            files = [path for path in (Path(city.path) / 'files').glob('*/*') if path.is_file()]
            expect(files, 'there is a file')
            content = files[0].read_bytes()
            files[0].write_bytes(flipped(rng, content))
            expect_same(places(city, 65), [f'file {files[0].parent.name}{files[0].name}'], 'a flipped bit')
            files[0].unlink()
            expect_same(places(city, 65), [f'file {files[0].parent.name}{files[0].name}'], 'a file that is gone')
            files[0].write_bytes(content)

        with cases("yesterday's backup beside a key that has signed further: read-only, it says why, and nothing forks"):
            keys, before = Path(city.path) / 'keys', folder / 'before.tar'
            proof.run(city, 'backup', before)
            city.start()
            client = proof.Client(city, 'researcher')
            record = client.create('result', title='later').wants(201).json['id']
            late, key = receipt_of(client, record), get(city, '/log/key').text.strip()
            city.stop()
            state = next(keys.glob('log-*.state')).read_bytes()
            restored = folder / 'restored'
            done = subprocess.run([*proof.program(), 'restore', str(before), str(restored), '--key-dir', str(keys), '--lang', 'en'],
                                  capture_output=True, text=True, check=False)
            expect(done.returncode == 0 and 'read-only' in done.stdout, done.stdout + done.stderr)
            step = subprocess.run([*proof.program(), 'act', str(restored), 'result', '-', 'create', '--data', '{"title":"fork"}', '--as',
                                   'researcher', '--key-dir', str(keys), '--lang', 'en'], capture_output=True, text=True, check=False)
            expect(step.returncode == 75 and 'signed a longer log' in step.stderr, f'{step.returncode}: {step.stdout}{step.stderr}')
            expect_same(next(keys.glob('log-*.state')).read_bytes(), state, 'what the key has signed')
            Verifiers(folder, key).expect(late, 0, 'the receipt of the later step')
            begun = subprocess.run([*proof.program(), 'log', str(restored), 'new', '--name', 'log.example.org/two', '--key-dir', str(keys)],
                                   capture_output=True, text=True, check=False)
            expect(begun.returncode == 0 and begun.stdout.startswith('log.example.org/two+'), begun.stdout + begun.stderr)
            step = subprocess.run(step.args, capture_output=True, text=True, check=False)
            expect_same(step.returncode, 0, f'a step in the other log: {step.stderr}')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
