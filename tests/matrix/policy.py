"""Who sees and does what: the rules of docs/PACKS.md applied to the true values of a city.

The truth is read from the city's database, behind the program's back; the rules come from the pack (pack.py). Nothing
here is asked of the program, so that it can be wrong in its own way only.
"""
import datetime
import sqlite3
from dataclasses import dataclass, field
from decimal import Decimal
from json import loads

from . import expression
from .pack import CLASSES, FILES, Who

EPOCH = datetime.date(1970, 1, 1)
HEAD = ('number', 'state', 'version', 'owner', 'creator', 'created', 'changed')     # beside id and type
HIDDEN = {'hidden': True}
UNKNOWN = 'hidden'                                  # in filters and sorts: the id of a hidden record


@dataclass(frozen=True, eq=False)
class Actor:
    """Somebody who acts as one membership; each is made once."""
    name: str
    role: str
    person: str
    membership: str
    organisation: str
    login: str = ''

    def __str__(self):
        return self.name


NOBODY = Actor('nobody', '', '', '', '')             # formulas ask for no actor


class Record:
    __slots__ = ('type', 'values', 'id')

    def __init__(self, type_, values):
        self.type, self.values, self.id = type_, values, values['id']

    def __getitem__(self, name):
        return self.values[name]


class Row(Record):
    """One of the child rows that a field of a record holds; it shows where that field shows."""
    __slots__ = ('parent', 'field')

    def __init__(self, parent, field_, values):
        super().__init__(field_.rows, {'id': None, **dict.fromkeys(c.name for c in field_.rows.fields), **values})
        self.parent, self.field = parent, field_


# ---- the truth ------------------------------------------------------------------------------------------------------

def value_of(field_, stored):
    """A stored value: decimals are whole numbers of their scale, dates days and instants ms since 1970, lists are texts
    joined by commas."""
    if stored is None or field_.kind in ('text', 'long_text', 'choice', 'reference', 'integer', 'instant'):
        return stored
    if field_.kind in ('choices', 'references'):
        return tuple(stored.split(','))
    if field_.kind == 'rows':
        return rows_of(stored)
    if field_.kind in FILES:
        return tuple(loads(stored))
    if field_.kind == 'boolean':
        return bool(stored)
    if field_.kind == 'date':
        return EPOCH + datetime.timedelta(days=stored)
    return Decimal(stored).scaleb(-field_.scale)


