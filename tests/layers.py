#!/usr/bin/env python3
"""Checks the layers: which folder may include which, that each header compiles alone, and that no includes go in circles.

The tables below are the architecture, as docs/ARCHITECTURE.md draws it. A layer may always include itself. Prints
file:line: message for each finding; status 1 when there is one.
"""
import concurrent.futures
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / 'src'

# Layer (a folder under src/, each engine one of its own): what it may include besides itself. `engines/*` is every engine.
LAYERS = {
    'base': [],
    'assets': ['base'],                 # packs, templates, styles and words, compiled into the binary
    'store': ['base'],
    'sheet': ['base'],                  # CSV, JSON Lines and XLSX as rows of cells
    'engines/*': ['base', 'engines/text'],
    'evidence': ['base', 'store', 'engines/merkle'],
    'kernel': ['base', 'store', 'sheet', 'evidence', 'engines/expression', 'engines/text', 'engines/search', 'engines/match'],
    'services': ['base', 'store', 'evidence', 'kernel', 'engines/*'],
    'web': ['base', 'assets', 'sheet', 'evidence', 'kernel', 'services'],
    'cli': ['base', 'assets', 'store', 'sheet', 'evidence', 'kernel', 'services', 'web', 'engines/*'],
}
# What tests and benchmarks of a layer may include on top: they build the world that the layer's code is given.
TESTS = {
    'engines/*': ['store'],             # the SQL of an expression against its evaluator
    'web': ['store'],
}
TEST_FILES = re.compile(r'_(test|bench|fuzz)\.[ch]$|/testing/|/expression_schema\.[ch]$')
# Libraries, and the only layers that know them.
LIBRARIES = {
    'sqlite3.h': ['store'],
    'uv.h': ['web'],
    'llhttp.h': ['web'],
    'yaml.h': ['kernel'],
    'argon2.h': ['base', 'kernel', 'web'],
    'openssl/': ['base', 'evidence'],
    'zlib.h': ['base'],
    'xlsxwriter': ['sheet'],
    'zip.h': ['sheet'],
    'expat.h': ['sheet'],
    'curl/': ['kernel'],
    'archive': ['kernel'],
    'uni': ['base', 'engines/text'],    # libunistring: unicase.h, uninorm.h, unictype.h …
}
# Engines are pure: no file, clock, thread or socket.
IMPURE = re.compile(r'^(unistd|fcntl|time|pthread|dirent|netdb|signal|threads)\.h$|^(sys|netinet|arpa)/')

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def layer_of(path):
    """'base/str.h' -> 'base', 'engines/merkle/merkle.h' -> 'engines/merkle'."""
    parts = path.split('/')
    return '/'.join(parts[:2]) if parts[0] == 'engines' and len(parts) > 2 else parts[0]


def covers(patterns, layer):
    return any(pattern == layer or (pattern.endswith('/*') and layer.startswith(pattern[:-1])) for pattern in patterns)


def row(table, layer):
    return next((allowed for pattern, allowed in table.items() if covers([pattern], layer)), None)


def includes(path):
    for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match[1] == '"', match[2]


def check_own(name, layer, allowed, target):
    """The finding for one include of ours, or None."""
    if not (SRC / target).exists() and '/' not in target:
        return f'"{target}" does not start at src/'
    if layer_of(target) != layer and not covers(allowed, layer_of(target)):
        return f'{layer} may not include {layer_of(target)} ("{target}")'
    return None


def check_library(layer, test, target):
    """The finding for one include of the system's, or None."""
    if layer.startswith('engines/') and not test and IMPURE.search(target):
        return f'{layer} is pure and may not include <{target}>'
    for library, known in LIBRARIES.items() if not test else []:
        exact = target == library if library.endswith('.h') else \
            target.startswith(library) and (library.endswith('/') or re.match(r'^uni(str|case|norm|ctype|conv|name|lbrk|gbrk|wbrk|width|stdio|sigpipe|types)\.h$', target))
        if exact and not covers(known, layer):
            return f'{layer} may not include <{target}>; only {", ".join(known)} may'
    return None


def check_arrows(files):
    for path in files:
        name = path.relative_to(SRC).as_posix()
        layer = layer_of(name)
        allowed = row(LAYERS, layer)
        if allowed is None:
            yield f'src/{name}:1: {layer} is not a layer; the table in tests/layers.py names them'
            continue
        test = bool(TEST_FILES.search(name))
        if test:
            allowed = allowed + (row(TESTS, layer) or [])
        for number, own, target in includes(path):
            finding = check_own(name, layer, allowed, target) if own else check_library(layer, test, target)
            if finding:
                yield f'src/{name}:{number}: {finding}'


def check_circles(files):
    graph = {path.relative_to(SRC).as_posix(): [target for _, own, target in includes(path) if own] for path in files}
    state, stack = {}, []

    def visit(name):
        state[name] = 'open'
        stack.append(name)
        for target in graph.get(name, []):
            if state.get(target) == 'open':
                yield f'src/{name}:1: includes in a circle: ' + ' -> '.join(stack[stack.index(target):] + [target])
            elif target in graph and target not in state:
                yield from visit(target)
        stack.pop()
        state[name] = 'done'

    for name in graph:
        if name not in state:
            yield from visit(name)


def compiles_alone(path):
    name = path.relative_to(SRC).as_posix()
    done = subprocess.run(['gcc', '-std=gnu17', '-D_GNU_SOURCE', '-Wall', '-Wextra', '-fsyntax-only', '-I', str(SRC),
                           '-I', '/usr/share/include/llhttp', '-x', 'c', '-'], input=f'#include "{name}"\n',
                          capture_output=True, text=True)
    return None if done.returncode == 0 and not done.stderr else \
        f'src/{name}:1: does not compile alone\n' + '\n'.join(f'    {line}' for line in done.stderr.splitlines()[:6])


def main():
    files = sorted(path for path in SRC.rglob('*.[ch]'))
    headers = [path for path in files if path.suffix == '.h']
    findings = list(check_arrows(files)) + list(check_circles(files))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        findings += [finding for finding in pool.map(compiles_alone, headers) if finding]
    print('\n'.join(findings + [f'{len(files)} files, {len(headers)} headers alone, {len(findings)} findings']))
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
