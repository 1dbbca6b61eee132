#!/usr/bin/env python3
# suite: slow
"""A thousand real abstracts go in by the command line, and lists of them are those of an independent ten lines."""
import gzip
import json
import re
import sys

import proof
from proof import expect, expect_same

SOURCE = 'data/demand/cn_research_abstracts.jsonl.gz'
MAP = proof.ROOT / 'docs/examples/cn_research_abstracts.map.json'
AS = ('--as', 'researcher', '--json')


def expected_ids(path, discipline):
    """What the list must be, from the file alone: ids of that discipline in order of their titles."""
    rows = []
    with gzip.open(path, 'rt', encoding='utf-8') as lines:
        for line in lines:
            row = json.loads(line)
            if row['discipline'] == discipline:
                rows.append((row['title'], row['id']))
    return [identifier for _, identifier in sorted(rows)]


def listed_ids(city, discipline):
    found = proof.run(city, 'list', 'result', *AS, '--filter', "discipline = '" + discipline.replace("'", "''") + "'",
                      '--sort', 'title', '--limit', 1000)
    return [item['fields']['external_id'] for item in json.loads(found.body)['items'] if 'external_id' in item['fields']]


def import_all(city, path, lang, *words):
    """The numbers in the last line of what import says."""
    said = proof.run(city, 'import', 'result', path, '--as', 'researcher', '--map', MAP, '--lang', lang, *words).body
    return [int(number.replace(',', '')) for number in re.findall(r'\d[\d,]*', said.strip().splitlines()[-1])]


def check_texts(city, path):
    """Every abstract is there once, letter for letter."""
    with gzip.open(path, 'rt', encoding='utf-8') as lines:
        wanted = {row['id']: row for row in map(json.loads, lines)}
    city.start()
    client = proof.Client(city, 'researcher')
    found = [record['fields'] for record in client.all('result', filter='external_id is not missing')]
    client.close()
    city.stop()
    expect_same(len(found), len(wanted), 'imported results')
    for fields in found:
        row = wanted.pop(fields['external_id'])
        for name in ('title', 'abstract', 'discipline'):
            expect_same(fields[name], row[name], f'{name} of {row["id"]}')
    expect_same(wanted, {}, 'abstracts that are missing')


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        with cases('a dry run counts the same and leaves nothing'):
            path = proof.shared(SOURCE)
            before = proof.dump(city)
            expect_same(import_all(city, path, 'en', '--dry-run')[:2], [1000, 0], 'accepted and refused of the dry run')
            after = proof.dump(city)
            del before['r_job'], after['r_job']         # of a dry run its job stays, and nothing else
            proof.expect_same_dump(after, before, 'after the dry run')
        with cases('the import ends with 1,000 accepted, 0 refused'):
            path = proof.shared(SOURCE)
            expect_same(import_all(city, path, 'zh')[:2], [1000, 0], 'accepted and refused')
        with cases('every abstract is there once, letter for letter'):
            check_texts(city, proof.shared(SOURCE))
        with cases('lists by discipline and title are those of ten independent lines'):
            path = proof.shared(SOURCE)
            with gzip.open(path, 'rt', encoding='utf-8') as lines:
                disciplines = sorted({json.loads(line)['discipline'] for line in lines})
            expect(len(disciplines) > 10, f'only {len(disciplines)} disciplines')
            for discipline in disciplines:
                wanted = expected_ids(path, discipline)
                expect(wanted, f'the file has nothing of {discipline}')
                expect_same(listed_ids(city, discipline), wanted, f'list of {discipline}')
            print(f'# {len(disciplines)} disciplines')
        with cases('what was imported is rebuilt from its events'):
            proof.shared(SOURCE)
            before = proof.dump(city)
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), before, 'after rebuild')
            proof.expect_whole_events(city)
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
