#!/usr/bin/env python3
# suite: slow
# timeout: 1200
"""Time stamps: an authority of the test's own stamps checkpoints, openssl verifies its tokens in receipts, and so do `verify` and the
script; what was changed is refused; an authority that is down, slow or lying is asked again and holds up nobody; a certificate that
ends is renewed in time.

    timestamp_test.py [SEED]        a random seed unless said; it is printed
"""
import datetime
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import authority
import evidence_test
import proof
import witness_test
from proof import expect, expect_same
from scenario import ROOT

MUTATIONS = 200
WAIT_S = 30
LIES = {'page': 'no response', 'refuse': 'status 503', 'replay': 'mismatch', 'imprint': 'mismatch', 'nonce': 'nonce mismatch',
        'garbled': 'stamp.signature', 'long': 'no response'}


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def text(instant):
    return instant.strftime('%Y-%m-%dT%H:%M:%SZ')


class Town:
    """A city with an authority; its receipts."""

    def __init__(self, city, folder):
        self.city, self.folder = city, folder
        self.ca = authority.Ca(folder / 'ca')
        self.ca.issue('short', days=100)
        self.ca.issue('long', days=3650)
        self.tsa = authority.Authority(self.ca, 'short')
        self.ahead = datetime.timedelta()                       # the city's clock of ours
        city.arguments = ['--test-clock']

    def set(self, **lines):
        """The authority of the city, which stands still; one second between two stamps."""
        file = self.folder / 'authority'
        given = {'url': self.tsa.url, 'ca': 'ca/ca.pem', 'every': 1, **lines}
        file.write_text('# of the test\n' + ''.join(f'{word} {value}\n' for word, value in given.items()))
        return proof.run(self.city, 'log', 'authority', file)

    def start(self):
        self.city.start()
        self.key = evidence_test.get(self.city, '/log/key').text.strip()
        self.later(seconds=2)

    def later(self, **by):
        self.ahead += datetime.timedelta(**by)
        proof.Client(self.city).request('POST', '/api/v1/test-clock', {'now': text(now() + self.ahead)}).wants(200)

    def create(self, title='CANARY-STAMP'):
        client = proof.Client(self.city, 'researcher')
        return client.create('result', title=title).wants(201).json['id']

    def receipt(self, record):
        return evidence_test.receipt_of(proof.Client(self.city, 'researcher'), record)

    def stamped(self, record, tokens=1):
        """Its receipt, once it has so many tokens."""
        return proof.until(lambda: self.receipt(record), lambda found: len(split(found)['TIMESTAMP TOKEN']) >= tokens,
                           f'{tokens} time stamps', WAIT_S)

    def stands(self):
        return json.loads(proof.run(self.city, 'log', 'authority', '--json').body)

    def failed(self, asked):
        """Why, once it has been asked more often."""
        proof.until(lambda: self.tsa.asked, lambda count: count > asked, 'asked', WAIT_S)
        return proof.until(self.stands, lambda found: found['problem'], 'a problem', WAIT_S)['problem']

    def write(self, receipt):
        file = self.folder / 'mutated.evr'
        file.write_bytes(receipt)
        return file

    def verify(self, receipt, *words):
        done = subprocess.run([*proof.program(), 'verify', str(self.write(receipt)), '--key', self.key, '--json', '--lang', 'en',
                               *map(str, words)], capture_output=True, text=True, check=False)
        return done.returncode, json.loads(done.stdout)

    def refused(self, receipt, *words):
        status, said = self.verify(receipt, *words)
        expect_same(status, 65, f'verify {words}: {said}')
        return said['type'].split('/')[-1]

    def script(self, receipt, *words):
        return subprocess.run([str(ROOT / 'tools/verify-receipt.sh'), str(self.write(receipt)), self.key, *map(str, words)],
                              capture_output=True, text=True, check=False)


def split(receipt):
    """Blocks by name; of tokens a list."""
    found = {'TIMESTAMP TOKEN': []}
    for name, body in evidence_test.BLOCK.findall(receipt):
        content = evidence_test.base64.b64decode(body)
        if name == b'TIMESTAMP TOKEN':
            found['TIMESTAMP TOKEN'].append(content)
        else:
            found[name.decode()] = content
    return found


def checkpoint_in(receipt):
    return split(receipt)['TLOG PROOF'].split(b'\n\n', 1)[1]


