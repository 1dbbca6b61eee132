#!/usr/bin/env python3
"""How the columns of a file are understood, and mapped by hand: on the page, by API and on the command line; and that a field which
one may never see is no field in any of them.

A case is repeated by `./dev test columns_test`."""
import html
import json
import re
import shutil
import sys
import tempfile
import urllib.parse
from pathlib import Path

import proof
from proof import expect, expect_same
from xlsx import book

MINI = proof.ROOT / 'tests/packs/mini'
HEAD = ['成果名称', 'disciplin', '水平', '来源', 'created']
ROWS = [['低温电解质', '化学', '4', 'A-1', ''], ['高镍正极', '材料科学', '3', 'A-2', ''], ['硅碳负极', '化学' * 50, '2', 'A-3', '']]
MAP = {'title': '成果名称', 'discipline': 'disciplin', 'claimed_level': '水平'}


def csv(rows):
    return '\r\n'.join(','.join(row) for row in rows).encode()


def lines(rows):
    return '\n'.join(json.dumps(dict(zip(HEAD, row)), ensure_ascii=False) for row in rows[1:]).encode()


def send(client, name, body, type_='result', **query):
    target = f'/api/v1/records/{type_}/import?' + urllib.parse.urlencode({'name': name, **query})
    return client.request('POST', target, body, {'Content-Type': 'application/octet-stream', 'X-Firstmile': '1'}).wants(202).json['id']


def ended(client, job):
    return proof.until(lambda: client.get(f'/api/v1/jobs/{job}').wants(200).json,
                       lambda found: found['state'] not in ('waiting', 'running'), 'the job ends')


def columns(client, job):
    return client.get(f'/api/v1/jobs/{job}/columns').wants(200).json


def understood(found):
    return [(each['column'], each['field'], each['near'], each['passed']) for each in found['columns']]


WANTED = [('成果名称', 'title', None, False), ('disciplin', None, 'discipline', False), ('水平', None, None, False),
          ('来源', None, None, False), ('created', None, None, True)]


def every_format(client):
    for name, body in (('a.csv', csv([HEAD, *ROWS])), ('a.jsonl', lines([HEAD, *ROWS])), ('a.xlsx', book([HEAD, *ROWS]))):
        job = send(client, name, body)
        expect_same(ended(client, job)['state'], 'failed', f'{name}: its header does not fit')
        found = columns(client, job)
        expect_same(understood(found), WANTED, f'columns of {name}')
        expect_same(found['columns'][0]['values'], [row[0] for row in ROWS], f'first rows of {name}')
        expect_same(found['columns'][1]['values'][2], ('化学' * 50)[:80] + '…', f'a long cell of {name}')
        expect_same(found['about'], 'result', 'about')
        expect({'id', 'number', 'version', 'title', 'contact'} <= set(found['fields']), found['fields'])
        expect(not {'created', 'state', 'creator'} & set(found['fields']), found['fields'])


def by_api(city, client):
    job = send(client, 'b.csv', csv([HEAD, *ROWS]))
    ended(client, job)
    at = f'/api/v1/jobs/{job}/columns'
    refused = [({'mapping': {}}, 'mapping'), ({'mapping': {'title': 7}}, 'mapping'), ({'mapping': {'titel': '成果名称'}}, None),
               ({'mapping': {'title': 'no such'}}, 'title'), ({'mapping': {'created': 'created'}}, None)]
    for body, field in refused:
        reply = client.request('POST', at, body).wants(422)
        expect(field is None or field in [error['field'] for error in reply.json['errors']], f'{body}: {reply.text}')
    for body in ({}, {'mapping': 'x'}, {'mapping': MAP, 'more': 1}, {'mapping': MAP, 'dry_run': 'yes'}):
        expect(client.request('POST', at, body).status in (400, 422), f'{body} was taken')
    before = results(city)
    again = client.request('POST', at, {'mapping': MAP, 'dry_run': True}).wants(202)
    expect_same(again.headers['Location'], f'/api/v1/jobs/{again.json["id"]}', 'Location')
    checked = ended(client, again.json['id'])
    expect_same([checked['state'], checked['job']['added'], checked['fields']['dry_run']], ['done', 3, True], 'a dry run')
    expect_same(results(city), before, 'a dry run writes nothing')
    expect_same([each['field'] for each in columns(client, again.json['id'])['columns']],
                ['title', 'discipline', 'claimed_level', None, None], 'the columns as they were mapped')
    written = client.request('POST', at, {'mapping': MAP}).wants(202).json['id']
    expect_same(ended(client, written)['job']['added'], 3, 'written')
    expect_same(results(city), sorted(before + [(row[0], row[1], int(row[2])) for row in ROWS]), 'what went in')


