#!/usr/bin/env python3
# suite: slow
"""Policy parameters by the day of a case: a case of last year is computed under last year's rate and says so; changing today's
rate leaves it. Rows whose days overlap are refused; what binds waits until its parameter has been checked."""
import shutil
import sys
import tempfile
from pathlib import Path

import proof
from proof import expect, expect_same

MINI = proof.ROOT / 'tests/packs/mini'
BINDING = """    guard:
      - when: "pages is missing or pages <= param('page_limit')"
        binding: true
"""
CONFIRMED_BY = """  - {name: confirmed_by, kind: reference, target: person, label: {zh: 核对人, en: Confirmed by}}
rules:
"""
CONFIRM = """  - {name: confirm, label: {zh: 核对, en: Confirm}, from: [active], who: [{roles: [admin]}], inputs: [confirmed_by], required: [confirmed_by]}
list:"""


def binding_pack(folder):
    """The mini pack, whose submission binds: the rows that it rests on have to be confirmed."""
    pack = Path(folder) / 'pack'
    shutil.copytree(MINI, pack)
    for name, before, after in (('paper', '    guard:\n', BINDING), ('parameter', 'rules:\n', CONFIRMED_BY), ('parameter', 'list:', CONFIRM)):
        path = pack / f'types/{name}.yaml'
        text = path.read_text()
        expect(before in text, f'{name} has no {before!r}')
        path.write_text(text.replace(before, after, 1))
    return pack


def used(client, record):
    return {use['code']: use for use in client.get(f'/api/v1/records/paper/{record}').wants(200).json['parameters']}


def paper(client, title, received):
    return client.create('paper', title=title, received=received, pages=10, body='文').wants(201).json['id']


def row(client, **fields):
    return client.create('parameter', **{'code': 'page_limit', 'source': '投稿须知', **fields})


def person_of(client):
    return client.get('/api/v1/sessions').wants(200).json['person']['id']


def four_eyes(cases):
    """Of the pack of Shanghai: whoever entered the values of a row last does not confirm it, also when they did not begin it."""
    with proof.own_city() as city:
        city.start()
        officer, operator = proof.Client(city, 'officer'), proof.Client(city, 'operator')
        code = officer.all('parameter')[0]['fields']['code']
        row_ = {'code': code, 'name': '试行', 'value': '1', 'valid_from': '2030-01-01', 'valid_to': '2030-12-31', 'source': '文件'}

        def approve(client):
            return client.act('parameter', made['id'], 'approve', confirmed_by=person_of(client))

        def rests_on():
            with proof.database(city) as db:
                return db.execute('SELECT count(*) FROM r_parameter WHERE code = ? AND state = ?', (code, 'active')).fetchone()[0]

        with cases('a row counts when it was approved by other eyes than those that entered it'):
            officer.create('parameter', **row_, entered_by=person_of(operator)).wants(409)          # in another's name
            before, made = rests_on(), officer.create('parameter', **row_).wants(201).json
            expect_same((made['state'], rests_on()), ('proposed', before), 'what was registered')
            refused = approve(officer).wants(409).text
            me = officer.get('/api/v1/sessions').wants(200).json['person']
            expect(me['name'] in refused and f'“{me["id"]}”' not in refused, f'who entered it is not named: {refused}')
            expect(any(each['record']['id'] == made['id'] for each in operator.get('/api/v1/desk').wants(200).json['mine']['items']),
                   'the other one is not asked to')
            operator.edit('parameter', made['id'], 1, value='2').wants(409)                         # entered by the officer, it said
            operator.edit('parameter', made['id'], 1, value='2', entered_by=person_of(operator)).wants(200)
            approve(operator).wants(409)
            approve(officer).wants(200)
            expect_same(rests_on(), before + 1, 'rows that count')
            operator.edit('parameter', made['id'], 3, value='3').wants(409)                         # what counts stays
        with cases('a row that counts is withdrawn by other eyes than those that ask for it'):
            expect('已有人提请撤销' in operator.act('parameter', made['id'], 'withdraw').wants(409).text, 'nobody has asked')
            operator.act('parameter', made['id'], 'ask_withdrawal', withdrawal_by=person_of(operator), withdrawal_reason='登记有误').wants(200)
            expect('撤销的人不是提请的人' in operator.act('parameter', made['id'], 'withdraw').wants(409).text, 'the same eyes')
            expect_same(rests_on(), before + 1, 'it counts until then')
        with cases('a second row of the same days is proposed, but not approved beside the first'):
            made = operator.create('parameter', **row_).wants(201).json
            refused = approve(officer)
            expect_same((refused.status, [e['code'] for e in refused.json['errors']]), (422, ['parameter.overlap']), 'approving it')
        city.stop()


