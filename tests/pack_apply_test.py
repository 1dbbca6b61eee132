#!/usr/bin/env python3
# suite: slow
"""A changed pack in a city with 10,000 events: nothing is lost, all of it happens or nothing, and the events replay.

    pack_apply_test.py [EVENTS] [KILLS] [SEED]       10,000 events, 8 kills and a random seed unless said; the seed is printed

The pack and what it becomes: changing.py.
"""
import csv
import json
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import changing
import proof
from hostile_machine_test import small_disk
from proof import expect, expect_same
from scenario import PASSWORD, ROOT, City

CATEGORIES = ['article', 'letter', 'poem', '']
ROOM_BYTES = 128 * 1024         # on the full disk: enough to open the city, and not to change it
COSTS = [{'item': '墨 "ink"', 'amount': 12, 'remark': 'r'}, {'item': 'pen'}]


# ---- a city under the older pack -----------------------------------------------------------------------------------

def paper(number):
    return {'title': f'第 {number} 篇', 'authors': f'甲{number}' if number % 3 else '', 'pages': number % 500 + 1 if number % 5 else '',
            'shelf': f's{number}' if number % 7 == 0 else '', 'category': CATEGORIES[number % 4], 'language': 'en' if number % 2 else ''}


def fill(city, scratch, events):
    """Imported papers, then edits and steps, some of them several of one record. Returns what the parties' ids are."""
    rows, steps = events * 9 // 10, events // 10
    table = scratch / 'papers.csv'
    with open(table, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, paper(0))
        writer.writeheader()
        writer.writerows(paper(number) for number in range(rows))
    proof.run(city, 'import', 'paper', table, '--as', 'author')
    city.start()
    author, admin = proof.Client(city, 'author'), proof.Client(city, 'admin')
    papers = author.all('paper', sort='created')
    for number, record in enumerate(papers[:steps]):
        author.edit('paper', record['id'], 1, pages=None if number % 4 == 0 else 7, costs=COSTS).wants(200)
        if number % 2:
            author.act('paper', record['id'], 'submit').wants(200)
    author.create('note', paper=papers[0]['id'], text='一条附注').wants(201)
    first = admin.get('/api/v1/records/parameter', filter="value = '80'").wants(200).json['items'][0]
    admin.edit('parameter', first['id'], first['version'], value='81').wants(200)
    city.stop()
    return papers[1]['id']


