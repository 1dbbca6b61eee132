#!/usr/bin/env python3
"""Requests that are wrong, against the real server: each is refused with the status, code and words of docs/ERRORS.md, in Chinese
and in English, and after all of them the city is as it was before.
"""
import re
import socket
import sys
import urllib.parse
import uuid

import proof
from proof import TEXTS, expect, expect_same

RECORDS = '/api/v1/records/result'
BODY_MAX = 1 << 20
NOBODYS = '01890000-0000-7000-8000-000000000000'


class Site:
    """The served city with one client for each login and language."""

    def __init__(self, city):
        self.city, self.clients = city, {}

    def client(self, login, lang):
        if (login, 'zh') not in self.clients:
            self.clients[login, 'zh'] = proof.Client(self.city, login, 'zh')
        if (login, lang) not in self.clients:
            self.clients[login, lang] = proof.Client(self.city, lang=lang, cookie=self.clients[login, 'zh'].cookie)
        return self.clients[login, lang]

    def ask(self, login, lang, method, target, body=None, headers=()):
        return self.client(login, lang).request(method, target, body, headers)


def expect_refused(site, code, login, method, target, body=None, headers=(), fields=()):
    """The refusal in both languages; fields: pairs (field, code) that must be among its errors. Returns the two problems."""
    problems = []
    for lang in ('zh', 'en'):
        what = f'{method} {target[:120]} {str(body)[:120]} {dict(headers)} [{lang}]'
        reply = site.ask(login, lang, method, target, body, headers)
        expect_same(reply.status, TEXTS[code].status, f'{what}\n{reply.text[:600]}\nstatus')
        expect_same(reply.headers['Content-Type'].split(';')[0], 'application/problem+json', f'{what}: Content-Type')
        expect(reply.headers['X-Request-Id'], f'{what}: no X-Request-Id')
        problem = reply.json
        expect_same(problem['type'].rsplit('/', 1)[-1], code, f'{what}: type')
        expect_same(problem['title'], TEXTS[code].title[lang], f'{what}: title')
        expect_same(problem['status'], reply.status, f'{what}: status in the body')
        expect(problem['detail'].strip() and '{' not in problem['detail'], f'{what}: detail {problem["detail"]!r}')
        expect(reply.headers['X-Request-Id'] not in reply.text, f'{what}: the request id is in the body')
        found = {(error.get('field'), error['code']) for error in problem.get('errors', [])}
        expect(set(fields) <= found, f'{what}: expected errors {fields}, found {found}')
        expect(all(error['text'].strip() for error in problem.get('errors', [])), f'{what}: an error without text')
        problems.append(problem)
    expect(problems[0]['detail'] != problems[1]['detail'], f'{what}: the same words in both languages')
    return problems


# ---- bodies --------------------------------------------------------------------------------------------------------

def fields_body(text):
    return b'{"fields":{"title":' + text + b'}}'


MALFORMED = {
    'cut off': b'{"fields":{"title":"x"',
    'no JSON': b'title=x',
    'two values': b'{"fields":{"title":"x"}} {}',
    'a comment': b'{"fields":{"title":"x"}} // x',
    'single quotes': b"{'fields':{'title':'x'}}",
    'a trailing comma': b'{"fields":{"title":"x",}}',
    'NaN': fields_body(b'NaN'),
    'a leading zero': fields_body(b'01'),
    'a byte order mark': b'\xef\xbb\xbf{"fields":{"title":"x"}}',
    'a key twice': b'{"fields":{"title":"x","title":"y"}}',
    'a lone surrogate': fields_body(b'"\\ud800"'),
    'a raw control character': fields_body(b'"a\x01"'),
    'a NUL': b'{"fields":{"title":"x"}}\0',
    'GBK': fields_body('"界面层"'.encode('gbk')),
    'a byte that is never UTF-8': fields_body(b'"\xff"'),
    'an overlong form': fields_body(b'"\xc0\x80"'),
    'a surrogate in UTF-8': fields_body(b'"\xed\xa0\x80"'),
    'UTF-16': '{"fields":{"title":"x"}}'.encode('utf-16'),
    '65 levels': fields_body(b'[' * 63 + b']' * 63),
    '100,000 levels': fields_body(b'[' * 100_000 + b']' * 100_000),
    '100,000 levels that never close': b'{"a":' * 100_000,
}


