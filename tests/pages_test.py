#!/usr/bin/env python3
# timeout: 1800
"""Every page that a role can come to by links from the first page: each answers 200, in both languages, with sound HTML and in the
language that was asked for. A link that leads nowhere, or to a refusal, is a fault of the page that shows it. The cities are one of
packs/shanghai and one of tests/packs/mini, whose paper has every kind of field.
"""
import re
import sys
import tempfile
from collections import Counter, deque
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import proof
from proof import ROOT, City, expect

sys.path.insert(0, str(ROOT / 'tests/look'))
from pages import Page, classes_unknown, icons_missing    # noqa: E402  (tests/look/pages.py, which reads HTML)

ROLES = ('operator', 'officer', 'researcher', 'institution', 'manager', 'expert', 'enterprise', 'laboratory', 'certifier', 'agency',
         'society', 'bank', 'insurer', 'fund', 'auditor')
MINI, MINI_ROLES = 'tests/packs/mini', ('admin', 'author', 'reviewer', 'reader')
PAPER = {'title': '冰上的水', 'title_en': 'Water on ice', 'body': '第一行\n第二行', 'pages': 60, 'due': '2026-12-24', 'open': True,
         'category': 'letter', 'topics': ['ice', 'steam'], 'manuscript': 'M-1', 'fee': '1234.50', 'grant': '20000.00',
         'grant_currency': 'USD', 'expenses': [{'item': '试剂', 'amount': '1200.00', 'spent': '2026-01-02'}, {'item': '差旅', 'amount': '85.25'}]}
ALIKE_MAX = 3           # pages of one shape that are opened; there are as many records as there are
ID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
HAN = re.compile('[\u3400-\u9fff]')
# What the program itself says; names and texts of records stand in whatever language they were written.
OWN_WORDS = ('button', 'legend', 'caption', 'label', 'dt', 'h3')


def shape(target):
    """Addresses alike but for ids and values: "/result/ID?log"."""
    parts = urlsplit(target)
    return ID.sub('ID', parts.path) + '?' + '&'.join(sorted(name for name, _ in parse_qsl(parts.query)))


FILES = re.compile(r'/log/|.*/receipt\?')      # what is no page


def links(page, at):
    for tag, attributes in page.attributes:
        href = attributes.get('href') or ''
        if tag == 'a' and href and not href.startswith('#') and 'lang=' not in href and 'format=json' not in href and not FILES.match(href):
            yield urljoin(at, href).split('#')[0]


def words_in_chinese(html):
    """Words of the program's own that are Chinese though the page is not."""
    for tag in OWN_WORDS:
        for text in re.findall(rf'<{tag}\b[^>]*>(.*?)</{tag}>', html, re.DOTALL):
            text = re.sub(r'<(\w+)[^>]*\blang="zh-CN"[^>]*>.*?</\1>|<[^>]*>', '', text)
            if HAN.search(text):
                yield f'<{tag}> says {text.strip()!r} in English'


def look(client, target, reply=None, status=200):
    """The page at target, or the reply that it gave; raises when it is not as it should be."""
    reply = reply or client.request('GET', target)
    expect(reply.status == status, f'{target}: status {reply.status}\n{reply.text[:1500]}')
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
        reply = client.request('GET', target)
        led = reply.status == 303 and re.fullmatch(r'/\w+\?view=[\w-]+', target)     # the tab of a saved view: to what it holds
        for link in [reply.headers['Location']] if led else links(look(client, target, reply), target):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
    return opened


def opened_by(page_html, target):
    """(number, address) of each figure of a page that opens a list."""
    main_part = page_html.split('<main', 1)[1]
    for href, words in re.findall(r'<a\b[^>]*\bhref="(/\w+(?:\?filter=[^"]*)?)"[^>]*>(.*?)</a>', main_part, re.DOTALL):
        number = re.search(r'^\s*([\d,]+)\s*$|<b>([\d,]+)</b>', words)
        if number:
            yield int((number[1] or number[2]).replace(',', '')), href.replace('&amp;', '&')


def numbers_open_their_rows(client, target):
    """Each number of the page is that of the rows of the list that it opens; how many numbers these were."""
    figures = list(opened_by(client.get(target).wants(200).text, target))
    for number, href in figures:
        twin = client.request('GET', href + ('&' if '?' in href else '?') + 'format=json&limit=1000&total=1').wants(200).json
        expect((len(twin['items']), twin['total']) == (number, number), f'{target} says {number}, {href} has {twin["total"]}')
    return len(figures)


