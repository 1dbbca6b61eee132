"""The language of relations, guards and filters (docs/PACKS.md), read anew: what a text means over records in hand.

compile_expression(text, pack, type) gives a function of (env, record). The env says what is read: true values, or
values as one reader sees them:
    env.get(record, field) -> value or None       env.follow(record, field) -> record or None
    env.children(record, type, link) -> records   env.rows(record, field) -> child rows
    env.parameter(code) -> value or None          env.today, env.actor, env.organisation, env.calendar, env.root
Values are str, int, Decimal, bool, datetime.date, tuples of texts (lists); None is missing. Comparing with a missing
value is false, `!=` is then true.
"""
import datetime
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from .plain_yaml import Unread

TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|'(?P<text>(?:[^']|'')*)'|(?P<word>[a-z_]\w*)"
                   r"|(?P<mark><=|>=|!=|[=<>()+\-*/,.]))")
COLLECTIONS = ('count', 'any', 'all', 'sum', 'min', 'max')
CONDITIONS = ('any', 'all')
QUOTIENT_DIGITS = 6
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


class Compiled:
    """What a text means, and what it is."""

    def __init__(self, function, parser):
        self.function, self.condition = function, parser.condition
        self.reads, self.every, self.plain = parser.reads, parser.every, parser.plain

    def __call__(self, env, record):
        before, env.root = env.root, record         # whose case it is: a parameter counts by its day
        value = self.function(env, record)
        env.root = before
        return value is True if self.condition else value


def compile_expression(text, pack, type_, reads=None):
    """reads: a set that takes the names of the fields of type_ that it reads."""
    parser = Parser(text, pack, type_, set() if reads is None else reads)
    function = parser.either(type_)
    if parser.token != END:
        raise Unread(f'no reading for the rest from {parser.token[1]!r} of the expression {text!r}')
    return Compiled(function, parser)


def holds(value):
    return value is True


def compare(mark, left, right):
    if left is None or right is None:
        return mark == '!='
    return {'=': left == right, '!=': left != right}[mark] if mark in ('=', '!=') else \
        {'<': left < right, '<=': left <= right, '>': left > right, '>=': left >= right}[mark]


