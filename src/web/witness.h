/* web/witness.h: a witness of logs over HTTP (C2SP tlog-witness): POST /add-checkpoint, and for monitors
 * GET /<SHA-256 of an origin in hex>/checkpoint. The server and its limits are those of a city. */
#ifndef FM_WEB_WITNESS_H
#define FM_WEB_WITNESS_H

#include "evidence/witness.h"

typedef struct WitnessServe {
    Witness *witness;
    Env      env;
    Str      listen, behind_proxy; /* as of ServerConfig */
    void (*ready)(void *context, Str address);
    void *context;
} WitnessServe;

/* Until SIGTERM or SIGINT. Errors: those of server_run(). */
Err witness_serve(const WitnessServe *how) MUST_CHECK;

#endif
