#!/usr/bin/env python3
"""Dual validation as people use it: routes side by side, trials and their lessons, milestones with measured exit criteria, the market
in three parts, readiness by criteria, and a gate that somebody else opens. Repeated by `./dev test validation_test`."""
import itertools
import json
import subprocess
import sys
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import proof
from proof import expect, expect_same

FOREIGN = 'neighbour'                               # a researcher of another institution
SCORES = {'performance': 80, 'maturity': 70, 'cost': 60, 'time': 50, 'risk': 40, 'freedom': 90, 'score_reasons': '见比选表'}
RECIPE = '退火 175 度两小时'


class People:
    def __init__(self, city):
        self.city = city
        proof.run(city, 'user add', '--login', FOREIGN, '--name', '钱大海', '--organisation', '浦江医科大学', '--role', 'researcher',
                  stdin=proof.PASSWORD + '\n')
        self.author, self.office, self.manager, self.officer, self.neighbour = (
            proof.Client(city, each) for each in ('researcher', 'institution', 'manager', 'officer', FOREIGN))
        self.everybody = (self.author, self.office, self.manager, self.officer)

    def result(self, title, disclosure='secret'):
        one = self.author.create('result', title=title, discipline='材料', abstract='做法', disclosure=disclosure).wants(201).json['id']
        self.author.act('result', one, 'submit').wants(200)
        return one


def of(client, type_, record):
    return client.get(f'/api/v1/records/{type_}/{record}').wants(200).json


def refused(reply, status, *words, field=None):
    """The reply is a refusal that names the field and says these words."""
    errors = reply.wants(status).json['errors']
    expect(any((field is None or error.get('field') == field) and all(word in error['text'] for word in words) for error in errors),
           f'{field}, {words}: {errors}')


def in_both_languages(client, ask, zh, en):
    for lang, words in (('en', en), ('zh', zh)):
        client.lang = lang
        refused(ask(client), *words)


def nobody_outside(p, type_, record):
    """Another institution's researcher finds nothing: not the record, not in a list, and no step to take."""
    none = p.neighbour.get(f'/api/v1/records/{type_}/00000000-0000-7000-8000-000000000000').wants(404)
    expect_same(p.neighbour.get(f'/api/v1/records/{type_}/{record}').wants(404).text, none.text, 'hidden and none')
    p.neighbour.edit(type_, record, 1, title='改').wants(404)
    p.neighbour.act(type_, record, 'edit').wants(404)
    expect(record not in [one['id'] for one in p.neighbour.all(type_)], 'it is in the list')


# ---- routes ---------------------------------------------------------------------------------------------------------

