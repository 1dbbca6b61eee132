#!/usr/bin/env python3
# suite: slow
"""Files: up, into a field, down again, and gone when nothing holds them.

    files_test.py [SEED]        a random seed unless said; it is printed

What a laboratory sends comes back byte for byte, to whom the field shows and to nobody else; what is not what its name says, too
large, empty or of no kind that the city takes is refused at its field. A connection that breaks, a full disk and kill -9 leave
nothing half. A backup holds the files, and a restored city checks them. What no record holds is swept; what is erased is gone
from the disk.
"""
import hashlib
import http.client
import json
import random
import re
import secrets
import shutil
import signal
import socket
import sys
import tarfile
import threading
import time
import urllib.parse
from pathlib import Path

import hostile_machine_test
import proof
from proof import expect, expect_same, until

TYPE, FIELD = 'trl_assessment', 'evidence_files'
PDF, DAY_MS = b'%PDF-1.7\n', 24 * 3600 * 1000
LIMIT = 20 << 20                                    # of a field that says nothing else


def pdf(size, seed=0):
    return PDF + random.Random(seed).randbytes(size - len(PDF))


def assessment(client, **fields):
    result = client.create('result', title='带文件的成果').wants(201).json['id']
    return client.create(TYPE, result=result, element='样机', **fields).wants(201).json


def upload(client, record, name, data, **headers):
    target = f'/api/v1/records/{TYPE}/{record}/files?name={urllib.parse.quote(name)}'
    return client.request('POST', target, data, {'Content-Type': 'application/octet-stream', 'X-Firstmile': '1',
                                                 **{key.replace('_', '-'): value for key, value in headers.items()}})


def put(client, record, files, version=None):
    version = version or client.get(f'/api/v1/records/{TYPE}/{record}').wants(200).json['version']
    return client.edit(TYPE, record, version, **{FIELD: [{'id': file['id']} for file in files]})


def fetch(client, record, file):
    return client.get(f'/api/v1/records/{TYPE}/{record}/files/{file["id"]}')


def reason(reply):
    """Codes of what is wrong, at their fields."""
    return {(error['field'], error['code']) for error in reply.json['errors']}


def staged(city):
    return sorted(path.name for path in (Path(city.path) / 'staging').iterdir())


def nothing_staged(city):
    """What was refused goes with the end of its exchange, which may come a moment after the answer."""
    until(lambda: staged(city), lambda names: not names, 'something stays staged')


def kept(city):
    return {''.join(path.parts[-2:]) for path in (Path(city.path) / 'files').glob('*/*')}


def there_and_back(city, client):
    data = pdf(3_000_000)
    record = assessment(client)['id']
    name = '检测报告 “终稿”.PDF'
    file = upload(client, record, name, data).wants(201).json
    expect_same((file['name'], file['size'], file['sha256']), ('检测报告 “终稿”.PDF', len(data), hashlib.sha256(data).hexdigest()),
                'what is said of it')
    fetch(client, record, file).wants(404)                       # held by no record yet
    shown = put(client, record, [file]).wants(200).json
    expect_same(shown['fields'][FIELD], [file], 'the value')
    answer = fetch(client, record, file).wants(200)
    expect(answer.bytes == data, 'other bytes came back')
    expect_same(answer.headers['Content-Type'], 'application/pdf', 'type')
    expect_same(answer.headers['X-Content-Type-Options'], 'nosniff', 'nosniff')
    expect('sandbox' in answer.headers['Content-Security-Policy'], 'no sandbox')
    disposition = answer.headers['Content-Disposition']
    expect(disposition.startswith('attachment;') and "filename*=UTF-8''%E6%A3%80" in disposition, disposition)
    expect_same(client.get(f'/api/v1/records/{TYPE}/{record}/files').wants(200).json['items'], [{**file, 'field': FIELD}], 'the list')
    expect_same(client.get(f'/{TYPE}/{record}/files/{file["id"]}').wants(200).bytes, data, 'by the page')
    expect(f'/files/{file["id"]}' in client.get(f'/{TYPE}/{record}').wants(200).text, 'the page has no link to it')
    return record, file, data


def others(city, record, file):
    """A stranger gets what they get for a file that is not there, and so does who is not signed in."""
    stranger = proof.Client(city, 'bank')
    nothing = {'id': '01900000-0000-7000-8000-000000000000'}
    one, none = fetch(stranger, record, file).wants(404), fetch(stranger, record, nothing).wants(404)
    expect_same(one.bytes, none.bytes, 'to a stranger')
    expect_same(upload(stranger, record, 'x.pdf', PDF).wants(404).bytes, upload(stranger, nothing['id'], 'x.pdf', PDF).bytes, 'an upload')
    fetch(proof.Client(city), record, file).wants(401)


