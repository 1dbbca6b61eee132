#!/usr/bin/env python3
"""The OpenAPI document: it is one, by a checker that knows nothing of this program, and the program keeps to it: what each address takes
and answers, asked as several roles, fits the schema that stands there for it. Repeated by `./dev test openapi_test`."""
import http.client
import json
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import proof
from matrix import endpoints
from proof import expect, expect_same

ROLES = ('operator', 'officer', 'researcher', 'institution', 'manager', 'expert', 'enterprise', 'auditor')
EACH = 12                                           # records of a type that are asked for
NONE = '00000000-0000-7000-8000-000000000000'
SHEET = 'title,discipline\n一件,材料\n,材料\n'


class Asked:
    """Answers, each with the address of the document that it belongs to."""

    def __init__(self):
        self.documents, self.answers = {}, []

    def keep(self, who, method, pattern, reply, sent=None):
        media = next((value for name, value in dict(reply.headers).items() if name.lower() == 'content-type'), '').split(';')[0]
        one = {'who': who, 'method': method.lower(), 'pattern': pattern, 'status': reply.status, 'media': media, 'body': reply.text}
        self.answers.append(one if sent is None else {**one, 'sent': sent})
        return reply


class Reader:
    """One person, whose every request is kept."""

    def __init__(self, asked, city, who):
        self.asked, self.who = asked, who
        self.client = proof.Client(city, who) if who else proof.Client(city)
        self.asked.documents[who or 'nobody'] = self.client.get('/api/v1/openapi.json').wants(200).json

    def ask(self, method, pattern, sent=None, query='', headers=None, **parts):
        path = pattern
        for name, value in parts.items():
            path = path.replace('{' + name + '}', str(value))
        reply = self.client.request(method, path + query, sent, headers=headers or {})
        return self.asked.keep(self.who or 'nobody', method, pattern, reply, sent)


def records(reader, type_):
    base = '/api/v1/records/{type}'
    listed = reader.ask('GET', base, query='?limit=50&total=1', type=type_)
    reader.ask('GET', base, query='?filter=nothing+%3D+1', type=type_)
    reader.ask('GET', base + '/template', query='?format=csv', type=type_)
    reader.ask('GET', base + '/export', type=type_)
    reader.ask('GET', base + '/board', type=type_)
    reader.ask('GET', base + '/matrix', type=type_)
    for one in listed.json.get('items', [])[:EACH]:
        of = {'type': type_, 'id': one['id']}
        reader.ask('GET', base + '/{id}', **of)
        reader.ask('GET', base + '/{id}/events', **of)
        reader.ask('GET', base + '/{id}/files', **of)
        day = proof.city_day()
        reader.ask('GET', base + '/{id}/at/{date}', query='?since=2026-01-01', date=day, **of)


def expanded(reader, type_):
    """References told whole."""
    fields = [f['name'] for f in reader.client.get(f'/api/v1/types/{type_}').wants(200).json['fields'] if f['kind'].startswith('reference')]
    if fields:
        reader.ask('GET', '/api/v1/records/{type}', query='?expand=' + ','.join(fields), type=type_)


def looks(reader):
    types = reader.ask('GET', '/api/v1/types')
    for path in ('/api/v1/sessions', '/api/v1/desk', '/api/v1/statistics', '/api/v1/notices', '/api/v1/mail', '/healthz'):
        reader.ask('GET', path)
    if types.status != 200:
        return
    for type_ in types.json['items']:
        reader.ask('GET', '/api/v1/types/{type}', type=type_['name'])
        records(reader, type_['name'])
        expanded(reader, type_['name'])


def writes(reader):
    base = '/api/v1/records/{type}'
    made = reader.ask('POST', base, {'fields': {'title': '一件', 'discipline': '材料', 'claimed_level': 3, 'keywords': None}}, type='result').json
    of = {'type': 'result', 'id': made['id']}
    reader.ask('POST', base, {'fields': {'title': 3}}, type='result')
    reader.ask('PATCH', base + '/{id}', {'fields': {'title': '又一件'}}, headers={'If-Match': '"1"'}, **of)
    reader.ask('PATCH', base + '/{id}', {'fields': {'title': '再一件'}}, **of)
    reader.ask('PATCH', base + '/{id}', {'fields': {'title': '再一件'}}, headers={'If-Match': '"1"'}, **of)
    reader.ask('POST', base + '/{id}/actions/{action}', {'input': {}}, action='submit', **of)
    reader.ask('POST', base + '/import', {'rows': [{'fields': {'title': 'A'}}, {'id': NONE, 'fields': {'title': 'B'}}], 'dry_run': True}, type='result')
    notice = reader.client.get('/api/v1/notices').json['items']
    if notice:
        reader.ask('POST', '/api/v1/notices/read', {'until': notice[0]['id']})
    reader.ask('POST', '/api/v1/mail', {'address': 'a@example.org', 'wants': 'daily'})
    reader.ask('DELETE', '/api/v1/mail')
    reader.ask('POST', '/api/v1/sessions', {'login': 'nobody', 'password': 'x'})


def files(reader):
    """What is no JSON: an import as a job, its errors, its columns."""
    client, who = reader.client, reader.who
    begun = client.request('POST', '/api/v1/records/result/import?name=rows.csv', SHEET.encode(),
                           headers={'Content-Type': 'text/csv', 'X-Firstmile': '1'})
    reader.asked.keep(who, 'POST', '/api/v1/records/{type}/import', begun)
    job = begun.wants(202).json['id']
    proof.until(lambda: client.get(f'/api/v1/jobs/{job}').wants(200).json['state'], lambda state: state == 'done', 'the import')
    for pattern in ('/api/v1/jobs/{id}', '/api/v1/jobs/{id}/errors', '/api/v1/jobs/{id}/columns'):
        reader.ask('GET', pattern, id=job)
    reader.ask('POST', '/api/v1/jobs/{id}/columns', {'mapping': {'title': 'title'}, 'dry_run': True}, id=job)


