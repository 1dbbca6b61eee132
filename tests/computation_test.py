#!/usr/bin/env python3
"""Kept decisions: what a gate was opened on is kept with the step, works out the same again, and shows when it was altered.

The gate of the Shanghai pack says `decides`. What was read is checked against the records themselves; the hashes are worked out
here from the documented bytes; every kept value is altered by hand once, and each time the recomputation says so.
"""
import hashlib
import json
import random
import shutil
import tempfile
from pathlib import Path

import proof
from proof import expect, expect_same

SIDES = {'need_verdict': 'pass', 'need_evidence': '访谈', 'competition_verdict': 'pass', 'competition_evidence': '检索',
         'cost_verdict': 'pass', 'cost_evidence': '成本表'}


def dossier(city, title='电解质'):
    """A result whose two sides have passed, and its gate, not yet open."""
    author, manager = proof.Client(city, 'researcher'), proof.Client(city, 'manager')
    result = author.create('result', title=title).wants(201).json['id']
    gate = proof.Client(city, 'institution').create('gate_review', result=result).wants(201).json['id']
    element = author.create('trl_assessment', result=result, element='界面层', assessed_level=5, target_level=4, evidence='记录',
                            criteria=proof.criteria(5)).wants(201).json['id']
    author.act('trl_assessment', element, 'submit').wants(200)
    return manager, result, gate, element


def person(number):
    """As kernel/decision.h says."""
    return f'00000000-0000-7000-8000-{number:012}'


def records_of(held, field):
    return {record['fields'][field] for record in held['records'].values() if field in record.get('fields', {})}


def pass_market(manager, result):
    market = manager.create('market_validation', result=result, **SIDES).wants(201).json['id']
    manager.act('market_validation', market, 'submit').wants(200)
    return market


def kept(client, gate):
    return client.all('computation', filter=f"gate_review = '{gate}'")


def recompute(city, one, status=0, login='auditor'):
    return proof.run(city, 'recompute', one, '--as', login, '--json', status=status)


def digest(fields, **changed):
    """As kernel/computation.h says: engine, version, pack, day, seed, parameters and input, a line each."""
    f = {**fields, **changed}
    lines = [f['engine'], str(f['engine_version']), str(f['pack']), f['day'], f.get('seed', ''), f['parameters'], f['input']]
    return hashlib.sha256(''.join(line + '\n' for line in lines).encode()).hexdigest()


