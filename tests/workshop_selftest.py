#!/usr/bin/env python3
"""Tests of the workshop itself: a runner or a check that cannot fail proves nothing. A small stand-in program answers here, so
that each step and check is seen to hold and, with another answer, seen to fail at its line."""
import io
import os
import sys
import tempfile
import textwrap
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent))
import layers      # noqa: E402
import lint        # noqa: E402
import run         # noqa: E402
import scenario    # noqa: E402
import sign_ins    # noqa: E402

STAND_IN = r'''
import http.server, json, os, pathlib, signal, sys
verb, directory = sys.argv[1], pathlib.Path(sys.argv[2])
if verb == 'init':
    directory.mkdir(); (directory / 'city').write_text('demo'); sys.exit(0)
if verb == 'list':
    print(json.dumps({'items': [{'id': 'a'}], 'stdin': sys.stdin.read()})); sys.exit(0)
if verb == 'crash':
    print('==1==ERROR: AddressSanitizer: heap-use-after-free', file=sys.stderr); sys.exit(0)
if verb != 'serve':
    print('no such verb', file=sys.stderr); sys.exit(64)
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *_): pass
    def answer(self, status, body, media='application/json', **headers):
        data = body.encode()
        self.send_response(status)
        for name, value in {'Content-Type': media, 'Content-Length': str(len(data)), **headers}.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers(); self.wfile.write(data)
    def do_GET(self):
        if self.path == '/form':
            return self.answer(200, '<form action="/sign-out" method="post"></form><form method="post" action="/save">'
                '<input type="hidden" name="token" value="t&amp;1"><input name="title" value="old"><textarea name="note">\n'
                'kept</textarea><select name="kind"><option value="a">A<option value="b" selected>B</select>'
                '<input type="checkbox" name="no" value="1"></form>', 'text/html')
        if self.path == '/saved':
            return self.answer(200, 'saved for ' + self.headers.get('Cookie', 'nobody'), 'text/html')
        self.answer(404, json.dumps({'type': 'unseen', 'lang': self.headers.get('Accept-Language'), 'n': [1, {'k': 'v'}], 'yes': True}))
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()
        if self.path == '/api/v1/sessions':
            return self.answer(201, '{}', Set_Cookie='s=' + json.loads(body)['login'] + '; HttpOnly')
        if self.path == '/save':
            return self.answer(303, body, 'text/plain', Location='/saved')
        self.answer(201, json.dumps({'id': 'r1', 'sent': body, 'media': self.headers['Content-Type'],
            'cookie': self.headers.get('Cookie'), 'x': self.headers.get('X-Once')}, ensure_ascii=False), ETag='"1"')
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
server = Server(('127.0.0.1', 0), Handler)
signal.signal(signal.SIGTERM, lambda *_: os._exit(int(os.environ.get('STAND_IN_EXIT', '0'))))
print('listening on http://127.0.0.1:%d' % server.server_address[1], flush=True)
server.serve_forever()
'''

GOOD = '''
as researcher
header X-Once: once
POST /api/v1/records/result
  {"fields":{"title":"甲"}}
= 201
= header ETag exists
= header ETag "1"
= header Via absent
= json $.cookie "s=researcher"
= json $.x "once"
= json $.media "application/json"
= body contains 甲
= body not contains CANARY
let id = json $.id
anonymous
lang en
GET /api/v1/records/result/{id}
= 404
= json $.lang "en"
= json $.n[1].k "v"
= json $.n[-1] {"k":"v"}
= json $.n count 2
= json $.n contains 1
= json $.yes not 1
= json $.nothing absent
let one = body
let other = uuid
GET /api/v1/records/result/{other}
= body same one

case a form is sent as a browser would
as manager
page /form
= 200
submit /save
  title = new & improved
= 303
= body token=t%261&note=kept&kind=b&title=new+%26+improved
follow
= 200
= body contains saved for s=manager

case the command line, files, stopping and starting
file {scratch}/rows.csv
  title
run firstmile list {city} result --as researcher
  from stdin
= exit 0
= json $.items[id=a].id "a"
= json $.stdin matches ^from
= stderr empty
stop
serve
GET /
= 404
run firstmile frobnicate {city}
= exit 64
= stderr contains no such verb
'''