def routes(cases, p):
    result = p.result('电解质界面')
    with cases('routes of one result stand side by side, scored by the same six criteria'):
        ids = [p.author.create('technical_route', result=result, title=title, principle=RECIPE, **SCORES).wants(201).json['id']
               for title in ('原位生成', '气相沉积')]
        expect_same(of(p.author, 'technical_route', ids[0])['fields']['mean_score'], '65.0', 'mean of six scores')
        unscored = p.author.create('technical_route', result=result, title='未评分').wants(201).json['id']
        refused(p.author.act('technical_route', unscored, 'compare'), 422, '性能', field='performance')
        p.author.create('technical_route', result=result, title='x', **{**SCORES, 'risk': 101}).wants(422)
    with cases('one is chosen with a reason, once two have been compared; another only when that one is set aside'):
        p.author.act('technical_route', ids[0], 'compare').wants(200)
        refused(p.manager.act('technical_route', ids[0], 'choose', choice_reason='好'), 409, '至少两条路线')
        p.author.act('technical_route', ids[1], 'compare').wants(200)
        refused(p.manager.act('technical_route', ids[0], 'choose'), 422, '选定理由', field='choice_reason')
        p.author.act('technical_route', ids[0], 'choose', choice_reason='好').wants(403)
        p.manager.act('technical_route', ids[0], 'choose', choice_reason='性能最好').wants(200)
        refused(p.manager.act('technical_route', ids[1], 'choose', choice_reason='也好'), 409, '没有另一条已选定的路线')
        refused(p.manager.act('technical_route', ids[0], 'set_aside'), 422, '搁置理由', field='set_aside_reason')
        p.manager.act('technical_route', ids[0], 'set_aside', set_aside_reason='一致性差').wants(200)
        p.manager.act('technical_route', ids[1], 'choose', choice_reason='换这条').wants(200)
    with cases('a draft that is withdrawn is no route that was compared'):
        lone = p.result('只有一条')
        for title in ('比过', '没比'):
            one = p.author.create('technical_route', result=lone, title=title, principle=RECIPE, **SCORES).wants(201).json['id']
            p.author.act('technical_route', one, 'compare' if title == '比过' else 'withdraw').wants(200)
        compared, = p.author.all('technical_route', filter=f"result = '{lone}' and state = 'compared'")
        refused(p.manager.act('technical_route', compared['id'], 'choose', choice_reason='好'), 409, '至少两条路线')
        p.author.act('technical_route', one, 'compare').wants(409)
    with cases('a trial is begun where its route stands, and offered no route of another result'):
        page = p.author.get(f'/technical_route/{ids[0]}').wants(200).text
        begin = f'/trial/new?technical_route={ids[0]}&amp;result={result}'
        expect(begin in page, 'the page of the route begins no trial')
        form = p.author.get(begin.replace('&amp;', '&')).wants(200).text
        expect(f'value="{ids[0]}" selected' in form and ids[1] in form, 'routes of the result')
        expect(compared['id'] not in form, 'a route of another result is offered')
        expect(compared['id'] in p.author.get('/trial/new').wants(200).text, 'without a result every route is')
    with cases('a chosen route is not changed any more'):
        now = of(p.author, 'technical_route', ids[1])
        p.author.edit('technical_route', ids[1], now['version'], title='改').wants(409)
    with cases('another institution reads why a route was set aside where its summary is public, and never how it works'):
        nobody_outside(p, 'technical_route', ids[0])
        p.author.create('technical_route', result=result, title='不是本机构的').wants(201)
        expect(p.neighbour.create('technical_route', result=result, title='外人').status == 422, 'a foreign result was taken')
        known = next(one for one in p.neighbour.all('technical_route', filter="state = 'set_aside'"))
        expect('set_aside_reason' in known['fields'] and not {'principle', 'parameters', 'mean_score', 'budget'} & set(known['fields']),
               f'what is told: {sorted(known["fields"])}')
        p.author.act('technical_route', ids[0], 'share', disclosure='summary').wants(200)
        told = of(p.neighbour, 'technical_route', ids[0])['fields']
        expect_same({name: told.get(name) for name in ('title', 'set_aside_reason', 'principle', 'performance', 'budget')},
                    {'title': '原位生成', 'set_aside_reason': '一致性差', 'principle': None, 'performance': None, 'budget': None}, 'once shared')
        expect_same(told['result'], {'hidden': True}, 'a secret result stays hidden')
        p.neighbour.act('technical_route', ids[0], 'share', disclosure='public').wants(403)
        p.author.act('technical_route', ids[0], 'share', disclosure='secret').wants(200)
        nobody_outside(p, 'technical_route', ids[0])


# ---- trials ---------------------------------------------------------------------------------------------------------

def trial_of(p, result, **fields):
    one = p.author.create('trial', result=result, title='缓冲层室温循环', keywords='缓冲层', hypothesis='阻抗增幅不超过两成', test=RECIPE,
                          measure='阻抗增幅', unit='%', expected_value='20', **fields).wants(201).json['id']
    p.author.act('trial', one, 'start', started_on='2026-02-01').wants(200)
    return one


