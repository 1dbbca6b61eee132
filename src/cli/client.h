/* cli/client.h: the one way from a verb to a city, served or not.
 *
 * Where a process serves the city, requests go to DIR/socket; otherwise the city is opened here, its lock taken,
 * and the same requests run in this process (web/app.h): the same JSON, the same errors. While somebody holds the
 * lock and does not answer (a server that starts or drains, another verb) the client tries again for
 * CLIENT_WAIT_MS, then gives ECODE_CITY_LOCKED.
 *
 * Length   the address of a socket holds about a hundred bytes; a longer DIR is reached through /proc/self/fd. */
#ifndef FM_CLI_CLIENT_H
#define FM_CLI_CLIENT_H

#include "kernel/job.h"
#include "web/app.h"

#define CLIENT_WAIT_MS   2000
#define CLIENT_ANSWER_MS 120000 /* an answer that takes longer is none */

typedef struct Client Client;

/* ECODE_CITY_MISSING, ECODE_CITY_LOCKED, and the errors of city_open(). key_dir may be empty. */
Err                client_open(Str dir, Str key_dir, Env env, Client **out) MUST_CHECK;
void               client_close(Client *client); /* NULL does nothing */
static inline void client_freep(Client **client) { client_close(*client); }

/* One request; the reply lives in arena. Errors are those of the way; a refusal is a reply. */
Err client_call(Client *client, Arena *arena, const AppRequest *request, AppReply *out) MUST_CHECK;

/* Where no server serves the city: runs the job here until it has ended or watch says false (kernel/job.h). *served:
 * there is one, which runs it itself; nothing was done. */
Err client_run_job(Client *client, Str id, JobWatch watch, void *context, bool *served) MUST_CHECK;

/* Does a process answer at DIR/socket? Then *out_fd is a connection to it, else -1.
 * ECODE_CITY_MISSING: no such folder. */
Err client_reach(Str dir, int *out_fd) MUST_CHECK;
/* ECODE_CITY_SERVED when one does: for verbs that need the city to themselves. */
Err client_refuse_served(Str dir) MUST_CHECK;

#endif
