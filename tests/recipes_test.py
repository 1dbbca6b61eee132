#!/usr/bin/env python3
# suite: slow
# build: plain
"""Runs the recipes of docs/recipes, and docs/SPREADSHEETS.md, as somebody would who follows them: every block in order, in a folder of their own.

    recipes_test.py [NAME…]            all recipes unless some are named ("add-a-rule")

What a block does is told by the words after its fence, which a reader of the page does not see:

    ```sh                 the lines are run by a shell, which keeps lower-case variables for the next block; `firstmile` is the program
    ```text               what the block before must have printed; … stands for anything
    ```yaml mine/a.yaml   becomes that file
    ```diff mine/a.yaml   changes that file; its lines are found by their text, each must be there once
    ```c                  anything else is shown and not run

The folder begins with a copy of packs/. Where a recipe changes the program itself (`build: yes` in its first lines), it begins with
a copy of the tree, and `firstmile` is what `build` makes of it.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import mutants
import proof
from proof import expect, expect_same
from scenario import ROOT, City

BINARY = shlex.split(os.environ.get('FIRSTMILE_BIN') or str(ROOT / 'build-test/firstmile'))
RECIPES = ROOT / 'docs/recipes'
BLOCK = re.compile(r'^```(\w+)(?: ([^\n]+))?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
SHELL_S = 600


class Kitchen:
    """Where one recipe is followed."""

    def __init__(self, scratch, builds):
        self.folder, self.bin = Path(scratch) / 'here', Path(scratch) / 'bin'
        self.folder.mkdir()
        self.bin.mkdir()
        mutants.copy_of((*mutants.COPIED, 'docs') if builds else ('packs',), self.folder)
        program = [str(self.folder / 'build/firstmile')] if builds else BINARY
        wrapper = self.bin / 'firstmile'
        wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n')
        wrapper.chmod(0o755)
        (self.bin / 'variables').write_text('')

    def path(self, name):
        path = (self.folder / name).resolve()
        expect(path.is_relative_to(self.folder.resolve()), f'{name} is outside of the recipe\'s folder')
        return path

    def sh(self, lines):
        environment = {**os.environ, 'PATH': f'{self.bin}:{os.environ["PATH"]}', 'LANG': 'en_US.UTF-8',
                       'FIRSTMILE_SHARED': os.environ.get('FIRSTMILE_SHARED') or str(ROOT.parent / 'shared')}
        kept = self.bin / 'variables'
        whole = f". '{kept}'\n{lines}\nset | sed -n '/^[a-z_]*=/p' > '{kept}'"
        done = subprocess.run(['sh', '-eu', '-c', whole], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SHELL_S)
        expect_same(done.returncode, 0, f'the exit of\n{lines}which said\n{done.stdout[-3000:]}')
        return done.stdout

    def write(self, name, text):
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, encoding='utf-8')

    def change(self, name, patch):
        _, changes = mutants.hunks(f'+++ b/{name}\n@@ @@\n{patch}')
        self.path(name).write_text(mutants.mutated(self.path(name).read_text(encoding='utf-8'), changes), encoding='utf-8')


def printed_as(found, wanted):
    pattern = '.*?'.join(re.escape(part) for part in wanted.strip().split('…'))
    return re.fullmatch(pattern, found.strip(), re.DOTALL) is not None


def follow(kitchen, text):
    """Runs the blocks; how many of them did something."""
    said, count = None, 0
    for match in BLOCK.finditer(text):
        kind, name, body = match.groups()
        if kind == 'sh':
            said = kitchen.sh(body)
        elif kind == 'text':
            expect(said is not None, f'nothing has printed this yet:\n{body}')
            expect(printed_as(said, body), f'expected\n{body}\nfound\n{said}')
        elif kind == 'diff' and name:
            kitchen.change(name, body)
        elif name:
            kitchen.write(name, body)
        else:
            continue
        count += 1
    return count


def everywhere(kitchen):
    """The type that the recipe adds by YAML alone is on pages, in the API, on the command line, in import and in export. That it is
    in the authorisation matrix as well, matrix_test.py shows, which reads any pack by itself."""
    name = next(iter(sorted({path.stem for path in (kitchen.folder / 'mine/types').iterdir()} -
                            {path.stem for path in (kitchen.folder / 'packs/shanghai/types').iterdir()})))
    city = City(BINARY, kitchen.folder.parent, kitchen.folder / 'city')
    city.start()
    try:
        client = proof.Client(city, 'manager', 'en')
        described = client.get(f'/api/v1/types/{name}').wants(200).json
        expect_same(described['name'], name, 'the type as the API describes it')
        expect(f'"fields_of_{name}"' in client.get('/api/v1/openapi.json').wants(200).text, 'openapi.json does not have it')
        record = client.get(f'/api/v1/records/{name}').wants(200).json['items'][0]
        for page in (f'/{name}', f'/{name}/new', f'/{name}/{record["id"]}'):
            expect(described['label'] in client.get(page).wants(200).text, f'{page} does not show it')
        exported = client.get(f'/api/v1/records/{name}/export', format='csv').wants(200).text
        expect(record['number'] in exported, 'the export does not hold it')
        sheet = kitchen.folder / 'again.csv'
        sheet.write_text(f'purpose,result,interest,costs\nsecond visit,{record["fields"]["result"]},trial,\n', encoding='utf-8')
        client.close()
        said = kitchen.sh(f'firstmile import city {name} {sheet.name} --as manager').splitlines()
        expect(said[-1].startswith('1 accepted, 0 refused'), f'the import said {said}')
    finally:
        city.stop()


AFTER = {'add-a-record-type': everywhere}


def title_of(text):
    return text.partition('\n')[0].lstrip('# ')


def main():
    cases, names = proof.Cases(), sys.argv[1:]
    recipes = [path for path in sorted(RECIPES.glob('*.md')) if path.name != 'README.md' and not path.stem.endswith('.zh-CN')]
    recipes.append(ROOT / 'docs/SPREADSHEETS.md')
    for path in recipes:
        text = path.read_text(encoding='utf-8')
        if names and path.stem not in names:
            continue
        with tempfile.TemporaryDirectory(prefix='firstmile-recipe-') as scratch, cases(f'{path.stem}: {title_of(text)}'):
            kitchen = Kitchen(scratch, 'build: yes' in text[:400])
            expect(follow(kitchen, text) >= 3, 'the recipe does nothing')
            after = AFTER.get(path.stem)
            if after:
                after(kitchen)
        with cases(f'{path.stem}: the Chinese page has the same blocks'):
            expect_same(BLOCK.findall(path.with_suffix('.zh-CN.md').read_text(encoding='utf-8')), BLOCK.findall(text), 'its blocks')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