def trials(cases, p):
    result, other = p.result('缓冲层'), p.result('另一件')
    with cases('a trial says what it expects before it starts, and what it found before it ends'):
        bare = p.author.create('trial', result=result, title='空').wants(201).json['id']
        refused(p.author.act('trial', bare, 'start', started_on='2026-02-01'), 422, '假设', field='hypothesis')
        ahead = p.author.create('trial', result=result, title='以后', hypothesis='x', test='y', measure='z', unit='%', expected_value='1').wants(201).json['id']
        refused(p.author.act('trial', ahead, 'start', started_on='2999-01-01'), 422, '开始日期不在今天以后', field='started_on')
        one = trial_of(p, result)
        now = of(p.author, 'trial', one)
        p.author.edit('trial', one, now['version'], hypothesis='事后改').wants(409)
        refused(p.author.act('trial', one, 'conclude', outcome='refuted', found_value='112', keywords='k', ended_on='2026-02-09'),
                422, '经验教训', field='lesson')
        refused(p.author.act('trial', one, 'conclude', outcome='refuted', found_value='112', keywords='k', lesson='x', ended_on='2026-01-09'),
                422, '不早于', field='ended_on')
        refused(p.author.act('trial', one, 'conclude', outcome='refuted', found_value='112', keywords='k', lesson='x', ended_on='2999-01-09'),
                422, '今天以后', field='ended_on')
    with cases('confirmed or refuted by a value that was found; where none could be measured it is inconclusive, and still a lesson'):
        broken = trial_of(p, result)
        for outcome in ('confirmed', 'refuted'):
            refused(p.author.act('trial', broken, 'conclude', outcome=outcome, keywords='k', lesson='x', ended_on='2026-02-09'), 409, '实测值')
        p.author.act('trial', broken, 'conclude', outcome='inconclusive', keywords='k', lesson='夹具先坏', ended_on='2026-02-09').wants(200)
    with cases('its route is one of the same result'):
        route = p.author.create('technical_route', result=other, title='别的').wants(201).json['id']
        refused(p.author.create('trial', result=result, technical_route=route, title='x'), 422, '同一件成果', field='technical_route')
    with cases('a failed one is found by the next team elsewhere: lesson and keywords, not the recipe'):
        p.author.act('trial', one, 'conclude', outcome='refuted', found_value='112', keywords='缓冲层；室温电导', lesson='先解决室温电导',
                     ended_on='2026-02-09', cost='68000.00').wants(200)
        nobody_outside(p, 'trial', one)             # secret still
        p.author.act('trial', one, 'share', disclosure='summary').wants(200)
        found, = (each for each in p.neighbour.all('trial', filter="outcome = 'refuted' and keywords contains '室温电导'"))
        expect_same({name: found['fields'].get(name) for name in ('lesson', 'keywords', 'outcome')},
                    {'lesson': '先解决室温电导', 'keywords': '缓冲层；室温电导', 'outcome': 'refuted'}, 'what is told')
        expect(not {'hypothesis', 'test', 'found_value', 'expected_value', 'cost', 'technical_route'} & set(found['fields']),
               f'what is told: {sorted(found["fields"])}')
        for address in (f'/api/v1/records/trial/{one}', f'/api/v1/records/trial/{one}/events', f'/trial/{one}'):
            told = p.neighbour.get(address).wants(200).text
            expect(RECIPE not in told and '68000' not in told, f'the recipe or the cost stands in {address}')
        p.author.act('trial', one, 'share', disclosure='secret').wants(200)
        nobody_outside(p, 'trial', one)
    with cases('what is concluded is not changed any more'):
        now = of(p.author, 'trial', one)
        p.author.edit('trial', one, now['version'], title='改').wants(409)
        p.author.act('trial', one, 'conclude', outcome='confirmed').wants(409)


# ---- the order of trials -----------------------------------------------------------------------------------------------

def expected_cost(order, trials):
    """In fen, exact."""
    cost, reach = Decimal(0), Decimal(1)
    for one in order:
        cost += reach * trials[one][0]
        reach *= 1 - Decimal(trials[one][1]) / 100
    return cost


def best_of_all(trials):
    """trials: {id: (cost, chance, after)}. The least expected cost of all orders that precedence lets be, and that as entered."""
    orders = [order for order in itertools.permutations(trials) if all(set(trials[one][2]) <= set(order[:at]) for at, one in enumerate(order))]
    return min(expected_cost(order, trials) for order in orders), expected_cost(orders[0], trials)


def kept_of(client, route):
    return [one for one in client.all('computation') if one['fields'].get('technical_route') == route]


