"""What the changing addresses must answer when nothing may come of it: rights are asked before versions and contents,
so a stale version or an unknown field tells what somebody might do without doing it. The state of the city is
compared afterwards."""
import json
import re

from .asking import NOBODY, Caller, subject
from .planting import ORGANISATIONS
from .reading import API, page_callers

STALE = 999999
FOREIGN = [('Origin', 'http://elsewhere.example')]
UNKNOWN = {'frobnicate': 'x'}


def step_status(m, actor, record, type_, name, permitted):
    """Before what is sent counts: not seen or no such step, not one's step, else what `permitted` says."""
    action = next((a for a in type_.actions if a.name == name), None)
    if record is None or not m.policy.sees(actor, record) or action is None or action.creates:
        return 404
    return permitted if m.policy.permits(actor, action, record) == 'yes' else 403


def create_status(m, actor, type_, permitted):
    create = next((a for a in type_.actions if a.creates), None)
    if create is None:
        return 404
    return permitted if m.policy.permits(actor, create, None) == 'yes' else 403


def hidden(m, caller, record):
    return record is not None and not m.policy.sees(caller.actor, record)


# ---- records --------------------------------------------------------------------------------------------------------

@subject('create')
def create(m, e):
    for caller in m.callers():
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'{API}{type_.name}', body={'fields': UNKNOWN})
            m.turned_away(caller, answer) or m.expect(answer, create_status(m, caller.actor, type_, 422))
        answer = m.ask(caller, f'{API}nothing', body={'fields': {}})
        m.turned_away(caller, answer) or m.expect(answer, 404)
        cross_site(m, caller, f'{API}{next(iter(m.pack.types))}', {'fields': {}})


def cross_site(m, caller, target, body):
    """A cookie that another site sends along opens nothing; neither does a body that any site's form can send."""
    if caller.way == 'cookie':
        m.expect(m.ask(caller, target, body=body, headers=FOREIGN), 403)
        m.expect(m.ask(caller, target, body=body, headers=[('Sec-Fetch-Site', 'cross-site')]), 403)
        if m.endpoint.method == 'POST':
            m.expect(m.ask(caller, target), 415)


@subject('import')
def import_(m, e):
    for caller in m.callers():
        for type_ in m.pack.types.values():
            body = {'rows': [{'fields': UNKNOWN}], 'dry_run': True}
            answer = m.ask(caller, f'{API}{type_.name}/import', body=body)
            if m.turned_away(caller, answer):
                continue
            if m.expect(answer, create_status(m, caller.actor, type_, 200)) and answer.status == 200:
                m.expect_equal([0, 1], [answer.json()['accepted'], len(answer.json()['refused'])], 'rows in and out')
            refer(m, caller, type_, lambda fields, name=type_.name: (
                f'{API}{name}/import', {'rows': [{'fields': fields}], 'dry_run': True}))


def refer(m, caller, type_, request):
    """To refer to a record that one does not see is to refer to none."""
    create_action = next((a for a in type_.actions if a.creates), None)
    if caller.way != 'token' or create_action is None or m.policy.permits(caller.actor, create_action, None) != 'yes':
        return
    for field in type_.own_fields:
        unseen = [r for r in m.truth.records.get(field.target, []) if not m.policy.sees(caller.actor, r)]
        if field.name not in create_action.inputs or not unseen:
            continue
        target, body = request({field.name: unseen[-1].id})
        one = m.ask(caller, target, body=body)
        other = m.ask(caller, target, body=request({field.name: m.nothing})[1])
        one.body = one.body.replace(unseen[-1].id.encode(), m.nothing.encode())
        m.expect_same(one, other, f'{field.name} as an unseen id and as none')


