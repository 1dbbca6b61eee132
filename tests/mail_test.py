#!/usr/bin/env python3
# suite: slow
"""Notices by mail: to a confirmed address, what shows at the moment it is sent, until the relay has taken it or has refused it.

A relay of its own (tests/smtp.py) takes the mails. The city runs on a test clock: what is gathered for a minute or sent at eight in
the morning is not waited for.
"""
import datetime
import json
import re
import urllib.parse

import proof
import smtp
from proof import expect, expect_same

WAIT_S = 20
TITLE = '不该出现在邮件里的名称'
LINK = 'https://firstmile.example'
BEIJING = datetime.timedelta(hours=8)


def text(instant):
    return instant.strftime('%Y-%m-%dT%H:%M:%SZ')


class Town:
    """A served city with a relay, and the people of this test."""

    def __init__(self, city, relay):
        self.city, self.relay = city, relay
        self.now = datetime.datetime.now(datetime.timezone.utc)
        city.arguments = ['--test-clock']
        city.start()
        self.sign_in()

    def sign_in(self):
        self.author = proof.Client(self.city, 'researcher')
        self.reader = proof.Client(self.city, 'institution', lang='zh')
        self.other = proof.Client(self.city, 'manager', lang='en')
        for client in (self.reader, self.other):                # those of the demo
            self.read(client)

    def at(self, now):
        self.now = now
        proof.Client(self.city).request('POST', '/api/v1/test-clock', {'now': text(now)}).wants(200)

    def later(self, **by):
        self.at(self.now + datetime.timedelta(**by))

    def assess(self, title=TITLE):
        """A step that the institution and the manager are told of; waits until they are."""
        before = {client: self.unread(client) for client in (self.reader, self.other)}
        result = self.author.create('result', title=title, discipline='化学', abstract='摘要够长。', claimed_level=3).wants(201).json
        made = self.author.create('trl_assessment', result=result['id'], element=TITLE, assessed_level=5, target_level=5,
                                  evidence='记录', criteria=proof.criteria(5)).wants(201).json
        self.author.act('trl_assessment', made['id'], 'submit').wants(200)
        for client, count in before.items():
            proof.until(lambda: self.unread(client), lambda now: now > count or now > 9, 'told', WAIT_S)
        return made['id']

    @staticmethod
    def read(client):
        """All notices there are."""
        newest = client.get('/api/v1/notices').wants(200).json['items'][0]['id']
        client.request('POST', '/api/v1/notices/read', {'until': newest}).wants(204)

    @staticmethod
    def unread(client):
        return client.get('/api/v1/notices').wants(200).json['unread']

    def set(self, client, address, wants, status=200):
        return client.request('POST', '/api/v1/mail', {'address': address, 'wants': wants}).wants(status).json

    def letters(self, address, count):
        return proof.until(lambda: self.relay.letters(address), lambda found: len(found) >= count, f'{count} to {address}', WAIT_S)

    def code(self, address, count=1):
        letter = self.letters(address, count)[-1]
        return re.search(r'\b(\d{8})\b', letter.get_content())[1]

    def confirm(self, client, address, wants):
        known = len(self.relay.letters(address))
        self.set(client, address, wants)
        return client.request('POST', '/api/v1/mail/code', {'code': self.code(address, known + 1)}).wants(200).json

    def log(self, *words):
        return json.loads(proof.run(self.city, 'relay log', '--json', *words).body)['items']

    def known(self):
        return {item['id'] for item in self.log()}

    def tried(self, known, state=None):
        """The one delivery that was not known, once it has been tried (and is in that state)."""
        found = proof.until(lambda: [i for i in self.log() if i['id'] not in known],
                            lambda items: items and items[0]['tries'] and state in (None, items[0]['state']), 'a try', WAIT_S)
        expect_same(len(found), 1, 'deliveries')
        return found[0]

    def settled(self):
        """When nothing is under way any more."""
        return proof.until(self.log, lambda items: all(i['state'] != 'waiting' for i in items), 'all have ended', WAIT_S)


def set_relay(city, relay, *words, status=0):
    return proof.run(city, 'relay set', '--url', relay.url, '--from', 'no-reply@firstmile.example', '--link', LINK, '--plain', *words,
                     status=status)


def unsubscribe(letter):
    address = letter['List-Unsubscribe'].strip('<>')
    expect(address.startswith(LINK + '/mail/off?'), f'leads to {address}')
    return address.removeprefix(LINK)