def what_is_kept(cases, city):
    manager, result, gate, element = dossier(city)
    auditor = proof.Client(city, 'auditor')
    with cases('a step that is refused keeps nothing'):
        manager.act('gate_review', gate, 'open').wants(409)
        expect_same(kept(auditor, gate), [], 'computations')
    market = pass_market(manager, result)
    proof.Client(city, 'officer').act('gate_review', gate, 'open', conclusion='继续').wants(200)
    with cases('what was read is kept with the step: values, children, day, who'):
        one, = kept(auditor, gate)
        fields = one['fields']
        expect_same((fields['gate_review'], fields['engine'], fields['engine_version'], fields['step']),
                    (gate, 'decision', 1, 'open'), 'of what')
        held = json.loads(fields['input'])
        expect_same(held['root'], f'gate_review/{gate}', 'root')
        expect_same(held['today'], proof.city_day(), 'day')
        expect_same((held['actor'], records_of(held, 'creator')), (person(1), {f'id:{person(at)}' for at in (2, 3, 4)}), 'people, by number')
        with proof.database(city) as db:
            people = [row[0] for row in db.execute('SELECT id FROM r_person')]
        expect(len(people) > 20 and not [p for p in people if p in fields['input'] + fields['result']], 'who they are')
        records = held['records']
        expect_same(records[f'gate_review/{gate}']['refs'], {'result': f'result/{result}'}, 'reference')
        expect_same(records[f'result/{result}']['lists']['trl_assessment.result'], [f'trl_assessment/{element}'], 'children')
        expect_same(records[f'trl_assessment/{element}']['fields'],
                    {'state': 'text:submitted', 'assessed_level': 'integer:5', 'target_level': 'integer:4', 'creator': f'id:{person(3)}'},
                    'what was read of it')
        expect_same(set(records[f'market_validation/{market}']['fields']),
                    {'state', 'need_verdict', 'competition_verdict', 'cost_verdict', 'creator'}, 'and nothing else')
        outcome = json.loads(fields['result'])
        expect_same((outcome['holds'], [g['holds'] for g in outcome['guards']]), (True, [True] * 6), 'outcome')
        expect('技术验证' in outcome['guards'][0]['rule']['zh'] and 'technical side' in outcome['guards'][0]['rule']['en'], 'words')
        expect_same(fields['input_sha256'], digest(fields), 'hash of the input')
        expect_same(fields['result_sha256'], hashlib.sha256(fields['result'].encode()).hexdigest(), 'hash of the result')
    with cases('nobody makes one by hand, and nothing changes it'):
        for login in ('operator', 'manager', 'auditor'):
            client = proof.Client(city, login)
            expect(client.create('computation', title='x').status in (403, 404), f'{login} made one')
            expect(client.edit('computation', one['id'], one['version'], title='x').status in (403, 404), f'{login} changed it')
    with cases('who sees the gate sees that it was kept; who may not, nothing'):
        officer = proof.Client(city, 'officer').get(f'/api/v1/records/computation/{one["id"]}').wants(200).json
        expect(not {'input', 'result', 'input_sha256', 'result_sha256'} & set(officer['fields']), 'what an officer sees')
        expect_same(officer['computation'], {'hidden': True}, 'nor whether it is the same')
        recompute(city, one['id'], 77, 'officer')
        for login in ('enterprise', 'bank', 'expert'):
            client = proof.Client(city, login)
            expect_same(kept(client, gate), [], f'{login} lists')
            client.get(f'/api/v1/records/computation/{one["id"]}').wants(404)
            recompute(city, one['id'], 66, login)
    with cases('it works out the same again, on the command line and on its page, in both languages'):
        told = json.loads(recompute(city, one['id']).body)
        expect_same((told['same'], told['differs']), (True, []), 'same')
        for lang, words in (('zh', '逐字节相同'), ('en', 'byte by byte')):
            page = proof.Client(city, 'manager', lang=lang).get(f'/computation/{one["id"]}').wants(200).text
            expect(words in page, f'the page does not say so: {lang}')
    with cases('what happens afterwards changes nothing of it'):
        author = proof.Client(city, 'researcher')
        author.act('trl_assessment', element, 'withdraw').wants(409)          # the gate was opened on it
        lower = author.create('trl_assessment', result=result, element='后来的', assessed_level=1, target_level=4, evidence='新的试验',
                              criteria=proof.criteria(1)).wants(201).json['id']
        author.act('trl_assessment', lower, 'submit').wants(200)
        author.edit('result', result, author.get(f'/api/v1/records/result/{result}').json['version'], title='改了').wants(200)
        expect(json.loads(recompute(city, one['id']).body)['same'], 'not the same')
    return one['id']


def what_is_altered(cases, city, one):
    with proof.database(city) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info('r_computation')")]
        row = dict(zip(columns, db.execute('SELECT * FROM r_computation WHERE id = ?', (one,)).fetchone()))

    def altered(expected, **values):
        with proof.database(city) as db:
            db.execute(f'UPDATE r_computation SET {", ".join(f"{name} = ?" for name in values)} WHERE id = ?', (*values.values(), one))
            db.commit()
        told = recompute(city, one, 70 if expected else 0)
        body = json.loads(told.body.splitlines()[0] if expected else told.body)
        expect_same(body['differs'], expected, f'altered {", ".join(values)}')
        with proof.database(city) as db:
            db.execute(f'UPDATE r_computation SET {", ".join(f"{name} = ?" for name in values)} WHERE id = ?',
                       (*(row[name] for name in values), one))
            db.commit()

    with cases('whatever is altered shows'):
        lower = row['input'].replace('integer:5', 'integer:3')
        outcome = row['result'].replace('"holds":true', '"holds":false', 1)
        altered(['input', 'recomputed'], input=lower)
        altered(['input'], input=row['input'].replace(json.loads(row['input'])['actor'], 'somebody else'))
        altered(['input', 'recomputed'], input='{}')
        altered(['input', 'recomputed'], input='no JSON')
        altered(['result', 'recomputed'], result=outcome)
        altered(['recomputed'], result=outcome, result_sha256=hashlib.sha256(outcome.encode()).hexdigest())
        altered(['input'], day=row['day'] + 1)
        altered(['input'], input_sha256='0' * 64)
        altered(['input'], parameters='[{"code":"x"}]')
        altered([], title='whatever')
    with cases('an engine that this program does not have is said'):
        with proof.database(city) as db:
            db.execute('UPDATE r_computation SET engine_version = 99 WHERE id = ?', (one,))
            db.commit()
        expect('computation.engine' in recompute(city, one, 65).body, 'not said')
        expect('no longer has the engine' in proof.Client(city, 'manager', lang='en').get(f'/computation/{one}').wants(200).text, 'page')
        with proof.database(city) as db:
            db.execute('UPDATE r_computation SET engine_version = 1 WHERE id = ?', (one,))
            db.commit()