@subject('edit')
def edit(m, e):
    for caller in m.callers():
        for type_ in m.pack.types.values():
            none = None
            for one in reversed(m.targets(caller, type_)):
                target = f'{API}{type_.name}/{one.id if one else m.nothing}'
                relation, stale = m.relation(caller.actor, one), [('If-Match', f'"{STALE}"')]
                answer = m.ask(caller, target, relation, body={'fields': UNKNOWN}, headers=stale)
                none = none or answer
                if m.turned_away(caller, answer):
                    continue
                m.expect(answer, step_status(m, caller.actor, one, type_, 'edit', 412))
                if hidden(m, caller, one):
                    m.expect_same(answer, none, 'to edit a hidden record and none')
                elif one is not None:
                    m.expect(m.ask(caller, target, relation, body={'fields': {}}),
                             step_status(m, caller.actor, one, type_, 'edit', 428))
        cross_site(m, caller, f'{API}{type_.name}/{m.nothing}', {'fields': {}})


@subject('step')
def step(m, e):
    for caller in m.callers():
        for type_ in m.pack.types.values():
            for name in [a.name for a in type_.actions] + ['frobnicate']:
                none = None
                for one in reversed(m.targets(caller, type_)):
                    target = f'{API}{type_.name}/{one.id if one else m.nothing}/actions/{name}'
                    answer = m.ask(caller, target, m.relation(caller.actor, one), body={'input': UNKNOWN},
                                   headers=[('If-Match', f'"{STALE}"')])
                    none = none or answer
                    if m.turned_away(caller, answer):
                        continue
                    m.expect(answer, step_status(m, caller.actor, one, type_, name, 412))
                    if hidden(m, caller, one):
                        m.expect_same(answer, none, f'the step {name} on a hidden record and on none')
        cross_site(m, caller, f'{API}{type_.name}/{m.nothing}/actions/edit', {'input': {}})


def single(action):
    """Making a record, and changing fields of one."""
    return action is None or action.creates or action.name == 'edit'


def check_many(m, caller, type_, action, targets, answer):
    """Each of them is refused as if it were the only one; a hidden one as none."""
    ids = [one.id if one else m.nothing for one in targets]
    told = answer.json()
    m.expect_equal(([], ids), (told['taken'], [each['id'] for each in told['refused']]), f'{action.name} on many')
    for one, each in zip(targets, told['refused']):
        status = step_status(m, caller.actor, one, type_, action.name, 0)
        wanted = {404: ['record.unseen'], 403: ['action.denied'], 0: ['record.invalid', 'action.refused']}[status]
        m.expect_equal(True, each['code'] in wanted, f'{each["code"]} for {action.name}')
        if hidden(m, caller, one):
            none = next(e for o, e in zip(targets, told['refused']) if o is None)
            m.expect_equal({**none, 'id': ''}, {**each, 'id': ''}, f'{action.name} on a hidden record and on none')


@subject('many')
def many(m, e):
    for caller in m.callers():
        for type_ in m.pack.types.values():
            for name in [a.name for a in type_.actions] + ['frobnicate']:
                action = next((a for a in type_.actions if a.name == name), None)
                targets = list(reversed(m.targets(caller, type_)))
                answer = m.ask(caller, f'{API}{type_.name}/actions/{name}',
                               body={'ids': [one.id if one else m.nothing for one in targets], 'input': UNKNOWN})
                if m.turned_away(caller, answer):
                    continue
                if m.expect(answer, 404 if single(action) else 200) and answer.status == 200:
                    check_many(m, caller, type_, action, targets, answer)
        cross_site(m, caller, f'{API}{type_.name}/actions/edit', {'ids': []})


@subject('upload')
def upload(m, e):
    """Whoever may take a step that takes a file is told what is wrong with this one; anybody else learns nothing."""
    for caller in m.callers():
        for type_ in m.pack.types.values():
            none = None
            for one in reversed(m.targets(caller, type_)):
                target = f'{API}{type_.name}/{one.id if one else m.nothing}/files?name=frobnicate'
                answer = m.ask(caller, target, m.relation(caller.actor, one), file=b'x')
                none = none or answer
                if m.turned_away(caller, answer):
                    continue
                if one is None or hidden(m, caller, one):
                    m.expect_same(answer, none, 'to add a file to a hidden record and to none')
                    m.expect(answer, 404)
                else:
                    m.expect(answer, 422 if m.policy.adds_files(caller.actor, one) else 403)
        if caller.way == 'cookie':
            m.expect(m.ask(caller, target, file=b'x', headers=FOREIGN), 403)
            m.expect(m.ask(caller, target, file=b'x', marked=False), 415)


