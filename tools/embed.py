#!/usr/bin/env python3
"""Writes the C source behind src/assets/assets.h: every file below the named folders as a row of one sorted table.

    embed.py ROOT OUT.c DEPFILE FOLDER...

Bytes become string literals, which gcc and clang read at some 50 MB/s. The depfile names every file and every folder: a folder
changes when a file is added or removed, so that the build notices new files too. Notes for people (*.md) stay out of the
binary; a file of a kind that is not in the table of media types is refused rather than served as anything.
"""
import hashlib
import os
import sys
from pathlib import Path

MEDIA_TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.csv': 'text/csv; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json',
    '.jsonl': 'application/jsonl',
    '.mustache': 'text/plain; charset=utf-8',
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
    '.woff2': 'font/woff2',
    '.yaml': 'application/yaml',
}
NOTES = {'.md'}

# How each byte stands in a literal. Three octal digits, so that a digit that follows is not taken for part of the escape; "?"
# too, because "??=" and its kin are trigraphs in C17.
ESCAPES = [chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f'\\{byte:03o}' for byte in range(256)]
ESCAPES[ord('\n')] = '\\n'


def files_below(root, folder):
    """Files below a folder, hidden ones and notes left out, and all folders passed on the way."""
    files, folders = [], []
    for here, inner, names in os.walk(root / folder):
        inner[:] = [name for name in inner if not name.startswith('.')]
        folders.append(Path(here))
        for name in names:
            path = Path(here) / name
            if name.startswith('.') or name.endswith('~') or path.suffix in NOTES:
                continue
            if path.suffix not in MEDIA_TYPES:
                sys.exit(f'embed.py: {path.relative_to(root)}: no media type is known for {path.suffix or name}')
            files.append(path)
    return files, folders


def literal(data):
    """One literal a line of the file, so that the C source can be read and compared."""
    lines = data.split(b'\n')
    pieces = [line + b'\n' for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return '\n'.join('        "' + ''.join(ESCAPES[byte] for byte in piece) + '"' for piece in pieces) or '        ""'


def row(root, path):
    data = path.read_bytes()
    return (f'    {{ STR_INIT("{path.relative_to(root).as_posix()}"),\n'
            f'      {{\n{literal(data)},\n        {len(data)} }},\n'
            f'      STR_INIT("{hashlib.sha256(data).hexdigest()[:16]}"), STR_INIT("{MEDIA_TYPES[path.suffix]}") }},\n')


def main(root, out, depfile, *names):
    root = Path(root).resolve()
    files, folders = [], []
    for name in names:
        below, passed = files_below(root, name)
        files += below
        folders += passed
    files.sort(key=lambda path: path.relative_to(root).as_posix().encode())
    source = ('/* Made by tools/embed.py; edit the files it names instead. */\n#include "assets/assets.h"\n\n'
              'const Asset asset_table[] = {\n' + ''.join(row(root, path) for path in files) + '};\n'
              'const size_t asset_table_count = sizeof asset_table / sizeof *asset_table;\n')
    Path(out).write_text(source, encoding='ascii')
    spaced = [str(path).replace(' ', '\\ ') for path in sorted(files) + sorted(folders)]
    Path(depfile).write_text(f'{out}: ' + ' \\\n  '.join(spaced) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main(*sys.argv[1:])
