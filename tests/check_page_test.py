#!/usr/bin/env python3
# suite: slow
"""How far a step is proven, on the page of its record, and the page where anybody checks a receipt.

    check_page_test.py [SEED]       a random seed unless said; it is printed
"""
import http.client
import os
import random
import re
import sys
import tempfile
from pathlib import Path

import files_test
import proof
from evidence_test import blocks, flipped, get, receipt_of, with_block
from proof import expect, expect_same
from witness_test import Witness, command, policy_of, set_policy, verify

MUTATIONS = 60
MOST = 256 << 10                # of a body: LIMIT_CHECK_BYTES
ROLES = ('researcher', 'institution', 'manager', 'officer', 'expert', 'enterprise', 'auditor')
LINK = re.compile(r'href="/result/[^"]+/receipt\?version=(\d+)" download>')
PROOF = re.compile(r'<p class="proof(?: proof-wait)?">.*?</svg>([^<]+)<a')
WORDS = {'zh': ('待签署', '已入日志', '已见证'), 'en': ('To be signed', 'In the log', 'Witnessed')}
ANSWERS = {'zh': ('未改动', '属于', '已见证', '尚未', '没有'), 'en': ('Unchanged', 'Yes', 'Yes', 'Not yet', 'No')}


def stages(client, record, lang):
    """What is said of each step, newest first."""
    return PROOF.findall(client.get(f'/result/{record}', lang=lang).wants(200).text)


def send(city, body, headers, lang=None):
    """As a browser without a session does."""
    client = proof.Client(city)
    answer = client.request('POST', '/check' + (f'?lang={lang}' if lang else ''), body, headers)
    client.close()
    return answer


def by_file(city, receipt, lang=None):
    return send(city, *files_test.multipart({'text': ''}, [('file', 'a.evr', receipt)]), lang)


def by_text(city, text, lang=None):
    return send(city, *files_test.multipart({'text': text}, [('file', '', b'')]), lang)


def by_api(city, text):
    client = proof.Client(city)
    answer = client.request('POST', '/api/v1/receipts/check', {'receipt': text})
    client.close()
    return answer.wants(200).json


def answers(page):
    """[(kind, answer)]"""
    return re.findall(r'<li class="answer-(\w+)">.*?<strong>([^<]*)</strong>', page, re.S)


def expect_refused(city, receipt, what):
    page = by_file(city, receipt).wants(200).text
    found = answers(page)
    expect(found and found[0][0] == 'late' and len(found) == 1 and 'class="facts"' not in page.split('<details')[0], f'{what}: {found}')


def on_disk(city):
    """All that the city keeps: rows, and names and sizes of files."""
    with proof.database(city) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")]
        rows = {name: sorted(map(repr, db.execute(f'SELECT * FROM "{name}"'))) for name in names}
    files = sorted(str(p) for p in Path(city.path).rglob('*') if p.is_file() and not p.name.startswith('city.db'))
    return rows, files


