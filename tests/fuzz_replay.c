/* tests/fuzz_replay.c: main() of a fuzz target in builds without libFuzzer: runs the target over the files and folders
 * named as arguments, so that what fuzzing once found stays found. Ends with 1 when nothing could be read. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 * 1024 * 1024 };

static size_t replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    uint8_t *data = malloc(INPUT_MAX);
    if (!data)
        abort();
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    uint8_t *exact = malloc(size ? size : 1); /* so that a read past the end is seen */
    if (!exact)
        abort();
    for (size_t i = 0; i < size; i++)
        exact[i] = data[i];
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 1;
}

static size_t replay(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return 0;
    if (!S_ISDIR(status.st_mode))
        return replay_file(path);
    struct dirent **names;
    int             count = scandir(path, &names, NULL, alphasort);
    size_t          done = 0;
    for (int i = 0; i < count; i++) {
        char full[4096];
        int  length = snprintf(full, sizeof full, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && length > 0 && (size_t)length < sizeof full)
            done += replay_file(full);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
    return done;
}

int main(int count, char **paths)
{
    size_t done = 0;
    for (int i = 1; i < count; i++)
        done += replay(paths[i]);
    printf("1..1\n%s 1 - replayed %zu inputs\n", done ? "ok" : "not ok", done);
    return done ? 0 : 1;
}
