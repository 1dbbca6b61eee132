#!/usr/bin/env python3
"""From the open gate to the deal: a project manager from the roster, a project and its tasks, an order to a provider, secrecy, and a
contract whose price is public before it is signed. Repeated by `./dev test deal_test`."""
import datetime
import sys

import proof
from proof import PASSWORD, expect, expect_same


class Deal:
    """A demo city with a second university beside the first, and a result whose gate is open, one whose gate is not."""

    def __init__(self, city):
        self.city = city
        self.operator, self.author, self.office, self.manager, self.officer, self.society, self.laboratory, self.enterprise = (
            proof.Client(city, each) for each in
            ('operator', 'researcher', 'institution', 'manager', 'officer', 'society', 'laboratory', 'enterprise'))
        with proof.database(city) as db:
            self.people = dict(db.execute('SELECT c.login, c.person FROM credential c'))
            self.employers = dict(db.execute('SELECT c.login, m.organisation FROM credential c JOIN r_membership m ON m.person = c.person'))
        self.today = datetime.date.fromisoformat(proof.city_day())
        self.elsewhere = [self.neighbour(login, role) for login, role in (('expert2', 'researcher'), ('expert3', 'institution'))]
        self.open, self.closed = self.result('已开关口', True), self.result('未开关口', False)

    def neighbour(self, login, role):
        """Somebody of another institution, in that role."""
        membership = self.operator.create('membership', person=self.people[login], organisation=self.employers['expert4'], role=role,
                                          valid_from='2020-01-01').wants(201).json['id']
        client = proof.Client(self.city)
        reply = client.request('POST', '/api/v1/sessions', {'login': login, 'password': PASSWORD, 'membership': membership}).wants(201)
        client.cookie = reply.headers['Set-Cookie'].split(';')[0]
        return client

    def day(self, days=0):
        return (self.today + datetime.timedelta(days)).isoformat()

    def result(self, title, passes):
        one = self.author.create('result', title=title, discipline='材料', abstract='做法', inventors='沈一鸣', disclosure='secret').wants(201).json['id']
        self.author.act('result', one, 'submit').wants(200)
        level = self.author.create('trl_assessment', result=one, element='寿命', assessed_level=5, target_level=5, evidence='报告', criteria=proof.criteria(5)).wants(201).json['id']
        verdicts = {f'{side}_{what}': value for side in ('need', 'competition', 'cost') for what, value in (('verdict', 'pass'), ('evidence', '访谈'))}
        market = self.manager.create('market_validation', result=one, **verdicts).wants(201).json['id']
        gate = self.office.create('gate_review', result=one).wants(201).json['id']
        if passes:
            self.author.act('trl_assessment', level, 'submit').wants(200)
            self.manager.act('market_validation', market, 'submit').wants(200)
            self.officer.act('gate_review', gate, 'open').wants(200)
        return one

    def of(self, type_, record, client=None):
        return (client or self.office).get(f'/api/v1/records/{type_}/{record}').wants(200).json

    def desk(self, client, record):
        return record in client.get('/api/v1/desk').wants(200).text

    def waiting(self, client, type_):
        """How many of the type wait for them; the desk itself lists fifty records."""
        mine = client.get('/api/v1/desk').wants(200).json['mine']
        return next((each['total'] for each in mine['types'] if each['type'] == type_), 0)

    def may(self, client, type_, record, step):
        """Whether the record offers the step."""
        return next((a['allowed'] for a in self.of(type_, record, client)['actions'] if a['name'] == step), False)

    def unseen(self, type_, record, *clients):
        """To these it is as if there were no such record: by API, list, page, history and step."""
        for client in clients:
            for path in (f'/api/v1/records/{type_}', f'/{type_}'):
                client.expect_unseen(path, record)
            expect(record not in [one['id'] for one in client.all(type_)], f'{type_} in a list')
            expect_same(client.get(f'/api/v1/records/{type_}/{record}/events').status, 404, f'{type_}: history')


def refused(reply, *texts, status=409):
    reply.wants(status)
    for text in texts:
        expect(text in reply.text, f'not said: {text}: {reply.text[:600]}')


# ---- the roster ------------------------------------------------------------------------------------------------------

def entry(d, login, number, until, client=None, **fields):
    given = {'person': d.people[login], 'level': 'senior', 'industries': ['energy'], 'certificate_number': number, 'certificate_issuer': '培养基地',
             'certificate_from': d.day(-300), 'certificate_to': d.day(until), **fields}
    return (client or d.society).create('manager', **given)


