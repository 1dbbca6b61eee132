#!/usr/bin/env python3
# suite: slow
"""Erased is gone: what a person said of themself leaves the city, its history and its files, and everything else stays provable.

    erasure_test.py [ROUNDS]            rounds of kill -9, 6 unless said

Each telephone number and each remark is a word of its own, which is looked for in the bytes of city.db, its log and its shared
memory. Enough persons are written, and often enough, that their rows move between pages of the file.
"""
import concurrent.futures
import json
import random
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

import proof
from proof import expect, expect_same

PERSONS = 200
EACH_ROUND = 16
EDITS = 3
GONE_S = 20                     # until the log is emptied, for a busy machine under sanitizers
CLIENTS = 4
REMARK_WORDS = (1, 3, 40, 700)  # from a line to several pages of the file


def make_pack(folder):
    """The mini pack, whose persons have remarks, too."""
    pack = Path(folder) / 'pack'
    shutil.copytree(proof.ROOT / 'tests/packs/mini', pack)
    person = pack / 'types/person.yaml'
    text = person.read_text(encoding='utf-8')
    changed = text.replace('states:', '  - {name: remarks, kind: long_text, class: secret, label: {zh: 备注, en: Remarks}}\nstates:', 1) \
                  .replace('erases: [name, phone]', 'erases: [phone, remarks]')
    expect(changed.count('remarks') == 2, 'the mini pack has another person than this test knows')
    person.write_text(changed, encoding='utf-8')
    return pack


class Person:
    """One record, and every word that it ever held."""

    def __init__(self, client, name):
        self.name, self.words, self.version = name, [], 1
        self.id = client.create('person', name=name, **self.new_values()).wants(201).json['id']

    def new_values(self):
        phone, remark = f'P{secrets.token_hex(8)}', f'R{secrets.token_hex(8)}'
        self.now = [phone, remark]
        self.words += self.now
        return {'phone': phone, 'remarks': ' '.join([remark] * random.choice(REMARK_WORDS))}

    def edit(self, client):
        client.edit('person', self.id, self.version, **self.new_values()).wants(200)
        self.version += 1

    def erase(self, client):
        client.act('person', self.id, 'erase').wants(200)
        self.version += 1


def many(client, persons, deed):
    """The deed for each person, by several connections at once: changes share pages and commits."""
    def some(part):
        client = proof.Client(city, cookie=cookie)
        for person in part:
            deed(person, client)
        client.close()
    city, cookie = client.city, client.cookie
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(some, (persons[i::CLIENTS] for i in range(CLIENTS))))


# ---- what is left --------------------------------------------------------------------------------------------------

def found_in_files(city, words):
    """Those of the words whose bytes stand somewhere in the city's folder."""
    texts = [path.read_bytes() for path in Path(city.path).rglob('*') if path.is_file()]
    return [word for word in words if any(word.encode() in text for text in texts)]


def expect_gone(city, persons):
    """Within a moment: the log is emptied when no reader is in the way."""
    words = [word for person in persons for word in person.words]
    expect(len(words) > 2, 'there is nothing to look for')
    end = time.monotonic() + GONE_S
    while (left := found_in_files(city, words)) and time.monotonic() < end:
        time.sleep(0.1)
    expect(not left, f'{len(left)} of {len(words)} erased words are still in the files: {left[:3]}')


def expect_kept(city, persons):
    words = [word for person in persons for word in person.now]
    expect_same(found_in_files(city, words), words, 'the words of the others in the files')


def answers_about(client, person):
    """Everything that the program tells of a person, of lists the whole."""
    record, page, today = f'/api/v1/records/person/{person.id}', f'/person/{person.id}', proof.city_day()
    targets = [record, record + '/events', f'{record}/at/{today}', f'{record}/at/2999-01-01', page, f'{page}?log=all',
               f'{page}/at/2999-01-01', '/api/v1/records/person?limit=1000', '/person?limit=200',
               '/api/v1/records/person/export?format=csv', '/api/v1/records/person/export?format=jsonl']
    return {target: client.get(target).wants(200).text for target in targets}


def expect_not_told(client, person):
    for target, text in answers_about(client, person).items():
        told = [word for word in person.words if word in text]
        expect(not told, f'{target} tells {told}')


# ---- cases ---------------------------------------------------------------------------------------------------------

