#!/usr/bin/env python3
# suite: slow
"""Webhooks: what has been committed is told to a receiver, signed, at least once, and nothing else is.

A receiver of its own checks the signatures by the Standard Webhooks scheme. A refused step sends nothing. A server killed between
commit and delivery sends after its restart, with ids that stay, so that who gets one twice can tell. One receiver that is slow holds
up no other. Private addresses are refused, redirects not followed. `rebuild` leaves what waits as it is.
"""
import base64
import hashlib
import hmac
import http.server
import json
import shutil
import threading
import time
from pathlib import Path

import proof
from proof import expect, expect_same

WAIT_S = 20


class Receiver(http.server.ThreadingHTTPServer):
    """Answers with a status, after a delay; keeps what it got."""
    daemon_threads = True

    def __init__(self, status=200, delay=0.0, port=0, location=None):
        super().__init__(('127.0.0.1', port), Handler)
        self.status, self.delay, self.location, self.got = status, delay, location, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f'http://127.0.0.1:{self.server_address[1]}/hook'

    def end(self):
        self.shutdown()
        self.server_close()

    def wait(self, count):
        until = time.monotonic() + WAIT_S
        while len(self.got) < count and time.monotonic() < until:
            time.sleep(0.05)
        expect(len(self.got) >= count, f'{len(self.got)} deliveries after {WAIT_S} s, not {count}')
        return self.got


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        time.sleep(self.server.delay)
        self.server.got.append((dict((name.lower(), value) for name, value in self.headers.items()), body))
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header('Location', self.server.location)
        self.send_header('Content-Length', '0')
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *words):
        pass


def add(city, url, *words, login='researcher', status=0):
    answer = proof.run(city, 'webhook add', '--as', login, '--url', url, '--json', *words, status=status)
    return json.loads(answer.body)


def log(city, hook):
    return json.loads(proof.run(city, 'webhook log', hook['id'], '--json').body)['items']


def wait_log(city, hook, holds, what):
    return proof.until(lambda: log(city, hook), holds, what, WAIT_S)


def signature(secret, headers, body):
    """Worked out from the scheme's text, not from the program."""
    key = base64.b64decode(secret.removeprefix('whsec_'))
    text = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    return 'v1,' + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def create(client, title):
    return client.create('result', title=title, discipline='化学', abstract='够长的摘要。', claimed_level=3).wants(201).json


