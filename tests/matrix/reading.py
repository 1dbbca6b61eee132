"""What the reading addresses must answer: records, lists, filters, sorting, histories, types, pages."""
import base64
import collections
import csv
import datetime
import functools
import hashlib
import io
import itertools
import re
from json import dumps, loads

import xlsx

from . import endpoints, expression
from .asking import Caller, query, subject
from .pack import FILES
from .planting import CANARY
from .policy import HIDDEN, Row

DESK_NUMBER = re.compile(r'<a class="to-desk"[^>]*>.*?</svg>[^<]*(?:<span class="count">([^<]*)</span>)?</a>', re.S)
API = '/api/v1/records/'
MOST = 1000                                         # rows of a list page


# ---- the program about itself ---------------------------------------------------------------------------------------

@subject('public')
def public(m, e):
    for caller in m.callers():
        answer = m.ask(caller, e.example)
        if not (e.pattern == '/sign-in' and caller.actor and answer.status == 303):     # whoever is signed in is led on
            m.expect(answer, 200)


@subject('metrics')
def metrics(m, e):
    """Operators, whose role is the pack's first, see figures from this machine, and whoever runs it; others nothing."""
    for caller in m.callers():
        answer = m.ask(caller, e.example)
        if caller.way == 'socket' or caller.actor and caller.actor.role == m.pack.roles[0]:
            m.expect(answer, 200)
        elif m.expect(answer, 404):
            m.expect_same(answer, m.ask(caller, '/api/v1/metrics'), 'the figures and no such address')


@subject('test_clock')
def test_clock(m, e):
    """There is none in a city that is served as cities are."""
    for caller in m.callers():
        m.expect(m.ask(caller, e.pattern, body={'now': '2099-01-01T00:00:00Z'}), 404)


@subject('openapi')
def openapi(m, e):
    """The document tells of types and fields what the reader's role may ever meet."""
    for caller in m.callers():
        answer = m.ask(caller, e.pattern)
        if not m.expect(answer, 200):
            continue
        document, found = answer.json(), {}
        for name, schema in document['components']['schemas'].items():
            if name.startswith('fields_of_'):
                found[name.removeprefix('fields_of_')] = sorted(schema['properties'])
        m.expect_equal(known_fields(m, caller.actor), found, 'types and fields in the document')
        wanted = {(x.method, x.pattern) for x in m.endpoints
                  if not x.page and (x.allow != 'machine' or caller.way == 'socket')}
        m.expect_equal(sorted(wanted), sorted(endpoints.documented(document)), 'addresses in the document')


def known_fields(m, actor):
    """Fields in a document: the type's own and `disclosure`."""
    if actor is None:
        return {}
    return {t.name: sorted(f.name for f in t.fields if (not f.system or f.name == 'disclosure') and
                           m.policy.knows_field(actor.role, f, t))
            for t in m.pack.types.values() if m.policy.knows_type(actor.role, t)}


@subject('who')
def who(m, e):
    for caller in m.callers():
        answer = m.ask(caller, e.pattern)
        if m.turned_away(caller, answer) or not m.expect(answer, 200):
            continue
        actor, json = caller.actor, answer.json()
        m.expect_equal([actor.person, actor.membership, actor.role, actor.organisation], [json['person']['id'],
                       json['membership'], json['role'], json['organisation']['id']], 'who one is')
        running = [r.id for r in m.memberships(actor) if m.policy.runs(r)]
        m.expect_equal(sorted(running), sorted(x['id'] for x in json['memberships']), "one's memberships")


# ---- types ----------------------------------------------------------------------------------------------------------

def check_type(m, actor, type_, json):
    m.expect_equal([f.name for f in type_.fields if m.policy.knows_field(actor.role, f, type_)],
                   [f['name'] for f in json['fields']], f'fields of {type_.name}')
    m.expect_equal([a.name for a in type_.actions if m.policy.knows_action(actor.role, a)],
                   [a['name'] for a in json['actions']], f'actions of {type_.name}')
    told = {n for a in json['actions'] for n in (*a['inputs'], *a['required'])} | set(json['columns'])
    m.expect_equal([], sorted(n for n in told if not m.policy.knows_field(actor.role, type_.field(n), type_)),
                   f'fields that steps of {type_.name} take and the role never sees')


@subject('types')
@subject('page_home')
def types(m, e):
    for caller in m.callers():
        answer = m.ask(caller, e.pattern)
        if m.turned_away(caller, answer) or not m.expect(answer, 200):
            continue
        if e.page:
            answer = m.ask(caller, e.pattern + '?format=json')
        known = {t.name: t for t in m.pack.types.values() if m.policy.knows_type(caller.actor.role, t)}
        items = {item['name']: item for item in answer.json()['items']}
        m.expect_equal(sorted(known), sorted(items), 'types that the role meets')
        for name in known.keys() & items.keys():
            check_type(m, caller.actor, known[name], items[name])


@subject('type')
def one_type(m, e):
    for caller in m.callers():
        none = m.ask(caller, '/api/v1/types/nothing')
        m.turned_away(caller, none) or m.expect(none, 404)
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'/api/v1/types/{type_.name}')
            if m.turned_away(caller, answer):
                continue
            if not m.policy.knows_type(caller.actor.role, type_):
                m.expect_same(answer, none, 'a type that the role never meets and none')
            elif m.expect(answer, 200):
                check_type(m, caller.actor, type_, answer.json())


# ---- one record -----------------------------------------------------------------------------------------------------

def check_parameters(m, actor, record, told, about):
    """Each as it counts on the record's day, and of its row what the reader may see."""
    for use in told:
        row = m.policy.parameter_row(record, use['code'])
        seen = row is not None and m.policy.sees(actor, row)
        m.expect_equal(row.id if seen else None, use.get('record'), f'row of {use["code"]} for {about}')
        shown = m.policy.record_json(actor, row)['fields'] if seen else {}
        for name in ('value', 'valid_from', 'valid_to'):
            m.expect_equal(shown.get(name), use.get(name), f'{name} of {use["code"]} for {about}')


