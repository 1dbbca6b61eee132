#!/usr/bin/env python3
# suite: slow alone
# build: plain
"""The pages in a browser: tests/browser.mjs opens them in Debian's Chromium, has axe-core look for what WCAG 2.1 AA forbids, and does a
whole review by keyboard alone. Repeated by `./dev test browser_test`, which installs what it needs."""
import os
import shutil
import subprocess
import sys

import proof

REMARK = '界面层的数据完整，循环寿命仍需在软包电池上重复。'


def missing():
    modules = proof.ROOT / 'build-npm/node_modules'
    parts = {'node': shutil.which('node'), 'chromium': shutil.which('chromium'),
             **{name: (modules / name).exists() for name in ('playwright-core', 'axe-core')}}
    return [name for name, there in parts.items() if not there]


def main():
    if missing():
        print(f'not installed: {", ".join(missing())}')
        return 1 if os.environ.get('CI') == 'true' else 77
    with proof.own_city() as city:
        city.start()
        officer = proof.Client(city, 'officer')
        review = officer.all('review', filter="state = 'asked'")[0]
        logins = [f'expert{n}' for n in ('', *range(2, 10))]
        reviewer = next(login for login in logins
                        if proof.Client(city, login).get('/api/v1/sessions').json['person']['id'] == review['fields']['reviewer'])
        done = subprocess.run(['node', str(proof.ROOT / 'tests/browser.mjs'), f'http://{city.address[0]}:{city.address[1]}', proof.PASSWORD,
                               review['fields']['screening_round'], review['id'], reviewer, REMARK], check=False)
        state = proof.Client(city, 'officer').get(f'/api/v1/records/review/{review["id"]}').wants(200).json['state']
        city.stop()
    if done.returncode == 0 and state != 'submitted':
        print(f'# the browser says that the review is submitted, the city that it is {state}')
        return 1
    return done.returncode


if __name__ == '__main__':
    sys.exit(main())
