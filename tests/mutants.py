"""Shows that tests fail when the program is wrong: for each patch in a folder, a copy of the source tree with that
one fault is built in a temporary folder, and the authorisation matrix must find a deviation there, or else the twin
cities a difference. The shipped program has no switch for it.

A patch is a unified diff of one file below a line that says what is then wrong. It is found by its lines alone, so it
survives changes elsewhere; one that no longer fits fails its case and wants to be made anew.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ('meson.build', 'meson_options.txt', 'src', 'web', 'packs', 'tools', 'tests', 'bench')
LAST_LINE = re.compile(r'^(\d+) calls, (\d+) deviations$')
TWINS_LAST_LINE = re.compile(r'^(\d+) answers compared$')


class Unfit(Exception):
    """The patch, or what it makes, cannot be used."""


def hunks(patch):
    """The file that a patch changes, and pairs of old and new text."""
    path = re.search(r'^\+\+\+ b/(\S+)', patch, re.MULTILINE)[1]
    found = []
    for body in re.split(r'^@@.*@@.*\n', patch, flags=re.MULTILINE)[1:]:
        lines = [line or ' ' for line in body.splitlines()]
        found.append(tuple(''.join(line[1:] + '\n' for line in lines if line[0] in kept) for kept in (' -', ' +')))
    return path, found


def mutated(text, changes):
    for old, new in changes:
        if text.count(old) != 1:
            raise Unfit(f'the patch does not fit any more: its lines occur {text.count(old)} times')
        text = text.replace(old, new)
    return text


def run(command, cwd, env=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**os.environ, **(env or {})})
    return done.returncode, done.stdout + done.stderr


def copy_of(names, folder):
    """Copies these of the repository's files and folders; one that is not there is left out."""
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns('__pycache__'))
        elif source.exists():
            shutil.copy2(source, folder / name)


class Workshop:
    """A copy of the tree with a build of its own, in which one file at a time is wrong."""

    def __init__(self, folder):
        self.tree, self.build = Path(folder) / 'tree', Path(folder) / 'build'
        self.tree.mkdir()
        copy_of(COPIED, self.tree)
        status, said = run(['meson', 'setup', str(self.build), '--buildtype=plain'], self.tree)
        if status:
            raise Unfit(f'meson could not set up the copy:\n{said}')
        self.make()

    def make(self):
        status, said = run(['ninja', '-C', str(self.build), 'firstmile'], self.tree)
        if status:
            raise Unfit(f'the copy does not compile:\n{said[-3000:]}')

    def matrix(self, *arguments):
        """Calls and deviations until the first, and what the matrix said."""
        _, said = run([sys.executable, str(self.tree / 'tests/matrix_test.py'), '--first', *arguments], self.tree,
                      {'FIRSTMILE_BIN': str(self.build / 'firstmile')})
        match = LAST_LINE.match(said.splitlines()[-1]) if said else None
        if not match:
            raise Unfit(f'the matrix did not come to its end:\n{said[-3000:]}')
        return int(match[1]), int(match[2]), said

    def twins(self, calls):
        """The same of the twin cities, on top of the calls of the matrix that found nothing."""
        _, said = run([sys.executable, str(self.tree / 'tests/canary_test.py'), 'tests/packs/mini'], self.tree,
                      {'FIRSTMILE_BIN': str(self.build / 'firstmile')})
        match = TWINS_LAST_LINE.match(said.splitlines()[-1]) if said else None
        if not match:
            raise Unfit(f'the twin cities did not come to their end:\n{said[-3000:]}')
        return calls + int(match[1]), len(re.findall('^not ok', said, re.MULTILINE)), said

    def try_patch(self, patch):
        path, changes = hunks(patch)
        right = (self.tree / path).read_text(encoding='utf-8')
        try:
            (self.tree / path).write_text(mutated(right, changes), encoding='utf-8')
            self.make()
            calls, deviations, said = self.matrix('tests/packs/mini', 'packs/shanghai')
            return (calls, deviations, said) if deviations else self.twins(calls)
        finally:
            (self.tree / path).write_text(right, encoding='utf-8')


def main(folder):
    """Each patch of the folder is one case; the first case is that without a patch there is nothing to find."""
    patches, failed = sorted(folder.glob('*.patch')), 0
    with tempfile.TemporaryDirectory(prefix='firstmile-mutants-') as scratch:
        for number, path in enumerate([None, *patches], 1):
            start, problem = time.monotonic(), ''
            title = path.read_text(encoding='utf-8').splitlines()[0] if path else 'without a fault nothing is found'
            try:
                if path is None:
                    workshop = Workshop(scratch)
                    calls, deviations, said = workshop.matrix('tests/packs/mini')
                    problem = said if deviations else ''
                else:
                    calls, deviations, said = workshop.try_patch(path.read_text(encoding='utf-8'))
                    problem = '' if deviations else f'{path.name} was not caught in {calls} calls'
                where = next((line for line in said.splitlines() if line.startswith('not ok')), '')
                title += f' ({calls} calls; {where.partition(" - ")[2].partition(":")[2].strip() or "nothing"})'
            except Unfit as unfit:
                problem = str(unfit)
            failed += bool(problem)
            print(f'{"not ok" if problem else "ok"} {number} - {title}, {time.monotonic() - start:.1f} s', flush=True)
            for line in problem.splitlines():
                print(f'# {line}', flush=True)
            if problem and path is None:
                break
    print(f'1..{len(patches) + 1}')
    return 1 if failed else 0