def check_record(m, actor, record, json):
    """All that the policy shows of the record, and nothing else."""
    json, about = dict(json), f'the record {record.id} in state {record["state"]}'
    actions = {a['name']: a['allowed'] for a in json.pop('actions')}
    check_parameters(m, actor, record, json.pop('parameters', []), about)
    if record.type.page:
        json.pop(record.type.page, None)            # what a service makes of records that the reader sees
    m.expect_told(m.policy.record_json(actor, record), json, about)
    m.expect_equal(m.policy.options(actor, record), actions, f'steps of {about}')


@subject('record')
def record(m, e):
    for caller in m.callers():
        for type_ in m.pack.types.values():
            none = m.ask(caller, f'{API}{type_.name}/{m.nothing}', 'none')
            records = m.truth.records[type_.name] if caller.way == 'token' else m.samples(caller, type_)[:-1]
            for one in records:
                show(m, caller, one, none)
        if caller.actor:
            m.expect_same(m.ask(caller, f'{API}nothing/{m.nothing}'), m.ask(caller, f'{API}nothing/x'), 'no such type')


def show(m, caller, one, none):
    actor, target = caller.actor, f'{API}{one.type.name}/{one.id}'
    answer = m.ask(caller, target, m.relation(actor, one))
    if m.turned_away(caller, answer) or not m.policy.sees(actor, one):
        m.expect_same(answer, none, 'a hidden record and none')
        return
    if not m.expect(answer, 200):
        return
    check_record(m, actor, one, answer.json())
    m.expect_equal(f'"{one["version"]}"', answer.header('etag'), 'ETag')
    if caller.way != 'token':                       # the sample: also by HEAD, and with references written out
        head = m.ask(caller, target, m.relation(actor, one), method='HEAD')
        m.expect_equal(answer.same_part()[:2], head.same_part()[:2], 'HEAD and GET')
        check_expanded(m, caller, one, m.ask(caller, target + query(expand=','.join(references(m, actor, one.type)))))


@subject('job')
def job(m, e):
    """A job by its own address is the record by the records' address."""
    for caller in m.callers():
        none = m.ask(caller, f'/api/v1/jobs/{m.nothing}', 'none')
        for one in m.truth.records.get('job', []):
            answer = m.ask(caller, f'/api/v1/jobs/{one.id}', m.relation(caller.actor, one))
            if m.turned_away(caller, answer) or not m.policy.sees(caller.actor, one):
                m.expect_same(answer, none, 'a hidden job and none')
            else:
                m.expect_same(answer, m.ask(caller, f'{API}job/{one.id}'), 'a job and its record')


@subject('job_errors')
def job_errors(m, e):
    """What a file held has only been seen by who sent it."""
    for caller in m.callers():
        none = m.ask(caller, f'/api/v1/jobs/{m.nothing}/errors', 'none')
        for one in m.truth.records.get('job', []):
            answer = m.ask(caller, f'/api/v1/jobs/{one.id}/errors', m.relation(caller.actor, one))
            if m.turned_away(caller, answer) or one['creator'] != caller.actor.person:
                m.expect_same(answer, none, "another's rows and none")
            else:
                m.expect(answer, 200)


def may_name(m, actor, field, type_):
    """Whether it can be asked for: what every type has is known to everybody."""
    return field not in type_.own_fields or m.policy.knows_field(actor.role, field, type_)


def references(m, actor, type_):
    return [f.name for f in type_.fields
            if f.kind in ('reference', 'references') and f.name != 'id' and may_name(m, actor, f, type_)]


def check_expanded(m, caller, one, answer):
    if not m.expect(answer, 200):
        return
    json = answer.json()
    for name in references(m, caller.actor, one.type):
        field, found = one.type.field(name), json.get(name, json['fields'].get(name))
        wanted = m.policy.expanded(caller.actor, one, field, m.language(caller))
        if isinstance(wanted, dict) and isinstance(found, dict) and 'title' not in wanted:
            found = {k: v for k, v in found.items() if k != 'title' or not title_is_words(m, field)}
        m.expect_equal(wanted, found, f'{name} written out')


def title_is_words(m, field):
    target = m.pack.types[field.target]
    return target.field(target.title).kind not in ('text', 'long_text')


@subject('events')
def events(m, e):
    for caller in m.callers():
        for type_ in m.pack.types.values():
            none = m.ask(caller, f'{API}{type_.name}/{m.nothing}/events', 'none')
            for one in m.targets(caller, type_)[:-1]:
                answer = m.ask(caller, f'{API}{type_.name}/{one.id}/events?limit={MOST}', m.relation(caller.actor, one))
                if m.turned_away(caller, answer) or not m.policy.sees(caller.actor, one):
                    m.expect_same(answer, none, 'the history of a hidden record and of none')
                elif m.expect(answer, 200):
                    check_history(m, caller.actor, one, answer.json()['items'])


def check_history(m, actor, one, items):
    """Exactly what the policy tells; labels, names and times are words about it."""
    found = []
    for item in items:
        changes = {c['field']: {side: c[side] for side in ('old', 'new') if side in c} for c in item['changes']}
        entry = {'sequence': item['sequence'], 'action': item['action'], 'version': item['version'], 'changes': changes}
        if 'by' in item:
            entry['by'] = {key: item['by'][key] for key in ('system', 'person', 'organisation') if key in item['by']}
        found.append(entry)
    m.expect_equal(m.policy.history(actor, one), found, f'the history of {one.id}')


# ---- receipts ----

def blocks(text):
    """The decoded blocks of a receipt, by name."""
    found = re.findall(r'-----BEGIN ([A-Z ]+)-----\n(.*?)-----END \1-----\n', text, re.S)
    return {name: base64.b64decode(body) for name, body in found}