# Each of these must fail, at line 2, with a message that holds the words.
BAD = {
    'another status': ('GET /\n= 200', 'expected status 200, found 404'),
    'another value': ('GET /\n= json $.yes false', 'expected $.yes false, found true'),
    'true is not one': ('GET /\n= json $.yes 1', 'found true'),
    'a missing value': ('GET /\n= json $.nothing 1', 'expected something at $.nothing'),
    'present though absent was asked': ('GET /\n= json $.yes absent', 'expected $.yes absent'),
    'another count': ('GET /\n= json $.n count 3', 'found 2'),
    'a canary': ('GET /\n= body not contains unseen', 'expected body not contains'),
    'a header that is not there': ('GET /\n= header ETag exists', 'expected header ETag exists'),
    'JSON that is none': ('page /saved\n= json $ 1', 'expected JSON'),
    'another exit': ('run firstmile list {city}\n= exit 65', 'expected exit 65, found 0'),
    'a sanitizer of a command': ('# nothing\nrun firstmile crash {city}', 'a sanitizer spoke'),
    'no form': ('page /form\nsubmit /nowhere', 'expected a form'),
    'another body': ('GET /\n= body same city', 'expected body same city'),
    'an unknown step': ('GET /\nfrobnicate', 'there is no step'),
    'an unknown check': ('GET /\n= frobnicate 1', 'there is no check'),
    'a check without an answer': ('# nothing\n= 200', 'there is no answer yet'),
}


def outcome(text, scratch):
    """[(title, problem, skip)] of a scenario against the stand-in."""
    path = Path(scratch) / 'x.scn'
    path.write_text(text, encoding='utf-8')
    stand_in = Path(scratch) / 'stand_in.py'
    stand_in.write_text(STAND_IN)
    told = []
    scenario.run_file(path, [sys.executable, str(stand_in)], lambda *row: told.append(row))
    return told


def a_good_scenario_passes(scratch):
    told = outcome(GOOD, scratch)
    assert len(told) == 4, told
    assert all(problem is None for _, problem, _ in told), '\n'.join(str(p) for _, p, _ in told if p)


def each_bad_scenario_fails_at_its_line(scratch):
    for title, (text, words) in BAD.items():
        problem = outcome(text, scratch)[0][1]
        assert problem and words in problem and '/x.scn:2: ' in problem, f'{title}: {problem}'


def a_server_that_ends_badly_fails(scratch):
    os.environ['STAND_IN_EXIT'] = '3'
    try:
        told = outcome('GET /\n= 404', scratch)
    finally:
        del os.environ['STAND_IN_EXIT']
    assert told[0][1] is None and 'expected the server to end with 0, found 3' in told[-1][1], told


def absent_data_is_skipped_and_fails_in_ci(scratch):
    was = os.environ.pop('CI', None)
    try:
        assert outcome('needs /nowhere/at/all', scratch)[0][2] == '/nowhere/at/all is absent'
        os.environ['CI'] = 'true'
        assert outcome('needs /nowhere/at/all', scratch)[0][1]
    finally:
        os.environ.pop('CI', None)
        if was is not None:
            os.environ['CI'] = was


def cases_are_counted_and_a_crash_is_a_failure(_):
    assert run.count_cases('1..2\nok 1 - a\nok 2 - b\n', 0) == (2, 0, 0, [])
    assert run.count_cases('1..2\nok 1 - a\nnot ok 2 # SKIP b\n', 0)[:3] == (1, 0, 1)
    assert run.count_cases('1..2\nok 1 - a\n', -11)[:3] == (1, 1, 0)
    assert run.count_cases('1..1\nok 1 - a\n', 23)[:3] == (1, 1, 0)         # a leak found at the end
    assert run.count_cases('1..2\nok 1 - a\nnot ok 2 - b\n', 1) == (1, 1, 0, ['b'])
    assert run.count_cases('', 1)[:3] == (0, 1, 0) and run.count_cases('', 0)[:3] == (1, 0, 0)