def openssl_accepts(town, over, token, *words):
    (town.folder / 'over').write_bytes(over)
    (town.folder / 'token').write_bytes(token)
    done = evidence_test.openssl('ts', '-verify', '-data', town.folder / 'over', '-in', town.folder / 'token', '-token_in', '-CAfile',
                                 town.ca.file, *words)
    return done.returncode == 0


def settings(cases, town):
    with cases('what the authority is set to is checked line by line, and printed'):
        file = town.folder / 'wrong'
        for lines, number in (('', 1), ('url ftp://x.example/\nca ca/ca.pem\n', 1), ('url https://user@x.example/\n', 1),
                              ('ca ca/ca.pem\nurl https://x.example/\nevery 0\n', 3), ('every 601\n', 1), ('every x\n', 1),
                              ('policy one\n', 1), ('\n# note\npolice 1.2.3\n', 3), ('url https://x.example/\n', 2),
                              ('url https://x.example/\nurl https://x.example/\n', 2), ('url http://169.254.169.254/\n', 1)):
            file.write_text(lines)
            said = proof.run(town.city, 'log', 'authority', file, '--lang', 'en', status=65)
            expect(f'Line {number} ' in said.stderr, f'{lines!r}: {said.stderr}')
        file.write_text('url https://x.example/\nca wrong\n')
        expect_same(json.loads(proof.run(town.city, 'log', 'authority', file, '--json', status=65).body)['type'].split('/')[-1], 'stamp.ca',
                    'no certificate')
        file.write_text('url https://x.example/\nca none.pem\n')
        proof.run(town.city, 'log', 'authority', file, status=66)
        proof.run(town.city, 'log', 'key', file, status=64)
        expect('No time-stamping authority' in proof.run(town.city, 'log', 'authority', '--lang', 'en').stderr, 'none')
        town.set(policy='1.2.3.4.1')
        stands = town.stands()
        expect_same((stands['url'], stands['policy'], stands['every'], stands['stamped'], stands['ca']),
                    (town.tsa.url, '1.2.3.4.1', 1, 0, town.ca.file.read_text()), 'set')
        again = town.folder / 'again'
        printed = proof.run(town.city, 'log', 'authority', '--lang', 'en').body
        expect(f'url {town.tsa.url}\n' in printed and 'BEGIN CERTIFICATE' in printed and not again.exists(), printed)


