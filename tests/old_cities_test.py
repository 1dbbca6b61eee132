#!/usr/bin/env python3
"""Cities of earlier releases open, replay and answer as they did (fixtures/city-N, made by fixtures/make_city.py)."""
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

import proof
from proof import expect, expect_same
from scenario import ROOT, City

FIXTURES = sorted((ROOT / 'tests/fixtures').glob('city-*'))


def laid_out(fixture, folder):
    """The city of the fixture as its release left it on the disk."""
    path = folder / 'city'
    (path / 'keys').mkdir(parents=True)
    with sqlite3.connect(path / 'city.db') as db:
        db.executescript((fixture / 'city.sql').read_text(encoding='utf-8'))
    os.chmod(path / 'city.db', 0o600)
    shutil.copy(fixture / 'secret', path / 'keys/secret')
    os.chmod(path / 'keys/secret', 0o600)
    return City(proof.program(), folder, made=path)


def shown_again(city, record):
    now = json.loads(proof.run(city, 'show', record['type'], record['id'], '--as', 'admin', '--json').body)
    expect_same({key: now.get(key) for key in record}, record, f'{record["type"]} {record["id"]}')


def events(city):
    with proof.database(city) as db:
        return db.execute('SELECT * FROM event ORDER BY sequence').fetchall(), db.execute('SELECT * FROM event_value').fetchall()


def goes_on(city, records):
    """What it can do as any other city: a step on an old record, a new one, its history, and a rebuild after that."""
    paper = next(record for record in records if record['type'] == 'paper' and record['state'] == 'draft')
    proof.run(city, 'act', 'paper', paper['id'], 'edit', '--as', 'author', '--data', '{"pages": 3}', '--if-match', paper['version'])
    proof.run(city, 'act', 'paper', '-', 'create', '--as', 'author', '--data', '{"title": "新"}')
    city.start()
    try:
        client = proof.Client(city, 'admin')
        for record in records:
            told = client.get(f'/api/v1/records/{record["type"]}/{record["id"]}/events').wants(200).json['items']
            expect_same(told[-1]['version'], 1, 'the first event of a history')
    finally:
        city.stop()
    before = proof.dump(city)
    proof.run(city, 'rebuild')
    proof.expect_same_dump(proof.dump(city), before, 'rebuilt after new events')
    proof.expect_whole_events(city)


def old_city(cases, fixture):
    records = json.loads((fixture / 'shown.json').read_text(encoding='utf-8'))
    with tempfile.TemporaryDirectory(prefix='firstmile-old-') as name:
        city = laid_out(fixture, Path(name))
        log = events(city)
        with cases(f'{fixture.name} opens, and every record shows as it did'):
            expect(len(records) > 10, f'only {len(records)} records')
            for record in records:
                shown_again(city, record)
            expect(events(city) == log, 'opening it has changed its events')
        with cases(f'{fixture.name} has the tables that its events make'):
            before = proof.dump(city)
            columns = [column[0] for column in before['r_paper']['columns']]
            expect('erased' in columns, f'the columns of an older release: {columns}')
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), before, 'rebuilt')
        with cases(f'{fixture.name} takes the pack of today'):
            plan = proof.run(city, 'pack apply', ROOT / 'tests/packs/mini', '--dry-run', '--json', status=None)
            expect_same(json.loads(plan.body).get('problems'), [], 'what stands against it')
            proof.run(city, 'pack apply', ROOT / 'tests/packs/mini')
            after = proof.dump(city)
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), after, 'rebuilt under the pack of today')
    with tempfile.TemporaryDirectory(prefix='firstmile-old-') as name:
        city, backup = laid_out(fixture, Path(name)), Path(name) / 'city.backup'
        with cases(f'{fixture.name} is backed up as it is, and restored'):
            proof.run(city, 'backup', backup)
            answer = city.command(['restore', str(backup), f'{name}/restored', '--key-dir', str(city.path / 'keys')], '')
            expect_same(answer.status, 0, answer.body + answer.stderr)
            proof.expect_whole_events(City(city.binary, Path(name), made=Path(name) / 'restored'))
    with tempfile.TemporaryDirectory(prefix='firstmile-old-') as name:
        city = laid_out(fixture, Path(name))
        with cases(f'{fixture.name} goes on as any other city'):
            goes_on(city, records)


def newer_city(cases):
    with tempfile.TemporaryDirectory(prefix='firstmile-old-') as name:
        city = laid_out(FIXTURES[-1], Path(name))
        with cases('a city whose tables a newer release has made is left alone, in both languages'):
            with proof.database(city) as db:
                db.execute("INSERT OR REPLACE INTO setting (name, value) VALUES ('record_schema', '999')")
                db.commit()
            before = proof.dump(city, '%')
            for lang in ('zh', 'en'):
                refused = proof.run(city, 'list', 'paper', '--lang', lang, status=65)
                expect(proof.TEXTS['store.newer'].title[lang] in refused.stderr, refused.stderr)
                expect('{' not in refused.stderr, refused.stderr)
            proof.expect_same_dump(proof.dump(city, '%'), before, 'after the refusal')


def other_indexes(cases):
    """Of a release whose record tables were the same, but not their indexes."""
    with tempfile.TemporaryDirectory(prefix='firstmile-old-') as name:
        city = laid_out(FIXTURES[0], Path(name))
        proof.run(city, 'list', 'paper')
        today = proof.dump(city, '%')
        with proof.database(city) as db:
            db.execute('DROP INDEX "r_paper.by.created"')
            db.execute('CREATE INDEX "r_paper.by.created" ON "r_paper" ("created")')
            db.execute('CREATE INDEX "r_paper.by.title" ON "r_paper" ("title")')
            db.execute("UPDATE setting SET value = '3' WHERE name = 'record_schema'")
            db.commit()
        with cases('a city of other indexes gets those of today'):
            proof.run(city, 'list', 'paper')
            proof.expect_same_dump(proof.dump(city, '%'), today, 'opened')


def stricter_city(cases):
    """Its pack was right for the release that froze it."""
    with tempfile.TemporaryDirectory(prefix='firstmile-old-') as name:
        city = laid_out(FIXTURES[0], Path(name))

        def frozen(path, before, after):
            with proof.database(city) as db:
                db.execute('UPDATE pack_file SET bytes = replace(bytes, ?, ?) WHERE path = ?', (before, after, path))
                db.commit()
        with cases('a city whose pack could not be had today opens all the same'):
            frozen('types/membership.yaml', 'name: end,', 'name: finish,')
            proof.run(city, 'list', 'paper')
        with cases('a city whose pack cannot be read is told so, in both languages'):
            frozen('types/paper.yaml', 'kind: decimal', 'kind: fraction')
            for lang in ('zh', 'en'):
                refused = proof.run(city, 'list', 'paper', '--lang', lang, status=65)
                expect(proof.TEXTS['city.pack'].title[lang] in refused.stderr and '{' not in refused.stderr, refused.stderr)


def main():
    cases = proof.Cases()
    with cases('there is a city of an earlier release'):
        expect(FIXTURES, 'tests/fixtures holds none')
    for fixture in FIXTURES:
        old_city(cases, fixture)
    newer_city(cases)
    other_indexes(cases)
    stricter_city(cases)
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