def order_of_trials(cases, p):
    result = p.result('次序')
    route = p.author.create('technical_route', result=result, title='要排次序的').wants(201).json['id']

    def plan(title, cost=None, chance=None, after=()):
        given = {'planned_cost': cost, 'failure_chance': chance, 'after': list(after)}
        return p.author.create('trial', result=result, technical_route=route, title=title, hypothesis='x', test='y', measure='z', unit='%',
                               expected_value='1', **{name: value for name, value in given.items() if value}).wants(201).json['id']

    with cases('an order of trials needs planned trials, each with a cost and a chance that it fails'):
        in_both_languages(p.author, lambda client: client.act('technical_route', route, 'order_trials'), (409, '计划中的试验'), (409, 'planned trials'))
        first = plan('寿命', '90000.00', 40)
        bare = plan('密度', '8000.00')
        in_both_languages(p.author, lambda client: client.act('technical_route', route, 'order_trials'), (409, '预计费用和不成立的可能'),
                          (409, 'a planned cost and a chance'))
        expect_same(kept_of(p.author, route), [], 'a step that is refused keeps nothing')
        p.author.edit('trial', bare, 1, failure_chance=20).wants(200)
        for wrong in ({'failure_chance': 101}, {'planned_cost': '-1.00'}, {'after': [first, '00000000-0000-7000-8000-000000000000']}):
            p.author.edit('trial', first, 1, **wrong).wants(422)
        refused(p.author.edit('trial', first, 1, after=[first]), 422, '前置试验', field='after')
    with cases('it is the best of all orders, what comes after what is kept, and it says what it rests on'):
        warp = plan('翘曲', '15000.00', 30, [bare])
        constant = plan('压电常数', '22000.00', 25, [bare])
        elsewhere = p.author.create('trial', result=result, title='不在这条路线', planned_cost='1.00', failure_chance=99).wants(201).json['id']
        running = plan('正在做', '1.00', 99)
        p.author.act('trial', running, 'start', started_on='2026-02-01').wants(200)
        p.author.edit('trial', first, 1, after=[warp, constant, elsewhere, running]).wants(200)
        trials = {first: (9000000, 40, [warp, constant]), bare: (800000, 20, []), warp: (1500000, 30, [bare]), constant: (2200000, 25, [bare])}
        p.author.act('technical_route', route, 'order_trials').wants(200)
        fields = of(p.author, 'technical_route', route)['fields']
        least, entered = best_of_all(trials)
        fen = lambda amount: str((amount / 100).quantize(Decimal('0.01')))
        expect_same([fields[name] for name in ('order_expected', 'order_entered', 'order_whole', 'order_saving')],
                    [fen(least), fen(entered), '135000.00', fen(entered - least)], 'costs')
        rows = fields['trial_order']
        expect_same([row['trial'] for row in rows], [bare, warp, constant, first], 'the order')
        expect_same([(row['place'], row['cost'], row['chance'], row['reach']) for row in rows],
                    [(1, '8000.00', 20, '100.0'), (2, '15000.00', 30, '80.0'), (3, '22000.00', 25, '56.0'), (4, '90000.00', 40, '42.0')], 'rows')
        expect_same((rows[0]['so_far'], rows[-1]['so_far']), ('8000.00', fen(least)), 'expected so far')
        expect_same((fields['order_kept'], fields['order_worlds']), (8, 8), 'what must be first stays first')
        page = p.author.get(f'/technical_route/{route}').wants(200).text
        expect('假定各项互不影响' in page and '翘曲' in page and fen(least) in page.replace(',', ''), 'the page')
    with cases('what is turned by ten points is told'):
        doubtful = plan('比密度还便宜', '4000.00', 10)
        p.author.act('technical_route', route, 'order_trials').wants(200)
        fields = of(p.author, 'technical_route', route)['fields']
        expect_same(sum(row['decides'] for row in fields['trial_order']) > 0 and fields['order_kept'] < fields['order_worlds'], True, 'firmness')
        p.author.act('trial', doubtful, 'abandon', abandon_reason='x').wants(200)
    with cases('trials in a circle are refused by name'):
        p.author.edit('trial', bare, 2, after=[first]).wants(200)
        refused(p.author.act('technical_route', route, 'order_trials'), 409, '互相', '寿命', '密度', '翘曲')
        p.author.edit('trial', bare, 3, after=[]).wants(200)
    with cases('it is kept and works out the same again, for the house whose route it is'):
        kept = kept_of(p.author, route)
        expect_same(len(kept), 2, 'computations')
        for one in kept:
            told = of(p.author, 'computation', one['id'])
            expect_same((told['fields']['engine'], told['computation']['same']), ('trials', True), 'recomputed')
            script = subprocess.run([sys.executable, str(proof.ROOT / 'docs/examples/trials.py')], input=json.dumps(told), text=True, capture_output=True)
            expect_same((script.returncode, 'the same' in script.stdout), (0, True), script.stdout + script.stderr)
            proof.run(p.city, 'recompute', one['id'], '--as', 'researcher', status=0)
            p.neighbour.get(f'/api/v1/records/computation/{one["id"]}').wants(404)
    with cases('whoever sees the route alone sees neither order nor costs'):
        p.author.act('technical_route', route, 'order_trials').wants(200)
        current = of(p.author, 'technical_route', route)
        p.author.edit('technical_route', route, current['version'], principle=RECIPE, **SCORES).wants(200)
        p.author.act('technical_route', route, 'compare').wants(200)
        p.manager.act('technical_route', route, 'set_aside', set_aside_reason='x').wants(200)
        p.author.act('technical_route', route, 'order_trials').wants(409)       # not any more
        p.author.act('technical_route', route, 'share', disclosure='summary').wants(200)
        shown = of(p.neighbour, 'technical_route', route)['fields']
        expect(not [name for name in shown if name.startswith(('order', 'trial_order'))], sorted(shown))
        p.neighbour.act('technical_route', route, 'order_trials').wants(403)
    with cases('thirty trials are put in order, one more is refused'):
        many = p.author.create('technical_route', result=result, title='很多').wants(201).json['id']
        for at in range(30):
            p.author.create('trial', result=result, technical_route=many, title=f'第 {at} 项', planned_cost=f'{1000 + 37 * at % 11}.00',
                            failure_chance=at % 7 * 5).wants(201)
        p.author.act('technical_route', many, 'order_trials').wants(200)
        rows = of(p.author, 'technical_route', many)['fields']['trial_order']
        ratios = [(Decimal(row['cost']) / row['chance'] if row['chance'] else Decimal('Infinity')) for row in rows]
        expect_same((len(rows), ratios == sorted(ratios)), (30, True), 'by cost per chance')
        p.author.create('trial', result=result, technical_route=many, title='多一项', planned_cost='1.00', failure_chance=1).wants(201)
        in_both_languages(p.author, lambda client: client.act('technical_route', many, 'order_trials'), (409, '31', '30'), (409, '31', '30'))