class Socket(proof.Client):
    """The operator of the machine, through the city's socket."""

    def __init__(self, city):
        self.city, self.lang, self.cookie = city, 'en', None
        self.connection = http.client.HTTPConnection('localhost', timeout=60)
        self.connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.connection.sock.connect(str(Path(city.path) / 'socket'))


def operates(asked, city):
    reader = Reader.__new__(Reader)
    reader.asked, reader.who, reader.client = asked, 'machine', Socket(city)
    asked.documents['machine'] = reader.client.get('/api/v1/openapi.json').wants(200).json
    local = '/api/v1/local/'
    users = reader.ask('GET', local + 'users').wants(200).json['items']
    membership = users[0]['memberships'][0]
    reader.ask('GET', local + 'organisations')
    reader.ask('GET', local + 'tokens')
    token = reader.ask('POST', local + 'tokens', {'login': users[0]['login'], 'label': 'x'}).wants(201).json['id']
    reader.ask('DELETE', local + 'tokens/{id}', id=token).wants(204)
    reader.ask('GET', local + 'tokens')
    added = reader.ask('POST', local + 'users', {'login': 'newcomer', 'name': '来者', 'organisation': membership['organisation']['id'],
                                                 'role': 'researcher', 'password': proof.PASSWORD}).wants(201).json
    joined = reader.ask('POST', local + 'memberships', {'person': added['person'], 'organisation': membership['organisation']['id'],
                                                        'role': 'manager'}).wants(201).json
    reader.ask('DELETE', local + 'memberships/{id}', id=joined['id']).wants(204)
    reader.ask('POST', local + 'credentials', {'person': added['person'], 'login': 'newcomer', 'password': proof.PASSWORD + '2'})
    reader.ask('DELETE', local + 'credentials/{login}', login='newcomer').wants(204)
    hook = reader.ask('POST', local + 'webhooks', {'login': users[0]['login'], 'url': 'http://127.0.0.1:1999/', 'private': True}).wants(201).json
    reader.ask('POST', local + 'webhooks/{id}/secret', id=hook['id']).wants(200)
    reader.ask('GET', local + 'webhooks').wants(200)
    reader.ask('GET', local + 'webhooks/{id}/deliveries', id=hook['id']).wants(200)
    reader.ask('DELETE', local + 'webhooks/{id}', id=hook['id']).wants(204)
    reader.ask('GET', local + 'relay').wants(200)
    reader.ask('POST', local + 'relay', {'url': 'smtp://127.0.0.1:1999', 'from': 'a@example.org', 'link': 'https://firstmile.example.org', 'plain': True})
    reader.ask('GET', local + 'relay').wants(200)
    reader.ask('GET', local + 'relay/deliveries').wants(200)
    reader.ask('DELETE', local + 'relay').wants(204)


def check(asked):
    with tempfile.TemporaryDirectory(prefix='firstmile-openapi-') as folder:
        file = Path(folder) / 'asked.json'
        file.write_text(json.dumps({'documents': asked.documents, 'answers': asked.answers}), encoding='utf-8')
        done = subprocess.run(['node', str(proof.ROOT / 'tests/openapi_check.mjs'), str(file)], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    expect_same(done.returncode, 0, done.stderr)
    count = re.fullmatch(r'checked (\d+)', lines[-1])
    expect(count, f'no count: {lines[-3:]}')
    return lines[:-1], int(count[1])


def main():
    cases = proof.Cases()
    asked = Asked()
    with proof.own_city() as city:
        city.start()
        readers = {who: Reader(asked, city, who) for who in ('', *ROLES)}
        for who, reader in readers.items():
            looks(reader)
        writes(readers['researcher'])
        files(readers['researcher'])
        operates(asked, city)
        with cases('documents are OpenAPI 3.1, and what is taken and answered is what they say'):
            wrong, count = check(asked)
            expect(not wrong, f'{len(wrong)} of {count}:\n' + '\n'.join(wrong[:20]))
            expect(count > 1000, f'{count} answers')
            print(f'# {count} bodies against the schemas of {len(asked.documents)} documents', flush=True)
        with cases('each address that is no page is in the document, and none besides'):
            rows, _ = endpoints.with_policy(proof.ROOT)
            for who, wanted in (('nobody', [e for e in rows if e.allow != 'machine']), ('machine', rows)):
                operations = [one for path in asked.documents[who]['paths'].values() for one in path.values()]
                expect(all(any(status < '3' for status in one['responses']) for one in operations), 'what it gives is not told')
                expect_same(endpoints.documented(asked.documents[who]), {(e.method, e.pattern) for e in wanted if not e.page}, who)
        with cases('the checker finds a lie: another type, a member too many, one that is missing, an answer not told of'):
            one = next(a for a in asked.answers if a['pattern'] == '/api/v1/desk' and a['status'] == 200)
            body = json.loads(one['body'])
            for lie in ({**body, 'due_today': 'x'}, {**body, 'more': 1}, {k: v for k, v in body.items() if k != 'late'}):
                wrong, _ = check(type('', (), {'documents': {one['who']: asked.documents[one['who']]},
                                               'answers': [{**one, 'body': json.dumps(lie)}]}))
                expect_same(len(wrong), 1, f'{lie}')
            wrong, _ = check(type('', (), {'documents': {one['who']: asked.documents[one['who']]}, 'answers': [{**one, 'status': 202}]}))
            expect_same(len(wrong), 1, 'a status')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