def accepted(cases, town):
    record = town.create()
    with cases('a checkpoint is stamped, and a receipt under it has the token, which openssl accepts'):
        plain = town.receipt(record)
        expect(not split(plain)['TIMESTAMP TOKEN'] or town.tsa.asked, 'a token that nobody gave')
        receipt = town.stamped(record)
        found = split(receipt)
        expect_same(len(found['TIMESTAMP TOKEN']), 1, 'tokens')
        expect(openssl_accepts(town, checkpoint_in(receipt), found['TIMESTAMP TOKEN'][0]), 'openssl refuses the token')
        expect(not openssl_accepts(town, checkpoint_in(receipt) + b'x', found['TIMESTAMP TOKEN'][0]), 'openssl accepts anything')
        expect(town.ca.file.read_bytes() in found['TIMESTAMP CA'], 'the CA is not in the receipt')
        expect_same(town.receipt(record), receipt, 'the receipt later')
    with cases('`verify` says the time with --ca, and that it was not checked without; the script says the same'):
        status, said = town.verify(receipt, '--ca', town.ca.file)
        expect_same((status, said['stamped'], said['time_checked']), (0, True, True), 'verify --ca')
        since = datetime.datetime.fromisoformat(said['time'].replace('Z', '+00:00'))
        expect(abs((since - now()).total_seconds()) < 600, f'the time: {said["time"]}')
        status, said = town.verify(receipt)
        expect_same((status, said['stamped'], said['time_checked']), (0, True, False), 'verify')
        done = subprocess.run([*proof.program(), 'verify', str(town.write(receipt)), '--lang', 'en'], capture_output=True, text=True,
                              check=False)
        expect('time not checked' in done.stderr, done.stderr)
        expect('time not checked' in town.script(receipt).stdout, 'the script without a CA')
        done = town.script(receipt, town.ca.file, int(time.time()))
        expect(done.returncode == 0 and since.strftime('was there at %b %e %H:%M:%S %Y') in done.stdout, done.stdout + done.stderr)
    with cases('refused, with the reason: no token, another CA, another checkpoint, a moment before it'):
        other = authority.Ca(town.folder / 'other')
        tokenless = re.sub(rb'-----BEGIN TIMESTAMP (TOKEN|CA)-----\n.*?-----END TIMESTAMP \1-----\n', b'', receipt, flags=re.S)
        tokenless = evidence_test.with_block(tokenless, '', b'')
        expect_same(town.verify(tokenless)[0], 0, 'without a token, nobody asks for the time')
        expect_same(town.refused(tokenless, '--ca', town.ca.file), 'stamp.none', 'no token')
        expect(town.script(tokenless, town.ca.file, int(time.time())).returncode, 'the script: no token')
        expect_same(town.refused(receipt, '--ca', other.file), 'stamp.certificate', 'another CA')
        expect(town.script(receipt, other.file, int(time.time())).returncode, 'the script: another CA')
        expect_same(town.refused(receipt, '--ca', ROOT / 'README.md'), 'stamp.ca', 'no CA')
        expect_same(town.refused(receipt, '--ca', town.ca.file, '--at', '2020-01-01'), 'stamp.time', 'before it')
        expect(town.script(receipt, town.ca.file, 1577836800).returncode, 'the script: before it')
        expect_same(town.verify(receipt, '--at', '2020-01-01')[0], 64, '--at without --ca')
        expect_same(town.verify(receipt, '--ca', town.ca.file, '--at', 'soon')[0], 64, '--at soon')
        later = town.stamped(town.create())
        swapped = evidence_test.with_block(receipt, 'TIMESTAMP TOKEN', split(later)['TIMESTAMP TOKEN'][0])
        expect(checkpoint_in(later) != checkpoint_in(receipt), 'the same checkpoint')
        for words in ((), ('--ca', town.ca.file)):
            expect_same(town.refused(swapped, *words), 'stamp.imprint', 'the token of another checkpoint')
        expect(town.script(swapped, town.ca.file, int(time.time())).returncode, 'the script: of another checkpoint')
    return receipt


