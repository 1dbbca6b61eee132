"""What may be done is done, once by every role that may; what must not work for its state or guard is tried too.
After each call the city holds that change and no other: the acted record's row, and the history's new rows."""
from decimal import Decimal

from . import screening
from .asking import NOBODY, Caller
from .pack import FILES
from .planting import ORGANISATIONS
from .policy import EPOCH, Record
from .reading import API, check_record
from .site import difference
from .writing import refer

HISTORY = ('event', 'event_record', 'event_value', 'log_leaf', 'log_tile', 'log_edge')


def as_value(field, json):
    """A sent value as the policy's expressions have it."""
    if json is None:
        return None
    if field.kind in FILES:
        return tuple(json) if field.kind == 'files' else (json,)
    if field.kind in ('choices', 'references'):
        return tuple(json)
    if field.kind == 'rows':
        return tuple({name: as_value(field.rows.field(name), value) for name, value in row.items()} for row in json)
    if field.kind in ('decimal', 'money'):
        return Decimal(json)
    return type(EPOCH).fromisoformat(json) if field.kind == 'date' else json


def referred(field, json):
    """Pairs of a field and an id that a sent value refers to, also from child rows."""
    if field.kind == 'rows':
        return [pair for row in json for name, value in row.items() for pair in referred(field.rows.field(name), value)]
    return [(field, id_) for id_ in (json if field.kind == 'references' else [json])] if field.target else []


ONCE = {('technical_route', 'choose')}              # taken while planting: of the routes of a result one is chosen


