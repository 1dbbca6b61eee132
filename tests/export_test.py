#!/usr/bin/env python3
"""What goes out comes back the same: random records of every kind of field go in, are exported, read by Python's own readers of
CSV and JSON, imported again and exported again. And an export ends half-way for who may no longer read."""
import csv
import io
import itertools
import json
import random
import shutil
import socket
import sys
from pathlib import Path

import proof
import xlsx
from proof import expect, expect_same

SEED = random.randrange(1 << 32)
ROWS = 600
MINI = proof.ROOT / 'tests/packs/mini'
LONG = json.dumps({'title': 'long', 'body': '冰' * 2000}, ensure_ascii=False) + '\n'
HEADS = ['id', 'number', 'state', 'version', 'owner', 'creator', 'created', 'changed']
FORMULA = ('=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠')
PLAIN = {'integer', 'decimal', 'money', 'boolean', 'date', 'instant'}
SIGNS = ["'", "''", '=', '+', '-', '@', ',', '"', '""', ';', '冰', '水 ', 'x', '\\', '{', '€', '😀', '0', "'=", 'é']
LINES = [*SIGNS, '\n', '\n\n', '\n=', ',\n']


# ---- random records ------------------------------------------------------------------------------------------------

class Maker:
    """Values of the fields that GET /api/v1/types/paper describes, by their kind alone."""

    def __init__(self, rng, targets):
        self.rng, self.targets = rng, targets

    def text(self, field, parts):
        found = ''.join(self.rng.choice(parts) for _ in range(self.rng.randint(1, 8))).strip()
        return found[:field.get('max_length', 20)].strip() or 'x'

    def number(self, field, digits):
        low = float(field.get('min', -999))
        high = float(field.get('max', 999))
        found = f'{self.rng.uniform(low, min(high, 900)):.{digits}f}'
        return found if float(found) else f'{0:.{digits}f}'

    def value(self, field):
        kind, rng = field['kind'], self.rng
        if kind == 'text':
            return self.text(field, SIGNS)
        if kind == 'long_text':
            return self.text(field, LINES)
        if kind == 'integer':
            return rng.randint(int(field.get('min', -9)), min(int(field.get('max', 9)), 100))
        if kind in ('decimal', 'money'):
            return self.number(field, field.get('scale', 2))
        if kind == 'boolean':
            return rng.random() < 0.5
        if kind == 'date':
            return f'{rng.randint(1950, 2090)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}'
        if kind == 'instant':
            return f'20{rng.randint(10, 40)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}T0{rng.randint(0, 9)}:00:00.{rng.randint(0, 999):03}Z'
        if kind == 'choice':
            return rng.choice(field['choices'])['code']
        if kind == 'choices':
            codes = [choice['code'] for choice in field['choices']]
            return [code for code in codes if rng.random() < 0.5] or codes[:1]
        if kind == 'reference':
            return rng.choice(self.targets[field['target']])
        if kind == 'references':
            found = self.targets[field['target']]
            return rng.sample(found, rng.randint(1, len(found)))
        if kind == 'rows':
            return [row for row in (self.row(field) for _ in range(rng.randint(1, 4))) if row] or [self.row(field, True)]
        raise ValueError(f'no way to make a {kind}')

    def row(self, field, whole=False):
        return {column['name']: self.positive(column) for column in field['columns'] if whole or self.rng.random() < 0.7}

    def positive(self, column):
        return f'{self.rng.uniform(0, 900):.2f}' if column['kind'] == 'money' else self.value(column)

    def record(self, number, fields):
        # what is not given may get a default: those are always given
        made = {f['name']: self.value(f) for f in fields
                if 'default' in f or 'default_from' in f or self.rng.random() < 0.7}
        made['title'] = f'{self.value({"kind": "text", "max_length": 40})} {number:04}'
        if 'grant' in made:
            made.setdefault('grant_currency', 'CNY')
        if 'manuscript' in made:
            made['manuscript'] = f'{made["manuscript"][:10]}{number:04}'
        return made


def cell(value):
    """How the manual says a value stands in a CSV file, before the apostrophe."""
    if value is None:
        return ''
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return json.dumps(value, ensure_ascii=False, separators=(',', ':'))
    if isinstance(value, list):
        return ';'.join(value)
    return str(value)


def plain(text):
    """Without the apostrophe that keeps it from being a formula."""
    bare = text.lstrip("'")
    return text[1:] if len(bare) < len(text) and bare.startswith(FORMULA) else text


# ---- reading exports -----------------------------------------------------------------------------------------------

