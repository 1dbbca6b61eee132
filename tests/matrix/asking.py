"""Asks the program as everybody, over every way in, and holds each answer against the policy.

Whatever is asked, no answer may hold a canary of a field, or the id of a record, that the policy hides from who
asked. What more an answer must be is the business of the subjects (reading.py, writing.py, deeds.py).
"""
import json
import re
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from .planting import CANARY, ORGANISATIONS
from .policy import Actor

UUID = re.compile(r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}')
FORM_TOKEN = re.compile(r'name="csrf"\s+value="([^"]*)"')
WAYS = ('cookie', 'token', 'socket')
RELATIONS = ('own', 'other', 'none')
SHOWN = 40                                          # deviations that are told in full
SUBJECTS = {}                                       # name -> function(matrix, endpoint)


def subject(name):
    def register(function):
        SUBJECTS[name] = function
        return function
    return register


@dataclass(frozen=True)
class Caller:
    """Somebody, by one way of saying who they are."""
    actor: Actor                                    # None: nobody
    way: str                                        # cookie, token, socket; none

    def __str__(self):
        return f'{self.actor or "nobody"} by {self.way}'


NOBODY = Caller(None, 'none')


def random_id():
    """An id as the program makes them, that nobody has."""
    digits = f'{int(time.time() * 1000):012x}7{uuid.uuid4().hex[13:]}'
    return str(uuid.UUID(digits))


def spread(items):
    """Items by turns from the front and the back, so that a few of them differ much."""
    items = list(items)
    return [items.pop(0 if i % 2 == 0 else -1) for i in range(len(items))]