@subject('notices_read')
def notices_read(m, e):
    """Up to the notice before the first: nothing becomes read."""
    for caller in m.callers():
        for body, status in (({'until': 0}, 204), ({'id': 0}, 204), ({'until': -1}, 422), ({'id': -1}, 422), ({}, 422),
                             ({'until': 'x'}, 422), ({'until': 0, 'id': 0}, 422)):
            answer = m.ask(caller, '/api/v1/notices/read', body=body)
            m.turned_away(caller, answer) or m.expect(answer, status)
        cross_site(m, caller, '/api/v1/notices/read', {'until': 0})


@subject('page_notices_read')
def page_notices_read(m, e):
    for caller in page_callers(m):
        for until, status in (('0', 303), ('x', 422)):
            answer = m.ask(caller, '/notices', form=[('until', until)])
            m.turned_away(caller, answer) or m.expect(answer, status)


@subject('mail_change')
@subject('page_mail_change')
def mail_change(m, e):
    """Refused by what it says, then because the city sends no mail."""
    for caller in page_callers(m) if e.page else m.callers():
        for address, wants, status in (('a@example.org', 'each', 409), ('a', 'each', 422), ('a@example.org', 'x', 422)):
            said = {'address': address, 'wants': wants}
            answer = m.ask(caller, '/mail', form=list(said.items())) if e.page else m.ask(caller, '/api/v1/mail', body=said)
            m.turned_away(caller, answer) or m.expect(answer, status)
        if not e.page:
            cross_site(m, caller, '/api/v1/mail', {'address': 'a@example.org', 'wants': 'each'})


@subject('mail_code')
@subject('page_mail_code')
def mail_code(m, e):
    for caller in page_callers(m) if e.page else m.callers():
        said = {'code': '12345678'}
        answer = m.ask(caller, '/mail/code', form=list(said.items())) if e.page else m.ask(caller, '/api/v1/mail/code', body=said)
        m.turned_away(caller, answer) or m.expect(answer, 422)
        if not e.page:
            cross_site(m, caller, '/api/v1/mail/code', said)


@subject('mail_forget')
@subject('page_mail_forget')
def mail_forget(m, e):
    """There is nothing to forget, which is no error."""
    for caller in page_callers(m) if e.page else m.callers():
        answer = m.ask(caller, '/mail/forget', form=[]) if e.page else m.ask(caller, '/api/v1/mail', method='DELETE')
        m.turned_away(caller, answer) or m.expect(answer, 303 if e.page else 204)


@subject('mail_off')
def mail_off(m, e):
    """Without the key of an address nothing is there, whoever it is said to be."""
    person = next(iter(m.garden.own[ORGANISATIONS[1]].values())).person
    for target in ('/mail/off', f'/mail/off?person={person}', f'/mail/off?person={person}&key={"A" * 43}',
                   f'/mail/off?person={m.nothing}&key={"A" * 43}'):
        m.expect(m.ask(NOBODY, target, form=[]), 404)


# ---- their pages ----------------------------------------------------------------------------------------------------

@subject('page_new')
def page_new(m, e):
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'/{type_.name}/new')
            if m.turned_away(caller, answer):
                continue
            if m.expect(answer, create_status(m, caller.actor, type_, 200)) and answer.status == 200:
                check_form(m, caller, f'/{type_.name}/new', type_, type_.action('create'), None)


def check_form(m, caller, target, type_, action, one):
    """It asks for what the step takes from this actor, and holds what they see of the record."""
    answer = m.ask(caller, target + '?format=json')
    if not m.expect(answer, 200):
        return
    json = answer.json()
    taken = [name for name in action.inputs if m.policy.takes(caller.actor, action, one, name)]
    m.expect_equal(taken, [field['name'] for field in json['inputs']], f'fields that {action.name} asks for')
    if one:
        shown = {n: m.policy.value_json(caller.actor, one, type_.field(n)) for n in taken}
        m.expect_equal({n: v for n, v in shown.items() if v is not None}, json['values'], 'values in the form')
    else:
        check_defaults(m, caller.actor, type_, taken, json['values'])
    if one:
        m.expect_told(m.policy.record_json(caller.actor, one), json['record'], 'the record that the form is about')


