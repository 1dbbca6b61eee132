#!/usr/bin/env python3
# suite: slow
# build: plain
# timeout: 1200
"""Nothing hidden shows: two cities that differ only in what a reader may not see answer them alike, byte for byte.

    tests/canary_test.py [--all] [PACK]...

A city of each pack is planted with records of every type, state and level (matrix/planting.py). For one reader of each
role (of many roles for a few, unless --all) it is copied, and in the copy everything hidden from that reader is
another: each value of each hidden field, in the tables, the child rows and the history, and there are hidden records
more. Then both are asked the same: lists by every field and where every field is this or that, totals, files, records,
histories, the past, forms, pages, documents, what the program says about its types, refused steps with their reasons,
imports that only try. Status, headers and bodies must be equal, and so must be their length.

What decides is left as it is, as it may show: what relations, guards, rules and visible computed values rest on, by the
names that their text holds. What is hidden is judged by matrix/policy.py, which shares no code with the program. A rule
of its own, over a ceiling that nobody who offers may see, is added to the pack by a file of YAML alone.
"""
import argparse
import hashlib
import json
import re
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from matrix import endpoints
from matrix.asking import query
from matrix.pack import FILES, Pack
from matrix.planting import CANARY, Garden
from matrix.reading import on_field
from matrix.site import Broken, Client, Site, binary_from_environment, processes_left

ROOT = Path(__file__).resolve().parent.parent
PACKS = ('tests/packs/mini', 'packs/shanghai')
API = '/api/v1/records/'
SHOWN = 6                                           # differences that are told in full, of each reader
FEW = 4                                             # readers of a pack, in the usual run
RECORDS_EACH = 6                                    # visible records of a type that are looked at one by one
WORD = re.compile(r'[a-z_][a-z_0-9]*')

# A type that the packs do not have: who offers must stay below a ceiling that only the first role sees.
OFFER = """type: offer
label: {{zh: 报价, en: Offer}}
plural: {{zh: 报价, en: Offers}}
title: title
disclosure: public
fields:
  - {{name: title, kind: text, label: {{zh: 标题, en: Title}}}}
  - {{name: price, kind: integer, label: {{zh: 报价, en: Price}}}}
  - {{name: ceiling, kind: integer, label: {{zh: 上限, en: Ceiling}}, class: secret}}
rules:
  - when: "price is missing or ceiling is missing or price <= ceiling"
    rule: {{zh: 报价不超过上限, en: the price is below the ceiling}}
    field: price
states:
  - {{name: open, label: {{zh: 征集中, en: Open}}}}
  - {{name: taken, label: {{zh: 已采纳, en: Taken}}}}
access:
  - {{roles: [{first}], clearance: secret}}
  - {{clearance: {{{general}: summary}}}}
actions:
  - {{name: create, label: {{zh: 登记, en: Register}}, who: [{{roles: [{first}]}}], required: [title]}}
  - {{name: edit, label: {{zh: 修改, en: Edit}}, from: [open, taken], who: [{{roles: [{first}]}}]}}
  - {{name: bid, label: {{zh: 报价, en: Bid}}, from: [open], who: [{{}}], inputs: [price], required: [price]}}
  - name: take
    label: {{zh: 采纳, en: Take}}
    from: [open]
    to: taken
    who: [{{}}]
    guard:
      - when: "price is not missing or ceiling < 0"
"""


def with_offers(path, folder):
    """A copy of the pack with one type more."""
    copy, pack = Path(folder) / path.name, Pack(path)
    shutil.copytree(path, copy)
    text = OFFER.format(first=pack.roles[0], general=pack.compartments[0])
    (copy / 'types/offer.yaml').write_text(text, encoding='utf-8')
    return copy


# ---- what is hidden, and another in its place -----------------------------------------------------------------------

def number_of(*parts):
    return int.from_bytes(hashlib.sha256('/'.join(map(str, parts)).encode()).digest()[:6], 'big')


