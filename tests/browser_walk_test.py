#!/usr/bin/env python3
# suite: slow alone
# build: plain
# timeout: 1200
"""docs/WALKTHROUGH.md in a browser: abstracts from a file, nine experts, a seed list, two gates, a project and a deal, in either language,
with axe-core on every page of the way. Repeated by `./dev test browser_walk`, which installs what it needs."""
import csv
import gzip
import json
import os
import subprocess
import sys

import proof
from browser_test import missing

SOME, PLACES = 24, 6


def abstracts(city):
    """As many of the abstracts as people would go through in an afternoon, under the headings that the form for them has."""
    path = city.scratch / 'abstracts.csv'
    mapping = json.loads((proof.ROOT / 'docs/examples/cn_research_abstracts.map.json').read_text(encoding='utf-8'))
    with gzip.open(proof.shared('data/demand/cn_research_abstracts.jsonl.gz'), 'rt', encoding='utf-8') as lines, \
            path.open('w', encoding='utf-8', newline='') as out:
        rows = csv.writer(out)
        rows.writerow(mapping)
        for _, line in zip(range(SOME), lines):
            one = json.loads(line)
            rows.writerow(['; '.join(value) if isinstance(value, list) else value for value in (one.get(source, '') for source in mapping.values())])
    return path


def main():
    if missing():
        print(f'not installed: {", ".join(missing())}')
        return 1 if os.environ.get('CI') == 'true' else 77
    told, failed = 0, 0
    for lang in ('zh', 'en'):
        with proof.own_city() as city:
            city.arguments = ['--test-clock']
            city.start()
            walk = subprocess.Popen(['node', str(proof.ROOT / 'tests/browser_walk.mjs'), f'http://{city.address[0]}:{city.address[1]}', proof.PASSWORD,
                                   lang, str(abstracts(city)), str(PLACES)], cwd=proof.ROOT, stdout=subprocess.PIPE, text=True)
            for line in walk.stdout:
                if not line.startswith('1..'):
                    print(line, end='', flush=True)
                    told += line.startswith(('ok', 'not ok'))
            failed = walk.wait() or failed
            city.stop()
    print(f'1..{told}')
    return failed


if __name__ == '__main__':
    sys.exit(main())
