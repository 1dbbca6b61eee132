"""A policy pack, read from its YAML as docs/PACKS.md describes it, and nothing else: what this reader does not know
it refuses, so that a new kind of rule never goes untested.
"""
import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from . import expression, plain_yaml
from .plain_yaml import Unread

CLASSES = {'public': 1, 'summary': 2, 'nda': 3, 'secret': 4}     # 0: closed
NUMBERS = ('integer', 'decimal', 'money')
TEXTS = {'text': 200, 'long_text': 20000}                        # most characters unless said
SYSTEM = {'id': 'reference', 'number': 'text', 'state': 'choice', 'version': 'integer', 'owner': 'reference',
          'creator': 'reference', 'disclosure': 'choice', 'created': 'instant', 'changed': 'instant',
          'erased': 'choices'}
CLOCK = {'from': 'date', 'days': 'integer', 'due': 'date', 'paused': 'date'}    # fields of a clock, behind its name
KEYS = {                            # of a field: those of its kind; in child rows without those after the bar
    'text': 'max | translate default unique was', 'long_text': 'max | translate default was',
    'integer': 'unit min max | default unique was', 'decimal': 'unit min max scale | default was',
    'money': 'currency min max scale | default was', 'boolean': '| default was', 'date': '| default unique was',
    'instant': '| default was', 'choice': 'choices | default unique was', 'choices': 'choices | default was',
    'reference': 'target | default unique was', 'references': 'target | was', 'rows': 'columns filled_from | was',
    'file': 'max_mb types | was', 'files': 'max_mb types max | was', 'computed': 'value unit |'}
FILES = ('file', 'files')
LANGUAGES = ('zh', 'en')


@dataclass
class Field:
    name: str
    kind: str
    class_: int
    compartment: str
    system: bool = False
    target: str = ''
    choices: list = field(default_factory=list)
    most: int = 0                   # characters of a text
    bounds: tuple = None            # of a number
    scale: int = 0                  # of a decimal, of money
    default: object = None          # as the pack writes it
    unique: str = ''                # owner, city
    translated: bool = False        # has siblings NAME_zh, NAME_en
    formula: object = None          # computed: a function of (env, record)
    kept: bool = False              # by a clock: nobody writes it
    rows: object = None             # child rows: the type of one of them

    @property
    def boolean(self):
        """Whether a computed field says yes or no; what is missing there is a no."""
        return self.formula.condition

    @property
    def listed(self):
        """Whether lists filter and sort by it: of the computed ones only by conditions that become SQL."""
        if self.name == 'erased' and self.system:
            return False
        return self.kind not in FILES and (self.kind != 'computed' or self.boolean and self.formula.plain)


@dataclass
class Who:
    roles: list                     # names; empty: any
    relation: str                   # name, or ''


@dataclass
class Rule(Who):
    states: list
    levels: list
    clearance: dict                 # compartment -> class


@dataclass
class Carry:
    """A step that an action takes along, on other records."""
    step: str
    children: object                # function of (env, record), or None: the record itself
    when: object                    # function of (env, child), or None
    on: object                      # function of (env, child) that gives an id or several, or None: the child itself

    def ids(self, env, record):
        found = []
        for child in self.children(env, record) if self.children else [record]:
            if self.when and self.when(env, child) is not True:
                continue
            named = self.on(env, child) if self.on else child.id
            found += [id_ for id_ in (named if isinstance(named, tuple) else (named,)) if id_ is not None]
        return [id_ for id_ in dict.fromkeys(found) if id_ != record.id]


@dataclass
class Action:
    name: str
    creates: bool
    from_: list
    to: str                         # '' stays
    who: list
    inputs: list
    required: list
    guards: list                    # functions of (env, record)
    erases: list                    # names of fields
    decides: bool                   # what it rested on is kept
    effect: str                     # what it works out, or ''
    carries: list
    awaited: object                 # it stands on the desks of those who may take it; of a create: on which parents


@dataclass
class Check:
    """What must hold after a step that changes a field it reads."""
    holds: object                   # function of (env, record)
    reads: set                      # names of fields of the type


@dataclass
class Clock:
    name: str
    working: bool                   # its days are those of the calendar
    rolls: bool                     # so is its last one
    stops: list                     # names of actions
    waits: bool                     # time that others have: nobody is late by it

    def field(self, end):
        return f'{self.name}_{end}'


@dataclass
class Document:
    name: str
    type: str
    states: list                    # empty: any


@dataclass
class Parameter:
    name: str
    kind: str
    scale: int
    rows: int                       # how many the pack gives