def main():
    cases = proof.Cases()
    four_eyes(cases)
    with proof.own_city(pack=str(MINI)) as city:
        city.start()
        author, admin = proof.Client(city, 'author'), proof.Client(city, 'admin')
        then, now = paper(author, '去年收到', '2024-05-01'), paper(author, '今年收到', '2026-05-01')
        with cases('a case of 2024 is computed with the row of 2024, and says so'):
            old, new = used(author, then)['page_limit'], used(author, now)['page_limit']
            expect_same((old['value'], old['valid_from'], old['valid_to'], old['day']), ('80', '2024-01-01', '2025-12-31', '2024-05-01'),
                        'the row of 2024')
            expect_same((new['value'], new['valid_from']), ('100', '2026-01-01'), 'the row of 2026')
            record = author.get(f'/api/v1/records/paper/{then}').json
            expect_same(record['fields']['pages_left'], 70, 'pages left of 80')
        with cases('the page says it in both languages, and that nobody has checked it'):
            for lang, said in (('zh', '2024-01-01 至 2025-12-31 有效，按 2024-05-01 适用'),
                               ('en', 'in force from 2024-01-01 to 2025-12-31; applied as on 2024-05-01')):
                page = author.get(f'/paper/{then}', lang=lang).wants(200).text
                expect(said in page, f'{lang}: {said} is not on the page')
                expect(('未对照文件核对' if lang == 'zh' else 'Not checked against its document') in page, f'{lang}: it looks checked')
        with cases("changing today's rate leaves the case of before"):
            today = admin.get(f'/api/v1/records/parameter/{new["record"]}').wants(200).json
            admin.edit('parameter', today['id'], today['version'], value='90').wants(200)
            expect_same(used(author, now)['page_limit']['value'], '90', 'the row of 2026')
            expect_same(used(author, then)['page_limit']['value'], '80', 'the row of 2024')
            expect_same(author.get(f'/api/v1/records/paper/{then}').json['fields']['pages_left'], 70, 'pages left then')
        with cases('rows whose days overlap are refused by name, others are not'):
            for days in ({'valid_from': '2024-01-01'}, {'valid_from': '2025-06-01'}, {'valid_from': '2025-12-31', 'valid_to': '2025-12-31'},
                         {'valid_from': '2023-06-01', 'valid_to': '2024-01-01'}, {'valid_from': '2026-01-01', 'valid_to': '2026-02-01'}):
                refused = row(admin, value='1', **days).wants(422).json
                expect_same([(e['field'], e['code']) for e in refused['errors']], [('valid_from', 'parameter.overlap')], f'errors of {days}')
            for days in ({'valid_from': '2023-01-01', 'valid_to': '2023-12-31'}, {'valid_from': '2030-01-01'}):
                row(admin, value='1', **days).wants(201)
        city.stop()
    with tempfile.TemporaryDirectory() as folder, proof.own_city(pack=str(binding_pack(folder))) as city:
        city.start()
        author, admin = proof.Client(city, 'author'), proof.Client(city, 'admin')
        with cases('what binds waits until its parameter is checked, and says whose task that is'):
            record = paper(author, '等核对', '2024-05-01')
            refused = author.act('paper', record, 'submit').wants(409).json
            codes = {error['code']: error for error in refused['errors']}
            expect('action.unconfirmed' in codes, f'refused for {list(codes)}')
            expect('篇幅上限' in codes['action.unconfirmed']['text'], codes['action.unconfirmed']['text'])
            step = next(s for s in author.get(f'/api/v1/records/paper/{record}').json['actions'] if s['name'] == 'submit')
            expect(not step['allowed'] and any(r['code'] == 'action.unconfirmed' for r in step['reasons']), f'the step says {step}')
            row_id, person = used(author, record)['page_limit']['record'], admin.all('person')[0]['id']
            admin.act('parameter', row_id, 'confirm', confirmed_by=person).wants(200)
            told = author.act('paper', record, 'submit')
            expect('action.unconfirmed' not in told.text, f'still: {told.text}')
        city.stop()
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
