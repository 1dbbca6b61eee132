#!/usr/bin/env python3
"""Looks for what compilers let pass: banned calls, SQL made by formatting, words of one language only, paths of one machine,
unfinished work, C lines and comments that are too long, files that a document names and that are not there.
Prints file:line: message for each; status 1 when any.

A line may say why it is an exception:  /* lint: allow NAME: reason */  with the name of the rule.
"""
import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Calls that have a bounded, checked or reentrant replacement here, and the replacement.
BANNED = {
    'strcpy': 'Str and str_dup', 'strcat': 'Buf', 'strncpy': 'Str and str_dup', 'strncat': 'Buf', 'stpcpy': 'Str',
    'sprintf': 'str_printf or buf_printf', 'vsprintf': 'buf_printf', 'gets': 'file_read', 'scanf': 'str_int and its kin',
    'sscanf': 'str_int and its kin', 'fscanf': 'str_int and its kin', 'atoi': 'str_int', 'atol': 'str_int',
    'atoll': 'str_int', 'atof': 'decimal_parse', 'strtod': 'decimal_parse', 'strtok': 'str_cut', 'strtok_r': 'str_cut',
    'alloca': 'an arena', 'system': 'nothing: no shell is ever run', 'popen': 'nothing: no shell is ever run',
    'rand': 'Env', 'srand': 'Env', 'random': 'Env', 'drand48': 'Env', 'tmpnam': 'mkstemp', 'mktemp': 'mkstemp',
    'localtime': 'date.h', 'gmtime': 'date.h', 'ctime': 'date.h', 'asctime': 'date.h',
    'setlocale': 'nothing: the language is an argument', 'setjmp': 'Err', 'longjmp': 'Err',
}
# The only sources that write SQL from names: of a pack's types and fields, which were checked when it was read. Values are
# bound even there.
SQL_BUILDERS = {
    'src/kernel/access_sql.c', 'src/kernel/clock_steps.c', 'src/kernel/desk.c', 'src/kernel/parameter.c', 'src/kernel/rows.c', 'src/kernel/rules.c',
    'src/kernel/evolve.c', 'src/kernel/evolve_clocks.c', 'src/kernel/evolve_plan.c', 'src/kernel/evolve_records.c', 'src/kernel/evolve_turn.c',
    'src/kernel/find.c', 'src/kernel/number.c', 'src/kernel/party.c', 'src/kernel/rebuild.c', 'src/kernel/record.c',
    'src/engines/expression/sql.c',
}
# Tests and what only they link may call what they like and write SQL as they like.
TESTS = re.compile(r'_(test|bench|fuzz)\.[ch]$|/testing/|/expression_schema\.[ch]$')
SQL_WORDS = re.compile(r'\b(SELECT\s|INSERT\s+INTO|INSERT\s+OR|UPDATE\s+\S+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|ALTER\s+TABLE'
                       r'|DROP\s+TABLE|WHERE\s)')
PRINTERS = re.compile(r'\b(buf_printf|str_printf|snprintf|fprintf|asprintf)\s*\(')
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
UNFINISHED = re.compile(r'\b(' + 'TO' + r'DO|FIX' + r'ME|XX' + r'X|HA' + r'CK)\b')
MACHINE = re.compile(r'(?<![\w.$}/-])/(?:work|root|home/\w+|farm|tmp/b[-a-z_]+)/')
COLUMNS = 120                                   # code points; as ColumnLimit in .clang-format
LAID_OUT_BY_HAND = set((ROOT / '.clang-format-exclude').read_text(encoding='utf-8').split())
TEXT_SUFFIXES = {'.c', '.h', '.py', '.sh', '.md', '.yaml', '.yml', '.json', '.css', '.js', '.mjs', '.html', '.mustache', '.scn',
                 '.build', '.txt', ''}
NOT_OURS = {'.git', 'build', 'demo', 'node_modules', '__pycache__'}


