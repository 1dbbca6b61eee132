"""A city under test: made, served, asked over every way in, and looked at from behind through its database."""
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import scenario                                     # noqa: E402

from .policy import open_database                   # noqa: E402

PASSWORD = scenario.PASSWORD
VARYING = ('date', 'x-request-id')                  # headers that differ between two answers to the same question


class Broken(Exception):
    """The program or the city cannot be asked at all."""


@dataclass
class Answer:
    status: int
    headers: list                                   # (lower-case name, value)
    body: bytes

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)

    def headers_named(self, name):
        return [value for key, value in self.headers if key == name]

    def json(self):
        return json.loads(self.body)

    def same_part(self):
        """All that must not tell a hidden record from none."""
        return self.status, [h for h in self.headers if h[0] not in VARYING], self.body

    def text(self):
        head = '\n'.join(f'{name}: {value}' for name, value in self.headers)
        return head + '\n\n' + self.body.decode('utf-8', 'replace')


class Client:
    """One keep-alive connection; address is (host, port) or the path of a Unix socket."""

    def __init__(self, address):
        self.address, self.socket, self.rest = address, None, b''

    def open(self):
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        self.socket, self.rest = socket.socket(family, socket.SOCK_STREAM), b''
        self.socket.settimeout(60)
        self.socket.connect(self.address)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def ask(self, method, target, headers=(), body=None):
        lines = [f'{method} {target} HTTP/1.1', 'Host: ' + self.host(), *(f'{n}: {v}' for n, v in headers)]
        if body is not None:
            lines.append(f'Content-Length: {len(body)}')
        message = '\r\n'.join(lines).encode() + b'\r\n\r\n' + (body or b'')
        for attempt in (1, 2):                      # the server may have closed an idle connection
            try:
                if not self.socket:
                    self.open()
                self.socket.sendall(message)
                return self.receive(method)
            except OSError as error:
                self.close()
                if attempt == 2:
                    raise Broken(f'no answer to {method} {target}: {error}') from None
        return None

    def host(self):
        return 'localhost' if isinstance(self.address, str) else f'{self.address[0]}:{self.address[1]}'

    def receive(self, method):
        while b'\r\n\r\n' not in self.rest:
            self.more()
        head, self.rest = self.rest.split(b'\r\n\r\n', 1)
        first, *lines = head.decode('latin-1').split('\r\n')
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(':') for line in lines)]
        answer = Answer(int(first.split()[1]), headers, b'')
        if answer.header('transfer-encoding'):
            answer.body = self.chunks()
            return answer
        size = int(answer.header('content-length') or 0) if method != 'HEAD' and answer.status not in (204, 304) else 0
        while len(self.rest) < size:
            self.more()
        answer.body, self.rest = self.rest[:size], self.rest[size:]
        if (answer.header('connection') or '').lower() == 'close':
            self.close()
        return answer

    def chunks(self):
        """A body that was sent piece by piece."""
        body = b''
        while True:
            while b'\r\n' not in self.rest:
                self.more()
            size, self.rest = self.rest.split(b'\r\n', 1)
            while len(self.rest) < int(size, 16) + 2:
                self.more()
            piece, self.rest = self.rest[:int(size, 16)], self.rest[int(size, 16) + 2:]
            if not piece:
                return body
            body += piece

    def more(self):
        received = self.socket.recv(1 << 16)
        if not received:
            raise ConnectionResetError('the server closed the connection')
        self.rest += received


PASSING = ('session', 'upload', 'file_loose', 'file_hold', 'notice', 'notice_state')   # come and go with other things


class Site(scenario.City):
    """A demo city of a pack with its server; `net` asks as the world does, `local` as the operator of the machine."""

    def __init__(self, binary, scratch, pack):
        self.binary, self.scratch, self.path = binary, Path(scratch), Path(scratch) / 'city'
        self.server = self.address = self.watching = self.dumped = None
        self.arguments = []
        done = self.command(['init', str(self.path), '--pack', str(pack), '--demo', '--demo-password', PASSWORD], '')
        if done.status != 0:
            raise Broken(f'the city of {pack} cannot be made: {done.body}{done.stderr}')
        self.start()
        self.net = Client(self.address)
        self.local = Client(self.socket_path())

    def socket_path(self):
        """A path that fits into an address of a Unix socket, wherever the scratch folder is."""
        path = str(self.path / 'socket')
        return path if len(path) < 100 else os.path.relpath(path)

    @property
    def database(self):
        return self.path / 'city.db'

    def settled(self, method, target, body=None, headers=(), expect=(200, 201)):
        """An answer that must be there for the test to go on."""
        return self.settled_by(self.local, method, target, body, headers, expect)

    def settled_by(self, client, method, target, body=None, headers=(), expect=(200, 201)):
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = client.ask(method, target, [('Content-Type', 'application/json'), *headers] if data else headers, data)
        if answer.status not in expect:
            found = f'{answer.status}: {answer.body.decode()[:1500]}'
            raise Broken(f'{method} {target} {body}: expected {expect}, found {found}')
        return answer.json() if answer.body else None

    def dump(self):
        """Every row of the record tables, of the history and of tokens, by table and key. Read anew only when somebody has written:
        SQLite tells a connection whether others have."""
        if self.watching is None:
            self.watching = open_database(self.database)
        version = self.watching.execute('PRAGMA data_version').fetchone()[0]
        if self.dumped is None or self.dumped[0] != version:
            self.dumped = version, self.read_all()
        return self.dumped[1]

    def read_all(self):
        database, found = open_database(self.database), {}
        database.execute('BEGIN')
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if name in PASSING or name.startswith('sqlite_'):
                continue
            for row in database.execute(f'SELECT * FROM "{name}"'):
                values = tuple(row)
                found[(name, *values[:3])] = values
        database.close()
        return found


def difference(before, after):
    """Keys of rows that came, went or changed."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def binary_from_environment(root):
    words = os.environ.get('FIRSTMILE_BIN')
    return words.split() if words else [str(root / 'build-test/firstmile')]


def processes_left(site):
    """The server must end with 0 and in silence of the sanitizers; the reason when it does not."""
    try:
        site.net.close()
        site.local.close()
        site.stop()
    except (scenario.Failure, subprocess.TimeoutExpired) as failure:
        return str(failure)
    return None