def without_witnesses(cases, city, folder, rng):
    key, client = get(city, '/log/key').text.strip(), proof.Client(city, 'researcher')

    with cases('a new step is to be signed, and is in the log once a receipt was asked for, which its link gives'):
        record = client.create('result', title='CANARY <b>TITLE</b>').wants(201).json['id']
        for lang, words in WORDS.items():
            expect_same(stages(client, record, lang), [words[0]], 'before')
        answer = client.get(f'/result/{record}/receipt', version=1).wants(200)
        expect(re.search(rf'attachment; filename="{record}-\d+\.evr"', answer.headers['Content-Disposition']), str(answer.headers))
        expect('true: leaf' in verify(folder, answer.bytes, '--key', key).stdout, 'the file verifies')
        for lang, words in WORDS.items():
            expect_same(stages(client, record, lang), [words[1]], 'after')

    with cases('each step has its receipt beside it for those who may have it, and no sign for anybody else'):
        seen = set()
        for role in ROLES:
            reader = proof.Client(city, role)
            for one in reader.all('result')[:12]:
                page = reader.get(f'/result/{one["id"]}').wants(200).text
                linked = sorted(map(int, LINK.findall(page)))
                versions = [step['version'] for step in reader.get(f'/api/v1/records/result/{one["id"]}/events').wants(200).json['items']]
                given = {v: reader.get(f'/api/v1/records/result/{one["id"]}/receipt', version=v).status for v in versions}
                expect_same(linked, sorted(v for v, status in given.items() if status == 200), f'{role}: {one["id"]}: {given}')
                expect_same(page.count('class="proof'), len(linked), 'signs')
                seen |= set(given.values())
            reader.close()
        expect_same(seen, {200, 403}, 'what was met')

    receipt = receipt_of(client, record)
    with cases('the page says what a receipt is worth and what it tells, in both languages, of a file and of a text'):
        for lang, (unchanged, of_this, _, _, unasked) in ANSWERS.items():
            for page in (by_file(city, receipt, lang), by_text(city, receipt.decode().replace('\n', '\r\n'), lang),
                         by_text(city, f'\r\n {receipt.decode().strip()}  \r\n\r\n', lang)):
                text = page.wants(200).text
                expect_same(answers(text), [('done', unchanged), ('done', of_this), ('not', unasked)], lang)
                expect('CANARY &lt;b&gt;TITLE&lt;/b&gt;' in text and record in text and '<b>TITLE' not in text, 'what it tells, escaped')
                expect(key.replace('+', '&#43;') in text or key in text, 'the key')
        told = by_api(city, receipt.decode())
        expect_same([told[k] for k in ('unchanged', 'of_this_log', 'witnessed')], [True, True, None], 'by API')
        expect_same(told['receipt']['manifest'].encode(), blocks(receipt)['EVIDENCE MANIFEST'], 'the manifest')

    with cases(f'{MUTATIONS} with one bit changed, {MUTATIONS} whose digest was made anew, cut off, doubled, garbage: refused'):
        found = blocks(receipt)
        for _ in range(MUTATIONS):
            expect_refused(city, flipped(rng, receipt), 'one bit')
        for _ in range(MUTATIONS):
            name = rng.choice(['EVIDENCE SALT', 'EVIDENCE MANIFEST', 'EVIDENCE DISCLOSURE', 'TLOG PROOF'])
            expect_refused(city, with_block(receipt, name, flipped(rng, found[name])), f'one bit of {name}')
        for cut in (1, 19, len(receipt) // 2, len(receipt) - 1):
            expect_refused(city, receipt[:cut], f'{cut} bytes')
        expect_refused(city, receipt * 2, 'twice')
        expect_refused(city, rng.randbytes(5000), 'garbage')
        expect_refused(city, b'\0' * 5000, 'nothing but zeros')
        expect_refused(city, b'evidence-receipt/v1\n' + b'A' * (200 << 10), 'two hundred kilobytes')
        for lang, word in (('zh', '不是完好的回执'), ('en', 'Not an intact receipt')):
            expect_same(answers(by_file(city, receipt[:-1], lang).text), [('late', word)], lang)

    with cases('the receipt of another log is said to be that, whether it is true or not'):
        with proof.own_city() as other:                         # a copy of the same demo city, perhaps
            proof.run(other, 'log', 'new', '--name', 'other.example')
            line = proof.run(other, 'list', 'result', '--as', 'researcher').body.splitlines()[0]
            theirs = proof.run(other, 'receipt', 'result', line.split()[0], '--as', 'researcher').body.encode()
        expect_same([kind for kind, _ in answers(by_file(city, theirs).text)], ['not', 'late'], 'theirs')
        told = by_api(city, theirs.decode())
        expect_same([told[k] for k in ('unchanged', 'of_this_log', 'witnessed')], [None, False, None], 'by API')
        expect('receipt' not in told and told['error']['type'] == '/errors/log.signature', str(told))
        expect_refused(city, with_block(theirs, 'LOG KEY', key.encode()), 'theirs under our key')

    with cases('too large is refused before it is read, a form of another site is refused, an empty one asks again'):
        for length in (1 << 30, MOST + 1):
            connection = http.client.HTTPConnection(*city.address, timeout=30)
            connection.putrequest('POST', '/check')
            connection.putheader('Content-Type', 'multipart/form-data; boundary=x')
            connection.putheader('Content-Length', str(length))
            connection.endheaders()
            expect_same(connection.getresponse().status, 413, f'{length} bytes')
            connection.close()
        body, headers = files_test.multipart({'text': 'x'}, [])
        expect_same(send(city, body, {**headers, 'Origin': 'http://evil.example'}).status, 403, 'another site')
        expect_same(send(city, body[:-9], headers).status, 400, 'a form that ends half-way')
        expect('name="file"' in by_text(city, ' ').wants(200).text, 'the form again')

    with cases('nobody is told apart by a cookie, and nothing is written'):
        before = on_disk(city)
        for answer in (get(city, '/check'), by_file(city, receipt), by_text(city, 'x'), by_file(city, os.urandom(200 << 10))):
            expect(answer.status == 200 and answer.headers['Set-Cookie'] is None, f'{answer.status}: {answer.headers}')
        by_api(city, receipt.decode())
        expect_same(on_disk(city), before, 'the city')
    return record, receipt


def with_witnesses(cases, city, folder, record, receipt):
    with cases('once witnesses have signed, the step and its receipt say so; a receipt of before does not'):
        witness = Witness(folder, 'a').start()
        try:
            key = proof.run(city, 'log', 'key').body.strip()
            command('witness', 'add', witness.path, key)
            set_policy(city, folder, policy_of({'A': (witness.key, witness.url)}, 'quorum A\n'))
            city.start()
            client = proof.Client(city, 'researcher')
            proof.until(lambda: stages(client, record, 'en'), lambda at: at == ['Witnessed'], 'witnessed')
            expect_same(stages(client, record, 'zh'), ['已见证'], 'zh')
            later = receipt_of(client, record)
            for lang, (unchanged, of_this, witnessed, missing, _) in ANSWERS.items():
                page = by_file(city, later, lang).text
                expect_same(answers(page), [('done', unchanged), ('done', of_this), ('done', witnessed)], lang)
                expect_same(answers(by_file(city, receipt, lang).text), [('done', unchanged), ('done', of_this), ('wait', missing)], lang)
            expect_same([by_api(city, r.decode())['witnessed'] for r in (later, receipt)], [True, False], 'by API')
        finally:
            witness.kill()


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 32)
    print(f'# seed {seed}')
    rng, cases = random.Random(seed), proof.Cases()
    with proof.own_city() as city, tempfile.TemporaryDirectory() as folder:
        city.start()
        record, receipt = without_witnesses(cases, city, Path(folder), rng)
        city.stop()
        with_witnesses(cases, city, Path(folder), record, receipt)
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