def check_defaults(m, actor, type_, taken, values):
    """A form of something new holds the defaults of what it asks for, and nothing else; who one is only to whom that shows."""
    fields = [f for f in map(type_.field, taken) if f.default is not None]
    m.expect_equal(sorted(f.name for f in fields), sorted(values), 'defaults in the form')
    for field_ in fields:
        found, by_word = values.get(field_.name), (field_.kind, field_.default)
        if by_word in (('date', 'today'), ('instant', 'now')):
            m.expect_equal(True, bool(re.match(r'\d{4}-\d\d-\d\d', str(found))), f'a day in {field_.name}')
        elif by_word in (('reference', 'actor'), ('reference', 'organisation')):
            id_ = actor.person if field_.default == 'actor' else actor.organisation
            m.expect_equal(id_ if m.policy.sees_id(actor, id_) else {'hidden': True}, found, f'the default of {field_.name}')
        else:
            m.expect_equal(str(field_.default), found if isinstance(found, str) else json.dumps(found), f'the default of {field_.name}')


@subject('page_create')
def page_create(m, e):
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'/{type_.name}', form=UNKNOWN.items())
            m.turned_away(caller, answer) or m.expect(answer, create_status(m, caller.actor, type_, 422))
        cross_site_form(m, caller, f'/{type_.name}')


def cross_site_form(m, caller, target):
    """A form without the session's token, with another session's, or from elsewhere, is nobody's."""
    if caller.way != 'cookie':
        return
    m.expect(m.ask(caller, target, form=(), headers=FOREIGN), 403)
    token, others = m.form_token(caller), [t for a, t in m.form_tokens.items() if a != caller.actor and t]
    m.expect_equal(True, bool(token), 'a token in the forms of a page')
    for wrong in ('', token[:-1] + ('A' if token[-1:] != 'A' else 'B'), *others[:1]):
        m.form_tokens[caller.actor] = wrong
        m.expect(m.ask(caller, target, form=()), 403)
    m.form_tokens[caller.actor] = token


def may_import(m, actor, type_):
    """A role that may ever make records of the type, or change some."""
    known = [a for a in type_.actions if a.name in ('create', 'edit') and m.policy.permits(actor, a, None) != 'never']
    return type_.name != 'job' and bool(known)


@subject('page_import')
def page_import(m, e):
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'/{type_.name}/import')
            if m.turned_away(caller, answer):
                continue
            m.expect(answer, 200 if may_import(m, caller.actor, type_) else 404)


@subject('page_import_send')
def page_import_send(m, e):
    """A form without a file goes nowhere, nor does one without the session's token."""
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'/{type_.name}/import', form=[('how', 'check')])
            m.turned_away(caller, answer) or m.expect(answer, 422 if may_import(m, caller.actor, type_) else 404)


def may_map(m, actor, job):
    """Whoever started it, as long as they may import what it is about."""
    about = m.pack.types.get(job['about'])
    return job['creator'] == actor.person and about is not None and may_import(m, actor, about)


def columns_of(m, callers, path, status, **asked):
    """What a file held has only been seen by who sent it: to others its columns are those of no job."""
    for caller in callers:
        none = m.ask(caller, f'{path}/{m.nothing}/columns', 'none', **asked)
        for one in m.truth.records.get('job', []):
            answer = m.ask(caller, f'{path}/{one.id}/columns', m.relation(caller.actor, one), **asked)
            if m.turned_away(caller, answer):
                continue
            if may_map(m, caller.actor, one):
                m.expect(answer, status)
            else:
                m.expect_same(answer, none, "another's columns and none")


@subject('job_columns')
def job_columns(m, e):
    columns_of(m, m.callers(), '/api/v1/jobs', 200)