@subject('receipt')
@subject('page_receipt')
def receipt(m, e):
    """Of the newest step: to those who see it, who took it, and every record and field that it names; values that show."""
    path = '/' if e.pattern.startswith('/{') else API
    for caller in m.callers() if path == API else page_callers(m):
        for type_ in m.pack.types.values():
            none = m.ask(caller, f'{path}{type_.name}/{m.nothing}/receipt', 'none')
            for one in m.targets(caller, type_)[:-1]:
                answer = m.ask(caller, f'{path}{type_.name}/{one.id}/receipt', m.relation(caller.actor, one))
                if m.turned_away(caller, answer) or not m.policy.sees(caller.actor, one):
                    m.expect_same(answer, none, 'the receipt of a hidden record and of none')
                else:
                    check_receipt(m, caller.actor, one, answer)


def check_receipt(m, actor, one, answer):
    steps = {step['version']: step for step in m.policy.history(actor, one)}
    step, last = steps.get(one['version']), m.truth.events[one.id][-1]
    if step is None:
        m.expect(answer, 404)
        return
    by = step.get('by', {})
    told = 'system' in by or 'person' in by
    named = [one.type.field(name) for name in {*last.values, *last.erased} if one.type.field(name)]
    knows = all(m.policy.knows_field(actor.role, f, one.type) for f in named)
    if not told or not knows:
        m.expect(answer, 403)
    if answer.status != 200:            # a step that touched others, too, is kept from those who do not see them all
        m.expect(answer, 403)
        return
    found = blocks(answer.body.decode())
    manifest = found['EVIDENCE MANIFEST'].decode()
    own = re.search(rf'^record (\d+) \w+ {one.id} {one["version"]}$', manifest, re.M)
    m.expect_equal(True, own is not None, f'a receipt of version {one["version"]} of {one.id}')
    for item, record in re.findall(r'^record (\d+) \w+ (\S+) \d+$', manifest, re.M):
        other = m.truth.by_id.get(record)
        m.expect_equal(True, other is None or m.policy.sees(actor, other), f'a record that the receipt of {one.id} names')
        if other is None:
            continue
        names = [line.split(' ')[0] for line in found['EVIDENCE DISCLOSURE'].decode().splitlines()]
        hidden = [n for n in names if n.startswith(item + '.') and (field := other.type.field(n.partition('.')[2])) and
                  not m.policy.shows(actor, other, field)]
        m.expect_equal([], hidden, f'values of {record} that the receipt of {one.id} tells, and that are hidden')


@subject('check')
@subject('page_check')
def check(m, e):
    """The same to everybody; here of what is no receipt."""
    for caller in page_callers(m) if e.page else m.callers():
        answer = m.ask(caller, '/check?format=json', form=[('text', 'x')]) if e.page else m.ask(caller, e.pattern, body={'receipt': 'x'})
        if m.expect(answer, 200):
            m.expect_equal([False, None], [answer.json()['unchanged'], answer.json()['of_this_log']], 'no receipt')


# ---- lists ----------------------------------------------------------------------------------------------------------

def check_list(m, caller, target, wanted, what, fields=()):
    """The items are the wanted records, each as the policy shows it, and so many are counted. Gives them in order."""
    answer = m.ask(caller, target)
    if not m.expect(answer, 200):
        return []
    json, by_id = answer.json(), {r.id: r for r in wanted}
    found = [item['id'] for item in json['items']]
    m.expect_equal(sorted(by_id), sorted(found), f'records of {what}')
    if 'total=1' in target:
        m.expect_equal(len(wanted), json['total'], f'total of {what}')
    for item in json['items']:
        if item['id'] in by_id:
            m.expect_told(m.policy.record_json(caller.actor, by_id[item['id']], fields or None), item, 'an item')
    return [m.truth.by_id[id_] for id_ in found if id_ in m.truth.by_id]


def check_order(m, caller, type_, found, sort):
    """By what the reader sees, the id of a hidden record being unknown; what is missing or hidden comes first, going
    up; what is equal stands by its id."""
    field, down, env = type_.field(sort.lstrip('-')), sort.startswith('-'), m.policy.env(caller.actor, True)

    def key(record):
        value = env.get(record, field)
        value = ','.join(value) if isinstance(value, tuple) else value
        return (value is not None, value if value is not None else 0, record.id)
    m.expect_equal([r.id for r in sorted(found, key=key, reverse=down)], [r.id for r in found], f'order by {sort}')


@subject('list')
def lists(m, e):
    for caller in m.callers():
        answer = m.ask(caller, f'{API}nothing')
        m.turned_away(caller, answer) or m.expect(answer, 404)
        for type_ in m.pack.types.values():
            if caller.actor is None:
                m.turned_away(caller, m.ask(caller, f'{API}{type_.name}'))
                continue
            wanted = m.policy.visible(caller.actor, type_)
            found = check_list(m, caller, f'{API}{type_.name}' + query(limit=MOST, total=1), wanted, 'a list')
            check_order(m, caller, type_, found, type_.sort)
    for caller in m.one_of_each_role():
        for type_ in m.pack.types.values():
            sorting(m, caller, type_)
            filtering(m, caller, type_)
            paging(m, caller, type_)


# ---- in numbers -----------------------------------------------------------------------------------------------------

FIGURE_MAX, CARDS = 5000, 10


def check_figure(m, actor, type_, figure, text, what):
    """The number is that of the records that the reader finds by the filter beside it. Gives these."""
    found = m.policy.filtered(actor, type_, text) if text else m.policy.visible(actor, type_)
    m.expect_equal((text, min(len(found), FIGURE_MAX), len(found) > FIGURE_MAX),
                   (figure['filter'], figure['count'], figure['more']), f'how many: {what}')
    return found


def states_told(m, actor, type_):
    return type_.states if m.policy.knows_field(actor.role, type_.field('state'), type_) else []


@subject('board')
@subject('page_board')
def board(m, e):
    """A column a state, with how many records of it show, and the first of them."""
    base = '/' if e.page else API
    for caller in m.callers() if not e.page else page_callers(m):
        answer = m.ask(caller, f'{base}nothing/board')
        m.turned_away(caller, answer) or m.expect(answer, 404)
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'{base}{type_.name}/board')
            if m.turned_away(caller, answer) or not m.expect(answer, 200):
                continue
            answer = m.ask(caller, f'{base}{type_.name}/board?format=json') if e.page else answer
            columns = answer.json()['columns']
            m.expect_equal(states_told(m, caller.actor, type_), [c['state'] for c in columns], f'columns of {type_.name}')
            for column in columns:
                check_column(m, caller, type_, column)


