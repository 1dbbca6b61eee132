#!/usr/bin/env python3
"""A round of screening from its call to its list: the draw that anybody can repeat, blind reviews without conflicts, weighted scores,
a list that does not change. Repeated by `./dev test screening_test`."""
import datetime
import json
import pathlib
import statistics
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'docs/examples'))

import proof
from proof import expect, expect_same
from worlds import worlds

CITY_TIME = datetime.timezone(datetime.timedelta(hours=8))

CRITERIA = [{'criterion': '技术创新', 'weight': 40}, {'criterion': '市场前景', 'weight': 35}, {'criterion': '团队', 'weight': 25}]
SEATS = [{'group': 'academia', 'places': 2}, {'group': 'industry', 'places': 2}, {'group': 'investment', 'places': 1}]


class Round:
    """A demo city with nine experts on the roster, and a round of the university."""

    def __init__(self, city):
        self.city = city
        self.sign_in()
        with proof.database(city) as db:
            self.people = dict(db.execute('SELECT c.login, c.person FROM credential c'))
            self.employers = dict(db.execute('SELECT c.login, m.organisation FROM credential c JOIN r_membership m ON m.person = c.person'))
        self.logins = ['expert'] + [f'expert{i}' for i in range(2, 10)]
        roster = {one['fields']['person']: one['id'] for one in self.officer.all('expert')}
        self.experts = {login: roster[self.people[login]] for login in self.logins}
        self.now = datetime.datetime.now(datetime.timezone.utc)
        self.today = datetime.date.fromisoformat(proof.city_day())

    def sign_in(self):
        self.author, self.office, self.manager, self.officer, self.operator = (
            proof.Client(self.city, each) for each in ('researcher', 'institution', 'manager', 'officer', 'operator'))

    def ahead(self, **by):
        """The city's clock goes forward; sessions end meanwhile."""
        self.now += datetime.timedelta(**by)
        proof.Client(self.city).request('POST', '/api/v1/test-clock', {'now': self.now.strftime('%Y-%m-%dT%H:%M:%SZ')}).wants(200)
        self.sign_in()

    def day(self, days):
        return str(self.today + datetime.timedelta(days))

    def result(self, title, **fields):
        one = self.author.create('result', title=title, discipline='材料', abstract=f'{title}的做法', inventors='沈一鸣', disclosure='secret',
                                 **fields).wants(201).json['id']
        self.author.act('result', one, 'submit').wants(200)
        return one

    def begin(self, client=None, **fields):
        given = {'title': '2026 年第一轮', 'criteria': CRITERIA, 'places': 2, 'opens_on': str(self.today), 'seats': SEATS,
                 'closes_on': str(self.today), 'reviews_by': self.day(14), 'seed_source': '当日收盘指数', **fields}
        return (client or self.office).create('screening_round', **given).wants(201).json['id']

    def of(self, record, type_='screening_round', client=None):
        return (client or self.office).get(f'/api/v1/records/{type_}/{record}').wants(200).json


def told(client, record=None):
    """The steps that the notices tell of, of one record or of all."""
    items = client.get('/api/v1/notices').wants(200).json['items']
    return [each['action'] for each in items if record in (None, each['record']['id'])]


def is_told(client, action, record=None):
    proof.until(lambda: told(client, record), lambda steps: action in steps, f'a notice of {action}')


def asked(client):
    """What the desk asks: {the record: the step}, and whether a record is to be made."""
    items = client.get('/api/v1/desk').wants(200).json['mine']['items']
    return {item['record']['id']: (item['step'].get('type', ''), item['step']['name']) for item in items}


def samples(r):
    """The demo's own panels are blind, too: what its reviewers open names nobody else and no other house."""
    with proof.database(r.city) as db:
        names = [name for kind in ('person', 'organisation') for (name,) in db.execute(f'SELECT name FROM r_{kind}')]
        names += [name for (row,) in db.execute('SELECT inventors FROM r_result') for name in (row or '').split('；') if name]
        own = {login: {name, house} for login, name, house in db.execute(
            'SELECT c.login, p.name, o.name FROM credential c JOIN r_person p ON p.id = c.person JOIN r_membership m ON m.person = p.id '
            'JOIN r_organisation o ON o.id = m.organisation')}
    opened = 0
    for login in r.logins:
        client = proof.Client(r.city, login)
        for review in client.all('review'):
            for type_, record in (('review', review['id']), *((name, review['fields'].get(name)) for name in ('result', 'screening_round'))):
                if not isinstance(record, str):
                    continue
                opened += 1
                for path in (f'/{type_}/{record}', f'/api/v1/records/{type_}/{record}/events'):
                    text = client.get(path).wants(200).text
                    told = [name for name in names if name in text and name not in own[login]]
                    expect(not told, f'{login}: {path} names {told}')
    expect(opened > 20, f'only {opened} were opened')


