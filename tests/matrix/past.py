"""What the addresses of the past must answer: a record as it stood at the end of a day."""
import datetime

from .asking import subject
from .reading import API, page_callers

DAYS = (-400, -2, 0, 400)                           # before the city, before what the matrix plants, today, and one to come


def wanted_past(m, caller, one, day, answer, none):
    """The JSON of the day; None where the record does not show, now or then, and the answer must be that of none."""
    wanted = m.policy.past_json(caller.actor, one, day) if m.policy.sees(caller.actor, one) else None
    if wanted is None:
        m.expect_same(answer, none, 'the past of a record that did not show and of none')
        return None
    pack = {'number': 1, 'name': m.pack.name}           # the city has had no other
    return {**wanted, 'at': str(day), 'pack': pack} if m.expect(answer, 200) else None


@subject('past')
def past(m, e):
    """As the policy folds the events, with what is lower of now and then; on a day before the record as of none."""
    for caller in m.callers():
        for type_ in m.pack.types.values():
            for days in DAYS:
                day = m.policy.today + datetime.timedelta(days)
                none = m.ask(caller, f'{API}{type_.name}/{m.nothing}/at/{day}', 'none')
                for one in m.targets(caller, type_)[:-1]:
                    answer = m.ask(caller, f'{API}{type_.name}/{one.id}/at/{day}', m.relation(caller.actor, one))
                    if m.turned_away(caller, answer):
                        continue
                    wanted = wanted_past(m, caller, one, day, answer, none)
                    if wanted:
                        m.expect_told(wanted, answer.json(), f'{one.id} on {day}')
                        check_since(m, caller, one, day, wanted)


def shown(json):
    """What a day's JSON tells of the record itself, by name."""
    told = {**{name: json.get(name) for name in ('number', 'state', 'owner', 'creator')}, **json['fields']} if json else {}
    return {name: value for name, value in told.items() if value is not None}


def check_since(m, caller, one, day, wanted):
    """Compared with an earlier day: what shows on either otherwise. Before there was anything, all has come."""
    target = f'{API}{one.type.name}/{one.id}/at/{day}'
    for since in {min(day, m.policy.today - datetime.timedelta(1)), day}:
        answer = m.ask(caller, f'{target}?since={since}', '')
        if m.expect(answer, 200):
            before, after = shown(m.policy.past_json(caller.actor, one, since)), shown(wanted)
            changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
            stored = {name for name in changed if one.type.field(name) in one.type.stored} - set(wanted.get('erased', ()))
            told = {change['field'] for change in answer.json()['changes']} - set(wanted.get('erased', ()))
            m.expect_equal(sorted(stored), sorted(told), f'what {one.id} has got since {since}')


@subject('page_past')
def page_past(m, e):
    """The page is made of the same JSON, and has no day on which the record did not show."""
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            for days in DAYS[:3]:
                day = m.policy.today + datetime.timedelta(days)
                none = m.ask(caller, f'/{type_.name}/{m.nothing}/at/{day}', 'none')
                for one in m.kinds(caller, type_)[:-1]:
                    target = f'/{type_.name}/{one.id}/at/{day}'
                    answer = m.ask(caller, target, m.relation(caller.actor, one))
                    if m.turned_away(caller, answer):
                        continue
                    wanted = wanted_past(m, caller, one, day, answer, none)
                    if wanted:
                        twin = m.ask(caller, f'{target}?format=json', '')
                        m.expect(twin, 200) and m.expect_told(wanted, twin.json(), f'{one.id} on {day}')
