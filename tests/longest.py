#!/usr/bin/env python3
"""Prints the ten longest functions of src/, for whoever reviews: a long flat table or parser may stay, nesting may not.
No limit is enforced. A body runs from a `{` in the first column to the next `}` there."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def functions(path):
    start, before = 0, ''
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        if line == '{':
            start = number
        elif line == '}' and start:
            name = re.search(r'(\w+)\(', before)
            yield number - start - 1, name[1] if name else before.strip(), f'{path.relative_to(ROOT)}:{start}'
            start = 0
        if not start and line.strip() and not line.startswith(' '):
            before = line


def main():
    found = [row for path in (ROOT / 'src').rglob('*.c') if not path.name.endswith('_test.c') for row in functions(path)]
    for lines, name, place in sorted(found, reverse=True)[:10]:
        print(f'{lines:5} lines  {name:36}{place}')


if __name__ == '__main__':
    main()