def calls(r):
    """What a call needs, and what may be entered."""
    for wrong, what in (({'criteria': [{**CRITERIA[0], 'weight': 39}, *CRITERIA[1:]]}, '100'),
                        ({'criteria': [*CRITERIA[:2], {'weight': 25}]}, '每条准则')):
        one = r.begin(**wrong)
        expect(what in r.office.act('screening_round', one, 'open').wants(409).text, what)
    r.office.create('screening_round', title='x', opens_on='2026-05-02', closes_on='2026-05-01').wants(422)
    r.one = r.begin()
    early = r.result('早到的成果')
    r.author.act('result', early, 'enter', screening_round=r.one).wants(422)     # nobody outside sees a draft
    r.office.act('screening_round', r.one, 'open').wants(200)
    longer = r.begin(closes_on=r.day(9), reviews_by=r.day(20))
    r.office.act('screening_round', longer, 'open').wants(200)
    expect('已到截止日' in r.office.act('screening_round', longer, 'close').wants(409).text, 'a call is not cut short')
    r.office.act('screening_round', longer, 'reseat', seats=SEATS[:1]).wants(200)
    r.office.act('screening_round', longer, 'cancel').wants(422)
    r.office.act('screening_round', longer, 'cancel', cancel_reason='另设').wants(200)
    r.office.edit('screening_round', r.one, 2, title='改名').wants(409)
    past = r.begin(closes_on=str(r.today - datetime.timedelta(1)), opens_on=str(r.today - datetime.timedelta(9)))
    r.office.act('screening_round', past, 'open').wants(200)
    expect('征集期内' in r.author.act('result', early, 'enter', screening_round=past).wants(409).text, 'after the call')
    r.results = [early] + [r.result(f'成果 {number}') for number in range(2, 5)]
    r.mine = r.result('有专家参与的成果', inventor_people=[r.people['expert2']])
    expect(f'value="{r.one}"' in r.author.get(f'/result/{r.mine}/enter').wants(200).text, 'the form offers a round that is open')
    for one in r.results + [r.mine]:
        r.author.act('result', one, 'enter', screening_round=r.one).wants(200)
    r.office.act('screening_round', r.one, 'draw', seed='x').wants(409)


def draws(r):
    many = r.begin(seats=[{'group': group, 'places': 9} for group in ('academia', 'industry', 'investment')])
    r.office.act('screening_round', many, 'open').wants(200)
    few = r.office.act('screening_round', many, 'close').wants(409)
    expect_same([error['code'] for error in few.json['errors']], ['screening.few'] * 3, few.text)
    proof.Client(r.city, 'expert9').create('conflict', organisation=r.employers['institution'], kind='interest').wants(201)
    both = r.operator.create('membership', person=r.people['expert4'], organisation=r.employers['institution'], role='researcher',
                             valid_from=str(r.today)).wants(201).json['id']
    spare = r.begin(seats=SEATS[:2])
    for action in ('open', 'close'):
        r.office.act('screening_round', spare, action).wants(200)
    expect(r.experts['expert4'] not in r.of(spare)['fields']['pool'], 'who acts for the institution, too, takes no part')
    r.operator.act('membership', both, 'end', valid_to=str(r.today)).wants(200)
    r.office.act('screening_round', r.one, 'close').wants(200)
    fixed = r.of(r.one)['fields']['pool']
    expect_same(len(fixed.splitlines()), 8, 'with a conflict one takes no part')
    expect(r.experts['expert9'] not in fixed, fixed)
    r.author.act('result', r.result('迟到'), 'enter', screening_round=r.one).wants(409)
    r.office.act('screening_round', r.one, 'draw').wants(422)
    for login in ('expert2', 'expert3'):                         # whoever leaves the roster now is drawn all the same
        r.officer.act('expert', r.experts[login], 'suspend').wants(200)
    r.office.act('screening_round', r.one, 'draw', seed='3312.45').wants(200)
    for login in ('expert2', 'expert3'):
        r.officer.act('expert', r.experts[login], 'resume').wants(200)
    found = r.of(r.one)
    fields = found['fields']
    expect_same(fields['pool'], fixed, 'the pool')
    expect_same([row['group'] for row in fields['drawn']], ['academia'] * 2 + ['industry'] * 2 + ['investment'], 'groups')
    script = str(proof.ROOT / 'docs/examples/redraw.py')
    for client in (r.office, r.author, proof.Client(r.city, 'society')):     # anybody who sees the round can draw again
        fields = r.of(r.one, client=client)['fields']
        def draw_again(**change):
            return subprocess.run([sys.executable, script], input=json.dumps({'fields': {**fields, **change}}), text=True, capture_output=True).returncode
        expect_same([draw_again(), draw_again(drawn=fields['drawn'][::-1][:4])], [0, 1], 'as it was, and another panel')
        others = [draw_again(seed=f'3312.{cents}') for cents in range(46, 58)]      # one seed in 72 draws the same five
        expect(sum(others) > 6, f'other seeds draw others: {others}')
    expect('panel' not in r.of(r.one, client=r.author)['fields'], 'who they are is not told')
    persons = {expert: r.people[login] for login, expert in r.experts.items()}
    panel = r.of(r.one)['fields']['panel']
    expect_same([persons[row['expert']] for row in fields['drawn']], panel, 'the panel is who was drawn')
    r.office.act('screening_round', r.one, 'draw', seed='again').wants(409)
    r.panel = [login for login in r.logins if r.people[login] in panel]
    r.off = [login for login in r.logins if login not in r.panel]
    for login in r.panel:
        is_told(proof.Client(r.city, login), 'draw')


