"""A policy pack, read from its YAML as docs/PACKS.md describes it, and nothing else: what this reader does not know
it refuses, so that a new kind of rule never goes untested.
"""
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from . import expression, plain_yaml
from .plain_yaml import Unread

CLASSES = {'public': 1, 'summary': 2, 'nda': 3, 'secret': 4}     # 0: closed
NUMBERS = ('integer', 'decimal')
TEXTS = {'text': 200, 'long_text': 20000}                        # most characters unless said
SYSTEM = {'id': 'reference', 'number': 'text', 'state': 'choice', 'version': 'integer', 'owner': 'reference',
          'creator': 'reference', 'disclosure': 'choice', 'created': 'instant', 'changed': 'instant'}


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
    scale: int = 0                  # of a decimal


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
class Action:
    name: str
    creates: bool
    from_: list
    to: str                         # '' stays
    who: list
    inputs: list
    required: list
    guards: list                    # functions of (env, record)


@dataclass
class Type:
    name: str
    title: str = ''
    sort: str = '-created'
    parent: str = ''
    page: str = ''
    fields: list = field(default_factory=list)
    states: list = field(default_factory=list)
    relations: dict = field(default_factory=dict)
    access: list = field(default_factory=list)
    actions: list = field(default_factory=list)
    columns: list = field(default_factory=list)

    def __post_init__(self):
        self.by_name = {f.name: f for f in self.fields}

    def field(self, name):
        if name not in self.by_name:
            raise Unread(f'the type {self.name} has no field {name}')
        return self.by_name[name]

    def action(self, name):
        return next(a for a in self.actions if a.name == name)

    @property
    def own_fields(self):
        return [f for f in self.fields if not f.system]


def only(mapping, known, where):
    unknown = set(mapping) - set(known.split())
    if unknown:
        raise Unread(f'no reading for {", ".join(sorted(unknown))} in {where}')
    return mapping


class Pack:
    def __init__(self, path):
        path = Path(path)
        head = only(self.yaml(path / 'pack.yaml'), 'pack version label utc_offset compartments services order', 'pack')
        self.name = head['pack']
        self.compartments = [c['name'] for c in head['compartments']]
        hours, minutes = head['utc_offset'].split(':')
        self.utc_offset_minutes = int(hours) * 60 + (-1 if hours.startswith('-') else 1) * int(minutes)
        roles = self.yaml(path / 'roles.yaml')['roles']
        self.roles = [only(r, 'name label users', 'roles.yaml')['name'] for r in roles]
        self.raw = {p.stem: self.yaml(p) for p in sorted((path / 'types').glob('*.yaml'))}
        self.types = {name: self.read_fields(name, raw) for name, raw in self.raw.items()}
        for name, raw in self.raw.items():
            self.read_rules(self.types[name], raw)

    @staticmethod
    def yaml(path):
        return plain_yaml.load(path.read_text(encoding='utf-8'), path.name)

    # -- first pass: fields and states, which expressions of all types name

    def read_fields(self, name, raw):
        only(raw, 'type label plural title service number disclosure parent page fields states relations access '
                  'actions list', name)
        fields = [Field(n, kind, *self.system_place(n), system=True) for n, kind in SYSTEM.items()]
        type_ = Type(name, title=raw['title'], parent=raw.get('parent', ''), page=raw.get('page', ''),
                     fields=fields + [self.read_field(name, f) for f in raw['fields']],
                     states=[s['name'] for s in raw['states']])
        for system, target in (('id', name), ('owner', 'organisation'), ('creator', 'person')):
            type_.field(system).target = target
        type_.field('state').choices, type_.field('disclosure').choices = type_.states, list(CLASSES)
        shown = only(raw.get('list', {}), 'columns sort', name)
        type_.sort = shown.get('sort', '-created')
        type_.columns = shown.get('columns', ['number', 'title', 'state', 'changed'])
        return type_

    def system_place(self, name):
        """Class and compartment of a field that the system keeps."""
        if name not in ('owner', 'creator'):
            return CLASSES['public'], self.compartments[0]
        return CLASSES['summary'], 'identity' if 'identity' in self.compartments else self.compartments[0]

    def read_field(self, type_name, raw):
        where = f'{type_name}.{raw["name"]}'
        only(raw, 'name kind label help class compartment unit min max scale choices target', where)
        kind = raw['kind']
        if kind not in (*TEXTS, *NUMBERS, 'boolean', 'date', 'instant', 'choice', 'reference'):
            raise Unread(f'no reading for the kind {kind} of {where}')
        choices = raw.get('choices', [])
        return Field(raw['name'], kind, CLASSES[raw.get('class', 'summary')],
                     raw.get('compartment', self.compartments[0]), target=raw.get('target', ''),
                     scale=int(raw.get('scale', 2)) if kind == 'decimal' else 0,
                     choices=self.roles if choices == 'roles' else [c['code'] for c in choices],
                     most=int(raw.get('max', TEXTS[kind])) if kind in TEXTS else 0,
                     bounds=(Decimal(raw['min']), Decimal(raw['max'])) if kind in NUMBERS and 'min' in raw else None)

    # -- second pass: relations, access, actions

    def read_rules(self, type_, raw):
        for relation in raw.get('relations', []):
            only(relation, 'name label when', type_.name)
            type_.relations[relation['name']] = expression.compile_expression(relation['when'], self, type_)
        type_.relations['own'] = expression.compile_expression('owner = organisation()', self, type_)
        type_.relations['creator'] = expression.compile_expression('creator = actor()', self, type_)
        for rule in raw.get('access', []):
            only(rule, 'roles relation states levels clearance', type_.name)
            clearance = rule['clearance']
            if isinstance(clearance, str):
                clearance = dict.fromkeys(self.compartments, clearance)
            type_.access.append(Rule(**self.who(type_, rule), states=rule.get('states', []),
                                     levels=rule.get('levels', []),
                                     clearance={c: CLASSES[v] for c, v in clearance.items()}))
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
        only(raw, 'name label help from to who inputs required guard', f'{type_.name}.{raw["name"]}')
        name, creates = raw['name'], raw['name'] == 'create'
        everything = [f.name for f in type_.own_fields] + ['disclosure'] if name in ('create', 'edit') else []
        guards = [only(g, 'when rule source helps', type_.name)['when'] for g in raw.get('guard', [])]
        return Action(name, creates, raw.get('from', []), raw.get('to', '') or (type_.states[0] if creates else ''),
                      [Who(**self.who(type_, only(w, 'roles relation', type_.name))) for w in raw['who']],
                      raw.get('inputs', everything), raw.get('required', []),
                      [expression.compile_expression(g, self, type_) for g in guards])

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