class Parser:
    def __init__(self, text, pack, root, reads):
        self.text, self.pack, self.list, self.at = text, pack, tokens(text), 0
        self.every = []                             # (type, field) of all that is read, whichever record's
        self.root, self.reads, self.condition = root, reads, False      # condition: what was read last is one
        self.plain = True                           # of the subset that filters take

    def read(self, type_, name):
        """The field; and that the record itself is asked for it."""
        found = type_.field(name)
        self.every.append((type_, found))
        if type_ is self.root:
            self.reads.add(name)
            self.reads |= found.formula.reads if isinstance(found.formula, Compiled) else set()
        return found

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
        self.condition |= len(parts) > 1
        return parts[0] if len(parts) == 1 else lambda env, record: any(holds(part(env, record)) for part in parts)

    def both(self, type_):
        parts = [self.negated(type_)]
        while self.take('word', 'and'):
            parts.append(self.negated(type_))
        self.condition |= len(parts) > 1
        return parts[0] if len(parts) == 1 else lambda env, record: all(holds(part(env, record)) for part in parts)

    def negated(self, type_):
        if not self.take('word', 'not'):
            return self.comparison(type_)
        part = self.comparison(type_)
        self.condition = True
        return lambda env, record: not holds(part(env, record))

    def comparison(self, type_):
        left, start = self.sum(type_), self.at
        found = self.compared(left, type_)
        self.condition |= self.at > start
        return found

    def compared(self, left, type_):
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
            left, self.plain = arithmetic(sign, first, other), False
        return left

    def product(self, type_):
        left = self.signed(type_)
        while self.token in (('mark', '*'), ('mark', '/')):
            sign, other, first = self.need('mark'), self.signed(type_), left
            left, self.plain = arithmetic(sign, first, other), False
        return left

    def signed(self, type_):
        if not self.take('mark', '-'):
            return self.primary(type_)
        part = self.primary(type_)
        return lambda env, record: None if part(env, record) is None else -part(env, record)

    # -- what has a value

    def primary(self, type_):
        self.condition = False
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
            self.condition = True
            return lambda env, record: text == 'true'
        if text == 'date' and self.token[0] == 'text':
            day = datetime.date.fromisoformat(self.need('text'))
            return lambda env, record: day
        if self.token != ('mark', '('):
            return self.path(text, type_)
        if text in ('min', 'max') and not self.collects(type_):
            return self.call(text, type_)
        return self.collection(text, type_) if text in COLLECTIONS else self.call(text, type_)

    def collects(self, type_):
        """Whether what stands in the brackets is a collection: its first name is a type, or a field of child rows."""
        kind, name = self.list[self.at + 1]
        if kind != 'word':
            return False
        rows = name in type_.by_name and type_.field(name).kind == 'rows'
        return rows or name in self.pack.types and self.pack.link(type_, name) is not None

    def call(self, name, type_):
        arguments = self.arguments(type_)
        self.condition = False
        self.plain &= name in ('actor', 'organisation', 'today')
        if name == 'actor' and not arguments:
            return lambda env, record: env.actor
        if name == 'organisation' and not arguments:
            return lambda env, record: env.organisation
        if name == 'today' and not arguments:
            return lambda env, record: env.today
        if name == 'coalesce':
            return lambda env, record: next((v for v in (a(env, record) for a in arguments) if v is not None), None)
        if name == 'param' and len(arguments) == 1:
            return lambda env, record: env.parameter(arguments[0](env, record))
        if name == 'workdays' and len(arguments) == 2:
            return strict(arguments, lambda env, first, last: workdays(env.calendar, first, last))
        if name in FUNCTIONS:
            return strict(arguments, lambda env, *values: FUNCTIONS[name](*values))
        raise Unread(f'no reading for the function {name} in the expression {self.text!r}')

    def path(self, first, type_):
        names = [first]
        while self.take('mark', '.'):
            names.append(self.need('word'))
        steps = []
        for name in names[:-1]:
            field = self.read(type_, name)
            steps.append(field)
            type_ = self.pack.types[field.target]
        last = self.read(type_, names[-1])
        self.condition = last.kind == 'boolean' or last.kind == 'computed' and last.boolean

        def value(env, record):
            for step in steps:
                record = env.follow(record, step)
                if record is None:
                    return None
            return env.get(record, last)
        return value

    def collection(self, kind, type_):
        """count(child where …), any(reference.child where …), sum(child.field where …), sum(rows.column)"""
        self.need('mark', '(')
        first, second = self.need('word'), None
        if self.take('mark', '.'):
            second = self.need('word')
        members, child, field = self.members(type_, first, second)
        condition = each = None
        if self.token == ('word', 'of'):
            self.take('word', 'of')
            each = self.sum(child)
        if self.take('word', 'where'):
            condition = self.either(child)
        if kind == 'all' and condition is None or kind in ('sum', 'min', 'max') and field is None and each is None:
            raise Unread(f'no reading for this {kind} in the expression {self.text!r}')
        self.need('mark', ')')
        self.condition = kind in CONDITIONS
        self.plain &= kind in (*CONDITIONS, 'count')
        field = field and child.field(field)

        def found(env, record):
            rows = members(env, record)
            return rows if kind == 'all' or condition is None else [r for r in rows if holds(condition(env, r))]
        if kind == 'any':
            return lambda env, record: bool(found(env, record))
        if kind == 'count':
            return lambda env, record: len(found(env, record))
        if kind == 'all':
            return lambda env, record: all(holds(condition(env, r)) for r in found(env, record))

        def over_field(env, record):
            taken = each or (lambda env, row: env.get(row, field))
            values = [v for v in (taken(env, r) for r in found(env, record)) if v is not None]
            if kind == 'sum':
                return sum(values, Decimal(0).scaleb(-field.scale) if field and field.scale else 0)
            return {'min': min, 'max': max}[kind](values) if values else None
        return over_field

    def members(self, type_, first, second):
        """A function of (env, record), the type of what it gives, and the name of the field asked of each, or None."""
        if first in type_.by_name and type_.field(first).kind == 'rows':
            rows = self.read(type_, first)
            return lambda env, record: env.rows(record, rows), rows.rows, second
        through, child, field = None, first, second
        if first not in self.pack.types or self.pack.link(type_, first) is None:
            through, child, field = self.read(type_, first), second, None
            type_ = self.pack.types[through.target]
        link = self.pack.link(type_, child)
        if link is None:
            raise Unread(f'{child} is no child of {type_.name} in the expression {self.text!r}')
        child = self.pack.types[child]

        def members(env, record):
            if through is not None:
                record = env.follow(record, through)
            return env.children(record, child, link) if record is not None else []
        return members, child, field


def strict(arguments, function):
    """A call that is missing when one of its arguments is."""
    def value(env, record):
        values = [a(env, record) for a in arguments]
        return None if None in values else function(env, *values)
    return value


def rounded(value, digits):
    return Decimal(value).quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP)


FUNCTIONS = {'days': lambda first, last: (last - first).days, 'abs': abs, 'round': rounded, 'length': len,
             'wilson_low': lambda k, n: wilson(k, n, -1), 'wilson_high': lambda k, n: wilson(k, n, 1),
             'min': lambda *values: min(values), 'max': lambda *values: max(values)}


def wilson(k, n, side):
    """A limit of the 95 % interval of k in n by the textbook's formula, rounded away from the share to 4 digits."""
    if not 0 <= k <= n or n < 1:
        return None
    if k == (0 if side < 0 else n):
        return Decimal(0 if side < 0 else 1).quantize(Decimal('0.0001'))
    z2 = Decimal('3.841459')
    middle, half = 2 * k + z2, (z2 * (z2 + Decimal(4 * k * (n - k)) / n)).sqrt()
    return ((middle + side * half) / (2 * (n + z2))).quantize(Decimal('0.0001'), ROUND_FLOOR if side < 0 else ROUND_CEILING)


def workdays(calendar, first, last):
    """Days worked after the first, up to the last. calendar: the days that are not as their week says."""
    if last < first:
        return -workdays(calendar, last, first)
    days = [first + datetime.timedelta(days=n) for n in range(1, (last - first).days + 1)]
    return sum(calendar.get(day, day.weekday() < 5) for day in days)


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
                '/': lambda: quotient(Decimal(a), Decimal(b))}[sign]()
    return value


def quotient(a, b):
    """With 6 digits after the point, or as many as its operands have."""
    return rounded(a / b, max(QUOTIENT_DIGITS, -a.as_tuple().exponent, -b.as_tuple().exponent))