def read_csv(text):
    expect(text.startswith('\ufeff'), f'no byte order mark: {text[:20]!r}')
    expect(text.endswith('\r\n'), 'the last line does not end')
    table = list(csv.reader(io.StringIO(text[1:], newline=''), strict=True))
    for row in table:
        expect_same(len(row), len(table[0]), f'cells of {row}')
    return table[0], [dict(zip(table[0], row)) for row in table[1:]]


def exported(city, login, *words):
    path = city.scratch / 'out'
    proof.run(city, 'export', 'paper', '--as', login, '--sort', 'title', '--out', path, *words)
    return path.read_bytes()


class Papers:
    """A city of the smallest pack, and what its type `paper` takes."""

    def __init__(self, city, rng):
        self.city = city
        shutil.rmtree(city.path)
        done = city.command(['init', str(city.path), '--pack', str(MINI), '--demo', '--demo-password', proof.PASSWORD], '')
        expect_same(done.status, 0, done.stderr)
        for login in ('second', 'third'):       # numbers of manuscripts are unique in an organisation: each has its own
            proof.run(city, 'act', 'organisation', '-', 'create', '--as', 'admin', '--data', json.dumps({'name': login}))
            proof.run(city, 'user add', '--login', login, '--name', login, '--organisation', login, '--role', 'admin',
                      stdin=proof.PASSWORD)
        city.start()
        client = proof.Client(city, 'author')
        described = client.get('/api/v1/types/paper').wants(200).json
        targets = {name: [record['id'] for record in client.all(name)] for name in ('person', 'organisation')}
        client.close()
        inputs = next(action['inputs'] for action in described['actions'] if action['creates'])
        self.inputs = [f for f in described['fields'] if f['name'] in inputs and f['kind'] not in ('file', 'files')]
        self.fields = [f for f in self.inputs if not f['system']]
        self.names = [f['name'] for f in self.fields]
        self.kinds = {f['name']: f['kind'] for f in described['fields']}
        self.given = {r['title']: r for r in (Maker(rng, targets).record(n, self.fields) for n in range(ROWS))}
        expect_same(len(self.given), ROWS, 'titles')

    def import_as(self, login, name, text):
        path = self.city.scratch / name
        path.write_bytes(text.encode())
        said = proof.run(self.city, 'import', 'paper', path, '--as', login, '--json').body
        found = json.loads(said)
        expect_same([found['accepted'], found['refused']], [ROWS, 0], f'import of {name}')

    def export(self, login, *words):
        return self.exported_bytes(login, *words).decode('utf-8')

    def exported_bytes(self, login, *words):
        """What that login has made, without whatever else it sees."""
        name = '作者' if login == 'author' else login
        return exported(self.city, login, '--filter', f"creator.name = '{name}'", '--fields', ','.join(self.names), *words)


def count_events(city):
    with proof.database(city) as db:
        return db.execute('SELECT count(*) FROM event').fetchone()[0]


def as_new(text):
    """Rows that name no record: they make new ones."""
    table = list(csv.reader(io.StringIO(text[1:], newline=''), strict=True))
    kept = [at for at, name in enumerate(table[0]) if name not in ('id', 'number', 'version')]
    out = io.StringIO()
    csv.writer(out).writerows([row[at] for at in kept] for row in table)
    return out.getvalue()


def check_csv(papers, text):
    head, rows = read_csv(text)
    expect_same(set(head), set(HEADS) | set(papers.names), 'columns')
    expect_same(head[:len(HEADS)], HEADS, 'first columns')
    expect_same(len(rows), ROWS, 'rows')
    for row in rows:
        wanted = papers.given[plain(row['title'])]
        for name in papers.names:
            found = row[name]
            if papers.kinds[name] not in PLAIN:
                expect(not found.startswith(FORMULA), f'{name} is a formula: {found!r}')
                found = plain(found)
            expect_same(found, cell(wanted.get(name)), f'{name} of {wanted["title"]!r}')


def spelled(kind, value):
    """A cell of XLSX as the manual says it stands in CSV."""
    if isinstance(value, float):
        return value
    return 'true' if value is True else 'false' if value is False else '' if value is None else str(value)


def check_xlsx(papers, body):
    head, *rows = xlsx.read(body)
    expect_same(set(head), set(HEADS) | set(papers.names), 'columns')
    expect_same(len(rows), ROWS, 'rows')
    for row in rows:
        found = {name: spelled(papers.kinds[name], value) for name, value in itertools.zip_longest(head, row)}
        wanted = papers.given[found['title']]
        for name in papers.names:
            told = cell(wanted.get(name))
            expect_same(found[name], float(told) if isinstance(found[name], float) else told, f'{name} of {wanted["title"]!r}')