# ---- milestones -----------------------------------------------------------------------------------------------------

def criterion(required, comparison='at_least', unit='次', **more):
    return {'criterion': '循环寿命', 'comparison': comparison, 'required': str(required), 'unit': unit, **more}


def milestone_of(p, result, *criteria, kind='initial_validation', client=None, **fields):
    client = client or p.author
    one = client.create('milestone', result=result, title='寿命', kind=kind, due_on='2027-01-31', criteria=list(criteria),
                        **fields).wants(201).json['id']
    client.act('milestone', one, 'submit').wants(200)
    return one


def milestones(cases, p):
    result = p.result('里程碑')
    met = {'found': '612', 'found_unit': '次', 'evidence': '检测报告第 3 页'}
    with cases('an exit criterion found in another unit than it requires is refused, with the reason'):
        in_both_languages(p.author, lambda client: client.create(
            'milestone', result=result, title='x', criteria=[criterion(600, found='612', found_unit='小时')]),
            (422, '单位相同'), (422, 'the unit'))
        refused(p.author.create('milestone', result=result, title='x', criteria=[criterion(600, found='612')]), 422, '单位', field='criteria')
        refused(p.author.create('milestone', result=result, title='x', criteria=[{'criterion': '寿命', 'required': '600'}]), 422, '单位',
                field='criteria')
        p.author.create('milestone', result=result, title='x', criteria=[criterion('六百')]).wants(422)
    with cases('it passes when every criterion is met with evidence, and only then'):
        for wrong, words in ((criterion(600, **{**met, 'found': '599.999'}), '都达到'), (criterion(600), '都达到'),
                             (criterion(600, comparison='at_most', **met), '都达到'), (criterion(612.001, comparison='equal', **met), '都达到'),
                             (criterion(600, found='612', found_unit='次'), '都有证据')):
            one = milestone_of(p, result, criterion(600, **met), wrong)
            refused(p.manager.act('milestone', one, 'pass', conclusion='行'), 409, words)
            told = of(p.manager, 'milestone', one)['fields']
            expect_same((told['criteria_met'], told['criteria_count']), (1, 2), 'how many are met')
            p.manager.act('milestone', one, 'fail', conclusion='未达到').wants(200)
        none = p.author.create('milestone', result=result, title='空', kind='initial_validation', due_on='2027-01-31').wants(201).json['id']
        refused(p.author.act('milestone', none, 'submit'), 422, '退出准则', field='criteria')
    with cases('somebody other than who prepared it decides'):
        one = milestone_of(p, result, criterion(600, **met), client=p.manager, tranche='200000.00')
        for action in ('pass', 'fail'):
            in_both_languages(p.manager, lambda client, action=action: client.act('milestone', one, action, conclusion='行'),
                              (409, '准备'), (409, 'prepared'))
        p.author.act('milestone', one, 'pass', conclusion='行').wants(403)
        other = p.author.create('milestone', result=result, title='只由准备人填写').wants(201).json
        p.manager.edit('milestone', other['id'], other['version'], title='别人改').wants(403)
        p.office.act('milestone', one, 'pass', conclusion='达到').wants(200)
        p.office.act('milestone', one, 'pay', paid_on='2026-03-01').wants(200)
    with cases('what has passed is not changed any more'):
        now = of(p.manager, 'milestone', one)
        expect_same(now['state'], 'paid', 'state')
        p.manager.edit('milestone', one, now['version'], criteria=[criterion(1)]).wants(409)
    with cases('stages follow each other: the laboratory waits for the initial validation'):
        later = p.result('阶段')
        first, lab = milestone_of(p, later, criterion(600, **met)), milestone_of(p, later, criterion(600, **met), kind='laboratory_validation')
        refused(p.manager.act('milestone', lab, 'pass', conclusion='行'), 409, '初始验证')
        p.manager.act('milestone', first, 'return', return_reason='补照片').wants(200)
        refused(p.manager.act('milestone', lab, 'pass', conclusion='行'), 409, '初始验证')
        p.author.act('milestone', first, 'submit').wants(200)
        refused(p.officer.act('milestone', first, 'pass'), 422, '结论', field='conclusion')      # why it was returned is no conclusion
        p.officer.act('milestone', first, 'pass', conclusion='行').wants(200)
        p.manager.act('milestone', lab, 'pass', conclusion='行').wants(200)
    with cases('one whose author has left does not hold up the stages after it for ever: it is withdrawn, with the reason'):
        stuck = p.author.create('milestone', result=later, title='无人再填', kind='initial_validation', due_on='2027-01-31').wants(201).json['id']
        next_lab = milestone_of(p, later, criterion(600, **met), kind='laboratory_validation')
        refused(p.manager.act('milestone', next_lab, 'pass', conclusion='行'), 409, '初始验证')
        refused(p.manager.act('milestone', stuck, 'withdraw'), 422, '撤销理由', field='withdraw_reason')
        p.manager.act('milestone', stuck, 'withdraw', withdraw_reason='准备人已调离').wants(200)
        p.manager.act('milestone', next_lab, 'pass', conclusion='行').wants(200)
        p.manager.act('milestone', next_lab, 'withdraw', withdraw_reason='反悔').wants(409)
    with cases('a tranche is not recorded as paid on a day that lies ahead, nor where none was promised'):
        refused(p.office.act('milestone', next_lab, 'pay', paid_on='2026-03-01'), 422, '拨付', field='tranche')
        promised = milestone_of(p, later, criterion(600, **met), kind='laboratory_validation', tranche='1000.00')
        p.manager.act('milestone', promised, 'pass', conclusion='行').wants(200)
        refused(p.office.act('milestone', promised, 'pay', paid_on='2999-01-01'), 422, '今天以后', field='paid_on')
    with cases('another institution finds no milestone'):
        nobody_outside(p, 'milestone', one)
    with cases('who is to decide finds it on the desk, and who prepared it hears of the decision'):
        waiting = milestone_of(p, result, criterion(600, **met))
        told = [item['record']['id'] for item in p.office.get('/api/v1/desk').wants(200).json['mine']['items']]
        expect(waiting in told, 'the desk of the transfer office')
        p.office.act('milestone', waiting, 'pass', conclusion='达到').wants(200)
        proof.until(lambda: [each['action'] for each in p.author.get('/api/v1/notices').wants(200).json['items']],
                    lambda actions: 'pass' in actions, 'a notice of passing')


