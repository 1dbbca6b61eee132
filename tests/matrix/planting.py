"""Plants records whose every text is a canary, as two organisations would make them: of every type, in every state,
at every level of disclosure. Each step goes through the program as somebody whom the policy lets take it; the program
refusing one of them is a deviation already.

A canary reads CANARY-organisation-type-field-number; the number says whose text it is, so a canary that shows up
anywhere can be held against the policy. In a short field it is CANARY-number.
"""
import datetime
import itertools
import json
import re
import time
from collections import deque

from . import deals, screening
from .pack import CLASSES, FILES
from .policy import Actor, Policy, Truth
from .site import Broken

CANARY = re.compile(r'CANARY(?:-[A-Za-z]\w*)*-(\d{5})')
PARTIES = ('organisation', 'person', 'membership')
ORGANISATIONS = ('A', 'B')
PASSWORD = 'canary-of-the-matrix'
ROLES_OF_ONE = 5                                    # roles of one person; so many sessions of one may live
BEFORE = ('secret', 'public', 'secret', None)       # disclosure of a record before it got the one it is planted for
ONE = {('technical_route', 'result'), ('trial', 'result'), ('trial', 'technical_route')}    # all of them are about the first: they stand side by side
ALIKE = {('milestone', 'criteria', 'found_unit'): 'unit'}                                   # a column that a rule wants to be as another
VALUES = deals.VALUES | screening.VALUES            # on which a step or a rule depends
ROUNDS = 4                                          # times that a refused step is tried again, after others