def without_relay(cases, town):
    with cases('without a relay there is no mail, and the page says so'):
        expect_same(town.reader.get('/api/v1/mail').wants(200).json, {'sends': False, 'wants': 'off'}, 'how things stand')
        expect_same(town.set(town.reader, 'a@example.org', 'each', 409)['type'].split('/')[-1], 'mail.none', 'refusal')
        expect('本城不发邮件' in town.reader.get('/mail').wants(200).text, 'the page does not say so')
        expect('This city sends no mail' in town.other.get('/mail').wants(200).text, 'nor in English')
    with cases('a relay that is none is refused by its field'):
        for words, field in ((['--url', 'http://relay.example'], 'url'), (['--url', 'smtp://user@relay.example'], 'url'),
                             (['--url', 'smtp://relay.example/x'], 'url'), (['--from', 'a b@example.org'], 'from'),
                             (['--from', 'a@example.org\r\nBcc: b@example.org'], 'from'), (['--link', 'javascript:alert(1)'], 'link'),
                             (['--link', 'https://firstmile.example/'], 'link')):
            given = {'--url': town.relay.url, '--from': 'a@example.org', '--link': LINK, words[0]: words[1]}
            refused = proof.run(town.city, 'relay set', '--json', *(w for pair in given.items() for w in pair), status=65)
            expect_same([e['field'] for e in json.loads(refused.body)['errors']], [field], f'{words}')
    set_relay(town.city, town.relay)
    key = town.city.path / 'keys/mail'
    expect_same(oct(key.stat().st_mode & 0o777), '0o600', 'who may read how it is set')


def addresses(cases, town):
    with cases('an address counts when its code came back, and no address is taken that could say more than one'):
        for wrong in ('', 'a', 'a@b', 'a@example.org, b@example.org', 'a@example.org\r\nBcc: b@example.org', '<a@example.org>',
                      '"a b"@example.org', 'a..b@example.org', '.a@example.org', 'a@-x.org', 'a@exa mple.org', '中@example.org',
                      'a@' + 'x' * 250 + '.org', 'a@example.org.'):
            refused = town.set(town.reader, wrong, 'each', 422)
            expect_same([e['code'] for e in refused['errors']], ['mail.address'], wrong)
        expect_same([e['field'] for e in town.set(town.reader, 'a@example.org', 'sometimes', 422)['errors']], ['wants'], 'when')
        stands = town.set(town.reader, 'reader@example.org', 'each')
        expect_same((stands['confirmed'], stands['waits'], stands['wants']), (False, True, 'each'), 'before the code')
        code = town.code('reader@example.org')
        letter = town.letters('reader@example.org', 1)[0]
        expect_same(str(letter['Subject']), '首公里：确认邮箱地址', 'subject')
        expect_same((letter['From'].addresses[0].addr_spec, letter['To'].addresses[0].addr_spec),
                    ('no-reply@firstmile.example', 'reader@example.org'),
                    'from and to')
        expect(LINK + '/mail' in letter.get_content(), 'it does not say where to enter it')
        wrong = f'{(int(code) + 1) % 10 ** 8:08}'
        for _ in range(4):
            expect_same(town.reader.request('POST', '/api/v1/mail/code', {'code': wrong}).wants(422).json['errors'][0]['code'],
                        'mail.code', 'a wrong code')
        town.other.request('POST', '/api/v1/mail/code', {'code': code}).wants(422)     # another person's
        expect(town.reader.request('POST', '/api/v1/mail/code', {'code': code}).wants(200).json['confirmed'], 'not confirmed')
        town.other.request('POST', '/api/v1/mail/code', {'code': code}).wants(422)
    with cases('five wrong ones end a code, five codes the day'):
        town.set(town.other, 'other@example.org', 'daily')
        for attempt in range(5):
            code = town.code('other@example.org', 1)
            town.other.request('POST', '/api/v1/mail/code', {'code': '0' * 8 if code != '0' * 8 else '1' * 8}).wants(422)
        town.other.request('POST', '/api/v1/mail/code', {'code': code}).wants(422)
        for count in range(2, 6):                                 # one that is asked for before the last was sent replaces it
            town.set(town.other, 'other@example.org', 'daily')
            town.letters('other@example.org', count)
        codes = {re.search(r'\b(\d{8})\b', letter.get_content())[1] for letter in town.letters('other@example.org', 5)}
        expect_same(len(codes), 5, 'different codes')
        expect_same(town.set(town.other, 'other@example.org', 'daily', 409)['type'].split('/')[-1], 'mail.codes', 'a sixth')
        town.other.request('POST', '/api/v1/mail/code', {'code': code}).wants(422)     # one of before
        expect(town.other.request('POST', '/api/v1/mail/code', {'code': town.code('other@example.org', 5)}).wants(200).json['confirmed'],
               'the newest code is not taken')


