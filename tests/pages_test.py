#!/usr/bin/env python3
"""Every page that a role can come to by links from the first page: each answers 200, in both languages, with sound HTML and in the
language that was asked for. A link that leads nowhere, or to a refusal, is a fault of the page that shows it.
"""
import re
import sys
from collections import Counter, deque
from urllib.parse import parse_qsl, urljoin, urlsplit

import proof
from proof import ROOT, expect

sys.path.insert(0, str(ROOT / 'tests/look'))
from pages import Page, classes_unknown, icons_missing    # noqa: E402  (tests/look/pages.py, which reads HTML)

ROLES = ('operator', 'officer', 'researcher', 'institution', 'manager', 'expert', 'enterprise', 'laboratory', 'certifier', 'agency',
         'society', 'bank', 'insurer', 'fund', 'auditor')
ALIKE_MAX = 3           # pages of one shape that are opened; there are as many records as there are
ID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
HAN = re.compile('[\u3400-\u9fff]')
# What the program itself says; names and texts of records stand in whatever language they were written.
OWN_WORDS = ('button', 'legend', 'caption', 'label', 'dt', 'h3')


def shape(target):
    """Addresses alike but for ids and values: "/result/ID?log"."""
    parts = urlsplit(target)
    return ID.sub('ID', parts.path) + '?' + '&'.join(sorted(name for name, _ in parse_qsl(parts.query)))


def links(page, at):
    for tag, attributes in page.attributes:
        href = attributes.get('href') or ''
        if tag == 'a' and href and not href.startswith('#') and 'lang=' not in href and 'format=json' not in href:
            yield urljoin(at, href).split('#')[0]


def words_in_chinese(html):
    """Words of the program's own that are Chinese though the page is not."""
    for tag in OWN_WORDS:
        for text in re.findall(rf'<{tag}\b[^>]*>(.*?)</{tag}>', html, re.DOTALL):
            text = re.sub(r'<(\w+)[^>]*\blang="zh-CN"[^>]*>.*?</\1>|<[^>]*>', '', text)
            if HAN.search(text):
                yield f'<{tag}> says {text.strip()!r} in English'


def look(client, target):
    """The page at target; raises when it is not as it should be."""
    reply = client.request('GET', target)
    expect(reply.status == 200, f'{target}: status {reply.status}\n{reply.text[:1500]}')
    page = Page(reply.text)
    problems = [*page.problems, *icons_missing(page), *sorted(set(classes_unknown(page)))]
    if client.lang == 'en':
        problems += words_in_chinese(reply.text)
    expect(not problems, f'{target} [{client.lang}]: ' + '; '.join(problems[:5]))
    return page


def walk(client):
    """Opens what can be reached; how many pages that was."""
    waiting, seen, alike, opened = deque(['/']), {'/'}, Counter(), 0
    while waiting:
        target = waiting.popleft()
        if alike[shape(target)] == ALIKE_MAX:
            continue
        alike[shape(target)] += 1
        opened += 1
        for link in links(look(client, target), target):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
    return opened


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        for role in ROLES:
            with cases(f'every page that {role} can open is sound'):
                first = proof.Client(city, role)
                opened = walk(first)
                expect(opened > 5, f'only {opened} pages: the walk did not get anywhere')
                expect(walk(proof.Client(city, lang='en', cookie=first.cookie)) == opened, 'the languages have different pages')
        with cases('the server ends with 0 and no sanitizer spoke'):
            city.stop()
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
