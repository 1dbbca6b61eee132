#!/usr/bin/env python3
# suite: slow
"""The evidence log, checked by others than the program: Go's x/mod over HTTP while the log grows, openssl, and ten lines of Python.

    evidence_test.py
"""
import base64
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import proof
from proof import expect, expect_same
from scenario import ROOT, Skip

TIMES = 6


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


# ---- the cases -------------------------------------------------------------------------------------------------------

def main():
    cases = proof.Cases()
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
                proof.until(lambda: checkpoint(city)[1], lambda at: at > size, 'a longer checkpoint', within_s=2)
                size = checkpoint(city)[1]
            with proof.database(city) as db:
                events = db.execute('SELECT count(*) FROM event').fetchone()[0]
            expect_same(proof.until(lambda: checkpoint(city)[1], lambda at: at == events, 'all events', within_s=2), events, 'leaves')

        with cases('a program in Go, of other code, follows the log while it grows'):
            program = go_program(folder)
            with growing(city):
                done = subprocess.run([program, 'http://{}:{}'.format(*city.address), key.strip(), str(TIMES)], capture_output=True, text=True,
                                      check=False)
            expect(done.returncode == 0 and done.stdout.count('OK') == TIMES, done.stdout + done.stderr)
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

        city.stop()
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
