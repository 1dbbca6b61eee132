#!/usr/bin/env python3
# suite: slow
"""Witnesses: one that is asked by hand, killed, and lied to; and a city with three, of which one is dead, lies or is slow.

    witness_test.py [SEED]          a random seed unless said; it is printed

The log that the first one watches is made here, its signatures by openssl; so are the roots and proofs (RFC 6962).
"""
import base64
import contextlib
import hashlib
import http.client
import http.server
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import proof
from evidence_test import blocks, get, openssl, places, root_of, sha256, with_block
from proof import expect, expect_same
from scenario import ROOT, SANITIZER, City

KILLS = 40
WITNESSED_S = 60                # what is promised; the duty looks every three seconds
RECEIPT_S = 2                   # worst wait for a receipt while witnesses are slow
START_S = 30
PRIVATE_DER, PUBLIC_DER = bytes.fromhex('302e020100300506032b657004220420'), bytes.fromhex('302a300506032b6570032100')


# ---- a log of one's own ----------------------------------------------------------------------------------------------

def consistency(first, leaves, whole=True):
    """RFC 6962, 2.1.2: SUBPROOF(first, leaves, whole)."""
    if first == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if first <= half:
        return consistency(first, leaves[:half], whole) + [root_of(leaves[half:])]
    return consistency(first - half, leaves[half:], False) + [root_of(leaves[:half])]


class Log:
    """A key, and checkpoints of whatever leaves."""

    def __init__(self, name, folder, seed):
        self.name, self.folder = name, folder
        self.file = folder / f'{seed}.der'
        self.file.write_bytes(PRIVATE_DER + sha256(str(seed).encode()))
        public = openssl('pkey', '-inform', 'DER', '-in', self.file, '-pubout', '-outform', 'DER').stdout[-32:]
        self.id = sha256(name.encode(), b'\n\1', public)[:4]
        self.key = f'{name}+{self.id.hex()}+{base64.b64encode(bytes([1]) + public).decode()}'

    def note(self, leaves):
        text = f'{self.name}\n{len(leaves)}\n{base64.b64encode(root_of(leaves)).decode()}\n'.encode()
        (self.folder / 'text').write_bytes(text)
        signed = openssl('pkeyutl', '-sign', '-rawin', '-keyform', 'DER', '-inkey', self.file, '-in', self.folder / 'text')
        expect(len(signed.stdout) == 64, f'openssl signs: {signed.stderr}')
        return text + f'\n— {self.name} '.encode() + base64.b64encode(self.id + signed.stdout) + b'\n'

    def request(self, old, leaves, proof_from=None):
        path = consistency(old, leaves) if old and proof_from is None else proof_from or []
        return f'old {old}\n'.encode() + b''.join(base64.b64encode(node) + b'\n' for node in path) + b'\n' + self.note(leaves)


def leaves_of(count, other=None):
    return [sha256(b'\0', f'entry {i}{" forked" if i == other else ""}'.encode()) for i in range(count)]


def cosigned_at(note_text, line, key, folder):
    """When; the cosignature is verified by openssl alone."""
    name, id_, rest = key.split('+', 2)
    expect(line.startswith(f'— {name} '), f'{line!r} is not a line of {name}')
    blob = base64.b64decode(line.split()[-1])
    expect_same(blob[:4].hex(), id_, 'id of the witness')
    when = int.from_bytes(blob[4:12], 'big')
    for file, content in (('key', PUBLIC_DER + base64.b64decode(rest)[1:]), ('signature', blob[12:]),
                          ('body', f'cosignature/v1\ntime {when}\n'.encode() + note_text)):
        (folder / file).write_bytes(content)
    done = openssl('pkeyutl', '-verify', '-rawin', '-pubin', '-keyform', 'DER', '-inkey', folder / 'key', '-in', folder / 'body',
                   '-sigfile', folder / 'signature')
    expect(done.returncode == 0, f'the cosignature: {done.stdout + done.stderr}')
    return when


# ---- witnesses -------------------------------------------------------------------------------------------------------

def command(*words, status=0):
    done = subprocess.run([*proof.program(), *map(str, words)], capture_output=True, text=True, check=False)
    expect(done.returncode == status and not SANITIZER.search(done.stderr), f'{words}: {done.returncode}: {done.stdout}{done.stderr}')
    return done


