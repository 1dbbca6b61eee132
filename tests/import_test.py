#!/usr/bin/env python3
# suite: slow
# build: plain
"""Files of records come in whole, whatever happens on the way.

    import_test.py [ROWS] [SEED]        5,000 rows and a random seed unless said; import_long_test.py asks for 100,000

Three bad rows among all come back with their reasons; a job that is killed with SIGKILL at random points ends as one that is
not; what was exported, edited in five cells and sent again makes five events; two files at once both come in; a cancel and the
end of a membership stop a job where they find it; on a full disk it waits.
"""
import csv
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
import urllib.parse

import proof
from proof import expect, expect_same

ROWS = 5000
KILLS = 4
HEAD = ['title', 'title_en', 'discipline', 'keywords', 'application', 'abstract', 'claimed_level', 'inventors', 'contact',
        'external_id', 'disclosure', 'title_zh']
WAIT_S = 300


# ---- files ---------------------------------------------------------------------------------------------------------

def row(number, name='批次'):
    return [f'{name} {number:06}', f'Batch {number:06}', '材料科学与工程', f'界面层；{number}', '储能电站', '以两步退火控制界面层厚度。' * 3,
            str(1 + number % 9), '张工；李工', 'office@example.cn', f'{name}-{number}', ('public', 'summary', 'nda', 'secret')[number % 4],
            f'{name} {number:06}']