def check_column(m, caller, type_, column):
    text = f"state = '{column['state']}'"
    found = {r.id: r for r in check_figure(m, caller.actor, type_, column, text, f'{type_.name} where {text}')}
    items = [item['id'] for item in column['items']]
    m.expect_equal([], [id_ for id_ in items if id_ not in found], f'cards of {type_.name} where {text}')
    m.expect_equal(min(len(found), CARDS), len(items), f'how many cards of {type_.name} where {text}')
    for item in (item for item in column['items'] if item['id'] in found):
        m.expect_told(m.policy.record_json(caller.actor, found[item['id']]), item, 'a card')


@subject('matrix')
@subject('page_matrix')
def matrix(m, e):
    """Each number is that of the records which both conditions hold for; a record stands where it is among them, and one that does
    not show nowhere."""
    base = '/' if e.page else API
    for caller in m.callers() if not e.page else page_callers(m):
        for type_ in m.pack.types.values():
            path = f'{base}{type_.name}/matrix'
            answer = m.ask(caller, path)
            if m.turned_away(caller, answer):
                continue
            told = bool(type_.matrix) and knows_matrix(m, caller.actor.role, type_)
            if not m.expect(answer, 200 if told else 404) or not told:
                continue
            seen = m.policy.visible(caller.actor, type_)
            others = [r for r in m.policy.truth.records[type_.name] if r not in seen]
            if e.page:
                path += '?format=json'
                answer = m.ask(caller, path)
            check_matrix(m, caller, type_, answer.json(), None)
            for one in seen[:1] + others[:1]:
                answer = m.ask(caller, path + ('&' if e.page else '?') + f'here={one.id}')
                m.expect(answer, 200) and check_matrix(m, caller, type_, answer.json(), one.id)


def knows_matrix(m, role, type_):
    """Whether the role could ever see all that its classes read; else a class would tell of the rest."""
    return all(m.policy.knows_field(role, field, of) for classes in type_.matrix for text in classes.values()
               for of, field in expression.compile_expression(text, m.pack, type_).every)


def check_matrix(m, caller, type_, told, here):
    actor, (rows, columns) = caller.actor, type_.matrix
    m.expect_equal([list(rows), list(columns)], [[c['name'] for c in told[side]['classes']] for side in ('rows', 'columns')], 'classes')
    check_figure(m, actor, type_, told, None, f'all {type_.name}')
    for side, classes in zip(('rows', 'columns'), type_.matrix):
        for figure, text in zip(told[side]['classes'], classes.values()):
            check_figure(m, actor, type_, figure, text, f'{type_.name} where {text}')
    for row, line in zip(rows.values(), told['cells']):
        for column, cell in zip(columns.values(), line):
            text = f'({row}) and ({column})'
            found = check_figure(m, actor, type_, cell, text, f'{type_.name} where {text}')
            m.expect_equal(here in [r.id for r in found], cell['here'], f'{here} where {text}')


@subject('statistics')
@subject('page_statistics')
def statistics(m, e):
    """Each number is what the list that it opens holds."""
    for caller in m.callers() if not e.page else page_callers(m):
        answer = m.ask(caller, '/statistics' if e.page else e.pattern)
        if m.turned_away(caller, answer) or not m.expect(answer, 200):
            continue
        actor = caller.actor
        items = (m.ask(caller, '/statistics?format=json') if e.page else answer).json()['items']
        listed = [t for t in m.pack.types.values() if any(m.policy.knows_field(actor.role, f, t) for f in t.fields)]
        m.expect_equal(sorted(t.name for t in listed), sorted(i['type'] for i in items), 'types in numbers')
        for item in items:
            type_ = m.pack.types[item['type']]
            check_figure(m, actor, type_, item, None, type_.name)
            m.expect_equal(states_told(m, actor, type_), [s['state'] for s in item['states']], f'states of {type_.name}')
            for figure in item['states']:
                check_figure(m, actor, type_, figure, f"state = '{figure['state']}'", type_.name)
            clocks = [c for c in type_.clocks if not c.waits and m.policy.knows_field(actor.role, type_.field(c.field('due')), type_)]
            m.expect_equal([c.name for c in clocks], [late['clock'] for late in item['late']], f'clocks of {type_.name}')
            for figure, clock in zip(item['late'], clocks):
                check_figure(m, actor, type_, figure, f'{clock.field("due")} < today()', f'late {type_.name}')


# ---- a search over all types -----------------------------------------------------------------------------------------

def named(m, actor, record, word):
    """Does the reader find the word in the number, or in the title as it shows to them?"""
    type_ = record.type
    title = type_.field(type_.title)
    if title.kind == 'reference':
        target = m.pack.types[title.target]
        fields = [f'{title.name}.{name}' for name in (target.title, target.title + '_zh', target.title + '_en') if name in target.by_name
                  and target.field(name).kind in ('text', 'long_text')]
        return any(record in m.policy.filtered(actor, type_, f'{path} contains {quoted(word)}') for path in fields)
    names = [n for n in ('number', type_.title, type_.title + '_zh', type_.title + '_en') if n in type_.by_name
             and type_.field(n).kind in ('text', 'long_text')]
    return any(word in (m.policy.seen(actor, record, type_.field(n)) or '') for n in names)


def words_to_search(m):
    """What every planted text begins with; a whole title that most do not see; a number; what nobody has."""
    paper = [r for rs in m.truth.records.values() for r in rs if r.type.field(r.type.title).kind == 'text']
    titles = [m.policy.true(r, r.type.field(r.type.title)) for r in paper]
    numbers = [r['number'] for rs in m.truth.records.values() for r in rs if r['number']]
    single = [t for t in titles if t and ' ' not in t and len(t) < 100]
    return ['CANARY', *sorted(single)[:1], *sorted(single)[-1:], *numbers[:1], *numbers[-1:], 'nobody-has-this']


