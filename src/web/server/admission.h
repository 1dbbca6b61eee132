/* web/server/admission.h: how many connections are open, in all and from each address. Safe from any thread. */
#ifndef FM_WEB_SERVER_ADMISSION_H
#define FM_WEB_SERVER_ADMISSION_H

#include <sys/socket.h>

#include "base/env.h"
#include "base/str.h"

typedef struct Admission Admission;

typedef enum Verdict { VERDICT_WELCOME, VERDICT_FULL, VERDICT_ADDRESS_FULL } Verdict;

Admission *admission_new(const Env *env, size_t connections, size_t per_address);
void       admission_free(Admission *admission);

/* The number under which an address is counted: an IPv4 address, or the first 64 bits of an IPv6 address, which is what
 * one client has to itself. An IPv4 address mapped into IPv6 is the IPv4 address. Never 0. */
uint64_t address_key(const struct sockaddr_storage *address);

/* Counts one more when welcome; admission_leave() with the same key takes it back. Key 0 is not counted by address. */
Verdict admission_enter(Admission *admission, uint64_t key);
void    admission_leave(Admission *admission, uint64_t key);

#endif