def reminded(r):
    """Three days before reviews are due the panel hears of it, once; nobody else does; until then scores are not frozen."""
    expect('每件成果' in r.office.act('screening_round', r.one, 'freeze').wants(409).text, 'results without a review')
    expect('拟定清单' not in r.office.get(f'/screening_round/{r.one}').wants(200).text, 'a list is offered before the scores are frozen')
    clock, = r.of(r.one)['clocks']
    expect_same((clock['name'], clock['due']), ('review_time', r.day(14)), 'a reminder is no limit')
    r.ahead(seconds=(datetime.datetime.combine(r.today + datetime.timedelta(11), datetime.time(8, 1), CITY_TIME) - r.now).total_seconds())
    for login in r.panel:
        is_told(proof.Client(r.city, login), 'remind', r.one)
    for login in r.off:
        expect('remind' not in told(proof.Client(r.city, login), r.one), login)
    events = [each['action'] for each in r.office.get(f'/api/v1/records/screening_round/{r.one}/events').wants(200).json['items']]
    expect_same(events.count('remind'), 1, events)


CLOCK = ['review_time_days', 'review_time_due', 'review_time_from']


def total(scores):
    return sum(Decimal(score * criterion['weight']) for score, criterion in zip(scores, CRITERIA)) / 100


def nobody_named(r, client, paths):
    """No page, export, list or document of the result tells whose it is."""
    names = ['沈一鸣', '临港理工', r.employers['institution'], r.people['researcher']]
    for path in paths:
        for lang in ('zh', 'en'):
            reply = client.request('GET', path, headers={'Accept-Language': lang})
            expect_same(reply.status, 200, path)
            expect(not any(name in reply.text for name in names if name), f'{path} names somebody')
        expect(not any(name in str(dict(reply.headers)) for name in names), f'a header of {path} names somebody')


def blind(r):
    """Who is on the panel sees what is judged and not whose it is; others see nothing at all."""
    client = proof.Client(r.city, r.panel[0])
    one = r.results[0]
    fields = r.of(one, 'result', client)['fields']
    expect('的做法' in fields['abstract'] and 'inventors' not in fields and 'contact' not in fields, fields)
    found = r.of(one, 'result', client)
    expect('owner' not in found or found['owner'] in (None, {'hidden': True}), found.get('owner'))
    nobody_named(r, client, [f'/api/v1/records/result/{one}', f'/api/v1/records/result/{one}/events', '/api/v1/records/result',
                             '/api/v1/records/result/export', '/api/v1/records/result/export?format=csv', f'/screening_round/{r.one}',
                             f'/api/v1/records/screening_round/{r.one}'])
    page = client.get(f'/result/{one}').wants(200).text
    expect('临港理工' not in page and r.employers['institution'] not in page, 'the page names the owner')
    for login in (*r.off, 'enterprise', 'society'):
        other = proof.Client(r.city, login)
        for path in ('/api/v1/records/result', '/result', '/api/v1/records/review'):
            other.expect_unseen(path, one)


def employer(r, client, login):
    """Whom the roster says one works for decides, too; so one does not say it oneself."""
    entry = r.of(r.experts[login], 'expert', r.officer)
    before = entry['fields']['organisation']
    client.edit('expert', entry['id'], entry['version'], organisation=r.employers['fund']).wants(403)
    client.act('expert', entry['id'], 'describe', organisation=r.employers['fund']).wants(422)
    client.act('expert', entry['id'], 'describe', field_of_work='固态电池').wants(200)
    moved = r.officer.edit('expert', entry['id'], entry['version'] + 1, organisation=r.employers['institution']).wants(200).json
    expect_same(client.get(f'/api/v1/records/result/{r.results[0]}').status, 404, 'whose roster entry names the institution')
    expect(not asked(client).keys() & {*r.results, r.mine}, 'and nothing waits for them')
    client.create('review', result=r.results[0]).wants(422)
    r.officer.edit('expert', entry['id'], moved['version'], organisation=before).wants(200)
    client.get(f'/api/v1/records/result/{r.results[0]}').wants(200)


def conflicts(r):
    """Co-inventors, employees and who declares an interest see nothing of the case, and review nothing."""
    client = proof.Client(r.city, r.panel[1])
    client.create('conflict', result=r.results[1], kind='kin').wants(201)
    expect_same(client.get(f'/api/v1/records/result/{r.results[1]}').status, 404, 'declared: unseen')
    client.create('review', result=r.results[1]).wants(422)
    client.create('conflict', kind='kin').wants(422)
    expect_same(client.create('conflict', person=r.people[r.panel[0]], result=r.results[0], kind='kin').status, 422, "another's conflict")
    with proof.database(r.city) as db:                           # whether or not the lot fell on who has a part in it
        panel = db.execute('SELECT panel FROM r_screening_round WHERE id = ?', (r.one,)).fetchone()[0]
    if r.people['expert2'] in panel:
        inventor = proof.Client(r.city, 'expert2')
        expect_same(inventor.get(f'/api/v1/records/result/{r.mine}').status, 404, 'an inventor')
    client = proof.Client(r.city, r.panel[2])                    # of another house, and of this one as well: as whichever one acts
    client.get(f'/api/v1/records/result/{r.results[0]}').wants(200)
    both = r.operator.create('membership', person=r.people[r.panel[2]], organisation=r.employers['institution'], role='researcher',
                             valid_from=str(r.today)).wants(201).json['id']
    expect_same(client.get(f'/api/v1/records/result/{r.results[0]}').status, 404, 'one of the institution itself')
    expect(not asked(client).keys() & {*r.results, r.mine}, 'and nothing waits for them')
    client.create('review', result=r.results[0]).wants(422)
    r.operator.act('membership', both, 'end', valid_to=str(r.today)).wants(200)
    client.get(f'/api/v1/records/result/{r.results[0]}').wants(200)
    employer(r, client, r.panel[2])
    for login in r.off[:2]:
        proof.Client(r.city, login).create('review', result=r.results[0]).wants(422)
    proof.Client(r.city, r.panel[0]).create('conflict', organisation=r.employers['institution'], kind='interest').wants(201)
    expect_same(proof.Client(r.city, r.panel[0]).all('result', filter="state = 'screening'"), [], 'of an organisation: all of its results')
    r.apart = {r.people['expert9'], r.people[r.panel[0]]}        # with an interest in the institution
    r.panel = r.panel[1:]


