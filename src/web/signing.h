/* web/signing.h: signing in and out, for programs (sessions.c) and for pages (forms.c). Private to web/. */
#ifndef FM_WEB_SIGNING_H
#define FM_WEB_SIGNING_H

#include "web/call.h"

typedef struct Signing {
    Str login, password;
    Str membership; /* to act as; empty: the oldest */
    void (*done)(Call *call, Err err,
                 const Problems *problems); /* ctx.actor and the cookie are set, or err says why not */
    /* its own */
    PasswordJob job;
    Credential  credential;
    Str         secret;
    Session     session;
    Actor       actor;
    Str         ended; /* key of the session that this one replaces, or empty */
} Signing;

/* Checks rates and password, begins a session and sets its cookie.
 * Errors   ECODE_RATE_LIMITED (Retry-After is set), ECODE_SIGN_IN_WRONG alike for login and password,
 *          ECODE_SIGN_IN_NO_MEMBERSHIP, ECODE_BUSY. */
void signing_in(Call *call, Signing *signing);
/* The signed-in person acts as another of their memberships from now on, under a new secret. */
void signing_switch(Call *call, Str membership, void (*done)(Call *call, Err err, const Problems *problems));
/* Ends the session of the cookie, if there is one. */
void signing_out(Call *call, void (*done)(Call *call, Err err, const Problems *problems));

#endif