def kept_for_good(cases, city, one):
    with cases('step and computation are one: rebuilt from the events, after kill -9'):
        manager, result, gate, _ = dossier(city, '第二项')
        pass_market(manager, result)
        proof.Client(city, 'officer').act('gate_review', gate, 'open').wants(200)
        city.kill()
        before = proof.dump(city)
        proof.run(city, 'rebuild')
        proof.expect_same_dump(proof.dump(city), before, 'rebuilt')
        with proof.database(city) as db:
            opened = db.execute("SELECT count(*) FROM r_gate_review WHERE state = 'open' AND id IN"
                                ' (SELECT gate_review FROM r_computation)').fetchone()[0]
        expect_same(opened, 3, 'gates whose decision is kept, that of the demo included')
        expect(json.loads(recompute(city, one).body)['same'], 'not the same after a rebuild')


VERDICT = '''type: verdict
label: {zh: 裁定, en: Verdict}
plural: {zh: 裁定, en: Verdicts}
title: title
disclosure: secret
reference_date: day
fields:
  - {name: title, kind: text, label: {zh: 名称, en: Name}}
  - {name: paper, kind: reference, target: paper, label: {zh: 论文, en: Paper}}
  - {name: day, kind: date, label: {zh: 日期, en: Day}}
  - name: items
    kind: rows
    label: {zh: 明细, en: Items}
    columns:
      - {name: amount, kind: money, currency: CNY, label: {zh: 金额, en: Amount}}
      - {name: spent, kind: date, label: {zh: 日期, en: Spent on}}
  - {name: total, kind: computed, value: "sum(items.amount)", class: nda, label: {zh: 合计, en: Total}}
states:
  - {name: open, label: {zh: 待定, en: Open}}
  - {name: decided, label: {zh: 已定, en: Decided}}
access:
  - {roles: [admin], clearance: secret}
actions:
  - {name: create, label: {zh: 登记, en: Register}, to: open, who: [{roles: [admin]}]}
  - name: decide
    label: {zh: 裁定, en: Decide}
    from: [open]
    to: decided
    decides: true
    who: [{roles: [admin]}]
    guard:
      - when: "count(items where amount > 10.00) >= 1 and total < param('fee_rate') * 100"
      - when: "paper is missing or paper.pages_left >= 0"
      - when: "workdays(day, today()) >= 0 and not any(items where spent > today())"
      - when: "creator = actor()"
      - when: "paper is missing or count(paper.review) >= 0"
'''


def other_pack(folder):
    """The mini pack with computations, and a type whose step rests on all kinds of things."""
    root = Path(__file__).parent
    shutil.copytree(root / 'packs/mini', folder)
    text = (root.parent / 'packs/shanghai/types/computation.yaml').read_text(encoding='utf-8')
    text = text.replace('gate_review', 'verdict').replace('service: policy\n', '').replace('parent: verdict\n', '')
    text = ''.join(line for line in text.splitlines(True) if 'name: seed_list' not in line and 'name: technical_route' not in line)
    text = text.replace(' seed_list, technical_route,', '')
    text = text.split('relations:')[0] + '''access:
  - {roles: [admin], clearance: secret}
''' + text[text.index('\nactions:'):]
    (folder / 'types/computation.yaml').write_text(text, encoding='utf-8')
    (folder / 'types/verdict.yaml').write_text(VERDICT, encoding='utf-8')
    return str(folder)