# ---- the market -----------------------------------------------------------------------------------------------------

def limits(k, n):
    """Wilson's interval in per cent, by the textbook's formula, away from the share."""
    z2 = Decimal('3.841459')
    half = (z2 * (z2 + Decimal(4 * k * (n - k)) / n)).sqrt()
    step = Decimal('0.0001')
    low, high = ((2 * k + z2 + side * half) / (2 * (n + z2)) for side in (-1, 1))
    return low.quantize(step, ROUND_FLOOR) * 100, high.quantize(step, ROUND_CEILING) * 100


def talk(confirms, **more):
    return {'held_on': '2026-03-02', 'customer': '甲公司', 'customer_kind': 'user', 'confirms': confirms, 'said': '愿意试用', **more}


SIDES = {'need_verdict': 'pass', 'need_evidence': '访谈', 'competition_verdict': 'pass', 'competition_evidence': '检索',
         'cost_verdict': 'pass', 'cost_evidence': '成本表'}


def market(cases, p):
    result = p.result('市场')
    with cases('an interview without a date, or with one that lies ahead, is refused'):
        dateless = {name: value for name, value in talk(True).items() if name != 'held_on'}
        in_both_languages(p.manager, lambda client: client.create('market_validation', result=result, interviews=[talk(True), dateless]),
                          (422, '日期'), (422, 'date'))
        refused(p.manager.create('market_validation', result=result, interviews=[talk(True, held_on='2999-01-01')]), 422, '以后',
                field='interviews')
        p.manager.create('market_validation', result=result, interviews=[talk(True, customer_kind='邻居')]).wants(422)
    with cases('beside the verdict on need stands the share that confirms, with its interval'):
        one = p.manager.create('market_validation', result=result, interviews=[talk(i < 5) for i in range(8)]).wants(201).json
        told = one['fields']
        low, high = limits(5, 8)
        expect_same([told[name] for name in ('interview_count', 'confirming_count', 'confirming_share', 'share_low', 'share_high')],
                    [8, 5, '62.50', f'{low:.2f}', f'{high:.2f}'], 'figures')
        expect_same(told['need_reached'], False, 'eight are fewer than the reference')
        empty = p.manager.create('market_validation', result=result).wants(201).json
        expect(not {'confirming_share', 'share_low', 'share_high', 'unit_cost', 'margin', 'lowest_price'} & set(empty['fields']),
               'figures of nothing')
    with cases('cost of a piece from its bill of materials, against the price'):
        bill = [{'item': '粉料', 'quantity': '0.042', 'unit': '千克', 'unit_price': '860.00'}, {'item': '封装', 'quantity': '2', 'unit_price': '19.05'}]
        told = p.manager.edit('market_validation', one['id'], one['version'], materials=bill, other_cost='10.00', planned_price='120.00',
                              competitors=[{'product': '乙', 'price': '150.00'}, {'product': '丙', 'price': '140.50'}]).wants(200).json
        expect_same([told['fields'][name] for name in ('unit_cost', 'margin', 'lowest_price')], ['84.22', '29.8', '140.50'], 'figures')
        refused(p.manager.edit('market_validation', one['id'], told['version'], materials=[{'item': '粉料', 'quantity': '1'}]), 422, '单价',
                field='materials')
    with cases('people give the verdicts; an interview that says too little is refused on submitting'):
        gap = p.manager.create('market_validation', result=result, interviews=[{'held_on': '2026-03-02'}], **SIDES).wants(201).json
        refused(p.manager.act('market_validation', gap['id'], 'submit'), 409, '客户类别')
        mended = p.manager.edit('market_validation', gap['id'], gap['version'], interviews=[talk(False)]).wants(200).json
        p.manager.act('market_validation', gap['id'], 'submit').wants(200)
        p.manager.edit('market_validation', gap['id'], mended['version'] + 1, need_verdict='fail').wants(409)
        nobody_outside(p, 'market_validation', gap['id'])


