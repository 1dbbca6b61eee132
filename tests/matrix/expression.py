"""The language of relations, guards and filters (docs/PACKS.md), read anew: what a text means over records in hand.

compile_expression(text, pack, type) gives a function of (env, record). The env says what is read: true values, or
values as one reader sees them:
    env.get(record, field) -> value or None     env.follow(record, field) -> record or None
    env.children(record, type, link) -> records  env.today, env.actor, env.organisation
Values are str, int, Decimal, bool, datetime.date; None is missing. Comparing with a missing value is false, `!=` is
then true.
"""
import datetime
import re
from decimal import Decimal

from .plain_yaml import Unread

TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|'(?P<text>(?:[^']|'')*)'|(?P<word>[a-z_]\w*)"
                   r"|(?P<mark><=|>=|!=|[=<>()+\-*/,.]))")
COLLECTIONS = ('count', 'any', 'all', 'sum')
END = ('end', '')


def tokens(text):
    found, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if not match:
            raise Unread(f'no reading for {text[at:]!r} in the expression {text!r}')
        kind = match.lastgroup
        found.append((kind, match[kind].replace("''", "'") if kind == 'text' else match[kind]))
        at = match.end()
    return found + [END]


def compile_expression(text, pack, type_):
    parser = Parser(text, pack)
    function = parser.either(type_)
    if parser.token != END:
        raise Unread(f'no reading for the rest from {parser.token[1]!r} of the expression {text!r}')
    return function


def holds(value):
    return value is True


def compare(mark, left, right):
    if left is None or right is None:
        return mark == '!='
    return {'=': left == right, '!=': left != right}[mark] if mark in ('=', '!=') else \
        {'<': left < right, '<=': left <= right, '>': left > right, '>=': left >= right}[mark]