def mutations(cases, town, rng, receipt):
    trust = ('--ca', town.ca.file)
    found = split(receipt)
    found['TIMESTAMP TOKEN'] = found['TIMESTAMP TOKEN'][0]
    names = ['EVIDENCE SALT', 'EVIDENCE MANIFEST', 'TLOG PROOF', 'TIMESTAMP TOKEN']

    def mutated(content):
        at = rng.randrange(len(content))
        return content[:at] + bytes([content[at] ^ rng.randrange(1, 256)]) + content[at + 1:]

    with cases(f'{MUTATIONS} receipts with one byte changed are refused by both'):
        begin = len(evidence_test.BLOCK.split(receipt)[0])
        for _ in range(MUTATIONS):
            at = rng.randrange(begin, len(receipt))
            changed = receipt[:at] + bytes([receipt[at] ^ rng.randrange(1, 256)]) + receipt[at + 1:]
            expect_same(town.verify(changed, *trust)[0], 65, f'verify: byte {at}')
            expect(town.script(changed, town.ca.file, int(time.time())).returncode, f'the script: byte {at}')
    with cases(f'so are {MUTATIONS} in salt, manifest and proof whose digest was made anew'):
        for _ in range(MUTATIONS):
            name = rng.choice(names[:3])
            changed = evidence_test.with_block(receipt, name, mutated(found[name]))
            expect_same(town.verify(changed, *trust)[0], 65, f'verify: {name}')
            expect(town.script(changed, town.ca.file, int(time.time())).returncode, f'the script: {name}')
    with cases(f'of {MUTATIONS} in the token whose digest was made anew those pass that nobody has signed, and they change no time'):
        said = town.verify(receipt, *trust)[1]['time']
        passed = passed_script = 0
        for _ in range(MUTATIONS):
            changed = evidence_test.with_block(receipt, 'TIMESTAMP TOKEN', mutated(found['TIMESTAMP TOKEN']))
            status, told = town.verify(changed, *trust)
            expect(status == 65 or (status == 0 and told['time'] == said), f'{status}: {told}')
            done = town.script(changed, town.ca.file, int(time.time()))
            passed += status == 0
            passed_script += done.returncode == 0
        print(f'# of {MUTATIONS} changed tokens of {len(found["TIMESTAMP TOKEN"])} bytes pass: verify {passed}, the script {passed_script}')
        expect(passed <= passed_script <= MUTATIONS // 5, 'too many pass')


def troubles(cases, town):
    town.tsa.name = 'short'
    for lie, reason in LIES.items():
        with cases(f'an authority that lies ({lie}) is refused, the reason is logged, and it is asked again'):
            asked, town.tsa.lie = town.tsa.asked, lie
            record = town.create()
            problem = town.failed(asked)
            expect(reason in problem, f'{lie}: {problem}')
            expect(not split(town.receipt(record))['TIMESTAMP TOKEN'], 'a lie was taken')
            expect(problem in (town.city.scratch / 'server.log').read_text(), 'the reason is not in the log')
            town.tsa.lie = None
            town.later(hours=2)
            expect_same(town.verify(town.stamped(record), '--ca', town.ca.file)[0], 0, 'after it')
            expect_same(town.stands()['problem'], '', 'the problem afterwards')
    with cases('a slow one holds up no write and no receipt'):
        town.tsa.delay = 4
        asked, began, waits = town.tsa.asked, time.monotonic(), []
        while time.monotonic() - began < 5:
            start = time.monotonic()
            record = town.create()
            expect(not split(town.receipt(record))['TIMESTAMP TOKEN'], 'stamped')
            waits.append(time.monotonic() - start)
            time.sleep(0.2)
        expect(max(waits) < 3, f'a write and its receipt took {max(waits):.1f} s')
        town.tsa.delay = 0
        town.stamped(record)
        expect(town.tsa.asked > asked, 'nobody was asked')
    with cases('down for 30 days: writes go on, it is asked ever more seldom, and then the newest checkpoint is stamped'):
        log = town.city.scratch / 'server.log'
        before = log.read_text().count('stamps: ')
        port = town.tsa.server_address[1]
        town.tsa.end()
        records = []
        for _ in range(6):
            records.append(town.create())
            proof.until(town.stands, lambda found: 'connect' in found['problem'], 'a problem', WAIT_S)
            town.later(days=5)
        expect(not split(town.receipt(records[0]))['TIMESTAMP TOKEN'], 'stamped by nobody')
        failures = log.read_text().count('stamps: ') - before
        expect(6 <= failures <= 13, f'{failures} failures while the clock was set six times')
        town.tsa = authority.Authority(town.ca, 'short', port)
        town.later(hours=2)
        receipts = [town.stamped(record) for record in records]
        expect_same(len({checkpoint_in(receipt) for receipt in receipts}), 1, 'checkpoints')
        for receipt in receipts:
            expect_same(town.verify(receipt, '--ca', town.ca.file)[0], 0, 'verify')
    with cases('killed between the request and the answer: asked again, and what is kept verifies'):
        for _ in range(5):
            town.tsa.delay = 0.5
            asked, record = town.tsa.asked, town.create()
            proof.until(lambda: town.tsa.asked, lambda count: count > asked, 'asked', WAIT_S)
            town.city.kill()
            town.tsa.delay = 0
            town.start()
            expect_same(town.verify(town.stamped(record), '--ca', town.ca.file)[0], 0, 'verify')
        expect_same(json.loads(proof.run(town.city, 'log', 'check', '--json').body)['damaged'], [], 'log check')


def expiry(cases, town):
    with cases('when its certificate has ended a time stamp is refused, and accepted as of a moment before'):
        town.city.stop()
        ends = town.ca.issue('brief', seconds=15)
        town.tsa.name = 'brief'
        town.start()
        receipt = town.stamped(town.create())
        before = text(now())
        expect_same(town.verify(receipt, '--ca', town.ca.file)[0], 0, 'before it ends')
        expect(town.script(receipt, town.ca.file, int(time.time())).returncode == 0, 'the script: before it ends')
        time.sleep(max(0, (ends - now()).total_seconds()) + 1.5)
        expect_same(town.refused(receipt, '--ca', town.ca.file), 'stamp.expired', 'after it has ended')
        expect(town.script(receipt, town.ca.file, int(time.time())).returncode, 'the script: after it has ended')
        expect(not openssl_accepts(town, checkpoint_in(receipt), split(receipt)['TIMESTAMP TOKEN'][0]), 'openssl now')
        expect_same(town.verify(receipt, '--ca', town.ca.file, '--at', before)[0], 0, 'as of before')
        expect(town.script(receipt, town.ca.file, int(ends.timestamp()) - 1).returncode == 0, 'the script: as of before')
        status, said = town.verify(receipt)
        expect_same((status, said['time_checked']), (0, False), 'without a CA')


def renewal(cases, town, rng):
    with cases('before a certificate ends the checkpoint is stamped again over its token, and the receipt outlives it'):
        # It lasts 100 days; the clock is some 31 days ahead.
        record = town.create()
        receipt = town.stamped(record)
        later = (now() + datetime.timedelta(days=300)).date().isoformat()
        if len(split(receipt)['TIMESTAMP TOKEN']) == 1:
            expect_same(town.refused(receipt, '--ca', town.ca.file, '--at', later), 'stamp.expired', 'one token')
        town.tsa.name = 'long'
        town.later(days=2)
        renewed = town.stamped(record, 2)
        tokens = split(renewed)['TIMESTAMP TOKEN']
        expect_same((len(tokens), tokens[0], checkpoint_in(renewed)), (2, split(receipt)['TIMESTAMP TOKEN'][0], checkpoint_in(receipt)),
                    'the first token and the checkpoint stay')
        expect(openssl_accepts(town, checkpoint_in(renewed) + tokens[0], tokens[1]), 'openssl: the second over both')
        expect(not openssl_accepts(town, checkpoint_in(renewed), tokens[1]), 'openssl: the second over the checkpoint alone')
        status, said = town.verify(renewed, '--ca', town.ca.file, '--at', later)
        expect_same((status, said['time']), (0, town.verify(receipt, '--ca', town.ca.file)[1]['time']), 'the time of the first')
        after = int((now() + datetime.timedelta(days=300)).timestamp())
        done = town.script(renewed, town.ca.file, after)
        expect(done.returncode == 0 and 'was there at' in done.stdout, done.stdout + done.stderr)
        expect(town.script(receipt, town.ca.file, after).returncode, 'the script: one token')
        one, two = re.findall(rb'-----BEGIN TIMESTAMP TOKEN-----\n.*?-----END TIMESTAMP TOKEN-----\n', renewed, re.S)
        turned = evidence_test.with_block(renewed.replace(one + two, two + one), '', b'')
        alone = evidence_test.with_block(renewed.replace(one + two, two), '', b'')
        for wrong in (turned, alone):
            expect_same(town.refused(wrong, '--ca', town.ca.file, '--at', later), 'stamp.imprint', 'out of order')
            expect(town.script(wrong, town.ca.file, after).returncode, 'the script: out of order')
    with cases('each of them is renewed once, and not again while nothing is gained'):
        with proof.database(town.city) as db:
            def lengths():
                return [row[0] for row in db.execute('SELECT length(CAST(token AS BLOB)) FROM log_stamp ORDER BY size')]
            proof.until(town.stands, lambda found: not found['problem'], 'no problem', WAIT_S)
            whole = proof.until(lengths, lambda found: sum(one < 1200 for one in found) == 1, 'all but the one that has ended', 60)
            asked = town.tsa.asked
            town.later(days=1)
            time.sleep(4)
            expect(lengths()[:len(whole)] == whole, 'renewed twice')
            expect(town.tsa.asked - asked <= 1, 'asked for nothing')
    with cases('the authority of before stays in receipts when there is another'):
        town.city.stop()
        old = town.ca.file.read_text()
        town.ca = authority.Ca(town.folder / 'second', 'CA 2')
        town.ca.issue('long', days=3650)
        town.tsa.ca = town.ca
        town.set(ca='second/ca.pem')
        town.start()
        found = split(town.stamped(record))
        expect(old in found['TIMESTAMP CA'].decode() and town.ca.file.read_text() in found['TIMESTAMP CA'].decode(), 'both CAs')
        expect_same(town.verify(town.stamped(town.create()), '--ca', town.ca.file)[0], 0, 'a token of the new one')
    with cases('log check names the checkpoint whose note or token was changed'):
        town.city.stop()
        whole = (Path(town.city.path) / 'city.db').read_bytes()
        number = evidence_test.flip_cell(town.city, rng, 'log_stamp', 'note')
        with proof.database(town.city) as db:
            size = db.execute('SELECT size FROM log_stamp WHERE number = ?', (number,)).fetchone()[0]
        expect_same(evidence_test.places(town.city, 65), [f'checkpoint {size}'], 'a bit of a note')
        (Path(town.city.path) / 'city.db').write_bytes(whole)
        with proof.database(town.city) as db:                   # the last byte is of the signature
            number, size, token = rng.choice(db.execute('SELECT number, size, token FROM log_stamp').fetchall())
            db.execute('UPDATE log_stamp SET token = ? WHERE number = ?', (token[:-1] + bytes([token[-1] ^ 1]), number))
            db.commit()
        expect_same(evidence_test.places(town.city, 65), [f'checkpoint {size}'], 'a bit of a token')
        (Path(town.city.path) / 'city.db').write_bytes(whole)
        expect_same(evidence_test.places(town.city, 0), [], 'as it was')
    with cases('another log begins without the stamps of the one before'):
        proof.run(town.city, 'log', 'new', '--name', 'log.example.org/two')
        expect_same(town.stands()['stamped'], 0, 'stamped')
        town.start()
        expect_same(town.verify(town.stamped(record), '--ca', town.ca.file)[0], 0, 'under the new log')


def beside_witnesses(cases, folder):
    """A receipt stands on both, as soon as there is both, and on stamps alone when witnesses fail."""
    with proof.own_city() as city:
        town = Town(city, folder)
        witness = witness_test.Witness(folder, 'w')
        witness_test.command('witness', 'add', witness.path, proof.run(city, 'log', 'key').body.strip())
        witness.start()
        policy = witness_test.policy_of({'W': (witness.key, witness.url)}, 'quorum W\n')
        witness_test.set_policy(city, folder, policy)
        town.set()
        town.start()
        with cases('where witnesses are asked, what they have signed is stamped'):
            record = town.create()
            receipt = proof.until(lambda: town.receipt(record), lambda found: split(found)['TIMESTAMP TOKEN'] and
                                  'w' in witness_test.signers(found), 'witnessed and stamped', WAIT_S)
            status, said = town.verify(receipt, '--ca', town.ca.file, '--policy', folder / 'policy')
            expect_same((status, said['quorum'], said['time_checked']), (0, True, True), 'both')
            done = town.script(receipt, witness.key, town.ca.file, int(time.time()) + 3600)
            expect(done.returncode == 0 and 'witness w.example' in done.stdout and 'was there at' in done.stdout, done.stdout + done.stderr)
        with cases('while they fail, the authority stamps what the city alone has signed'):
            witness.kill()
            receipt = town.stamped(town.create())
            expect_same((witness_test.signers(receipt), town.verify(receipt, '--ca', town.ca.file)[0]), (set(), 0), 'stamped')
            expect_same(town.refused(receipt, '--policy', folder / 'policy'), 'log.unwitnessed', 'not witnessed')
        with cases('a witness that comes back takes no stamp away, also of a checkpoint that it signs late'):
            with proof.database(city) as db:
                def stamps():
                    return set(db.execute('SELECT note, token FROM log_stamp').fetchall())
                before = stamps()
                witness.start()
                late = proof.until(lambda: db.execute('SELECT note FROM log_checkpoint ORDER BY size DESC').fetchone()[0],
                                   lambda note: note.split('\n')[1] == max(before, key=lambda row: int(row[0].split('\n')[1]))[0].split('\n')[1],
                                   'the newest is witnessed', WAIT_S)
                proof.until(stamps, lambda found: late in {note for note, _ in found}, 'and stamped anew', WAIT_S)
                expect(before <= stamps(), 'a stamp is gone')
        city.stop()


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)
    print(f'# seed {seed}')
    rng, cases = random.Random(seed), proof.Cases()
    with proof.own_city() as city, tempfile.TemporaryDirectory() as folder:
        town = Town(city, Path(folder))
        settings(cases, town)
        town.start()
        receipt = accepted(cases, town)
        mutations(cases, town, rng, receipt)
        expiry(cases, town)
        troubles(cases, town)
        renewal(cases, town, rng)
    with tempfile.TemporaryDirectory() as folder:
        beside_witnesses(cases, Path(folder))
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
