#!/usr/bin/env python3
"""Draws pages of a served demo city with Chromium, in both languages: wide, narrow and dark.

    shoot.py ADDRESS OUT [--as ROLE] [--view wide|narrow|dark]... [--lang zh|en]... NAME=PATH...

ADDRESS is that of `firstmile serve` (127.0.0.1:8080), OUT a directory for NAME.LANG.VIEW.png. The browser goes through a proxy of
this script's, which adds the session of ROLE (default manager) and, for the dark view, the mark that a reader's own choice of
theme would leave. A page that does not pass the checks of pages.py is reported; then the status is 1.
"""
import argparse
import http.client
import http.server
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from pages import VIEWS, Page, classes_unknown, icons_missing

PASSWORD = 'firstmile-demo'
NOBODY = 'nobody'


def sign_in(address, role):
    """The session cookie of a demo role; None for nobody."""
    if role == NOBODY:
        return None
    connection = http.client.HTTPConnection(address)
    connection.request('POST', '/api/v1/sessions', json.dumps({'login': role, 'password': PASSWORD}),
                       {'Content-Type': 'application/json'})
    answer = connection.getresponse()
    if answer.status != 201:
        raise SystemExit(f'{role} cannot sign in: {answer.read().decode()}')
    return answer.getheader('Set-Cookie').split(';')[0]


def proxy(address, cookie, lang, theme, pages):
    """A handler that fetches from address; pages collects the HTML that went through."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            connection = http.client.HTTPConnection(address)
            headers = {'Accept': self.headers.get('Accept', '*/*'), 'Accept-Language': lang}
            if cookie:
                headers['Cookie'] = cookie
            connection.request('GET', self.path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.getheader('Content-Type', '').startswith('text/html'):
                pages.append(body.decode('utf-8'))
                if theme:
                    body = body.replace(b'<html ', f'<html data-theme="{theme}" '.encode(), 1)
            self.send_response(answer.status)
            for name in ('Content-Type', 'Content-Security-Policy', 'Location'):
                if answer.getheader(name):
                    self.send_header(name, answer.getheader(name))
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def draw(url, image, size):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        subprocess.run(['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
                        '--disable-background-networking', '--disable-component-update', '--disable-sync',
                        '--hide-scrollbars', '--run-all-compositor-stages-before-draw', '--virtual-time-budget=2000',
                        f'--user-data-dir={profile}', f'--window-size={size[0]},{size[1]}', f'--screenshot={image}', url],
                       check=True, stderr=subprocess.DEVNULL)


def problems_of(html):
    page = Page(html)
    return [*page.problems, *icons_missing(page), *sorted(set(classes_unknown(page)))]


def shoot(arguments):
    cookie, bad = sign_in(arguments.address, arguments.role), 0
    for lang in arguments.lang or ('zh', 'en'):
        for view in arguments.view or VIEWS:
            size, theme = VIEWS[view]
            pages = []
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), proxy(arguments.address, cookie, lang, theme, pages))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for name, path in (page.split('=', 1) for page in arguments.pages):
                image = arguments.out / f'{name}.{lang}.{view}.png'
                draw(f'http://127.0.0.1:{server.server_port}{path}', image, size)
                print(image)
                for problem in problems_of(pages[-1]):
                    print(f'  {problem}')
                    bad += 1
            server.shutdown()
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('address')
    parser.add_argument('out', type=Path)
    parser.add_argument('pages', nargs='+', metavar='NAME=PATH')
    parser.add_argument('--as', dest='role', default='manager', help=f'a demo role, or {NOBODY}')
    parser.add_argument('--view', action='append', choices=list(VIEWS))
    parser.add_argument('--lang', action='append', choices=['zh', 'en'])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    return shoot(arguments)


if __name__ == '__main__':
    sys.exit(main())