def malformed_bodies(site):
    for what, body in MALFORMED.items():
        with_what = f'a body with {what}'
        try:
            expect_refused(site, 'json.syntax', 'researcher', 'POST', RECORDS, body)
        except proof.Failure as failure:
            raise proof.Failure(f'{with_what}: {failure}') from None


def huge_bodies(site):
    body = fields_body(b'"' + b'x' * BODY_MAX + b'"')
    expect_refused(site, 'http.body', 'researcher', 'POST', RECORDS, body)
    many = b'{"fields":{' + b','.join(b'"f%d":0' % number for number in range(50_000)) + b'}}'
    expect_refused(site, 'record.invalid', 'researcher', 'POST', RECORDS, many)
    long_number = fields_body(b'"x","claimed_level":' + b'9' * 500_000)
    expect_refused(site, 'record.invalid', 'researcher', 'POST', RECORDS, long_number, fields=[('claimed_level', 'field.kind')])


def wrong_shapes(site):
    for body in ([], 'text', 7, None, {'fields': []}, {'fields': 'x'}):
        expect_refused(site, 'http.parameter', 'researcher', 'POST', RECORDS, body if body is not None else b'null')
    for body in ({'field': {}}, {'fields': {'title': 'x'}, 'state': 'pool'}):
        expect_refused(site, 'http.parameter_unknown', 'researcher', 'POST', RECORDS, body)
    for body, media in ((b'{"fields":{"title":"x"}}', 'text/plain'), (b'fields=x', 'application/x-www-form-urlencoded')):
        expect_refused(site, 'http.media', 'researcher', 'POST', RECORDS, body, {'Content-Type': media})


# ---- values --------------------------------------------------------------------------------------------------------

def wrong_values(site):
    rows = [('titel', 'x', 'field.unknown'), ("title'--", 'x', 'field.unknown'),
            ('id', NOBODYS, 'field.read_only'), ('owner', NOBODYS, 'field.read_only'), ('state', 'pool', 'field.read_only'),
            ('version', 7, 'field.read_only'), ('number', 'POC-2025-00001', 'field.read_only'),
            ('title', 7, 'field.kind'), ('title', True, 'field.kind'), ('title', ['x'], 'field.kind'),
            ('title', {'zh': 'x'}, 'field.kind'), ('title', 'x' * 201, 'field.long'), ('title', 'a\0b', 'field.text'),
            ('title', 'a\x7fb', 'field.text'), ('title', 'two\nlines', 'field.text'),
            ('abstract', '字' * 10_001, 'field.long'), ('abstract', 'a\x1bb', 'field.text'),
            ('claimed_level', '4', 'field.kind'), ('claimed_level', 4.5, 'field.kind'), ('claimed_level', True, 'field.kind'),
            ('claimed_level', 10, 'field.range'), ('claimed_level', 0, 'field.range'), ('claimed_level', -1, 'field.range'),
            ('claimed_level', 10 ** 19, 'field.kind'), ('disclosure', 'top secret', 'field.choice')]
    for name, value, code in rows:
        fields = {'title': 'x', name: value}
        expect_refused(site, 'record.invalid', 'researcher', 'POST', RECORDS, {'fields': fields}, fields=[(name, code)])
    expect_refused(site, 'record.invalid', 'researcher', 'POST', RECORDS, {'fields': {}}, fields=[('title', 'field.required')])
    expect_refused(site, 'record.invalid', 'researcher', 'POST', RECORDS, {'fields': {'title': ' \u3000 '}},
                   fields=[('title', 'field.required')])
    both = {'title': 7, 'claimed_level': 10, 'nothing': 1}
    expect_refused(site, 'record.invalid', 'researcher', 'POST', RECORDS, {'fields': both},
                   fields=[('title', 'field.kind'), ('claimed_level', 'field.range'), ('nothing', 'field.unknown')])