def reviews(r):
    r.scores = {}
    for number, login in enumerate(r.panel):
        client = proof.Client(r.city, login)
        shown = {one['id'] for one in client.all('result', filter="state = 'screening'")} & {*r.results, r.mine}
        expect_same({one: step for one, step in asked(client).items() if one in (*r.results, r.mine)},
                    {one: ('review', 'create') for one in shown}, 'the desk of who is on the panel')
        for at, one in enumerate(r.results + [r.mine]):
            if client.get(f'/api/v1/records/result/{one}').status == 404:
                continue
            review = client.create('review', result=one).wants(201).json
            expect_same([(row['criterion'], row['weight'], row.get('score')) for row in review['fields']['scores']],
                        [(c['criterion'], c['weight'], None) for c in CRITERIA], 'the sheet of the round')
            client.create('review', result=one).wants(409)
            begun = r.of(review['id'], 'review')                 # the office sees that it is being written, and no more
            expect_same((begun['state'], sorted(begun['fields'])), ('asked', ['disclosure', 'result', *CLOCK, 'screening_round']), 'begun')
            form = client.get(f'/review/{review["id"]}/submit').wants(200).text
            expect(all(f'aria-label="{c["criterion"]}：分数"' in form for c in CRITERIA), 'each score is called by its criterion')
            if not r.scores:
                expect('每件成果' in r.office.act('screening_round', r.one, 'freeze').wants(409).text, 'none is reviewed')
            expect_same(asked(client).get(one), None, 'begun')
            expect_same(asked(client)[review['id']], ('', 'submit'), 'to be handed in')
            given = [70 + 3 * at + number, 60 + 5 * at, 88 - 7 * number]
            rows = [{'criterion': c['criterion'], 'weight': 99, 'score': score} for c, score in zip(CRITERIA, given)]
            if at == 0 and number == 0:
                bad = [(rows[:2] + [{**rows[2], 'score': 101}], 422), (rows[:2] + [{'criterion': '外观', 'score': 5}], 422),
                       (rows + [rows[0]], 422), (rows[:2], 409)]
                for wrong, status in bad:
                    client.act('review', review['id'], 'submit', scores=wrong, remark='x').wants(status)
                r.officer.act('expert', r.experts[login], 'suspend').wants(200)
                suspended = client.act('review', review['id'], 'submit', scores=rows, remark='x').wants(409)
                expect('没有被暂停' in suspended.text, suspended.text)
                r.officer.act('expert', r.experts[login], 'resume').wants(200)
            done = client.act('review', review['id'], 'submit', scores=rows[::-1], remark='可行').wants(200).json
            expect_same((done['fields']['total'], [row['weight'] for row in done['fields']['scores']]),
                        (f'{total(given):.2f}', [40, 35, 25]), 'weights are those of the round')
            r.scores.setdefault(one, []).append(total(given))
            client.edit('review', review['id'], done['version'], remark='改').wants(409)
    seen = r.office.all('review', filter=f"state = 'submitted' and screening_round = '{r.one}'")
    expect_same(len(seen), sum(map(len, r.scores.values())), 'the office sees what was said')
    expect(all(not {'reviewer', 'total', 'scores', 'remark'} & each['fields'].keys() for each in seen), 'that it was said, not what, nor by whom')
    seen = r.officer.all('review', filter=f"state = 'submitted' and screening_round = '{r.one}'")
    expect(all('reviewer' in each['fields'] and not {'total', 'scores', 'remark'} & each['fields'].keys() for each in seen),
           'an officer, who can take one out, sees whose it is, and not what it says')
    expect_same(r.officer.all('review', filter=f"total > 0 and screening_round = '{r.one}'"), [], 'and finds nothing out by filtering')
    late = proof.Client(r.city, r.panel[-1]).all('review', filter=f"state = 'submitted' and result = '{r.results[-1]}'")[0]
    r.office.act('review', late['id'], 'recuse', recusal_reason='x').wants(403)
    r.officer.act('review', late['id'], 'recuse', recusal_reason='事后得知有利益关系').wants(200)
    is_told(proof.Client(r.city, r.panel[-1]), 'recuse', late['id'])
    given = r.scores[r.results[-1]]
    given.remove(next(one for one in given if f'{one:.2f}' == late['fields']['total']))
    for login in (*r.panel, *r.off):
        expect(not asked(proof.Client(r.city, login)).keys() & {*r.results, r.mine}, f'{login} has reviewed all')
    for login in r.panel:                                        # nobody sees another's review
        mine = proof.Client(r.city, login).all('review')
        expect(all(each['fields']['reviewer'] == r.people[login] for each in mine), login)