def rounds_show_what_is_in_them(client):
    """The page of a round has the results in it and their reviews, those that lists give for it; how many it had."""
    shown = 0
    for one in client.all('screening_round'):
        page = client.get(f'/screening_round/{one["id"]}').wants(200).text
        for kind in ('result', 'review'):
            part = re.search(rf'id="all-{kind}\.screening_round-h".*?</section>', page, re.DOTALL)
            found = re.findall(rf'<a class="name" href="/{kind}/({ID.pattern})"', part[0]) if part else []
            wanted = [r['id'] for r in client.all(kind, filter=f"screening_round = '{one['id']}'")]
            expect(set(found) <= set(wanted) and len(found) == min(len(wanted), 10), f'{kind}: {len(found)} shown of {len(wanted)}')
            shown += len(found)
    return shown


def plant(city):
    """An accepted paper that has a value in every field, and its review."""
    author, admin, reviewer = (proof.Client(city, role) for role in ('author', 'admin', 'reviewer'))
    me = reviewer.get('/api/v1/sessions').wants(200).json['person']['id']
    paper = author.create('paper', **PAPER, partners=[author.get('/api/v1/sessions').json['organisation']['id']]).wants(201).json['id']
    step = f'/api/v1/records/paper/{paper}/actions/'
    author.request('POST', step + 'submit', {'input': {}}).wants(200)
    review = admin.create('review', paper=paper, reviewer=me).wants(201).json['id']
    reviewer.request('POST', f'/api/v1/records/review/{review}/actions/give', {'input': {'verdict': 'accept'}}).wants(200)
    admin.request('POST', step + 'accept', {'input': {'score': '9.00'}}).wants(200)
    author.create('paper', **{**PAPER, 'manuscript': 'M-2'}).wants(201)     # a draft, which has a form to edit it
    keep_views(author, 'paper', 'pages')


def keep_views(client, about, column):
    """A view of its own, of a list with many columns; one by state, shared; and one of which nothing is left but its name."""
    every = ','.join(field['name'] for field in client.get(f'/api/v1/types/{about}').wants(200).json['fields'])
    client.create('saved_view', title='各列', about=about, filter=f'{column} is not missing', sort=column, columns=every[:700]).wants(201)
    shared = client.create('saved_view', title='各状态', about=about, layout='board', filter="state != 'draft'").wants(201).json['id']
    client.act('saved_view', shared, 'share').wants(200)
    client.create('saved_view', title='昔日', about=about, filter='gone > 1', sort='gone', columns='gone').wants(201)


def refused_form(city, lang):
    """The form of a paper, sent with what is wrong at a field, in a cell and by a rule, and with a wish for more rows."""
    client = proof.Client(city, 'author')
    client.lang = lang
    token = re.search(r'name="csrf" value="([^"]+)"', client.get('/paper/new').text)[1]
    wrong = {'csrf': token, 'title': '', 'pages': '900', 'topics': '', 'expenses': '', 'expenses[2].amount': '12,50', 'grant': '1'}
    form = {'Content-Type': 'application/x-www-form-urlencoded', 'Accept': 'text/html'}
    look(client, '/paper', client.request('POST', '/paper', urlencode(wrong).encode(), form), 422)
    look(client, '/paper', client.request('POST', '/paper', urlencode({**wrong, 'more[expenses]': '1'}).encode(), form))


def walk_mini(cases):
    with tempfile.TemporaryDirectory(prefix='firstmile-proof-') as folder:
        city = City(proof.program(), folder, pack=MINI)
        city.arguments = ['--test-clock']
        try:
            city.start()
            plant(city)
            for role in MINI_ROLES:
                with cases(f'every page of every kind of field that {role} can open is sound'):
                    opened = walk(proof.Client(city, role))
                    expect(opened > 3, f'only {opened} pages: the walk did not get anywhere')
                    expect(walk(proof.Client(city, role, lang='en')) == opened, 'the languages have different pages')
            for lang in ('zh', 'en'):
                with cases(f'a form that comes back is sound [{lang}]'):
                    refused_form(city, lang)
                with cases(f'a record as it stood, and one whose data was erased, are sound [{lang}]'):
                    past_pages(city, lang)
            with cases('a desk counts working days over a weekend'):
                weekend_desk(city)
            with cases('the server of the mini pack ends with 0 and no sanitizer spoke'):
                city.stop()
        finally:
            city.kill()


