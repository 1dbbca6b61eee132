#!/usr/bin/env python3
"""Holds the tables in docs/ against the tables in the source that they are made from; `--write` writes them anew (./dev fmt).

docs/LIMITS.md from src/base/limits.h, docs/ERRORS.md from src/base/err_codes.h. Status 1 when one differs.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = re.compile(r'\[(ERR_\w+)\]\s*=\s*\{\s*(\d+)\s*,\s*(\w+)\s*\}')
EXITS = {'EX_OK': 0, 'EX_USAGE': 64, 'EX_DATAERR': 65, 'EX_NOINPUT': 66, 'EX_SOFTWARE': 70, 'EX_TEMPFAIL': 75, 'EX_NOPERM': 77}


def rows(path):
    """The arguments of each X(…) row of an X-macro table, strings unquoted."""
    text = re.sub(r'\\\n', ' ', (ROOT / path).read_text(encoding='utf-8'))
    body = text[text.index('(X)') + 3:]
    body = re.sub(r'/\*.*?\*/', '', body[:body.index('\n')])
    token = re.compile(r'"((?:[^"\\]|\\.)*)"|([\w]+)')
    for part in re.split(r'(?<![\w"])X\(', body)[1:]:
        yield [(match[1] if match[2] is None else match[2]) for match in token.finditer(part)]


def limits():
    yield '# Limits\n'
    yield 'Made from `src/base/limits.h` by `./dev fmt`; `./dev check` fails when they differ.\n'
    yield '| limit | of | over it |\n|---|---|---|'
    for name, value, unit, what, over in rows('src/base/limits.h'):
        yield f'| `{name}` {int(value):,} {unit} | {what} | {over} |'


def errors():
    table = {kind: (http, EXITS.get(name, name)) for kind, http, name in KINDS.findall((ROOT / 'src/base/err.c').read_text())}
    yield '# Error codes\n'
    yield 'Made from `src/base/err_codes.h` by `./dev fmt`; `./dev check` fails when they differ. The code is the last part of a'
    yield "problem's `type` in the API; words in braces are replaced by what was found.\n"
    yield '| code | HTTP | exit | 中文 | English |\n|---|---|---|---|---|'
    for _, code, kind, title_zh, title_en, detail_zh, detail_en in rows('src/base/err_codes.h'):
        http, status = table[kind]
        yield f'| `{code}` | {http} | {status} | **{title_zh}** {detail_zh} | **{title_en}** {detail_en} |'


def main():
    differ = 0
    for name, make in (('docs/LIMITS.md', limits), ('docs/ERRORS.md', errors)):
        path, text = ROOT / name, '\n'.join(make()) + '\n'
        if '--write' in sys.argv:
            path.write_text(text, encoding='utf-8')
        elif not path.exists() or path.read_text(encoding='utf-8') != text:
            print(f'{name}:1: differs from the table in the source; ./dev fmt writes it')
            differ = 1
    return differ


if __name__ == '__main__':
    sys.exit(main())
