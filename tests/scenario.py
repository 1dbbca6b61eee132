#!/usr/bin/env python3
"""Runs scenarios: readable text cases (request, answer) against the whole program. The language is in tests/README.md.

    scenario.py FILE.scn...        environment: FIRSTMILE_BIN     the program
                                                FIRSTMILE_MASTER  a demo city to copy; made afresh when not given
                                                FIRSTMILE_SHARED  the real data (default ../shared)
Prints TAP, one line a case; a failure says file:line, what was expected and what was found. Each file has a city and, from
its first request, a server of its own; that the server ends with 0 and no sanitizer spoke is the last case of each file.
"""
import http.client
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = 'firstmile-demo'
START_S, STOP_S, ANSWER_S, COMMAND_S = 30, 20, 60, 300
SANITIZER = re.compile(r'(ERROR|WARNING): \w+Sanitizer|runtime error:')
METHODS = ('GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS')
BODY_SHOWN = 2000


class Failure(Exception):
    """A check that does not hold, or a step that cannot be taken; the message says expected and found."""


class Skip(Exception):
    """The case cannot run here."""


# ---- reading -------------------------------------------------------------------------------------------------------

@dataclass
class Step:
    line: int
    text: str
    body: list = field(default_factory=list)    # the indented lines below, without their indent


@dataclass
class Case:
    line: int
    title: str
    steps: list = field(default_factory=list)


def read_scenario(path):
    """Cases of a file. Steps before the first `case` line make up a case named after the file."""
    cases = [Case(1, path.stem)]
    for number, raw in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        if raw.startswith('  '):
            if cases[-1].steps and not cases[-1].steps[-1].text.startswith('='):
                cases[-1].steps[-1].body.append(raw[2:])
                continue
            raise Failure(f'{path}:{number}: an indented line belongs below a request, page, submit, run or file')
        text = raw.strip()
        if not text or text.startswith('#'):
            continue
        if text.startswith('case '):
            cases.append(Case(number, text[5:].strip()))
        else:
            cases[-1].steps.append(Step(number, text))
    return [case for case in cases if case.steps]


# ---- the answer ----------------------------------------------------------------------------------------------------

@dataclass
class Answer:
    """Of a request (status, headers, body) or of a command (exit, body is its stdout, stderr)."""
    status: int
    headers: list
    body: str
    stderr: str = ''
    command: bool = False
    url: str = '/'

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Failure(f'expected JSON, found: {self.body[:BODY_SHOWN]!r} ({error})') from None


ABSENT = object()
PATH_STEP = re.compile(r'\.([A-Za-z_][\w-]*)|\[(-?\d+)\]|\[([A-Za-z_]\w*)=([^\]]*)\]')


def json_at(value, path):
    """`$.items[0].id`, `$.actions[name=open].allowed`; ABSENT when there is nothing there."""
    if not path.startswith('$'):
        raise Failure(f'a path starts with $, found {path}')
    at = 1
    while at < len(path):
        match = PATH_STEP.match(path, at)
        if not match:
            raise Failure(f'path {path} cannot be read at character {at + 1}')
        member, index, key, wanted = match.groups()
        if member is not None:
            value = value.get(member, ABSENT) if isinstance(value, dict) else ABSENT
        elif index is not None:
            value = value[int(index)] if isinstance(value, list) and -len(value) <= int(index) < len(value) else ABSENT
        else:
            rows = value if isinstance(value, list) else []
            value = next((row for row in rows if isinstance(row, dict) and str(row.get(key)) == wanted), ABSENT)
        if value is ABSENT:
            return ABSENT
        at = match.end()
    return value


