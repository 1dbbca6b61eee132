#!/usr/bin/env python3
"""Steps that an action takes along (docs/PACKS.md, `carries`): all or none, each in an event of its own, over what the actor sees or not.

The small pack gets issues of a journal, which print the papers that they name. Repeated by `./dev test carry_test`."""
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import proof
from proof import expect, expect_same

MINI = proof.ROOT / 'tests/packs/mini'
ISSUE = '''type: issue
label: {zh: 期刊, en: Issue}
plural: {zh: 期刊, en: Issues}
title: title
fields:
  - {name: title, kind: text, label: {zh: 标题, en: Title}, class: public}
  - {name: lead, kind: reference, target: paper, label: {zh: 首篇, en: Lead}, class: public}
  - {name: extra, kind: references, target: paper, label: {zh: 增刊, en: Extra}, class: public}
  - name: items
    kind: rows
    label: {zh: 目录, en: Contents}
    class: public
    columns:
      - {name: paper, kind: reference, target: paper, label: {zh: 论文, en: Paper}}
      - {name: page, kind: integer, label: {zh: 页码, en: Page}}
      - {name: held, kind: boolean, label: {zh: 暂缓, en: Held back}}
states:
  - {name: draft, label: {zh: 草稿, en: Draft}}
  - {name: out, label: {zh: 已出版, en: Out}}
access:
  - {roles: [admin, reader], clearance: secret}
actions:
  - {name: create, label: {zh: 登记, en: Register}, to: draft, who: [{roles: [admin, reader]}], required: [title]}
  - {name: edit, label: {zh: 编辑, en: Edit}, from: [draft], who: [{roles: [admin, reader]}]}
  - name: publish
    label: {zh: 出版, en: Publish}
    from: [draft]
    to: out
    who: [{roles: [admin, reader]}]
    carries:
      - {step: print, each: items, when: "held is missing or not held", on: paper, with: {printed_page: page}}
      - {step: print, on: extra, with: {printed_in: id, cost: "1"}}
      - {step: print, on: lead}
'''
PAPER = '''
  - {name: printed_page, kind: integer, label: {zh: 印在第几页, en: Page}, class: public}
  - {name: printed_in, kind: reference, target: issue, label: {zh: 印在, en: Printed in}, class: public}
  - {name: cost, kind: money, currency: CNY, label: {zh: 印费, en: Cost}, class: public}
'''
PRINT = '''
  - name: print
    label: {zh: 刊印, en: Print}
    from: [submitted]
    to: printed
    who: []
    inputs: [printed_page, printed_in, cost]
    required: [body]
    notify: [{to: owner}]
    guard:
      - when: "printed_page is missing or printed_page > 0"
        rule: {zh: 页码从 1 起, en: pages count from 1}
list:'''


def journal_pack(folder):
    shutil.copytree(MINI, folder / 'pack')
    (folder / 'pack/types/issue.yaml').write_text(ISSUE, encoding='utf-8')
    paper = folder / 'pack/types/paper.yaml'
    text = paper.read_text(encoding='utf-8')
    text = text.replace('  - {name: annexes,', PAPER.strip('\n') + '\n  - {name: annexes,').replace('\nlist:', PRINT)
    text = text.replace('  - {name: accepted, label', '  - {name: printed, label: {zh: 已刊印, en: Printed}}\n  - {name: accepted, label')
    paper.write_text(text, encoding='utf-8')
    return folder / 'pack'


class Journal:
    def __init__(self, city):
        self.city = city
        self.admin, self.author, self.reader = (proof.Client(city, each) for each in ('admin', 'author', 'reader'))
        self.count = 0

    def paper(self, **fields):
        self.count += 1
        given = {'title': f'稿 {self.count}', 'body': '正文', 'disclosure': 'public', **fields}
        one = self.author.create('paper', **given).wants(201).json['id']
        self.author.act('paper', one, 'submit').wants(200)
        return one

    def issue(self, client=None, **fields):
        return (client or self.admin).create('issue', title='第一期', **fields).wants(201).json['id']

    def of(self, paper):
        return self.admin.get(f'/api/v1/records/paper/{paper}').wants(200).json


def events(city):
    with proof.database(city) as db:
        return db.execute('SELECT e.action, e.person, r.record FROM event e JOIN event_record r ON r.sequence = e.sequence'
                          ' ORDER BY e.sequence').fetchall()


def taken_along(j):
    papers = [j.paper() for _ in range(5)]
    one = j.issue(items=[{'paper': papers[0], 'page': 7}, {'paper': papers[1], 'page': 9, 'held': True},
                         {'paper': papers[2]}, {'paper': papers[0], 'page': 8}, {'page': 3}], extra=[papers[3], papers[2]], lead=papers[4])
    before = len(events(j.city))
    j.admin.act('issue', one, 'publish').wants(200)
    found = {paper: (j.of(paper)['state'], j.of(paper)['fields'].get('printed_page'), j.of(paper)['fields'].get('printed_in'),
                     j.of(paper)['fields'].get('cost')) for paper in papers}
    expect_same(found, {papers[0]: ('printed', 7, None, None), papers[1]: ('submitted', None, None, None),
                        papers[2]: ('printed', None, None, None), papers[3]: ('printed', None, one, '1.00'),
                        papers[4]: ('printed', None, None, None)}, 'what became of the papers')
    new = events(j.city)[before:]
    expect_same([(action, record) for action, _, record in new],
                [('publish', one), ('print', papers[0]), ('print', papers[2]), ('print', papers[3]), ('print', papers[4])], 'the events')
    expect_same(len({person for _, person, _ in new}), 1, 'by one person')
    told = proof.until(lambda: [each['record']['id'] for each in j.author.get('/api/v1/notices').wants(200).json['items']
                                if each['action'] == 'print'], lambda found: len(found) == 4, 'each is told')
    expect_same(set(told), set(papers) - {papers[1]}, 'of which the author is told')


