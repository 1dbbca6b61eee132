#include "web/server/listen.h"
#include "web/server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, ADDRESS_MAX = 64 };

/* errno of bind(2) and listen(2), as what the operator can do about it. */
static Err bind_error(Str address, ErrCode otherwise)
{
    return err_make(errno == EADDRINUSE ? ECODE_PORT_TAKEN : otherwise, "listening on %.*s: %m", STR_FMT(address));
}

bool address_parse(Str text, struct sockaddr_storage *out)
{
    char                 plain[ADDRESS_MAX];
    struct sockaddr_in  *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    if (text.len >= sizeof plain || (text.len && memchr(text.ptr, '\0', text.len)))
        return false;
    if (text.len)
        memcpy(plain, text.ptr, text.len);
    plain[text.len] = '\0';
    *out = (struct sockaddr_storage){ .ss_family = AF_INET };
    if (inet_pton(AF_INET, plain, &v4->sin_addr) == 1)
        return true;
    *out = (struct sockaddr_storage){ .ss_family = AF_INET6 };
    return inet_pton(AF_INET6, plain, &v6->sin6_addr) == 1;
}

Str address_text(Arena *arena, const struct sockaddr_storage *address, bool with_port)
{
    char                       plain[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in  *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, plain, sizeof plain);
        return with_port ? str_printf(arena, "%s:%d", plain, ntohs(v4->sin_port)) : str_dup(arena, str_from(plain));
    }
    inet_ntop(AF_INET6, &v6->sin6_addr, plain, sizeof plain);
    return with_port ? str_printf(arena, "[%s]:%d", plain, ntohs(v6->sin6_port)) : str_dup(arena, str_from(plain));
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

bool address_is_loopback(Str address)
{
    struct sockaddr_storage parsed;
    return address_parse(address, &parsed) && is_loopback(&parsed);
}

/* Splits at the last colon; an IPv6 address stands in brackets. */
static bool endpoint_parse(Str text, struct sockaddr_storage *out)
{
    size_t colon = text.len;
    while (colon && text.ptr[colon - 1] != ':')
        colon--;
    int64_t port;
    if (colon < 2 || !str_int(str_slice(text, colon, text.len), &port) || port < 0 || port > 65535)
        return false;
    Str  host = str_slice(text, 0, colon - 1);
    bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (!address_parse(bracketed ? str_slice(host, 1, host.len - 1) : host, out))
        return false;
    if (out->ss_family == AF_INET)
        ((struct sockaddr_in *)out)->sin_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in6 *)out)->sin6_port = htons((uint16_t)port);
    return bracketed == (out->ss_family == AF_INET6);
}

static bool bind_and_listen(int fd, const void *address, socklen_t size)
{
    return bind(fd, address, size) == 0 && listen(fd, BACKLOG) == 0;
}

Err listen_tcp(Arena *arena, Str address, ErrCode elsewhere, int *out_fd, Str *out_bound)
{
    struct sockaddr_storage endpoint;
    socklen_t               size = sizeof endpoint;
    if (!endpoint_parse(address, &endpoint))
        return err_make(ECODE_PORT_ADDRESS, "%.*s is not ADDRESS:PORT", STR_FMT(address));
    if (elsewhere != ECODE_OK && !is_loopback(&endpoint))
        return err_make(elsewhere, "%.*s is not a loopback address", STR_FMT(address));
    int fd = socket(endpoint.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return bind_error(address, ECODE_PORT_UNAVAILABLE);
    /* A port whose last server has just ended is free; answers do not wait for more (accepted sockets inherit both). */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    if (!bind_and_listen(fd, &endpoint, size) || getsockname(fd, (struct sockaddr *)&endpoint, &size) != 0) {
        Err err = bind_error(address, ECODE_PORT_UNAVAILABLE);
        close(fd);
        return err;
    }
    *out_fd = fd;
    *out_bound = address_text(arena, &endpoint, true);
    return ERR_OK;
}

/* Removes a socket file behind which nobody listens. */
static Err remove_stale(const struct sockaddr_un *name)
{
    struct stat status;
    if (lstat(name->sun_path, &status) != 0)
        return errno == ENOENT ? ERR_OK : err_make(ECODE_FILE_READ, "%s: %m", name->sun_path);
    if (!S_ISSOCK(status.st_mode))
        return err_make(ECODE_PORT_PATH, "%s is not a socket", name->sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_make(ECODE_INTERNAL, "socket: %m");
    bool refused = connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!refused)
        return err_make(ECODE_PORT_TAKEN, "%s", name->sun_path);
    if (unlink(name->sun_path) != 0)
        return err_make(ECODE_FILE_READ, "%s: %m", name->sun_path);
    return ERR_OK;
}

/* The socket's address. It holds about a hundred bytes; a longer path is named through its folder, which *folder keeps
 * open. */
static Err unix_name(Str path, struct sockaddr_un *name, int *folder)
{
    OWNED(arena) Arena *arena = arena_new();
    size_t              slash = path.len;
    *name = (struct sockaddr_un){ .sun_family = AF_UNIX };
    *folder = -1;
    while (path.len >= sizeof name->sun_path && slash && path.ptr[slash - 1] != '/')
        slash--;
    if (path.len >= sizeof name->sun_path && slash) {
        *folder = open(str_dup_z(arena, str_slice(path, 0, slash)), O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (*folder < 0)
            return err_make(ECODE_FILE_READ, "%.*s: %m", STR_FMT(path));
        path = str_printf(arena, "/proc/self/fd/%d/%.*s", *folder, STR_FMT(str_slice(path, slash, path.len)));
    }
    if (path.len >= sizeof name->sun_path)
        return err_make(ECODE_FILE_READ, "%.*s is too long for a socket", STR_FMT(path));
    memcpy(name->sun_path, path.ptr, path.len);
    return ERR_OK;
}

static Err listen_as(const struct sockaddr_un *name, int *out_fd)
{
    TRY(remove_stale(name));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return bind_error(str_from(name->sun_path), ECODE_FILE_READ);
    /* Linux gives the file the mode of the socket, so that it is never open to others, and umask(2), which all
     * threads share, stays alone. */
    if (fchmod(fd, 0600) != 0 || !bind_and_listen(fd, name, sizeof *name)) {
        Err err = bind_error(str_from(name->sun_path), ECODE_FILE_READ);
        close(fd);
        return err;
    }
    *out_fd = fd;
    return ERR_OK;
}

Err listen_unix(Str path, int *out_fd)
{
    struct sockaddr_un name;
    int                folder;
    Err                err = unix_name(path, &name, &folder);
    if (!err.kind)
        err = listen_as(&name, out_fd);
    if (folder >= 0)
        close(folder);
    return err;
}
