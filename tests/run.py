#!/usr/bin/env python3
"""Runs the tests of one or more build directories and counts their cases. Called by ./dev test; tests/README.md says more.

Three sources of tests:
  * unit tests: what `meson introspect --tests` lists, in each build directory given;
  * scenarios: tests/scenarios/*.scn, each against a copy of one demo city (tests/scenario.py);
  * whole-program tests: tests/*test.py, programs of their own.
A test program reports its cases as TAP (cmocka does when asked); one that prints none counts as one case by its exit status
(77 is skipped). Ends with the line `N passed, M failed[, K skipped]` and status 0 when nothing failed and something passed.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_FACTOR = 6          # a busy two-core machine under sanitizers against the timeouts that meson states
SCRIPT_TIMEOUT_S = 600      # scenarios and whole-program tests
TAIL_LINES = 40
QUICK_BUDGET_S = 90
SANITIZERS = {
    'ASAN_OPTIONS': 'detect_leaks=1:detect_stack_use_after_return=1:check_initialization_order=1',
    'UBSAN_OPTIONS': 'print_stacktrace=1:halt_on_error=1',
    'TSAN_OPTIONS': 'halt_on_error=1:second_deadlock_stack=1',
}
THREADS = {'writer', 'signin', 'rate', 'server', 'web'}     # unit tests of what several threads share
TAP = re.compile(r'^(ok|not ok)\b(?: \d+)?(.*)$')


@dataclass
class Test:
    name: str
    build: str              # 'sanitized', 'plain' or 'threads'
    command: list
    suites: set
    timeout_s: float
    env: dict = field(default_factory=dict)
    cwd: str = str(ROOT)
    alone: bool = False     # not beside others

    @property
    def label(self):
        return f'{self.name} [{self.build}]'


@dataclass
class Outcome:
    test: Test
    passed: int
    failed: int
    skipped: int
    seconds: float
    output: str
    failures: list


def unit_tests(build, directory):
    listed = json.loads(subprocess.run(['meson', 'introspect', '--tests', directory], cwd=ROOT, check=True,
                                       capture_output=True, text=True).stdout)
    for entry in listed:
        yield Test(name=entry['name'], build=build, command=entry['cmd'],
                   suites={suite.split(':')[-1] for suite in entry['suite']},
                   timeout_s=(entry['timeout'] or 30) * TIMEOUT_FACTOR, env=dict(entry['env']),
                   cwd=entry['workdir'] or str(ROOT / directory),
                   alone=not entry['is_parallel'] or build == 'threads')    # there, time limits are close as it is


def thread_programs(directory):
    """What to build there for the tests of THREADS, as paths that ninja knows."""
    tests = [test for test in unit_tests('threads', directory) if test.name in THREADS]
    return [os.path.relpath(test.command[0], ROOT / directory) for test in tests]


def marks(path):
    """The words after `# suite:`, `# build:` and `# timeout:` (seconds) in the first lines of a script or scenario."""
    head = path.read_text(encoding='utf-8').splitlines()[:10]
    found = {key: line.split(':', 1)[1].split() for line in head for key in ('suite', 'build', 'timeout')
             if line.startswith(f'# {key}:')}
    return set(found.get('suite', [])), (found.get('build') or [None])[0], float((found.get('timeout') or [SCRIPT_TIMEOUT_S])[0])


def script_tests(builds):
    """Scenarios and whole-program tests: once each, under the sanitizers unless the file says `# build: plain`."""
    for path in sorted((ROOT / 'tests').glob('*test.py')) + sorted((ROOT / 'tests/scenarios').glob('*.scn')):
        suites, wanted, timeout_s = marks(path)
        build = wanted if wanted in builds else next(iter(builds))
        binary = ROOT / builds[build] / 'firstmile'
        scenario = path.suffix == '.scn'
        command = [sys.executable, str(ROOT / 'tests/scenario.py'), str(path)] if scenario else [sys.executable, str(path)]
        yield Test(name=path.name if scenario else path.stem, build=build, command=command,
                   timeout_s=timeout_s * (TIMEOUT_FACTOR if 'long' in suites else 1),
                   suites=suites | ({'scenario'} if scenario else {'program'}), alone='alone' in suites,
                   env={'FIRSTMILE_BIN': str(binary), 'FIRSTMILE_BUILD': str(ROOT / builds[build])})


def chosen(test, options):
    if test.build == 'threads':
        return options.long and test.name in THREADS
    if options.long:
        return 'long' in test.suites
    if options.quick:
        return not test.suites & {'slow', 'long'}
    if options.name:
        return options.name in test.name
    if 'slow' in test.suites and test.suites.isdisjoint({'scenario', 'program'}) and options.plain:
        return test.build == 'plain'
    return 'long' not in test.suites


def count_cases(stdout, status):
    passed = failed = skipped = planned = 0
    failures = []
    for line in stdout.splitlines():
        if line.startswith('1..') and line[3:].strip().isdigit():
            planned += int(line[3:])
        match = TAP.match(line)
        if not match:
            continue
        if re.search(r'# SKIP\b', match[2], re.IGNORECASE):
            skipped += 1
        elif match[1] == 'ok':
            passed += 1
        else:
            failed += 1
            failures.append(match[2].lstrip(' -'))
    seen = passed + failed + skipped
    if seen == 0 and planned == 0:
        return (0, 0, 1, []) if status == 77 else (1, 0, 0, []) if status == 0 else (0, 1, 0, [])
    if seen < planned:
        failed += 1
        failures.append(f'stopped after {seen} of {planned} cases')
    if status != 0 and failed == 0:
        failed += 1
        failures.append(f'ended with status {status} after its last case')
    return passed, failed, skipped, failures


def execute(test, shared_env):
    env = {**os.environ, **SANITIZERS, **shared_env, **test.env, 'CMOCKA_MESSAGE_OUTPUT': 'TAP'}
    start = time.monotonic()
    try:
        done = subprocess.run(test.command, cwd=test.cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=test.timeout_s)
        stdout, stderr, status, late = done.stdout, done.stderr, done.returncode, ''
    except subprocess.TimeoutExpired as expired:
        stdout, stderr, status = expired.stdout or b'', expired.stderr or b'', 124
        late = f'stopped after {test.timeout_s:.0f} s\n'
    except OSError as error:
        stdout, stderr, status, late = b'', str(error).encode(), 127, ''
    seconds = time.monotonic() - start
    stdout, stderr = stdout.decode(errors='replace'), stderr.decode(errors='replace')
    passed, failed, skipped, failures = count_cases(stdout, status)
    return Outcome(test, passed, failed, skipped, seconds, stdout + stderr + late, failures)


def report(outcome):
    word = 'FAIL' if outcome.failed else 'ok' if outcome.passed else 'skip'
    counts = f'{outcome.passed} passed' + (f', {outcome.failed} failed' if outcome.failed else '') + \
             (f', {outcome.skipped} skipped' if outcome.skipped else '')
    print(f'{word:5}{outcome.test.label:44}{counts}, {outcome.seconds:.1f} s', flush=True)
    if outcome.failed:
        tail = [line for line in outcome.output.splitlines() if not line.startswith('ok ')][-TAIL_LINES:]
        print('\n'.join(f'     | {line}' for line in tail))
        for failure in outcome.failures[:10]:
            print(f'     failed: {failure}')
        print(f'     repeat: ./dev test {outcome.test.name}', flush=True)


def make_master(binary, directory):
    """One demo city, which every scenario copies. Returns its path, or the reason why there is none."""
    path = Path(directory) / 'master'
    done = subprocess.run([str(binary), 'init', str(path), '--pack', 'shanghai', '--demo', '--demo-password',
                           'firstmile-demo'], cwd=ROOT, env={**os.environ, **SANITIZERS}, capture_output=True, text=True,
                          timeout=SCRIPT_TIMEOUT_S)
    return (path, '') if done.returncode == 0 else (None, done.stdout + done.stderr)


def masters(tests, builds, directory):
    """Demo cities by build for the tests that copy one; prints and counts as a failure when one cannot be made."""
    made, failed = {}, 0
    for build in {test.build for test in tests if test.suites & {'scenario', 'program'}}:
        binary = ROOT / builds[build] / 'firstmile'
        if not binary.exists():
            continue
        path, reason = make_master(binary, tempfile.mkdtemp(dir=directory))
        if path:
            made[build] = {'FIRSTMILE_MASTER': str(path)}
        else:
            failed += 1
            print(f'FAIL the demo city for the tests cannot be made [{build}]\n{reason}', flush=True)
    return made, failed


def run_all(tests, cities):
    """Those that must be alone last, the others side by side, the slowest of last time first."""
    memory = ROOT / 'build-test/test-times.json'
    times = json.loads(memory.read_text()) if memory.exists() else {}
    tests = sorted(tests, key=lambda test: -times.get(test.label, 1.0))
    together, alone = [t for t in tests if not t.alone], [t for t in tests if t.alone]
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for done in concurrent.futures.as_completed([pool.submit(execute, t, cities.get(t.build, {})) for t in together]):
            outcomes.append(done.result())
            report(outcomes[-1])
    for test in alone:
        outcomes.append(execute(test, cities.get(test.build, {})))
        report(outcomes[-1])
    if memory.parent.is_dir():
        memory.write_text(json.dumps({**times, **{o.test.label: round(o.seconds, 2) for o in outcomes}}))
    return outcomes


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--sanitized', metavar='DIR')
    parser.add_argument('--plain', metavar='DIR')
    parser.add_argument('--threads', metavar='DIR')
    parser.add_argument('--thread-programs', metavar='DIR', help='only say what to build there')
    parser.add_argument('--name')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--long', action='store_true')
    options = parser.parse_args()
    if options.thread_programs:
        print(*thread_programs(options.thread_programs), sep='\n')
        return 0
    builds = {name: path for name, path in (('sanitized', options.sanitized), ('plain', options.plain)) if path}
    watched = {'threads': options.threads} if options.threads else {}

    start = time.monotonic()
    every = [test for build, path in {**builds, **watched}.items() for test in unit_tests(build, path)] + \
        list(script_tests(builds))
    tests = [test for test in every if chosen(test, options)]
    if not tests:
        print('no test is chosen by that name; there are:', *sorted({test.name for test in every}))
        print('0 passed, 0 failed')
        return 64
    scratch = tempfile.mkdtemp(prefix='firstmile-test-')
    try:
        cities, failed = masters(tests, builds, scratch)
        outcomes = run_all(tests, cities)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print('\nthe slowest:')
    for outcome in sorted(outcomes, key=lambda o: -o.seconds)[:10]:
        print(f'{outcome.seconds:8.1f} s  {outcome.test.label}')
    bad = sorted({outcome.test.name for outcome in outcomes if outcome.failed})
    if bad:
        print('\nfailed; to repeat:', *[f'  ./dev test {name}' for name in bad], sep='\n')
    took = time.monotonic() - start
    if options.quick and took > QUICK_BUDGET_S:
        print(f'\n./dev test quick took {took:.0f} s, over its {QUICK_BUDGET_S} s: mark what is slow with suite `slow`')
    passed = sum(outcome.passed for outcome in outcomes)
    failed += sum(outcome.failed for outcome in outcomes)
    skipped = sum(outcome.skipped for outcome in outcomes)
    print()
    print(f'{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''), flush=True)
    return 0 if passed and not failed else 1


if __name__ == '__main__':
    sys.exit(main())