def roster(d):
    """Entered by an employer or a society, verified by an officer against a certificate that counts."""
    refused(entry(d, 'manager', 'JJR-1', -301, d.office), '证书截止日', status=422)
    d.zhou = entry(d, 'manager', 'JJR-1', 300, d.office).wants(201).json['id']
    refused(entry(d, 'expert5', 'JJR-1', 300), status=422)                     # one certificate, one entry
    d.late = entry(d, 'expert6', 'JJR-2', -1).wants(201).json['id']
    d.gu = entry(d, 'expert5', 'JJR-3', 40).wants(201).json['id']
    expect(d.desk(d.officer, d.gu), 'it waits for an officer')
    d.office.act('manager', d.zhou, 'verify').wants(403)
    refused(d.officer.act('manager', d.late, 'verify'), '证书在有效期内')
    for one in (d.zhou, d.gu):
        d.officer.act('manager', one, 'verify').wants(200)
    d.office.edit('manager', d.zhou, 2, level='junior').wants(409)             # what was verified stays
    expect('experience' not in d.of('manager', d.gu, d.enterprise)['fields'], 'others see that there is one, and of which industry')
    d.unseen('manager', d.late, d.enterprise)
    moved = entry(d, 'expert7', 'JJR-4', 40).wants(201).json['id']
    d.officer.act('manager', moved, 'verify').wants(200)
    d.society.act('manager', moved, 'remove', reason='调离').wants(200)
    refused(entry(d, 'expert7', 'JJR-4', 40, d.office), status=422)            # one certificate, one entry: so the entry comes back
    d.manager.act('manager', moved, 'move', organisation=d.employers['institution']).wants(403)
    proof.Client(d.city, 'expert7').act('manager', moved, 'move', organisation=d.employers['institution']).wants(200)
    expect_same(d.officer.act('manager', moved, 'verify').wants(200).json['fields']['organisation'], d.employers['institution'], 'elsewhere now')


def training(d):
    one = d.office.create('training', title='客户访谈', topic='opportunity', outline='十家', starts_on=d.day(), ends_on=d.day(), hours='6.0',
                          trainer=d.zhou).wants(201).json['id']
    d.unseen('training', one, *d.elsewhere, d.author)
    d.office.act('training', one, 'announce').wants(200)
    expect_same(d.of('training', one, d.elsewhere[0])['fields']['title'], '客户访谈', 'announced: others may come')
    people = [{'attendee': d.people['researcher'], 'attended': '6.0', 'outcome': 'passed'}, {'name': '高原', 'attended': '0.0', 'outcome': 'absent'}]
    refused(d.office.act('training', one, 'finish', attendance=[{**people[0], 'attended': '6.5'}]), '实到学时', status=422)
    refused(d.office.act('training', one, 'finish', attendance=[people[0], {'name': '高原'}]), '每位学员')
    refused(d.office.act('training', one, 'finish', attendance=[{**people[1], 'outcome': 'passed'}]), '实到学时')
    done = d.office.act('training', one, 'finish', attendance=people).wants(200).json
    expect_same((done['fields']['people'], done['fields']['passed']), (2, 1), 'who took part, who passed')
    expect(done['number'].startswith('TRN-'), done['number'])                  # TR- is a technical route's
    expect('attendance' not in d.of('training', one, d.author)['fields'] and 'attendance' not in d.of('training', one, d.elsewhere[0])['fields'],
           'who passed is not for others')


# ---- the project manager ---------------------------------------------------------------------------------------------

CHECKED = [{'item': '没有利益关系', 'checked': True}, {'item': '单位同意', 'checked': True}]


def appointed(d, result, manager, **fields):
    given = {'duties': '组织试制', 'starts_on': d.day(), 'ends_on': d.day(300), 'checklist': CHECKED, **fields}
    return d.office.create('appointment', result=result, manager=manager, **given).wants(201).json['id']