def wrong_references(site, foreign):
    for value, code in ((7, 'field.kind'), ('x', 'field.reference'), (NOBODYS, 'field.reference'), (foreign, 'field.reference')):
        expect_refused(site, 'record.invalid', 'manager', 'POST', '/api/v1/records/trl_assessment',
                       {'fields': {'result': value}}, fields=[('result', code)])


def wrong_dates(site):
    membership = site.client('operator', 'zh').all('membership')[0]
    target = f'/api/v1/records/membership/{membership["id"]}'
    for value in ('2025-02-30', '2025-13-01', '2025-00-10', '2023-02-29', '25-1-1', '2025-1-1', '20250101', '2025-01-01T00:00:00Z',
                  '2025-01-01 ', '２０２５-01-01', '0000-00-00', '12025-01-01', '-2025-01-01', '', 20250101, True):
        if value == '':
            continue            # an empty text is a missing value
        expect_refused(site, 'record.invalid', 'operator', 'PATCH', target, {'fields': {'valid_to': value}},
                       {'If-Match': f'"{membership["version"]}"'}, fields=[('valid_to', 'field.kind')])


# ---- records and steps ---------------------------------------------------------------------------------------------

def stale_versions(site, own):
    target, change = f'{RECORDS}/{own["id"]}', {'fields': {'title': 'y'}}
    expect_refused(site, 'record.no_match', 'researcher', 'PATCH', target, change)
    for version in (own['version'] - 1, own['version'] + 1, 10 ** 12):
        expect_refused(site, 'record.stale', 'researcher', 'PATCH', target, change, {'If-Match': f'"{version}"'})
        expect_refused(site, 'record.stale', 'researcher', 'POST', f'{target}/actions/submit', {'input': {}},
                       {'If-Match': f'"{version}"'})
    for tag in ('*', 'W/"1"', '"x"', f'{own["version"]}x', '"1", "2"', '""', '"0"', '"-1"'):
        expect_refused(site, 'http.parameter', 'researcher', 'PATCH', target, change, {'If-Match': tag})


def refused_steps(site, own):
    target = f'{RECORDS}/{own["id"]}/actions'
    expect_refused(site, 'action.unknown', 'researcher', 'POST', f'{target}/nothing', {'input': {}})
    expect_refused(site, 'action.denied', 'researcher', 'POST', f'{target}/return', {'input': {'return_reason': 'x'}})
    expect_refused(site, 'action.refused', 'manager', 'POST', f'{target}/return', {'input': {'return_reason': 'x'}},
                   fields=[(None, 'action.state')])
    expect_refused(site, 'record.invalid', 'researcher', 'POST', f'{target}/submit', {'input': {}},
                   fields=[('abstract', 'field.required'), ('discipline', 'field.required')])
    expect_refused(site, 'record.invalid', 'researcher', 'POST', f'{target}/submit', {'input': {'title': 'y'}},
                   fields=[('title', 'field.read_only')])
    gates = site.client('manager', 'zh').all('gate_review', filter="state = 'prepared'")
    expect(gates, 'the demo city has no gate that is not open')
    refused = 0
    for gate in gates:
        step = f'/api/v1/records/gate_review/{gate["id"]}/actions/open'
        options = site.client('manager', 'zh').get(f'/api/v1/records/gate_review/{gate["id"]}').wants(200).json['actions']
        if next(option for option in options if option['name'] == 'open')['allowed']:
            continue
        refused += 1
        for problem in expect_refused(site, 'action.refused', 'manager', 'POST', step, {'input': {}}):
            expect(problem['errors'] and all(error.get('rule') for error in problem['errors']), f'no clause in {problem}')
    expect(refused, 'no gate of the demo city is refused')