class Garden:
    def __init__(self, site, pack):
        self.site, self.pack = site, pack
        self.canaries = {}                          # number -> [record id, type name, field name]
        self.planted = {}                           # (organisation letter, type name) -> ids, oldest first
        self.actors, self.tokens = [], {}           # Actor -> token
        self.logins = {}                            # login -> password
        self.own = {}                               # letter -> {role: Actor}
        self.organisations = {}                     # letter -> id
        self.people = {letter: [] for letter in ORGANISATIONS}      # ids of those who act there
        self.former_tokens = {}                     # login -> token
        self.unreached = set()
        self.wanted = {}                            # record id -> (letter, type, state, number)
        self.numbers = itertools.count()
        self.reload()

    def reload(self):
        truth = Truth(self.pack, self.site.database)
        self.policy = Policy(self.pack, truth, self.today())
        return truth

    def today(self):
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=self.pack.utc_offset_minutes)
        return now.date()

    def plant(self):
        self.demo_actors()
        for letter in ORGANISATIONS:
            self.found(letter)
        apart = deals.TYPES + (screening.TYPES + screening.LATER if self.screens() else ())
        for type_ in self.in_order():
            for letter in ORGANISATIONS if type_.name not in apart else ():
                self.plant_type(letter, type_)
        for letter, other in (ORGANISATIONS, ORGANISATIONS[::-1]) if self.screens() else ():
            screening.Screening(self, letter, other).plant()
        for type_, letter in itertools.product(screening.LATER if self.screens() else (), ORGANISATIONS):
            self.plant_type(letter, self.pack.types[type_])
        self.jobs_end()
        self.walk_all(self.wanted)
        for type_ in (t for t in deals.TYPES if t in self.pack.types):      # each rests on those before, in states that these reach
            before = set(self.wanted)
            for letter in ORGANISATIONS:
                self.plant_type(letter, self.pack.types[type_])
            self.walk_all({record: wanted for record, wanted in self.wanted.items() if record not in before})
        self.walk_all(self.wanted)
        for letter in ORGANISATIONS if self.screens() else ():
            self.plant_gate(letter)
            self.plant_order(letter)
        self.note_unreached()
        self.former()
        self.reload()

    def screens(self):
        return 'screening_round' in self.pack.types

    def jobs_end(self):
        """Jobs go their way by themselves; those that were planted name no file, so all of them fail."""
        for _ in range(600):
            if all(r['state'] not in ('waiting', 'running') for r in self.reload().records.get('job', [])):
                return
            time.sleep(0.05)

    # -- people

    def token(self, login, membership):
        body = {'login': login, 'membership': membership, 'label': 'matrix'}
        return self.site.settled('POST', '/api/v1/local/tokens', body)['token']

    def enlist(self, actor):
        self.actors.append(actor)
        self.tokens[actor] = self.token(actor.login, actor.membership)
        return actor

    def demo_actors(self):
        for user in self.site.settled('GET', '/api/v1/local/users')['items']:
            membership = user['memberships'][0]
            self.logins[user['login']] = 'firstmile-demo'
            self.enlist(Actor(user['login'], membership['role'], user['person'], membership['id'],
                              membership['organisation']['id'], user['login']))

    def registrar(self, type_):
        """Somebody of the demo city who may register records of a party type."""
        create = type_.action('create')
        able = (a for a in self.actors if self.policy.permits(a, create, None) == 'yes')
        return min(able, key=lambda a: self.pack.roles.index(a.role))       # the first roles may register anybody

    def create(self, actor, type_, fields, letter):
        """The new record's id; the texts among fields become known as its canaries."""
        answer = self.begin(actor, type_, fields) if type_.name == 'job' else \
            self.site.settled_by(self.site.net, 'POST', f'/api/v1/records/{type_.name}', {'fields': fields}, self.bearer(actor), (201,))
        self.note(answer['id'], type_, fields)
        self.planted.setdefault((letter, type_.name), []).append(answer['id'])
        return answer['id']

    def begin(self, actor, type_, fields):
        """A job, by the file that it reads: an empty map fails it."""
        fields.clear()
        fields['title'] = self.canary('A', type_, type_.field('title')) + '.csv'
        about = next(t.name for t in self.pack.types.values() if self.policy.permits(actor, t.action('create'), None) == 'yes' and t.name != 'job')
        answer = self.site.net.ask('POST', f'/api/v1/records/{about}/import?name={fields["title"]}&mapping=%7B%7D',
                                   [*self.bearer(actor), ('Content-Type', 'text/csv')], b'x\n')
        if answer.status != 202:
            raise Broken(f'{actor}: a job about {about}: {answer.status} {answer.text()}')
        return answer.json()

    def bearer(self, actor):
        return [('Authorization', f'Bearer {self.tokens[actor]}')]

    def note(self, record, type_, fields):
        for name, value in fields.items():
            for number in CANARY.findall(json.dumps(value)):            # also in child rows
                self.canaries[number] = (record, type_.name, name)

    def found(self, letter):
        """An organisation with somebody in every role, and a token for each; one person has several roles."""
        type_ = self.pack.types['organisation']
        who = self.registrar(type_)
        fields = self.values(letter, type_, who, type_.action('create'))
        self.organisations[letter] = self.create(who, type_, fields, letter)
        self.own[letter] = {}
        for first in range(0, len(self.pack.roles), ROLES_OF_ONE):
            person = self.person(letter, f'canary-{letter.lower()}{first}')
            self.people[letter].append(person)
            for role in self.pack.roles[first:first + ROLES_OF_ONE]:
                membership = self.join(letter, person, role)
                self.own[letter][role] = Actor(f'{letter}:{role}', role, person, membership, self.organisations[letter],
                                               f'canary-{letter.lower()}{first}')
                self.enlist(self.own[letter][role])

    def person(self, letter, login):
        """Somebody new who can sign in."""
        type_ = self.pack.types['person']
        who = self.registrar(type_)
        person = self.create(who, type_, self.values(letter, type_, who, type_.action('create')), letter)
        self.logins[login] = PASSWORD
        self.site.settled('POST', '/api/v1/local/credentials', {'person': person, 'login': login, 'password': PASSWORD})
        return person

    def join(self, letter, person, role, organisation=None):
        type_ = self.pack.types['membership']
        fields = {'person': person, 'organisation': organisation or self.organisations[letter], 'role': role,
                  'valid_from': '2020-01-01'}
        return self.create(self.registrar(type_), type_, fields, letter)

    def former(self):
        """People who act no more, or not yet, with tokens from when they did: their membership has ended, is over, or
        has not begun; they have left; their organisation is closed."""
        yesterday, tomorrow = ((self.today() + datetime.timedelta(days=days)).isoformat() for days in (-1, 1))
        self.stop('ended', 'membership', self.ending('membership'), {'valid_to': '2099-12-31'})
        for action in (a for a in self.pack.types['membership'].actions if a.name == 'edit'):
            self.stop('over', 'membership', action, {'valid_to': yesterday})
            self.stop('not-yet', 'membership', action, {'valid_from': tomorrow})
        self.stop('left', 'person', self.ending('person'), {})
        self.stop('closed', 'organisation', self.ending('organisation'), {})

    def ending(self, type_name):
        """The step out of the state in which memberships, people and organisations count."""
        type_ = self.pack.types[type_name]
        return next(a for a in type_.actions if a.to and not a.creates and type_.states[0] in a.from_)

    def stop(self, login, type_name, action, fields):
        """A new person in a new organisation; the step is then taken on one of the three records that let them act."""
        type_ = self.pack.types['organisation']
        who = self.registrar(type_)
        organisation = self.create(who, type_, self.values('A', type_, who, type_.action('create')), 'A')
        person = self.person('A', login)
        membership = self.join('A', person, self.pack.roles[0], organisation)
        self.former_tokens[login] = self.token(login, membership)
        record = {'membership': membership, 'person': person, 'organisation': organisation}[type_name]
        headers = [*self.bearer(self.registrar(self.pack.types[type_name])), ('If-Match', '"1"')]
        self.site.settled_by(self.site.net, 'POST', f'/api/v1/records/{type_name}/{record}/actions/{action.name}',
                             {'input': fields}, headers)

    # -- records

    def in_order(self):
        """Types after those that their steps refer to."""
        done, order = set(), []
        while len(order) < len(self.pack.types):
            ready = [t for t in self.pack.types.values() if t.name not in done and
                     all(f.target in done or f.target == t.name for f in self.referring(t))]
            if not ready:
                raise Broken('types refer to each other in a circle')
            order += ready
            done.update(t.name for t in ready)
        return order

    @staticmethod
    def referring(type_):
        given = {name for action in type_.actions for name in action.inputs}
        return [f for one in type_.own_fields if one.name in given for f in (one, *(one.rows.fields if one.rows else ())) if f.target]

    def canary(self, letter, type_, field):
        number = f'{next(self.numbers):05d}'
        text = f'CANARY-{letter}-{type_.name}-{field.name}-{number}'
        return text if len(text) <= field.most else f'CANARY-{number}'

    def pick(self, letter, type_, field, at):
        """A record to refer to: one's own organisation, its or the other's people, its records."""
        other = ORGANISATIONS[1 - ORGANISATIONS.index(letter)]
        if field.target == 'organisation':
            return self.organisations[letter]
        if field.target == 'person' and type_.name != 'membership':
            own = at % 2 == 0 or type_.name == 'expert'     # whom an organisation employs does not judge its results
            people = self.people[letter if own else other]
            return people[at // 2 % len(people)]
        known = self.planted.get((letter, field.target), [])[:1 if (type_.name, field.name) in ONE else None]
        wanted = screening.PICKS.get((type_.name, field.name)) or deals.PICKS.get((type_.name, field.name))
        if wanted:
            truth = self.policy.truth
            known = [id_ for id_ in known if id_ in truth.by_id and
                     (wanted(truth, id_) if callable(wanted) else truth.by_id[id_]['state'] == wanted)]
        if field.target == 'person':                # memberships of others: theirs decide who acts
            known = [id_ for id_ in known if id_ in self.wanted]
        return known[at % len(known)] if known else None

    def value(self, letter, type_, field, at):
        if type_.name == 'parameter' and field.name in ('code', 'value'):
            return self.of_parameter(field.name, at)
        if (type_.name, field.name) in VALUES:
            return VALUES[type_.name, field.name](self.today())
        if field.kind in ('text', 'long_text'):
            return self.canary(letter, type_, field)
        if field.kind == 'reference':
            return self.pick(letter, type_, field, at)
        if field.kind == 'references':
            found = [self.pick(letter, type_, field, at + n) for n in range(2)]
            return [id_ for n, id_ in enumerate(found) if id_ is not None and id_ not in found[:n]] or None
        if field.kind == 'choice':
            return field.choices[at // 2 % len(field.choices)] if field.name == 'role' else field.choices[0]
        if field.kind == 'choices':
            return field.choices[:2]
        if field.kind == 'integer':
            return int(field.bounds[0]) if field.bounds else at
        if field.kind in ('decimal', 'money'):
            return f'{field.bounds[0] if field.bounds else at:.{field.scale}f}'
        if field.kind == 'boolean':
            return at % 2 == 0
        if field.kind == 'rows':
            return [self.row(letter, type_, field, at + n) for n in range(2)]
        return '2026-01-01' if field.kind == 'date' else '2026-01-01T00:00:00.000Z'

    def row(self, letter, type_, field, at):
        values = {c.name: self.value(letter, type_, c, at) for c in field.rows.fields}
        values.update({name: values[ALIKE[key]] for name in values for key in [(type_.name, field.name, name)] if key in ALIKE})
        return {name: value for name, value in values.items() if value is not None}

    def of_parameter(self, name, at):
        """Rows of parameters say one of the pack's, and a value of its kind."""
        declared = list(self.pack.parameters.values())[at % len(self.pack.parameters)]
        return declared.name if name == 'code' else {'text': 'x', 'integer': '1', 'decimal': '1', 'boolean': 'true',
                                                     'date': '2026-01-01'}[declared.kind]

    def sent(self, letter, field, actor, record):
        """Files for the field, uploaded by who will put them there; of a record that is not there yet, none."""
        found = []
        for _ in range(2 if record and field.kind == 'files' else 1 if record else 0):
            name = self.canary(letter, record.type, field)
            target = f'/api/v1/records/{record.type.name}/{record.id}/files?name={name}.pdf'
            answer = self.site.net.ask('POST', target, [*self.bearer(actor), ('Content-Type', 'application/pdf')],
                                       f'%PDF-1.4 {name}'.encode())
            if answer.status != 201:
                raise Broken(f'{actor}: POST {target}: {answer.status} {answer.text()}')
            found.append(answer.json())
        return found if field.kind == 'files' else found[0] if found else None

    def values(self, letter, type_, actor, action, at=0, record=None, files=True):
        """Something for every field that the step takes from this actor; without files, a word in their place."""
        found = {}
        for name in action.inputs:
            if name != 'disclosure' and self.policy.takes(actor, action, record, name):
                field = type_.field(name)
                value = self.value(letter, type_, field, at) if field.kind not in FILES else \
                    self.sent(letter, field, actor, record) if files else ['file'] if field.kind == 'files' else 'file'
                if value is not None and value != []:
                    found[name] = value
        if type_.name == 'parameter':
            found.update({name: actor.person for name in ('entered_by', 'confirmed_by', 'withdrawal_by') if name in found})     # in one's own name
            found.update({name: day for day in [self.long_ago()] for name in ('valid_from', 'valid_to') if name in found})
        return found

    def long_ago(self):
        """A day of a parameter's row: of no two the same, and far from today's cases, which rest on the pack's rows."""
        self.days = getattr(self, 'days', 0) + 1
        return (datetime.date(1900, 3, 1) + datetime.timedelta(days=self.days)).isoformat()

    def plant_type(self, letter, type_):
        create = type_.action('create')
        if not create.who:                              # the city makes them itself, with what it is about
            return
        actor = next((a for a in self.own[letter].values() if self.policy.permits(a, create, None) == 'yes'), None)
        if actor is None:
            self.unreached.add(f'{type_.name}: nobody may create one')
            return
        for at, (level, state) in enumerate((level, state) for level in CLASSES for state in type_.walked):
            fields = self.values(letter, type_, actor, create, at)
            before = BEFORE[at % len(BEFORE)] if 'disclosure' in self.edit_inputs(type_) else None
            if 'disclosure' in create.inputs:
                fields['disclosure'] = before or level
            if type_.name == 'membership':
                fields.pop('valid_to', None)
            record = self.create(actor, type_, fields, letter)
            if type_.name != 'job':                 # the city takes its steps, and it stays where they led
                self.wanted[record] = (letter, type_, state, at)
            if 'disclosure' in create.inputs and before:    # many said something else before, to others
                self.step(self.reload().by_id[record], letter, type_.action('edit'), at - at % 2, {'disclosure': level})

    def plant_gate(self, letter):
        """A gate that can be opened: those planted one by one and still prepared stand on drafts."""
        type_ = self.pack.types['gate_review']
        passed = next(id_ for id_ in self.planted[letter, 'result'] if deals.gate_is_open(self.policy.truth, id_))
        record = self.create(self.own[letter]['institution'], type_, {'result': passed}, letter)
        self.wanted[record] = (letter, type_, 'prepared', 0)

    def plant_order(self, letter):
        """Trials of a route are put in order, which is kept as a computation."""
        action, routes = self.pack.types['technical_route'].action('order_trials'), self.planted[letter, 'technical_route']
        ready = (self.policy.truth.by_id[trial['technical_route']] for trial in self.reload().records['trial']
                 if trial['state'] == 'planned' and trial['technical_route'] in routes)
        if not any(route['state'] in action.from_ and self.step(route, letter, action, 0) for route in ready):
            self.unreached.add(f'technical_route: no trials of {letter} were put in order')

    @staticmethod
    def edit_inputs(type_):
        return next((a.inputs for a in type_.actions if a.name == 'edit'), [])

    # -- states

    def path(self, type_, start, goal):
        """Actions from one state to another, fewest first; None when there is no way."""
        queue, seen = deque([(start, [])]), {start}
        while queue:
            state, steps = queue.popleft()
            if state == goal:
                return steps
            for action in type_.actions:
                if not action.creates and action.to and state in action.from_ and action.to not in seen:
                    seen.add(action.to)
                    queue.append((action.to, steps + [action]))
        return None

    def walk_all(self, wanted):
        waiting = dict(wanted)
        for _ in range(ROUNDS):
            self.reload()
            for record, (letter, type_, state, at) in list(waiting.items()):
                if self.walk(record, letter, type_, state, at):
                    del waiting[record]
            if not waiting:
                break

    def note_unreached(self):
        reached = {(r.type.name, self.letter_of(r), r['state']) for r in self.reload().by_id.values()}
        for type_ in (t for t in self.pack.types.values() if t.name != 'job'):
            for letter in ORGANISATIONS:
                for state in type_.walked:
                    if (type_.name, letter, state) not in reached and (type_.name, state) not in screening.BEYOND:
                        self.unreached.add(f'{type_.name}: no record of {letter} reached {state}')

    def letter_of(self, record):
        return next((letter for letter, id_ in self.organisations.items() if record['owner'] == id_), None)

    def walk(self, record_id, letter, type_, state, at):
        """Takes the steps that lead to state; False when a guard says not yet."""
        record = self.policy.truth.by_id[record_id]
        for action in self.path(type_, record['state'], state) or []:
            if not self.step(record, letter, action, at):
                return False
            record = self.reload().by_id[record_id]
        return record['state'] == state

    def step(self, record, letter, action, at, more=None):
        """Takes a step as whoever may, first of the organisation's own; False when it is refused."""
        policy = self.policy
        able = [a for a in self.actors if policy.permits(a, action, record) == 'yes' and policy.sees(a, record)]
        able.sort(key=lambda a: a not in self.own[letter].values())
        others = [a for a in able if a.person != record['creator']]     # some steps are not for who made the record
        return any(self.take(actor, record, letter, action, at, more) for actor in dict.fromkeys(able[:1] + others[:1]))

    def take(self, actor, record, letter, action, at, more):
        fields = self.values(letter, record.type, actor, action, at, record)
        if record.type.name == 'membership':
            fields['valid_to'] = '2030-01-01'
        target = f'/api/v1/records/{record.type.name}/{record.id}/actions/{action.name}'
        answer = self.site.settled_by(self.site.net, 'POST', target, {'input': {**fields, **(more or {})}},
                                      [*self.bearer(actor), ('If-Match', f'"{record["version"]}"')], (200, 409, 422))
        if 'version' not in answer:                 # refused: a problem, or no longer seen
            return False
        self.note(record.id, record.type, fields)
        return True