def appointments(d):
    refused(d.office.act('appointment', appointed(d, d.closed, d.gu), 'propose'), '双验证关口已开启')
    refused(d.office.act('appointment', appointed(d, d.open, d.late), 'propose'), '技术经理人名册上', '证书在有效期内')
    refused(d.office.act('appointment', appointed(d, d.open, d.gu, checklist=[CHECKED[0], {'item': '单位同意'}]), 'propose'), '每项都已核对')
    refused(d.office.act('appointment', appointed(d, d.open, d.gu, starts_on=d.day(-9), ends_on=d.day(-1)), 'propose'), '聘期未过')
    refused(d.elsewhere[1].create('appointment', result=d.open), status=422)
    gu = proof.Client(d.city, 'expert5')
    one = appointed(d, d.open, d.gu, accompanied_by=d.people['manager'], proceeds_share='3.00')
    d.unseen('appointment', one, gu)                                           # a draft is not for whom it is about
    d.office.act('appointment', one, 'propose').wants(200)
    expect(d.desk(gu, one), 'it waits for the person')
    expect_same(d.of('appointment', one, gu)['fields']['same_person'], False, 'another person')
    d.office.edit('appointment', one, 2, duties='改').wants(409)
    d.office.act('appointment', one, 'accept', person_signed_on=d.day()).wants(403)
    d.office.act('appointment', one, 'confirm', institution_signatory='陆文博', institution_signed_on=d.day()).wants(409)
    refused(gu.act('appointment', one, 'accept', person_signed_on=d.day(1)), '签署日', status=422)
    gu.act('appointment', one, 'accept', person_signed_on=d.day()).wants(200)
    d.unseen('appointment', one, *d.elsewhere, d.enterprise)
    done = d.office.act('appointment', one, 'confirm', institution_signatory='陆文博', institution_signed_on=d.day()).wants(200).json
    expect(done['number'].startswith('PM-') and done['state'] == 'confirmed', done['number'])
    d.leader = d.neighbour('expert5', 'manager')
    expect_same(d.of('result', d.open, d.leader)['fields']['abstract'], '做法', 'the project manager reads the result')
    d.of('trial', d.author.create('trial', result=d.open, title='寿命试验').wants(201).json['id'], d.leader)
    d.unseen('result', d.closed, d.leader)
    d.unseen('result', d.open, gu)                                             # not as an expert, who judges without names
    letter = gu.get(f'/appointment/{one}/documents/appointment_letter').wants(200).text
    expect('聘任书' in letter and '3.00 %' in letter and '组织试制' in letter, 'the letter of appointment')
    expect_same(d.of('manager', d.gu)['fields']['appointments'], 1, 'on the roster')
    again = appointed(d, d.open, d.zhou, accompanied_by=d.people['manager'])
    expect_same(d.of('appointment', again)['fields']['same_person'], True, 'the same person')
    d.office.act('appointment', again, 'propose').wants(200)
    d.manager.act('appointment', again, 'accept', person_signed_on=d.day()).wants(200)
    sign = {'institution_signatory': '陆文博', 'institution_signed_on': d.day()}
    refused(d.office.act('appointment', again, 'confirm', **sign), '没有其他在任')
    d.office.act('appointment', one, 'end', reason='调任').wants(200)
    d.office.act('appointment', again, 'confirm', **sign).wants(200)
    expect_same((d.of('appointment', one)['state'], d.of('appointment', again)['state']), ('ended', 'confirmed'), 'the one before is kept')
    d.appointment = again
    form = d.office.get('/validation_project/new', result=d.open).wants(200).text
    named = f"{d.of('result', d.open)['fields']['title']}（{d.of('appointment', again)['number']}）"
    expect(f'value="{again}">{named}<' in form, f'an appointment is offered by its result: {named}')


# ---- the project -----------------------------------------------------------------------------------------------------

BUDGET = [{'subject': 'material', 'amount': '60000.00'}, {'subject': 'test', 'amount': '40000.00'}]
MONEY = [{'source': '校内基金', 'nature': 'own', 'amount': '99999.99'}]


def project(d, result, **fields):
    given = {'title': '试制', 'aim': '5 台', 'starts_on': d.day(), 'ends_on': d.day(200), 'budget': BUDGET, **fields}
    return d.office.create('validation_project', result=result, **given).wants(201).json['id']


def projects(d):
    enough = [{**MONEY[0], 'amount': '100000.00'}]
    early = project(d, d.closed, project_manager=d.zhou, funding=enough)
    refused(d.office.act('validation_project', early, 'start'), '双验证关口已开启')
    nobody = project(d, d.open, funding=enough)
    refused(d.office.act('validation_project', nobody, 'start'), '项目经理人', status=422)
    refused(d.office.act('validation_project', nobody, 'start', project_manager=d.late), '项目经理人在名册上')
    refused(d.office.act('validation_project', nobody, 'start', project_manager=d.gu, appointment=d.appointment), '所填聘任在任')
    d.project = one = project(d, d.open, project_manager=d.zhou, appointment=d.appointment, funding=MONEY)
    refused(d.office.act('validation_project', one, 'start'), '资金合计不少于预算合计')
    d.manager.act('validation_project', one, 'start', funding=enough).wants(403)
    d.office.act('validation_project', one, 'start', funding=enough).wants(200)
    d.office.edit('validation_project', one, 2, budget=[]).wants(409)
    d.unseen('validation_project', one, *d.elsewhere, proof.Client(d.city, 'expert5'), d.enterprise)
    refused(d.office.act('validation_project', project(d, d.open, project_manager=d.gu, funding=enough), 'start'), '填写他的聘任')
    other = project(d, d.result('尚未聘任', True), project_manager=d.gu, funding=enough)
    gu = proof.Client(d.city, 'expert5')
    early = d.manager.create('task', validation_project=other, title='备料', planned_cost='5000.00').wants(201).json['id']
    d.unseen('validation_project', other, gu)
    d.unseen('result', d.open, d.leader)
    d.unseen('task', early, gu)                                                # named in a draft: nothing of the case, its tasks neither
    gu.act('task', early, 'cancel', outcome='外人').wants(404)
    d.office.act('validation_project', other, 'start').wants(200)
    expect_same(d.of('validation_project', other, gu)['fields']['budget_total'], '100000.00', 'who leads it sees it, wherever they work')
    expect_same(d.of('task', early, gu)['fields']['planned_cost'], '5000.00', 'and its tasks')
    gu.act('validation_project', other, 'exit', exit_kind='stop', decided_on=d.day()).wants(422)
    gu.act('validation_project', other, 'exit', exit_kind='stop', decided_on=d.day(), decision='路线不通').wants(200)