class Matrix:
    def __init__(self, site, pack, garden, endpoints, turns=1):
        self.site, self.pack, self.garden, self.endpoints, self.turns, self.places = site, pack, garden, endpoints, turns, {}
        self.calls, self.deviations, self.told = 0, 0, []
        self.endpoint, self.coverage = None, defaultdict(set)
        self.cookies, self.form_tokens, self.about, self.filters_known = {}, {}, Counter(), {}
        self.nothing = random_id()
        self.renew()

    # -- who asks, and what they may see

    def renew(self):
        """Reads the truth again, after it has changed."""
        self.garden.reload()
        self.policy, self.truth = self.garden.policy, self.garden.policy.truth
        self.ids, self.numbers = {}, {}

    def callers(self, nobody=True):
        for actor in self.garden.actors:
            yield Caller(actor, 'token')
        for actor in self.garden.actors:
            if actor in self.cookies:
                yield Caller(actor, 'cookie')
            if actor.login == actor.name:           # a login of the demo city, with one membership
                yield Caller(actor, 'socket')
        if nobody:
            yield NOBODY

    def may_know_ids(self, actor):
        """Ids that actor may be told: of what they see, and of what they are themselves."""
        if actor not in self.ids:
            found = {r.id for r in self.truth.by_id.values() if actor and self.policy.sees(actor, r)}
            for record in self.memberships(actor):
                found |= {record.id, record['person'], record['organisation']}
            self.ids[actor] = found
        return self.ids[actor]

    def memberships(self, actor):
        return [r for r in self.truth.records['membership'] if actor and r['person'] == actor.person]

    def may_read(self, actor):
        """Numbers of the canaries that actor may be shown: of fields they see, and of their own names."""
        if actor not in self.numbers:
            themselves = {id_ for r in self.memberships(actor) for id_ in (r['person'], r['organisation'])}
            found = set()
            for number, (id_, type_name, field_name) in self.garden.canaries.items():
                record, type_ = self.truth.by_id.get(id_), self.pack.types[type_name]
                if actor and record and (self.policy.shows(actor, record, type_.field(field_name)) or
                                         id_ in themselves and field_name == type_.title):
                    found.add(number)
            self.numbers[actor] = found
        return self.numbers[actor]

    # -- asking

    def language(self, caller):
        return 'en' if caller.actor and self.garden.actors.index(caller.actor) % 2 else 'zh'

    def headers(self, caller):
        actor = caller.actor
        language = [('Accept-Language', self.language(caller))]
        if caller.way == 'token':
            return language + [('Authorization', f'Bearer {self.garden.tokens[actor]}')]
        if caller.way == 'cookie':
            return language + [('Cookie', self.cookies[actor])]
        return language + ([('Firstmile-As', actor.login)] if caller.way == 'socket' else [])

    def ask(self, caller, target, relation='', body=None, form=None, headers=(), method=None, file=None, marked=True):
        """One call to the endpoint at hand. body: JSON; file: bytes, marked as no form of another site; form: pairs, to which a
        cookie's form token is added."""
        method = method or self.endpoint.method
        sent, given = None, self.headers(caller) + list(headers)
        if body is not None:
            sent = json.dumps(body, ensure_ascii=False).encode()
            given.append(('Content-Type', 'application/json'))
        elif file is not None:
            sent = file
            given += [('Content-Type', 'application/octet-stream'), *([('X-Firstmile', '1')] if marked else [])]
        elif form is not None:
            token = [('csrf', self.form_token(caller))] if caller.way == 'cookie' else []
            sent = urlencode(list(form) + token).encode()
            given.append(('Content-Type', 'application/x-www-form-urlencoded'))
        elif method in ('POST', 'PATCH', 'DELETE'):
            sent = b''
        client = self.site.local if caller.way == 'socket' else self.site.net
        answer = client.ask(method, target, given, sent)
        self.calls += 1
        role = caller.actor.role if caller.actor else ''
        self.coverage[self.endpoint].add((role, relation, caller.way))
        self.asked = f'{caller}: {method} {target}' + (f' {sent.decode()[:300]}' if sent else '')
        self.check_leaks(caller.actor, target + (sent or b'').decode(), answer)
        return answer

    def form_token(self, caller):
        """What a form of this session carries, from a page that every one of them can see."""
        if caller.actor not in self.form_tokens:
            page = self.site.net.ask('GET', '/', self.headers(caller))
            found = FORM_TOKEN.search(page.body.decode())
            self.form_tokens[caller.actor] = found[1] if found else ''
        return self.form_tokens[caller.actor]

    # -- checking

    def deviate(self, what):
        self.deviations += 1
        self.about[str(self.endpoint or 'the city')] += 1
        if len(self.told) < SHOWN and self.about[str(self.endpoint)] <= 8:
            self.told.append(f'{self.asked}\n    {what}')

    asked = ''

    def check_leaks(self, actor, request, answer):
        text = answer.text()
        numbers = set(CANARY.findall(text)) - self.may_read(actor) - set(CANARY.findall(request))
        for number in sorted(numbers):
            self.deviate(f'shows a foreign canary, {self.garden.canaries.get(number, "of a record that was refused")}')
        if answer.status >= 500:
            self.deviate(f'status {answer.status}: {answer.body.decode()[:300]}')
        for id_ in (set(UUID.findall(text)) & self.truth.by_id.keys()) - self.may_know_ids(actor):
            if id_ not in request:
                hidden = self.truth.by_id[id_].type.name
                self.deviate(f'tells the id of a hidden {hidden}, {id_}, in {near(text, id_)!r}')

    def expect(self, answer, *statuses):
        """True when the answer has one of these statuses."""
        if answer.status in statuses:
            return True
        self.deviate(f'expected {" or ".join(map(str, statuses))}, found {answer.status}: {answer.body.decode()[:300]}')
        return False

    def expect_equal(self, expected, found, what):
        if expected != found:
            self.deviate(f'{what}: expected {brief(expected)}, found {brief(found)}')

    def expect_told(self, expected, found, what):
        """A record, but for the words about its clocks, which are of the reader's language."""
        words = ('label', 'text', 'source')
        if isinstance(found, dict) and 'clocks' in found:
            found = {**found, 'clocks': [{k: v for k, v in c.items() if k not in words} for c in found['clocks']]}
        self.expect_equal(expected, found, what)

    def expect_same(self, one, other, what):
        """Nothing may tell the two answers apart, but when they were given and the number of the request."""
        for name, a, b in zip(('status', 'headers', 'body'), one.same_part(), other.same_part()):
            if a != b:
                self.deviate(f'{what}: another {name}: {brief(a)} and {brief(b)}')

    def turned_away(self, caller, answer):
        """Nobody gets nothing but the way to sign in; true when that was the case to look at."""
        if caller.actor:
            return False
        if self.endpoint.page:
            if self.expect(answer, 303) and not (answer.header('location') or '').startswith('/sign-in?next='):
                self.deviate(f'leads to {answer.header("location")}, not to the sign-in page')
        else:
            self.expect(answer, 401)
        return True

    # -- what to ask about

    def share(self, caller, items, turns=None):
        """One of so many shares of the items, by turns among the callers of a role and a way: together they take all. Where
        they are fewer than the shares, each takes all."""
        turns = turns or self.turns
        if not self.places:
            kinds = defaultdict(list)
            for each in self.callers():
                kinds[each.way, each.actor and each.actor.role].append(each)
            self.places = {each: (at, len(kind)) for kind in kinds.values() for at, each in enumerate(kind)}
        at, of_them = self.places.get(caller, (0, 1))
        return items if of_them < turns else items[at % turns::turns]

    def relation(self, actor, record):
        if record is None:
            return 'none'
        return 'own' if actor and record['owner'] == actor.organisation else 'other'

    def records(self, type_):
        """All of a type, and one that is not there."""
        return [*self.truth.records[type_.name], None]

    def samples(self, caller, type_):
        """Own and foreign records of a type, one in each state that the caller sees, one that they do not; and none."""
        found = {}
        for record in spread(self.truth.records[type_.name]):
            seen = caller.actor is not None and self.policy.sees(caller.actor, record)
            found.setdefault((self.relation(caller.actor, record), seen and record['state']), record)
        return [*self.share(caller, list(found.values())), None]

    def kinds(self, caller, type_):
        """One record of a type for each owner, state and kind of disclosure, and one that is not there."""
        found = {}
        for record in self.truth.records[type_.name]:
            found.setdefault((record['owner'], record['state'], record['disclosure'] in ('public', 'summary')), record)
        return [*self.share(caller, list(found.values())), None]

    def targets(self, caller, type_):
        """Tokens try all kinds, the other ways a sample: what they share is tried once in full."""
        return self.kinds(caller, type_) if caller.way == 'token' else self.samples(caller, type_)

    def one_of_each_role(self):
        """For questions that are many: the actors of one planted organisation, and one of the demo city a role."""
        demo = {}
        for actor in self.garden.actors:
            if actor.login == actor.name:
                demo.setdefault(actor.role, actor)
        return [Caller(a, 'token') for a in [*self.garden.own[ORGANISATIONS[0]].values(), *demo.values()]]


def brief(value):
    text = value if isinstance(value, str) else value.decode(errors='replace') if isinstance(value, bytes) else \
        json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return text if len(text) <= 400 else text[:400] + ' …'


def near(text, part):
    at = text.find(part)
    return text[max(0, at - 60):at + len(part) + 20]


def query(**pairs):
    return '?' + '&'.join(f'{name}={quote(str(value))}' for name, value in pairs.items())
