#!/usr/bin/env python3
"""Renders every page from its example (tests/look/pages), in both languages, and looks at the HTML.

    pages.py MUSTACHE_TOOL                 checks: well-formed, named controls, headed tables, no dangling reference, no script
    pages.py MUSTACHE_TOOL --out DIR       leaves the pages, stylesheet and icons in DIR
    pages.py MUSTACHE_TOOL --shoot DIR [NAME...]   draws them with Chromium: wide, narrow and dark
    pages.py MUSTACHE_TOOL --bench         microseconds of each page; the list with 50 rows

A page ends up at DIR/NAME.LANG.html. In an example a {"zh", "en"} pair stands for one text; "like" names the example that it
differs from, key by key; "at" is the list that is marked in the side bar.
"""
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from html.parser import HTMLParser
from pathlib import Path

HERE = Path(__file__).resolve().parent
WEB = HERE.parents[1] / 'web'
LANGS = ('zh', 'en')
# The policy of src/web/call.c without scripts: a page must look the same under it.
POLICY = ("default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
          "frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'")
VIEWS = {'wide': ((1360, 1500), None), 'narrow': ((390, 2200), None), 'dark': ((1360, 1500), 'dark')}
VOID = {'area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr'}
LIST_ROWS = 50


def in_language(value, lang):
    if isinstance(value, dict):
        if value.keys() == {'zh', 'en'} and not any(isinstance(text, dict) for text in value.values()):
            return value[lang]
        return {key: in_language(child, lang) for key, child in value.items()}
    if isinstance(value, list):
        return [in_language(child, lang) for child in value]
    return value


def context(name, lang):
    """The template's name and the whole context of an example."""
    example = json.loads((HERE / f'pages/{name}.json').read_text(encoding='utf-8'))
    chrome = json.loads((HERE / 'pages/ui.json').read_text(encoding='utf-8'))
    base = json.loads((HERE / f'pages/{example["like"]}.json').read_text(encoding='utf-8')) if 'like' in example else {}
    ui = {**chrome, **base.get('ui', {}), **example['ui']}
    ui['languages'][lang]['here'] = True
    at = example.get('at', base.get('at', '/result'))
    for entry in [entry for service in ui['nav'] for entry in service['types']]:
        entry['type_here'] = entry['type_href'] == at
    page = {**base.get('page', {}), **example['page']}
    return example.get('like', name), in_language({'ui': ui, 'page': page}, lang)


def examples():
    return sorted(path.stem for path in (HERE / 'pages').glob('*.json') if path.stem != 'ui')


def render(tool, name, lang):
    template, value = context(name, lang)
    with tempfile.NamedTemporaryFile('w', encoding='utf-8', suffix='.json') as file:
        json.dump(value, file, ensure_ascii=False)
        file.flush()
        done = subprocess.run([tool, lang, template, file.name], capture_output=True, check=True)
    length, html = done.stdout.split(b'\n', 1)
    assert len(html) == int(length)
    return html.decode('utf-8')