def results(city):
    with proof.database(city) as db:
        return sorted(db.execute("SELECT title, discipline, claimed_level FROM r_result WHERE title IN (?, ?, ?)",
                                 [row[0] for row in ROWS]).fetchall())


def form_of(page):
    return {name: html.unescape(value) for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
            if name in ('csrf', 'once')}


def chosen(page):
    """What each column's list has chosen."""
    return [re.findall(r'<option value="(\w*)" selected', each) for each in re.findall(r'<select.*?</select>', page, re.S)]


def post(client, at, **fields):
    page = client.get(at).wants(200).text
    body = urllib.parse.urlencode({**form_of(page[page.index('<main'):]), **fields}).encode()
    return client.request('POST', at, body, {'Content-Type': 'application/x-www-form-urlencoded'})


def by_page(city):
    client = proof.Client(city, 'researcher', 'en')
    job = send(client, 'c.csv', csv([HEAD, *ROWS]))
    ended(client, job)
    at = f'/jobs/{job}/columns'
    expect(f'href="{at}"' in client.get(f'/job/{job}').wants(200).text, "the job's page does not lead to its columns")
    page = client.get(at).wants(200).text
    expect_same(chosen(page), [['title'], ['discipline'], [], [], []], 'what is chosen before')
    expect('Title (title)' in page and '低温电解质' in page and 'Row 3' in page, 'the page shows fields and first rows')
    twice = post(client, at, c0='title', c1='title', how='write').wants(422).text
    expect_same(chosen(twice), [['title'], ['title'], [], [], []], 'what was chosen stays')
    expect('href="#c1"' in twice and 'checked><label for="how-write"' in twice, 'the problem leads to its list')
    post(client, at, how='check').wants(422)
    post(client, at, c0='nonsense', how='check').wants(422)
    begun = post(client, at, c0='title', c1='discipline', c2='claimed_level', how='check').wants(303).headers['Location']
    job = re.fullmatch(r'/job/([\w-]+)\?follow=1', begun)[1]
    expect_same(ended(client, job)['fields']['dry_run'], True, 'checked only')
    expect_same(json.loads(ended(client, job)['fields']['mapping']), MAP, 'the map')


def by_command(city):
    path = city.scratch / 'd.csv'
    path.write_bytes(csv([HEAD, *ROWS]))
    told = proof.run(city, 'import', 'result', path, '--as', 'researcher', '--columns', '--lang', 'en', status=65).body.splitlines()
    expect_same([line.split('\t') for line in told[:3]],
                [['成果名称', 'title', ' | '.join(row[0] for row in ROWS)], ['disciplin', 'discipline?', told[1].split('\t')[2]],
                 ['水平', '-', '4 | 3 | 2']], 'columns on the command line')
    (city.scratch / 'map.json').write_text(json.dumps(MAP))
    words = ('import', 'result', path, '--as', 'researcher', '--columns', '--map', city.scratch / 'map.json')
    before = results(city)
    found = [json.loads(line) for line in proof.run(city, *words, '--json').body.splitlines()]
    expect_same([each['field'] for each in found[0]['columns']], ['title', 'discipline', 'claimed_level', None, None], 'as JSON')
    expect_same([found[1]['added'], results(city)], [3, before], 'it checks only')