@subject('job_map')
def job_map(m, e):
    columns_of(m, m.callers(), '/api/v1/jobs', 422, body={'mapping': {}})


@subject('page_columns')
def page_columns(m, e):
    columns_of(m, page_callers(m), '/jobs', 200)


@subject('page_columns_send')
def page_columns_send(m, e):
    columns_of(m, page_callers(m), '/jobs', 422, form=[('how', 'check')])


@subject('page_form')
def page_form(m, e):
    """A step's form opens for whom the step is, in its states; a hidden record has none, like no record."""
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            for name in [a.name for a in type_.actions] + ['frobnicate']:
                none = None
                for one in reversed(m.samples(caller, type_)):
                    target = f'/{type_.name}/{one.id if one else m.nothing}/{name}'
                    answer = m.ask(caller, target, m.relation(caller.actor, one))
                    none = none or answer
                    if m.turned_away(caller, answer):
                        continue
                    action = next((a for a in type_.actions if a.name == name), None)
                    opens = 200 if one and action and one['state'] in action.from_ else 409
                    if m.expect(answer, step_status(m, caller.actor, one, type_, name, opens)) and answer.status == 200:
                        check_form(m, caller, target, type_, action, one)
                    if hidden(m, caller, one):
                        m.expect_same(answer, none, f'the form of {name} on a hidden record and on none')


@subject('page_step')
def page_step(m, e):
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            for name in [a.name for a in type_.actions] + ['frobnicate']:
                none = None
                for one in reversed(m.samples(caller, type_)):
                    target = f'/{type_.name}/{one.id if one else m.nothing}/{name}'
                    answer = m.ask(caller, target, m.relation(caller.actor, one),
                                   form=[('version', STALE), *UNKNOWN.items()])
                    none = none or answer
                    if m.turned_away(caller, answer):
                        continue
                    m.expect(answer, step_status(m, caller.actor, one, type_, name, 412))
                    if hidden(m, caller, one):
                        m.expect_same(answer, none, f'to send the form of {name} on a hidden record and on none')
        cross_site_form(m, caller, f'/{type_.name}/{m.nothing}/edit')


@subject('page_steps')
def page_steps(m, e):
    """The steps that the records of a list have, and on how many; the form of one holds those alone."""
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            answer = m.ask(caller, f'/{type_.name}/steps')
            if m.turned_away(caller, answer) or not m.expect(answer, 200):
                continue
            seen = m.policy.visible(caller.actor, type_)
            told = m.ask(caller, f'/{type_.name}/steps?format=json').json()
            steps = {a.name: [r.id for r in seen if r['state'] in a.from_] for a in type_.actions if not single(a)
                     and m.policy.permits(caller.actor, a, None) != 'never'}
            if not m.policy.knows_field(caller.actor.role, type_.field('state'), type_) or len(seen) > 256:
                continue
            m.expect_equal({n: len(ids) for n, ids in steps.items() if ids}, {s['name']: s['count'] for s in told['steps']},
                           f'steps on {type_.name}')
            for name, ids in steps.items():
                form = m.ask(caller, f'/{type_.name}/steps?format=json&step={name}')
                if m.expect(form, 200) and ids:
                    m.expect_equal(sorted(ids), sorted(form.json()['records']['ids'].split(',')), f'records of {name}')
        answer = m.ask(caller, f'/{type_.name}/steps?step=frobnicate')
        m.turned_away(caller, answer) or m.expect(answer, 404)


@subject('page_many')
def page_many(m, e):
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            for name in [a.name for a in type_.actions] + ['frobnicate']:
                action = next((a for a in type_.actions if a.name == name), None)
                targets = list(reversed(m.samples(caller, type_)))
                ids = ','.join(one.id if one else m.nothing for one in targets)
                answer = m.ask(caller, f'/{type_.name}/steps', form=[('.step', name), ('.ids', ids), *UNKNOWN.items()])
                if m.turned_away(caller, answer):
                    continue
                m.expect(answer, *((404,) if single(action) else (200, 422)))
        cross_site_form(m, caller, f'/{type_.name}/steps')


