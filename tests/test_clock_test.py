#!/usr/bin/env python3
"""serve --test-clock: the city's whole time goes forward when told, on loopback alone, and never back."""
import datetime
import subprocess
import sys

import proof
from proof import expect, expect_same

ADDRESS = '/api/v1/test-clock'


def at(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        with cases('without the option there is no such address'):
            city.start()
            proof.Client(city).request('POST', ADDRESS, {'now': '2099-01-01T00:00:00Z'}).wants(404)
            city.stop()
        with cases('on loopback alone'):
            done = subprocess.run([*city.binary, 'serve', str(city.path), '--test-clock', '--listen', '0.0.0.0:0'],
                                  capture_output=True, timeout=60)
            expect(done.returncode not in (0, None) and b'listening' not in done.stdout, f'it served: {done}')
        city.arguments = ['--test-clock']
        city.start()
        client = proof.Client(city, 'researcher')
        now = datetime.datetime.now(datetime.timezone.utc)
        with cases('forward: sessions end, and events are of that time'):
            later = now + datetime.timedelta(days=400)
            told = client.request('POST', ADDRESS, {'now': later.strftime('%Y-%m-%dT%H:%M:%SZ')}).wants(200).json['now']
            expect(abs(at(told) - later) < datetime.timedelta(seconds=60), f'the clock says {told}')
            client.get('/api/v1/types').wants(401)
            client = proof.Client(city, 'researcher')
            client.create('result', title='明年的事').wants(201)
            page = client.get('/').wants(200).text
            day = (at(told) + datetime.timedelta(hours=8)).date().isoformat()
            expect(f'今天是 {day}' in page, 'the page does not say which day it is')
        with cases('never back, and nothing that is no time'):
            refused = client.request('POST', ADDRESS, {'now': now.strftime('%Y-%m-%dT%H:%M:%SZ')}).wants(409).json
            expect(refused['type'].endswith('/clock.back'), f'another reason: {refused}')
            for wrong in ({}, {'now': 5}, {'now': '2099-02-30T00:00:00Z'}, {'now': '2099-01-01'}, {'then': 'x'}):
                expect(client.request('POST', ADDRESS, wrong).status in (400, 422), f'{wrong} was taken')
            cross = client.request('POST', ADDRESS, {'now': '2099-01-01T00:00:00Z'}, {'Origin': 'http://elsewhere.example'})
            expect_same(cross.status, 403, 'from another site')
        with cases('served again it goes on from its last event'):
            city.stop()
            city.start()
            client = proof.Client(city, 'researcher')
            record = client.create('result', title='再来').wants(201).json
            created = at(client.get(f'/api/v1/records/result/{record["id"]}/events').wants(200).json['items'][0]['time'])
            expect(created >= at(told), f'{created} is before {told}')
            city.stop()
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