def foreign_records(site, own):
    """Whatever is asked of a record that one may not see, the answer is that of a record that there is not, byte for byte."""
    asked = [('GET', '', None, {}), ('GET', '/events', None, {}), ('PATCH', '', {'fields': {'title': 'y'}}, {'If-Match': '"1"'}),
             ('PATCH', '', {'fields': {'title': 7}}, {}), ('POST', '/actions/submit', {'input': {}}, {}),
             ('POST', '/actions/nothing', {'input': {}}, {}), ('POST', '/actions/withdraw', {'input': {'x': 1}}, {'If-Match': '"9"'})]
    for login in ('society', 'expert', 'enterprise'):
        for method, rest, body, headers in asked:
            random = str(uuid.uuid4())
            answers = []
            for record in (own['id'], random, NOBODYS):
                target = f'{RECORDS}/{record}{rest}'
                expect_refused(site, 'record.unseen', login, method, target, body, headers)
                reply = site.ask(login, 'en', method, target, body, headers)
                same = {name: value for name, value in reply.headers.items() if name not in ('Date', 'X-Request-Id')}
                answers.append((reply.status, same, reply.bytes))
            expect(answers[0] == answers[1] == answers[2], f'{login} {method} {rest}: a foreign and a random id differ: {answers}')
    for record in ('x', NOBODYS.upper() + '0', '%27', "'", '*', '0', '-1'):
        expect_refused(site, 'record.unseen', 'researcher', 'GET', f'{RECORDS}/{urllib.parse.quote(record)}')


# ---- lists ---------------------------------------------------------------------------------------------------------

def wrong_lists(site):
    rows = [('filter', 'state =', 'expression.syntax'), ('filter', "title = 'x", 'expression.syntax'),
            ('filter', "title = 'x' OR 1=1 --", 'expression.syntax'), ('filter', 'title = "x"', 'expression.syntax'),
            ('filter', "title = 'x'; DROP TABLE r_result", 'expression.syntax'), ('filter', '()', 'expression.syntax'),
            ('filter', 'nothing = 1', 'expression.name'), ('filter', 'r_result.title = 1', 'expression.name'),
            ('filter', 'title = 1', 'expression.type'), ('filter', "claimed_level = '1'", 'expression.type'),
            ('filter', "created = date '2025-02-30'", 'expression.syntax'),
            ('filter', 'claimed_level + 1 = 2', 'expression.filter'), ('filter', 'length(title) = 2', 'expression.filter'),
            ('filter', '(' * 65 + 'claimed_level = 1' + ')' * 65, 'expression.limit'),
            ('filter', "title = '" + 'x' * 4096 + "'", 'expression.limit'),
            ('sort', 'nothing', None), ('sort', 'title;', None), ('sort', 'title desc', None), ('sort', '--title', None),
            ('limit', '0', 'http.parameter'), ('limit', '1001', 'http.parameter'), ('limit', 'ten', 'http.parameter'),
            ('limit', '9' * 30, 'http.parameter'), ('total', '2', 'http.parameter'), ('cursor', 'forged', 'http.cursor'),
            ('fields', 'nothing', None), ('expand', 'nothing', None), ('frobnicate', '1', 'http.parameter_unknown'),
            ('lang', 'fr', 'http.parameter')]
    for name, value, code in rows:
        target = f'{RECORDS}?{urllib.parse.urlencode({name: value})}'
        if code:
            wanted = 'record.invalid' if code.startswith('expression.') and code != 'expression.limit' else code
        for lang in ('zh', 'en'):
            reply = site.ask('researcher', lang, 'GET', target)
            expect_same(reply.status, 422, f'{name}={value[:60]}: {reply.text[:400]}\nstatus')
            problem = reply.json
            codes = {error['code'] for error in problem.get('errors', [])} | {problem['type'].rsplit('/', 1)[-1]}
            expect(code is None or code in codes, f'{name}={value[:60]}: expected {code}, found {codes}')
            expect(problem['detail'].strip(), f'{name}={value[:60]}: no detail')
    page = site.client('researcher', 'zh').get(RECORDS, limit=1).wants(200).json
    for other in ({'filter': "state = 'pool'"}, {'sort': 'title'}):
        target = f'{RECORDS}?{urllib.parse.urlencode({"limit": 1, "cursor": page["next"], **other})}'
        expect_refused(site, 'http.cursor', 'researcher', 'GET', target)
    expect_refused(site, 'http.cursor', 'institution', 'GET', f'{RECORDS}?{urllib.parse.urlencode({"cursor": page["next"]})}')
    expect_refused(site, 'http.parameter', 'researcher', 'GET', f'{RECORDS}?limit=1&limit=2')