def refused(city, client):
    """Each with its reason, at its field, in both languages; nothing of it stays."""
    record, before = assessment(client)['id'], kept(city)
    page = b'<!doctype html><script>alert(1)</script>'
    for name, data, code in (('x.pdf', page, 'file.content'), ('x.png', PDF, 'file.content'), ('x.exe', b'MZ', 'file.type'),
                             ('x.html', page, 'file.type'), ('pdf', PDF, 'file.type'), ('x.pdf', b'', 'file.empty'),
                             ('x.docx', b'PK\3\4' + b'\0' * 500, 'file.content'), ('x.txt', b'a\0b', 'file.content'),
                             ('', PDF, 'file.name'), ('///', PDF, 'file.name'), ('\u202e', PDF, 'file.name')):
        reply = upload(client, record, name, data).wants(422)
        expect_same(reason(reply), {('name', code)}, f'{name!r}')
        english = proof.Client(city, lang='en', cookie=client.cookie)
        expect(upload(english, record, name, data).text != reply.text, 'one language')
    cleaned = upload(client, record, '../../etc/\u202epasswd\x01<b>.pdf', PDF).wants(201).json
    expect_same(cleaned['name'], 'passwdb.pdf', 'a hostile name')
    nothing_staged(city)
    expect_same(len(kept(city) - before), 1, 'files that were kept')


def of_a_field(city, client):
    """What a field does not take, whose it is, and how many."""
    record = assessment(client)['id']
    other = proof.Client(city, 'institution')
    theirs = upload(other, record, 'x.pdf', PDF).wants(201).json
    expect_same(reason(put(client, record, [theirs]).wants(422)), {(FIELD, 'field.file')}, "somebody else's")
    put(other, record, [theirs]).wants(200)
    text = upload(client, record, 'x.txt', '说明'.encode()).wants(201).json
    expect_same(reason(put(client, record, [text]).wants(422)), {(FIELD, 'field.file_type')}, 'of another type')
    large = upload(client, record, 'x.pdf', pdf(LIMIT + 1)).wants(201).json
    expect_same(reason(put(client, record, [large]).wants(422)), {(FIELD, 'field.file_size')}, 'too large')
    many = [upload(client, record, f'{n}.pdf', PDF + str(n).encode()).wants(201).json for n in range(21)]
    expect_same(reason(put(client, record, many).wants(422)), {(FIELD, 'field.items')}, 'too many')
    for wrong in ({'id': 5}, 'x', {'name': 'x.pdf'}, None, []):
        reply = client.edit(TYPE, record, 2, **{FIELD: [wrong]}).wants(422)
        expect_same(reason(reply), {(FIELD, 'field.kind')}, f'{wrong!r}')
    shown = put(client, record, [theirs, many[3], many[3], many[1]]).wants(200).json
    expect_same([file['id'] for file in shown['fields'][FIELD]], [theirs['id'], many[3]['id'], many[1]['id']], 'order, and none twice')
    reply = put(client, record, [many[3]]).wants(200)           # the others are let go
    expect_same([file['id'] for file in reply.json['fields'][FIELD]], [many[3]['id']], 'what is left')
    fetch(client, record, theirs).wants(200)                    # the past holds it
    client.get(f'/api/v1/records/{TYPE}/{record}/at/{proof.city_day()}').wants(200)


def too_much(city, client):
    """A length that is too large is refused before a byte of it is read; so is who may not."""
    record = assessment(client)['id']
    stranger = proof.Client(city, 'bank')
    for who, length, status in ((client, 1 << 40, 413), (client, 268435457, 413), (stranger, 1000, 404), (proof.Client(city), 1000, 401)):
        with socket.create_connection(city.address, timeout=30) as raw:
            cookie = f'Cookie: {who.cookie}\r\n' if who.cookie else ''
            raw.sendall(f'POST /api/v1/records/{TYPE}/{record}/files?name=x.pdf HTTP/1.1\r\nHost: x\r\n{cookie}X-Firstmile: 1\r\n'
                        f'Content-Length: {length}\r\n\r\n'.encode())
            expect_same(int(raw.recv(1000).split()[1]), status, f'{length} bytes')
    nothing_staged(city)


def pending(city):
    """Uploads that nobody puts anywhere are bounded, by a person."""
    client = proof.Client(city, 'manager')
    record = assessment(client)['id']
    replies = [upload(client, record, f'{n}.pdf', PDF + str(n).encode()) for n in range(201)]
    expect_same({reply.status for reply in replies}, {201, 429}, 'answers')
    last = next(reply for reply in replies if reply.status == 429)
    expect(last.json['type'].endswith('/file.pending'), last.text)
    upload(proof.Client(city, 'institution'), record, 'x.pdf', PDF).wants(201)