class Twin:
    """The copy in which everything hidden from one reader is another."""

    def __init__(self, pack, policy, actor, original, folder):
        self.pack, self.policy, self.actor = pack, policy, actor
        self.path = Path(folder) / 'twin'
        shutil.copytree(original, self.path, ignore=shutil.ignore_patterns('socket', 'lock'))
        self.changed, self.gone = Counter(), set()  # kinds of what was changed; canaries that the copy has no more
        self.fixed = self.what_decides()
        self.database = sqlite3.connect(self.path / 'city.db')
        for type_ in pack.types.values():
            if type_.name != 'parameter':           # what it says counts in values that show
                self.change_type(type_)
        self.database.commit()
        self.database.close()
        self.gone -= self.shown()

    def shown(self):
        """Canaries that show elsewhere: a computation keeps the seed that its round has published."""
        return {canary for type_ in self.pack.types.values() for record in self.policy.truth.records[type_.name]
                for field in type_.stored if record[field.name] is not None and self.policy.shows(self.actor, record, field)
                for canary in CANARY.findall(json.dumps(record[field.name], default=str))}

    def what_decides(self):
        """Names of fields that the rights, steps and checks of the reader's role rest on, as far as text tells."""
        texts, role = [], self.actor.role
        for name, raw in self.pack.raw.items():
            mine = [r for r in raw.get('access') or [] if not r.get('roles') or role in r['roles']]
            mine += [w for a in raw['actions'] for w in a['who'] or [] if not w.get('roles') or role in w['roles']]
            relations = {r['name']: r['when'] for r in raw.get('relations') or []}
            relations.update(own='owner', creator='creator')
            texts += [relations[r['relation']] for r in mine if r.get('relation')]
            if name != 'offer':                     # its ceiling changes, so that the rule fails all the same
                texts += [g['when'] for a in raw['actions'] for g in a.get('guard') or []]
                texts += [rule['when'] for rule in raw.get('rules') or []]
        return {word for text in texts for word in WORD.findall(text)} | {'id', 'state', 'disclosure', 'version'}

    def change_type(self, type_):
        hidden_rows = []
        for record in self.policy.truth.records[type_.name]:
            if self.is_themselves(record):
                continue
            if not self.policy.sees(self.actor, record):
                hidden_rows.append(record)
            computed = {word for f in type_.fields if f.kind == 'computed' and self.policy.shows(self.actor, record, f)
                        for word in f.formula.reads}
            for field in type_.stored:
                if field.name not in self.fixed | computed and not self.policy.shows(self.actor, record, field):
                    self.change(record, field)
        for record in hidden_rows[:3]:
            self.add_like(record)

    def is_themselves(self, record):
        """Who one is, as what one may act, and for whom, one is told in any case."""
        if record.type.name == 'membership':
            return record['person'] == self.actor.person
        return record.id in (self.actor.person, self.actor.organisation)

    def change(self, record, field):
        other = self.other(record, field)
        if other == record[field.name] and field.kind != 'rows':
            return
        table = f'r_{record.type.name}'
        self.gone |= set(CANARY.findall(json.dumps(record[field.name], default=str)))
        self.changed[field.kind] += 1
        if field.kind == 'rows':
            self.database.execute(f'UPDATE "{table}" SET "{field.name}" = '
                                  f'replace("{field.name}", \'CANARY\', \'OTHER\') WHERE id = ?', [record.id])
            for column in (c.name for c in field.rows.fields if c.kind in ('text', 'long_text')):
                self.database.execute(f'UPDATE "{table}.{field.name}" SET "{column}" = '
                                      f'replace("{column}", \'CANARY\', \'OTHER\') WHERE parent = ?', [record.id])
        else:
            self.database.execute(f'UPDATE "{table}" SET "{field.name}" = ? WHERE id = ?', [other, record.id])
        self.database.execute(
            "UPDATE event_value SET value = substr(value, 1, instr(value, ':')) || "
            "replace(substr(value, instr(value, ':') + 1), 'CANARY', 'OTHER') WHERE field = ? AND (sequence, item) IN"
            ' (SELECT sequence, item FROM event_record WHERE record = ?)', [field.name, record.id])

    def other(self, record, field):
        """Another value as the table has it: longer or shorter, earlier or later, there or not."""
        number, now = number_of(record.id, field.name), record[field.name]
        if now is not None and number % 5 == 0 and not field.system and field.name != 'ceiling':
            return None
        if field.kind in FILES:
            file = {'id': record.id, 'name': f'OTHER-{number}.pdf', 'size': number % 10_000_000, 'sha256': f'{number:064x}'[-64:]}
            return json.dumps([file] * (1 if field.kind == 'file' else 1 + number % 3), separators=(',', ':'))
        if field.kind in ('text', 'long_text'):
            return 'OTHER-' + hashlib.sha256(str(number).encode()).hexdigest()[:5 + number % 50]
        if field.kind == 'boolean':
            return 1 - bool(now)
        if field.kind == 'choice':
            return field.choices[number % len(field.choices)]
        if field.name == 'erased':                  # a name is told to whom that field shows
            hidden = [n for n in field.choices if not self.policy.shows(self.actor, record, record.type.field(n))]
            return ','.join(hidden[:number % 3]) or None
        if field.kind == 'choices':
            return ','.join(c for n, c in enumerate(field.choices) if number >> n & 1) or None
        if field.kind in ('reference', 'references'):
            others = [r for r in self.policy.truth.records[field.target] if r.id != self.actor.person]
            return others[number % len(others)].id
        if field.kind in ('date', 'instant'):
            return (1_000_000_000_000 if field.kind == 'instant' else 10_000) + number % 8000
        return 100 + number % 100_000               # whole numbers, decimals and money in their units

    def add_like(self, record):
        """A hidden record more."""
        id_ = record.id[:-4] + f'{number_of(record.id) % 65536:04x}'
        names = [f.name for f in record.type.stored]
        values = ', '.join({'id': '?', 'number': 'NULL'}.get(n, f'"{n}"') for n in names)
        columns = ', '.join(f'"{n}"' for n in names)
        self.database.execute(f'INSERT INTO "r_{record.type.name}" ({columns}) SELECT {values} '
                              f'FROM "r_{record.type.name}" WHERE id = ?', [id_, record.id])
        self.changed['records'] += 1


