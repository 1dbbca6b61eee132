"""A relay for tests: as much of SMTP (RFC 5321) as takes a mail, and answers that a test chooses."""
import base64
import email
import email.policy
import socketserver
import threading
import time


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.server.said.append(line)
        self.wfile.write(line.encode() + b'\r\n')

    def read(self):
        return self.rfile.readline(1000).decode('ascii').rstrip('\r\n')

    def handle(self):
        self.say('220 relay.test')
        sender = receiver = None
        while line := self.read():
            self.server.heard.append(line)
            verb = line.split(' ')[0].upper()
            if verb == 'EHLO':
                for extension in self.server.extensions:
                    self.say(f'250-{extension}')
                self.say('250 8BITMIME')
            elif verb == 'AUTH':
                self.auth(line)
            elif verb == 'MAIL':
                sender = line
                self.say('250 yes')
            elif verb == 'RCPT':
                receiver = line
                self.say(self.server.answers.get(line.split('<')[1].split('>')[0], '250 yes'))
            elif verb == 'DATA':
                self.take(sender, receiver)
            elif verb == 'QUIT':
                self.say('221 bye')
                return
            elif verb == 'STARTTLS':
                self.say('454 not now')
            else:
                self.say('502 no')

    def auth(self, line):
        given = line.split(' ')[2] if line.count(' ') == 2 else None
        if given is None:
            self.say('334 ')
            given = self.read()
        known = given and base64.b64decode(given) == self.server.plain
        self.say('235 yes' if known else '535 no')

    def take(self, sender, receiver):
        self.say('354 go on')
        lines = []
        while (line := self.rfile.readline()) not in (b'.\r\n', b''):
            lines.append(line[1:] if line.startswith(b'.') else line)
        time.sleep(self.server.delay)
        self.server.mails.append((receiver.split('<')[1].split('>')[0], sender, b''.join(lines)))
        self.say('250 taken')


class Relay(socketserver.ThreadingTCPServer):
    """mails: (receiver, the line MAIL FROM, bytes) in the order they came."""
    daemon_threads = allow_reuse_address = True

    def __init__(self, port=0, login=None, password=None):
        super().__init__(('127.0.0.1', port), Session)
        self.plain = f'\0{login}\0{password}'.encode()
        self.extensions = ['AUTH PLAIN'] if login else []
        self.answers, self.delay, self.mails, self.heard, self.said = {}, 0, [], [], []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f'smtp://127.0.0.1:{self.server_address[1]}'

    def end(self):
        self.shutdown()
        self.server_close()

    def letters(self, receiver):
        return [email.message_from_bytes(text, policy=email.policy.default)
                for to, _, text in list(self.mails) if to == receiver]