def tasks(d):
    far = d.manager.create('task', validation_project=d.project, title='远', planned_to='2200-02-01')
    expect(far.status in (409, 422) and '计划完成' in far.text and 'contended' not in far.text, far.text)
    def make(title, **fields):
        given = {'assignee': d.people['researcher'], 'planned_from': d.day(), 'planned_to': d.day(20), 'planned_hours': '40.0',
                 'planned_cost': '30000.00', **fields}
        return d.manager.create('task', validation_project=d.project, title=title, **given).wants(201).json
    first = make('图纸')
    second = make('试制', after=[first['id']], planned_to=d.day(-1), planned_from=d.day(-9))
    refused(d.manager.edit('task', first['id'], 1, after=[first['id']]), '不能以自己为前置', status=422)
    refused(d.manager.edit('task', first['id'], 1, planned_to=d.day(-1)), '计划完成不早于', status=422)
    expect_same(d.of('task', second['id'])['fields']['late'], True, 'late')
    expect(d.desk(d.author, first['id']), 'it waits for who is in charge')
    d.manager.act('task', first['id'], 'begin', actual_from=d.day()).wants(403)
    d.author.act('task', first['id'], 'begin', actual_from=d.day()).wants(200)
    refused(d.manager.act('validation_project', d.project, 'advance', stage='laboratory_validation', decided_on=d.day(), decision='继续'),
            '至少一项任务已完成', '没有未结束的任务')
    d.author.act('task', first['id'], 'finish', actual_to=d.day(), actual_hours='36.0', actual_cost='28000.00', outcome='42 张').wants(200)
    fields = d.of('validation_project', d.project)['fields']
    expect_same([fields[name] for name in ('tasks', 'tasks_done', 'planned_value', 'earned_value', 'actual_cost')],
                [2, 1, '30000.00', '30000.00', '28000.00'], 'earned value')
    d.manager.act('task', second['id'], 'cancel', outcome='不做').wants(200)
    d.manager.act('validation_project', d.project, 'advance', stage='laboratory_validation', decided_on=d.day(), decision='达到指标').wants(200)
    third = make('收尾')
    d.office.act('validation_project', d.project, 'exit', exit_kind='pilot', decided_on=d.day(), decision='转中试').wants(200)
    expect_same(d.of('task', third['id'])['state'], 'cancelled', 'what was left goes with it')
    d.unseen('task', first['id'], *d.elsewhere)
    d.manager.create('task', validation_project=d.project, title='迟到').wants(409)