class Copy(Site):
    """A city that is there, served."""

    def __init__(self, binary, scratch, path):                      # noqa: not the city that Site makes
        self.binary, self.scratch, self.path = binary, Path(scratch), Path(path)
        self.server = self.address = None
        self.arguments = []
        self.start()
        self.net, self.local = Client(self.address), Client(self.socket_path())


# ---- what is asked --------------------------------------------------------------------------------------------------

class Questions:
    """All that one reader can ask; the ways to ask are the program's addresses."""

    def __init__(self, pack, policy, twin_truth, actor, known):
        self.pack, self.policy, self.twin, self.actor = pack, policy, twin_truth, actor
        self.patterns = {(e.method, e.pattern) for e in known}

    def __iter__(self):
        for target in ('/', '/?format=json', '/api/v1/types', '/api/v1/openapi.json', '/api/v1/sessions', '/api/v1/notices?limit=1000',
                       '/notices', '/api/v1/desk', '/desk', '/api/v1/statistics', '/statistics'):
            yield 'GET', target, None
        for type_ in self.pack.types.values():
            yield from self.about_type(type_)
            seen = self.policy.visible(self.actor, type_)
            unseen = [r for r in self.policy.truth.records[type_.name] if not self.policy.sees(self.actor, r)]
            for record in seen[::max(1, len(seen) // RECORDS_EACH)] + unseen[::max(1, len(unseen) // 3)]:
                yield from self.about_record(type_, record)

    def about_type(self, type_):
        base = API + type_.name
        yield 'GET', f'/api/v1/types/{type_.name}', None
        yield 'GET', base + query(limit=1000, total=1), None
        yield 'GET', base + query(limit=3), None
        yield 'GET', f'/{type_.name}' + query(limit=100, total=1), None
        yield 'GET', f'{base}/board', None
        yield 'GET', f'/{type_.name}/board', None
        yield 'GET', f'{base}/matrix', None
        yield 'GET', f'/{type_.name}/matrix', None
        yield 'GET', f'/{type_.name}/new', None
        yield 'GET', f'/{type_.name}/new?format=json', None
        for format_ in ('csv', 'jsonl'):
            yield 'GET', f'{base}/export' + query(format=format_), None
        for field in (f for f in type_.fields if f.listed and f.kind not in ('rows', 'references')):
            for sort in (field.name, '-' + field.name):
                yield 'GET', base + query(limit=1000, sort=sort), None
                yield 'GET', base + query(limit=2, sort=sort), None
        for number, text in enumerate(self.filters(type_)):
            yield 'GET', base + query(limit=1000, total=1, filter=text), None
            if number % 9 == 0:
                yield 'GET', f'/{type_.name}' + query(filter=text), None
                yield 'GET', f'/{type_.name}/board' + query(filter=text), None
                yield 'GET', f'{base}/export' + query(format='csv', filter=text), None
        yield from self.attempts(type_)

    def filters(self, type_):
        """Conditions on every field, with values of the one city and of the other."""
        found = []
        for f in (f for f in type_.fields if f.listed):
            found += self.on_field(type_, f, f.name)
        for f in (f for f in type_.fields if f.kind == 'reference' and f.name != 'id'):
            target = self.pack.types[f.target]
            for inner in (i for i in target.fields if i.listed):
                found += self.on_field(target, inner, f'{f.name}.{inner.name}')[:3]
        for child, _ in self.pack.children_of(type_):
            found += [f'any({child.name})', f'count({child.name}) > 2']
            for inner in (i for i in child.own_fields if i.listed):
                found += [f'any({child.name} where {text})' for text in self.on_field(child, inner, inner.name)[:3]]
        return found + [f'not ({text})' for text in found[::4]]

    def on_field(self, type_, field, path):
        texts = []
        for policy in (self.policy, self.twin):
            self.truth, self.asks = policy.truth, policy
            texts += on_field(self, type_, field, path, self.hidden_of(policy, type_, field))
        return list(dict.fromkeys(texts))

    def hidden_of(self, policy, type_, field):
        """Records of which the field is hidden, in that city; all, when there is none."""
        ids = {r.id for r in self.policy.truth.records[type_.name] if not self.policy.shows(self.actor, r, field)}
        found = [r for r in policy.truth.records[type_.name] if r.id in ids]
        return found or policy.truth.records[type_.name]

    def about_record(self, type_, record):
        base, page = f'{API}{type_.name}/{record.id}', f'/{type_.name}/{record.id}'
        references = [f.name for f in type_.fields if f.kind in ('reference', 'references') and f.name != 'id']
        yield 'GET', base, None
        yield 'GET', base + query(expand=','.join(references)), None
        yield 'GET', base + '/events?limit=100', None
        if ('GET', '/api/v1/records/{type}/{id}/at/{date}') in self.patterns:
            yield 'GET', f'{base}/at/{self.policy.today.isoformat()}', None
            yield 'GET', f'{base}/at/2020-01-01', None
            yield 'GET', f'{base}/at/{self.policy.today.isoformat()}?since=2020-01-01', None
        yield 'GET', f'{base}/files', None
        for file in [f for field in type_.stored if field.kind in FILES for f in record[field.name] or ()]:
            yield 'GET', f'{base}/files/{file["id"]}', None
        yield 'GET', page, None
        for document in (d for d in self.pack.documents if d.type == type_.name):
            yield 'GET', f'{page}/documents/{document.name}', None
            yield 'GET', f'{base}/documents/{document.name}', None
        options = self.policy.options(self.actor, record) if self.policy.sees(self.actor, record) else {}
        for action in type_.actions:
            yield 'GET', f'{page}/{action.name}', None
            yield 'GET', f'{page}/{action.name}?format=json', None
            body = {'input': {'frobnicate': 1}} if options.get(action.name) else {'input': {}}
            yield 'POST', f'{base}/actions/{action.name}', body         # refused, or a mistake: nothing comes of it
        if type_.name == 'offer':
            yield 'POST', f'{base}/actions/bid', {'input': {'price': 100_000_000}}

    def attempts(self, type_):
        """Imports that only try: unique values, and references, of what is hidden."""
        for field in (f for f in type_.own_fields if f.unique or f.kind == 'reference'):
            for policy in (self.policy, self.twin):
                values = [r[field.name] for r in self.hidden_of(policy, type_, field) if isinstance(r[field.name], str)]
                for value in values[:2]:
                    row = {type_.title: 'try', field.name: value}
                    yield 'POST', f'{API}{type_.name}/import', {'rows': [{'fields': row}], 'dry_run': True}


NOW = re.compile(rb'\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+Z?')


def same(one, other, target):
    """The first part in which two answers differ, or None. A form for something new may hold the moment."""
    for answer in (one, other) if '/new' in target else ():
        answer.body = NOW.sub(b'(now)', answer.body)
    for name, a, b in [*zip(('status', 'headers', 'body'), one.same_part(), other.same_part())][::-1]:
        if a != b:
            at = next((n for n, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b))) if name == 'body' else 0
            return f'another {name}: {a[max(0, at - 80):at + 120] if name == "body" else a!r}\n' \
                   f'    and {b[max(0, at - 80):at + 120] if name == "body" else b!r}'
    return None


def compare(actor, token, questions, sites, gone):
    """How many answers were compared, and what differed or told a value that is hidden."""
    told, count = [], 0
    language = 'en' if len(actor.role) % 2 else 'zh'
    headers = [('Authorization', f'Bearer {token}'), ('Accept-Language', language)]
    for method, target, body in questions:
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        given = headers + ([('Content-Type', 'application/json')] if sent else [])
        one, other = (site.net.ask(method, target, given, sent) for site in sites)
        count += 1
        problem = same(one, other, target)
        leaked = set(CANARY.findall(one.text())) & gone - set(CANARY.findall(target + str(body)))
        if one.status >= 500 or (method == 'POST' and one.status in (200, 201) and 'import' not in target):
            problem = f'status {one.status}: {one.body[:200]}'
        if leaked:
            problem = f'tells hidden canaries {sorted(leaked)[:3]}'
        if problem:
            told.append(f'{actor}: {method} {target} {body or ""}\n    {problem}')
    return count, told


# ---- one pack -------------------------------------------------------------------------------------------------------

class Report:
    def __init__(self):
        self.count, self.failed, self.compared = 0, 0, 0

    def case(self, title, problems):
        self.count += 1
        self.failed += bool(problems)
        print(f'{"not ok" if problems else "ok"} {self.count} - {title}', flush=True)
        for problem in problems[:SHOWN]:
            for line in problem.splitlines():
                print(f'# {line}', flush=True)


def readers(garden, pack):
    """One of each role: people of the first planted organisation, and whom a relation of the pack's own may name."""
    own = [a for a in garden.own['A'].values() if a.role != pack.roles[0]]
    demo = {a.role: a for a in garden.actors if a.login == a.name}
    return own + [a for role, a in demo.items() if role in pack.roles[1:4]]


def run_reader(garden, pack, known, actor, original, report):
    with tempfile.TemporaryDirectory(prefix='firstmile-twin-') as folder:
        start = time.monotonic()
        twin = Twin(pack, garden.policy, actor, original.path, folder)
        site = Copy(original.binary, folder, twin.path)
        try:
            twin_garden = Garden(site, pack)
            questions = Questions(pack, garden.policy, twin_garden.policy, actor, known)
            count, told = compare(actor, garden.tokens[actor], questions, (original, site), twin.gone)
            problem = processes_left(site)
        finally:
            site.kill()
        report.compared += count
        hidden = ', '.join(f'{n} {kind}' for kind, n in sorted(twin.changed.items())) or 'nothing hidden'
        report.case(f'{pack.name}: {actor}: {count} answers alike over {hidden}, {time.monotonic() - start:.1f} s',
                    told + ([problem] if problem else []))


def run_pack(path, everybody, report):
    with tempfile.TemporaryDirectory(prefix='firstmile-canary-') as scratch:
        source = with_offers(path, scratch)
        pack, (known, _) = Pack(source), endpoints.with_policy(ROOT)
        site = Site(binary_from_environment(ROOT), scratch, source)
        try:
            garden = Garden(site, pack)
            garden.plant()
            site.net.close()
            site.stop()                             # so that the file holds all, and the copies are whole
            site = Copy(site.binary, scratch, site.path)
            garden.site = site
            garden.reload()
            found = readers(garden, pack)
            for actor in found if everybody else found[::max(1, len(found) // FEW)]:
                run_reader(garden, pack, known, actor, site, report)
            problem = processes_left(site)
            report.case(f'{pack.name}: the server ends with 0', [problem] if problem else [])
        finally:
            site.kill()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('packs', nargs='*', metavar='PACK')
    parser.add_argument('--all', action='store_true')
    options, report = parser.parse_args(arguments), Report()
    for path in options.packs or PACKS:
        try:
            run_pack(ROOT / path, options.all, report)
        except Broken as problem:
            report.case(f'{path}: the cities can be asked', [str(problem)])
    print(f'1..{report.count}')
    print(f'{report.compared} answers compared')
    return 1 if report.failed else 0


if __name__ == '__main__':
    sys.exit(main())