def firm(r, list_):
    """How firm each place is, worked out again by the script that shares nothing with the program."""
    order = sorted(r.scores, key=lambda one: (-statistics.mean(r.scores[one]), statistics.stdev(r.scores[one]), one))
    sheets = {one: [] for one in order}
    for review in sorted(r.office.all('review', filter=f"state = 'submitted' and screening_round = '{r.one}'"), key=lambda each: each['id']):
        sheets[review['fields']['result']].append([row['score'] for row in review['fields']['scores']])
    count = list_['fields']['worlds']
    found = worlds([c['weight'] for c in CRITERIA], [sheets[one] for one in order], 20, count, '3312.45', [2])
    shares = [str((Decimal(100 * within) / count).quantize(Decimal('0.1'), ROUND_HALF_UP)) for within, _ in found]
    expect_same(([row['acceptability'] for row in list_['fields']['items']], count), (shares[:2], 4000), 'rank acceptability')
    expect(shares[0] != shares[-1], f'all alike: {shares}')
    script = subprocess.run([sys.executable, str(proof.ROOT / 'docs/examples/worlds.py'), f'http://{r.city.address[0]}:{r.city.address[1]}',
                             'institution', proof.PASSWORD, list_['id']], capture_output=True, text=True, check=False)
    expect_same((script.returncode, 'the same' in script.stdout), (0, True), script.stdout + script.stderr)


def kept(r, list_, rule):
    """What the list rests on is kept: for who knows the reviewers, and for nobody whose round it is; without saying who they are."""
    found = [one for one in r.officer.all('computation') if one['fields'].get('seed_list') == list_]
    expect_same(len(found), 1, 'computations of the list')
    one = r.officer.get(f'/api/v1/records/computation/{found[0]["id"]}').wants(200).json
    held, told = json.loads(one['fields']['input']), json.loads(one['fields']['result'])
    expect_same((one['fields']['engine'], one['computation']['same'], held['aggregation']), ('screening', True, rule), 'the computation')
    names = [*r.people.values(), *r.experts.values()]
    expect(not [name for name in names if name in one['fields']['input'] + one['fields']['result']], 'it says who judged')
    script = subprocess.run([sys.executable, str(proof.ROOT / 'docs/examples/severity.py')], input=json.dumps(one), text=True, capture_output=True)
    expect_same((script.returncode, 'the same' in script.stdout), (0, True), script.stdout + script.stderr)
    changed = {**one, 'fields': {**one['fields'], 'input': json.dumps({**held, 'sheets': held['sheets'][1:] + [[*held['sheets'][0][:2], 0,
                                                                                                               *held['sheets'][0][3:]]]})}}
    script = subprocess.run([sys.executable, str(proof.ROOT / 'docs/examples/severity.py')], input=json.dumps(changed), text=True, capture_output=True)
    expect_same(script.returncode, 1, 'another input')
    for client in (r.office, r.manager, r.author, proof.Client(r.city, r.panel[0])):
        client.expect_unseen('/api/v1/records/computation', one['id'])
        client.get(f'/api/v1/records/computation/{one["id"]}').wants(404)
    return held, told