def erase_some(cases, city):
    city.start()
    client = proof.Client(city, 'admin')
    persons = []
    with cases('persons come, and change often'):
        many(client, [f'Person {i}' for i in range(PERSONS)], lambda name, by: persons.append(Person(by, name)))
        for _ in range(EDITS):
            many(client, persons, Person.edit)
        expect_kept(city, persons)
    goners, others = persons[::2], persons[1::2]
    with cases('before, the program tells what it will not tell after'):
        for target, text in answers_about(client, goners[0]).items():
            expect(any(word in text for word in goners[0].words) or target.startswith('/person?'), f'{target} tells nothing')
    with cases('half of them are erased; not one word of theirs is left in the files'):
        many(client, goners, Person.erase)
        expect_gone(city, goners)
    with cases('the others have all of theirs'):
        expect_kept(city, others)
    with cases('no answer tells what was erased'):
        for person in goners[:3]:
            expect_not_told(client, person)
    with cases('the record and its history say that it was'):
        record = client.get(f'/api/v1/records/person/{goners[0].id}').wants(200).json
        expect_same(record['erased'], ['phone', 'remarks'], 'erased')
        expect_same(record['fields'].get('name'), goners[0].name, 'what is not erased')
        events = client.get(f'/api/v1/records/person/{goners[0].id}/events').wants(200).json['items']
        erased = {change['field']: change for change in events[0]['changes']}['phone']
        expect_same((erased['old'], 'new' in erased), ({'erased': True}, False), 'the last change of the phone')
        for lang, word in (('zh', '已删除'), ('en', 'erased')):
            page = client.get(f'/person/{goners[0].id}?lang={lang}').wants(200).text
            expect(word in page, f'the page does not say {word}')
    client.close()
    city.stop()
    with cases('every event is still whole, and a rebuild makes the same tables, without a word of it'):
        proof.expect_whole_events(city)
        before = proof.dump(city)
        proof.run(city, 'rebuild')
        proof.expect_same_dump(proof.dump(city), before, 'after rebuild')
        expect_gone(city, goners)
        expect_kept(city, others)
    return others


def expect_whole_or_gone(client, person):
    """All of a person, or nothing: the record and its history agree. Whether it is gone."""
    record = client.get(f'/api/v1/records/person/{person.id}').wants(200).json
    gone = record['version'] == person.version + 1
    expect(gone or record['version'] == person.version, f'version {record["version"]} after {person.version}')
    expect_same('phone' in record['fields'], not gone, f'the phone of version {record["version"]}')
    history = client.get(f'/api/v1/records/person/{person.id}/events').wants(200).text
    told = [word for word in person.words if word in history]
    expect_same(told, [] if gone else person.words, 'words in the history')
    return gone


def kill_between(cases, city, persons, rounds):
    for number in range(rounds):
        part, persons = persons[:EACH_ROUND], persons[EACH_ROUND:]
        with cases(f'kill -9 amid erasing leaves all of a person or nothing, round {number + 1}'):
            city.start()
            client = proof.Client(city, 'admin')
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                working = pool.submit(many, client, part, Person.erase)
                enough, end = random.randrange(1, len(part)), time.monotonic() + GONE_S
                while sum(person.version > EDITS + 1 for person in part) < enough and time.monotonic() < end:
                    time.sleep(0.0002)
                city.kill()
                working.exception()             # the connections broke, or all was done before
            for person in part:                 # what was acknowledged counts; what was not may have been done
                person.acknowledged, person.version = person.version > EDITS + 1, EDITS + 1
            city.start()
            client = proof.Client(city, 'admin')
            gone = [person for person in part if expect_whole_or_gone(client, person)]
            lost = [person.name for person in part if person.acknowledged and person not in gone]
            expect(not lost, f'erased by an answer, and there again: {lost}')
            print(f'# {len(gone)} of {len(part)} were erased when it was killed', flush=True)
            client.close()
            if gone:
                expect_gone(city, gone)
            city.stop()
            proof.expect_whole_events(city)


def end_sign_in(cases, city):
    login = f'l{secrets.token_hex(8)}'
    with cases('erasing a person leaves their login; user end takes it, also out of the files'):
        city.start()
        client = proof.Client(city, 'admin')
        body = client.all('organisation')[0]['id']
        added = json.loads(proof.run(city, 'user add', '--login', login, '--name', 'Some One', '--organisation', body, '--role',
                                     'reader', '--json', stdin=proof.PASSWORD + '\n').body)
        client.act('person', added['person'], 'erase').wants(200)
        expect_same(found_in_files(city, [login]), [login], 'the login in the files')
        proof.run(city, 'user end', login)
        refused = client.request('POST', '/api/v1/sessions', {'login': login, 'password': proof.PASSWORD})
        expect_same(refused.status, 401, 'signing in after the end')
        end = time.monotonic() + GONE_S
        while found_in_files(city, [login]) and time.monotonic() < end:
            time.sleep(0.1)
        expect_same(found_in_files(city, [login]), [], 'the login in the files')
        client.close()
        city.stop()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    cases = proof.Cases()
    with tempfile.TemporaryDirectory(prefix='firstmile-erasure-') as folder, proof.own_city(pack=str(make_pack(folder))) as city:
        others = erase_some(cases, city)
        kill_between(cases, city, others, rounds)
        end_sign_in(cases, city)
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
