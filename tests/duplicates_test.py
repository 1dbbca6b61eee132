#!/usr/bin/env python3
"""Records that may be the same thing twice: found by what shows to who looks, and by nothing else. Repeated by
`./dev test duplicates_test`."""
import sys

import proof
from proof import expect, expect_same

TITLE = '深海机器人用柔性液压关节'
AGAIN = '用于深海机器人的柔性液压关节'
ABSTRACT = ('以纤维增强的硅胶腔体代替金属关节，在六十兆帕外压下仍能弯曲一百二十度；驱动液与海水同压，省去耐压壳体，'
            '整臂重量减少三分之二，连续摆动十万次没有渗漏。')
OTHER_WORDS = '一种水下作业臂'


def likeness(client, one, **more):
    """{id: ({field: percent}, as told)}, in the order told."""
    told = client.get('/api/v1/search', type='result', like=one, **more).wants(200).json
    groups = told['items']
    expect(len(groups) < 2, 'one type, one group')
    found = {}
    for group in groups:
        expect_same([item['id'] for item in group['items']], [like['id'] for like in group['likeness']], 'each with its likeness')
        for like in group['likeness']:
            found[like['id']] = {field['field']: field['percent'] for field in like['fields']}
            expect_same(like['percent'], max(found[like['id']].values()), 'as alike as its most alike text')
    return found


def register(client, title, abstract=None, disclosure='secret', submit=True):
    fields = {'title': title, 'discipline': '机械工程', 'disclosure': disclosure, **({'abstract': abstract} if abstract else {})}
    made = client.create('result', **fields).wants(201).json['id']
    if submit:
        client.act('result', made, 'submit').wants(200)
    return made


def found_again(author):
    first = register(author, TITLE, ABSTRACT)
    retitled = register(author, OTHER_WORDS, ABSTRACT[:60] + '样机已试用。')
    second = register(author, AGAIN, '另一份说明，讲的是制造。', submit=False)
    found = likeness(author, second)
    expect_same(list(found), [first], 'the draft is like the one in the pool')
    expect(found[first]['title'] == 75 and found[first]['abstract'] < 30, f'by its title: {found}')
    found = likeness(author, retitled)
    expect_same(list(found), [first], 'another title, the same content')
    expect(found[first]['abstract'] >= 50 and found[first]['title'] < 30, f'by its abstract: {found}')
    expect_same(set(likeness(author, first)), {second, retitled}, 'and the other way round')
    expect_same(len(likeness(author, first, limit=1)), 1, 'no more than asked for')
    alone = register(author, '玉米秸秆制乙醇的耐热酵母', '五十度下发酵。', submit=False)
    expect_same(likeness(author, alone), {}, 'nothing is like it')
    return first, second, retitled


def nothing_hidden(city, author, first):
    """A firm sees a public summary: neither secret results nor abstracts, by whatever they are like."""
    firm = proof.Client(city, 'enterprise')
    shown = register(author, AGAIN + '（公开）', ABSTRACT, disclosure='summary')
    expect_same(likeness(firm, shown), {}, 'those that are like it are secret')
    expect(len(likeness(author, shown)) >= 2, 'whoever sees them finds them')
    twin = register(author, '另一个名称的公开成果', ABSTRACT, disclosure='summary')
    expect(twin in likeness(author, shown), 'by the abstract')
    expect_same(likeness(firm, shown), {}, 'not by an abstract that does not show')
    secret = firm.get('/api/v1/search', type='result', like=first)
    unknown = firm.get('/api/v1/search', type='result', like='019fb5af-6a83-7000-aa9a-6671d3307e08')
    expect_same((secret.status, unknown.status), (404, 404), 'a hidden record is none')
    expect_same(secret.json['detail'], unknown.json['detail'], 'in the same words')
    page = firm.get('/search', type='result', like=shown).wants(200).text
    expect(TITLE not in page and '没有发现相似的' in page, 'the page says that there is none')


def by_page(city, author, first, second):
    record = author.get(f'/result/{second}').wants(200).text
    expect(f'/search?type=result&amp;like={second}' in record, 'the record leads there')
    page = author.get('/search', type='result', like=second).wants(200).text
    expect(f'/result/{first}' in page and '成果名称 75 %' in page, 'which one, and by which text')
    english = proof.Client(city, lang='en', cookie=author.cookie)
    page = english.get('/search', type='result', like=second).wants(200).text
    expect('Likely duplicates' in page and 'Title 75 %' in page, 'in English')


def refused(author, first):
    for given, status in (({'like': first}, 404), ({'type': 'nothing', 'like': first}, 404), ({'type': 'person', 'like': first}, 404),
                          ({'type': 'result', 'like': "'"}, 404), ({'type': 'result', 'like': first, 'limit': 51}, 422)):
        reply = author.get('/api/v1/search', **given)
        expect_same(reply.status, status, f'{given}: {reply.text}')
    expect_same(author.get('/api/v1/search', type='person', like=person_of(author)).wants(200).json['items'], [],
                'a type that names no texts')


def person_of(author):
    return author.get('/api/v1/sessions').wants(200).json['person']['id']


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        author = proof.Client(city, 'researcher')
        with cases('a result under another title, and one with the same content, are found again'):
            first, second, _ = found_again(author)
        with cases('what does not show is like nothing'):
            nothing_hidden(city, author, first)
        with cases('the page of a record leads to those that are like it, and says by what'):
            by_page(city, author, first, second)
        with cases('what cannot be asked is refused'):
            refused(author, first)
        with cases('the server ends with 0'):
            city.stop()
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
