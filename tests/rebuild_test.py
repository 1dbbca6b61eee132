#!/usr/bin/env python3
"""The record tables are a projection: whatever happens to them, `rebuild` folds the events into the same ones."""
import json
import sys

import proof
from proof import expect

TITLES = ['甲', "乙 'quoted' \"twice\"", '丙\u3000\U0001F52C', '丁; DROP TABLE r_result']


def make_history(city):
    """Every kind of step, on top of the demo's: records with gaps, cleared and changed fields, numbers, references."""
    for title in TITLES:
        proof.run(city, 'act', 'result', '-', 'create', '--as', 'researcher', '--data',
                  json.dumps({'title': title, 'discipline': '化学', 'claimed_level': 3}))
    rows = json.loads(proof.run(city, 'list', 'result', '--as', 'researcher', '--json', '--filter',
                                      "discipline = '化学'", '--sort', 'title').body)['items']
    expect(len(rows) >= len(TITLES), f'made {len(TITLES)} results, the list has {len(rows)}')
    record = next(row for row in rows if row['fields']['title'] == TITLES[0])
    for step, data in (('edit', {'abstract': '正文', 'claimed_level': None}), ('submit', {}), ('withdraw', {})):
        version = json.loads(proof.run(city, 'show', 'result', record['id'], '--as', 'researcher', '--json').body)['version']
        proof.run(city, 'act', 'result', record['id'], step, '--as', 'researcher', '--if-match', version,
                  '--data', json.dumps(data))


def damage(city, *statements):
    with proof.database(city) as db:
        for statement in statements:
            changed = db.execute(statement).rowcount
            expect(changed != 0, f'changed nothing: {statement}')
        db.commit()


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        with cases('there is a history, and its tables'):
            make_history(city)
        first = proof.dump(city)
        log = proof.dump(city, 'event%')

        with cases('a row deleted and one altered come back'):
            damage(city, 'DELETE FROM r_result WHERE rowid = (SELECT max(rowid) FROM r_result)',
                   "UPDATE r_result SET title = '改过' WHERE rowid = (SELECT min(rowid) FROM r_result)")
            expect(proof.dump(city) != first, 'the damage does not show in the dump, so the next check could not fail')
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), first, 'after rebuild')

        with cases('a row that no event made goes'):
            damage(city, 'CREATE TEMP TABLE made AS SELECT * FROM r_result LIMIT 1', "UPDATE made SET id = 'made'",
                   'INSERT INTO r_result SELECT * FROM made')
            expect(proof.dump(city) != first, 'the damage does not show in the dump')
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), first, 'after rebuild')

        with cases('all rows of all types come back'):
            damage(city, *(f'DELETE FROM "{name}"' for name, table in first.items() if table['rows']))
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), first, 'after rebuild')

        with cases('tables and indexes that are gone come back'):
            damage(city, 'DROP TABLE r_result', 'DROP INDEX "r_organisation.by.owner"')
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), first, 'after rebuild')

        with cases('rebuilding changes no event, and rebuilding again nothing at all'):
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), first, 'after the second rebuild')
            proof.expect_same_dump(proof.dump(city, 'event%'), log, 'the events')
            proof.expect_whole_events(city)

        with cases('while the city is served rebuild is refused, in both languages'):
            city.start()
            for lang, words in (('zh', '停止'), ('en', 'Stop serve')):
                refused = proof.run(city, 'rebuild', '--lang', lang, status=75)
                expect(words in refused.stderr, f'expected {words!r} on stderr, found {refused.stderr!r}')
            city.stop()
            proof.expect_same_dump(proof.dump(city), first, 'after the refusal')

        with cases('an event with a damaged value is told, and the tables stay'):
            damage(city, "UPDATE event_value SET value = 'nonsense' WHERE field = 'version' OR field = 'title'")
            told = proof.run(city, 'rebuild', '--lang', 'en', status=70)
            expect('damaged' in told.stderr, f'expected the damage to be named, found {told.stderr!r}')
            proof.expect_same_dump(proof.dump(city), first, 'after the failed rebuild')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
