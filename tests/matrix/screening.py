"""Rounds of screening, planted as their people would go through them: what is judged, by whom and when hangs together, so that
records of these types cannot be made one by one. Every text of it is a canary as elsewhere."""
import datetime

from .pack import CLASSES
from .policy import Actor

LEVELS = tuple(CLASSES)
TYPES = ('screening_round', 'review', 'seed_list', 'objection')     # of a pack that has them; made here, not one by one
LATER = ('conflict',)                                               # who has one could not judge any more
LATE = {('seed_list', 'confirm'), ('screening_round', 'finish'), ('result', 'leave')}      # taken when a time limit is over
PICKS = {('result', 'screening_round'): 'open', ('objection', 'seed_list'): 'publicity'}    # what a step can refer to: in this state
VALUES = {('screening_round', 'reviews_by'): lambda today: '2026-01-02',      # after the call has closed
          ('screening_round', 'rubric'): lambda today: None,
          ('result', 'left_on'): lambda today: today.isoformat()}
BEYOND = {('seed_list', 'final'), ('screening_round', 'finished'), ('result', 'seed')}     # what only time brings, or what comes of it by chance


class Screening:
    """One organisation's rounds. On the panels sit the other organisation's expert, who will have conflicts, and one of the demo
    city's, who has none."""

    def __init__(self, garden, letter, other):
        self.garden, self.letter = garden, letter
        self.office, self.author = (garden.own[letter][role] for role in ('institution', 'researcher'))
        self.colleague = self.another('institution')
        self.expert, self.stranger = garden.own[other]['expert'], garden.own[other]['enterprise']
        self.officer = garden.own[letter]['officer']
        self.today, self.due = garden.today().isoformat(), (garden.today() + datetime.timedelta(30)).isoformat()
        self.outside = next(actor for actor in garden.actors if actor.login == 'expert8')
        for one in (self.expert, self.outside):                      # a second entry of the latter: of a person the first counts
            self.make(self.officer, 'expert', person=one.person, organisation=one.organisation, group='investment')

    def another(self, role):
        """A second person in the role: a list is published by another than who drew it up."""
        login = f'colleague-{self.letter.lower()}'
        person = self.garden.person(self.letter, login)
        membership = self.garden.join(self.letter, person, role)
        return self.garden.enlist(Actor(f'{self.letter}:{role}:2', role, person, membership, self.garden.organisations[self.letter], login))

    # -- steps

    def canary(self, type_name, field):
        type_ = self.garden.pack.types[type_name]
        rows, _, column = field.partition('.')
        found = type_.field(rows)
        return self.garden.canary(self.letter, type_, found.rows.field(column) if column else found)

    def keep(self, record, type_name, state):
        self.garden.wanted[record] = (self.letter, self.garden.pack.types[type_name], state, 0)
        return record

    def make(self, actor, type_name, **fields):
        return self.garden.create(actor, self.garden.pack.types[type_name], fields, self.letter)

    def take(self, actor, type_name, record, action, **fields):
        site, type_ = self.garden.site, self.garden.pack.types[type_name]
        site.settled_by(site.net, 'POST', f'/api/v1/records/{type_name}/{record}/actions/{action}', {'input': fields},
                        self.garden.bearer(actor), (200,))
        self.garden.note(record, type_, {name: value for name, value in fields.items() if name != 'scores'})     # the round's words

    # -- a round

    def begin(self, aggregation='mean'):
        criteria = [{'criterion': self.canary('screening_round', 'criteria.criterion'), 'weight': weight,
                     'meaning': self.canary('screening_round', 'criteria.meaning')} for weight in (60, 40)]
        self.criteria = [row['criterion'] for row in criteria]
        return self.make(self.office, 'screening_round', title=self.canary('screening_round', 'title'), criteria=criteria, places=3, aggregation=aggregation,
                         opens_on=self.today, closes_on=self.today, reviews_by=self.due, seats=[{'group': 'investment', 'places': 2}],
                         seed_source=self.canary('screening_round', 'seed_source'))

    def entered(self, round_, level):
        one = self.make(self.author, 'result', **{name: self.canary('result', name) for name in ('title', 'discipline', 'abstract')},
                        disclosure=level)
        self.take(self.author, 'result', one, 'submit')
        self.take(self.author, 'result', one, 'enter', screening_round=round_)
        return one

    def opened(self, levels, aggregation='mean'):
        round_ = self.begin(aggregation)
        self.take(self.office, 'screening_round', round_, 'open')
        return round_, [self.entered(round_, level) for level in levels]

    def scoring(self, levels=LEVELS, aggregation='mean'):
        round_, results = self.opened(levels, aggregation)
        self.take(self.office, 'screening_round', round_, 'close')
        self.take(self.office, 'screening_round', round_, 'draw', seed=self.canary('screening_round', 'seed'))
        return round_, results

    def review(self, result, state, by=None):
        by = by or self.expert
        one = self.make(by, 'review', result=result)
        if state == 'submitted':
            self.take(by, 'review', one, 'submit', remark=self.canary('review', 'remark'),
                      scores=[{'criterion': criterion, 'score': 50 + at} for at, criterion in enumerate(self.criteria)])
        if state == 'recused':
            self.take(by, 'review', one, 'recuse', recusal_reason=self.canary('review', 'recusal_reason'))
        return self.keep(one, 'review', state)

    def frozen(self, levels=LEVELS, aggregation='mean'):
        round_, results = self.scoring(levels, aggregation)
        for result in results[:-1]:
            self.review(result, 'submitted')
        self.review(results[-1], 'submitted', self.outside)     # every result has been reviewed before scores are frozen
        self.review(results[-1], 'lapsed')
        self.take(self.office, 'screening_round', round_, 'freeze')
        return round_

    def list_of(self, round_, by=None):
        return self.make(by or self.office, 'seed_list', title=self.canary('seed_list', 'title'), screening_round=round_,
                         notice=self.canary('seed_list', 'notice'))

    def published(self, levels=LEVELS):
        round_ = self.frozen(levels)
        one = self.list_of(round_)
        self.take(self.colleague, 'seed_list', one, 'publish')
        return round_, one

    def objections(self, list_):
        for state, action in (('filed', ''), ('upheld', 'uphold'), ('dismissed', 'dismiss'), ('filed', '')):
            one = self.make(self.stranger, 'objection', seed_list=list_, reason=self.canary('objection', 'reason'))
            if action:
                self.take(self.colleague, 'objection', one, action, decision=self.canary('objection', 'decision'))
            self.keep(one, 'objection', state)

    def plant(self):
        for _ in range(2):                                      # one is edited, the other opened
            self.keep(self.begin(), 'screening_round', 'draft')
        self.keep(self.opened(LEVELS[:1])[0], 'screening_round', 'open')
        closed, _ = self.opened(LEVELS[:1])
        self.take(self.office, 'screening_round', closed, 'close')
        self.keep(closed, 'screening_round', 'closed')
        round_, results = self.scoring()
        for result, state in zip(results, ('asked', 'submitted', 'recused', 'asked')):
            self.review(result, state)
        self.keep(round_, 'screening_round', 'scoring')
        reviewed, results = self.scoring(LEVELS[:1])             # its scores can be frozen
        self.review(results[0], 'submitted')
        self.keep(reviewed, 'screening_round', 'scoring')
        self.keep(self.frozen(LEVELS[:2], 'corrected_mean'), 'screening_round', 'frozen')     # whose single scores its own house does not see
        frozen = self.keep(self.frozen(LEVELS[:2]), 'screening_round', 'frozen')
        for by in (self.colleague, self.office):                # one is published by another, the other discarded
            self.keep(self.list_of(frozen, by), 'seed_list', 'draft')
        spare = self.list_of(frozen)
        self.take(self.office, 'seed_list', spare, 'discard')
        self.keep(spare, 'seed_list', 'discarded')
        listed, list_ = self.published()
        self.keep(listed, 'screening_round', 'listed')
        self.keep(list_, 'seed_list', 'publicity')
        for row in self.garden.reload().by_id[list_]['items']:
            self.keep(row['result'], 'result', 'seed')
        self.objections(list_)
        _, list_ = self.published(LEVELS[:2])
        self.take(self.officer, 'seed_list', list_, 'withdraw')
        self.keep(list_, 'seed_list', 'withdrawn')
        off, _ = self.opened(LEVELS[:1])
        self.take(self.office, 'screening_round', off, 'cancel', cancel_reason=self.canary('screening_round', 'cancel_reason'))
        self.keep(off, 'screening_round', 'cancelled')
