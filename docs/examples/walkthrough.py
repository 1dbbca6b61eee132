#!/usr/bin/env python3
"""From a thousand abstracts to a deal by API alone (docs/WALKTHROUGH.md): a demo city that is served with --test-clock, its password, and
the abstracts. Prints the ids of what it made, as JSON.

    python3 walkthrough.py http://127.0.0.1:8090 firstmile-demo abstracts.jsonl.gz
"""
import datetime
import http.client
import json
import pathlib
import subprocess
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).parent
PEOPLE = ('researcher', 'institution', 'manager', 'officer')
EXPERTS = ['expert'] + [f'expert{number}' for number in range(2, 10)]
ENTERED = "state = '{}' and external_id is not missing"


class Person:
    """Somebody who is signed in."""

    def __init__(self, address, login, password):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc)
        self.headers = {'Content-Type': 'application/json', 'X-Firstmile': '1'}
        self.login, self.password = login, password
        self.sign_in()

    def sign_in(self):
        self.headers.pop('Cookie', None)
        reply, _ = self.ask('POST', 'sessions', {'login': self.login, 'password': self.password})
        self.headers['Cookie'] = reply.headers['Set-Cookie'].split(';')[0]

    def ask(self, method, path, body=None, refused=None, **headers):
        sent = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        self.connection.request(method, '/api/v1/' + path, sent, {**self.headers, **headers})
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.status >= 400 and reply.status != refused:
            sys.exit(f'{self.login}: {method} {path}: {text.decode()}')
        return reply, json.loads(text) if text else None

    def create(self, type_, **fields):
        return self.ask('POST', f'records/{type_}', {'fields': fields})[1]['id']

    def take(self, type_, record, action, refused=None, **inputs):
        return self.ask('POST', f'records/{type_}/{record}/actions/{action}', {'input': inputs}, refused)[0].status

    def find(self, type_, filter_):
        found, cursor = [], None
        while True:
            query = {'filter': filter_, 'sort': 'id', 'limit': 200, **({'cursor': cursor} if cursor else {})}
            _, page = self.ask('GET', f'records/{type_}?' + urllib.parse.urlencode(query))
            found += [one['id'] for one in page['items']]
            cursor = page['next']
            if cursor is None:
                return found


def bring_in(author, abstracts):
    """The file as a job, waited for."""
    mapping = (HERE / 'cn_research_abstracts.map.json').read_text(encoding='utf-8')
    query = urllib.parse.urlencode({'name': 'abstracts.jsonl.gz', 'mapping': json.dumps(json.loads(mapping))})
    _, job = author.ask('POST', f'records/result/import?{query}', pathlib.Path(abstracts).read_bytes(), **{'Content-Type': 'application/gzip'})
    while author.ask('GET', f'jobs/{job["id"]}')[1]['state'] in ('waiting', 'running'):
        time.sleep(0.1)


def main(address, password, abstracts):
    people = {login: Person(address, login, password) for login in PEOPLE}
    author, office, manager, officer = people.values()
    now = datetime.datetime.now(datetime.timezone.utc)

    def day(days=0):
        return (now + datetime.timedelta(days=days, hours=8)).date().isoformat()

    def later(days):
        office.ask('POST', 'test-clock', {'now': (now + datetime.timedelta(days)).strftime('%Y-%m-%dT%H:%M:%SZ')})
        for person in people.values():                      # a session does not last so long
            person.sign_in()

    bring_in(author, abstracts)
    for one in author.find('result', ENTERED.format('draft')):
        author.take('result', one, 'submit')
    round_ = office.create(
        'screening_round', title='千项筛选', places=20, seed_source='当日收盘指数', opens_on=day(), closes_on=day(), reviews_by=day(14),
        criteria=[{'criterion': '技术创新', 'weight': 40}, {'criterion': '市场前景', 'weight': 35}, {'criterion': '团队', 'weight': 25}],
        seats=[{'group': 'academia', 'places': 5}, {'group': 'industry', 'places': 3}, {'group': 'investment', 'places': 1}])
    office.take('screening_round', round_, 'open')
    for one in author.find('result', ENTERED.format('pool')):
        author.take('result', one, 'enter', screening_round=round_)

    office.take('screening_round', round_, 'close')
    office.take('screening_round', round_, 'draw', seed='3312.45')
    subprocess.run([sys.executable, str(HERE / 'judge.py'), address, password, *EXPERTS], check=True, stdout=sys.stderr)
    for person in people.values():                          # idle for so long that the server has hung up
        person.connection.close()

    office.take('screening_round', round_, 'freeze')
    list_ = office.create('seed_list', title='种子清单', screening_round=round_, notice='异议请在本页提出')
    manager.take('seed_list', list_, 'publish')
    later(30)
    office.take('seed_list', list_, 'confirm')
    office.take('screening_round', round_, 'finish')

    seeds = [row['result'] for row in office.ask('GET', f'records/seed_list/{list_}')[1]['fields']['items']]
    gates = []
    for seed, cost in zip(seeds, ('pass', 'fail')):
        level = author.create('trl_assessment', result=seed, element='关键工艺', claimed_level=5, assessed_level=5, target_level=5,
                              evidence='第三方测试报告', criteria=[{'level': 5, 'criterion': '部件在相关环境中验证', 'outcome': 'met',
                                                                    'evidence': '第三方测试报告'}])
        market = manager.create('market_validation', result=seed, need_verdict='pass', need_evidence='访谈 12 家', competition_verdict='pass',
                                competition_evidence='检索报告', cost_verdict=cost, cost_evidence='物料清单')
        author.take('trl_assessment', level, 'submit')
        manager.take('market_validation', market, 'submit')
        gates.append(manager.create('gate_review', result=seed, conclusion='转入样机'))
    answers = [officer.take('gate_review', gate, 'open', refused=409) for gate in gates]

    project = office.create('validation_project', title='样机试制', result=seeds[0], aim='五台样机通过寿命试验', starts_on=day(30), ends_on=day(300),
                            project_manager=office.find('manager', "state = 'active'")[0],
                            budget=[{'subject': 'material', 'amount': '60000.00'}],
                            funding=[{'source': '校内基金', 'nature': 'own', 'amount': '60000.00'}])
    office.take('validation_project', project, 'start')
    deal = manager.create('transfer_contract', title='专利实施许可', result=seeds[0], contract_kind='licence', licence_kind='ordinary',
                          counterparty_name='临港储能科技有限公司', pricing='agreed', price='1000000.00', reward_share='70.00', inventor_rights='none', notice='拟以 100 万元许可',
                          shares=[{'inventor': '第一完成人', 'share': '66.67'}, {'inventor': '第二完成人', 'share': '33.33'}])
    office.take('transfer_contract', deal, 'publish')
    later(60)
    office.take('transfer_contract', deal, 'sign', signed_on=day(60))
    manager.take('transfer_contract', deal, 'register', registration_number='2026310000000001', registered_on=day(60))
    print(json.dumps({'round': round_, 'list': list_, 'gates': gates, 'answers': answers, 'project': project, 'deal': deal}))


if __name__ == '__main__':
    main(*sys.argv[1:])