@subject('search')
@subject('page_search')
def search(m, e):
    """Of each type the records whose number or title, as they show, has the word; and of no other."""
    for word in words_to_search(m):
        for caller in m.callers() if not e.page else page_callers(m):
            at = ('/search' if e.page else e.pattern) + query(q=word, limit=50)
            answer = m.ask(caller, at)
            if m.turned_away(caller, answer) or not m.expect(answer, 200):
                continue
            told = {g['type']: g for g in (m.ask(caller, at + '&format=json') if e.page else answer).json()['items']}
            for type_ in m.pack.types.values():
                wanted = {r.id: r for r in m.policy.visible(caller.actor, type_) if named(m, caller.actor, r, word)}
                group = told.pop(type_.name, {'items': [], 'more': False})
                found = [item['id'] for item in group['items']]
                m.expect_equal(([], min(len(wanted), 50), len(wanted) > 50), ([i for i in found if i not in wanted], len(found), group['more']),
                               f'{type_.name} found by {word}')
                for item in (item for item in group['items'] if item['id'] in wanted):
                    names = [n for n in (type_.title, type_.title + '_zh', type_.title + '_en') if n in type_.by_name]
                    m.expect_told(m.policy.record_json(caller.actor, wanted[item['id']], names), item, 'a found record')
            m.expect_equal([], sorted(told), 'types that are none')
    for type_ in (t for t in m.pack.types.values() if t.alike):
        for record in m.truth.records[type_.name][::7]:
            for caller in m.callers() if not e.page else page_callers(m):
                search_like(m, e, caller, type_, record)


def pairs(text):
    """Neighbours among the letters, digits and characters of the text, each as often as it stands there."""
    counted = [c for c in (text or '').lower() if c.isalnum()]
    return collections.Counter(zip(counted, counted[1:]))