def calls(d):
    given = {'title': '征集', 'purpose': '原型', 'conditions': '有关口', 'amount_each': '50000.00', 'amount_total': '80000.00', 'opens_on': d.day(),
             'contact': '处里'}
    one = d.officer.create('call', closes_on=d.day(9), **given).wants(201).json
    plan = project(d, d.open, project_manager=d.zhou)
    refused(d.office.act('validation_project', plan, 'apply', call=one['id']), status=422)          # nobody outside sees a draft
    refused(d.officer.create('call', closes_on=d.day(-1), **given), '截止日', status=422)
    d.officer.act('call', one['id'], 'publish').wants(200)
    d.officer.edit('call', one['id'], 2, amount_each='60000.00').wants(409)
    refused(d.officer.act('call', one['id'], 'close'), '已到截止日')
    later = d.officer.create('call', **{**given, 'opens_on': d.day(2)}, closes_on=d.day(9)).wants(201).json['id']
    d.officer.act('call', later, 'publish').wants(200)
    refused(d.office.act('validation_project', plan, 'apply', call=later), '在申报期内')
    d.office.act('validation_project', plan, 'apply', call=one['id']).wants(200)
    expect_same(d.of('call', one['id'], d.officer)['fields']['applications'], 1, 'applications')
    expect(d.may(d.officer, 'validation_project', plan, 'approve'), 'the amount comes with the approval')
    expect(not d.may(d.office, 'validation_project', plan, 'start'), 'not approved yet')
    refused(d.officer.act('validation_project', plan, 'approve', granted='50000.01', decided_on=d.day(), decision='同意'), '不超过每项支持上限')
    d.officer.act('validation_project', plan, 'approve', granted='50000.00', decided_on=d.day(), decision='同意').wants(200)
    second = project(d, d.open, project_manager=d.zhou)
    d.office.act('validation_project', second, 'apply', call=one['id']).wants(200)
    refused(d.officer.act('validation_project', second, 'approve', granted='30000.01', decided_on=d.day(), decision='同意'), '不超过本次总额')
    left = d.manager.create('task', validation_project=plan, title='备料').wants(201).json['id']
    d.office.act('validation_project', plan, 'cancel', decision='不做了').wants(200)                # what it was granted is free again
    expect_same(d.of('task', left)['state'], 'cancelled', 'nobody waits for its tasks')
    d.officer.act('validation_project', second, 'approve', granted='30000.01', decided_on=d.day(), decision='同意').wants(200)
    ours = d.office.create('call', closes_on=d.day(9), **given).wants(201).json['id']
    d.office.act('call', ours, 'publish').wants(200)
    own = project(d, d.open, project_manager=d.zhou)
    d.office.act('validation_project', own, 'apply', call=ours).wants(200)
    refused(d.office.act('validation_project', own, 'approve', granted='1.00', decided_on=d.day(), decision='同意'), '设立项目的人不得批准')
    left = d.manager.create('task', validation_project=own, title='备料').wants(201).json['id']
    d.office.act('validation_project', own, 'refuse', decided_on=d.day(), decision='不予支持').wants(200)
    expect_same(d.of('task', left)['state'], 'cancelled', 'nor for those of one that was refused')


# ---- the order -------------------------------------------------------------------------------------------------------

def orders(d):
    given = {'title': '防水试验', 'service': 'performance', 'need': 'IP68', 'needed_by': d.day(30), 'ceiling': '20000.00'}
    one, other, spare = (d.office.create('service_order', provider=d.employers[login], **given).wants(201).json['id']
                         for login in ('laboratory', 'enterprise', 'laboratory'))
    d.unseen('service_order', one, d.laboratory)
    d.office.act('service_order', spare, 'discard').wants(200)
    for order in (one, other):
        d.office.act('service_order', order, 'ask').wants(200)
    d.unseen('service_order', one, d.enterprise, *d.elsewhere)
    d.unseen('service_order', other, d.laboratory)
    d.unseen('service_order', spare, d.laboratory)
    expect('ceiling' not in d.of('service_order', one, d.laboratory)['fields'], 'the limit is not told')
    expect(d.desk(d.laboratory, one), 'it waits for the provider')
    expect(d.may(d.laboratory, 'service_order', one, 'quote'), 'what the quotation itself gives cannot be missing yet')
    d.enterprise.act('service_order', one, 'quote', quoted_price='1.00', quoted_days=1, quote_until=d.day()).wants(404)
    d.office.edit('service_order', one, 2, need='改').wants(409)
    quote = {'quoted_days': 10, 'quote_until': d.day(5)}
    d.laboratory.act('service_order', one, 'quote', quoted_price='20000.01', **quote).wants(200)
    d.enterprise.act('service_order', other, 'quote', quoted_price='18000.00', **quote).wants(200)
    refused(d.office.act('service_order', one, 'order', due_on=d.day(20)), '内部限价')
    d.office.act('service_order', other, 'order', due_on=d.day(20)).wants(200)
    d.enterprise.act('service_order', other, 'deliver', delivered_on=d.day()).wants(422)
    sent = d.enterprise.request('POST', f'/api/v1/records/service_order/{other}/files?name=report.pdf', b'%PDF-1.4 report',
                                {'Content-Type': 'application/pdf', 'X-Firstmile': '1'}).wants(201).json
    d.enterprise.act('service_order', other, 'deliver', delivered_on=d.day(), delivery_note='通过', delivery_files=[sent]).wants(200)
    expect_same(d.of('service_order', other)['fields']['delivery_files'][0]['name'], 'report.pdf', 'delivered')
    d.office.act('service_order', other, 'return', reason='缺照片').wants(200)
    d.enterprise.act('service_order', other, 'deliver', delivered_on=d.day(), delivery_note='已补').wants(200)
    d.enterprise.act('service_order', other, 'accept', acceptance_note='自己验收').wants(403)
    d.manager.act('service_order', other, 'accept', acceptance_note='齐全').wants(200)
    late = d.office.create('service_order', provider=d.employers['laboratory'], **given).wants(201).json['id']
    d.office.act('service_order', late, 'ask').wants(200)
    d.laboratory.act('service_order', late, 'quote', quoted_price='1.00', **quote).wants(200)
    d.office.act('service_order', late, 'order', due_on=d.day(20)).wants(200)
    d.laboratory.act('service_order', late, 'cancel', reason='不做').wants(403)
    d.office.act('service_order', late, 'cancel', reason='没有交付').wants(200)      # a provider that never delivers holds up nothing