class Page(HTMLParser):
    """What the checks need to know of a page."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.problems, self.open, self.ids, self.references = [], [], set(), []
        self.labelled, self.controls, self.names, self.headings = set(), [], [], []
        self.text, self.attributes = [], []
        self.feed(html)
        self.close()
        self.conclude()

    def say(self, what):
        self.problems.append(f'line {self.getpos()[0]}: {what}')

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        if len(attributes) != len(pairs):
            self.say(f'<{tag}> has an attribute twice')
        self.attributes.append((tag, attributes))
        if 'id' in attributes:
            if attributes['id'] in self.ids:
                self.say(f'id {attributes["id"]} is there twice')
            self.ids.add(attributes['id'])
        for key in ('for', 'aria-labelledby', 'aria-describedby', 'popovertarget', 'list'):
            self.references += [(key, each) for each in (attributes.get(key) or '').split()]
        if (attributes.get('href') or '').startswith('#'):
            self.references.append(('href', attributes['href'][1:]))
        self.check_control(tag, attributes)
        if tag in ('h1', 'h2', 'h3', 'h4'):
            self.headings.append(int(tag[1]))
        if tag == 'th' and 'scope' not in attributes:
            self.say('<th> without scope')
        script = tag == 'script' and list(attributes.items()) != [('src', '/assets/keys.js'), ('defer', None)]
        if script or 'style' in attributes or any(key.startswith('on') for key in attributes):
            self.say(f'<{tag}> brings script or style')
        if tag in ('a', 'use', 'link') and not attributes.get('href'):
            self.say(f'<{tag}> without href')
        if tag not in VOID:
            self.open.append([tag, attributes, len(self.text)])

    def check_control(self, tag, attributes):
        if tag == 'label':
            self.labelled.add(attributes.get('for'))
        if tag in ('input', 'select', 'textarea') and attributes.get('type') != 'hidden':
            self.controls.append(attributes)
        if tag == 'form' and attributes.get('method') == 'post':
            self.names.append([])
        if tag == 'input' and self.names:
            self.names[-1].append(attributes.get('name'))

    def handle_startendtag(self, tag, pairs):
        self.handle_starttag(tag, pairs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.say(f'</{tag}> does not close <{self.open[-1][0] if self.open else "nothing"}>')
            return
        _, attributes, start = self.open.pop()
        if tag in ('a', 'button', 'summary', 'h1', 'h2', 'h3', 'label', 'legend', 'th', 'caption', 'option', 'title'):
            words = ''.join(self.text[start:]).strip() or attributes.get('aria-label') or attributes.get('value') == ''
            if not words:
                self.say(f'<{tag}> has no words')

    def handle_data(self, data):
        self.text.append(data)

    def conclude(self):
        for tag, *_ in self.open:
            self.problems.append(f'<{tag}> is not closed')
        for key, target in self.references:
            if target not in self.ids:
                self.problems.append(f'{key} points to {target}, which is not there')
        for control in self.controls:
            if control.get('id') not in self.labelled and not control.get('aria-label'):
                self.problems.append(f'the control {control.get("name")} has no label')
        if self.headings.count(1) != 1:
            self.problems.append(f'{self.headings.count(1)} headings of the first level')
        for names in self.names:
            if 'csrf' not in names:
                self.problems.append('a form that posts lacks its token')
        text = ''.join(self.text)
        for trace in ('{{', '}}', '您'):
            if trace in text:
                self.problems.append(f'the text holds {trace}')


def icons_missing(page):
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (WEB / 'icons.svg').read_text(encoding='utf-8')))
    for tag, attributes in page.attributes:
        if tag == 'use' and attributes['href'].removeprefix('/assets/icons.svg#') not in drawn:
            yield f'there is no icon {attributes["href"]}'


def classes_unknown(page):
    style = (WEB / 'style/firstmile.css').read_text(encoding='utf-8')
    known = set(re.findall(r'\.([a-z][\w-]*)', style))
    for tag, attributes in page.attributes:
        for name in (attributes.get('class') or '').split():
            if name not in known:
                yield f'<{tag}> has the class {name}, which the stylesheet does not know'


def check(tool):
    bad = count = 0
    for name in examples():
        shapes = []
        for lang in LANGS:
            page = Page(render(tool, name, lang))
            problems = [*page.problems, *icons_missing(page), *sorted(set(classes_unknown(page)))]
            for problem in problems:
                print(f'{name}.{lang}: {problem}')
            bad += len(problems)
            count += 1
            shapes.append([tag for tag, _ in page.attributes])
        if shapes[0] != shapes[1]:
            print(f'{name}: the languages differ in their markup')
            bad += 1
    print(f'{count} pages, {bad} problems')
    return 1 if bad else 0


def write(tool, out):
    out.mkdir(parents=True, exist_ok=True)
    (out / 'assets').mkdir(exist_ok=True)
    for file in (WEB / 'style/firstmile.css', WEB / 'icons.svg', WEB / 'mark.svg'):
        shutil.copy(file, out / 'assets' / file.name)
    for name in examples():
        for lang in LANGS:
            html = render(tool, name, lang)
            (out / f'{name}.{lang}.html').write_text(html, encoding='utf-8')
            (out / f'{name}.{lang}.dark.html').write_text(html.replace('<html ', '<html data-theme="dark" ', 1), encoding='utf-8')


class Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header('Content-Security-Policy', POLICY)
        super().end_headers()

    def log_message(self, *_):
        pass


def shoot(tool, out, names):
    write(tool, out)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), lambda *args: Handler(*args, directory=str(out)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in names or examples():
        for lang in LANGS:
            for view, ((width, height), theme) in VIEWS.items():
                page = f'{name}.{lang}{"." + theme if theme else ""}.html'
                image = out / f'{name}.{lang}.{view}.png'
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
                    subprocess.run(['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
                                    '--disable-background-networking', '--disable-component-update', '--disable-sync',
                                    '--hide-scrollbars', '--run-all-compositor-stages-before-draw', '--virtual-time-budget=2000', f'--user-data-dir={profile}', f'--window-size={width},{height}',
                                    f'--screenshot={image}', f'http://127.0.0.1:{server.server_port}/{page}'],
                                   check=True, stderr=subprocess.DEVNULL)
                print(image)
    server.shutdown()
    return 0


def bench(tool):
    for name in examples():
        template, value = context(name, 'zh')
        table = value['page'].get('table')
        if name == 'list':
            table['rows'] = [table['rows'][i % len(table['rows'])] for i in range(LIST_ROWS)]
        with tempfile.NamedTemporaryFile('w', encoding='utf-8', suffix='.json') as file:
            json.dump(value, file, ensure_ascii=False)
            file.flush()
            done = subprocess.run([tool, '--bench', 'zh', template, file.name], capture_output=True, check=True, text=True)
        print(f'{name:18}', done.stdout, end='')
    return 0


def main(tool, mode='--check', out=None, *names):
    os.environ.setdefault('LC_ALL', 'C.UTF-8')
    if mode == '--check':
        return check(tool)
    if mode == '--bench':
        return bench(tool)
    if mode == '--out':
        return write(tool, Path(out))
    return shoot(tool, Path(out), names)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