def weekend_desk(city):
    """A desk counts working days, and says so of a weekend too. Sessions end with the time that passes."""
    for day, said in (('07', 'since today'), ('08', 'no working day since'), ('09', 'no working day since'), ('10', '1 working day so far'),
                      ('11', '2 working days so far')):      # from a Friday on
        proof.Client(city).request('POST', '/api/v1/test-clock', {'now': f'2031-03-{day}T02:00:00Z'}).wants(200)
        author = proof.Client(city, 'author', lang='en')
        if day == '07':
            paper = author.create('paper', **{**PAPER, 'manuscript': 'M-9'}).wants(201).json['id']
            author.act('paper', paper, 'submit').wants(200)
        row = re.search(rf'<tr><th[^>]*><a class="name" href="/paper/{paper}".*?</tr>', author.get('/desk').wants(200).text, re.DOTALL)
        expect(row and said in row[0], f'on 2031-03-{day} the desk does not say "{said}": {row and row[0]}')


def past_pages(city, lang):
    """No link leads to a day's page: a form does."""
    client = proof.Client(city, 'admin', lang=lang)
    paper = client.all('paper')[0]
    person = client.create('person', name='Some One', phone='123').wants(201).json['id']
    client.act('person', person, 'erase').wants(200)
    for target in (f'/paper/{paper["id"]}/at/2999-12-31', f'/person/{person}/at/2999-12-31', f'/person/{person}'):
        look(client, target)


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        keep_views(proof.Client(city, 'institution'), 'result', 'keywords')
        for role in ROLES:
            with cases(f'every page that {role} can open is sound'):
                first = proof.Client(city, role)
                opened = walk(first)
                expect(opened > 5, f'only {opened} pages: the walk did not get anywhere')
                expect(walk(proof.Client(city, lang='en', cookie=first.cookie)) == opened, 'the languages have different pages')
        for role in ROLES:
            with cases(f'each number that {role} is shown is that of the rows it opens'):
                client = proof.Client(city, role)
                types = [t['name'] for t in client.get('/api/v1/types').json['items']]
                crossed = [f'/{t}/matrix' for t in types if f'/{t}/matrix' in client.get(f'/{t}').text]
                shown = sum(numbers_open_their_rows(client, t) for t in ('/statistics', *(f'/{t}/board' for t in types), *crossed))
                expect(shown > 5, f'only {shown} numbers')
        with cases('a round shows the results in it and their reviews, to each as lists show them'):
            shown = {role: rounds_show_what_is_in_them(proof.Client(city, role)) for role in ROLES}
            expect(shown['officer'] > shown['expert'] > 0, f'{shown}')
        with cases('a board by state stands under the filter of its list, and refuses one that is only sound in brackets'):
            client = proof.Client(city, 'officer')
            columns = client.get('/result/board', format='json', filter="discipline contains '材料'").wants(200).json['columns']
            found = client.get('/result', format='json', total=1, filter="discipline contains '材料'").wants(200).json['total']
            expect(sum(c['count'] for c in columns) == found > 0, f'{found} found, columns {[c["count"] for c in columns]}')
            client.get('/result/board', filter="state = 'draft') or (state = 'pool'").wants(422)
        with cases('a matrix stands under the filter of its list, and marks where a record stands'):
            one = client.get('/api/v1/records/gate_review', filter="state = 'open'", limit=1).json['items'][0]['fields']['result']
            expect(client.get('/result/matrix', here=one).text.count('#i-here') == 1, 'the result stands in one cell')
            cells = [c for line in client.get('/result/matrix', format='json', here=one).json['cells'] for c in line]
            expect([c['here'] for c in cells].count(True) == 1, 'here')
            client.get('/result/matrix', filter="state = 'draft') or (state = 'pool'").wants(422)
            client.get('/review/matrix').wants(404)
        with cases('the server ends with 0 and no sanitizer spoke'):
            city.stop()
    walk_mini(cases)
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
