#include "store/testing/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"

#define REPORT_FD 100 /* of the child: its end of the pipe, so that no state is needed to find it */

struct Scratch {
    char folder[PATH_MAX / 2];
    char path[PATH_MAX];
};

static void must(bool held, const char *what)
{
    if (held)
        return;
    perror(what);
    abort();
}

Scratch *scratch_new(void)
{
    const char *parent = getenv("TMPDIR");
    Scratch    *scratch = mem_alloc(sizeof *scratch);
    snprintf(scratch->folder, sizeof scratch->folder, "%s/firstmile-XXXXXX", parent ? parent : "/tmp");
    must(mkdtemp(scratch->folder) != NULL, "mkdtemp");
    return scratch;
}

void scratch_free(Scratch *scratch)
{
    DIR *folder = opendir(scratch->folder);
    must(folder != NULL, scratch->folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            unlink(scratch_path(scratch, entry->d_name).ptr);
    closedir(folder);
    rmdir(scratch->folder);
    free(scratch);
}

Str scratch_path(Scratch *scratch, const char *name)
{
    snprintf(scratch->path, sizeof scratch->path, "%s/%.255s", scratch->folder, name);
    return str_from(scratch->path);
}

Child child_start(void (*body)(void *arg), void *arg)
{
    int numbers[2], messages[2];
    must(pipe(numbers) == 0 && pipe(messages) == 0, "pipe");
    fflush(NULL);
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        struct rlimit no_core = { 0, 0 };
        setrlimit(RLIMIT_CORE, &no_core);
        must(dup2(numbers[1], REPORT_FD) >= 0 && dup2(messages[1], STDERR_FILENO) >= 0, "dup2");
        close(numbers[0]);
        close(numbers[1]);
        close(messages[0]);
        close(messages[1]);
        body(arg);
        _exit(0);
    }
    close(numbers[1]);
    close(messages[1]);
    return (Child){ .pid = pid, .numbers = numbers[0], .messages = messages[0] };
}

void child_report(int64_t number)
{
    must(write(REPORT_FD, &number, sizeof number) == (ssize_t)sizeof number,
         "write"); /* whole or not at all: below PIPE_BUF */
}

static ssize_t read_again(int fd, void *bytes, size_t size)
{
    ssize_t got;
    do
        got = read(fd, bytes, size);
    while (got < 0 && errno == EINTR);
    return got;
}

bool child_next(Child *child, int64_t *number)
{
    return read_again(child->numbers, number, sizeof *number) == (ssize_t)sizeof *number;
}

int child_end(Child *child, char *message, size_t size)
{
    size_t  len = 0;
    char    rest[256];
    ssize_t got;
    while (len + 1 < size && (got = read_again(child->messages, message + len, size - 1 - len)) > 0)
        len += (size_t)got;
    message[len] = '\0';
    while (read_again(child->messages, rest, sizeof rest) > 0)
        continue;
    int status = 0;
    must(waitpid(child->pid, &status, 0) == child->pid, "waitpid");
    close(child->numbers);
    close(child->messages);
    return status;
}
