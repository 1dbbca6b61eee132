"""What the addresses of the past must answer: a record as it stood at the end of a day."""
import datetime

from .asking import subject
from .reading import API, page_callers

DAYS = (-2, 0, 400)                                 # before the city, today, and one to come


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


def check_since(m, caller, one, day, wanted):
    """Compared with yesterday, before there was anything, all that shows has come; with the day itself nothing."""
    target = f'{API}{one.type.name}/{one.id}/at/{day}'
    yesterday = m.policy.today - datetime.timedelta(1)
    for since in {yesterday, day}:
        answer = m.ask(caller, f'{target}?since={since}', '')
        if m.expect(answer, 200):
            shown = {**{name: wanted.get(name) for name in ('number', 'state', 'owner', 'creator')}, **wanted['fields']}
            came = {name for name, value in shown.items() if value is not None and one.type.field(name) in one.type.stored}
            told = {change['field'] for change in answer.json()['changes']} - set(wanted.get('erased', ()))
            m.expect_equal(sorted(came) if since < m.policy.today else [], sorted(told), f'what {one.id} has got since {since}')


@subject('page_past')
def page_past(m, e):
    """The page is made of the same JSON, and has no day on which the record did not show."""
    for caller in page_callers(m):
        for type_ in m.pack.types.values():
            for days in DAYS[:2]:
                day = m.policy.today + datetime.timedelta(days)
                none = m.ask(caller, f'/{type_.name}/{m.nothing}/at/{day}', 'none')
                for one in m.kinds(type_)[:-1]:
                    target = f'/{type_.name}/{one.id}/at/{day}'
                    answer = m.ask(caller, target, m.relation(caller.actor, one))
                    if m.turned_away(caller, answer):
                        continue
                    wanted = wanted_past(m, caller, one, day, answer, none)
                    if wanted:
                        twin = m.ask(caller, f'{target}?format=json', '')
                        m.expect(twin, 200) and m.expect_told(wanted, twin.json(), f'{one.id} on {day}')
