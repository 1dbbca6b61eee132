/* web/pages/show.h: values as people read them, from the JSON that the contract gives: what
 * that does not hold cannot show.
 *
 * Numbers  with thousand marks, money with its currency behind it. Lists by their items. Of child rows the count,
 *          unless a page makes a table of them (rows.h). Text in the reader's language where the record has it so.
 *          Dates as 2025-03-04 in tables, spoken in text: 2025年3月4日, 4 March 2025. An instant is
 *          the day on the city's wall. Choices and states by their labels, references by the title of what they name,
 *          which is looked up as the actor: a record that they may not see shows as hidden.
 * Memory   the call's arena. A Show remembers the names that it has looked up; make one a page. */
#ifndef FM_WEB_PAGES_SHOW_H
#define FM_WEB_PAGES_SHOW_H

#include "web/page.h"

/* ---- without a record ---- */

Str show_thousands(Arena *arena, Str number); /* "1234567.50" -> "1,234,567.50" */
/* A count that was made up to most: "1,284", or "1,000+" when there are more. */
Str show_count(Arena *arena, int64_t count, int64_t most);
Str show_spoken(const Call *call, int64_t day);
/* The city's day of an instant as the contract spells it; empty when it is none. */
Str show_day(const Call *call, Str instant);
/* "zh-CN" for Chinese text on a page in another language, else empty. */
Str show_lang(const Call *call, Str text);
/* The label, with the unit or the one currency in brackets when the field has one: "Money asked (10,000 yuan)". */
Str show_label(const Call *call, const Field *field);

/* ---- values of records ---- */

/* Who took a step, as kernel/history.h says it in `by`: a name, an organisation's, "the system", "somebody". */
Str show_by(const Call *call, const Json *by);
/* "report.pdf (1.2 MB)" of a file as the contract spells it. */
Str show_file(const Call *call, const Json *file);

typedef struct Show Show;
Show               *show_new(Call *call);

typedef enum ShowAs {
    SHOW_IN_TABLE, /* bare numbers, ISO dates, short texts */
    SHOW_IN_TEXT   /* with unit, spoken dates, whole texts */
} ShowAs;

typedef struct Shown Shown;
struct Shown {
    Str    text; /* empty: not given */
    Str    href; /* of a reference */
    bool   hidden;
    bool   erased; /* the value was erased for good */
    Shown *each;   /* in text: several references, each with its link; text holds them all as words */
    size_t each_count;
};

/* value NULL: not given. Money whose currency a sibling says shows without it. */
Err show_value(Show *show, const Field *field, const Json *value, ShowAs as, Shown *out) MUST_CHECK;
/* The field of a record, or of one of its child rows: with the currency that a sibling says, in the reader's language,
 * and erased where the record says so. */
Err show_field(Show *show, const Field *field, const Json *record, ShowAs as, Shown *out) MUST_CHECK;
/* Sets text, text_href, text_lang, exact, hidden, erased and several. */
void show_put(Show *show, const Shown *shown, Json *into);
/* The currency of a record's or row's amount: the field's, or what the sibling says; may be empty. */
Str show_currency(const Call *call, const Field *field, const Json *record);

typedef struct Name { /* of a record that something refers to */
    bool seen;
    Str  title;  /* falls back on number, then on the type's label */
    Str  number; /* may be empty */
} Name;
Err show_name(Show *show, const Type *type, Str id, Name *out) MUST_CHECK;

/* A member of the contract's record, or of a child row; NULL when missing or hidden. */
const Json *show_member(const Json *record, const Field *field);
/* What names the record: its title, else its number, else its type. */
Err show_title(Show *show, const Type *type, const Json *record, Str *out) MUST_CHECK;
/* The same in a table of the type, where its label would say nothing: instead, that there is no number yet. */
Err show_row_name(Show *show, const Type *type, const Json *record, Str *out) MUST_CHECK;
/* Number and owner, as far as they show and are not the title: the line under a name. */
Err show_under(Show *show, const Type *type, const Json *record, Str *out) MUST_CHECK;

/* ---- cells ---- */

/* Numbers and dates stand to the right. */
bool show_numeric(const Field *field);
/* A cell of a table: value, column, numeric, drop. */
Err show_cell(Show *show, const Field *field, const Json *record, bool drop, Json **out) MUST_CHECK;

#endif