def threads_are_watched_in_long_runs_alone(_):
    def is_chosen(test, build, **given):
        options = SimpleNamespace(**{'long': False, 'quick': False, 'name': None, 'plain': 'build', **given})
        return run.chosen(run.Test(test, build, [], {'web'}, 1), options)
    assert is_chosen('writer', 'threads', long=True) and not is_chosen('json', 'threads', long=True)
    assert not is_chosen('writer', 'plain', long=True) and is_chosen('writer', 'plain')
    assert not is_chosen('writer', 'threads') and not is_chosen('writer', 'threads', name='writer')


def arrows_against_the_table_are_found(scratch):
    source = Path(scratch) / 'src'
    for name, text in {'base/a.h': '#include "kernel/k.h"\n', 'kernel/k.h': '#include <sqlite3.h>\n#include "base/a.h"\n',
                       'engines/e/e.c': '#include <unistd.h>\n#include "store/s.h"\n', 'store/s.h': ''}.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    was, layers.SRC = layers.SRC, source
    try:
        files = sorted(source.rglob('*.[ch]'))
        found = ' | '.join([*layers.check_arrows(files), *layers.check_circles(files)])
    finally:
        layers.SRC = was
    for words in ('src/base/a.h:1: base may not include kernel', 'src/kernel/k.h:1: kernel may not include <sqlite3.h>',
                  'src/engines/e/e.c:1: engines/e is pure', 'src/engines/e/e.c:2: engines/e may not include store',
                  'includes in a circle'):
        assert words in found, found


def banned_calls_and_made_sql_are_found(_):
    def rules(text):
        return [rule for rule, _, _ in lint.check_c('src/web/x.c', text)]
    assert rules('strcpy(a, b);') == ['banned'] and rules('my_strcpy(a); x.strcpy(b); /* strcpy(a, b) */ "gets(x)";') == []
    assert rules('buf_printf(b, "SELECT * FROM t " "WHERE x = %s", x);') == ['sql']
    assert rules('buf_printf(b, "select one of %d", n);') == []
    assert rules('/* ' + '界' * (lint.COLUMNS - 6) + ' */') == [] and rules('/* ' + 'x' * (lint.COLUMNS - 5) + ' */') == ['width']
    assert [rule for rule, _, _ in lint.check_text('x', 'a ' + 'TO' + 'DO b')] == ['unfinished']
    assert [rule for rule, _, _ in lint.check_text('x', 'see /wo' + 'rk/main/x')] == ['path']


def sign_ins_name_each_role_in_both_languages(_):
    def users(role):
        return {'items': [{'login': 'ada', 'memberships': [{'role_label': role, 'organisation': {'name': '临港理工大学'}}]}]}
    assert list(sign_ins.sign_ins([users('研究者'), users('Researcher')])) == ['  ada          研究者 / Researcher, 临港理工大学']
    assert list(sign_ins.sign_ins([users('IT'), users('IT')])) == ['  ada          IT, 临港理工大学']


TESTS = [a_good_scenario_passes, each_bad_scenario_fails_at_its_line, a_server_that_ends_badly_fails,
         absent_data_is_skipped_and_fails_in_ci, cases_are_counted_and_a_crash_is_a_failure,
         threads_are_watched_in_long_runs_alone, arrows_against_the_table_are_found, banned_calls_and_made_sql_are_found,
         sign_ins_name_each_role_in_both_languages]


def main():
    os.environ.pop('FIRSTMILE_MASTER', None)
    print(f'1..{len(TESTS)}')
    failed = 0
    for number, test in enumerate(TESTS, 1):
        said = io.StringIO()
        try:
            with tempfile.TemporaryDirectory() as scratch, redirect_stdout(said):
                test(scratch)
            print(f'ok {number} - {test.__name__}')
        except Exception as error:                                          # pylint: disable=broad-except
            failed += 1
            print(f'not ok {number} - {test.__name__}\n' + textwrap.indent(f'{type(error).__name__}: {error}', '# '))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