def made_city(folder, events):
    old = changing.write(folder / 'older', changing.BEFORE)
    done = subprocess.run([*proof.program(), 'init', str(folder / 'city'), '--pack', str(old), '--demo', '--demo-password', PASSWORD],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    expect_same(done.returncode, 0, f'init ({done.stderr})')
    city = City(proof.program(), folder, made=folder / 'city')
    return city, fill(city, folder, events)


def copy(city, folder, name):
    path = folder / name
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(city.path, path)
    return City(proof.program(), folder, made=path)


def apply(city, pack, *words, status=0):
    return proof.run(city, 'pack apply', pack, *words, status=status)


def whole(city):
    """All tables of the database."""
    return proof.dump(city, '%')


def pack_number(city):
    with proof.database(city) as db:
        return db.execute('SELECT max(number) FROM pack').fetchone()[0]


# ---- what it must be afterwards ------------------------------------------------------------------------------------

def rows_of(city, table, columns):
    with proof.database(city) as db:
        return {row[0]: row[1:] for row in db.execute(f'SELECT id, {columns} FROM "{table}"')}


def turned(before):
    """One row of r_paper of before, as it must be: worked out here, not by the program."""
    authors, pages, category, language, costs, state = before
    rows = [{key: value for key, value in (('item', row.get('item')), ('total', row.get('amount') and
                                           f'decimal:{int(row["amount"].split(":")[1])}.00')) if value}
            for row in json.loads(costs or '[]')]
    return (authors, pages and pages * 10, {'letter': 'brief', 'poem': None}.get(category, category), language,
            json.dumps(rows, ensure_ascii=False, separators=(',', ':')) if rows else None,
            {'submitted': 'sent'}.get(state, state), 'main')


def expect_turned(city, before):
    after = rows_of(city, 'r_paper', 'byline, length, category, languages, costs, state, house')
    expect_same(after.keys(), before.keys(), 'the papers')
    for record, row in before.items():
        expect_same(after[record], turned(row), f'paper {record}')


def expect_replays(city, what):
    """The tables are what the events make, also after damage by hand."""
    first = proof.dump(city)
    proof.expect_whole_events(city)
    with proof.database(city) as db:
        for statement in ("UPDATE r_paper SET byline = '改过', length = 1, state = 'draft'", 'DELETE FROM r_remark',
                          'DELETE FROM "r_paper.costs"', 'DROP TABLE r_parameter', 'CREATE TABLE r_none (id TEXT)'):
            db.execute(statement)
        db.commit()
    expect(proof.dump(city) != first, f'{what}: the damage does not show')
    proof.run(city, 'rebuild')
    proof.expect_same_dump(proof.dump(city), first, what)
    expect(not [name for name in whole(city) if name.startswith('before_')], f'{what}: a table of before is left')


# ---- the cases -----------------------------------------------------------------------------------------------------

def plans(city, new, folder):
    before = whole(city)
    texts = {lang: apply(city, new, '--dry-run', '--lang', lang).body for lang in ('zh', 'en')}
    plan = json.loads(apply(city, new, '--dry-run', '--json', '--lang', 'en').body)
    expect_same(plan['problems'], [], 'problems')
    expect_same(plan['applied'], False, 'applied')
    expect_same(texts['en'].splitlines(), [step['text'] for step in plan['steps']] + ['nothing was changed'], 'lines of the plan')
    expect(texts['zh'].splitlines()[-1] == '未作任何改动', f'last line: {texts["zh"]!r}')
    steps = {(step['step'], step['name']): step for step in plan['steps']}
    with proof.database(city) as db:
        def count(condition):
            return db.execute(f'SELECT count(*) FROM r_paper WHERE {condition}').fetchone()[0]
        wanted = {('field_rename', 'authors'): count('authors IS NOT NULL'), ('field_drop', 'shelf'): count('shelf IS NOT NULL'),
                  ('field_drop', 'unused'): 0, ('field_change', 'pages'): count('pages IS NOT NULL'), ('default', 'house'): count('TRUE'),
                  ('code_rename', 'category.letter'): count("category = 'letter'"),
                  ('code_drop', 'category.poem'): count("category = 'poem'"), ('state_rename', 'submitted'): count("state = 'submitted'"),
                  ('field_rename', 'costs.amount'): count('costs IS NOT NULL'), ('type_rename', ''): 1,
                  ('kept', 'page_limit (2024-01-01)'): 1, ('record', 'page_limit (2026-01-01)'): 1}
    for key, records in wanted.items():
        expect(key in steps, f'{key} is not in the plan: {list(steps)}')
        expect_same(steps[key]['records'], records, f'records of {key}')
    proof.expect_same_dump(whole(city), before, 'after plans')


def refusals(city, folder):
    before = whole(city)
    unsaid = {**changing.AFTER, 'types/paper.yaml': changing.PAPER_AFTER.replace('drops: [shelf, category.poem, costs.remark]\n', '')
              .replace('was: submitted, ', '').replace('max: "500"', 'max: "5"')}
    unsaid['types/remark.yaml'] = changing.NOTE_AFTER.replace('was: note\n', '')
    told = json.loads(apply(city, changing.write(folder / 'unsaid', unsaid), '--json', status=65).body)
    found = {(problem['place'], problem['code']) for problem in told['problems']}
    expect_same(found, {('paper.shelf', 'pack.loss'), ('paper.category.poem', 'pack.loss'), ('paper.costs.remark', 'pack.loss'),
                        ('paper.submitted', 'pack.loss'), ('note', 'pack.loss'), ('paper.pages', 'pack.change')},
                'what stands against the pack')
    for lang, words in (('zh', '会丢失数据'), ('en', 'Data would be lost')):
        refused = apply(city, folder / 'unsaid', '--lang', lang, status=65)
        expect(words in refused.stderr and 'paper.shelf' in refused.stderr, f'[{lang}] {refused.stderr}')
    roles = changing.write(folder / 'roles', changing.AFTER) / 'roles.yaml'
    lines = roles.read_text(encoding='utf-8').splitlines(keepends=True)
    roles.write_text(''.join(line for line in lines if 'name: reader' not in line), encoding='utf-8')
    told = json.loads(apply(city, folder / 'roles', '--json', status=65).body)
    expect_same([(problem['place'], problem['code']) for problem in told['problems']], [('membership.role.reader', 'pack.held')],
                'a role that somebody has')
    twice = {**changing.AFTER, 'types/paper.yaml': changing.PAPER_AFTER.replace('{name: byline, was: authors, kind: long_text, ',
                                                                               '{name: byline, was: authors, unique: owner, kind: text, ')
             .replace('default: main, ', 'default: main, unique: owner, ')}
    told = json.loads(apply(city, changing.write(folder / 'twice', twice), '--json', status=65).body)
    expect(('paper.house', 'pack.change') in [(problem['place'], problem['code']) for problem in told['problems']],
           f'a default that is to be unique: {told["problems"]}')
    other = {**changing.AFTER, 'pack.yaml': changing.AFTER['pack.yaml'].replace('pack: changing', 'pack: another')}
    refused = apply(city, changing.write(folder / 'other', other), '--lang', 'en', status=65)
    expect('another' in refused.stderr and 'changing' in refused.stderr, refused.stderr)
    broken = {**changing.AFTER, 'types/remark.yaml': 'type: remark\n'}
    refused = apply(city, changing.write(folder / 'broken', broken), '--lang', 'en', status=65)
    expect('types/remark.yaml:1:1' in refused.stderr, refused.stderr)
    city.start()
    apply(city, folder / 'new', status=75)
    city.stop()
    after = whole(city)
    for operational in ('session', 'notice', 'notice_state'):          # it was served
        before.pop(operational, None), after.pop(operational, None)
    proof.expect_same_dump(after, before, 'after refusals')


def applied(city, new):
    before = rows_of(city, 'r_paper', 'authors, pages, category, language, costs, state')
    notes = rows_of(city, 'r_note', 'paper, text')
    start = time.monotonic()
    said = apply(city, new, '--lang', 'en')
    print(f'# applied to {len(before)} records in {time.monotonic() - start:.1f} s')
    expect(said.body.endswith('applied: the pack changing, number 2 of the city\n'), said.body[-200:])
    expect_turned(city, before)
    expect_same(rows_of(city, 'r_remark', 'paper, words'), notes, 'the notes')
    with proof.database(city) as db:
        rows = dict(db.execute('SELECT valid_from, value FROM r_parameter').fetchall())
        expect_same(sorted(rows.values()), ['110', '81'], 'the rows of the parameter: one changed, one kept')
        expect_same(db.execute("SELECT count(*) FROM event WHERE action = 'pack' AND person <> 'system'").fetchone(), (0,), 'events')
        most = db.execute('SELECT max(items) FROM (SELECT count(*) AS items FROM event_record GROUP BY sequence)').fetchone()[0]
        expect(1 < most <= 1000, f'records of an event: {most}')


def again(city, new):
    before = whole(city)
    for lang, words in (('zh', '没有要做的'), ('en', 'there is nothing to do')):
        expect(words in apply(city, new, '--lang', lang).body, f'[{lang}] the same pack again')
    proof.expect_same_dump(whole(city), before, 'after the same pack again')


def answers(city, record):
    """The pages' JSON and the history still tell what was before, in the names of today."""
    author = proof.Client(city, 'author', lang='en')
    shown = author.get(f'/api/v1/records/paper/{record}').wants(200).json
    expect_same((shown['state'], shown['fields']['length'], shown['fields']['house']), ('sent', '7.0', 'main'), 'the record')
    history = author.get(f'/api/v1/records/paper/{record}/events').wants(200).json['items']
    expect_same([entry['action'] for entry in history], ['pack', 'submit', 'edit', 'create'], 'its history')
    changes = {(entry['action'], change['field']): (change.get('old'), change.get('new'))
               for entry in history for change in entry['changes']}
    expect_same(changes.get(('create', 'byline')), (None, '甲1'), 'a value from before under its name of today')
    expect_same(changes.get(('edit', 'length')), ('2.0', '7.0'), 'numbers from before in the scale of today')
    expect_same(changes.get(('submit', 'state')), ('draft', 'sent'), 'a state from before by its name of today')
    expect_same(changes.get(('pack', 'house')), (None, 'main'), 'the default')


def third(city, folder):
    """The `was` of a change that has been carried out counts no more, and names may change places."""
    files = {**changing.AFTER, 'types/paper.yaml': changing.PAPER_AFTER.replace('name: byline, was: authors', 'name: house, was: byline')
             .replace('name: house, kind: text, default: main', 'name: byline, was: house, kind: text')}
    before = rows_of(city, 'r_paper', 'house, byline, version')
    plan = json.loads(apply(city, changing.write(folder / 'third', files), '--dry-run', '--json').body)
    expect_same(sorted((step['step'], step['name'], step['to']) for step in plan['steps'] if 'rename' in step['step']),
                [('field_rename', 'byline', 'house'), ('field_rename', 'house', 'byline')], 'renames')
    apply(city, folder / 'third')
    expect_same(rows_of(city, 'r_paper', 'byline, house, version'), before, 'two fields that changed places')
    expect_replays(city, 'rebuilt after the third pack')


def killed(master, folder, new, kills, chance):
    probe = copy(master, folder, 'probe')
    start = time.monotonic()
    apply(probe, new)
    took = time.monotonic() - start
    seen = []
    for _ in range(kills):
        city = copy(master, folder, 'killed')
        before = proof.dump(city)
        process = subprocess.Popen([*proof.program(), 'pack', 'apply', str(city.path), str(new)], cwd=ROOT,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(took * chance.uniform(0.05, 1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        number = pack_number(city)
        seen.append(number)
        if number == 1:
            proof.expect_same_dump(proof.dump(city), before, 'killed before the end')
            proof.run(city, 'list', 'paper', '--as', 'author')
            apply(city, new)
        expect_same(pack_number(city), 2, 'the pack in the end')
        expect_turned(city, rows_of(master, 'r_paper', 'authors, pages, category, language, costs, state'))
        expect_replays(city, 'rebuilt after a kill')
    print(f'# killed {kills} times within {took:.1f} s: {seen.count(1)} before the end')
    expect(1 in seen, 'no kill hit the change')


def full_disk(master, new):
    with small_disk('64m') as disk:
        city = copy(master, disk, 'city')
        before = proof.dump(city)
        blocks = disk / 'blocks'
        blocks.write_bytes(bytes(shutil.disk_usage(disk).free - ROOM_BYTES))
        refused = apply(city, new, '--lang', 'en', status=75)
        expect('disk is full' in refused.stderr, refused.stderr)
        proof.expect_same_dump(proof.dump(city), before, 'on the full disk')
        blocks.unlink()
        apply(city, new)
        expect_replays(city, 'rebuilt once there was room')


def main(events=10_000, kills=8, seed=None):
    seed = seed if seed is not None else secrets.randbits(32)
    print(f'# seed {seed}', flush=True)
    cases = proof.Cases()
    with tempfile.TemporaryDirectory(prefix='firstmile-pack-') as name:
        folder = Path(name)
        new = changing.write(folder / 'new', changing.AFTER)
        with cases(f'a city under the older pack, of {events} events'):
            city, record = made_city(folder, events)
            (folder / 'small').mkdir()
            small, _ = made_city(folder / 'small', max(events // 10, 200))
            count = proof.expect_whole_events(city)
            print(f'# {count} events')
            expect(count >= events, f'only {count} events')
        with cases('the plan says what changes, with the number of records, and changes nothing'):
            plans(city, new, folder)
        with cases('what would lose data, or cannot be, is refused, all of it at once'):
            refusals(city, folder)
        with cases('killed at any moment, the change is there whole or not at all'):
            killed(small, folder, new, kills, random.Random(seed))
        with cases('a disk that is full leaves everything as it was'):
            full_disk(small, new)
        with cases('the change is carried out, and nothing is lost'):
            applied(city, new)
        with cases('the same pack again finds nothing to do'):
            again(city, new)
        with cases('damaged by hand and rebuilt, the tables are the same'):
            expect_replays(city, 'rebuilt after the change')
        with cases('records and histories answer for what was before'):
            city.start()
            try:
                answers(city, record)
            finally:
                city.stop()
        with cases('a third pack: what was done is not done again, names change places'):
            third(city, folder)
    return cases.end()


if __name__ == '__main__':
    sys.exit(main(*map(int, sys.argv[1:4])))