def sources():
    """Files of the repository, by name from its root, without what .gitignore names."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f not in NOT_OURS and not f.startswith('build-'))
        for name in sorted(set(names) - NOT_OURS):
            yield (Path(folder) / name).relative_to(ROOT).as_posix()


def without_comments(text):
    """C with comments blanked out, lines kept; strings stay."""
    token = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
    return token.sub(lambda m: m[0] if m[0][0] in '"\'' else re.sub(r'[^\n]', ' ', m[0]), text)


def without_strings(text):
    return STRING.sub(lambda m: '"' + ' ' * (len(m[0]) - 2) + '"', text)


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def call_text(code, opening):
    """The argument text of the call whose parenthesis opens at `opening`; strings may hold parentheses."""
    depth, at, plain = 0, opening, without_strings(code)
    while at < len(plain):
        depth += {'(': 1, ')': -1}.get(plain[at], 0)
        at += 1
        if depth == 0:
            break
    return code[opening:at]


def check_banned(name, code):
    plain = without_strings(code)
    for match in re.finditer(r'(?<![\w.>])(' + '|'.join(BANNED) + r')\s*\(', plain):
        yield 'banned', line_of(code, match.start()), f'{match[1]}() is banned; use {BANNED[match[1]]}'


def check_sql(name, code):
    if name in SQL_BUILDERS:
        return
    for match in PRINTERS.finditer(code):
        text = ''.join(part[1:-1] for part in STRING.findall(call_text(code, match.end() - 1)))
        if SQL_WORDS.search(text) and '%' in text:
            yield 'sql', line_of(code, match.start()), f'{match[1]}() makes SQL; put it in a table of statements and bind'


def check_width(name, text):
    """clang-format breaks code at the limit, but neither comments, strings nor what stands under `clang-format off`."""
    if name in LAID_OUT_BY_HAND:
        return
    for number, line in enumerate(text.split('\n'), 1):
        if len(line) > COLUMNS:
            yield 'width', number, f'{len(line)} columns; wrap at {COLUMNS}'


def check_c(name, text):
    yield from check_width(name, text)
    if TESTS.search(name):
        return
    code = without_comments(text)
    yield from check_banned(name, code)
    yield from check_sql(name, code)


def check_text(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        if UNFINISHED.search(line):
            yield 'unfinished', number, 'unfinished work is done, or filed as an issue, not left in the text'
        if MACHINE.search(line):
            yield 'path', number, 'an absolute path of one machine'


def leaves(value, prefix=''):
    """{'a': {'b': 'x'}} -> {'a.b': 'x'}"""
    if not isinstance(value, dict):
        return {prefix: value}
    return {path: leaf for key, child in value.items() for path, leaf in leaves(child, f'{prefix}.{key}' if prefix else key).items()}


def check_locales():
    files = [ROOT / 'web/locale/zh.json', ROOT / 'web/locale/en.json']
    if not all(path.exists() for path in files):
        return
    zh, en = (leaves(json.loads(path.read_text(encoding='utf-8'))) for path in files)
    for here, there, path in ((zh, en, 'web/locale/en.json'), (en, zh, 'web/locale/zh.json')):
        for key in sorted(here.keys() - there.keys()):
            yield f'{path}:1: the key {key} is missing'
    for key in sorted(zh.keys() & en.keys()):
        marks_zh, marks_en = (sorted(re.findall(r'\{\w+\}', str(words[key]))) for words in (zh, en))
        if marks_zh != marks_en:
            yield f'web/locale/en.json:1: {key} has the marks {marks_en}, in zh.json {marks_zh}'
        if not str(zh[key]).strip() or not str(en[key]).strip():
            yield f'web/locale/en.json:1: {key} is empty in one language'


def check_named_files(name, text, known):
    """Files that a document names in backticks must exist: from the root, from src/, beside the document, or by their name."""
    if not name.endswith('.md'):
        return
    folder = (ROOT / name).parent
    for number, line in enumerate(text.splitlines(), 1):
        for named in re.findall(r'`([\w./-]+\.(?:c|h|py|sh|md|yaml|json|css|scn)|[\w./-]+/)`', line):
            last = named.rstrip('/').split('/')[-1]
            if re.match(r'x[_.]', last) or 'NAME' in named or named.startswith(('build', '../', '/', 'demo/', 'keys/')):
                continue
            there = any((base / named).exists() for base in (ROOT, ROOT / 'src', folder))
            if not there and ('/' in named or last not in known):
                yield 'named', number, f'{named} does not exist'


def main():
    known = {name.split('/')[-1] for name in sources()}
    findings, files = [], 0
    for name in sources():
        path = ROOT / name
        if path.suffix not in TEXT_SUFFIXES:
            continue
        try:
            text = path.read_text(encoding='utf-8')
        except UnicodeDecodeError:
            continue                            # a corpus of bad input may hold any bytes
        files += 1
        lines = text.splitlines()
        rules = [check_text, lambda *args: check_named_files(*args, known)] + ([check_c] if path.suffix in ('.c', '.h') else [])
        for rule, number, message in (found for check in rules for found in check(name, text)):
            if f'lint: allow {rule}:' not in lines[number - 1]:
                findings.append(f'{name}:{number}: {message}')
    findings += check_locales()
    print('\n'.join(findings + [f'{files} files, {len(findings)} findings']))
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