def table(rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def write(city, name, rows):
    path = city.scratch / name
    path.write_bytes(table(rows))
    return path


# ---- what is there -------------------------------------------------------------------------------------------------

def ask(city, sql, *values):
    with proof.database(city) as db:
        return db.execute(sql, values).fetchall()


def results(city, name='批次'):
    """Without what differs from run to run: ids, times and who."""
    return ask(city, f'SELECT {", ".join(HEAD)}, state, version FROM r_result WHERE title LIKE ? ORDER BY title', f'{name} %')


def events(city):
    return ask(city, 'SELECT count(*) FROM event')[0][0]


def imported(city, path, *words, status=0):
    return json.loads(proof.run(city, 'import', 'result', path, '--as', 'researcher', '--json', *words, status=status)
                      .body.splitlines()[0])


# ---- over HTTP -----------------------------------------------------------------------------------------------------

def send(client, path, **query):
    """The job of a file that is sent to the serving city."""
    target = f'/api/v1/records/result/import?name={path.name}' + ''.join(f'&{k}={v}' for k, v in query.items())
    reply = client.request('POST', urllib.parse.quote(target, safe='/?=&'), path.read_bytes(), {'Content-Type': 'text/csv', 'X-Firstmile': '1'})
    return reply.wants(202).json['id']


def look(client, job):
    return client.get(f'/api/v1/jobs/{job}').wants(200).json


def until(client, job, holds, what):
    return proof.until(lambda: look(client, job), holds, what, WAIT_S)


def ended(found):
    return found['state'] not in ('waiting', 'running')


# ---- cases ---------------------------------------------------------------------------------------------------------

def three_bad_rows(city, rows):
    """Returns the refused rows, as the program wrote them."""
    lines = [row(number) for number in range(rows)]
    for at, cell, bad in ((rows // 7, 0, ''), (rows // 2, 6, '十'), (rows - 2, 10, 'open')):
        lines[at][cell] = bad
    path = write(city, 'three.csv', [HEAD, *lines])
    found = imported(city, path, '--errors', city.scratch / 'bad.csv', '--lang', 'en', status=65)
    expect_same([found['accepted'], found['added'], found['refused'], found['state']], [rows - 3, rows - 3, 3, 'done'], 'counts')
    back = list(csv.reader(io.StringIO((city.scratch / 'bad.csv').read_text('utf-8-sig'), newline='')))
    expect_same(back[0], HEAD + ['errors'], 'the head of what came back')
    expect_same([line[:-1] for line in back[1:]], [lines[rows // 7], lines[rows // 2], lines[rows - 2]], 'rows that came back')
    for line, label, field in zip(back[1:], ('Title', 'Claimed readiness', 'Who may see it'), ('title', 'claimed_level', 'disclosure')):
        expect(line[-1].count(label) == 1 and line[-1].endswith(f' [{field}]'), f'the reason says {line[-1]!r}, not what is wrong with {field}')
    expect_same(len(results(city)), rows - 3, 'results')
    return [back[0], *back[1:]]


def mended(city, back, rows):
    """The file of refused rows, mended, goes in as it is."""
    for line, at, good in zip(back[1:], (0, 6, 10), (f'批次 {rows // 7:06}', '4', 'nda')):
        line[at] = good
    found = imported(city, write(city, 'mended.csv', back))
    expect_same([found['added'], found['refused']], [3, 0], 'counts')


def killed(city, path, rng, rows):
    """Starts the import, kills it somewhere, takes it up again; until it gets to its end."""
    words = [*proof.program(), 'import', str(city.path), 'result', str(path), '--as', 'researcher', '--json']
    job, kills = [], 0
    while True:
        running = subprocess.Popen([*words, *job], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        done = ask(city, "SELECT coalesce(sum(done), 0) FROM job_progress WHERE total = ?", rows)[0][0] if job else 0
        goal = done + rng.randrange(1, max(2, rows // KILLS))
        while running.poll() is None and kills < KILLS:
            if ask(city, 'SELECT coalesce(max(done), 0) FROM job_progress WHERE total = ?', rows)[0][0] >= goal:
                running.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.001)
        text, _ = running.communicate()
        if running.returncode == 0:
            return kills, json.loads(text.splitlines()[0])
        expect_same(running.returncode, -signal.SIGKILL, 'how the import ended')
        job = ['--resume', ask(city, "SELECT id FROM r_job WHERE state IN ('waiting', 'running')")[0][0]]


def edited(city, path):
    """Five cells of what was exported; five rows change, by five events."""
    proof.run(city, 'export', 'result', '--as', 'researcher', '--filter', "title contains '批次'", '--out', path)
    rows = list(csv.reader(io.StringIO(path.read_text('utf-8-sig'), newline='')))
    level, before = rows[0].index('claimed_level'), events(city)
    versions = dict(ask(city, 'SELECT id, version FROM r_result'))
    for at in range(1, 6):
        rows[at][level] = str(int(rows[at][level]) % 9 + 1)
    found = imported(city, write(city, 'edited.csv', rows))
    expect_same([found['added'], found['updated'], found['unchanged'], found['refused']], [0, 5, len(rows) - 6, 0], 'counts')
    expect_same(events(city) - before, 5 + 3, "events: five, and the job's create, start and finish")
    now = dict(ask(city, 'SELECT id, version FROM r_result'))
    expect_same(sum(now[id_] != version for id_, version in versions.items()), 5, 'records that changed')
    before = ask(city, "SELECT field FROM event_value v JOIN event e USING (sequence) WHERE e.action = 'edit' AND v.field NOT IN "
                       "('changed') ORDER BY e.sequence DESC LIMIT 5")
    expect_same(before, [('claimed_level',)] * 5, 'what the events say')


def two_at_once(city, rows):
    one, other = proof.Client(city, 'researcher'), proof.Client(city, 'institution')
    paths = [write(city, f'{name}.csv', [HEAD, *(row(n, name) for n in range(rows))]) for name in ('甲', '乙')]
    jobs = [send(one, paths[0]), send(other, paths[1])]
    both = until(one, jobs[0], lambda found: ended(found) or found['job']['done'] > 0, 'the first')
    until(other, jobs[1], lambda found: ended(found) or found['job']['done'] > 0, 'the second gets ahead')
    expect(rows < 2000 or look(one, jobs[0])['state'] == 'running', f'the second began when the first had ended: {both}')
    for client, job, name in ((one, jobs[0], '甲'), (other, jobs[1], '乙')):
        found = until(client, job, ended, name)
        expect_same([found['state'], found['fields']['added'], found['fields']['refused']], ['done', rows, 0], name)
        expect_same(len(set(results(city, name))), rows, f'results of {name}')
    one.close()
    other.close()


def many_of_one(city, rows):
    """Whoever begins many jobs holds up nobody but themself."""
    one, other = proof.Client(city, 'researcher'), proof.Client(city, 'institution')
    path, short = write(city, 'many.csv', [HEAD, *(row(number, '许多') for number in range(rows))]), write(city, 'short.csv', [HEAD, row(0, '一件')])
    jobs = [send(one, path, dry_run=1) for _ in range(8)]
    mine = until(other, send(other, short), ended, "another's short file")
    expect_same([mine['state'], mine['job']['added']], ['done', 1], 'it went in')
    left = sum(not ended(look(one, job)) for job in jobs)
    expect(left > 0, 'all of the first jobs had ended before it')
    for job in jobs:
        one.act('job', job, 'cancel')


def cancelled(city, rows):
    client = proof.Client(city, 'researcher')
    path = write(city, '停.csv', [HEAD, *(row(n, '停') for n in range(rows))])
    job = send(client, path)
    until(client, job, lambda found: found['job']['done'] > 0, 'it begins')
    client.act('job', job, 'cancel').wants(200)
    there = len(results(city, '停'))
    expect(there < rows, 'it came to its end before the cancel')
    time.sleep(0.3)
    expect_same(len(results(city, '停')), there, 'results after the cancel')
    expect_same(look(client, job)['job']['done'], there, 'progress after the cancel')
    client.act('job', job, 'resume').wants(200)
    found = until(client, job, ended, 'taken up again')
    expect_same([found['state'], found['fields']['added']], ['done', rows], 'taken up again')
    expect_same(len(set(results(city, '停'))), rows, 'results')
    client.close()


def membership_ended(city, rows):
    client, admin = proof.Client(city, 'researcher'), proof.Client(city, 'operator')
    path = write(city, '离.csv', [HEAD, *(row(n, '离') for n in range(rows))])
    job = send(client, path)
    until(client, job, lambda found: found['job']['done'] > 0, 'it begins')
    mine = client.get('/api/v1/sessions').wants(200).json['membership']
    admin.act('membership', mine, 'end', valid_to='2020-01-01').wants(200)
    found = until(admin, job, ended, 'the membership ended')
    expect_same(found['state'], 'failed', 'the job')
    expect(found['fields']['reason'], 'there is no reason')
    there = len(results(city, '离'))
    expect(0 < there < rows, f'{there} of {rows} came in')
    expect_same(found['fields']['added'], there, 'what the job says came in')
    expect('refusals' not in found['job'] and 'errors' not in found['job'], 'an operator is told what another sent')
    client.close()
    admin.close()


def full_disk(city, rows):
    """The limit on the size of a file stands for a disk that is full."""
    path = write(city, '满.csv', [HEAD, *(row(n, '满') for n in range(rows))])
    size = (city.path / 'city.db').stat().st_size
    words = [*proof.program(), 'import', str(city.path), 'result', str(path), '--as', 'researcher', '--lang', 'en']

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300_000, size + 300_000))
    said = subprocess.run(words, capture_output=True, text=True, preexec_fn=small)
    expect(said.returncode != 0, f'it came in on a full disk: {said.stdout}')
    there = len(results(city, '满'))
    expect(there < rows, f'{there} came in')
    job = ask(city, "SELECT id FROM r_job WHERE state IN ('waiting', 'running')")
    found = imported(city, path, *(['--resume', job[0][0]] if job else []))
    expect_same(found['state'], 'done', 'with room again')
    expect_same(len(set(results(city, '满'))), rows, 'results')


def main(rows, seed):
    rng = random.Random(seed)
    cases = proof.Cases()
    print(f'# {rows} rows, seed {seed}', flush=True)
    with proof.own_city() as city:
        with cases(f'{rows - 3} of {rows} rows go in, three come back with reasons'):
            back = three_bad_rows(city, rows)
        with cases('what came back goes in when it is mended'):
            mended(city, back, rows)
        with cases('export, edit five cells, import: five rows changed, five events'):
            edited(city, city.scratch / 'out.csv')
        with cases('on a full disk it stops, and goes on when there is room'):
            full_disk(city, min(rows, 3000))
        with cases('two files at once both come in, in turns'):
            city.start()
            two_at_once(city, min(rows, 20000))
        with cases('whoever begins many jobs holds up nobody but themself'):
            many_of_one(city, min(rows, 20000))
        with cases('a cancel stops it, a resume goes on'):
            cancelled(city, min(rows, 20000))
        with cases('with the membership ends the job'):
            membership_ended(city, min(rows, 20000))
        with cases('the tables are what the events make'):
            city.stop()
            before = proof.dump(city)
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), before, 'rebuilt')
    with proof.own_city() as city:
        with cases('killed at random points and taken up again: the same end state'):
            path = write(city, 'killed.csv', [HEAD, *(row(number) for number in range(rows))])
            kills, found = killed(city, path, rng, rows)
            expect(kills > 0, 'it was never killed')
            expect_same([found['added'], found['refused']], [rows, 0], 'counts')
            whole = [tuple(int(cell) if at == 6 else cell for at, cell in enumerate(row(n))) + ('draft', 1) for n in range(rows)]
            expect(results(city) == whole, 'the results are not the rows of the file')
            proof.expect_whole_events(city)
    return cases.end()


if __name__ == '__main__':
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS, int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)))
