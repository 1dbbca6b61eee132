/* web/testing/site.h: a served city for tests: the mini pack with its cast, on a port of its own, and a plain client.
 * Asserts by cmocka; not part of the program. What links it brings `pages` along. */
#ifndef FM_WEB_TESTING_SITE_H
#define FM_WEB_TESTING_SITE_H

#include "kernel/testing/testing.h"
#include "web/app.h"

#include <pthread.h>
#include <stdatomic.h>

#define SITE_PASSWORD "firstmile-test"

typedef struct Site {
    TestCity       *test;
    App            *app;
    AppServe        serve;
    pthread_t       thread;
    pthread_mutex_t mutex;
    pthread_cond_t  started;
    int             port; /* 0: not yet */
    char            address[32];
    Err             ended;
    Str             press, college;
    Actor           admin, author, stranger, reviewer, reader; /* logins: the same words, password SITE_PASSWORD */
} Site;

/* Logins may be tried as often as rates allow; behind_proxy may be empty. */
Site *site_new(SignInRates rates, const char *behind_proxy);
void  site_free(Site *site); /* stops the server and waits for its end */
/* cmocka's: *state is a site without rates or proxy. */
int site_setup(void **state);
int site_teardown(void **state);
/* Moves the clock of city and server. */
void site_pass(Site *site, int64_t ms);

/* What the person signs in with from now on. */
void site_credential(Site *site, const Actor *actor, const char *login, Str hash);

typedef struct Answer {
    int status;
    Str head; /* with its status line */
    Str body;
} Answer;

/* "Name: value\r\n…" of a fresh session, without asking for the password. */
Str site_cookie(Site *site, const Actor *actor);
/* One request on a connection of its own. headers: "" or lines that end in CRLF. body NULL: none. */
Answer site_ask(Site *site, const char *method, Str target, Str headers, const char *body);
/* The same over DIR/socket. */
Answer site_ask_socket(Site *site, const char *method, Str target, Str headers, const char *body);
/* With the actor's session and, when there is a body, its content type (JSON). */
Answer site_as(Site *site, const Actor *actor, const char *method, Str target, const char *body);
/* As the operator of this machine, without the server. */
Answer site_call(Site *site, Method method, Str target, Str as, const char *body);

bool  answer_has(const Answer *answer, const char *part);    /* the body, somewhere */
Str   answer_header(const Answer *answer, const char *name); /* first of that name; ptr NULL when absent */
Json *answer_json(Site *site, const Answer *answer);
/* "code" of the i-th of `errors`; empty when there is none. */
Str answer_error(Site *site, const Answer *answer, size_t index);
/* The id of a paper that actor creates, in draft. */
Str site_paper(Site *site, const Actor *actor, const char *title);

#endif