def broken_off(city, client):
    """A connection that ends half-way leaves nothing."""
    record, before = assessment(client)['id'], kept(city)
    with socket.create_connection(city.address, timeout=30) as raw:
        raw.sendall(f'POST /api/v1/records/{TYPE}/{record}/files?name=x.pdf HTTP/1.1\r\nHost: x\r\nCookie: {client.cookie}\r\n'
                    f'X-Firstmile: 1\r\nContent-Length: 1000000\r\n\r\n'.encode() + pdf(500_000))
        until(lambda: staged(city), bool, 'nothing is staged')
    nothing_staged(city)
    expect_same(kept(city), before, 'files')


def once(city, client):
    record, key = assessment(client)['id'], secrets.token_hex(8)
    first = upload(client, record, 'x.pdf', pdf(9000), Idempotency_Key=key).wants(201)
    again = upload(client, record, 'x.pdf', pdf(9000), Idempotency_Key=key).wants(201)
    expect_same(again.json, first.json, 'the second answer')
    upload(client, record, 'x.pdf', pdf(9000, 1), Idempotency_Key=key).wants(422)
    put(client, record, [first.json]).wants(200)
    again = upload(client, record, 'x.pdf', pdf(9000), Idempotency_Key=key).wants(201)
    expect_same(again.json['id'], first.json['id'], 'the id once it is in a record')
    with proof.database(city) as db:                     # a day and more ago
        db.execute('UPDATE idempotency SET time = time - ?', (DAY_MS + 1,))
        db.execute('UPDATE upload SET created = created - ?', (DAY_MS + 1,))
        db.commit()
    later = upload(client, record, 'x.pdf', pdf(9000), Idempotency_Key=key).wants(201)
    expect(later.json['id'] != first.json['id'], 'an id that may no longer be used')
    put(client, record, [first.json, later.json]).wants(200)


def multipart(pairs, files):
    boundary, body = secrets.token_hex(8), b''
    for name, value in pairs.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, filename, data in files:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n' \
                f'Content-Type: application/octet-stream\r\n\r\n'.encode() + data + b'\r\n'
    return body + f'--{boundary}--\r\n'.encode(), {'Content-Type': f'multipart/form-data; boundary={boundary}'}


def send(client, target, pairs, files):
    page = client.get(target).wants(200).text
    target = re.search(r'<form action="([^"]*)" method="post" enctype', page)[1]
    hidden = {name: re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ('csrf', 'once')}
    version = re.search(r'name="version" value="(\d+)"', page)
    body, headers = multipart({**hidden, **({'version': version[1]} if version else {}), **pairs}, files)
    return client.request('POST', target, body, headers)


def by_form(city, client):
    """As a browser sends it: new ones, those that stay, those whose tick was taken away, and what is wrong with one."""
    record = assessment(client)['id']
    target, field = f'/{TYPE}/{record}/edit', f'file[{FIELD}]'
    expect('enctype="multipart/form-data"' in client.get(target).wants(200).text, 'the form sends no files')
    send(client, target, {FIELD: '', 'element': '样机'}, [(field, '一.pdf', pdf(5000)), (field, '二.pdf', pdf(5000, 1))]).wants(303)
    files = client.get(f'/api/v1/records/{TYPE}/{record}').json['fields'][FIELD]
    expect_same([file['name'] for file in files], ['一.pdf', '二.pdf'], 'after the first form')
    stay = {FIELD: '', f'{FIELD}[{files[1]["id"]}]': 'true', 'element': '样机'}
    send(client, target, stay, [(field, '三.pdf', pdf(5000, 2)), (field, '', b'')]).wants(303)
    files = client.get(f'/api/v1/records/{TYPE}/{record}').json['fields'][FIELD]
    expect_same([file['name'] for file in files], ['二.pdf', '三.pdf'], 'after the second')
    wrong = send(client, target, {FIELD: '', 'element': '新'}, [(field, '四.pdf', b'no pdf'), (field, '五.pdf', pdf(5000, 3))]).wants(422)
    expect('四.pdf' in wrong.text and 'value="新"' in wrong.text, 'the form does not say what was wrong, or forgot what was typed')
    left = client.get(f'/api/v1/records/{TYPE}/{record}').json['fields'][FIELD]
    expect_same(left, files, 'after one that was refused')
    created = send(client, f'/{TYPE}/new', {'result': client.create('result', title='新').json['id'], FIELD: ''}, [(field, '六.pdf', PDF)])
    created.wants(303)
    expect('六.pdf' in client.get(created.headers['Location'].split('?')[0]).wants(200).text, 'no file in the new record')