def alike(m, actor, type_, one, other):
    """Per mille of the most alike text of both that the reader sees."""
    most = 0
    for name in type_.alike:
        a, b = (pairs(m.policy.seen(actor, record, type_.field(name))) for record in (one, other))
        if a and b:
            most = max(most, 2000 * sum((a & b).values()) // (sum(a.values()) + sum(b.values())))
    return most


def search_like(m, e, caller, type_, record):
    """Those that show, by texts that show, and no other; to whom the record does not show, as if there were none."""
    at = ('/search' if e.page else e.pattern) + query(type=type_.name, like=record.id, limit=50)
    answer = m.ask(caller, at)
    if m.turned_away(caller, answer):
        return
    if not m.policy.sees(caller.actor, record):
        m.expect(answer, 404)
        return
    if not m.expect(answer, 200):
        return
    groups = (m.ask(caller, at + '&format=json') if e.page else answer).json()['items']
    wanted = {r.id: alike(m, caller.actor, type_, record, r) for r in m.policy.visible(caller.actor, type_) if r.id != record.id}
    wanted = {id_: likeness for id_, likeness in wanted.items() if likeness >= 500}
    found = {like['id']: like['percent'] for group in groups for like in group['likeness']}
    m.expect_equal((min(len(wanted), 50), []), (len(found), [id_ for id_, percent in found.items() if wanted.get(id_, 0) // 10 != percent]),
                   f'{type_.name} like {record.id}')


# ---- order, filters, pages ------------------------------------------------------------------------------------------

def sorting(m, caller, type_):
    wanted = m.policy.visible(caller.actor, type_)
    for field in (f for f in type_.fields if f.listed and f.kind not in ('rows', 'references')):
        for sort in (field.name, '-' + field.name):
            known = may_name(m, caller.actor, field, type_)
            shown = field.name if known else 'id'
            target = f'{API}{type_.name}' + query(limit=MOST, sort=sort, fields=shown)
            found = check_list(m, caller, target, wanted, f'a list by {sort}', (shown,))
            check_order(m, caller, type_, found, sort)
        if not known:       # to be shown it, or where it leads, is as if there were no such field
            for given in ('fields', 'expand'):
                answers = [m.ask(caller, f'{API}{type_.name}' + query(**{given: name})) for name in (field.name, 'x' * len(field.name))]
                m.expect(answers[0], 422)
                m.expect_equal(answers[1].body.replace(b'x' * len(field.name), field.name.encode()), answers[0].body, f'{given}={field.name}')


def filtering(m, caller, type_):
    for text in m.share(caller, filters(m, type_)):
        wanted = m.policy.filtered(caller.actor, type_, text)
        target = f'{API}{type_.name}' + query(limit=MOST, total=1, filter=text, fields='disclosure')
        check_list(m, caller, target, wanted, f'a list where {text}', ('disclosure',))


def filters(m, type_):
    """Conditions on every field, through every reference and over all children, with values somebody must not see."""
    if type_.name not in m.filters_known:
        found = [text for f in type_.fields if f.listed for text in on_field(m, type_, f, f.name)]
        for reference in (f for f in type_.fields if f.kind == 'reference' and f.name != 'id'):
            target = m.pack.types[reference.target]
            for f in (f for f in target.fields if f.listed):
                found += on_field(m, target, f, f'{reference.name}.{f.name}')[:2]
        for child, _ in m.pack.children_of(type_):
            found += [f'any({child.name})', f'count({child.name}) > 1']
            for f in (f for f in child.own_fields if f.listed):
                found += [f'any({child.name} where {text})' for text in on_field(m, child, f, f.name)[:2]]
        m.filters_known[type_.name] = found + [f'not ({text})' for text in found[::3]]
    return m.filters_known[type_.name]


def quoted(text):
    return "'" + text.replace("'", "''").replace('\n', ' ') + "'"


def on_field(m, type_, field, path, records=None):
    """Conditions that true values meet. records: those that have them, when not all of the type."""
    records = m.truth.records[type_.name] if records is None else records
    found = [f'{path} is not missing']
    if field.kind == 'rows':
        rows = [Row(r, field, row) for r in records for row in r[field.name] or ()]
        conditions = [text for c in field.rows.fields for text in on_field(m, type_, c, c.name, rows)[:2]]
        return [f'count({path}) > 1', *(f'any({path} where {text})' for text in conditions)] if '.' not in path else []
    values = sorted({v for v in (m.policy.true(r, field) for r in records) if v is not None})
    if not values:
        return found
    middle = values[len(values) // 2]
    if field.kind in ('choices', 'references'):
        return [f"{path} contains '{middle[-1]}'", *found]
    if field.kind == 'reference':
        return [f"{path} = '{middle}'", *found, f"{path} != '{values[0]}'"]
    if field.kind in ('text', 'long_text'):
        canary = next((v for v in values if 'CANARY' in v), middle)
        some = CANARY.search(canary)[0] if CANARY.search(canary) else middle[:4]
        found = [f"{path} contains {quoted(some)}", *found]
        return found + ([f'{path} = {quoted(canary)}', f'{path} != {quoted(canary)}'] if len(canary) < 300 else [])
    if field.kind == 'choice':
        return [f"{path} = '{middle}'", *found, f"{path} in ('{values[0]}', '{values[-1]}')"]
    if field.kind == 'date':
        return [f"{path} <= date '{middle.isoformat()}'", *found]
    if field.kind == 'boolean' or field.kind == 'computed':
        return [f'{path} = true', *found]
    if field.kind in ('integer', 'decimal', 'money'):
        return [f'{path} <= {middle}', *found, f'{path} > {values[0]}']
    return found


def paging(m, caller, type_):
    """Page by page the same records; a cursor is good for nobody else, no other list and no other condition."""
    wanted = m.policy.visible(caller.actor, type_)
    if len(wanted) < 3:
        return
    base, found, cursor = f'{API}{type_.name}', [], None
    while True:
        answer = m.ask(caller, base + query(limit=(len(wanted) + 1) // 2, **({'cursor': cursor} if cursor else {})))
        if not m.expect(answer, 200):
            return
        found += [item['id'] for item in answer.json()['items']]
        if not answer.json()['next'] or len(found) > len(wanted):
            break
        cursor = answer.json()['next']
    m.expect_equal(sorted(r.id for r in wanted), sorted(found), 'records over all pages')
    other = next(c for c in m.one_of_each_role() if c.actor != caller.actor)
    m.expect(m.ask(other, base + query(cursor=cursor)), 422)
    m.expect(m.ask(caller, base + query(cursor=cursor, filter='version > 0')), 422)
    m.expect(m.ask(caller, f'{API}{next(t for t in m.pack.types if t != type_.name)}' + query(cursor=cursor)), 422)


# ---- files ----------------------------------------------------------------------------------------------------------

@subject('export')
def export(m, e):
    """All that a list shows, as a file: each line of JSON is a record of the list, each cell of CSV a value of it."""
    for caller in m.callers():
        none = m.ask(caller, f'{API}nothing/export')
        m.turned_away(caller, none) or m.expect(none, 404)
        for type_ in m.pack.types.values():
            target = f'{API}{type_.name}/export'
            answer = m.ask(caller, target + query(format='jsonl'))
            if m.turned_away(caller, answer) or not m.expect(answer, 200):
                continue
            wanted = {r.id: m.policy.record_json(caller.actor, r) for r in m.policy.visible(caller.actor, type_)}
            found = [loads(line) for line in answer.body.decode().splitlines()]
            m.expect_equal(sorted(wanted), sorted(record['id'] for record in found), f'lines of {type_.name}')
            for record in found:
                m.expect_told(wanted.get(record['id']), record, f'a line of {type_.name}')
            answer = m.ask(caller, target + query(format='csv'))
            if m.expect(answer, 200):
                check_csv(m, caller.actor, type_, wanted, answer.body.decode('utf-8-sig'))
    for caller in m.one_of_each_role():
        for type_ in m.pack.types.values():
            wanted = {r.id: m.policy.record_json(caller.actor, r) for r in m.policy.visible(caller.actor, type_)}
            answer = m.ask(caller, f'{API}{type_.name}/export' + query(format='xlsx'))
            if m.expect(answer, 200):
                check_xlsx(m, caller.actor, type_, wanted, answer.body)
            for text in m.share(caller, filters(m, type_)[::5]):
                answer = m.ask(caller, f'{API}{type_.name}/export' + query(format='jsonl', filter=text))
                if m.expect(answer, 200):
                    ids = [loads(line)['id'] for line in answer.body.decode().splitlines()]
                    wanted = [r.id for r in m.policy.filtered(caller.actor, type_, text)]
                    m.expect_equal(sorted(wanted), sorted(ids), f'a file where {text}')


def check_csv(m, actor, type_, wanted, text):
    head, *rows = csv.reader(io.StringIO(text, newline=''))
    known = [f for f in type_.fields if m.policy.knows_field(actor.role, f, type_) or f.name == 'id']
    m.expect_equal(sorted(f.name for f in known if f.name != 'erased'), sorted(head), f'columns of {type_.name}')
    m.expect_equal(sorted(wanted), sorted(row[0] for row in rows), f'lines of {type_.name} as CSV')
    for row in rows:
        json = wanted.get(row[0], {'fields': {}})
        values = {**json, **json['fields']}
        m.expect_equal([cell(values.get(name)) for name in head], row, f'the line of {row[0]}')


def check_xlsx(m, actor, type_, wanted, body):
    """By another reader: the same columns, and as text the same cells."""
    head, *rows = xlsx.read(body)
    known = [f for f in type_.fields if m.policy.knows_field(actor.role, f, type_) or f.name == 'id']
    m.expect_equal(sorted(f.name for f in known if f.name != 'erased'), sorted(head), f'columns of {type_.name}')
    m.expect_equal(sorted(wanted), sorted(row[0] for row in rows), f'rows of {type_.name} as XLSX')
    for row in rows:
        json = wanted.get(row[0], {'fields': {}})
        values = {**json, **json['fields']}
        for name, found in itertools.zip_longest(head, row):
            m.expect_equal(as_cell(values.get(name), found), found, f'{name} of {row[0]} as XLSX')


def as_cell(value, found):
    """A value of JSON as the kind of cell that was found."""
    text = cell(value)
    if isinstance(found, bool):
        return text == 'true' if text in ('true', 'false') else text
    if isinstance(found, datetime.date):
        return datetime.date.fromisoformat(text) if text else None
    if isinstance(found, float):
        return float(text) if text else None
    return text or None


@subject('template')
def template(m, e):
    """The empty sheet of a type: the columns that one may fill in when one may create; 404 and 403 as creating is."""
    for caller in m.callers():
        none = m.ask(caller, f'{API}nothing/template')
        m.turned_away(caller, none) or m.expect(none, 404)
    for caller in m.one_of_each_role():
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'{API}{type_.name}/template')
            create = next((a for a in type_.actions if a.creates), None)
            if create is None or m.policy.permits(caller.actor, create, None) != 'yes':
                m.expect(answer, 404)
            elif m.expect(answer, 200):
                head, = xlsx.read(answer.body)
                m.expect_equal(len([n for n in create.inputs if type_.field(n).kind not in FILES]), len(head), f'columns of an empty {type_.name}')


def cell(value):
    """A value of JSON as a cell; what a spreadsheet could take for a formula has an apostrophe before it."""
    if value is None:
        return ''
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, dict):
        return value.get('name', 'hidden')
    if isinstance(value, list) and value and isinstance(value[0], dict) and not {'hidden', 'sha256'} & value[0].keys():
        return dumps(value, ensure_ascii=False, separators=(',', ':'))
    return ';'.join(cell(item) for item in value) if isinstance(value, list) else str(value)


# ---- pages ----------------------------------------------------------------------------------------------------------

def page_callers(m):
    """Pages are for browsers, so all sessions ask for them; of those who come otherwise, one of each role."""
    roles = {c.actor for c in m.one_of_each_role()}
    return [c for c in m.callers() if c.way in ('cookie', 'none') or c.actor in roles]


@subject('document')
@subject('page_document')
def document(m, e):
    """Who sees the record has its documents in the states that have them, made of what they see of it, and no other."""
    path = '/' if e.page else API
    for caller in [*m.one_of_each_role(), *(c for c in m.callers() if c.way in ('cookie', 'none'))]:
        for doc in m.pack.documents:
            type_, place = m.pack.types[doc.type], f'/documents/{doc.name}'
            none = m.ask(caller, f'{path}{type_.name}/{m.nothing}{place}', 'none')
            for one in m.kinds(caller, type_)[:-1]:
                target = f'{path}{type_.name}/{one.id}{place}'
                answer = m.ask(caller, target, m.relation(caller.actor, one))
                if m.turned_away(caller, answer):
                    continue
                if not m.policy.sees(caller.actor, one):
                    m.expect_same(answer, none, 'a document of a hidden record and of none')
                elif doc.states and m.policy.seen(caller.actor, one, type_.field('state')) not in doc.states:
                    m.expect(answer, 404)
                elif m.expect(answer, 200):
                    twin = m.ask(caller, f'{target}?format=json', '') if e.page else answer
                    m.expect(twin, 200) and check_document(m, caller.actor, type_, one, twin.json())


def check_document(m, actor, type_, one, json):
    m.expect_told(m.policy.record_json(actor, one), json['record'], f'the record of a document of {one.id}')
    told = {name for block in json['blocks'] for name in block.get('fields', [])}
    placed = {name for block in json['blocks'] for name in re.findall(r'{(\w+)}', block.get('text', ''))}
    shown = {name for name, value in {**json['record'], **json['record']['fields']}.items() if value != HIDDEN}
    m.expect_equal([], sorted(n for n in placed if not shown & {n, f'{n}_zh', f'{n}_en'}), 'places without a value')
    told |= placed
    m.expect_equal([], sorted(n for n in told if not m.policy.knows_field(actor.role, type_.field(n), type_)),
                   f'fields that a document of {type_.name} names and the role never sees')


@subject('files')
def files(m, e):
    """Those of the fields that show, and no trace of another."""
    for caller in m.callers():
        for type_ in m.pack.types.values():
            none = m.ask(caller, f'{API}{type_.name}/{m.nothing}/files', 'none')
            for one in m.targets(caller, type_)[:-1]:
                answer = m.ask(caller, f'{API}{type_.name}/{one.id}/files', m.relation(caller.actor, one))
                if m.turned_away(caller, answer) or not m.policy.sees(caller.actor, one):
                    m.expect_same(answer, none, 'files of a hidden record and of none')
                elif m.expect(answer, 200):
                    wanted = [{**file, 'field': field.name} for field, file in m.policy.files(caller.actor, one)]
                    m.expect_equal(wanted, answer.json()['items'], f'files of {one.id}')


@subject('file')
@subject('page_file')
def file(m, e):
    """Who sees the field has the file; for anybody else it is as if there were none."""
    path = '/' if e.pattern.startswith('/{') else API
    for caller in m.callers() if path == API else page_callers(m):
        for type_ in (t for t in m.pack.types.values() if any(f.kind in FILES for f in t.fields)):
            m.ask(caller, f'{path}{type_.name}/{m.nothing}/files/{m.nothing}', 'none')
            for one in m.targets(caller, type_)[:-1]:
                of_one = f'{path}{type_.name}/{one.id}/files/'
                none = m.ask(caller, f'{of_one}{m.nothing}', m.relation(caller.actor, one))
                if not m.turned_away(caller, none):
                    m.expect(none, 404)
                seen = {f['id'] for _, f in m.policy.files(caller.actor, one)} if caller.actor else set()
                for one_file in [f for field in type_.stored if field.kind in FILES for f in one[field.name] or ()]:
                    answer = m.ask(caller, of_one + one_file['id'])
                    if one_file['id'] not in seen:
                        m.expect_same(answer, none, 'a hidden file and none')
                    elif m.expect(answer, 200):
                        m.expect_equal(one_file['sha256'], hashlib.sha256(answer.body).hexdigest(), 'hash of a file')


def desk_order(m, actor, record):
    clock = m.policy.limit(actor, record)
    return (clock is None, record[clock.field('due')] if clock else datetime.date.max, record['changed'], record.id)


def check_desk_row(m, caller, item, record, waiting):
    actor, clock = caller.actor, m.policy.limit(caller.actor, record)
    limit = m.policy.clock_json(record, clock, m.policy.today) if clock else None
    told = {k: v for k, v in item['limit'].items() if k not in ('label', 'text', 'source')} if item['limit'] else None
    m.expect_equal(limit, told, f'the limit of {record.id}')
    m.expect_equal(m.policy.value_json(actor, record, record.type.field('changed')), item['since'], f'since when {record.id} waits')
    m.expect_equal(record['state'], item['record']['state'], f'the state of {record.id}')
    m.expect_equal(m.policy.value_json(actor, record, record.type.field('number')), item['record'].get('number'), f'number of {record.id}')
    if waiting:
        wanted = {(tuple(w.roles), w.relation) for a in record.type.actions if a.awaited and record['state'] in a.from_ for w in a.who}
        m.expect_equal(len(wanted), len(item['awaits']), f'who is awaited for {record.id}')
    else:
        m.expect_equal(m.policy.asked(actor, record), (item['step']['name'], item['step']['allowed']), f'the step asked of {record.id}')
        m.expect_equal(item['step']['allowed'], not item['step'].get('reasons'), f'reasons why {record.id} cannot go on')


@subject('desk')
@subject('page_desk')
def desk(m, e):
    """Each record in which a step is awaited stands on the desks where it should, and on no other; late is what is over."""
    for caller in m.callers() if not e.page else page_callers(m):
        answer = m.ask(caller, '/desk' if e.page else '/api/v1/desk')
        if m.turned_away(caller, answer) or not m.expect(answer, 200):
            continue
        json = (m.ask(caller, '/desk?format=json') if e.page else answer).json()
        wanted = {'late': [], 'mine': [], 'waiting': []}
        for record in m.truth.by_id.values():
            pile, clock = m.policy.waits(caller.actor, record), m.policy.limit(caller.actor, record)
            if pile == 'mine' and clock and record[clock.field('due')] < m.policy.today:
                pile = 'late'
            if pile:
                wanted[pile].append(record)
        for pile, records in wanted.items():
            records.sort(key=lambda r: desk_order(m, caller.actor, r))
            found = json[pile]
            m.expect_equal([r.id for r in records[:50]], [i['record']['id'] for i in found['items']], f'what is {pile}')
            m.expect_equal((len(records), False), (found['total'], found['more']), f'how much is {pile}')
            m.expect_equal(len(records), sum(t['total'] for t in found['types']), f'how much is {pile}, by type')
            for item in found['items']:
                check_desk_row(m, caller, item, m.truth.by_id[item['record']['id']], pile == 'waiting')
        if e.page:
            number, waits = DESK_NUMBER.search(answer.text()), len(wanted['late']) + len(wanted['mine'])
            m.expect_equal('' if not waits else '99+' if waits > 99 else str(waits), number[1] or '', 'the number beside the desk')


@subject('notices')
@subject('page_notices')
def notices(m, e):
    """Whom the pack says, of steps that they see; the number of those unread is of the same."""
    for caller in m.callers() if not e.page else page_callers(m):
        answer = m.ask(caller, '/notices' if e.page else '/api/v1/notices?limit=1000')
        if m.turned_away(caller, answer) or not m.expect(answer, 200):
            continue
        answer = m.ask(caller, '/notices?format=json') if e.page else answer
        items = answer.json()['items']
        for item in items:
            about = m.truth.by_id[item['record']['id']]
            m.expect_equal(True, m.policy.sees(caller.actor, about), f'whether {about.id} shows to who is told of it')
        unread = sum(not item['read'] for item in items)
        m.expect_equal(min(unread, 10), answer.json()['unread'], 'the number of unread notices')


@subject('mail')
@subject('page_mail')
def mail(m, e):
    """The matrix's city has no relay: everybody is told so, and nobody of anybody's address."""
    for caller in m.callers() if not e.page else page_callers(m):
        answer = m.ask(caller, '/mail' if e.page else '/api/v1/mail')
        if m.turned_away(caller, answer) or not m.expect(answer, 200):
            continue
        answer = m.ask(caller, '/mail?format=json') if e.page else answer
        m.expect_equal({'sends': False, 'wants': 'off'}, answer.json(), 'what is said of mail')


@subject('page_list')
def page_list(m, e):
    for caller in page_callers(m):
        answer = m.ask(caller, '/nothing')
        m.turned_away(caller, answer) or m.expect(answer, 404)
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'/{type_.name}')
            if m.turned_away(caller, answer) or not m.expect(answer, 200):
                continue
            wanted = m.policy.visible(caller.actor, type_)
            twin = f'/{type_.name}' + query(format='json', limit=MOST, total=1)
            check_list(m, caller, twin, wanted, 'a page of a list')
            m.ask(caller, f'/{type_.name}' + query(limit=MOST))
            for text in m.share(caller, filters(m, type_)[::7]):      # what is wrong or empty shows as a page, too
                m.expect(m.ask(caller, f'/{type_.name}' + query(filter=text)), 200)
            m.expect(m.ask(caller, f'/{type_.name}' + query(filter='nothing = 1')), 422)


@subject('page_record')
def page_record(m, e):
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            none = m.ask(caller, f'/{type_.name}/{m.nothing}', 'none')
            again = functools.partial(m.ask, caller, relation='')
            for one in m.targets(Caller(caller.actor, 'cookie'), type_)[:-1]:
                answer = m.ask(caller, f'/{type_.name}/{one.id}', m.relation(caller.actor, one))
                if m.turned_away(caller, answer):
                    continue
                if not m.policy.sees(caller.actor, one):
                    m.expect_same(answer, none, 'the page of a hidden record and of none')
                elif m.expect(answer, 200):
                    twin = again(f'/{type_.name}/{one.id}?format=json')
                    m.expect(twin, 200) and check_record(m, caller.actor, one, twin.json())
                    proven = again(f'/{type_.name}/{one.id}/receipt').status == 200
                    m.expect_equal(proven, f'/receipt?version={one["version"]}"' in answer.body.decode(), 'a way to the receipt of the newest step')