@dataclass
class Type:
    name: str
    title: str = ''
    sort: str = '-created'
    parent: str = ''
    page: str = ''
    alike: list = field(default_factory=list)   # the texts by which records are compared
    reference_date: str = ''
    fields: list = field(default_factory=list)
    states: list = field(default_factory=list)
    relations: dict = field(default_factory=dict)
    access: list = field(default_factory=list)
    actions: list = field(default_factory=list)
    columns: list = field(default_factory=list)
    rules: list = field(default_factory=list)
    clocks: list = field(default_factory=list)
    matrix: list = field(default_factory=list)      # of rows and of columns: {name: condition}

    def __post_init__(self):
        self.by_name = {f.name: f for f in self.fields}

    def field(self, name):
        if name not in self.by_name:
            raise Unread(f'the type {self.name} has no field {name}')
        return self.by_name[name]

    def action(self, name):
        return next(a for a in self.actions if a.name == name)

    @property
    def walked(self):
        """The states that steps of people lead to: some only time brings about."""
        reached = {a.to for a in self.actions if a.creates} or {self.states[0]}
        for _ in self.states:
            reached |= {a.to for a in self.actions if a.who and a.to and reached & set(a.from_)}
        return [s for s in self.states if s in reached]

    @property
    def own_fields(self):
        return [f for f in self.fields if not f.system]

    @property
    def stored(self):
        return [f for f in self.fields if f.kind != 'computed']


def only(mapping, known, where):
    unknown = set(mapping) - set(known.split())
    if unknown:
        raise Unread(f'no reading for {", ".join(sorted(unknown))} in {where}')
    return mapping


def listed(raw):
    """A list in YAML; an empty one may have been read as an empty word."""
    return raw or []