def asks_for_secrecy(d):
    """Who wants to see more of a result that shows in part asks for an agreement; whose it is completes or refuses it."""
    mine = {one['id'] for one in d.office.all('result', filter="state = 'pool'")}
    result = next(one['id'] for one in d.enterprise.all('result') if one['id'] in mine)
    given = {'result': result, 'purpose': '评估是否受让'}
    refused(d.enterprise.create('nda', party=d.employers['laboratory'], **given), '对方是本机构')
    asked, again = (d.enterprise.create('nda', party=d.employers['enterprise'], **given).wants(201).json['id'] for _ in range(2))
    d.unseen('nda', asked, d.laboratory, *d.elsewhere)
    expect(d.desk(d.office, asked), 'it waits for whose result it is')
    d.enterprise.act('nda', asked, 'offer').wants(403)
    d.enterprise.act('nda', asked, 'turn_down', reason='x').wants(403)
    d.office.edit('nda', asked, 1, subject='数据', designation='一种工艺', valid_from=d.day(), valid_to=d.day(30), secrecy_years=3).wants(200)
    d.office.act('nda', asked, 'offer').wants(200)
    d.enterprise.act('nda', asked, 'sign', signatory='丁一凡', signed_on=d.day()).wants(200)
    d.office.act('nda', again, 'turn_down', reason='已有一份').wants(200)
    expect_same(d.of('nda', again, d.enterprise)['fields']['reason'], '已有一份', 'why not')


# ---- secrecy and the deal --------------------------------------------------------------------------------------------

def secrecy(d):
    one = d.office.create('nda', result=d.open, party=d.employers['enterprise'], purpose='评估', subject='数据', designation='一种工艺', valid_from=d.day(),
                          valid_to=d.day(90), secrecy_years=5).wants(201).json['id']
    d.unseen('nda', one, d.enterprise)
    d.unseen('result', d.open, d.enterprise)
    refused(d.office.act('nda', one, 'offer'), '不是“保密”')
    d.author.act('result', d.open, 'disclose', disclosure='nda').wants(403)
    d.office.act('result', d.open, 'disclose', disclosure='nda').wants(200)
    d.office.act('nda', one, 'offer').wants(200)
    d.office.edit('nda', one, 2, subject='更多').wants(409)
    expect(d.desk(d.enterprise, one), 'it waits for the other side')
    page = d.enterprise.get(f'/nda/{one}/sign').wants(200).text
    expect(all(said in page for said in ('一种工艺', '评估', '数据', '5 年')), 'who signs reads what')
    d.office.act('nda', one, 'sign', signatory='x', signed_on=d.day()).wants(403)
    d.enterprise.act('nda', one, 'sign', signatory='丁一凡', signed_on=d.day()).wants(200)
    d.unseen('nda', one, d.laboratory, *d.elsewhere)
    seen = d.of('result', d.open, d.enterprise)['fields']                   # from now on the other side reads it
    expect_same((seen['abstract'], seen['inventors'], 'contact' in seen), ('做法', '沈一鸣', False), 'under secrecy')
    d.unseen('result', d.open, d.laboratory, *d.elsewhere)
    d.unseen('result', d.closed, d.enterprise)
    short = d.office.create('nda', result=d.closed, party=d.employers['enterprise'], purpose='评估', subject='数据', designation='一种工艺', valid_from=d.day(1),
                            valid_to=d.day(90), secrecy_years=5).wants(201).json['id']
    d.office.act('result', d.closed, 'disclose', disclosure='nda').wants(200)
    d.office.act('nda', short, 'offer').wants(200)
    d.enterprise.act('nda', short, 'sign', signatory='丁一凡', signed_on=d.day()).wants(200)
    d.unseen('result', d.closed, d.enterprise)                               # it begins tomorrow
    d.office.act('nda', one, 'end', reason='谈判结束').wants(200)
    d.unseen('result', d.open, d.enterprise)
    asks_for_secrecy(d)
    log = d.manager.create('contact_log', result=d.open, counterpart='临港储能', channel='visit', summary='有兴趣', person_met='丁一凡').wants(201).json
    refused(d.manager.edit('contact_log', log['id'], 1, contacted_on=d.day(1)), '联系日不在今天之后', status=422)
    expect('person_met' in log['fields'] and 'person_met' not in d.of('contact_log', log['id'], d.author)['fields'], 'who was met')
    d.unseen('contact_log', log['id'], *d.elsewhere, d.enterprise, d.officer)