# ---- the machine's operator -----------------------------------------------------------------------------------------

@subject('machine')
def machine(m, e):
    """From the network there is no such address, whoever asks and whatever is sent."""
    victim = m.garden.own[ORGANISATIONS[1]][m.pack.roles[0]]
    words = {'PERSON': victim.person, 'ORGANISATION': victim.organisation, 'ROLE': victim.role, 'LOGIN': victim.login}
    example = e.example
    for word, value in words.items():
        example = example.replace(f'"{word}"', f'"{value}"')
    target = e.pattern.replace('{login}', victim.login).replace('{id}', victim.membership)
    target = target.replace('{delivery}', m.nothing)
    for caller in m.callers():
        if caller.way == 'socket':
            continue
        body = json.loads(example) if example else None
        answer = m.ask(caller, target, body=body)
        if m.expect(answer, 404):
            none = m.ask(caller, '/api/v1/local/nothing', body=body)
            m.expect_same(answer, none, 'an address of the machine and none')
        m.expect(m.ask(caller, target, body=body, headers=[('Firstmile-As', victim.login)]), 400, 404)


# ---- signing in and out ---------------------------------------------------------------------------------------------

@subject('sign_in')
def sign_in(m, e):
    """A wrong password and an unknown login are told alike. Right ones were given when the callers signed in."""
    login = next(iter(m.garden.logins))
    m.expect(m.ask(NOBODY, e.pattern, body={'login': login, 'password': 'wrong'}), 401)
    wrong = m.ask(NOBODY, e.pattern, body={'login': login, 'password': 'wrong again'})
    m.expect_same(wrong, m.ask(NOBODY, e.pattern, body={'login': 'nobody', 'password': 'wrong again'}),
                  'a wrong password and an unknown login')


@subject('page_sign_in')
def page_sign_in(m, e):
    login = list(m.garden.logins)[1]
    wrong = m.ask(NOBODY, e.pattern, form=[('login', login), ('password', 'wrong again'), ('next', '/')])
    m.expect(wrong, 401)
    other = m.ask(NOBODY, e.pattern, form=[('login', 'x' * len(login)), ('password', 'wrong again'), ('next', '/')])
    other.body = other.body.replace(b'x' * len(login), login.encode())
    m.expect_same(wrong, other, 'a wrong password and an unknown login')
    m.expect(m.ask(NOBODY, e.pattern, form=[('login', login), ('password', 'x')], headers=FOREIGN), 403)


@subject('switch')
@subject('page_switch')
def switch(m, e):
    """Nobody acts as a membership that is not theirs, and a foreign one is told like none."""
    for caller in m.callers(nobody=False):
        if caller.way != 'cookie':
            continue
        foreign = next(a for a in m.garden.actors if a.person != caller.actor.person)
        kind = 'form' if e.page else 'body'
        answers = [m.ask(caller, e.pattern, **{kind: [('membership', id_)] if e.page else {'membership': id_}})
                   for id_ in (foreign.membership, m.nothing)]
        m.expect(answers[0], 403, 404, 422)
        m.expect_same(*answers, "somebody else's membership and none")
        who = m.site.net.ask('GET', '/api/v1/sessions', m.headers(caller))
        m.expect_equal(caller.actor.membership, who.json()['membership'], 'the membership one acts as')
        cross_site_form(m, caller, e.pattern) if e.page else cross_site(m, caller, e.pattern, {'membership': m.nothing})


@subject('sign_out')
@subject('page_sign_out')
def sign_out(m, e):
    """Half of the sessions end by each of the two addresses; then the cookie is nobody's."""
    mine = [c for c in m.callers(nobody=False) if c.way == 'cookie'][e.page::2]
    for caller in mine:
        cross_site_form(m, caller, e.pattern) if e.page else cross_site(m, caller, e.pattern, {})
        answer = m.ask(caller, e.pattern, **({'form': ()} if e.page else {}))
        m.expect(answer, 303 if e.page else 204)
        m.expect(m.site.net.ask('GET', '/api/v1/sessions', m.headers(caller)), 401)
