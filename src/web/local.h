/* web/local.h: what the operator of this machine says of sign-ins, for local.c, people.c and webhooks.c. Private to
 * web/. */
#ifndef FM_WEB_LOCAL_H
#define FM_WEB_LOCAL_H

#include "web/call.h"

typedef struct NewCredential {
    Str         person, login;
    PasswordJob job;
    int64_t     now_ms;
} NewCredential;

/* login and password of the body. */
NewCredential local_new_credential(const Call *call);
/* A problem for a login or a password that cannot be one. */
void local_check_credential(const NewCredential *made, Problems *problems);
/* For call_write(), with a NewCredential whose password has been hashed. */
Err  local_write_credential(Db *db, void *made);
void local_login_taken(Err err, Str login, Problems *problems); /* the problem of that err; else nothing */
/* Of the person with the body's `login` the running membership of its id `membership`, or the oldest.
 * ECODE_LOGIN_UNKNOWN, ECODE_SIGN_IN_NO_MEMBERSHIP. */
Err local_membership(Call *call, Actor *out, Problems *problems) MUST_CHECK;

#endif