class FormReader(HTMLParser):
    """Forms of a page: action, method and the values they would send untouched."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.forms, self.select, self.area = [], None, None

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == 'form':
            self.forms.append({'action': given.get('action') or '', 'method': (given.get('method') or 'get').upper(),
                               'fields': []})
        elif not self.forms or 'name' not in given and tag != 'option':
            return
        elif tag == 'input' and given.get('type') not in ('submit', 'button', 'image', 'file'):
            if given.get('type') not in ('checkbox', 'radio') or 'checked' in given:
                self.forms[-1]['fields'].append([given['name'], given.get('value') or ''])
        elif tag == 'textarea':
            self.area = [given['name'], '']
        elif tag == 'select':
            self.select = [given['name'], None]
        elif tag == 'option' and self.select and ('selected' in given or self.select[1] is None):
            self.select[1] = given.get('value') or ''

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag == 'textarea' and self.area:
            self.forms[-1]['fields'].append([self.area[0], self.area[1].removeprefix('\n')])
            self.area = None
        elif tag == 'select' and self.select:
            self.forms[-1]['fields'].append([self.select[0], self.select[1] or ''])
            self.select = None


# ---- the program ---------------------------------------------------------------------------------------------------

class City:
    """One city directory, and the server over it while one runs."""

    def __init__(self, binary, scratch, made=None, pack='shanghai'):
        """A copy of the demo city, or a new one of another pack; made: a city that is there already, used as it stands."""
        self.binary, self.scratch, self.path = binary, Path(scratch), Path(made or Path(scratch) / 'city')
        self.server = self.address = None
        self.arguments = []
        master = os.environ.get('FIRSTMILE_MASTER')
        if made:
            pass
        elif master and pack == 'shanghai':
            shutil.copytree(master, self.path)
        else:
            done = self.command(['init', str(self.path), '--pack', pack, '--demo', '--demo-password', PASSWORD], '')
            if done.status != 0:
                raise Failure(f'the demo city cannot be made: {done.body}{done.stderr}')

    def command(self, arguments, stdin):
        done = subprocess.run([*self.binary, *arguments], input=stdin.encode(), capture_output=True, cwd=ROOT,
                              timeout=COMMAND_S)
        stderr = done.stderr.decode(errors='replace')
        if SANITIZER.search(stderr):
            raise Failure(f'a sanitizer spoke:\n{stderr}')
        return Answer(done.returncode, [], done.stdout.decode(errors='replace'), stderr, command=True)

    def log(self):
        path = self.scratch / 'server.log'
        return path.read_text(encoding='utf-8', errors='replace') if path.exists() else ''

    def start(self):
        """Starts `serve` on a port the system chooses and waits for `listening on`."""
        out = self.scratch / 'server.out'
        with open(out, 'wb') as stdout, open(self.scratch / 'server.log', 'ab') as stderr:
            self.server = subprocess.Popen([*self.binary, 'serve', str(self.path), '--listen', '127.0.0.1:0',
                                            *self.arguments], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=ROOT)
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            said = out.read_text(errors='replace') + self.log()
            match = re.search(r'listening on (?:http://)?(\S+?):(\d+)', said)
            if match:
                self.address = (match[1], int(match[2]))
                return
            if self.server.poll() is not None:
                break
            time.sleep(0.01)
        status = self.server.poll()
        self.kill()
        raise Failure(f'the server did not start (status {status}):\n{out.read_text(errors="replace")}{self.log()}')

    def stop(self):
        """SIGTERM must end it with 0, in silence of the sanitizers."""
        if not self.server:
            return
        self.server.send_signal(signal.SIGTERM)
        try:
            status = self.server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failure(f'the server did not end {STOP_S} s after SIGTERM') from None
        self.server = self.address = None
        if status != 0 or SANITIZER.search(self.log()):
            raise Failure(f'expected the server to end with 0, found {status}:\n{self.log()[-4000:]}')

    def kill(self):
        if self.server:
            self.server.kill()
            self.server.wait()
            self.server = self.address = None

    def exchange(self, method, target, headers, body):
        if not self.server:
            self.start()
        connection = http.client.HTTPConnection(*self.address, timeout=ANSWER_S)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value.encode('utf-8'))
            if body is not None:
                connection.putheader('Content-Length', str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read().decode('utf-8', errors='replace')
            return Answer(answer.status, answer.getheaders(), text, url=target)
        except OSError as error:
            raise Failure(f'no answer to {method} {target}: {error}; the server says:\n{self.log()[-2000:]}') from None
        finally:
            connection.close()


# ---- steps ---------------------------------------------------------------------------------------------------------

class Runner:
    """State of one file: who is signed in, what `let` remembered, the last answer."""

    def __init__(self, city):
        self.city, self.answer = city, None
        self.cookies = {}                       # role -> Cookie header
        self.role, self.lang, self.extra = None, None, []
        shared = Path(os.environ.get('FIRSTMILE_SHARED') or ROOT.parent / 'shared')
        self.names = {'city': str(city.path), 'scratch': str(city.scratch), 'shared': str(shared), 'root': str(ROOT)}

    def fill(self, text):
        """Puts remembered values in the place of {name}; braces around anything else stay (JSON is full of them)."""
        return re.sub(r'\{([a-z][a-z0-9_]*)\}', lambda m: self.names.get(m[1], m[0]), text)

    def step(self, step):
        word, _, rest = step.text.partition(' ')
        if word.startswith('='):
            return self.check(self.fill(step.text.lstrip('=').strip()))
        if word in METHODS:
            return self.request(word, self.fill(rest.strip()), self.fill('\n'.join(step.body)))
        handler = getattr(self, 'do_' + word, None)
        if not handler:
            raise Failure(f'there is no step {word}')
        return handler(self.fill(rest.strip()), [self.fill(line) for line in step.body])

    # -- who and how

    def do_as(self, role, _):
        if role not in self.cookies:
            body = json.dumps({'login': role, 'password': PASSWORD}).encode()
            answer = self.city.exchange('POST', '/api/v1/sessions', [('Content-Type', 'application/json')], body)
            if answer.status != 201:
                raise Failure(f'expected 201 to the sign-in of {role}, found {answer.status}: {answer.body}')
            cookies = [value.split(';', 1)[0] for name, value in answer.headers if name.lower() == 'set-cookie']
            self.cookies[role] = '; '.join(cookies)
        self.role = role

    def do_anonymous(self, _, __):
        self.role = None

    def do_lang(self, lang, _):
        self.lang = lang

    def do_header(self, text, _):
        """For the next request only."""
        name, _, value = text.partition(':')
        self.extra.append((name.strip(), value.strip()))

    # -- requests and pages

    def request(self, method, target, body=None, media=None):
        headers, names = list(self.extra), {name.lower() for name, _ in self.extra}
        self.extra = []
        if self.role and 'cookie' not in names:
            headers.append(('Cookie', self.cookies[self.role]))
        if self.lang and 'accept-language' not in names:
            headers.append(('Accept-Language', self.lang))
        if method in ('POST', 'PATCH', 'PUT') and 'content-type' not in names:
            headers.append(('Content-Type', media or 'application/json'))
        sends = method in ('POST', 'PATCH', 'PUT') or body
        self.answer = self.city.exchange(method, target, headers, (body or '').encode('utf-8') if sends else None)

    def do_page(self, target, _):
        self.extra.append(('Accept', 'text/html'))
        self.request('GET', target)

    def do_follow(self, _, __):
        """GETs where the last answer points to."""
        target = self.need_answer().header('Location')
        if not target:
            raise Failure(f'expected a Location to follow, found none (status {self.answer.status})')
        parts = urlsplit(urljoin(self.answer.url, target))
        self.do_page(parts.path + (f'?{parts.query}' if parts.query else ''), None)

    def do_submit(self, wanted, lines):
        """Sends the form of the last page whose action contains `wanted` as a browser would, with the values given."""
        reader = FormReader()
        reader.feed(self.need_answer().body)
        page = self.answer.url
        form = next((f for f in reader.forms if wanted in f['action'] and f['method'] == 'POST'), None)
        if not form:
            raise Failure(f'expected a form for {wanted or "anything"} in {page}, found {[f["action"] for f in reader.forms]}')
        fields = [tuple(pair) for pair in form['fields']]
        for line in lines:
            name, _, value = (part.strip() for part in line.partition('='))
            fields = [pair for pair in fields if pair[0] != name] + [(name, value)]
        self.request('POST', urljoin(page, form['action'] or page), urlencode(fields), 'application/x-www-form-urlencoded')

    # -- the program and its files

    def do_run(self, text, lines):
        program, *arguments = shlex.split(text)
        if program != 'firstmile':
            raise Failure(f'run starts firstmile only, not {program}')
        self.answer = self.city.command(arguments, ''.join(line + '\n' for line in lines))

    def do_file(self, path, lines):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(''.join(line + '\n' for line in lines), encoding='utf-8')

    def do_serve(self, arguments, _):
        self.city.arguments = shlex.split(arguments)
        self.city.start()

    def do_stop(self, _, __):
        self.city.stop()

    def do_kill(self, _, __):
        self.city.kill()

    def do_needs(self, path, _):
        """Skips the case when a file is absent; with CI=true its absence fails."""
        if not Path(path).exists():
            raise (Failure if os.environ.get('CI') == 'true' else Skip)(f'{path} is absent')

    def do_let(self, text, _):
        """let NAME = json PATH | header NAME | body | match REGEX | uuid | VALUE"""
        name, _, source = (part.strip() for part in text.partition('='))
        word, _, rest = source.partition(' ')
        if word == 'json':
            value = json_at(self.need_answer().json(), rest)
            if value is ABSENT:
                raise Failure(f'expected something at {rest}, found {self.answer.body[:BODY_SHOWN]}')
            value = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        elif word == 'header':
            value = self.need_answer().header(rest)
        elif word == 'body':
            value = self.need_answer().body
        elif word == 'match':
            match = re.search(rest, self.need_answer().body)
            value = match and match[1]
        elif word == 'uuid':
            value = f'{int(time.time() * 1000):012x}7{secrets.randbits(76):019x}'   # a version 7 that nobody gave out
            value = str(uuid.UUID(hex=value[:16] + '8' + value[17:]))
        else:
            value = source.strip('"')
        if value is None:
            raise Failure(f'expected a value for {name}, found none in {self.answer.headers} {self.answer.body[:BODY_SHOWN]}')
        self.names[name] = value

    def do_reset(self, _, __):
        """Forgets the sessions, as after a change of password or the end of a membership."""
        self.cookies, self.role = {}, None

    # -- checks

    def need_answer(self):
        if self.answer is None:
            raise Failure('there is no answer yet')
        return self.answer

    def expect(self, holds, expected, found):
        if not holds:
            raise Failure(f'expected {expected}, found {found}')

    def check(self, text):
        answer = self.need_answer()
        word, _, rest = text.partition(' ')
        rest = rest.strip()
        if word.isdigit():
            self.expect(not answer.command and answer.status == int(word), f'status {word}',
                        f'{answer.status}: {answer.body[:BODY_SHOWN]}')
        elif word == 'exit':
            self.expect(answer.command and answer.status == int(rest), f'exit {rest}',
                        f'{answer.status}: {answer.body[:BODY_SHOWN]}{answer.stderr[:BODY_SHOWN]}')
        elif word == 'header':
            name, _, wanted = rest.partition(' ')
            self.check_text(f'header {name}', answer.header(name), wanted)
        elif word in ('body', 'stdout'):
            self.check_text(word, answer.body, rest)
        elif word == 'stderr':
            self.check_text(word, answer.stderr, rest)
        elif word == 'json':
            self.check_json(rest)
        else:
            raise Failure(f'there is no check {word}')

    def check_text(self, what, found, wanted):
        """WANTED: exists | absent | empty | [not] contains TEXT | matches REGEX | same NAME | equals TEXT | TEXT"""
        if wanted in ('exists', 'absent'):
            return self.expect((found is not None) == (wanted == 'exists'), f'{what} {wanted}', found)
        if found is None:
            raise Failure(f'expected {what} {wanted}, found no such thing')
        negative = wanted.startswith('not ')
        word, _, rest = wanted.removeprefix('not ').partition(' ')
        rest = rest.strip()
        if word == 'contains':
            holds = rest in found
        elif word == 'matches':
            holds = re.search(rest, found) is not None
        elif word == 'empty':
            holds = found == ''
        elif word == 'same':
            holds = found == self.names.get(rest)
        else:
            holds = found == (rest if word == 'equals' else wanted.removeprefix('not '))
        return self.expect(holds != negative, f'{what} {wanted}', repr(found[:BODY_SHOWN]))

    def check_json(self, text):
        """PATH WANTED, with WANTED: exists | absent | count N | [not] contains VALUE | matches REGEX | [not] VALUE as JSON"""
        path, _, wanted = text.partition(' ')
        wanted = wanted.strip()
        found = json_at(self.answer.json(), path)
        if wanted in ('exists', 'absent'):
            return self.expect((found is not ABSENT) == (wanted == 'exists'), f'{path} {wanted}', self.answer.body[:BODY_SHOWN])
        if found is ABSENT:
            raise Failure(f'expected something at {path}, found {self.answer.body[:BODY_SHOWN]}')
        shown = json.dumps(found, ensure_ascii=False)[:BODY_SHOWN]
        negative = wanted.startswith('not ')
        word, _, rest = wanted.removeprefix('not ').partition(' ')
        rest = rest.strip()
        if word == 'count':
            holds = isinstance(found, (list, dict)) and len(found) == int(rest)
            shown = f'{len(found)}: {shown}' if isinstance(found, (list, dict)) else shown
        elif word == 'contains':
            holds = json.loads(rest) in found if isinstance(found, (list, str)) else False
        elif word == 'matches':
            holds = isinstance(found, str) and re.search(rest, found) is not None
        else:
            holds = same_json(found, json.loads(wanted.removeprefix('not ')))
        return self.expect(holds != negative, f'{path} {wanted}', shown)


def same_json(a, b):
    """Equal as JSON: 1 and true differ, which Python takes for the same."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


