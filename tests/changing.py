"""changing.py: a small pack and what it becomes a year later, for the proofs of `pack apply`: something of every kind of change."""
import shutil

from scenario import ROOT

PARTIES = ('types/person.yaml', 'types/job.yaml', 'types/organisation.yaml', 'types/membership.yaml', 'types/parameter.yaml', 'roles.yaml')

PACK = '''
pack: changing
version: {version}
label: {{zh: 会变的, en: Changing}}
utc_offset: "+08:00"
compartments:
  - {{name: general, label: {{zh: 一般, en: General}}}}
  - {{name: identity, label: {{zh: 身份, en: Identity}}}}
  - {{name: technical, label: {{zh: 技术, en: Technical}}}}
'''

LIMITS = '''
parameters:
  - name: page_limit
    label: {{zh: 篇幅上限, en: Most pages}}
    kind: integer
    rows:
      - {{value: {first}, from: 2024-01-01, to: 2025-12-31, source: {{zh: 第一版, en: First edition}}}}
      - {{value: {second}, from: 2026-01-01, source: {{zh: 第二版, en: Second edition}}}}
'''

PAPER_BEFORE = '''
type: paper
label: {zh: 论文, en: Paper}
plural: {zh: 论文, en: Papers}
number: "P-{year}-{seq:3}"
title: title
fields:
  - {name: title, kind: text, label: {zh: 标题, en: Title}}
  - {name: authors, kind: text, label: {zh: 作者, en: Authors}, class: nda}
  - {name: pages, kind: integer, min: 1, max: 500, label: {zh: 页数, en: Pages}}
  - {name: shelf, kind: text, label: {zh: 架位, en: Shelf}}
  - {name: unused, kind: integer, label: {zh: 从未用过, en: Never used}}
  - name: category
    kind: choice
    label: {zh: 类别, en: Category}
    choices:
      - {code: article, label: {zh: 文章, en: Article}}
      - {code: letter, label: {zh: 快报, en: Letter}}
      - {code: poem, label: {zh: 诗, en: Poem}}
  - name: language
    kind: choice
    label: {zh: 语种, en: Language}
    choices: [{code: zh, label: {zh: 中文, en: Chinese}}, {code: en, label: {zh: 英文, en: English}}]
  - name: costs
    kind: rows
    label: {zh: 费用, en: Costs}
    columns:
      - {name: item, kind: text, label: {zh: 项目, en: Item}}
      - {name: amount, kind: integer, label: {zh: 金额, en: Amount}}
      - {name: remark, kind: text, label: {zh: 备注, en: Remark}}
states:
  - {name: draft, label: {zh: 草稿, en: Draft}}
  - {name: submitted, label: {zh: 已投稿, en: Submitted}}
  - {name: accepted, label: {zh: 已录用, en: Accepted}}
access:
  - {roles: [admin], clearance: secret}
  - {roles: [author], relation: own, clearance: secret}
actions:
  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [author, admin]}], required: [title]}
  - {name: edit, label: {zh: 编辑, en: Edit}, from: [draft, submitted], who: [{roles: [author], relation: own}]}
  - {name: submit, label: {zh: 投稿, en: Submit}, from: [draft], to: submitted, who: [{roles: [author], relation: own}]}
  - {name: accept, label: {zh: 录用, en: Accept}, from: [submitted], to: accepted, who: [{roles: [admin]}]}
'''

NOTE_BEFORE = '''
type: note
label: {zh: 附注, en: Note}
plural: {zh: 附注, en: Notes}
title: text
fields:
  - {name: paper, kind: reference, target: paper, label: {zh: 论文, en: Paper}}
  - {name: text, kind: text, label: {zh: 内容, en: Text}}
states:
  - {name: written, label: {zh: 已写, en: Written}}
access:
  - {roles: [admin, author], clearance: secret}
actions:
  - {name: create, label: {zh: 登记, en: Register}, who: [{roles: [author, admin]}], required: [text]}
'''

# What the year changed, as (before, after) within PAPER_BEFORE and NOTE_BEFORE. Types: note becomes remark.
PAPER_CHANGES = [
    ('title: title\n', 'title: title\ndrops: [shelf, category.poem, costs.remark]\n'),
    ('{name: authors, kind: text, ', '{name: byline, was: authors, kind: long_text, '),
    ('{name: pages, kind: integer, min: 1, max: 500, ', '{name: length, was: pages, kind: decimal, scale: 1, min: 1, max: "500", '),
    ('  - {name: shelf, kind: text, label: {zh: 架位, en: Shelf}}\n', ''),
    ('  - {name: unused, kind: integer, label: {zh: 从未用过, en: Never used}}\n',
     '  - {name: house, kind: text, default: main, label: {zh: 馆舍, en: House}}\n'),
    ('{code: letter, label', '{code: brief, was: letter, label'),
    ('      - {code: poem, label: {zh: 诗, en: Poem}}\n', ''),
    ('name: language\n    kind: choice', 'name: languages\n    was: language\n    kind: choices'),
    ('{name: amount, kind: integer, ', '{name: total, was: amount, kind: decimal, scale: 2, '),
    ('      - {name: remark, kind: text, label: {zh: 备注, en: Remark}}\n', ''),
    ('{name: submitted, label', '{name: sent, was: submitted, label'),
    ('from: [draft, submitted]', 'from: [draft, sent]'),
    ('to: submitted', 'to: sent'),
    ('from: [submitted]', 'from: [sent]'),
]
NOTE_CHANGES = [
    ('type: note\n', 'type: remark\nwas: note\n'),
    ('{name: text, kind', '{name: words, was: text, kind'),
    ('title: text', 'title: words'),
    ('required: [text]', 'required: [words]'),
]


def changed(text, changes):
    for before, after in changes:
        if before not in text:
            raise ValueError(f'the pack does not say {before!r}')
        text = text.replace(before, after)
    return text


PAPER_AFTER, NOTE_AFTER = changed(PAPER_BEFORE, PAPER_CHANGES), changed(NOTE_BEFORE, NOTE_CHANGES)

BEFORE = {'pack.yaml': PACK.format(version=1), 'types/paper.yaml': PAPER_BEFORE, 'types/note.yaml': NOTE_BEFORE,
          'parameters/limits.yaml': LIMITS.format(first=80, second=100)}
AFTER = {'pack.yaml': PACK.format(version=2), 'types/paper.yaml': PAPER_AFTER, 'types/remark.yaml': NOTE_AFTER,
         'parameters/limits.yaml': LIMITS.format(first=85, second=110)}


def write(folder, files):
    """A pack of these files, with the parties, roles and parameters of the mini pack."""
    shutil.rmtree(folder, ignore_errors=True)
    for path in PARTIES:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / 'tests/packs/mini' / path, folder / path)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding='utf-8')
    return folder