def check_template(papers):
    proof.run(papers.city, 'export', 'paper', '--as', 'author', '--template', '--out', papers.city.scratch / 'empty.xlsx', '--lang', 'zh')
    body = (papers.city.scratch / 'empty.xlsx').read_bytes()
    head, = xlsx.read(body)
    labels = {field['label']: field for field in papers.inputs}
    expect_same(sorted(head), sorted(labels), 'columns')
    choices = {label: [choice['label'] for choice in field['choices']] for label, field in labels.items() if field['kind'] == 'choice'}
    found = {head[xlsx.index_of(letters)]: words for letters, words in xlsx.drop_downs(body).items()}
    expect_same(found, choices, 'drop-downs')


def fields_of(text):
    return [json.loads(line)['fields'] for line in text.splitlines()]


def without_heads(text):
    head, rows = read_csv(text)
    return head, [{name: row[name] for name in head if name not in HEADS} for row in rows]


# ---- who may read no longer ----------------------------------------------------------------------------------------

def read_half_way(city, change):
    """Begins to read an export by a token, then makes the change, reads on. Says whether the end came."""
    added = json.loads(proof.run(city, 'token add', '--as', 'author', '--json').body)
    with socket.create_connection(city.address) as connection:
        connection.settimeout(proof.ANSWER_S)
        connection.sendall(b'GET /api/v1/records/paper/export?format=jsonl HTTP/1.1\r\nHost: a\r\nConnection: close\r\n'
                           b'Authorization: Bearer ' + added['token'].encode() + b'\r\n\r\n')
        found = connection.recv(500)
        expect(found.startswith(b'HTTP/1.1 200 '), f'answer {found[:100]!r}')
        change(added)
        try:
            while piece := connection.recv(1 << 20):
                found += piece
        except ConnectionResetError:
            pass
    return found.endswith(b'\r\n0\r\n\r\n')


def main():
    rng = random.Random(SEED)
    print(f'# seed {SEED}')
    cases = proof.Cases()
    with proof.own_city() as city:
        papers = Papers(city, rng)
        with cases('every kind of field goes in as JSON Lines'):
            expect_same({f['kind'] for f in papers.fields},
                        {'text', 'long_text', 'integer', 'decimal', 'money', 'boolean', 'date', 'instant', 'choice', 'choices',
                         'reference', 'references', 'rows'}, 'kinds of fields that a record takes')
            papers.import_as('author', 'given.jsonl',
                             ''.join(json.dumps(r, ensure_ascii=False) + '\n' for r in papers.given.values()))
        out, lines = papers.export('author'), papers.export('author', '--format', 'jsonl')
        with cases('CSV is what the manual says, by another reader'):
            check_csv(papers, out)
        with cases('XLSX holds the same, by another reader'):
            check_xlsx(papers, papers.exported_bytes('author', '--format', 'xlsx'))
        with cases('what a killed export left goes with the next'):
            folder = Path(city.path) / 'exports'
            (folder / 'next.xlsx.a1B2c3').write_text('half')
            papers.exported_bytes('author', '--format', 'xlsx')
            expect_same([path.name for path in folder.iterdir()], [], 'what stands in exports/')
        with cases('an empty sheet has the columns, what to write, and the choices'):
            check_template(papers)
        with cases('JSON Lines are the records as they were given'):
            expect_same({fields['title']: fields for fields in fields_of(lines)}, papers.given, 'records')
        with cases('the same with and without a server'):
            city.stop()
            expect_same(papers.export('author'), out, 'export')
            city.start()
        with cases('export, import, export is the same, as CSV'):
            events = count_events(city)
            papers.import_as('author', 'same.csv', out)
            expect_same(count_events(city) - events, 3, 'events of an import that changes nothing: those of its job')
            papers.import_as('second', 'out.csv', as_new(out))
            expect_same(without_heads(papers.export('second')), without_heads(out), 'CSV')
        with cases('export, import, export is the same, as JSON Lines'):
            papers.import_as('author', 'same.jsonl', lines)
            papers.import_as('third', 'out.jsonl', ''.join(json.dumps(f, ensure_ascii=False) + '\n' for f in fields_of(lines)))
            expect_same(fields_of(papers.export('third', '--format', 'jsonl')), fields_of(lines), 'JSON Lines')
        with cases('who loses the right to read half-way gets no end'):
            papers.import_as('author', 'long.jsonl', LONG * ROWS)       # more than the kernel takes of what nobody reads
            expect(read_half_way(city, lambda token: None), 'an export does not come to its end')
            expect(not read_half_way(city, lambda token: proof.run(city, 'token end', token['id'])),
                   'an export goes on for a token that has ended')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