def spelled(field_, value):
    """A value as the contract spells it in JSON."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f'{value:f}' if field_.kind == 'computed' else f'{value:.{field_.scale}f}'
    if field_.kind == 'instant':
        moment = datetime.datetime.fromtimestamp(value / 1000, datetime.timezone.utc)
        return moment.strftime('%Y-%m-%dT%H:%M:%S.') + f'{value % 1000:03d}Z'
    if field_.kind == 'file':
        return value[0]
    return list(value) if isinstance(value, tuple) else value


@dataclass
class Event:
    sequence: int
    action: str
    person: str
    organisation: str
    version: int
    time: int                                       # ms
    values: dict                                    # field name -> value after it
    erased: set                                     # of these, names of fields whose value was erased since


EVENTS = """SELECT r.record, e.sequence, e.time, e.action, e.person, e.organisation, r.version, v.field, v.value
    FROM event_record r JOIN event e ON e.sequence = r.sequence LEFT JOIN event_value v
    ON v.sequence = r.sequence AND v.item = r.item
    ORDER BY r.sequence, v.field"""


def decoded(text):
    """A value as events keep it: its kind, a colon, and its text."""
    kind, _, plain = text.partition(':')
    if kind == 'instant':
        moment = datetime.datetime.fromisoformat(plain.replace('Z', '+00:00'))
        return round(moment.timestamp() * 1000)
    return {'missing': lambda: None, 'erased': lambda: None, 'text': lambda: plain, 'id': lambda: plain,
            'integer': lambda: int(plain), 'decimal': lambda: Decimal(plain), 'boolean': lambda: plain == 'true',
            'date': lambda: datetime.date.fromisoformat(plain), 'list': lambda: tuple(plain.split(',')),
            'rows': lambda: rows_of(plain), 'files': lambda: tuple(loads(plain))}[kind]()


def rows_of(text):
    """Child rows as the program keeps them: a list of {column: value as events keep it}."""
    return tuple({name: decoded(value) for name, value in row.items()} for row in loads(text))


def open_database(path):
    database = sqlite3.connect(f'file:{path}?mode=ro', uri=True)
    database.row_factory = sqlite3.Row
    return database


class Truth:
    """All records with their true values, at one moment."""

    def __init__(self, pack, path):
        self.pack, self.records, self.by_id, self.links = pack, {}, {}, {}
        database = open_database(path)
        database.execute('BEGIN')
        for type_ in pack.types.values():
            rows = database.execute(f'SELECT * FROM "r_{type_.name}" ORDER BY created, id').fetchall()
            self.records[type_.name] = [Record(type_, {f.name: value_of(f, row[f.name]) for f in type_.stored})
                                        for row in rows]
            self.by_id.update((r.id, r) for r in self.records[type_.name])
        self.events = {}                            # record id -> its events, oldest first
        for row in database.execute(EVENTS):
            events = self.events.setdefault(row['record'], [])
            if not events or events[-1].sequence != row['sequence']:
                heads = ('sequence', 'action', 'person', 'organisation', 'version', 'time')
                events.append(Event(*(row[name] for name in heads), {}, set()))
            if row['field'] is not None:
                events[-1].values[row['field']] = decoded(row['value'])
            if row['value'] == 'erased':
                events[-1].erased.add(row['field'])
        database.close()

    def children(self, record, type_, link):
        key = (type_.name, link.name)
        if key not in self.links:
            self.links[key] = {}
            for child in self.records[type_.name]:
                self.links[key].setdefault(child[link.name], []).append(child)
        return self.links[key].get(record.id, [])


class TrueEnv:
    """For relations, guards and computed fields: true values, whoever asks."""

    def __init__(self, policy, actor):
        self.policy, self.truth, self.root = policy, policy.truth, None
        self.actor, self.organisation, self.today = actor.person, actor.organisation, policy.today
        self.calendar = policy.pack.calendar

    def get(self, record, field_):
        return self.policy.true(record, field_)

    def follow(self, record, field_):
        return self.truth.by_id.get(self.policy.true(record, field_))

    def rows(self, record, field_):
        return [Row(record, field_, row) for row in record[field_.name] or ()]

    def parameter(self, code):
        return self.policy.parameter(self.root, code)

    def children(self, record, type_, link):
        return self.truth.children(record, type_, link)


class SeenEnv(TrueEnv):
    """For filters and sorting: what the reader may not see is missing, and hidden records are not there."""

    def __init__(self, policy, actor):
        super().__init__(policy, actor)
        self.reader = actor

    def get(self, record, field_):
        """An id of a record that is hidden is there, but unknown."""
        value = self.policy.seen(self.reader, record, field_)
        if value is None or not self.policy.refers(field_):
            return value
        if field_.kind == 'references':
            return tuple(id_ if self.policy.sees_id(self.reader, id_) else UNKNOWN for id_ in value)
        return value if self.policy.sees_id(self.reader, value) else UNKNOWN

    def follow(self, record, field_):
        return self.truth.by_id.get(self.get(record, field_))

    def rows(self, record, field_):
        return super().rows(record, field_) if self.policy.shows(self.reader, record, field_) else []

    def children(self, record, type_, link):
        found = self.truth.children(record, type_, link)
        return [c for c in found if self.policy.sees(self.reader, c) and self.policy.shows(self.reader, c, link)]


# ---- the rules ------------------------------------------------------------------------------------------------------

@dataclass
class Policy:
    pack: object
    truth: Truth
    today: datetime.date
    known: dict = field(default_factory=dict)       # (actor, record) -> clearance
    seen_by: dict = field(default_factory=dict)     # (actor, record) -> whether there is anything to see
    told: dict = field(default_factory=dict)        # (actor, record) -> its JSON
    envs: dict = field(default_factory=dict)        # (actor, whether as seen) -> env
    computed: dict = field(default_factory=dict)    # (record, field name) -> value

    def env(self, actor, seen):
        key = (actor, seen)
        if key not in self.envs:
            self.envs[key] = (SeenEnv if seen else TrueEnv)(self, actor)
        return self.envs[key]

    def fits(self, actor, record, who):
        if who.roles and actor.role not in who.roles:
            return False
        return not who.relation or record.type.relations[who.relation](self.env(actor, False), record) is True

    def clearance(self, actor, record):
        """The highest class per compartment that a rule which fits gives."""
        key = (actor, record)
        if key not in self.known:
            self.known[key] = self.granted(actor, record)
        return self.known[key]

    def granted(self, actor, record):
        found = dict.fromkeys(self.pack.compartments, 0)
        for rule in record.type.access:
            if rule.states and record['state'] not in rule.states or \
                    rule.levels and record['disclosure'] not in rule.levels:
                continue
            if any(class_ > found[c] for c, class_ in rule.clearance.items()) and self.fits(actor, record, rule):
                found = {c: max(class_, rule.clearance.get(c, 0)) for c, class_ in found.items()}
        return found

    # -- values that are worked out

    def true(self, record, field_):
        if field_.kind != 'computed':
            return record[field_.name]
        key = (record, field_.name)
        if key not in self.computed:
            value = field_.formula(TrueEnv(self, NOBODY), record)
            self.computed[key] = bool(value) if field_.formula.condition else value
        return self.computed[key]

    def parameter_row(self, record, code):
        """The row that is valid on the record's day; of several the one that begins last. None when there is none."""
        type_ = self.pack.types['parameter']
        day = record.type.reference_date and record[record.type.reference_date] or self.today
        rows = [r for r in self.truth.records['parameter'] if r['code'] == code and r['state'] == type_.states[0] and
                (r['valid_from'] is None or r['valid_from'] <= day) and
                (r['valid_to'] is None or r['valid_to'] >= day)]
        return max(rows, key=lambda r: (r['valid_from'] or datetime.date.min, r.id), default=None)

    def parameter(self, record, code):
        """What that row says."""
        declared, row = self.pack.parameters[code], self.parameter_row(record, code)
        if row is None:
            return None
        text = row['value']
        return {'text': str, 'integer': int, 'decimal': Decimal, 'boolean': 'true'.__eq__,
                'date': datetime.date.fromisoformat}[declared.kind](text)

    def refers(self, field_):
        """Whether the field holds ids of other records."""
        return field_.kind in ('reference', 'references') and field_.name != 'id'

    def sees_id(self, actor, id_):
        target = self.truth.by_id.get(id_)
        return target is not None and self.sees(actor, target)

    def shows(self, actor, record, field_):
        if isinstance(record, Row):
            return self.shows(actor, record.parent, record.field)
        return field_.class_ <= self.clearance(actor, record)[field_.compartment]

    def sees(self, actor, record):
        """A record that shows nothing does not exist."""
        key = (actor, record)
        if key not in self.seen_by:
            self.seen_by[key] = any(self.shows(actor, record, f) for f in record.type.fields)
        return self.seen_by[key]

    def seen(self, actor, record, field_):
        return self.true(record, field_) if self.shows(actor, record, field_) else None

    def visible(self, actor, type_):
        return [r for r in self.truth.records[type_.name] if self.sees(actor, r)]

    # -- as the API shows it

    def value_json(self, actor, record, field_):
        """None when hidden or missing."""
        value = self.seen(actor, record, field_)
        return None if value is None else self.spelled_for(actor, field_, value)

    def spelled_for(self, actor, field_, value):
        if field_.kind == 'rows':
            columns = field_.rows.by_name
            return [{name: self.spelled_for(actor, columns[name], v) for name, v in row.items() if v is not None}
                    for row in value]
        if self.refers(field_):
            told = [id_ if self.sees_id(actor, id_) else HIDDEN
                    for id_ in (value if field_.kind == 'references' else [value])]
            return told if field_.kind == 'references' else told[0]
        return spelled(field_, value)

    def record_json(self, actor, record, fields=None):
        """fields: names of those of its own to tell; None: all."""
        key = (actor, record)
        if key not in self.told:
            self.told[key] = self.whole_json(actor, record)
        whole = self.told[key]
        if fields is None:
            return whole
        told = {**whole, 'fields': {name: value for name, value in whole['fields'].items() if name in fields}}
        clocks = [c for c in told.pop('clocks', []) if {f'{c["name"]}_due', f'{c["name"]}_paused'} & set(fields)]
        return {**told, 'clocks': clocks} if clocks else told

    def whole_json(self, actor, record, day=None):
        json = {'id': record.id, 'type': record.type.name, 'fields': {}}
        for f in record.type.fields:
            value = self.value_json(actor, record, f)
            if value is not None and f.name not in ('id', 'erased'):
                (json if f.name in HEAD else json['fields'])[f.name] = value
        erased = [n for n in record['erased'] or () if self.shows(actor, record, record.type.field(n))]
        if erased:
            json['erased'] = erased
        clocks = [self.clock_json(record, c, day or self.today) for c in record.type.clocks
                  if self.shows(actor, record, record.type.field(c.field('due'))) and
                  (record[c.field('due')] or record[c.field('paused')])]
        return {**json, 'clocks': clocks} if clocks else json

    def clock_json(self, record, clock, day):
        """How the clock stands on that day, without the words for it (without_words())."""
        since, days, due, paused = (record[clock.field(end)] for end in ('from', 'days', 'due', 'paused'))
        calendar = self.pack.calendar

        def between(first, last):
            return expression.workdays(calendar, first, last) if clock.working else (last - first).days
        json = {'name': clock.name, 'kind': 'working' if clock.working else 'calendar', 'from': str(since),
                'days': int(days), 'late': bool(due and due < day and not clock.waits), 'provisional': False}
        if paused:
            used = max(0, between(since, paused - datetime.timedelta(1)))
            return {**json, 'paused': str(paused), 'days_left': int(days) - used}
        first = since if clock.working else due
        json['provisional'] = (clock.working or clock.rolls) and not set(range(first.year, due.year + 1)) <= self.pack.years
        return {**json, 'due': str(due), 'days_left': between(day, due)}

    def expanded(self, actor, record, field_, language):
        """A reference, or several, under ?expand=."""
        value = self.value_json(actor, record, field_)
        if isinstance(value, list):
            return [self.written_out(actor, id_, language) for id_ in value]
        return self.written_out(actor, value, language)

    def written_out(self, actor, value, language):
        if not isinstance(value, str):
            return value
        target = self.truth.by_id[value]
        title = target.type.field(target.type.title)
        json = {'id': value, 'type': target.type.name}
        json['number'] = self.value_json(actor, target, target.type.field('number'))
        if title.kind in ('text', 'long_text'):         # other kinds are told in words of a language
            there = title.translated and self.value_json(actor, target, target.type.field(f'{title.name}_{language}'))
            json['title'] = there or self.value_json(actor, target, title)
        return {key: v for key, v in json.items() if v is not None}

    # -- what was, newest first: no more than one sees now, and than one would have seen then

    def history(self, actor, record):
        values, found = dict.fromkeys((f.name for f in record.type.stored)), []
        values['id'], now, before = record.id, self.clearance(actor, record), dict.fromkeys(self.pack.compartments, 0)
        gone = set()
        for event in self.truth.events[record.id]:
            old, values = values, {**values, **event.values}
            lost, gone = gone, gone - event.values.keys() | event.erased
            granted = self.granted(actor, Record(record.type, values))
            then = {c: min(class_, now[c]) for c, class_ in granted.items()}
            if any(then[f.compartment] >= f.class_ for f in record.type.fields):
                found.append(self.event_json(actor, record, event, (before, old, lost), (then, values, gone)))
            before = then
        return found[::-1]

    def event_json(self, actor, record, event, before, after):
        json = {'sequence': event.sequence, 'action': event.action, 'version': event.version, 'changes': {}}
        for f in record.type.stored:
            sides, shows = {}, after[0][f.compartment] >= f.class_
            lost = f.name in event.values and f.name in before[2] | after[2]
            if f.name in ('created', 'changed', 'erased') or not shows or \
                    before[1][f.name] == after[1][f.name] and not lost:
                continue
            for side, (clearance, values, gone) in (('old', before), ('new', after)):
                if f.name in gone and clearance[f.compartment] >= f.class_:
                    sides[side] = {'erased': True}
                elif values[f.name] is not None and clearance[f.compartment] >= f.class_:
                    sides[side] = self.spelled_for(actor, f, values[f.name])
            json['changes'][f.name] = sides
        creator = record.type.field('creator')
        if after[0][creator.compartment] >= creator.class_:
            parties = [(key, self.truth.by_id.get(getattr(event, key))) for key in ('person', 'organisation')]
            json['by'] = {key: r.id for key, r in parties if r is not None and self.sees(actor, r)}
            if event.person == 'system':
                json['by'] = {'system': True}
        return json

    def past_json(self, actor, record, day):
        """The record as it stood at the end of that day; None when it would not show."""
        end = datetime.datetime.combine(day + datetime.timedelta(1), datetime.time(), datetime.timezone.utc)
        end_ms = end.timestamp() * 1000 - self.pack.utc_offset_minutes * 60000
        values, gone, now = dict.fromkeys(f.name for f in record.type.stored), set(), self.clearance(actor, record)
        events = [event for event in self.truth.events[record.id] if event.time < end_ms]
        for event in events:
            values.update(event.values)
            gone = gone - event.values.keys() | event.erased
        if not events:
            return None
        listed = {*(values['erased'] or ()), *gone}
        values.update(id=record.id, version=events[-1].version,
                      erased=tuple(f.name for f in record.type.stored if f.name in listed) or None)
        then = Record(record.type, values)
        self.known[actor, then] = {c: min(class_, now[c]) for c, class_ in self.granted(actor, then).items()}
        if not self.sees(actor, then):
            return None
        json = self.whole_json(actor, then, min(day, self.today))
        kept = {f.name for f in record.type.stored}
        return {**json, 'fields': {name: value for name, value in json['fields'].items() if name in kept}}

    # -- steps

    def permits(self, actor, action, record):
        """'never' to the role, 'not' on this record, or 'yes'. record None: a new one; only the roles count."""
        mine = [w for w in action.who if not w.roles or actor.role in w.roles]
        if not mine:
            return 'never'
        return 'yes' if record is None or any(self.fits(actor, record, w) for w in mine) else 'not'

    def options(self, actor, record):
        """Steps that a single record tells, and whether each can be taken: {name: allowed}."""
        found, env = {}, self.env(actor, False)
        for action in record.type.actions:
            permit = 'never' if action.creates else self.permits(actor, action, record)
            if permit == 'never':
                continue
            open_ = {name for name in action.inputs if self.takes(actor, action, record, name)}     # can still be given
            complete = all(record[f] is not None or f in open_ for f in action.required)
            found[action.name] = permit == 'yes' and record['state'] in action.from_ and complete and \
                all(guard(env, record) is True for guard in action.guards if not guard.reads & open_) and \
                self.carries(env, action, record)
        return found

    # -- the desk

    def waits(self, actor, record):
        """The list of one's desk on which the record stands: 'mine' or 'waiting'; None: neither."""
        type_ = record.type
        awaited = [a for a in type_.actions if a.awaited and record['state'] in a.from_]
        begun = self.begins(actor, record)
        if not awaited and not begun or not self.sees(actor, record) or not self.shows(actor, record, type_.field('state')):
            return None
        if begun or any(self.permits(actor, a, record) == 'yes' for a in awaited):
            return 'mine'
        if not awaited:
            return None
        steps = any(self.permits(actor, a, record) == 'yes' for a in type_.actions if not a.creates)
        ours = record['owner'] == actor.organisation
        told = all(self.shows(actor, record, record.type.field(name)) for name in ('owner', 'creator'))
        return 'waiting' if ours and told and (record['creator'] == actor.person or steps) else None

    def begins(self, actor, record):
        """Of new records that are awaited of the actor with this one as their parent: the steps that make them."""
        return [a for t in self.pack.types.values() for a in t.actions
                if a.creates and a.awaited and t.field(t.parent).target == record.type.name and record['state'] in a.awaited['states']
                and any(self.fits(actor, record, Who(w.roles, a.awaited['relation'])) for w in a.who)]

    def limit(self, actor, record):
        """The clock that says until when: one that an awaited step stops, else any; the earliest."""
        awaited = {a.name for a in record.type.actions if a.awaited}
        running = [c for c in record.type.clocks if not c.waits and record[c.field('due')] is not None and
                   self.shows(actor, record, record.type.field(c.field('due')))]
        stopped = [c for c in running if awaited & set(c.stops)]
        return min(stopped or running, key=lambda c: record[c.field('due')], default=None)

    def asked(self, actor, record):
        """The step that is asked, and whether it can be taken."""
        options = self.options(actor, record)
        steps = [a for a in record.type.actions if a.awaited and record['state'] in a.from_ and
                 self.permits(actor, a, record) == 'yes']
        first = (steps[0].name, False) if steps else (self.begins(actor, record)[0].name, True)
        return next(((a.name, True) for a in steps if options[a.name]), first)

    def carried(self, env, action, record):
        """The records on which it takes a step along, each with that step."""
        found = []
        for carry in action.carries:
            targets = [self.truth.by_id[id_] for id_ in carry.ids(env, record)]
            found += [(t, next(a for a in t.type.actions if a.name == carry.step)) for t in targets]
        return found

    def carries(self, env, action, record):
        return all(target['state'] in step.from_ and all(target[name] is not None for name in step.required) and
                   all(guard(env, target) is True for guard in step.guards)
                   for target, step in self.carried(env, action, record))

    def takes(self, actor, action, record, name):
        """Whether the step takes this field from this actor; what they may not see is unknown to them."""
        return name in action.inputs and (record is None or self.shows(actor, record, record.type.field(name)))

    def adds_files(self, actor, record):
        """Whether there is a step on the record that takes a file from this actor."""
        return any(not action.creates and self.permits(actor, action, record) == 'yes' and
                   any(f.kind in FILES and self.takes(actor, action, record, f.name) for f in record.type.fields)
                   for action in record.type.actions)

    def files(self, actor, record):
        """Pairs of a field that the actor sees and a file in it."""
        return [(f, file) for f in record.type.stored if f.kind in FILES for file in self.seen(actor, record, f) or ()]

    # -- who acts

    def runs(self, membership):
        """It, its person and its organisation are in their first states, and today lies between its dates."""
        records = [membership, *(self.truth.by_id[membership[name]] for name in ('person', 'organisation'))]
        return all(r['state'] == r.type.states[0] for r in records) and membership['valid_from'] <= self.today and \
            (membership['valid_to'] is None or membership['valid_to'] >= self.today)

    # -- what a role may ever meet

    def knows_field(self, role, field_, type_):
        if field_.name == 'erased':             # nowhere a field: what was erased is told field by field
            return False
        return any((not rule.roles or role in rule.roles) and rule.clearance.get(field_.compartment, 0) >= field_.class_
                   for rule in type_.access)

    def knows_action(self, role, action):
        return any(not who.roles or role in who.roles for who in action.who)

    def knows_type(self, role, type_):
        return any(self.knows_field(role, f, type_) for f in type_.fields) or \
            any(self.knows_action(role, a) for a in type_.actions)

    # -- lists

    def filtered(self, actor, type_, text):
        condition, env = expression.compile_expression(text, self.pack, type_), self.env(actor, True)
        return [r for r in self.visible(actor, type_) if condition(env, r) is True]


__all__ = ['Actor', 'CLASSES', 'EPOCH', 'Policy', 'Record', 'Truth', 'open_database', 'spelled']