def each(cases, town):
    with cases('what came within a minute is one mail, which tells no title; what was read meanwhile is left out'):
        town.assess()
        town.assess()
        expect_same(len(town.relay.letters('reader@example.org')), 1, 'mails before the minute is over')
        town.later(seconds=90)
        letter = town.letters('reader@example.org', 2)[1]
        body = letter.get_content().replace('\r', '')
        expect_same(str(letter['Subject']), '首公里：有新通知', 'subject')
        expect_same(len(re.findall(r'^- \d{4}-\d\d-\d\d \d\d:\d\d ', body, re.M)), 2, f'notices in {body}')
        expect('提交评定' in body, f'the step is not named: {body}')
        expect_same(len(re.findall(LINK + r'/trl_assessment/[0-9a-f-]{36}$', body, re.M)), 2, 'where to look')
        for hidden in (TITLE, '化学', '记录', 'researcher'):
            expect(hidden not in body and hidden not in str(letter.items()), f'it tells {hidden}')
        town.assess()
        town.read(town.reader)
        town.later(seconds=90)
        expect_same(town.settled()[0]['state'], 'dropped', 'the one that was read')
        expect_same(len(town.relay.letters('reader@example.org')), 2, 'mails')


def daily(cases, town):
    with cases('daily: at eight in the morning of the city, in the person\'s language'):
        known = len(town.relay.letters('other@example.org'))
        day = (town.now + BEIJING).date() + datetime.timedelta(days=1)
        eight = datetime.datetime.combine(day, datetime.time(8), datetime.timezone.utc) - BEIJING
        town.at(eight - datetime.timedelta(minutes=1))
        town.sign_in()
        proof.until(lambda: town.log(), lambda items: all(i['state'] != 'waiting' for i in items), 'nothing waits', WAIT_S)
        before = len(town.relay.letters('other@example.org'))
        town.assess()
        town.later(seconds=30)
        town.settled()
        expect_same(len(town.relay.letters('other@example.org')), before, 'before eight')
        town.at(eight + datetime.timedelta(seconds=5))
        letter = town.letters('other@example.org', before + 1)[-1]
        expect('new notice' in str(letter['Subject']) and 'Submit the assessment' in letter.get_content(), 'in English')
        expect(known <= before, 'mails went away')


def until_taken(cases, town):
    relay = town.relay
    with cases('refused for now: sent again under the same id; refused for good: dead, and the page says so'):
        relay.answers['reader@example.org'] = '451 later'
        known = town.known()
        town.assess()
        town.later(seconds=90)
        waits = town.tried(known)
        expect_same((waits['state'], waits['tries'][0]['status']), ('waiting', 451), 'for now')
        count = len(relay.letters('reader@example.org'))
        relay.answers.clear()
        town.later(seconds=20)
        letter = town.letters('reader@example.org', count + 1)[-1]
        expect(waits['id'] in str(letter['Message-ID']), 'another id')
        relay.answers['reader@example.org'] = '550 nobody here'
        known = town.known()
        town.assess()
        town.later(seconds=90)
        dead = town.tried(known, 'dead')
        expect_same([t['status'] for t in dead['tries']], [550], 'tries')
        expect('550' in town.reader.get('/mail').wants(200).text, 'the page does not say so')
        relay.answers.clear()
        proof.run(town.city, 'relay resend', dead['id'])
        expect(dead['id'] in str(town.letters('reader@example.org', count + 2)[-1]['Message-ID']), 'not sent again')
        proof.run(town.city, 'relay resend', 'msg_none', status=66)
    with cases('killed before it was sent: sent after the restart, none lost'):
        port = relay.server_address[1]
        relay.end()
        known = town.known()
        town.assess()
        town.later(seconds=90)
        waits = town.tried(known)
        expect_same(waits['tries'][0]['problem'], 'connect', 'why')
        town.city.kill()
        with proof.database(town.city) as db:
            db.execute("UPDATE delivery SET next = 0 WHERE state = 'waiting'")
            db.commit()
        town.relay = relay = smtp.Relay(port=port)
        town.city.start()
        town.at(town.now)
        town.sign_in()
        expect(waits['id'] in str(town.letters('reader@example.org', 1)[0]['Message-ID']), 'another id')
        expect_same(town.settled()[0]['state'], 'delivered', 'state')