def shares(*parts):
    return [{'inventor': f'完成人{at}', 'share': part} for at, part in enumerate(parts)]


def contract(d, **fields):
    given = {'title': '许可', 'contract_kind': 'licence', 'licence_kind': 'exclusive', 'counterparty': d.employers['enterprise'], 'counterparty_name': '临港储能', 'pricing': 'agreed',
             'price': '1000000.00', 'reward_share': '70.00', 'shares': shares('50.00', '33.33', '16.67'), 'inventor_rights': 'none',
             'notice': '拟以 100 万元许可', 'price_basis': '比照同类许可', **fields}
    return d.manager.create('transfer_contract', result=d.open, **given).wants(201).json['id']


def contracts(d):
    refused(d.office.act('transfer_contract', contract(d, licence_kind=None), 'publish'), '许可合同写明许可方式')
    for parts in (('50.00', '49.99'), ('50.00', '50.01'), ('100.00', '0.00')):
        wrong = contract(d, shares=shares(*parts))
        refused(d.office.act('transfer_contract', wrong, 'publish'), '每位完成人' if '0.00' in parts else '合计恰为 100 %')
    one = d.author.get('/api/v1/sessions').wants(200).json['person']['id']
    twice = [{**part, 'inventor_person': one} for part in shares('50.00', '50.00')]
    refused(d.manager.create('transfer_contract', result=d.open, title='x', shares=twice), '第 2 行的在册人员与第 1 行相同', status=422)
    wrong = contract(d, pricing='listed', shares=shares('50.00', '49.99'))
    refused(d.office.act('transfer_contract', wrong, 'sign', signed_on=d.day()), '合计恰为 100 %', '99.99')
    refused(d.manager.create('transfer_contract', result=d.open, title='x', inventor_rights='long_use'), '写明年限', status=422)
    short = contract(d, pricing='listed', inventor_rights='long_use', use_years=9)
    refused(d.office.act('transfer_contract', short, 'sign', signed_on=d.day()), '不短于规定年限')
    refused(d.manager.create('transfer_contract', result=d.open, title='x', shares=[{**shares('100.00')[0], 'agreed_on': d.day(1)}]),
            '完成人签字日', status=422)
    d.deal = one = contract(d)
    d.unseen('transfer_contract', one, d.author, d.enterprise, *d.elsewhere)
    refused(d.office.act('transfer_contract', one, 'sign', signed_on=d.day()), '协议定价已经公示')
    d.manager.act('transfer_contract', one, 'publish').wants(403)
    published = d.office.act('transfer_contract', one, 'publish').wants(200).json
    expect_same((published['fields']['publicity_due'], published['fields']['shares_total']), (d.day(15), '100.00'), 'fifteen days, counted from tomorrow')
    d.office.edit('transfer_contract', one, published['version'], price='1.00').wants(409)
    refused(d.office.act('transfer_contract', one, 'sign', signed_on=d.day()), '公示期已满')
    seen = d.of('transfer_contract', one, d.author)['fields']                  # made known within one's own organisation
    expect(seen['price'] == '1000000.00' and 'shares' not in seen and 'reward_share' not in seen, seen)
    notice = d.author.get(f'/transfer_contract/{one}/documents/price_notice').wants(200).text
    expect('1,000,000.00 元' in notice and '公示期至' in notice and '完成人0' not in notice, 'the notice that is put up')
    d.unseen('transfer_contract', one, d.enterprise, *d.elsewhere)
    refused(d.elsewhere[0].create('objection', transfer_contract=one, reason='x'), status=422)
    refused(d.author.create('objection', reason='x'), '写明对哪份', status=422)
    before = d.waiting(d.office, 'objection')
    d.objection = d.author.create('objection', transfer_contract=one, reason='价格偏低').wants(201).json['id']
    expect_same(d.waiting(d.office, 'objection'), before + 1, 'it waits for the office')


def later(d, days):
    """The city's day goes on, and everybody signs in again."""
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days)
    proof.Client(d.city).request('POST', '/api/v1/test-clock', {'now': then.strftime('%Y-%m-%dT%H:%M:%SZ')}).wants(200)
    for name, login in (('author', 'researcher'), ('office', 'institution'), ('manager', 'manager'), ('enterprise', 'enterprise')):
        setattr(d, name, proof.Client(d.city, login))