def hiding_pack(folder):
    """The small pack, in which readers may register papers, whose authors they never see."""
    shutil.copytree(MINI, folder / 'pack')
    paper = folder / 'pack/types/paper.yaml'
    text = paper.read_text(encoding='utf-8')
    assert text.count('roles: [author, admin]}') == 1
    text = text.replace('roles: [author, admin]}', 'roles: [author, admin, reader]}').replace('unique: owner, ', '')
    paper.write_text(text, encoding='utf-8')
    return folder / 'pack'


def hidden(city):
    """What a role may never see is no field of its files: neither known, nor near, nor mapped, and as unknown as any other word."""
    reader, author = proof.Client(city, 'reader'), proof.Client(city, 'author')
    told = set()
    for name in ('authors', '作者', 'Authors', 'zzzzzzz'):
        job = send(reader, 'h.csv', csv([['title', name], ['甲', '乙']]), 'paper')
        found = ended(reader, job)
        expect_same(found['state'], 'failed', name)
        said = [found['fields']['reason'].replace(name, 'NAME')]
        shown = columns(reader, job)
        expect_same(understood(shown), [('title', 'title', None, False), (name, None, None, False)], name)
        expect('authors' not in shown['fields'], shown['fields'])
        for mapping in ({'title': 'title', name: name}, {name: 'title'}):
            reply = reader.request('POST', f'/api/v1/jobs/{job}/columns', {'mapping': mapping}).wants(422)
            said.append(reply.text.replace(name, 'NAME'))
        sent = ended(reader, send(reader, 'h.csv', csv([['title', name], ['甲', '乙']]), 'paper', mapping=json.dumps({name: name})))
        told.add((*said, sent['fields']['reason'].replace(name, 'NAME')))
    expect_same(len(told), 1, f'a hidden field and no field, told apart: {told}')
    job = send(reader, 'h.csv', csv([['title', 'author'], ['甲', '乙']]), 'paper')
    expect('authors' not in ended(reader, job)['fields']['reason'], 'a hidden field was meant')
    expect_same(columns(reader, job)['columns'][1]['near'], None, 'a hidden field is near')
    job = send(author, 'h.csv', csv([['title', 'author'], ['甲', '乙']]), 'paper')
    ended(author, job)
    expect_same(columns(author, job)['columns'][1]['near'], 'authors', 'to an author it is near')


def others(city, owner):
    job = send(owner, 'e.csv', csv([HEAD, *ROWS]))
    ended(owner, job)
    none = '00000000-0000-7000-8000-000000000000'
    for login in ('institution', 'officer', 'expert', 'operator', 'auditor'):
        client = proof.Client(city, login)
        for method, body in (('GET', None), ('POST', {'mapping': MAP})):
            there, nowhere = (client.request(method, f'/api/v1/jobs/{each}/columns', body) for each in (job, none))
            expect_same((there.status, there.text.replace(job, none)), (nowhere.status, nowhere.text), f"{login}, {method}: another's file and none")
            expect_same(there.status, 404, login)
        there, nowhere = (client.get(f'/jobs/{each}/columns') for each in (job, none))
        expect_same((there.status, nowhere.status), (404, 404), f'{login}: the page')


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        owner = proof.Client(city, 'researcher')
        with cases('columns and first rows of CSV, JSON Lines and XLSX, with what may be meant'):
            every_format(owner)
        with cases('by API a map is checked before there is a job, and begins the same file again'):
            by_api(city, owner)
        with cases('by page each column has a list of fields; a wrong choice comes back with the problem'):
            by_page(city)
        with cases('on the command line --columns lists them and writes nothing'):
            by_command(city)
        with cases('nobody but the starter has them, whatever their role'):
            others(city, owner)
    with tempfile.TemporaryDirectory(prefix='firstmile-columns-') as folder, proof.own_city(pack=str(hiding_pack(Path(folder)))) as city:
        city.start()
        with cases('a field that never shows is no column'):
            hidden(city)
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