def import_form(city, client):
    """A file for records: a sheet of one that has none is told at its own field, and nothing of the file stays."""
    title = '表中之表'
    rows = [('file', 'x.csv', f'title\n{title}\n'.encode())]
    refused = send(client, '/result/import', {'how': 'write', 'sheet': '1'}, rows).wants(422).text
    expect('href="#sheet"' in refused and re.search(r'id="sheet"[^>]*aria-invalid="true"', refused), 'the field is not named')
    expect(not re.search(r'id="file"[^>]*aria-invalid', refused), 'the file is said to be wrong')
    nothing_staged(city)
    send(client, '/result/import', {'how': 'check', 'sheet': ''}, rows).wants(303)


def forged_form(city, client):
    """Another site's form, with files or without, does nothing, and leaves nothing."""
    record, before = assessment(client)['id'], kept(city)
    body, headers = multipart({'csrf': 'x', FIELD: ''}, [(f'file[{FIELD}]', 'x.pdf', pdf(5000, 99))])
    client.request('POST', f'/{TYPE}/{record}/edit', body, headers).wants(403)
    client.request('POST', '/notices', body, headers).wants(415)           # a form that has no files takes none
    proof.Client(city).request('POST', f'/{TYPE}/{record}/edit', body, headers).wants(401)
    nothing_staged(city)
    expect_same(kept(city), before, 'files')


def full_disk():
    """Refused while it is full, served on, and taken afterwards."""
    with hostile_machine_test.small_disk('24m') as disk, proof.own_city() as city:
        ballast = disk / 'ballast'
        ballast.write_bytes(b'\0' * (8 << 20))
        shutil.copytree(city.path, disk / 'city')
        home, city.path = city.path, disk / 'city'
        try:
            city.start()
            client = proof.Client(city, 'researcher')
            record, before = assessment(client)['id'], kept(city)
            reply = upload(client, record, 'x.pdf', pdf(15 << 20))
            expect(reply.status == 503 and reply.json['type'].endswith('/store.full'), f'{reply.status}: {reply.text[:300]}')
            nothing_staged(city)
            expect_same(kept(city), before, 'files')
            proof.Client(city).get('/healthz').wants(200)
            ballast.unlink()
            file = upload(client, record, 'x.pdf', pdf(10 << 20)).wants(201).json
            put(client, record, [file]).wants(200)
            expect(fetch(client, record, file).wants(200).bytes == pdf(10 << 20), 'other bytes')
            city.stop()
        finally:
            city.kill()
            city.path = home


class Sender(threading.Thread):
    """Uploads and puts, until the server is gone. held: (record, file, hash) that were acknowledged in a record."""

    def __init__(self, city, cookie, seed):
        super().__init__()
        self.city, self.cookie, self.seed, self.held, self.problem = city, cookie, seed, [], None

    def run(self):
        try:
            client = proof.Client(self.city, cookie=self.cookie)
            record = assessment(client)['id']
            for number in range(100_000):
                data = pdf(20_000, f'{self.seed} {number}')
                file = upload(client, record, f'{number}.pdf', data).wants(201).json
                put(client, record, [file]).wants(200)
                self.held.append((record, file, hashlib.sha256(data).hexdigest()))
        except (OSError, http.client.HTTPException):
            pass                                                # killed
        except Exception as problem:
            self.problem = problem


def killed(city, choose):
    """kill -9 while people upload: what was acknowledged is there whole, and nothing is left staged."""
    held = []
    for round_ in range(3):
        city.start()
        cookie = proof.Client(city, 'researcher').cookie
        senders = [Sender(city, cookie, f'{round_} {n}') for n in range(3)]
        for sender in senders:
            sender.start()
        time.sleep(choose.uniform(0.5, 1.5))
        city.server.send_signal(signal.SIGKILL)
        city.server.wait()
        city.kill()
        for sender in senders:
            sender.join()
            if sender.problem:
                raise sender.problem
            held += sender.held
    city.start()
    client = proof.Client(city, 'researcher')
    expect(len(held) > 9, f'only {len(held)} were held')
    expect_same(staged(city), [], 'what is staged after a start')
    for record, file, sha256 in held:
        expect_same(hashlib.sha256(fetch(client, record, file).wants(200).bytes).hexdigest(), sha256, file['name'])
    city.stop()