def all_or_none(j):
    good, bad, poor = j.paper(), j.author.create('paper', title='还是草稿', body='正文', disclosure='public').wants(201).json['id'], j.paper()
    one = j.issue(items=[{'paper': good, 'page': 1}, {'paper': poor, 'page': 0}], lead=bad)
    before = events(j.city)
    reply = proof.Client(j.city, 'admin', 'en').act('issue', one, 'publish').wants(409)
    texts = [error['text'] for error in reply.json['errors']]
    expect_same([error['code'] for error in reply.json['errors']], ['action.carried', 'action.carried'], reply.text)
    expect('稿' in texts[0] and 'pages count from 1' in texts[0], texts)
    expect('还是草稿' in texts[1] and 'Draft' in texts[1], texts)
    expect_same(events(j.city), before, 'nothing is left of it')
    shown = next(step for step in j.admin.get(f'/api/v1/records/issue/{one}').wants(200).json['actions'] if step['name'] == 'publish')
    expect_same((shown['allowed'], [reason['code'] for reason in shown['reasons']]), (False, ['action.carried'] * 2), 'the step, beforehand')
    j.author.act('paper', bad, 'submit').wants(200)
    j.admin.edit('issue', one, 1, items=[{'paper': good, 'page': 1}]).wants(200)
    j.admin.act('issue', one, 'publish').wants(200)
    expect_same([j.of(paper)['state'] for paper in (good, bad, poor)], ['printed', 'printed', 'submitted'], 'once nothing stands in the way')


def unseen(j):
    """A reader publishes what names a paper that they do not see: it was put there by who does."""
    hidden, draft = j.paper(disclosure='secret'), j.author.create('paper', title='秘密', body='x', disclosure='secret').wants(201).json['id']
    j.reader.get(f'/api/v1/records/paper/{hidden}').wants(404)
    one, other = j.issue(lead=hidden), j.issue(lead=draft)
    reply = j.reader.act('issue', other, 'publish').wants(409)
    expect_same([error['code'] for error in reply.json['errors']], ['action.clause_hidden'], reply.text)
    expect('秘密' not in reply.text and draft not in reply.text, reply.text)
    j.reader.act('issue', one, 'publish').wants(200)
    expect_same(j.of(hidden)['state'], 'printed', 'the hidden paper')


def at_once(j):
    """Two issues that name one paper: one of them comes out."""
    for _ in range(10):
        paper = j.paper()
        issues = [j.issue(lead=paper) for _ in range(4)]
        clients, found = [proof.Client(j.city, cookie=j.admin.cookie) for _ in issues], []
        threads = [threading.Thread(target=lambda c=c, i=i: found.append(c.act('issue', i, 'publish').status)) for c, i in zip(clients, issues)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect_same(sorted(found), [200, 409, 409, 409], 'how they ended')
        expect_same(sum(record == paper and action == 'print' for action, _, record in events(j.city)), 1, 'it is printed once')


def called_off(j):
    """In the small pack as it is: to accept a paper lets its open reviews lapse."""
    paper = j.paper()
    with proof.database(j.city) as db:
        reviewers = [row[0] for row in db.execute("SELECT DISTINCT person FROM r_membership WHERE role = 'reviewer'")]
    reviews = [j.admin.create('review', paper=paper, reviewer=reviewers[0]).wants(201).json['id'] for _ in range(3)]
    proof.Client(j.city, 'reviewer').act('review', reviews[0], 'give', verdict='accept').wants(200)
    j.admin.act('paper', paper, 'accept').wants(200)
    expect_same([j.admin.get(f'/api/v1/records/review/{each}').json['state'] for each in reviews], ['given', 'lapsed', 'lapsed'], 'reviews')


def main():
    cases = proof.Cases()
    with tempfile.TemporaryDirectory(prefix='firstmile-carry-') as folder, proof.own_city(pack=str(journal_pack(Path(folder)))) as city:
        city.start()
        j = Journal(city)
        with cases('each record takes its step, once, in an event of its own, with what it is given'):
            taken_along(j)
        with cases('what refuses one of them refuses all, says which, and leaves nothing'):
            all_or_none(j)
        with cases('of a record that the actor does not see nothing is told'):
            unseen(j)
        with cases('two steps at once that take along the same record: one of them is taken'):
            at_once(j)
        with cases('child records, as far as a condition holds'):
            called_off(j)
        with cases('the tables are what the events make'):
            city.stop()
            proof.expect_whole_events(city)
            before = proof.dump(city)
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), before, 'rebuilt')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
