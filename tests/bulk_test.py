#!/usr/bin/env python3
"""One step on many records: of a list by its page, of named ones by the API; each is taken whole or refused alone. Repeated by
`./dev test bulk_test`."""
import re
import sys
import urllib.parse

import proof
from proof import expect, expect_same

FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
COMPLETE = {'discipline': '材料', 'abstract': '做法'}
DRAFTS = "state = 'draft' and keywords = '批量'"


def hidden(page, name):
    return re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page)[1]


def send(client, page, **fields):
    """The form as a browser sends it: what it holds, and what was filled in."""
    held = {name: hidden(page, name) for name in ('csrf', 'once', '.step', '.ids')}
    action = re.search(r'<form action="([^"]+)" method="post" novalidate>', page)[1]
    return client.request('POST', action, urllib.parse.urlencode({**held, **fields}).encode(), FORM)


def results(author, *fields):
    return [author.create('result', title=f'批量 {at}', keywords='批量', **given).wants(201).json['id'] for at, given in enumerate(fields)]


def states(client, ids):
    return [client.get(f'/api/v1/records/result/{one}').wants(200).json['state'] for one in ids]


def by_page(city, author):
    ids = results(author, COMPLETE, COMPLETE, {}, COMPLETE)
    listed = author.get('/result', filter=DRAFTS).wants(200).text
    expect('/result/steps?filter=' in listed, 'the list leads to its steps')
    chosen = author.get('/result/steps', filter=DRAFTS).wants(200).text
    href = re.search(r'href="(/result/steps\?step=submit[^"]*)"', chosen)[1].replace('&amp;', '&')
    page = author.get(href).wants(200).text
    expect_same(sorted(hidden(page, '.ids').split(',')), sorted(ids), 'those of the list')
    late = results(author, COMPLETE)[0]                         # what comes into the list now was not seen
    done = send(author, page)
    expect_same(done.status, 200, done.text)
    expect_same(states(author, ids), ['pool', 'pool', 'draft', 'pool'], 'each by itself')
    expect_same(states(author, [late]), ['draft'], 'what was not seen')
    expect('已办理 3 条' in done.text and '请填写' in done.text and '批量 2' in done.text, 'what came of it')
    expect_same(send(author, page).text, done.text, 'sent twice, done once')
    english = proof.Client(city, lang='en', cookie=author.cookie)
    expect('steps on the list' in english.get('/result/steps', filter=DRAFTS).wants(200).text, 'in English')
    return ids


def with_input(office, author, ids):
    round_ = office.create('screening_round', title='批量轮', criteria=[{'criterion': '新', 'weight': 100}], places=1, opens_on=proof.city_day(),
                           closes_on=proof.city_day(), reviews_by='2099-01-01', seats=[{'group': 'academia', 'places': 1}],
                           seed_source='指数').wants(201).json['id']
    office.act('screening_round', round_, 'open').wants(200)
    page = author.get('/result/steps', filter="state = 'pool' and keywords = '批量'", step='enter').wants(200).text
    missing = send(author, page)
    expect_same((missing.status, '请填写筛选轮次' in missing.text), (422, True), 'what all of them lack is asked on the form')
    page = author.get('/result/steps', filter="state = 'pool' and keywords = '批量'", step='enter').wants(200).text
    expect_same(send(author, page, screening_round=round_).status, 200, 'with what is asked')
    expect_same(states(author, ids), ['screening', 'screening', 'draft', 'screening'], 'entered')


def by_api(author, office, elsewhere):
    ids = results(author, COMPLETE, {}, COMPLETE)
    path = '/api/v1/records/result/actions/'
    answer = office.request('POST', path + 'submit', {'ids': ids}).wants(200).json
    expect_same((answer['taken'], [each['id'] for each in answer['refused']]), ([ids[0], ids[2]], [ids[1]]), 'taken and refused')
    expect_same((answer['refused'][0]['code'], answer['refused'][0]['errors'][0]['field']), ('record.invalid', 'abstract'), answer)
    theirs = elsewhere.request('POST', path + 'withdraw', {'ids': ids + ['00000000-0000-7000-8000-000000000000']}).wants(200).json
    expect_same((theirs['taken'], {each['code'] for each in theirs['refused']}), ([], {'record.unseen'}), 'of others there is nothing')
    for body, status in (({'ids': []}, 422), ({'ids': ids * 86}, 422), ({'ids': 'x'}, 422), ({}, 422), ({'ids': ids, 'input': []}, 422)):
        office.request('POST', path + 'withdraw', body).wants(status)
    for name in ('create', 'edit', 'nothing'):
        office.request('POST', path + name, {'ids': ids}).wants(404)
    key = {'Idempotency-Key': 'a-key-of-many-steps'}
    first = office.request('POST', path + 'withdraw', {'ids': ids[:1]}, key).wants(200)
    expect_same(office.request('POST', path + 'withdraw', {'ids': ids[:1]}, key).text, first.text, 'under a key, once')
    other = office.request('POST', path + 'withdraw', {'ids': [ids[0], ids[2]]}, key).wants(422)
    expect_same(other.json['type'], '/errors/key.reused', 'the key with another body')
    expect_same(office.get(f'/api/v1/records/result/{ids[2]}').json['state'], 'pool', 'of which nothing was taken')
    twice = office.request('POST', path + 'withdraw', {'ids': [ids[2], ids[2]]}).wants(200).json
    expect_same((twice['taken'], [each['code'] for each in twice['refused']]), ([ids[2]], ['action.refused']), 'a record twice')


def empty_fields(office, author):
    """A field that is left empty says nothing of what each record has in it."""
    ids = results(author, COMPLETE)
    author.request('POST', '/api/v1/records/result/actions/submit', {'ids': ids}).wants(200)
    office.act('result', ids[0], 'return', return_reason='补').wants(200)
    author.act('result', ids[0], 'submit').wants(200)
    page = office.get('/result/steps', filter=f"id = '{ids[0]}'", step='disclose').wants(200).text
    expect(not re.search(r'name="disclosure"[^>]* checked', page), 'nothing is chosen for anybody')
    before = office.get(f'/api/v1/records/result/{ids[0]}').json['fields']
    expect_same(send(office, page, disclosure='').status, 200, 'nothing filled in')
    expect_same(office.get(f'/api/v1/records/result/{ids[0]}').json['fields'], before, 'as it was')


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        author, office, elsewhere = (proof.Client(city, each) for each in ('researcher', 'institution', 'enterprise'))
        with cases('a page takes a step on the records that were seen, and says of the others why not'):
            ids = by_page(city, author)
        with cases('what the step asks for is asked once, for all'):
            with_input(office, author, ids)
        with cases('by the API: each whole or not at all; bounded; of others as if there were nothing'):
            by_api(author, office, elsewhere)
        with cases('a field left empty leaves what each record has'):
            empty_fields(office, author)
        with cases('the server ends with 0'):
            city.stop()
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