def hidden_fields(site):
    """An expert does not see who the inventors are, nor of the pool how it is done: not by filter, not by sort, not by count."""
    expert, auditor = site.client('expert', 'zh'), site.client('auditor', 'zh')

    def total(client, text):
        return client.get(RECORDS, filter=f"state = 'pool' and ({text})", total=1, limit=1).wants(200).json['total']

    everything = total(expert, "state = 'pool'")
    expect(everything > 1, f'the expert sees {everything} results')
    for name in ('inventors', 'contact', 'abstract'):
        known = [row['fields'][name] for row in auditor.all('result', filter="state = 'pool'") if row['fields'].get(name)]
        expect(known, f'no result in the pool has {name}')
        for value in known[:3]:
            quoted = value.replace("'", "''")
            expect(total(auditor, f"{name} = '{quoted}'") > 0, f'the auditor does not find {name} = {value!r}')
            for text in (f"{name} = '{quoted}'", f"{name} contains '{quoted[:2]}'", f"not ({name} != '{quoted}')",
                         f"{name} in ('{quoted}')", f'{name} is not missing', f"{name} >= ''"):
                expect_same(total(expert, text), 0, f'the expert filters {text!r}: total')
            expect_same(total(expert, f'{name} is missing'), everything, f'the expert filters {name} is missing: total')
            expect_same(total(expert, f"{name} != '{quoted}'"), everything, f'the expert filters {name} != …: total')
    orders = {name: {sign: [row['id'] for row in expert.all('result', filter="state = 'pool'", sort=sign + name)] for sign in ('', '-')}
              for name in ('inventors', 'contact', 'abstract', 'external_id')}
    expect(all(order == orders['contact'] for order in orders.values()), f'hidden fields sort differently: {orders}')
    expect(auditor.all('result', sort='inventors') != auditor.all('result', sort='contact'),
           'the auditor sees no difference either, so the check could not fail')


# ---- framing -------------------------------------------------------------------------------------------------------

FRAMING = {
    b'GET / HTTP/1.1\r\n\r\n': 400,                                                    # no Host
    b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n': 400,
    b'GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n': 400,
    b'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n': 400,
    b'GET / HTTP/1.1\nHost: a\n\n': 400,
    b'GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n': 400,
    b'GET /%2e%2e%2fcity.db HTTP/1.1\r\nHost: a\r\n\r\n': 400,
    b'GET / HTTP/2.0\r\nHost: a\r\n\r\n': 505,
    b'POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx': 400,
    b'POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n': 400,
    b'POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n': 400,
    b'POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n': 501,
    b'POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n': 413,
    b'GET / HTTP/1.1\r\nHost: a\r\n' + b'X: y\r\n' * 65 + b'\r\n': 431,
    b'GET / HTTP/1.1\r\nHost: a\r\nX: ' + b'y' * 40_000 + b'\r\n\r\n': 431,
    b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + b'\0' * 40: 400,                # TLS to a port without
}


def wrong_framing(site):
    """Refused with that status, and the connection ends: what follows in it is never taken for a request."""
    for text, status in FRAMING.items():
        with socket.create_connection(site.city.address, timeout=10) as connection:
            connection.sendall(text)
            answer = b''
            try:
                while chunk := connection.recv(65536):
                    answer += chunk
            except ConnectionResetError:
                pass                # it does not read what it has refused
        match = re.match(rb'HTTP/1\.1 (\d{3}) ', answer)
        expect(match and int(match[1]) == status, f'{text[:80]!r}: expected {status}, found {answer[:200]!r}')
        expect_same(len(re.findall(rb'^HTTP/1\.1 ', answer, re.MULTILINE)), 1, f'answers to {text[:80]!r}')