def lists(r):
    r.office.create('seed_list', title='清单', screening_round=r.one).wants(409)
    r.office.act('screening_round', r.one, 'freeze').wants(200)
    expect('拟定清单' in r.office.get(f'/screening_round/{r.one}').wants(200).text, 'now it is offered')
    said = r.office.all('review', filter=f"state = 'submitted' and screening_round = '{r.one}'")
    expect(said and all('total' in each['fields'] and 'reviewer' not in each['fields'] for each in said), 'what was said, and not by whom')
    expect_same(asked(r.office).get(r.one), ('seed_list', 'create'), 'the list waits to be drawn up')
    first = r.office.create('seed_list', title='首批种子清单', screening_round=r.one, notice='向市科委提出').wants(201).json
    wanted = sorted(r.scores, key=lambda one: (-statistics.mean(r.scores[one]), statistics.stdev(r.scores[one]), one))[:2]
    cent = Decimal('0.01')
    expect_same([(row['place'], row['result'], row['reviews'], row['mean'], row['spread']) for row in first['fields']['items']],
                [(place, one, len(r.scores[one]), str(Decimal(statistics.mean(r.scores[one])).quantize(cent, ROUND_HALF_UP)),
                  str(Decimal(statistics.stdev(r.scores[one])).quantize(cent, ROUND_HALF_UP))) for place, one in enumerate(wanted, 1)], 'the list')
    firm(r, first)
    expect_same((first['fields']['ranked_by'], {'ranked_score', 'error'} & set(first['fields']['items'][0])), ('mean', set()), 'by the mean')
    told = kept(r, first['id'], 'mean')[1]
    expect_same((told['components'], len(told['judges'])), (1, len(r.panel)), 'severities of all')
    r.office.edit('seed_list', first['id'], 1, items=[]).wants(422)
    expect('拟定清单的人不得公示' in r.office.act('seed_list', first['id'], 'publish').wants(409).text, 'four eyes')
    published = r.manager.act('seed_list', first['id'], 'publish').wants(200).json
    expect(published['number'].startswith('SEED-'), published['number'])
    expect_same([r.of(one, 'result')['state'] for one in wanted], ['seed', 'seed'], 'the results are seeds')
    gone = r.office.act('result', wanted[0], 'leave', left_on=r.day(0), return_reason='x').wants(409).text
    expect('所在的清单不在公示中' in gone, 'a result does not leave a list that can still fall, which could then neither be confirmed nor withdrawn')
    expect_same(r.of(r.one)['state'], 'listed', 'the round')
    second = r.office.create('seed_list', title='又一份', screening_round=r.one, notice='x')
    second.wants(409)
    for client in (r.office, r.manager, r.officer):
        expect(client.edit('seed_list', first['id'], published['version'], title='改').status in (403, 409), 'a published list is edited')
    outside = proof.Client(r.city, 'enterprise')
    seen = outside.get(f'/api/v1/records/seed_list/{first["id"]}').wants(200).json
    expect_same([row['result'] for row in seen['fields']['items']], [{'hidden': True}] * 2, 'secret results on a public list')
    mine = outside.create('objection', seed_list=first['id'], reason='与我司专利相同').wants(201).json['id']
    step = next(one['step'] for one in r.officer.get('/api/v1/desk').wants(200).json['mine']['items'] if one['record']['id'] == mine)
    expect_same((step['name'], step['or']), ('uphold', ['认定不成立']), 'the desk does not decide for whom it asks')
    texts = r.office.act('seed_list', first['id'], 'confirm').wants(409).text
    expect('异议期已过' in texts and '没有未处理的异议' in texts, texts)
    expect('拟定清单的人' in r.office.act('objection', mine, 'dismiss', decision='x').wants(409).text, 'another decides')
    r.office.lang = 'en'
    expect('seed list registered by “' in r.office.act('objection', mine, 'dismiss', decision='x').wants(409).text, 'in English')
    r.office.lang = 'zh'
    r.officer.act('objection', mine, 'dismiss', decision='不同的技术路线').wants(200)
    is_told(outside, 'dismiss')
    expect('清单已生效' in r.office.act('screening_round', r.one, 'finish').wants(409).text, 'a list that can still fall')
    upheld = outside.create('objection', seed_list=first['id'], reason='同一件报了两次').wants(201).json['id']
    r.officer.act('objection', upheld, 'uphold', decision='属实').wants(200)
    r.ahead(days=30)
    desk = r.office.get('/api/v1/desk').wants(200).json
    expect(first['id'] not in [item['record']['id'] for item in desk['late']['items']], 'time that others had to object is nobody late by')
    expect('已届满' in r.office.get(f'/seed_list/{first["id"]}').wants(200).text, 'it is over')
    expect('没有成立的异议' in r.office.act('seed_list', first['id'], 'confirm').wants(409).text, 'a list that was found wrong is not made final')
    r.office.act('seed_list', first['id'], 'withdraw').wants(200)
    drafts = [r.office.create('seed_list', title=title, screening_round=r.one, notice='x').wants(201).json['id'] for title in ('重拟', '多拟的')]
    r.manager.act('seed_list', drafts[0], 'publish').wants(200)
    expect('还没有公示过清单' in r.manager.act('seed_list', drafts[1], 'publish').wants(409).text, 'one list of a round')
    r.office.act('seed_list', drafts[1], 'discard').wants(200)
    expect(drafts[1] not in r.manager.get('/api/v1/desk').wants(200).text, 'a draft that is not needed waits for nobody')
    expect_same(proof.Client(r.city, 'enterprise').get(f'/api/v1/records/seed_list/{drafts[1]}').status, 404, 'nor does anybody outside see it')
    r.ahead(days=30)
    r.office.act('seed_list', drafts[0], 'confirm').wants(200)
    r.office.act('screening_round', r.one, 'finish').wants(200)
    left = [one for one in r.scores if one not in wanted]
    expect_same({r.of(one, 'result')['state'] for one in left}, {'pool'}, 'the others are back in the pool')
    expect(r.one not in r.author.get(f'/result/{left[0]}/enter').wants(200).text, 'the form offers no round that takes nothing')


def city_list(r):
    """The city's list is drawn from the seeds of the institutions; what is not on it stays a seed."""
    today = r.office.get('/api/v1/desk').wants(200).json['today']
    seeds = [one for one in r.results if r.of(one, 'result')['state'] == 'seed']
    expect_same(r.of(seeds[0], 'result')['fields']['seeded_on'], today, 'a seed since its list is final')
    own, whole = (r.begin(client=client, city_wide=wide, closes_on=r.day(400), reviews_by=r.day(420))
                  for client, wide in ((r.office, False), (r.officer, True)))
    r.office.act('screening_round', own, 'open').wants(200)
    r.officer.act('screening_round', whole, 'open').wants(200)
    expect('送的是全市征集' in r.author.act('result', seeds[0], 'enter', screening_round=own).wants(409).text, 'a seed is not screened again at home')
    r.author.act('result', seeds[0], 'enter', screening_round=whole).wants(200)
    pooled = next(one for one in r.results if r.of(one, 'result')['state'] == 'pool')
    r.author.act('result', pooled, 'enter', screening_round=whole).wants(200)
    r.officer.act('screening_round', whole, 'cancel', cancel_reason='并入下一轮').wants(200)
    expect_same((r.of(seeds[0], 'result')['state'], r.of(pooled, 'result')['state']), ('seed', 'pool'), 'each is what it was')
    expect('退出日期是今天' in r.office.act('result', seeds[0], 'leave', left_on=r.day(-1), return_reason='x').wants(409).text, 'not before today')
    r.office.act('result', seeds[0], 'leave', left_on=today, return_reason='改走产业合作').wants(200)
    expect_same(r.of(seeds[0], 'result')['state'], 'pool', 'left')
    on_a_list_again(r, seeds[0], today)