def swept(city):
    """After two days what no record holds is gone, also what a killed process left, and nothing else."""
    city.arguments = ['--test-clock']
    city.start()
    client = proof.Client(city, 'researcher')
    record = assessment(client)['id']
    loose, held = upload(client, record, 'x.pdf', pdf(7000, 'loose')).wants(201).json, upload(client, record, 'x.pdf', pdf(7000, 'held')).wants(201).json
    put(client, record, [held]).wants(200)
    stray = Path(city.path) / 'files/ab' / ('c' * 62)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b'left by a process that died')
    later = client.get('/api/v1/records/result').headers['Date']
    moment = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.mktime(time.strptime(later, '%a, %d %b %Y %H:%M:%S GMT')) + 3 * 86400))
    expect(loose['sha256'] in kept(city), 'it went at once')
    client.request('POST', '/api/v1/test-clock', {'now': moment}).wants(200)
    client = proof.Client(city, 'researcher')
    until(lambda: kept(city), lambda names: loose['sha256'] not in names, 'what nothing holds is still there')
    expect_same(reason(put(client, record, [held, loose]).wants(422)), {(FIELD, 'field.file')}, 'an upload of three days ago')
    expect(fetch(client, record, held).wants(200).bytes == pdf(7000, 'held'), 'what is held has gone')
    city.stop()
    city.start()                                                # a new process looks at the whole folder
    until(lambda: stray.exists(), lambda there: not there, 'what no table knows is still there')
    city.stop()
    city.arguments = []


def backed_up(city, record, file, data):
    home = Path(city.path).parent
    backup, folder = home / 'files.backup', home / 'with-files'
    said = json.loads(proof.run(city, 'backup', backup, '--json').body)
    with tarfile.open(backup) as tar:
        names = [name for name in tar.getnames() if name.startswith('files/')]
        expect_same(len(names), said['files'], 'files in the backup')
    expect(f'files/{file["sha256"][:2]}/{file["sha256"][2:]}' in names, 'the file is not in it')
    keys = home / 'file-keys'
    shutil.copytree(Path(city.path) / 'keys', keys)
    answer = city.command(['restore', str(backup), str(folder), '--key-dir', str(keys)], '')
    expect_same(answer.status, 0, answer.body + answer.stderr)
    restored = proof.City(city.binary, home, made=folder)
    restored.arguments = ['--key-dir', str(keys)]
    restored.start()
    expect(fetch(proof.Client(restored, 'researcher'), record, file).wants(200).bytes == data, 'other bytes after a restore')
    restored.stop()
    broken = bytearray(backup.read_bytes())
    at = broken.index(data[100:200])
    broken[at] ^= 1
    (home / 'broken.backup').write_bytes(broken)
    answer = city.command(['restore', str(home / 'broken.backup'), str(home / 'no')], '')
    expect_same(answer.status, 65, 'exit of a restore with a damaged file')
    expect(not (home / 'no').exists(), 'half a city')
    (Path(city.path) / 'files' / file['sha256'][:2] / file['sha256'][2:]).write_bytes(b'damaged')
    answer = proof.run(city, 'backup', home / 'no.backup', status=None)
    expect(answer.status != 0 and not (home / 'no.backup').exists(), 'a damaged file was backed up')


def main(seed=None):
    seed = seed if seed is not None else secrets.randbits(32)
    print(f'# seed {seed}', flush=True)
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        client = proof.Client(city, 'researcher')
        with cases('up, into a field, and down again: the same bytes, to be saved and not shown'):
            record, file, data = there_and_back(city, client)
        with cases('to others it is as if it were not there'):
            others(city, record, file)
        with cases('what is not what its name says, or nothing that a city takes, is refused'):
            refused(city, client)
        with cases('a field says how many, how large and of which types; an upload is its sender\'s'):
            of_a_field(city, client)
        with cases('too large, or by somebody who may not: refused before it is read'):
            too_much(city, client)
        with cases('a connection that breaks off leaves nothing'):
            broken_off(city, client)
        with cases('with a key once'):
            once(city, client)
        with cases('by a form'):
            by_form(city, client)
        with cases('a form that imports names the field that is wrong'):
            import_form(city, client)
        with cases('by a form of another site: nothing'):
            forged_form(city, client)
        with cases('uploads that wait are bounded'):
            pending(city)
        city.stop()
        with cases('a full disk in the middle of an upload'):
            full_disk()
        with cases('kill -9 while people upload'):
            killed(city, random.Random(seed))
        with cases('what nothing holds is swept'):
            swept(city)
        with cases('a backup holds files, and checks them'):
            backed_up(city, record, file, data)
    return cases.end()


if __name__ == '__main__':
    sys.exit(main(*map(int, sys.argv[1:2])))
