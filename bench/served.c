/* bench/served.c: see served.h. */
#include "served.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 8, READY_MS = 20000, READY_MAX = 512, FILES_OPEN = 16 };

/* The program, with its standard output into fd; it ends with this process. */
static pid_t run(const char *const words[], int fd)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fd, STDOUT_FILENO);
    execv(words[0], (char *const *)words);
    _exit(127);
}

static bool ended_well(pid_t child, const char *verb)
{
    int status = 0;
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    return complain("firstmile %s ended with status %d", verb, WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

bool served_verb(const Served *served, const char *verb, const char *const words[], size_t count)
{
    assert(count <= WORDS_MAX);
    const char *all[WORDS_MAX + 4] = { served->program, verb, served->city };
    for (size_t i = 0; i < count; i++)
        all[3 + i] = words[i];
    int  nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    bool well = ended_well(run(all, nowhere), verb);
    close(nowhere);
    return well;
}

static char *path_in(Arena *arena, const char *folder, const char *name)
{
    return (char *)str_dup_z(arena, str_printf(arena, "%s/%s", folder, name));
}

/* Path of this program's folder's folder: build/bench/http -> build. */
static bool build_folder(Arena *arena, const char **out)
{
    char    path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path);
    for (int cut = 0; len > 0 && cut < 2; cut++) {
        while (len > 0 && path[len - 1] != '/')
            len--;
        len--;
    }
    if (len <= 0)
        return complain("this program cannot find itself");
    *out = str_dup_z(arena, (Str){ path, (size_t)len });
    return true;
}

bool scratch_make(Arena *arena, const char **out)
{
    const char *build;
    if (!build_folder(arena, &build))
        return false;
    char *folder = path_in(arena, build, "bench/city-XXXXXX");
    if (!mkdtemp(folder))
        return complain("%s: %s", folder, strerror(errno));
    *out = folder;
    return true;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

bool scratch_remove(const char *folder)
{
    if (nftw(folder, remove_one, FILES_OPEN, FTW_DEPTH | FTW_PHYS) != 0)
        return complain("%s: %s", folder, strerror(errno));
    return true;
}

bool served_place(Arena *arena, Served *out)
{
    const char *build, *folder;
    if (!build_folder(arena, &build) || !scratch_make(arena, &folder))
        return false;
    *out = (Served){ .program = path_in(arena, build, "firstmile"),
                     .folder = folder,
                     .city = path_in(arena, folder, "city") };
    return true;
}

bool served_make(Arena *arena, Served *out)
{
    if (!served_place(arena, out))
        return false;
    const char *const words[] = { "--pack", "shanghai", "--demo", "--demo-password", SERVED_PASSWORD };
    return served_verb(out, "init", words, 5);
}

/* Reads what the server prints until it names its address. */
static bool read_port(int fd, uint16_t *out)
{
    char    said[READY_MAX];
    size_t  len = 0;
    int64_t port = 0;
    for (;;) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        ssize_t       got = poll(&ready, 1, READY_MS) == 1 ? read(fd, said + len, sizeof said - len) : 0;
        if (got <= 0)
            return complain("firstmile serve does not say that it listens");
        len += (size_t)got;
        Str    text = { said, len };
        size_t at = str_find(text, STR("listening on "));
        size_t end = at + str_find(str_slice(text, at, len), STR("\n"));
        if (end == len)
            continue;
        while (end > at && (said[end - 1] < '0' || said[end - 1] > '9')) /* "http://127.0.0.1:8080/" */
            end--;
        size_t from = end;
        while (from > at && said[from - 1] >= '0' && said[from - 1] <= '9')
            from--;
        *out = (uint16_t)(str_int(str_slice(text, from, end), &port) ? port : 0);
        return *out != 0;
    }
}

bool served_start(Served *served)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return complain("pipe: %s", strerror(errno));
    const char *const words[] = { served->program, "serve", served->city, "--listen", "127.0.0.1:0", "--quiet", NULL };
    served->target.pid = run(words, ends[1]);
    close(ends[1]);
    served->output = ends[0];
    return served->target.pid > 0 && read_port(served->output, &served->target.port);
}

bool served_end(Served *served)
{
    bool well = true;
    if (served->target.pid > 0) {
        kill(served->target.pid, SIGTERM);
        well = ended_well(served->target.pid, "serve");
        close(served->output);
    }
    return (!served->folder || scratch_remove(served->folder)) && well;
}