def on_a_list_again(r, one, today):
    """What was a seed before and left does not count as one while its new list can still fall."""
    later = str(datetime.date.fromisoformat(today) + datetime.timedelta(40))
    days = {'opens_on': today, 'closes_on': today, 'reviews_by': later}
    again = r.begin(places=1, seats=[{'group': 'industry', 'places': 1}], **days)
    whole = r.begin(client=r.officer, city_wide=True, opens_on=today, closes_on=later,
                    reviews_by=str(datetime.date.fromisoformat(later) + datetime.timedelta(9)))
    r.office.act('screening_round', again, 'open').wants(200)
    r.officer.act('screening_round', whole, 'open').wants(200)
    r.author.act('result', one, 'enter', screening_round=again).wants(200)
    r.office.act('screening_round', again, 'close').wants(200)
    r.office.act('screening_round', again, 'draw', seed='1').wants(200)
    panel = r.of(again)['fields']['panel']
    expert = proof.Client(r.city, next(login for login in r.logins if r.people[login] in panel))
    expect('每件成果' in r.office.act('screening_round', again, 'freeze').wants(409).text, 'reviews of the round before do not count')
    review = expert.create('review', result=one).wants(201).json
    rows = [{**row, 'score': 90} for row in review['fields']['scores']]
    expert.act('review', review['id'], 'submit', scores=rows, remark='可行').wants(200)
    r.office.act('screening_round', again, 'freeze').wants(200)
    list_ = r.office.create('seed_list', title='再次列入', screening_round=again, notice='x').wants(201).json['id']
    r.manager.act('seed_list', list_, 'publish').wants(200)
    for step, given in (('leave', {'left_on': today, 'return_reason': 'x'}), ('enter', {'screening_round': whole})):
        refused = r.office.act('result', one, step, **given).wants(409)
        expect('要求：所在的清单不在公示中' in refused.text, refused.text)
    r.ahead(days=30)
    r.office.act('seed_list', list_, 'confirm').wants(200)
    r.author.act('result', one, 'enter', screening_round=whole).wants(200)
    r.officer.act('screening_round', whole, 'cancel', cancel_reason='x').wants(200)
    expect_same(r.of(one, 'result')['state'], 'seed', 'a seed of the second list')


SEVERITY = (12, 0, -9, 4, -6, 2, 8)        # points that each reviewer leaves out


def judged(r, rule, seats, left_out):
    """A round of the university by this rule, up to its list. left_out(reviewer, result): who reviews what not."""
    round_ = r.begin(title=f'按{rule}', aggregation=rule, seats=seats, reviews_by=r.day(500), closes_on=r.today_then, opens_on=r.today_then)
    r.office.act('screening_round', round_, 'open').wants(200)
    results = [r.result(f'{rule} {number}') for number in range(8)]
    for one in results:
        r.author.act('result', one, 'enter', screening_round=round_).wants(200)
    r.office.act('screening_round', round_, 'close').wants(200)
    r.office.act('screening_round', round_, 'draw', seed='2987.10').wants(200)
    panel = r.of(round_)['fields']['panel']
    logins = [login for login in r.logins if r.people[login] in panel]
    for number, login in enumerate(logins):
        client = proof.Client(r.city, login)
        for at, one in enumerate(results):
            if left_out(number, at):
                continue
            review = client.create('review', result=one).wants(201).json['id']
            rows = [{'criterion': c['criterion'], 'score': 40 + 5 * at - SEVERITY[number] + (7 * number + 3 * at + 5 * n) % 9}
                    for n, c in enumerate(CRITERIA)]
            client.act('review', review, 'submit', scores=rows, remark=f'意见 {at}').wants(200)
    r.office.act('screening_round', round_, 'freeze').wants(200)
    list_ = r.office.create('seed_list', title=f'{rule}清单', screening_round=round_, notice='x').wants(201).json
    r.panel = logins
    return round_, results, list_


def rules(r):
    """Means corrected for severity where that is safe, else the mean, and the list says why; trimmed means and medians."""
    r.today_then = r.office.get('/api/v1/desk').wants(200).json['today']
    free = [expert for expert in r.officer.all('expert', filter="state = 'active'")
            if r.people.get(next((login for login in r.logins if r.experts[login] == expert['id']), '')) not in r.apart]
    wide = [{'group': group, 'places': places} for group in ('academia', 'industry', 'investment')
            if (places := sum(one['fields']['group'] == group for one in free))]
    expect(sum(seat['places'] for seat in wide) >= 5, f'too few experts: {wide}')
    round_, results, list_ = judged(r, 'corrected_mean', wide, lambda number, at: (number + at) % 4 == 0 or (number == 0 and at > 4))
    held, told = kept(r, list_['id'], 'corrected_mean')
    expect_same((list_['fields']['ranked_by'], told['components'], held['judges']), ('corrected_mean', 1, len(r.panel)), 'corrected')
    first = list_['fields']['items'][0]
    expect_same((first['ranked_score'], first['error'], first['mean']), tuple(told['results'][0][name] for name in ('corrected', 'error', 'mean')), 'row')
    expect([one['mean'] for one in told['results']] != [one['corrected'] for one in told['results']], 'nothing was corrected')
    severe = {one['judge']: Decimal(one['severity']) for one in told['judges']}
    expect(max(severe.values()) - min(severe.values()) > 10, f'severities of {severe}')
    computation, = (one for one in r.officer.all('computation') if one['fields'].get('seed_list') == list_['id'])
    for lang, words in (('zh', '评审人的宽严'), ('en', 'Severity of the reviewers')):
        r.officer.lang = lang
        page = r.officer.get(f'/computation/{computation["id"]}').wants(200).text
        expect(words in page and all(one['severity'] in page for one in told['judges']) and
               all(f'{one["corrected"]} ± {one["error"]}' in page for one in told['results']), f'severities on the page: {lang}')
    said = r.office.all('review', filter=f"state = 'submitted' and screening_round = '{round_}'")
    expect(said and all('remark' in one['fields'] and not {'total', 'scores', 'reviewer'} & set(one['fields']) for one in said),
           'the house whose round it is reads what was said, and no scores')
    expect('scores' in r.officer.all('review', filter=f"screening_round = '{round_}'")[0]['fields'], 'the officer does')
    row = r.office.get(f'/seed_list/{list_["id"]}').wants(200).text
    expect('按评审人宽严校正的平均分' in row and first['ranked_score'] in row, 'the page says by what')
    for rule in ('median', 'trimmed_mean'):
        _, _, list_ = judged(r, rule, wide, lambda number, at: number == at)
        kept(r, list_['id'], rule)
        first = list_['fields']['items'][0]
        expect_same((list_['fields']['ranked_by'], 'ranked_score' in first, 'error' in first), (rule, True, False), rule)
    apart = [judged(r, 'corrected_mean', seats, left_out)[2]
             for seats, left_out in ((wide, lambda number, at: (number < 2) != (at < 3)),
                                     ([{**wide[0], 'places': min(2, wide[0]['places'])}], lambda number, at: False))]
    expect_same([one['fields']['ranked_by'] for one in apart], ['mean_unconnected', 'mean_few'], 'where it cannot be, or must not')
    for one in apart:
        expect(not {'ranked_score', 'error'} & set(one['fields']['items'][0]), 'the mean alone')
        kept(r, one['id'], 'corrected_mean')