class Witness:
    """`firstmile witness` in a folder."""

    def __init__(self, folder, name, port=0):
        self.path, self.out, self.log = folder / name, folder / f'{name}.out', folder / f'{name}.log'
        self.server, self.port = None, port
        self.key = command('witness', 'new', self.path, '--name', f'{name}.example').stdout.strip()

    def start(self):
        with open(self.out, 'wb') as stdout, open(self.log, 'ab') as stderr:
            self.server = subprocess.Popen([*proof.program(), 'witness', 'serve', str(self.path), '--listen', f'127.0.0.1:{self.port}'],
                                           stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=ROOT)
        said = proof.until(lambda: (self.out.read_text(), self.server.poll()), lambda at: 'listening on' in at[0] or at[1] is not None,
                           'the witness listens', START_S)[0]
        expect('listening on' in said, self.log.read_text())
        self.port = int(said.rsplit(':', 1)[1])
        return self

    def kill(self, how=signal.SIGKILL):
        if not self.server:
            return
        self.server.send_signal(how)
        status = self.server.wait(30)
        self.server = None
        expect(how == signal.SIGKILL or status == 0, f'the witness ended with {status}')
        expect(not SANITIZER.search(self.log.read_text()), self.log.read_text())

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def add(self, body, status):
        found = self.ask('POST', '/add-checkpoint', body)
        expect(found[0] == status, f'expected {status}, found {found[0]}: {found[2]}')
        return found[2].decode()

    def last(self, origin):
        """Size and note; 0 before the first."""
        status, _, note = self.ask('GET', f'/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint')
        return (0, b'') if status == 404 else (int(note.split(b'\n')[1]), note)

    @property
    def url(self):
        return f'http://127.0.0.1:{self.port}/'