class Deeds:
    """The acts of the planted organisation's people."""

    def __init__(self, m):
        self.m, self.letter = m, ORGANISATIONS[0]
        self.before = m.site.dump()
        self.endpoints = {e.subject: e for e in m.endpoints}
        self.done = {}                              # (type, action) -> how many were done

    def callers(self):
        return [Caller(actor, 'token') for actor in self.m.garden.own[self.letter].values()]

    def ask(self, subject_name, caller, target, relation, **given):
        self.m.endpoint = self.endpoints[subject_name]
        return self.m.ask(caller, target, relation, **given)

    def came_of_it(self, *records, decides=False):
        """Rows that changed: at most those of these records and the history's, and one computation when the step decides."""
        after = self.m.site.dump()
        changed = difference(self.before, after)
        kept = {key for key in changed if key[0] == 'r_computation'}
        self.m.expect_equal(int(decides), len({key[1] for key in kept}), 'computations that were kept')
        changed = {key for key in changed if key not in kept}
        allowed = {(f'r_{r.type.name}{rows}', r.id) for r in records
                   for rows in ('', *(f'.{f.name}' for f in r.type.fields if f.kind == 'rows'))}
        strange = sorted(str(key) for key in changed if key[0] not in HISTORY and key[:2] not in allowed)
        self.m.expect_equal([], strange, 'rows that changed and must not')
        self.m.expect_equal(bool(records), bool(changed), 'whether anything changed')
        self.before = after

    # -- new records

    def new_record(self, type_, actor, action, fields):
        values = dict.fromkeys(f.name for f in type_.fields)
        values.update({name: as_value(type_.field(name), v) for name, v in fields.items()})
        for f in (f for f in type_.stored if f.default is not None and f.name not in fields):
            values[f.name] = {'today': self.m.policy.today, 'actor': actor.person, 'now': 0,
                              'organisation': actor.organisation}.get(f.default) or as_value(f, f.default)
        values.update(id='', state=action.to, owner=actor.organisation, creator=actor.person, version=1)
        values['disclosure'] = fields.get('disclosure')
        return Record(type_, values)

    def create_status(self, actor, type_, action, fields):
        policy = self.m.policy
        if policy.permits(actor, action, None) != 'yes':
            return 403
        for name, value in fields.items():
            if not all(policy.sees_id(actor, id_) for _, id_ in referred(type_.field(name), value)):
                return 422
        record = self.new_record(type_, actor, action, fields)
        if any(record[name] is None for name in action.required):
            return 422
        env = policy.env(actor, False)
        if not all(rule.holds(env, record) is True for rule in type_.rules):
            return 422
        return 201 if all(guard(env, record) is True for guard in action.guards) else 409

    def create_all(self):
        for caller in self.callers():
            for type_ in self.m.pack.types.values():
                action = next((a for a in type_.actions if a.creates), None)
                if action is None or action.effect or type_.name == 'job':      # of a job the city takes steps at once, and nobody else's
                    continue
                for letter in ORGANISATIONS:        # referring to records of one's own organisation, and of the other
                    fields = self.m.garden.values(letter, type_, caller.actor, action, 0)
                    self.create(caller, type_, action, {k: v for k, v in fields.items() if v is not None}, letter)
                refer(self.m, caller, type_, lambda fields, name=type_.name: (f'{API}{name}', {'fields': fields}))

    def create(self, caller, type_, action, fields, letter):
        if type_.name == 'membership' and letter == self.letter:
            fields['person'] = self.m.garden.planted[letter, 'person'][-1]      # who acts stays as it is
        status = self.create_status(caller.actor, type_, action, fields)
        answer = self.ask('create', caller, f'{API}{type_.name}', 'own', body={'fields': fields})
        if not self.m.expect(answer, status) or status != 201:
            self.came_of_it()
            return
        id_ = answer.json()['id']
        self.m.garden.note(id_, type_, fields)
        self.m.renew()
        record = self.m.truth.by_id[id_]
        self.came_of_it(record)
        self.m.expect_equal([caller.actor.organisation, caller.actor.person, action.to, 1],
                            [record['owner'], record['creator'], record['state'], record['version']], 'the new record')
        self.m.expect_equal(f'{API}{type_.name}/{id_}', answer.header('location'), 'Location')
        if self.m.policy.sees(caller.actor, record):
            check_record(self.m, caller.actor, record, answer.json())
        self.done[type_.name, 'create'] = self.done.get((type_.name, 'create'), 0) + 1

    # -- steps

    def spare(self, record):
        """Records that were planted to be acted on, not the people who act and their organisations."""
        return record.id in self.m.garden.wanted

    def act_all(self):
        for caller in self.callers():
            for type_ in self.m.pack.types.values():
                for action in (a for a in type_.actions if not a.creates and not a.effect):     # effects have tests of their own
                    self.act_both(caller, type_, action)

    def act_both(self, caller, type_, action):
        """One record on which the step can be taken, and one on which state or guard refuse it."""
        found = {}
        for record in self.m.truth.records[type_.name]:
            if 409 in found and record['state'] not in action.from_:       # another of these
                continue
            if self.spare(record) and self.m.policy.sees(caller.actor, record) and \
                    self.m.policy.permits(caller.actor, action, record) == 'yes':
                fields = self.m.garden.values(self.letter, type_, caller.actor, action, 0, record, files=False)
                status = self.step_status(caller.actor, action, record, fields)
                found.setdefault(status, (record, fields))
        for status, (record, fields) in found.items():
            for name in [name for name in fields if type_.field(name).kind in FILES]:       # a person has so many uploads at a time
                fields[name] = self.m.garden.sent(self.letter, type_.field(name), caller.actor, record)
            self.act(caller, action, record, fields, status)

    def step_status(self, actor, action, record, fields):
        if record['state'] not in action.from_:
            return 409
        for name, value in fields.items():
            if not all(self.m.policy.sees_id(actor, id_) for _, id_ in referred(record.type.field(name), value)):
                return 422
        given = {name: as_value(record.type.field(name), v) for name, v in fields.items()}
        after = Record(record.type, {**record.values, **given, **dict.fromkeys(action.erases)})
        if any(after[name] is None for name in action.required):
            return 422
        env, changed = self.m.policy.env(actor, False), given.keys() | set(action.erases)
        if not all(rule.holds(env, after) is True for rule in record.type.rules if rule.reads & changed):
            return 422
        if not all(guard(env, after) is True for guard in action.guards):
            return 409
        return 200 if self.m.policy.carries(env, action, after) else 409

    def act(self, caller, action, record, fields, status):
        by_patch = action.name == 'edit'
        target = f'{API}{record.type.name}/{record.id}' + ('' if by_patch else f'/actions/{action.name}')
        carried = self.m.policy.carried(self.m.policy.env(caller.actor, False), action, record)
        answer = self.ask('edit' if by_patch else 'step', caller, target, self.m.relation(caller.actor, record),
                          body={'fields' if by_patch else 'input': fields},
                          headers=[('If-Match', f'"{record["version"]}"')])
        if not self.m.expect(answer, status) or status != 200:
            self.came_of_it()
            return
        self.m.garden.note(record.id, record.type, fields)
        self.m.renew()
        self.came_of_it(record, *(target for target, _ in carried), decides=action.decides)
        for target, step in carried:
            now = self.m.truth.by_id[target.id]
            self.m.expect_equal([step.to or target['state'], target['version'] + 1], [now['state'], now['version']],
                                f'{target.type.name}: {step.name}, carried by {action.name}')
        after = self.m.truth.by_id[record.id]
        self.m.expect_equal([action.to or record['state'], record['version'] + 1, record['owner']],
                            [after['state'], after['version'], after['owner']], f'after {action.name}')
        if self.m.policy.sees(caller.actor, after):
            check_record(self.m, caller.actor, after, answer.json())
        self.done[record.type.name, action.name] = self.done.get((record.type.name, action.name), 0) + 1

    # -- fields that are not one's to write

    def overreach_all(self):
        """Every field of every type that an edit does not take from an actor, the system's among them, alone."""
        for caller in self.callers():
            for type_ in self.m.pack.types.values():
                action = next((a for a in type_.actions if a.name == 'edit'), None)
                record = action and next((r for r in self.m.truth.records[type_.name] if self.spare(r) and
                                          r['state'] in action.from_ and self.m.policy.sees(caller.actor, r) and
                                          self.m.policy.permits(caller.actor, action, r) == 'yes'), None)
                if record is None:
                    continue
                for field in type_.fields:
                    if not self.m.policy.takes(caller.actor, action, record, field.name):
                        true = self.m.policy.true(record, field)
                        value = true if isinstance(true, (str, int)) else 'x'
                        self.m.expect(self.ask('edit', caller, f'{API}{type_.name}/{record.id}', 'own',
                                               body={'fields': {field.name: value}},
                                               headers=[('If-Match', f'"{record["version"]}"')]), 422)
                self.came_of_it()

    def undone(self):
        """Actions of the pack that nobody could be seen to take."""
        return sorted(f'{t.name}.{a.name}' for t in self.m.pack.types.values() for a in t.actions
                      if a.who and t.name != 'job' and not a.effect and (t.name, a.name) not in {*self.done, *screening.LATE, *ONCE})


def former(m):
    """A membership that is not running opens nothing, whatever token there is; a made-up token or cookie neither."""
    for e in m.endpoints:
        if e.allow != 'signed_in' or e.method != 'GET':
            continue
        m.endpoint = e
        target = e.pattern.replace('{type}', next(iter(m.pack.types))).replace('{id}', m.nothing)
        target = target.replace('{action}', 'edit')
        for token in m.garden.former_tokens.values():
            m.expect(m.ask(NOBODY, target, headers=[('Authorization', f'Bearer {token}')]), 403)
        m.expect(m.ask(NOBODY, target, headers=[('Authorization', 'Bearer fm_' + 'A' * 43)]), 401)
        m.expect(m.ask(NOBODY, target, headers=[('Cookie', 'sid=' + 'A' * 43)]), 303 if e.page else 401)
        m.expect(m.ask(NOBODY, target, headers=[('Firstmile-As', m.garden.actors[0].login)]), 400)