def late(r):
    """What a reviewer has not begun, and what they have not handed in, has its last day on the desk, and is late after it."""
    today = datetime.date.fromisoformat(r.office.get('/api/v1/desk').wants(200).json['today'])
    due = str(today + datetime.timedelta(5))
    round_ = r.begin(title='逾期', seats=[{'group': 'industry', 'places': 1}], opens_on=str(today), closes_on=str(today), reviews_by=due)
    r.office.act('screening_round', round_, 'open').wants(200)
    results = [r.result(f'逾期 {number}') for number in range(2)]
    for one in results:
        r.author.act('result', one, 'enter', screening_round=round_).wants(200)
    r.office.act('screening_round', round_, 'close').wants(200)
    r.office.act('screening_round', round_, 'draw', seed='3').wants(200)
    login, = (login for login in r.logins if r.people[login] in r.of(round_)['fields']['panel'])

    def limits(pile):
        items = proof.Client(r.city, login).get('/api/v1/desk').wants(200).json[pile]['items']
        return {item['record']['id']: item['limit']['due'] for item in items if item['record']['id'] in (*results, review)}
    review = proof.Client(r.city, login).create('review', result=results[0]).wants(201).json['id']
    expect_same((limits('mine'), limits('late')), ({review: due, results[1]: due}, {}), 'until when')
    r.ahead(days=6)
    expect_same((limits('mine'), limits('late')), ({}, {review: due, results[1]: due}), 'late')
    client = proof.Client(r.city, login)
    other = client.create('review', result=results[1]).wants(201).json
    expect_same((other['clocks'][0]['days_left'], other['clocks'][0]['late']), (-1, True), 'begun late')
    for one in (review, other['id']):
        rows = [{'criterion': c['criterion'], 'score': 70} for c in CRITERIA]
        client.act('review', one, 'submit', scores=rows, remark='可行').wants(200)
    expect_same((limits('mine'), limits('late')), ({}, {}), 'done')
    r.office.act('screening_round', round_, 'freeze').wants(200)
    taken_out(r, round_, results)


def taken_out(r, round_, results):
    """What an upheld objection names is left out of the list that is drawn up again."""
    first = r.office.create('seed_list', title='第一份', screening_round=round_, notice='x').wants(201).json
    expect_same({row['result'] for row in first['fields']['items']}, set(results), 'before')
    r.manager.act('seed_list', first['id'], 'publish').wants(200)
    objection = proof.Client(r.city, 'enterprise').create('objection', seed_list=first['id'], reason='不是首创').wants(201).json['id']
    r.officer.act('objection', objection, 'uphold', decision='属实', result=results[0]).wants(200)
    r.office.act('seed_list', first['id'], 'withdraw').wants(200)
    again = r.office.create('seed_list', title='第二份', screening_round=round_, notice='x').wants(201).json
    expect_same([row['result'] for row in again['fields']['items']], [results[1]], 'after')


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.arguments = ['--test-clock']
        city.start()
        r = Round(city)
        for title, part in (('the reviewers of the demo city find no name but their own', samples),
                            ('a call says what is judged, and takes results in its days alone', calls),
                            ('the panel is drawn by a seed, three groups, without an interest; a script of 20 lines draws the same', draws),
                            ('the panel is reminded three days before, once', reminded),
                            ('the panel is blind; to everybody else the case does not exist', blind),
                            ('with a conflict one sees nothing of the case', conflicts),
                            ('reviews keep to the criteria and weights of the round', reviews),
                            ('the list follows the scores, is published by another, once, and stays', lists),
                            ("the city's list comes from the lists of the institutions", city_list),
                            ('the rule of the round puts scores together, severity out of them where that tells nobody, and is kept', rules),
                            ('reviews have their last day on the desk of who owes them', late)):
            with cases(title):
                part(r)
        with cases('the tables are what the events make'):
            city.stop()
            before = proof.dump(city)
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), before, 'rebuilt')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
