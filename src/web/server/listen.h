/* web/server/listen.h: sockets that listen. */
#ifndef FM_WEB_SERVER_LISTEN_H
#define FM_WEB_SERVER_LISTEN_H

#include <sys/socket.h>

#include "base/err.h"

/* "127.0.0.1", "::1": numbers only, no names. */
bool address_parse(Str text, struct sockaddr_storage *out);
/* "127.0.0.1:80" and "[::1]:80" with_port, else "127.0.0.1" and "::1". */
Str address_text(Arena *arena, const struct sockaddr_storage *address, bool with_port);

/* "127.0.0.1:8080", "[::1]:0". *out_bound is the address with its real port. *out_fd does not block.
 * Errors   ECODE_PORT_ADDRESS: not an address and a port. elsewhere, unless ECODE_OK: not loopback. ECODE_PORT_TAKEN.
 *          ECODE_PORT_UNAVAILABLE: not this machine's address, or not this user's port. */
Err listen_tcp(Arena *arena, Str address, ErrCode elsewhere, int *out_fd, Str *out_bound) MUST_CHECK;

/* A socket file for its owner alone. One left behind by a process that has ended is replaced.
 * A path longer than a socket's address can hold (about a hundred bytes) is reached through /proc/self/fd.
 * Errors   ECODE_PORT_TAKEN: somebody answers there. ECODE_PORT_PATH: something else than a socket is there.
 *          ECODE_FILE_READ: the file's name is too long even so, or path is not ours to write. */
Err listen_unix(Str path, int *out_fd) MUST_CHECK;

#endif