def rights_and_end(cases, town):
    relay = town.relay
    with cases('no sign-in is needed to want no more, and the key is that address\'s alone'):
        count = len(relay.letters('reader@example.org'))
        town.assess()
        town.later(seconds=90)
        away = unsubscribe(town.letters('reader@example.org', count + 1)[-1])
        stranger = proof.Client(town.city)
        expect('不再接收邮件' in stranger.get(away).wants(200).text, 'it does not ask')
        expect(town.reader.get('/api/v1/mail').json['wants'] == 'each', 'asking has ended it')
        query = dict(urllib.parse.parse_qsl(away.split('?')[1]))
        form = {'Content-Type': 'application/x-www-form-urlencoded'}
        for wrong in ({**query, 'key': 'A' * 43}, {'person': query['person']}, {**query, 'person': query['person'][::-1]}, {}):
            reply = stranger.request('POST', '/mail/off?' + urllib.parse.urlencode(wrong), b'List-Unsubscribe=One-Click', form)
            expect_same(reply.status, 404, f'{wrong}')
        stranger.request('POST', away, b'List-Unsubscribe=One-Click', form).wants(200)
        expect_same(town.reader.get('/api/v1/mail').json['wants'], 'off', 'wants')
        town.assess()
        town.later(seconds=90)
        town.settled()
        expect_same(len(relay.letters('reader@example.org')), count + 1, 'mails')
    with cases('on again: only what comes from then on; forgotten: nothing'):
        town.set(town.reader, 'reader@example.org', 'each')
        town.assess()
        town.later(seconds=90)
        letter = town.letters('reader@example.org', count + 2)[-1]
        expect_same(len(re.findall('^- ', letter.get_content(), re.M)), 1, 'notices')
        town.assess()
        town.reader.request('DELETE', '/api/v1/mail').wants(204)
        town.later(seconds=90)
        town.settled()
        expect_same(town.reader.get('/api/v1/mail').json, {'sends': True, 'wants': 'off'}, 'what is known')
        expect_same(len(relay.letters('reader@example.org')), count + 2, 'mails')


def in_the_clear(cases, town):
    with cases('without --plain nothing is said before the line is encrypted, and the password is shown to nobody'):
        closed = smtp.Relay(login='firstmile', password='geheim-5')
        secret = town.city.path / 'password'
        secret.write_text('geheim-5\n')
        words = ['--url', closed.url, '--from', 'no-reply@firstmile.example', '--link', LINK, '--login', 'firstmile',
                 '--password-file', str(secret)]
        shown = proof.run(town.city, 'relay set', *words).body + proof.run(town.city, 'relay show', '--json').body
        expect('geheim-5' not in shown, 'the password is printed')
        known = town.known()
        town.set(town.reader, 'reader@example.org', 'each')
        failed = town.tried(known)
        expect_same((failed['state'], failed['tries'][0].get('problem')), ('waiting', 'tls'), 'why')
        expect(not [line for line in closed.heard if line.startswith(('AUTH', 'MAIL'))], f'it said {closed.heard}')
    with cases('a password that the relay does not take is the operator\'s to mend: tried again'):
        secret.write_text('geheim-6\n')
        proof.run(town.city, 'relay set', *words, '--plain')
        known = town.known()
        proof.run(town.city, 'mail set', '--as', 'institution', '--address', 'second@example.org', '--wants', 'each')
        failed = town.tried(known)
        expect_same((failed['state'], failed['tries'][0].get('problem')), ('waiting', 'sign_in'), 'why')
        secret.write_text('geheim-5\n')
        proof.run(town.city, 'relay set', *words, '--plain')
        town.later(seconds=30)
        code = re.search(r'\b(\d{8})\b', proof.until(lambda: closed.letters('second@example.org'), bool, 'mail', WAIT_S)[0].get_content())[1]
        confirmed = proof.run(town.city, 'mail confirm', code, '--as', 'institution', '--json')
        expect(json.loads(confirmed.body)['confirmed'], 'not confirmed from the command line')
        expect('second@example.org' in proof.run(town.city, 'mail show', '--as', 'institution').body, 'not shown')
        closed.end()
    with cases('no backup holds how it is set: a restored city sends nothing'):
        archive = town.city.path.parent / 'kept.fmb'
        proof.run(town.city, 'backup', archive)
        expect(b'geheim-5' not in archive.read_bytes(), 'the password is in the backup')
        proof.run(town.city, 'relay end')
        expect_same(town.reader.get('/api/v1/mail').json['sends'], False, 'sends')


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        town = Town(city, smtp.Relay())
        without_relay(cases, town)
        addresses(cases, town)
        each(cases, town)
        daily(cases, town)
        until_taken(cases, town)
        rights_and_end(cases, town)
        in_the_clear(cases, town)
        town.relay.end()
        city.stop()
    return cases.end()


if __name__ == '__main__':
    raise SystemExit(main())