def wrong_addresses(site):
    expect_refused(site, 'page.unseen', 'researcher', 'GET', '/api/v1/nothing')
    expect_refused(site, 'type.unknown', 'researcher', 'GET', '/api/v1/records/nothing')
    expect_refused(site, 'page.unseen', 'researcher', 'GET', '/api/v1/local/users')
    expect_refused(site, 'http.method', 'researcher', 'DELETE', RECORDS)
    expect_refused(site, 'http.method', 'researcher', 'PUT', f'{RECORDS}/{NOBODYS}', {'fields': {}})
    expect_refused(site, 'http.cross_site', 'researcher', 'POST', RECORDS, {'fields': {'title': 'x'}},
                   {'Origin': 'https://elsewhere.example'})
    expect_refused(site, 'http.cross_site', 'researcher', 'POST', RECORDS, {'fields': {'title': 'x'}},
                   {'Sec-Fetch-Site': 'cross-site'})


# ---- all of it -----------------------------------------------------------------------------------------------------

def at_the_limit(site):
    """What is just within a limit goes in: or the refusals above would prove nothing."""
    client = site.client('researcher', 'zh')
    body = fields_body(b'"x"')
    client.request('POST', RECORDS, body + b' ' * (BODY_MAX - len(body))).wants(201)
    for fields in ({'title': '\U0001F52C' * 200}, {'title': 'x', 'abstract': '字' * 10_000}, {'title': 'x', 'claimed_level': 9}):
        client.create('result', **fields).wants(201)
    nested = '(' * 30 + 'claimed_level = 9' + ')' * 30
    client.get(RECORDS, filter=nested, limit=1000).wants(200)


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        site = Site(city)
        with cases('what is just within the limits goes in'):
            at_the_limit(site)
        own = site.client('researcher', 'zh').create('result', title='尚未公开').wants(201).json
        own = site.client('researcher', 'zh').edit('result', own['id'], own['version'], keywords='第二版').wants(200).json
        for login in ('manager', 'institution', 'operator', 'society', 'enterprise', 'expert', 'auditor'):
            site.client(login, 'zh')
        city.stop()
        before, log = proof.dump(city), proof.dump(city, 'event%')
        city.start()
        site.clients = {(login, lang): proof.Client(city, lang=lang, cookie=client.cookie)
                        for (login, lang), client in site.clients.items()}
        for title, check in {
            'malformed, deep and not UTF-8': lambda: malformed_bodies(site),
            'huge': lambda: huge_bodies(site),
            'of another shape or media type': lambda: wrong_shapes(site),
            'unknown fields and wrong values': lambda: wrong_values(site),
            'references to what is not there or not seen': lambda: wrong_references(site, NOBODYS),
            'dates that are none': lambda: wrong_dates(site),
            'stale and missing versions': lambda: stale_versions(site, own),
            'refused and unknown steps': lambda: refused_steps(site, own),
            'foreign and random ids': lambda: foreign_records(site, own),
            'filters, sorts, limits and cursors': lambda: wrong_lists(site),
            'hidden fields in filter and sort': lambda: hidden_fields(site),
            'addresses, methods and other sites': lambda: wrong_addresses(site),
            'framing': lambda: wrong_framing(site),
        }.items():
            with cases(f'refused in both languages: {title}'):
                check()
        with cases('the server is well, and ends with 0'):
            proof.Client(city).get('/healthz').wants(200)
            city.stop()
        with cases('nothing of all this is left: records and events are as before'):
            proof.expect_same_dump(proof.dump(city), before, 'the record tables')
            proof.expect_same_dump(proof.dump(city, 'event%'), log, 'the events')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