def renamed(pack):
    """The pack with trl_assessment called trl_rating."""
    shutil.copytree(Path(__file__).parents[1] / 'packs/shanghai', pack)
    for path in pack.rglob('*.yaml'):
        text = path.read_text(encoding='utf-8').replace('trl_assessment', 'trl_rating')
        path.write_text(text.replace('type: trl_rating\n', 'type: trl_rating\nwas: trl_assessment\n', 1), encoding='utf-8')
    (pack / 'types/trl_assessment.yaml').rename(pack / 'types/trl_rating.yaml')
    return pack


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        client = proof.Client(city, 'researcher')
        quick = Receiver()
        with cases('a private address is refused unless it is allowed, a metadata address always'):
            for url in ('https://127.0.0.1/', 'https://10.1.2.3/', 'https://[::ffff:192.168.0.1]/', 'https://2130706433/'):
                refused = add(city, url, status=65)
                expect_same([e['code'] for e in refused['errors']], ['webhook.address'], url)
            expect_same([e['code'] for e in add(city, 'http://169.254.169.254/', '--private', status=65)['errors']],
                        ['webhook.address'], 'metadata')
            expect_same([e['code'] for e in add(city, 'http://example.org/', status=65)['errors']], ['webhook.url'], 'http')
            expect_same([e['code'] for e in add(city, 'https://example.org/', '--types', 'no_such', status=65)['errors']],
                        ['webhook.name'], 'a type that there is not')
        with cases('a committed step is told, signed; a refused one is not'):
            hook = add(city, quick.url, '--private', '--types', 'result')
            client.create('result').wants(422)
            client.create('result', title='甲\r\nX-Evil: 1').wants(422)
            made = create(client, '告知 "甲" X-Evil: 1')
            client.act('result', made['id'], 'no_such_step').wants(404)
            client.act('result', made['id'], 'submit').wants(200)
            got = quick.wait(2)
            for headers, body in got:
                expect_same(headers['webhook-signature'], signature(hook['secret'], headers, body), 'signature')
                expect(abs(int(headers['webhook-timestamp']) - time.time()) < 60, 'a timestamp far from now')
                expect('x-evil' not in headers, 'a title became a header')
            first, second = (json.loads(body) for _, body in got)
            expect_same([first['type'], second['type']], ['result.create', 'result.submit'], 'types')
            expect_same(first['data']['record']['id'], made['id'], 'the record')
            expect_same(len({headers['webhook-id'] for headers, _ in got}), 2, 'ids')
            items = wait_log(city, hook, lambda items: all(i['state'] == 'delivered' for i in items), 'delivered')
            expect_same([len(i['tries']) for i in items], [1, 1], 'tries')
            time.sleep(1.5)
            expect_same(len(quick.got), 2, 'deliveries in all')
        with cases('after its secret was renewed, both sign'):
            new = json.loads(proof.run(city, 'webhook renew', hook['id'], '--json').body)['secret']
            create(client, '新密钥')
            headers, body = quick.wait(3)[2]
            expect_same(headers['webhook-signature'].split(), [signature(s, headers, body) for s in (new, hook['secret'])], 'both')
        with cases('what the membership may not see is dropped'):
            hidden = add(city, quick.url, '--private', login='enterprise')
            create(client, '草稿不外传')
            items = wait_log(city, hidden, lambda items: items and items[0]['state'] != 'waiting', 'dropped')
            expect_same([i['state'] for i in items], ['dropped'], 'states')
            proof.run(city, 'webhook end', hidden['id'])
            expect_same(len(quick.wait(4)), 4, 'only the webhook that may see it sent it')
        with cases('a redirect is not followed'):
            target = Receiver()
            away = Receiver(status=302, location=target.url)
            moved = add(city, away.url, '--private')
            create(client, '换地址')
            items = wait_log(city, moved, lambda items: items and items[0]['tries'], 'a try')
            expect_same((items[0]['state'], items[0]['tries'][0]['status'], target.got), ('waiting', 302, []), 'the try')
            proof.run(city, 'webhook end', moved['id'])
        with cases('a receiver that is slow holds up no other'):
            slow = Receiver(delay=8)
            late = add(city, slow.url, '--private')
            before, start = len(quick.got), time.monotonic()
            for index in range(3):
                create(client, f'慢与快 {index}')
            quick.wait(before + 3)
            expect(time.monotonic() - start < 7, 'the quick one waited for the slow one')
            expect_same(slow.got, [], 'the slow one, by then')
            proof.run(city, 'webhook end', late['id'])
        with cases('killed before it was sent: sent after the restart, under the same id each time'):
            down = Receiver()
            port = down.server_address[1]
            down.end()
            waits = add(city, f'http://127.0.0.1:{port}/hook', '--private')
            made = create(client, '收件方不在')
            items = wait_log(city, waits, lambda items: items and items[0]['tries'], 'a try')
            expect_same(items[0]['tries'][0]['problem'], 'connect', 'why')
            city.kill()
            with proof.database(city) as db:
                db.execute("UPDATE delivery SET next = 0 WHERE state = 'waiting'")
                db.commit()
            before = proof.dump(city, '%')
            city.command(['rebuild', str(city.path)], '')
            expect_same({t: before[t] for t in ('webhook', 'delivery', 'delivery_try')},
                        {t: rows for t, rows in proof.dump(city, '%').items() if t in ('webhook', 'delivery', 'delivery_try')},
                        'operational tables after a rebuild')
            up = Receiver(port=port)
            city.start()
            headers, body = up.wait(1)[0]
            expect_same(headers['webhook-id'], items[0]['id'], 'the id')
            expect_same(json.loads(body)['data']['record']['id'], made['id'], 'the record')
            wait_log(city, waits, lambda items: items[0]['state'] == 'delivered', 'delivered')
            proof.run(city, 'webhook resend', waits['id'], items[0]['id'])
            expect_same(up.wait(2)[1][0]['webhook-id'], items[0]['id'], 'the id when sent again')
            proof.run(city, 'webhook resend', waits['id'], 'msg_none', status=66)
        with cases('one that has gone is not asked again, until it is told to'):
            gone = Receiver(status=410)
            hook = add(city, gone.url, '--private')
            client = proof.Client(city, 'researcher')
            create(client, '已搬走')
            items = wait_log(city, hook, lambda items: items and items[0]['state'] == 'dead', 'dead')
            gone.status = 200
            proof.run(city, 'webhook resend', hook['id'], items[0]['id'])
            wait_log(city, hook, lambda items: items[0]['state'] == 'delivered', 'delivered')
        with cases('a type that is given another name is told under either'):
            city.stop()
            by_name = add(city, quick.url, '--private', '--types', 'trl_assessment')
            before = json.loads(proof.run(city, 'act', 'result', '-', 'create', '--as', 'researcher', '--json', '--data',
                                          '{"title": "改名"}').body)['id']
            fields = json.dumps({'result': before, 'element': '样机'})
            proof.run(city, 'act', 'trl_assessment', '-', 'create', '--as', 'researcher', '--data', fields)
            proof.run(city, 'pack apply', renamed(city.path.parent / 'renamed'))
            city.start()
            proof.Client(city, 'researcher').create('trl_rating', result=before, element='又一台').wants(201)
            items = wait_log(city, by_name, lambda items: [i['state'] for i in items] == ['delivered'] * 2, 'both')
            expect_same([i['type'] for i in items], ['trl_rating', 'trl_assessment'], 'as they were called')
            proof.run(city, 'webhook log', 'none', status=66)
            proof.run(city, 'webhook log', by_name['id'], '--state', 'sent', status=65)
        with cases('no secret stands in the database'):
            city.kill()
            text = b''.join(path.read_bytes() for path in city.path.glob('city.db*'))
            key = base64.b64decode(hook['secret'].removeprefix('whsec_'))
            expect(hook['secret'].encode() not in text and key not in text, 'a secret stands in the database')
    return cases.end()


if __name__ == '__main__':
    raise SystemExit(main())