@contextlib.contextmanager
def false_witness(answer):
    """answer(body) gives status and body."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            status, body = answer(self.rfile.read(int(self.headers['Content-Length'])))
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f'http://127.0.0.1:{server.server_address[1]}'
    finally:
        server.shutdown()
        server.server_close()


def dead_url():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return f'http://127.0.0.1:{one.getsockname()[1]}'


# ---- a city with witnesses -------------------------------------------------------------------------------------------

def policy_of(witnesses, quorum):
    """witnesses: {name: (key, url)}"""
    return ''.join(f'witness {name} {key} {url}\n' for name, (key, url) in witnesses.items()) + quorum


def set_policy(city, folder, text, status=0):
    (folder / 'policy').write_text(text)
    return proof.run(city, 'log', 'policy', folder / 'policy', status=status)


class Served:
    """A city while it is served, and one who writes."""

    def __init__(self, city):
        self.city = city
        city.start()
        self.client = proof.Client(city, 'researcher')

    def step(self):
        return self.client.create('result', title='a step').wants(201).json['id']

    def receipt(self, record):
        return self.client.get(f'/api/v1/records/result/{record}/receipt').wants(200).bytes

    def note(self):
        return get(self.city, '/log/checkpoint').bytes

    def witnessed(self, record, names, within_s=WITNESSED_S):
        """Its receipt once these have cosigned it."""
        proof.until(lambda: signers(self.receipt(record)), lambda found: found >= names, f'witnessed by {names}', within_s)
        return self.receipt(record)

    def leaves(self):
        with proof.database(self.city) as db:
            return db.execute('SELECT count(*) FROM event').fetchone()[0]


def note_of(receipt):
    return blocks(receipt)['TLOG PROOF'].split(b'\n\n', 1)[1]


def signers(receipt):
    return {line.split()[1].removesuffix('.example') for line in note_of(receipt).decode().split('\n\n')[1].splitlines()[1:]}


def verify(folder, receipt, *words, status=0):
    (folder / 'receipt.evr').write_bytes(receipt)
    return command('verify', folder / 'receipt.evr', '--lang', 'en', *words, status=status)


def by_script(folder, receipt, *keys):
    (folder / 'receipt.evr').write_bytes(receipt)
    return subprocess.run([str(ROOT / 'tools/verify-receipt.sh'), str(folder / 'receipt.evr'), *keys], capture_output=True, text=True, check=False)


# ---- the cases: one witness ------------------------------------------------------------------------------------------

def one_witness(cases, folder, rng):
    witness, log = Witness(folder, 'lone').start(), Log('log.example/evidence', folder, 1)
    other = Log('log.example/evidence', folder, 2)

    with cases('a witness cosigns what continues, which openssl verifies, and answers all else as the protocol says'):
        witness.add(log.request(0, leaves_of(3)), 404)
        command('witness', 'add', witness.path, log.key)
        command('witness', 'add', witness.path, other.key, status=65)
        command('witness', 'add', witness.path, witness.key, status=65)
        expect_same(witness.last(log.name), (0, b''), 'before the first')
        size = 0
        for next_size in (3, 3, 4, 7, 64, 100):
            line = witness.add(log.request(size, leaves_of(next_size)), 200)
            text = log.note(leaves_of(next_size)).split(b'\n\n')[0] + b'\n'
            when = cosigned_at(text, line, witness.key, folder)
            expect(abs(when - time.time()) < 60, f'the time of the cosignature: {when}')
            expect_same(witness.last(log.name), (next_size, log.note(leaves_of(next_size)) + line.encode()), 'for monitors')
            size = next_size
        witness.add(log.request(101, leaves_of(100), []), 400)
        witness.add(b'old 100\n', 400)
        witness.add(other.request(100, leaves_of(120)), 403)
        status, headers, told = witness.ask('POST', '/add-checkpoint', log.request(64, leaves_of(120)))
        expect_same((status, headers['Content-Type'], told), (409, 'text/x.tlog.size', b'100\n'), 'another old size')
        witness.add(log.request(100, leaves_of(120), consistency(64, leaves_of(120))), 422)
        for method, path, wanted in (('GET', '/add-checkpoint', 405), ('GET', '/', 404), ('GET', '/checkpoint', 404), ('POST', '/x/checkpoint', 404),
                                     ('GET', '/' + 64 * '0' + '/checkpoint', 404)):
            expect_same(witness.ask(method, path)[0], wanted, f'{method} {path}')
        expect_same(witness.ask('POST', '/add-checkpoint', b'x' * 70000)[0], 413, 'a body without end')

    with cases('a log that shows two trees of one size, or of a later one, gets one of them cosigned'):
        forked = leaves_of(140, other=90)
        witness.add(log.request(100, forked[:100], []), 422)
        witness.add(log.request(100, forked), 422)
        witness.add(log.request(0, forked), 409)
        expect_same(witness.last(log.name)[0], 100, 'what it has cosigned')

    with cases(f'killed {KILLS} times on its way to an answer, it never cosigns two trees of one size'):
        size, outcomes = 100, {'answered': 0, 'on the disk, not answered': 0, 'neither': 0}
        for _ in range(KILLS):
            body = log.request(size, leaves_of(size + 1))
            with socket.create_connection(('127.0.0.1', witness.port)) as one:
                one.sendall(b'POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
                time.sleep(rng.random() * 0.006)
                witness.server.kill()
                one.settimeout(10)
                answer = b''
                with contextlib.suppress(OSError):
                    answer = one.recv(65536)
            witness.kill()
            witness.start()
            kept = witness.last(log.name)[0]
            expect(kept in (size, size + 1) and (kept == size + 1 or not answer.startswith(b'HTTP/1.1 200')), f'{answer!r}, and {kept} is kept')
            outcomes['answered' if answer.startswith(b'HTTP/1.1 200') else 'neither' if kept == size else 'on the disk, not answered'] += 1
            forked = leaves_of(size + 1, other=size)
            if kept == size + 1:                            # the old size is told, and another tree of this one is not cosigned
                expect_same(witness.add(log.request(size, forked), 409), f'{kept}\n', 'what it has cosigned')
                witness.add(log.request(kept, forked, []), 422)
            witness.add(log.request(kept, leaves_of(size + 1)), 200)
            size += 1
        print(f'# killed: {outcomes}')

    with cases('killed when it has written and nobody has read its answer: it has cosigned'):
        body = log.request(size, leaves_of(size + 1))
        with socket.create_connection(('127.0.0.1', witness.port)) as one:
            one.sendall(b'POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
            with contextlib.closing(sqlite3.connect(witness.path / 'witness.db')) as db:
                proof.until(lambda: db.execute('SELECT note FROM log').fetchone()[0].split('\n')[1], lambda at: at == str(size + 1), 'written')
            witness.kill()
        witness.start()
        expect_same(witness.add(log.request(size, leaves_of(size + 1, other=size)), 409), f'{size + 1}\n', 'what it has cosigned')
        witness.add(log.request(size + 1, leaves_of(size + 1, other=size), []), 422)
        witness.add(log.request(size + 1, leaves_of(size + 5)), 200)

    with cases('SIGTERM ends it with 0; a folder without its memory is no witness'):
        witness.kill(signal.SIGTERM)
        for file in witness.path.glob('witness.db*'):
            file.unlink()
        command('witness', 'serve', witness.path, status=66)
        command('witness', 'key', folder / 'nowhere', status=66)


# ---- the cases: a city -----------------------------------------------------------------------------------------------

def city_cases(cases, city, folder):
    key = proof.run(city, 'log', 'key').body.strip()
    first, second, third = (Witness(folder, name) for name in ('one', 'two', 'three'))
    for witness in (first, second, third):
        command('witness', 'add', witness.path, key)
    first.start(), second.start()

    with cases('without a policy a receipt is as it was'):
        served = Served(city)
        receipt = served.receipt(served.step())
        expect_same((signers(receipt), 'WITNESS POLICY' in blocks(receipt)), (set(), False), 'witnesses')
        expect('itness' not in verify(folder, receipt, '--key', key).stdout, 'nothing is said of witnesses')
        proof.run(city, 'log', 'policy', folder / 'one.out', status=75)             # served
        city.stop()

    log_line, witnesses = f'log {key}\n', {'A': (first.key, first.url), 'B': (second.key, second.url), 'C': (third.key, dead_url())}
    policy = log_line + policy_of(witnesses, 'group all-three 2 A B C\nquorum all-three\n')

    with cases('a policy is checked before it is set'):
        set_policy(city, folder, policy.replace('quorum all-three', 'quorum four'), 65)
        set_policy(city, folder, policy.replace(first.url, ''), 65)
        set_policy(city, folder, policy.replace(first.url, 'http://user@127.0.0.1/'), 65)
        set_policy(city, folder, policy.replace(key, Log('log.example/evidence', folder, 3).key), 65)
        expect_same(proof.run(city, 'log', 'policy').body, '', 'nothing was set')
        set_policy(city, folder, policy)
        expect_same(proof.run(city, 'log', 'policy').body, policy, 'what is set')
        proof.run(city, 'log', 'check', folder / 'policy', status=64)

    with cases('two of three, one of them dead: a step is witnessed, and its receipt says by whom and when'):
        served, began = Served(city), time.time()
        oldest = record = served.step()
        receipt = served.witnessed(record, {'one', 'two'})
        print(f'# witnessed after {time.time() - began:.1f} s')
        expect_same(blocks(receipt)['WITNESS POLICY'].decode(), policy, 'the policy in the receipt')
        note = note_of(receipt)
        for line, witness in zip(note.decode().split('\n\n')[1].splitlines()[1:], sorted((first, second), key=lambda w: w.key not in note.decode())):
            name = line.split()[1].removesuffix('.example')
            cosigned_at(note.split(b'\n\n')[0] + b'\n', line, {'one': first, 'two': second}[name].key, folder)
        said = verify(folder, receipt, '--key', key, '--policy', folder / 'policy').stdout
        expect(re.search(r'witness A saw this log at 2\d\d\d-', said) and 'witness B saw' in said and 'not by C' in said, said)
        told = verify(folder, receipt).stdout
        expect('witness A saw' in told, told)
        done = by_script(folder, receipt, key)
        expect(done.returncode == 0 and 'OK leaf' in done.stdout, done.stdout + done.stderr)
        done = by_script(folder, receipt, key, first.key, second.key)
        expect(done.returncode == 0 and re.search(r'witness one\.example 2\d\d\d-.*\nwitness two\.example 2', done.stdout), done.stdout + done.stderr)
        expect(by_script(folder, receipt, key, first.key, third.key).returncode == 1, 'the script, of a witness that has not signed')

    with cases('the newest checkpoint that they have signed is served, and a receipt stays under the first that has its step'):
        later = served.step()
        served.witnessed(later, {'one', 'two'})
        size = served.leaves()
        note = proof.until(served.note, lambda at: int(at.split(b'\n')[1]) >= size, 'the newest', WITNESSED_S)
        expect(b'one.example' in note and b'two.example' in note, note.decode())
        expect_same(served.receipt(record), receipt, 'the receipt of the first step')

    with cases('verify refuses what the given policy does not accept, and says who is missing'):
        policies = {'C alone': (log_line + policy_of(witnesses, 'quorum C\n'), 'C'),
                    'all': (log_line + policy_of(witnesses, 'group g all A B C\nquorum g\n'), 'C'),
                    'another log': (f'log {Log("log.example/evidence", folder, 4).key}\nquorum none\n', 'not among them'),
                    'no policy': ('quorum four\n', 'Line 1')}
        for name, (text, wanted) in policies.items():
            (folder / 'other').write_text(text)
            said = verify(folder, receipt, '--key', key, '--policy', folder / 'other', status=65).stderr
            expect(wanted in said, f'{name}: {said}')
        (folder / 'other').write_text(policy_of(witnesses, 'quorum B\n'))
        verify(folder, receipt, '--policy', folder / 'other')
        verify(folder, receipt, '--policy', folder / 'nowhere', status=66)
        found = blocks(receipt)['TLOG PROOF']
        without = b''.join(line for line in found.splitlines(True) if b'two.example' not in line)
        said = verify(folder, with_block(receipt, 'TLOG PROOF', without), '--policy', folder / 'policy', status=65).stderr
        expect('B, C' in said, said)
        said = verify(folder, with_block(receipt, 'TLOG PROOF', without)).stdout
        expect('not witnessed enough' in said and 'B, C' in said, said)
        blob = re.search(r'two\.example (\S+)', found.decode())[1]
        forged = base64.b64encode(base64.b64decode(blob)[:-1] + bytes([base64.b64decode(blob)[-1] ^ 1])).decode()
        forged = with_block(receipt, 'TLOG PROOF', found.replace(blob.encode(), forged.encode()))
        verify(folder, forged, '--policy', folder / 'policy', status=65)
        expect(by_script(folder, forged, key, second.key).returncode == 1, 'the script, of a forged cosignature')
        lighter = with_block(receipt, 'WITNESS POLICY', b'quorum none\n')            # its own policy says nothing to who gives one
        verify(folder, with_block(lighter, 'TLOG PROOF', without), '--policy', folder / 'policy', status=65)

    with cases('one that is killed and comes back is asked from where it was'):
        second.kill()
        record = served.step()
        time.sleep(4)
        expect('two' not in signers(served.receipt(record)), 'the dead one has not signed')
        second.start()
        served.witnessed(served.step(), {'one', 'two'})
        city.stop()

    def lying(body):
        text = body.split(b'\n\n')[1] + b'\n'
        return 200, f'— three.example {base64.b64encode(bytes.fromhex(third.key.split("+")[1]) + bytes(72)).decode()}\n'.encode() + text[:0]

    def slow(_):
        time.sleep(120)
        return 200, b''

    with false_witness(lying) as liar_url, false_witness(slow) as slow_url:
        with cases('with one that lies and one that is slow, receipts come at once, and say that they are not witnessed'):
            bad = {'A': (first.key, first.url), 'B': (second.key, slow_url), 'C': (third.key, liar_url)}
            set_policy(city, folder, log_line + policy_of(bad, 'group g 2 A B C\nquorum g\n'))
            served, waits = Served(city), []
            until = time.monotonic() + 12
            while time.monotonic() < until:
                begun = time.monotonic()
                record = served.step()
                receipt = served.receipt(record)
                waits.append(time.monotonic() - begun)
                time.sleep(0.2)
            expect(max(waits) < RECEIPT_S, f'a step and its receipt took {max(waits):.2f} s')
            print(f'# {len(waits)} steps with receipts, worst {max(waits) * 1000:.0f} ms')
            expect(not signers(receipt) & {'two', 'three'}, signers(receipt))
            said = verify(folder, receipt, '--key', key).stdout
            expect('true: leaf' in said and 'not witnessed enough' in said, said)
            said = verify(folder, receipt, '--policy', folder / 'policy', status=65).stderr
            expect('B, C' in said, said)
            expect(b'three.example' not in served.note(), 'a false cosignature is passed on')
            proof.until(city.log, lambda text: 'witnesses: C gave a cosignature that does not verify' in text, 'it is said', 40)
            city.stop()

        with cases('and two of three are enough beside a slow one: it is not waited for'):
            set_policy(city, folder, log_line + policy_of({'A': bad['A'], 'B': (second.key, second.url), 'C': (third.key, slow_url)},
                                                          'group g 2 A B C\nquorum g\n'))
            served = Served(city)
            begun = time.monotonic()
            served.witnessed(served.step(), {'one', 'two'}, 9)
            print(f'# witnessed after {time.monotonic() - begun:.1f} s')
            city.stop()

    with cases('under another policy what stands already is witnessed by whom that names'):
        third.start()
        set_policy(city, folder, policy_of({'A': (first.key, first.url), 'C': (third.key, third.url)}, 'quorum C\n'))
        served = Served(city)
        served.witnessed(oldest, {'three'})
        city.stop()
        third.kill(signal.SIGTERM)

    with cases('a copy of the city of before, key and all, goes on by itself: no witness signs its log, and it is told why'):
        set_policy(city, folder, policy)
        shutil.copytree(city.path, folder / 'copy')
        served = Served(city)
        ahead = served.witnessed(served.step(), {'one', 'two'})
        city.stop()
        (folder / 'scratch').mkdir()
        copy = City(proof.program(), folder / 'scratch', made=folder / 'copy')
        try:
            served = Served(copy)
            records = [served.step() for _ in range(4)]
            time.sleep(8)
            record = served.step()
            time.sleep(5)
            expect(not signers(served.receipt(record)) and not signers(served.receipt(records[0])), 'a forked log is witnessed')
            verify(folder, served.receipt(record), '--policy', folder / 'policy', status=65)
            proof.until(copy.log, lambda text: 'does not continue what it cosigned' in text or 'a longer log' in text, 'it is told', 60)
            copy.stop()
        finally:
            copy.kill()
        verify(folder, ahead, '--policy', folder / 'policy')

    with cases('log check finds a checkpoint that is not of this log; another log begins without witnesses'):
        proof.run(city, 'log', 'check')
        with proof.database(city) as db:
            size, note = db.execute('SELECT size, note FROM log_checkpoint ORDER BY random()').fetchone()
            origin, told, root, rest = note.split('\n', 3)
            other_root = ('B' if root[0] == 'A' else 'A') + root[1:]
            for column, changed in (('note', '\n'.join((origin, told, other_root, rest))), ('note', note.replace(key.split('+')[0], 'x')), ('size', 1)):
                db.execute(f'UPDATE log_checkpoint SET {column} = ? WHERE size = ?', (changed, size))
                db.commit()
                found = places(city, 65)
                expect_same(found, [f'checkpoint {size if column == "note" else 1}'], f'{column} was changed')
                db.execute('UPDATE log_checkpoint SET size = ?, note = ? WHERE size = ?', (size, note, 1 if column == 'size' else size))
                db.commit()
        proof.run(city, 'log', 'check')
        proof.run(city, 'log', 'new', '--name', 'log.example/two')
        expect_same(proof.run(city, 'log', 'policy').body, '', 'the policy of the log before')
        served = Served(city)
        expect_same(signers(served.receipt(served.step())), set(), 'witnesses of the other log')
        city.stop()
    for witness in (first, second):
        witness.kill(signal.SIGTERM)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)
    print(f'# seed {seed}')
    cases = proof.Cases()
    with tempfile.TemporaryDirectory() as folder:
        one_witness(cases, Path(folder), random.Random(seed))
    with proof.own_city() as city, tempfile.TemporaryDirectory() as folder:
        city_cases(cases, city, Path(folder))
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