class Parser:
    def __init__(self, text, pack):
        self.text, self.pack, self.list, self.at = text, pack, tokens(text), 0

    @property
    def token(self):
        return self.list[self.at]

    def take(self, kind, value=None):
        if self.token[0] != kind or value is not None and self.token[1] != value:
            return None
        self.at += 1
        return self.list[self.at - 1][1]

    def need(self, kind, value=None):
        found = self.take(kind, value)
        if found is None:
            raise Unread(f'{value or kind} expected, {self.token[1]!r} found in the expression {self.text!r}')
        return found

    # -- and, or, not

    def either(self, type_):
        parts = [self.both(type_)]
        while self.take('word', 'or'):
            parts.append(self.both(type_))
        return parts[0] if len(parts) == 1 else lambda env, record: any(holds(part(env, record)) for part in parts)

    def both(self, type_):
        parts = [self.negated(type_)]
        while self.take('word', 'and'):
            parts.append(self.negated(type_))
        return parts[0] if len(parts) == 1 else lambda env, record: all(holds(part(env, record)) for part in parts)

    def negated(self, type_):
        if not self.take('word', 'not'):
            return self.comparison(type_)
        part = self.comparison(type_)
        return lambda env, record: not holds(part(env, record))

    def comparison(self, type_):
        left = self.sum(type_)
        for mark in ('=', '!=', '<', '<=', '>', '>='):
            if self.take('mark', mark):
                right = self.sum(type_)
                return lambda env, record: compare(mark, left(env, record), right(env, record))
        if self.take('word', 'is'):
            wanted = not self.take('word', 'not')
            self.need('word', 'missing')
            return lambda env, record: (left(env, record) is None) == wanted
        if self.take('word', 'contains'):
            part = self.sum(type_)
            return lambda env, record: contains(left(env, record), part(env, record))
        negative = self.token == ('word', 'not') and self.list[self.at + 1] == ('word', 'in')
        if negative:
            self.at += 1
        if self.take('word', 'in'):
            options = self.arguments(type_)
            return lambda env, record: among(left(env, record), [o(env, record) for o in options]) != negative
        return left

    def arguments(self, type_):
        self.need('mark', '(')
        found = []
        while not self.take('mark', ')'):
            if found:
                self.need('mark', ',')
            found.append(self.sum(type_))
        return found

    # -- numbers

    def sum(self, type_):
        left = self.product(type_)
        while self.token in (('mark', '+'), ('mark', '-')):
            sign, other, first = self.need('mark'), self.product(type_), left
            left = arithmetic(sign, first, other)
        return left

    def product(self, type_):
        left = self.primary(type_)
        while self.token in (('mark', '*'), ('mark', '/')):
            sign, other, first = self.need('mark'), self.primary(type_), left
            left = arithmetic(sign, first, other)
        return left

    # -- what has a value

    def primary(self, type_):
        if self.take('mark', '('):
            inner = self.either(type_)
            self.need('mark', ')')
            return inner
        kind, text = self.token
        self.at += 1
        if kind == 'number':
            number = Decimal(text) if '.' in text else int(text)
            return lambda env, record: number
        if kind == 'text':
            return lambda env, record: text
        if kind != 'word':
            raise Unread(f'no reading for {text!r} in the expression {self.text!r}')
        if text in ('true', 'false'):
            return lambda env, record: text == 'true'
        if text == 'date' and self.token[0] == 'text':
            day = datetime.date.fromisoformat(self.need('text'))
            return lambda env, record: day
        if self.token != ('mark', '('):
            return self.path(text, type_)
        return self.collection(text, type_) if text in COLLECTIONS else self.call(text, type_)

    def call(self, name, type_):
        arguments = self.arguments(type_)
        if name == 'actor' and not arguments:
            return lambda env, record: env.actor
        if name == 'organisation' and not arguments:
            return lambda env, record: env.organisation
        if name == 'today' and not arguments:
            return lambda env, record: env.today
        if name == 'coalesce':
            return lambda env, record: next((v for v in (a(env, record) for a in arguments) if v is not None), None)
        raise Unread(f'no reading for the function {name} in the expression {self.text!r}')

    def path(self, first, type_):
        names = [first]
        while self.take('mark', '.'):
            names.append(self.need('word'))
        steps = []
        for name in names[:-1]:
            field = type_.field(name)
            steps.append(field)
            type_ = self.pack.types[field.target]
        last = type_.field(names[-1])

        def value(env, record):
            for step in steps:
                record = env.follow(record, step)
                if record is None:
                    return None
            return env.get(record, last)
        return value

    def collection(self, kind, type_):
        """count(child where …), any(reference.child where …), sum(child.field where …)"""
        self.need('mark', '(')
        first, second = self.need('word'), None
        if self.take('mark', '.'):
            second = self.need('word')
        through, child, field = None, first, second
        if first not in self.pack.types or self.pack.link(type_, first) is None:
            through, child, field = type_.field(first), second, None
            type_ = self.pack.types[through.target]
        link = self.pack.link(type_, child)
        if link is None:
            raise Unread(f'{child} is no child of {type_.name} in the expression {self.text!r}')
        child = self.pack.types[child]
        condition = self.either(child) if self.take('word', 'where') else None
        if kind == 'all' and condition is None or kind == 'sum' and field is None:
            raise Unread(f'no reading for this {kind} in the expression {self.text!r}')
        self.need('mark', ')')
        field = field and child.field(field)

        def found(env, record):
            if through is not None:
                record = env.follow(record, through)
            rows = env.children(record, child, link) if record is not None else []
            return rows if kind == 'all' or condition is None else [r for r in rows if holds(condition(env, r))]
        if kind == 'any':
            return lambda env, record: bool(found(env, record))
        if kind == 'count':
            return lambda env, record: len(found(env, record))
        if kind == 'sum':
            return lambda env, record: sum(v for v in (env.get(r, field) for r in found(env, record)) if v is not None)
        return lambda env, record: all(holds(condition(env, r)) for r in found(env, record))


def contains(text, part):
    return text is not None and part is not None and part in text


def among(value, options):
    return value is not None and any(o is not None and o == value for o in options)


def arithmetic(sign, left, right):
    def value(env, record):
        a, b = left(env, record), right(env, record)
        if a is None or b is None or sign == '/' and b == 0:
            return None
        if isinstance(a, datetime.date) and sign in '+-':
            days = datetime.timedelta(days=int(b))
            return a + days if sign == '+' else a - days
        return {'+': lambda: a + b, '-': lambda: a - b, '*': lambda: a * b,
                '/': lambda: Decimal(a) / Decimal(b)}[sign]()
    return value
