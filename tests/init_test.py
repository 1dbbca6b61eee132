#!/usr/bin/env python3
# suite: slow
"""init is all or nothing: killed at any moment it leaves no half city, and the next init of the same place succeeds.

    init_test.py [ROUNDS] [SEED]       8 rounds and a random seed unless said; the seed is printed

A round: start `init --demo`, SIGKILL after a random part of the time that a whole one takes. Then DIR is absent, or a city that
can be read, which is removed; after the last round one more init makes a whole city, and nothing else stands beside it.
"""
import json
import os
import random
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import proof
from proof import expect, expect_same
from scenario import PASSWORD, ROOT

BINARY = shlex.split(os.environ.get('FIRSTMILE_BIN') or str(ROOT / 'build-test/firstmile'))


def init(path):
    return subprocess.Popen([*BINARY, 'init', str(path), '--demo', '--demo-password', PASSWORD], cwd=ROOT,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def whole_init(path):
    """Seconds that it takes."""
    start, process = time.monotonic(), init(path)
    stderr = process.communicate()[1]
    expect_same(process.returncode, 0, f'the whole init ({stderr.decode()})')
    return time.monotonic() - start


def users(path):
    done = subprocess.run([*BINARY, 'user', 'list', str(path), '--json'], cwd=ROOT, capture_output=True, check=False)
    expect_same(done.returncode, 0, f'reading the city ({done.stderr.decode()})')
    return len(json.loads(done.stdout)['items'])


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbelow(10**6)
    chance = random.Random(seed)
    cases = proof.Cases()
    print(f'# seed {seed}')
    with tempfile.TemporaryDirectory(prefix='firstmile-init-') as scratch:
        path, cut_off = Path(scratch) / 'city', 0
        with cases('a whole init makes a city'):
            whole_s = whole_init(Path(scratch) / 'whole')
            whole = users(Path(scratch) / 'whole')
        with cases(f'killed at any of {rounds} moments, it leaves no half city'):
            for _ in range(rounds):
                process = init(path)
                time.sleep(chance.uniform(0, whole_s))
                process.send_signal(signal.SIGKILL)
                process.communicate()
                if path.exists():
                    expect_same(users(path), whole, 'users of a city that was done before the kill')
                    shutil.rmtree(path)
                else:
                    cut_off += 1
            expect(cut_off > 0, 'no kill came before the end')
        with cases('the next init takes over what a killed one left'):
            if not path.exists():
                whole_init(path)
            expect_same(users(path), whole, 'users')
            expect_same(sorted(entry.name for entry in Path(scratch).iterdir()), ['city', 'whole'], 'what there is')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