# ---- readiness ------------------------------------------------------------------------------------------------------

def readiness(cases, p):
    result = p.result('就绪')
    row = {'criterion': '原理样机经实验室试验', 'outcome': 'met', 'evidence': '报告'}
    with cases('a level is proven when all criteria of it and of those below are met with evidence'):
        for rows, level in (([{'level': 3, **row}, {'level': 4, **row}], 4),
                            ([{'level': 3, **row}, {'level': 4, **row}, {'level': 5, **row, 'outcome': 'not_met'}], 4),
                            ([{'level': 3, **row}, {'level': 4, 'criterion': '无证据', 'outcome': 'met'}, {'level': 5, **row}], 3)):
            one = p.author.create('trl_assessment', result=result, element='层', criteria=rows, assessed_level=level, target_level=4,
                                  evidence='见表').wants(201).json
            expect_same(one['fields']['proven_level'], level, 'proven')
            refused(p.author.edit('trl_assessment', one['id'], one['version'], assessed_level=level + 1), 422, '不高于准则', field='assessed_level')
            p.author.act('trl_assessment', one['id'], 'submit').wants(200)
        refused(p.author.create('trl_assessment', result=result, element='层', criteria=[row]), 422, '级别', field='criteria')
    with cases('the level of a result is the lowest of its elements, submitted ones alone'):
        expect_same(of(p.author, 'result', result)['fields']['assessed_level'], 3, 'the lowest')
        p.author.create('trl_assessment', result=result, element='草稿', assessed_level=1).wants(201)
        expect_same(of(p.author, 'result', result)['fields']['assessed_level'], 3, 'a draft does not count')
        p.author.act('trl_assessment', one['id'], 'withdraw').wants(200)
        expect_same(of(p.author, 'result', result)['fields']['assessed_level'], 4, 'nor one that was withdrawn')
        nobody_outside(p, 'trl_assessment', one['id'])