class Pack:
    def __init__(self, path):
        path = Path(path)
        head = only(self.yaml(path / 'pack.yaml'),
                    'pack version label utc_offset compartments services currencies order calendar drops', 'pack')
        self.name = head['pack']
        self.compartments = [c['name'] for c in head['compartments']]
        hours, minutes = head['utc_offset'].split(':')
        self.utc_offset_minutes = int(hours) * 60 + (-1 if hours.startswith('-') else 1) * int(minutes)
        roles = self.yaml(path / 'roles.yaml')['roles']
        self.roles = [only(r, 'name label users was', 'roles.yaml')['name'] for r in roles]
        self.calendar = self.read_calendar(path, head.get('calendar', ''))
        self.parameters = {p.name: p for file in sorted((path / 'parameters').glob('*.yaml'))
                           for p in self.read_parameters(file)}
        self.raw = {p.stem: self.yaml(p) for p in sorted((path / 'types').glob('*.yaml'))}
        self.types = {name: self.read_fields(name, raw) for name, raw in self.raw.items()}
        for name, raw in self.raw.items():
            self.read_rules(self.types[name], raw)
        self.documents = [self.read_document(file) for file in sorted((path / 'documents').glob('*.yaml'))]

    @staticmethod
    def yaml(path):
        return plain_yaml.load(path.read_text(encoding='utf-8'), path.name)

    # -- dated facts and prints

    def read_calendar(self, path, name):
        """{date: whether it is worked} of the days that differ from their week."""
        files = sorted((path / 'calendars').glob('*.yaml'))
        file = next((f for f in files if f.stem == name or not name and len(files) == 1), None)
        self.years = set()                          # that the calendar knows
        if file is None:
            return {}
        raw = only(self.yaml(file), 'calendar label source years days_off days_worked', file.name)
        self.years = {int(year) for year in raw['years']}
        found = {}
        for key, works in (('days_off', False), ('days_worked', True)):
            for spell in listed(raw.get(key)):
                only(spell, 'name from to', file.name)
                day = datetime.date.fromisoformat(spell['from'])
                while day <= datetime.date.fromisoformat(spell.get('to', spell['from'])):
                    found[day] = works
                    day += datetime.timedelta(days=1)
        return found

    def read_parameters(self, file):
        for raw in only(self.yaml(file), 'parameters', file.name)['parameters']:
            only(raw, 'name label unit kind scale rows', file.name)
            rows = [only(row, 'value from to source', file.name) for row in listed(raw['rows'])]
            scale = int(raw.get('scale', 2)) if raw['kind'] == 'decimal' else 0
            yield Parameter(raw['name'], raw['kind'], scale, len(rows))

    def read_document(self, file):
        raw = only(self.yaml(file), 'document type label states blocks', file.name)
        for block in raw['blocks']:
            only(block, 'text fields signatures', file.name)
            for name in listed(block.get('fields')):
                self.types[raw['type']].field(name)
        return Document(raw['document'], raw['type'], raw.get('states', []))

    # -- first pass: fields and states, which expressions of all types name

    def read_fields(self, name, raw):
        only(raw, 'type label plural title service number disclosure parent page fields states relations access '
                  'actions clocks list rules form reference_date was drops matrix alike', name)
        fields = [Field(n, kind, *self.system_place(n), system=True) for n, kind in SYSTEM.items()]
        own = [one for f in raw['fields'] for one in self.read_field(name, f)]
        own += [one for c in listed(raw.get('clocks')) for one in self.read_clock(name, c)]
        own.sort(key=lambda f: f.kind == 'computed')            # the computed ones come last
        type_ = Type(name, title=raw['title'], parent=raw.get('parent', ''), page=raw.get('page', ''), alike=listed(raw.get('alike')),
                     reference_date=raw.get('reference_date', ''), fields=fields + own,
                     states=[only(s, 'name label was', name)['name'] for s in raw['states']],
                     clocks=[Clock(c['name'], c['kind'] == 'working', 'rolls' in c, listed(c.get('stop')), 'waits' in c)
                             for c in listed(raw.get('clocks')) if 'before' not in c])
        for system, target in (('id', name), ('owner', 'organisation'), ('creator', 'person')):
            type_.field(system).target = target
        type_.field('state').choices, type_.field('disclosure').choices = type_.states, list(CLASSES)
        type_.field('erased').choices = [f.name for f in own if f.kind != 'computed' and not f.kept]
        for section in listed(raw.get('form')):
            for inside in listed(only(section, 'section help fields', name)['fields']):
                type_.field(inside)
        crossed = only(raw.get('matrix', {}), 'label rows columns', name)
        type_.matrix = [{c['name']: only(c, 'name label when', name)['when'] for c in only(crossed[side], 'label classes', name)['classes']}
                        for side in ('rows', 'columns') if crossed]
        shown = only(raw.get('list', {}), 'columns sort', name)
        type_.sort = shown.get('sort', '-created')
        type_.columns = shown.get('columns', ['number', 'title', 'state', 'changed'])
        return type_

    def system_place(self, name):
        """Class and compartment of a field that the system keeps."""
        if name == 'erased':
            return CLASSES['secret'], self.compartments[0]
        if name not in ('owner', 'creator'):
            return CLASSES['public'], self.compartments[0]
        return CLASSES['summary'], 'identity' if 'identity' in self.compartments else self.compartments[0]

    def read_clock(self, type_name, raw):
        only(raw, 'name label days param until before waits kind start stop pause resume rolls expires ends class compartment source was',
             f'{type_name}.{raw["name"]}')
        for end, kind in CLOCK.items():
            yield Field(f'{raw["name"]}_{end}', kind, CLASSES[raw.get('class', 'public')],
                        raw.get('compartment', self.compartments[0]), kept=True)

    def read_field(self, type_name, raw, rows=None):
        """The field, and behind it the translations it has. rows: the field of which it is a column."""
        where, kind = f'{type_name}.{raw["name"]}', raw['kind']
        if kind not in KEYS:
            raise Unread(f'no reading for the kind {kind} of {where}')
        own, more = KEYS[kind].split('|')
        only(raw, f'name kind label help {own} ' + ('given once was' if rows and kind in ('text', 'integer') else 'once was' if rows else f'class compartment {more}'), where)
        choices = listed(raw.get('choices'))
        found = Field(raw['name'], kind, rows.class_ if rows else CLASSES[raw.get('class', 'summary')],
                      rows.compartment if rows else raw.get('compartment', self.compartments[0]),
                      target=raw.get('target', ''), scale=int(raw.get('scale', 2)) if kind in NUMBERS[1:] else 0,
                      choices=self.roles if choices == 'roles' else
                      [only(c, 'code label was', where)['code'] for c in choices],
                      most=int(raw.get('max', TEXTS[kind])) if kind in TEXTS else 0,
                      bounds=(Decimal(raw['min']), Decimal(raw['max'])) if kind in NUMBERS and 'min' in raw else None,
                      default=raw.get('default'), unique=raw.get('unique', ''),
                      translated=raw.get('translate') == 'true', formula=raw.get('value'))
        if kind == 'rows':
            found.rows = Type(where, fields=[one for c in raw['columns'] for one in self.read_field(where, c, found)])
        siblings = LANGUAGES if found.translated else ()
        return [found, *(Field(f'{found.name}_{language}', kind, found.class_, found.compartment, most=found.most)
                         for language in siblings)]

    # -- second pass: relations, access, actions

    def read_rules(self, type_, raw):
        for one in type_.fields:
            if one.kind == 'computed':
                one.formula = expression.compile_expression(one.formula, self, type_)
        for relation in listed(raw.get('relations')):
            only(relation, 'name label when', type_.name)
            type_.relations[relation['name']] = expression.compile_expression(relation['when'], self, type_)
        type_.relations['own'] = expression.compile_expression('owner = organisation()', self, type_)
        type_.relations['creator'] = expression.compile_expression('creator = actor()', self, type_)
        for rule in listed(raw.get('access')):
            only(rule, 'roles relation states levels clearance', type_.name)
            clearance = rule['clearance']
            if isinstance(clearance, str):
                clearance = dict.fromkeys(self.compartments, clearance)
            type_.access.append(Rule(**self.who(type_, rule), states=rule.get('states', []),
                                     levels=rule.get('levels', []),
                                     clearance={c: CLASSES[v] for c, v in clearance.items()}))
        for rule in listed(raw.get('rules')):
            only(rule, 'when rule helps field', type_.name)
            reads = set()
            type_.rules.append(Check(expression.compile_expression(rule['when'], self, type_, reads), reads))
        type_.actions = [self.read_action(type_, action) for action in raw['actions']]

    def who(self, type_, raw):
        relation = raw.get('relation', '')
        if relation and relation not in type_.relations:
            raise Unread(f'{type_.name} has no relation {relation}')
        unknown = set(raw.get('roles', [])) - set(self.roles)
        if unknown:
            raise Unread(f'there are no roles {unknown} ({type_.name})')
        return {'roles': raw.get('roles', []), 'relation': relation}

    def read_action(self, type_, raw):
        only(raw, 'name label help from to who inputs required guard erases notify decides carries awaited effect', f'{type_.name}.{raw["name"]}')
        name, creates = raw['name'], raw['name'] == 'create'
        everything = [f.name for f in type_.own_fields if f.kind != 'computed' and not f.kept] + ['disclosure']
        inputs = raw.get('inputs', everything if name in ('create', 'edit') else [])
        guards = [only(g, 'when rule source helps', type_.name)['when'] for g in listed(raw.get('guard'))]
        return Action(name, creates, raw.get('from', []), raw.get('to', '') or (type_.states[0] if creates else ''),
                      [Who(**self.who(type_, only(w, 'roles relation', type_.name))) for w in raw['who']],
                      self.with_translations(type_, listed(inputs)), listed(raw.get('required')),
                      [expression.compile_expression(g, self, type_) for g in guards],
                      self.with_translations(type_, listed(raw.get('erases'))), bool(raw.get('decides')), raw.get('effect', ''),
                      [self.read_carry(type_, only(c, 'step each when on with', type_.name)) for c in listed(raw.get('carries'))],
                      only(raw['awaited'], 'states relation', type_.name) if creates and 'awaited' in raw else raw.get('awaited'))

    def read_carry(self, type_, raw):
        children, over = None, type_
        if 'each' in raw and raw['each'] in type_.by_name:
            field = type_.field(raw['each'])
            children, over = lambda env, record: env.rows(record, field), field.rows
        elif 'each' in raw:
            over, link = self.types[raw['each']], self.link(type_, raw['each'])
            children = lambda env, record: env.children(record, over, link)             # noqa: E731
        when, on = (expression.compile_expression(raw[key], self, over) if key in raw else None for key in ('when', 'on'))
        return Carry(raw['step'], children, when, on)

    @staticmethod
    def with_translations(type_, names):
        """Whoever writes a text may write its translations."""
        found = []
        for name in names:
            siblings = [f'{name}_{language}' for language in LANGUAGES] if type_.field(name).translated else []
            found += [n for n in (name, *siblings) if n not in found]
        return found

    def link(self, parent, child_name):
        """The field by which records of child_name are children of records of parent; None when they are not."""
        child = self.types.get(child_name)
        if child is None:
            return None
        if child.parent and child.field(child.parent).target == parent.name:
            return child.field(child.parent)
        found = [f for f in child.own_fields if f.kind == 'reference' and f.target == parent.name]
        return found[0] if len(found) == 1 else None

    def children_of(self, type_):
        """(child type, link) of all types whose records are children of records of type_."""
        links = [(child, self.link(type_, child.name)) for child in self.types.values()]
        return [(child, link) for child, link in links if link is not None]
