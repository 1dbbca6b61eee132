"""A time-stamping authority for tests: certificates by openssl, answers by `openssl ts`, and lies that a test chooses."""
import datetime
import http.server
import subprocess
import threading
import time

CONFIG = '''
[req]
distinguished_name = name
prompt = no
[name]
CN = none
[ca]
default_ca = own
[own]
database = {0}/index
serial = {0}/serial
new_certs_dir = {0}
default_md = sha256
policy = any
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[stamps]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[answers]
serial = {0}/stamps
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
signer_digest = sha256
'''


class Ca:
    """Keys and certificates in a folder."""

    def __init__(self, folder, name='CA'):
        self.folder, self.config = folder, folder / 'openssl.cnf'
        folder.mkdir()
        self.config.write_text(CONFIG.format(folder))
        (folder / 'index').touch()
        (folder / 'stamps').write_text('01')
        self.file = folder / 'ca.pem'
        self.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', folder / 'ca.key',
                     '-out', self.file, '-days', 36500, '-subj', f'/CN={name}', '-extensions', 'root', '-config', self.config)

    @staticmethod
    def openssl(*words, stdin=b''):
        done = subprocess.run(['openssl', *map(str, words)], input=stdin, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f'openssl {words[0]}: {done.stderr.decode()}')
        return done.stdout

    def issue(self, name, **lasts):
        """A certificate for time stamps that ends in as many days or seconds."""
        ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**lasts)
        self.openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', self.folder / f'{name}.key',
                     '-out', self.folder / f'{name}.csr', '-subj', f'/CN={name}', '-config', self.config)
        self.openssl('ca', '-batch', '-notext', '-config', self.config, '-cert', self.file, '-keyfile', self.folder / 'ca.key', '-in',
                     self.folder / f'{name}.csr', '-out', self.folder / f'{name}.pem', '-enddate', ends.strftime('%Y%m%d%H%M%SZ'),
                     '-extensions', 'stamps')
        return ends


class Authority(http.server.ThreadingHTTPServer):
    """Stamps with the certificate `name` of its CA. `lie` chooses what it does instead: see answer()."""
    daemon_threads = True

    def __init__(self, ca, name, port=0):
        super().__init__(('127.0.0.1', port), Handler)
        self.ca, self.name, self.lie, self.delay, self.asked, self.first = ca, name, None, 0, 0, None
        self.turn = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}/tsa'

    def end(self):
        self.shutdown()
        self.server_close()

    def stamp(self, query):
        file = self.ca.folder / 'query'
        file.write_bytes(query)
        return self.ca.openssl('ts', '-reply', '-config', self.ca.config, '-section', 'answers', '-queryfile', file, '-signer',
                               self.ca.folder / f'{self.name}.pem', '-inkey', self.ca.folder / f'{self.name}.key')

    def answer(self, query):
        """Status and body."""
        with self.turn:
            self.asked += 1
            if self.lie == 'page':
                return 200, b'<html>sign in first</html>'
            if self.lie == 'refuse':
                return 503, b''
            if self.lie == 'replay':
                return 200, self.first
            if self.lie in ('imprint', 'nonce'):
                query = self.other(query)
            if self.lie == 'long':
                return 200, b'0' * (1 << 20)
            answer = self.stamp(query)
            self.first = self.first or answer
            if self.lie == 'garbled':                       # in the signature, at its end
                return 200, answer[:-8] + bytes([answer[-8] ^ 1]) + answer[-7:]
            return 200, answer

    def other(self, query):
        """The query with a bit of its imprint (the first octet string of 32 bytes) or its nonce (before the last three bytes, which
        ask for the certificate) changed."""
        at = query.index(b'\x04\x20') + 2 if self.lie == 'imprint' else len(query) - 4
        return query[:at] + bytes([query[at] ^ 1]) + query[at + 1:]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        query = self.rfile.read(int(self.headers['Content-Length']))
        time.sleep(self.server.delay)
        status, body = self.server.answer(query)
        try:
            self.send_response(status)
            self.send_header('Content-Type', 'application/timestamp-reply')
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:                                     # the client has gone
            pass

    def log_message(self, *words):
        pass
