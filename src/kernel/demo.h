/* kernel/demo.h: the sample records of a demo city, as the pack gives them in demo/.
 *
 * They are steps, not rows: each runs through act() as the person who takes it, under the same rights, states and
 * guards as any other, so that a demo city holds nothing that could not have come about. Both files are JSON
 * Lines; blank lines are skipped.
 *
 * demo/parties.jsonl: organisations, then their people, in this order.
 *     {"ref":"lingang","organisation":{"name":"临港理工大学", …}}
 *         fields of an organisation; ref is the name by which later lines mean it
 *     {"login":"researcher","role":"researcher","organisation":"lingang","person":{"name":"沈一鸣", …}}
 *         a person, their membership (from the day of init, without end) and their sign-in. Logins are those of
 *         roles.yaml: the role's name, then the name with 2, 3 … up to `users`; one that has no line here gets a person
 *         named after the role.
 *
 * demo/steps.jsonl: steps in order; the first that fails ends the run, with its line.
 *     {"as":"researcher","type":"result","action":"create","ref":"r1","fields":{"title":"…"}}
 *         creates a record; ref is the name by which later steps mean it
 *     {"as":"researcher","type":"result","record":"r1","action":"submit","input":{…}}
 *         any other action on that record; input may be absent
 *     "on":-40 in a step: it and those after it are taken forty days before the day of init, so that a demo city has a
 *         past. Steps go forward; the city and its people are as old as the first one.
 * Field values are the API's (docs/API.md); a reference to a record of an earlier step is {"ref":"r1"}, to an
 * organisation {"ref":"lingang"}, to a person {"ref":"researcher"} (their login); {"day":-3} is the date three days
 * before the day of init, whenever the step is taken. Both also stand in lists and child rows. All these days lie
 * within LIMIT_DEMO_DAYS. */
#ifndef FM_KERNEL_DEMO_H
#define FM_KERNEL_DEMO_H

#include "kernel/act.h"

typedef struct DemoUser { /* who may sign in to a demo city; the caller gives them a password */
    Str login, role, name, organisation_name;
    Str person, membership; /* ids */
} DemoUser;

typedef struct DemoRun {
    void (*set_clock)(void *context, int64_t now_ms); /* of the city, given by the caller; never back */
    void     *clock;
    DemoUser *users; /* in the order of roles.yaml */
    size_t    user_count;
    size_t    steps;
    Str       where; /* of a failure: "demo/steps.jsonl:12" */
    Problems  problems;
} DemoRun;

/* How many days before the day of init the first step is taken: 0 when it does not say. */
int64_t demo_age(Arena *arena, const PackSource *source);
/* Makes the parties, then takes the steps, in an open city whose clock stands before the first of them; at the end it
 * stands at ctx->now_ms. Failures: those of act(), JSON errors, ECODE_DEMO_UNKNOWN for a ref, role or type that does
 * not exist, or a day that is over; run->where and run->problems then say more. run->problems.arena and the clock are
 * set by the caller. */
Err demo_run(const Ctx *ctx, const PackSource *source, DemoRun *run) MUST_CHECK;

#endif