def signing(d):
    later(d, 15)
    refused(d.office.act('transfer_contract', d.deal, 'sign', signed_on=d.day()), '公示期已满', '没有未处理的异议')      # on the last day
    later(d, 16)
    refused(d.office.act('transfer_contract', d.deal, 'sign', signed_on=d.day()), '没有未处理的异议')
    refused(d.author.create('objection', transfer_contract=d.deal, reason='迟到'), '公示期未满')
    refused(d.manager.act('objection', d.objection, 'dismiss', decision='x'), status=403)
    d.office.act('objection', d.objection, 'dismiss', decision='已说明').wants(200)
    refused(d.office.act('transfer_contract', d.deal, 'sign', signed_on=d.day(15)), '公示期满之后')     # not on a day before, either
    d.office.act('transfer_contract', d.deal, 'sign', signed_on=d.day(16)).wants(200)
    refused(d.office.act('result', d.open, 'withdraw'), '没有未了的转化合同', '没有在进行的验证项目')
    seen = d.of('transfer_contract', d.deal, d.enterprise)['fields']
    expect(seen['price'] == '1000000.00' and 'shares' not in seen, 'the other side sees the deal, not how it is shared')
    expect('price_basis' not in seen, 'nor how the price was found')
    d.manager.act('transfer_contract', d.deal, 'register').wants(422)
    refused(d.manager.act('transfer_contract', d.deal, 'register', registration_number='A1', registered_on=d.day(-1)), '登记日不早于', status=422)
    d.manager.act('transfer_contract', d.deal, 'register', registration_number='A1', registered_on=d.day(16)).wants(200)
    refused(d.office.act('transfer_contract', d.deal, 'receive', receipts=[{'received_on': d.day(17), 'amount': '1.00'}]), '到账日', status=422)
    d.office.act('transfer_contract', d.deal, 'receive', receipts=[{'received_on': d.day(), 'amount': '999999.99'}]).wants(200)
    refused(d.office.act('transfer_contract', d.deal, 'fulfil'), '到账合计')
    expect(' 元' in d.office.get(f'/transfer_contract/{d.deal}').wants(200).text, 'an amount of CNY is told in yuan')
    d.office.lang = 'en'
    refused(d.office.act('transfer_contract', d.deal, 'fulfil'), 'the sum of amount over payments received ')
    d.office.lang = 'zh'
    paid = [{'received_on': d.day(), 'amount': '999999.99'}, {'received_on': d.day(), 'amount': '0.01'}]
    d.office.act('transfer_contract', d.deal, 'receive', receipts=paid).wants(200)
    d.office.act('transfer_contract', d.deal, 'fulfil').wants(200)
    upheld = contract(d)
    d.office.act('transfer_contract', upheld, 'publish').wants(200)
    objection = d.author.create('objection', transfer_contract=upheld, reason='漏列完成人').wants(201).json['id']
    d.office.act('objection', objection, 'uphold', decision='补列').wants(200)
    again = d.author.create('objection', transfer_contract=upheld, reason='另一处').wants(201).json['id']
    later(d, 40)
    refused(d.office.act('transfer_contract', upheld, 'sign', signed_on=d.day()), '没有成立的异议')
    d.office.act('transfer_contract', upheld, 'withdraw', reason='另拟').wants(200)
    expect_same(d.of('objection', again)['state'], 'lapsed', 'open objections lapse with it')


def main():
    cases = proof.Cases()
    with proof.own_city() as city:
        city.arguments = ['--test-clock']
        city.start()
        d = Deal(city)
        for title, part in (('the roster: entered by an employer or a society, verified against the certificate', roster),
                            ('a training ends with the hours and result of everybody', training),
                            ('a project manager is from the roster, after the gate, signed by both sides; one at a time', appointments),
                            ('a project starts after the gate, led by somebody on the roster, with its money', projects),
                            ('a task does not come after itself, and tells what was earned', tasks),
                            ('a call takes projects in its days and grants no more than it says', calls),
                            ('an order is between two; other providers see nothing of it', orders),
                            ('secrecy is signed by the other side; contacts are for one\'s own', secrecy),
                            ('a contract: shares of exactly 100 %, and its price public before it is signed', contracts),
                            ('signed when the time to object is over, registered, paid', signing)):
            with cases(title):
                part(d)
        with cases('the tables are what the events make'):
            city.stop()
            before = proof.dump(city)
            proof.run(city, 'rebuild')
            proof.expect_same_dump(proof.dump(city), before, 'rebuilt')
    return cases.end()


if __name__ == '__main__':
    sys.exit(main())