# ---- running -------------------------------------------------------------------------------------------------------

def run_case(runner, path, case):
    """None when all holds, else the failure with its place."""
    for step in case.steps:
        try:
            runner.step(step)
        except Failure as failure:
            return f'{path}:{step.line}: {step.text}\n{failure}'
        except (ValueError, re.error, OSError, subprocess.TimeoutExpired) as error:
            return f'{path}:{step.line}: {step.text}\n{type(error).__name__}: {error}'
    return None


def pack_of(path):
    """What the file says in one of its first lines, `# pack: PATH`."""
    match = re.search(r'^# pack: (\S+)$', path.read_text(encoding='utf-8')[:1000], re.MULTILINE)
    return match[1] if match else 'shanghai'


def run_file(path, binary, tell):
    """Calls tell(title, problem or None, reason to skip or None) for each case; the last is how the server ended."""
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    with tempfile.TemporaryDirectory(prefix='firstmile-scn-') as scratch:
        try:
            cases, city = read_scenario(path), City(binary, scratch, pack=pack_of(path))
        except (Failure, OSError) as failure:
            tell(path.stem, str(failure), None)
            return
        runner = Runner(city)
        try:
            for case in cases:
                try:
                    tell(case.title, run_case(runner, shown, case), None)
                except Skip as skip:
                    tell(case.title, None, str(skip))
            try:
                city.stop()
                tell('the server ends with 0 and no sanitizer spoke', None, None)
            except Failure as failure:
                tell('the server ends with 0 and no sanitizer spoke', str(failure), None)
        finally:
            city.kill()


def main(paths):
    binary = shlex.split(os.environ.get('FIRSTMILE_BIN') or str(ROOT / 'build-test/firstmile'))
    number, failed = 0, 0

    def tell(title, problem, skip):
        nonlocal number, failed
        number += 1
        failed += problem is not None
        print(f'{"not ok" if problem else "ok"} {number} - {title}' + (f' # SKIP {skip}' if skip else ''), flush=True)
        for line in (problem or '').splitlines():
            print(f'# {line}', flush=True)

    for path in paths:
        run_file(Path(path).resolve(), binary, tell)
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