# ---- the gate -------------------------------------------------------------------------------------------------------

def gate(cases, p):
    result = p.result('关口')
    one = p.manager.create('gate_review', result=result).wants(201).json['id']
    element = p.author.create('trl_assessment', result=result, element='层', assessed_level=5, target_level=4, evidence='记录',
                              criteria=proof.criteria(5)).wants(201).json['id']
    p.author.act('trl_assessment', element, 'submit').wants(200)
    sides = p.manager.create('market_validation', result=result, interviews=[talk(i < 5) for i in range(8)], planned_price='120.00',
                             materials=[{'item': '粉料', 'quantity': '2', 'unit_price': '30.00'}], **SIDES).wants(201).json['id']
    p.manager.act('market_validation', sides, 'submit').wants(200)
    with cases('the page of the gate shows what was worked out beside each verdict, in both languages'):
        for lang, words in (('zh', ('访谈数 8 次', '确认比例 62.50 %', '单位成本 60.00 元')), ('en', ('Share confirming 62.50 %', 'Gross margin 50.0 %'))):
            for login in ('manager', 'officer'):
                page = proof.Client(p.city, login, lang=lang).get(f'/gate_review/{one}').wants(200).text
                expect(all(word in page for word in words), f'{login}, {lang}: {words}')
    with cases('whoever prepared the gate does not open it, though both sides pass'):
        in_both_languages(p.manager, lambda client: client.act('gate_review', one, 'open'), (409, '准备它的人'), (409, 'prepared'))
        p.officer.act('gate_review', one, 'open', conclusion='继续').wants(200)
        p.manager.edit('gate_review', one, of(p.manager, 'gate_review', one)['version'], conclusion='改').wants(409)
    with cases('what the decision rested on says that two people differ, and not who they are'):
        kept, = p.author.all('computation', filter=f"gate_review = '{one}'")
        with proof.database(p.city) as db:
            officer, = db.execute("SELECT person FROM credential WHERE login = 'officer'").fetchone()
        expect(officer not in json.dumps(kept) and json.loads(kept['fields']['input'])['actor'].endswith('0001'), 'the officer is named')
        expect('#2' in kept['fields']['result'], 'who prepared it, by number')
        p.author.get(f'/api/v1/records/person/{officer}').wants(404)
        told = json.loads(proof.run(p.city, 'recompute', kept['id'], '--as', 'auditor', '--json').body)
        expect_same((told['same'], told['differs']), (True, []), 'worked out again')
    with cases('a gate that nobody will open any more is withdrawn with the reason, and says nothing of opening'):
        idle = p.manager.create('gate_review', result=p.result('不再推进')).wants(201).json['id']
        expect('尚不能开启' in p.manager.get(f'/gate_review/{idle}').wants(200).text, 'a prepared one says what is missing')
        p.author.act('gate_review', idle, 'withdraw', conclusion='不做了').wants(403)
        refused(p.office.act('gate_review', idle, 'withdraw'), 422, '结论', field='conclusion')
        p.office.act('gate_review', idle, 'withdraw', conclusion='成果不再推进').wants(200)
        expect('尚不能开启' not in p.manager.get(f'/gate_review/{idle}').wants(200).text, 'it still says what is missing to open')
        expect(idle not in p.officer.get('/api/v1/desk').wants(200).text, 'it still waits for somebody')
        p.officer.act('gate_review', idle, 'open', conclusion='还是开').wants(409)
        p.manager.act('gate_review', one, 'withdraw', conclusion='反悔').wants(409)                # one that is open stays
    nobody_outside(p, 'gate_review', one)


def rebuilt(cases, city):
    with cases('the tables are what the events make'):
        city.stop()
        before = proof.dump(city)
        proof.run(city, 'rebuild')
        proof.expect_same_dump(proof.dump(city), before, 'rebuilt')
        proof.expect_whole_events(city)


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.start()
        p = People(city)
        for part in (routes, trials, milestones, market, readiness, gate, order_of_trials):      # whose trials fill the desks
            part(cases, p)
        rebuilt(cases, city)
    return cases.end()


if __name__ == '__main__':
    raise SystemExit(main())