def act(city, record_type, record, action, data):
    done = proof.run(city, 'act', record_type, record, action, '--as', 'admin', '--json', '--data', json.dumps(data), status=None)
    return json.loads(done.body)


def too_many(city, paper):
    """A decision that rests on more records than can be kept is refused whole."""
    with proof.database(city) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info('r_review')")]
        values = ', '.join({'id': "printf('01a00000-0000-7000-8000-%012d', i)", 'paper': f"'{paper}'", 'version': '1',
                            'state': "'draft'", 'disclosure': "'secret'", 'created': '0', 'changed': '0'}.get(c, 'NULL')
                           for c in columns)
        db.execute(f'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2001)'
                   f' INSERT INTO r_review ({", ".join(columns)}) SELECT {values} FROM n')
        db.commit()
    data = {'title': 'V', 'day': '2025-02-03', 'paper': paper, 'items': [{'amount': '11.00', 'spent': '2025-01-02'}]}
    verdict = act(city, 'verdict', '-', 'create', data)['id']
    refused = act(city, 'verdict', verdict, 'decide', {})
    expect_same(refused['type'].split('/')[-1], 'computation.size', 'refusal')
    stays = json.loads(proof.run(city, 'show', 'verdict', verdict, '--as', 'admin', '--json').body)
    expect_same((stays['state'], stays['version']), ('open', 1), 'the record')


def all_kinds(cases, folder):
    chance = random.Random(20261126)
    with proof.own_city(pack=other_pack(folder / 'pack')) as city, \
            cases('child rows, computed values, references, parameters, working days: 40 decisions work out the same'):
        papers = [act(city, 'paper', '-', 'create', {'title': f'P{i}', 'pages': chance.choice([10, 90, 130])})['id'] for i in range(3)]
        decided = 0
        for index in range(60):
            rows = [{'amount': f'{chance.randrange(1, 9000)}.{chance.randrange(100):02}', 'spent': f'2025-0{chance.randrange(1, 10)}-11'}
                    for _ in range(chance.randrange(4))]
            data = {'title': f'V{index}', 'day': f'202{chance.choice("56")}-0{chance.randrange(1, 10)}-03', 'items': rows}
            if chance.random() < 0.6:
                data['paper'] = chance.choice(papers)
            verdict = act(city, 'verdict', '-', 'create', data)['id']
            decided += act(city, 'verdict', verdict, 'decide', {}).get('state') == 'decided'
        expect(20 <= decided <= 55, f'{decided} of 60 were decided: this tests little')
        items = json.loads(proof.run(city, 'list', 'computation', '--as', 'admin', '--json', '--limit', 100).body)['items']
        expect_same(len(items), decided, 'computations')
        for one in items:
            expect(json.loads(recompute(city, one['id'], 0, 'admin').body)['same'], one['fields']['input'])
            held = json.loads(one['fields']['input'])
            total, = [int(value.removeprefix('decimal:').replace('.', '')) for name, record in held['records'].items()
                      for field, value in record.get('fields', {}).items() if field == 'total']
            parts = [int(record['fields']['amount'].removeprefix('decimal:').replace('.', ''))
                     for name, record in held['records'].items() if '.items[' in name]
            expect_same(sum(parts), total, 'the rows and their total')
        too_many(city, papers[0])
    with cases('a decision remembers the rows of dated values that it used'):
        used = {p['code']: p for p in json.loads(items[0]['fields']['parameters'])}
        expect_same((used['fee_rate']['value'], used['fee_rate']['valid_from'], used['fee_rate']['confirmed']),
                    ('decimal:120.50', '2025-01-01', False), 'what it used')
        expect('Notes for authors' in json.dumps(used) or '投稿须知' in json.dumps(used, ensure_ascii=False), 'its source')


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        one = what_is_kept(cases, city)
        what_is_altered(cases, city, one)
        kept_for_good(cases, city, one)
    with tempfile.TemporaryDirectory(prefix='firstmile-proof-') as folder:
        all_kinds(cases, Path(folder))
    return cases.end()


if __name__ == '__main__':
    raise SystemExit(main())
