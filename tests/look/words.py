#!/usr/bin/env python3
"""Looks at the words of the product: both locales hold the same keys and marks, templates hold no words of their own and ask
for no key that is missing, the glossary's terms have one translation each, in the locales and in the packs' labels."""
import csv
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / 'web'
MARK = re.compile(r'\{(\w+)\}')
TAG = re.compile(r'\{\{([#^/>!]?)\s*([\w.]+)\s*\}\}')
# Attributes whose value people read or hear; it comes from the locale.
READ_ALOUD = ('aria-label', 'title', 'alt', 'placeholder', 'label')
# Left to the page's author by the rules: `say` holds the texts that page code fills.
FILLED = 'say'


def leaves(value, path=''):
    """(path, text) of every text below value; an index is part of a path."""
    if isinstance(value, str):
        yield path, value
    else:
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(child, f'{path}.{key}' if path else str(key))


def check_locales(zh, en):
    for path in sorted(zh.keys() ^ en.keys()):
        yield f'web/locale: {path} stands in one language only'
    for path in sorted(zh.keys() & en.keys()):
        if not zh[path].strip() or not en[path].strip():
            yield f'web/locale: {path} is empty'
        if sorted(MARK.findall(zh[path])) != sorted(MARK.findall(en[path])):
            yield f'web/locale: {path} has other marks in Chinese than in English'
        if '您' in zh[path]:
            yield f'web/locale/zh.json: {path} says 您'


def check_templates(zh):
    """The keys that templates ask for, and their text outside of tags."""
    asked = set()
    for file in sorted((WEB / 'templates').glob('*.mustache')):
        source, name = file.read_text(encoding='utf-8'), file.relative_to(ROOT)
        for _, key in TAG.findall(source):
            if key.startswith('t.'):
                asked.add(key[2:])
                if not any(path == key[2:] or path.startswith(key[2:] + '.') for path in zh):
                    yield f'{name}: {key} is not in the locale'
        bare = re.sub(r'\{\{[^}]*\}\}', '', source)
        for attribute, value in re.findall(r'\s([\w-]+)="([^"]*)"', bare):
            if attribute in READ_ALOUD and re.search(r'\w', value):
                yield f'{name}: {attribute}="{value}" is not from the locale'
            if attribute == 'style' or attribute.startswith('on'):
                yield f'{name}: attribute {attribute} is not allowed'
        if re.search(r'<(script|style)\b', bare.replace('<script src="/assets/keys.js" defer></script>', '')):
            yield f'{name}: scripts and styles are files'
        bare = re.sub(r'<kbd>\w+</kbd>', '', bare)     # what stands on a key is no word
        text = re.sub(r'<[^>]*>|[\w-]+="[^"]*"', ' ', bare)  # tags, and the attributes of a partial that is part of a tag
        for word in re.findall(r'[^\W\d_]+', text):
            yield f'{name}: the word "{word}" is not from the locale'
    for path in zh:
        if not path.startswith(FILLED + '.') and not any(path == key or path.startswith(key + '.') for key in asked):
            yield f'web/locale: no template asks for {path}'


def pack_labels():
    """(file:line, zh, en) of every label that a pack writes as {zh: …, en: …}, in either order and quoting."""
    value = r'''("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,{}"'\n]+)'''
    for file in sorted((ROOT / 'packs').rglob('*.yaml')):
        for number, line in enumerate(file.read_text(encoding='utf-8').splitlines(), 1):
            for first, one, second, two in re.findall(r'\{\s*(zh|en):\s*' + value + r',\s*(zh|en):\s*' + value + r'\s*\}', line):
                texts = {first: one.strip(' "\''), second: two.strip(' "\'')}
                if len(texts) == 2:
                    yield f'{file.relative_to(ROOT)}:{number}', texts['zh'], texts['en']


def check_glossary(zh, en):
    with open(WEB / 'locale/glossary.csv', encoding='utf-8', newline='') as file:
        terms = list(csv.DictReader(file))
    forms = {}  # Chinese term -> its English forms, singular and plural
    for term in terms:
        if term['zh'] in forms:
            yield f'web/locale/glossary.csv: {term["zh"]} has a second translation'
        forms[term['zh']] = [form.casefold() for form in term['en'].split('|')]
    english = {}
    for chinese, each in forms.items():
        for form in each:
            if form in english:
                yield f'web/locale/glossary.csv: {form} translates {english[form]} and {chinese}'
            english[form] = chinese
    longest = re.compile('|'.join(sorted(map(re.escape, forms), key=len, reverse=True)))
    for path in zh.keys() & en.keys():
        for term in longest.findall(zh[path]):
            if not any(form in en[path].casefold() for form in forms[term]):
                yield f'web/locale: {path}: {term} is "{forms[term][0]}" in the glossary, not "{en[path]}"'
    for place, chinese, label in pack_labels():
        if chinese in forms and label.casefold() not in forms[chinese]:
            yield f'{place}: {chinese} is "{forms[chinese][0]}" in the glossary, not "{label}"'
        if english.get(label.casefold(), chinese) != chinese:
            yield f'{place}: {label} is {english[label.casefold()]} in the glossary, not {chinese}'
        if '您' in chinese:
            yield f'{place}: says 您'


def check_errors():
    text = (ROOT / 'src/base/err_codes.h').read_text(encoding='utf-8')
    for number, line in enumerate(text.splitlines(), 1):
        if '您' in line:
            yield f'src/base/err_codes.h:{number}: says 您'


def check_icons():
    """Icons that templates and packs name are in the sprite."""
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (WEB / 'icons.svg').read_text(encoding='utf-8')))
    for kind in ('here', 'wait', 'done', 'late', 'not'):
        if f'i-{kind}' not in drawn:
            yield f'web/icons.svg: no icon for the kind {kind}'
    files = [*(WEB / 'templates').glob('*.mustache'), *(ROOT / 'packs').rglob('*.yaml')]
    for file in sorted(files):
        for icon in re.findall(r'(?:icons\.svg#|icon:\s*["\']?)(i-[\w-]*\w)(?![\w-]*\{)', file.read_text(encoding='utf-8')):
            if icon not in drawn:
                yield f'{file.relative_to(ROOT)}: there is no icon {icon}'


def main():
    zh, en = (dict(leaves(json.loads((WEB / f'locale/{lang}.json').read_text(encoding='utf-8')))) for lang in ('zh', 'en'))
    problems = [*check_locales(zh, en), *check_templates(zh), *check_glossary(zh, en), *check_errors(), *check_icons()]
    for problem in problems:
        print(problem)
    print(f'{len(zh)} texts, {len(problems)} problems')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
