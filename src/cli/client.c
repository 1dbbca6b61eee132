/* cli/client.c: see client.h. */
#include "cli/client.h"

#include "cli/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define TRY_AGAIN_MS 20

struct Client {
    Arena *arena;
    Str    dir;
    int    fd; /* of a serving city, or -1 */
    /* in this process: */
    City *city;
    App  *app;
    Db   *db;
};

/* ---- reaching a serving city ---- */

static Err folder_open(Arena *arena, Str dir, int *out)
{
    *out = open(str_dup_z(arena, dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*out >= 0)
        return ERR_OK;
    ErrCode code = errno == ENOENT || errno == ENOTDIR ? ECODE_CITY_MISSING : ECODE_FILE_READ;
    return err_make(code, "%.*s: %m", STR_FMT(dir));
}

/* The socket's address; *folder is an open folder that it may go through, to be closed after connect(2). */
static Err socket_name(Arena *arena, Str dir, struct sockaddr_un *name, int *folder)
{
    *name = (struct sockaddr_un){ .sun_family = AF_UNIX };
    TRY(folder_open(arena, dir, folder));
    Str path = str_printf(arena, "%.*s/socket", STR_FMT(dir));
    if (path.len >= sizeof name->sun_path)
        path = str_printf(arena, "/proc/self/fd/%d/socket", *folder);
    memcpy(name->sun_path, path.ptr, path.len);
    return ERR_OK;
}

static void wait_at_most(int fd, int ms)
{
    struct timeval time = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

Err client_reach(Str dir, int *out_fd)
{
    OWNED(arena) Arena *arena = arena_new();
    struct sockaddr_un  name;
    int                 folder;
    TRY(socket_name(arena, dir, &name, &folder));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        wait_at_most(fd, CLIENT_ANSWER_MS);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof name) != 0) {
        close(fd);
        fd = -1;
    }
    close(folder);
    *out_fd = fd;
    return ERR_OK;
}

Err client_refuse_served(Str dir)
{
    int fd;
    TRY(client_reach(dir, &fd));
    if (fd < 0)
        return ERR_OK;
    close(fd);
    return err_make(ECODE_CITY_SERVED, "%.*s/socket", STR_FMT(dir));
}

/* ---- opening ---- */

static Err open_here(Client *client, Str key_dir, Env env)
{
    TRY(city_open(client->dir, key_dir, env, &client->city));
    AppConfig config = { .city = client->city, .log = APP_LOG_FAULTS };
    TRY(app_new(&config, &client->app));
    return city_reader(client->city, &client->db);
}

static void pause_ms(long ms)
{
    struct timespec time = { .tv_nsec = ms * 1000000 };
    nanosleep(&time, NULL);
}

/* The socket first: who serves the city also holds its lock. */
static Err open_somehow(Client *client, Str key_dir, Env env)
{
    Err err = ERR_OK;
    for (int waited = 0; waited <= CLIENT_WAIT_MS; waited += TRY_AGAIN_MS) {
        TRY(client_reach(client->dir, &client->fd));
        if (client->fd >= 0)
            return ERR_OK;
        err = open_here(client, key_dir, env);
        if (err.code != ECODE_CITY_LOCKED)
            return err;
        pause_ms(TRY_AGAIN_MS);
    }
    return err;
}

Err client_open(Str dir, Str key_dir, Env env, Client **out)
{
    Client *client = mem_alloc(sizeof *client);
    client->arena = arena_new();
    client->dir = str_dup(client->arena, dir);
    client->fd = -1;
    Err err = open_somehow(client, key_dir, env);
    if (err.kind) {
        client_close(client);
        return err;
    }
    *out = client;
    return ERR_OK;
}

void client_close(Client *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        close(client->fd);
    db_close(client->db);
    app_free(client->app);
    city_close(client->city);
    arena_free(client->arena);
    free(client);
}

/* ---- calling ---- */

static Err call_there(Client *client, Arena *arena, const AppRequest *request, AppReply *out)
{
    bool closes = true;
    if (client->fd < 0)
        TRY(client_reach(client->dir, &client->fd));
    if (client->fd < 0)
        return err_make(ECODE_SHUTTING_DOWN, "nobody answers any more");
    Err err = http_exchange(client->fd, arena, request, out, &closes);
    if (err.kind || closes) {
        close(client->fd);
        client->fd = -1;
    }
    return err;
}

Err client_call(Client *client, Arena *arena, const AppRequest *request, AppReply *out)
{
    if (!client->city)
        return call_there(client, arena, request, out);
    return app_call(client->app, client->db, arena, request, out);
}

Err client_run_job(Client *client, Str id, JobWatch watch, void *context, bool *served)
{
    OWNED(arena) Arena *arena = arena_new();
    *served = !client->city;
    if (*served)
        return ERR_OK;
    Ctx ctx = { .city = client->city, .db = client->db, .arena = arena, .now_ms = env_now(&client->city->env) };
    return job_run(&ctx, id, watch, context);
}
