#!/usr/bin/env python3
# suite: slow
"""What a city tells those who watch over it: figures that Prometheus reads, and a log of one line a request.

Each name of /metrics has its HELP and TYPE once, before its values, and no value twice; the figures move with what is done. Each
line of the log is words KEY=VALUE, tells where the time went, and nothing that a client sends can begin another or quote what
somebody wrote.
"""
import re
import socket
import sys

import proof
from proof import expect, expect_same, until

SAMPLE = re.compile(r'^(firstmile_[a-z_]+)(?:\{([a-z]+="[^"\\\n]*")\})? (-?\d+(?:\.\d+)?)$')
WORD = re.compile(r'([a-z_]+)=("[^"]*"|[^ "]+)(?: |$)')
PHASES = ('parse_ms', 'queue_ms', 'sql_ms', 'render_ms')


def exposition(text):
    """Values by name and label; fails where the format is broken."""
    described, values = {}, {}
    for line in text.splitlines():
        if line.startswith('# '):
            _, what, name, rest = line.split(' ', 3)
            expect(what in ('HELP', 'TYPE') and rest, line)
            expect((what, name) not in described, f'{what} of {name} twice')
            described[what, name] = rest
            continue
        match = SAMPLE.match(line)
        expect(match, f'no sample: {line!r}')
        name = re.sub(r'_(bucket|sum|count)$', '', match[1]) if match[1].startswith('firstmile_reply_seconds') else match[1]
        expect(('TYPE', name) in described and ('HELP', name) in described, f'{name} is not described before its value')
        expect((match[1], match[2]) not in values, f'{line} twice')
        values[match[1], match[2] or ''] = float(match[3])
    return values


def figures(city):
    """As whoever runs the machine reads them, by the city's socket."""
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(city.path / 'socket'))
        raw.sendall(b'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
        answer = b''
        while piece := raw.recv(65536):
            answer += piece
    head, _, body = answer.partition(b'\r\n\r\n')
    expect(head.startswith(b'HTTP/1.1 200'), head.decode())
    return exposition(body.decode())


def words(line):
    """A line of the log by its keys; fails where something else stands in it."""
    found = WORD.findall(line)
    expect_same(WORD.sub('', line), '', 'what no KEY=VALUE is')
    expect_same(len(dict(found)), len(found), 'keys that come twice')
    return dict(found)


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        client = proof.Client(city, 'researcher')
        with cases('figures are what Prometheus reads, and move'):
            before = figures(city)
            for number in range(3):
                client.create('result', title=f'数 {number}').wants(201)
            after = figures(city)
            expect_same(after['firstmile_events_total', ''] - before['firstmile_events_total', ''], 3, 'events')
            expect(after['firstmile_writer_jobs_total', ''] >= before['firstmile_writer_jobs_total', ''] + 3, 'jobs of the writer')
            expect(after['firstmile_replies_total', 'status="2xx"'] >= before['firstmile_replies_total', 'status="2xx"'] + 3, 'replies')
            expect(after['firstmile_database_bytes', ''] > 100_000, 'the size of the database')
        with cases('every duty has run, and what waits is counted'):
            names = {label for name, label in after if name == 'firstmile_duty_runs_total'}
            expect({'duty="clocks"', 'duty="notices"', 'duty="files"', 'duty="outbox"', 'duty="jobs"'} <= names, names)
            until(lambda: figures(city), lambda now: all(now['firstmile_duty_runs_total', name] > 0 for name in names), 'a duty never ran')
            now = figures(city)
            expect_same([now['firstmile_duty_failures_total', name] for name in names], [0] * len(names), 'duties that failed')
            expect_same((now['firstmile_jobs_open', ''], now['firstmile_deliveries_dead', ''], now['firstmile_clock_lag_seconds', '']),
                        (0, 0, 0), 'what waits')
            until(lambda: figures(city)['firstmile_notices_behind', ''], lambda behind: behind == 0, 'notices stay behind')
            record = client.create('result', title='带文件').wants(201).json['id']
            assessment = client.create('trl_assessment', result=record, element='样机').wants(201).json['id']
            client.request('POST', f'/api/v1/records/trl_assessment/{assessment}/files?name=a.pdf', b'%PDF-1.7',
                           {'Content-Type': 'application/pdf', 'X-Firstmile': '1'}).wants(201)
            expect_same(figures(city)['firstmile_uploads_waiting', ''], 1, 'uploads')
        with cases('they are not public'):
            proof.Client(city).get('/metrics').wants(404)
            client.get('/metrics').wants(404)
            proof.Client(city, 'operator').get('/metrics').wants(200)
        with cases('a line of the log is words, and says where the time went'):
            proof.Client(city).get('/api/v1/records/result').wants(401)
            line = until(lambda: [words(one) for one in city.log().splitlines() if 'status=401' in one], bool, 'no line')[-1]
            expect_same((line['method'], line['endpoint'], line['code']), ('GET', '/api/v1/records/{type}', 'sign_in.needed'), 'the line')
            expect(all(float(line[phase]) >= 0 for phase in PHASES) and float(line['ms']) >= float(line['parse_ms']), line)
        with cases('nothing that a client sends is in it'):
            for hostile in ('%E6%95%B0%20status=200', '%22%20status=200', 'result?filter=%22%20status=200'):
                proof.Client(city).request('GET', f'/api/v1/records/{hostile}', None,
                                           {'User-Agent': 'a" status=200', 'X-Request-Id': 'a\tb'}).wants(401)
            city.stop()
            lines = city.log().splitlines()
            expect(len(lines) > 3, f'only {len(lines)} lines')
            for one in lines:
                found = words(one)
                expect('time' in found and 'status=200' not in one or found.get('status') == '200', one)
            expect('数' not in city.log() and '%22' not in city.log(), 'what was sent stands in the log')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
