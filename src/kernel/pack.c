#include "kernel/pack.h"

#include "base/file.h"
#include "base/limits.h"
#include "kernel/pack_read.h"
#include "kernel/party.h"
#include "kernel/record.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FOLDER_DEPTH_MAX 4

/* ---- reading the folder ---- */

typedef struct Folder {
    Arena    *arena;
    Str       root;
    PackFile *files;
    size_t    count;
} Folder;

static bool name_wanted(Str path)
{
    bool demo = str_starts(path, STR("demo/")) && str_ends(path, STR(".jsonl"));
    return demo || str_ends(path, STR(".yaml")) || str_ends(path, STR(".yml"));
}

static Err folder_add(Folder *folder, Str path)
{
    if (folder->count == LIMIT_PACK_FILES)
        return err_make(ECODE_FILE_TOO_LARGE, "a pack has at most %d files", LIMIT_PACK_FILES);
    Str full = str_printf(folder->arena, "%.*s/%.*s", STR_FMT(folder->root), STR_FMT(path));
    Str bytes;
    Err err = file_read(folder->arena, full, LIMIT_PACK_FILE_BYTES, &bytes);
    if (err.kind)
        return err_within(err, "reading the pack's %.*s", STR_FMT(path));
    folder->files[folder->count++] = (PackFile){ path, bytes };
    return ERR_OK;
}

static Err folder_walk(Folder *folder, Str below, int depth);

/* Links are not followed: a pack is what its folder holds. */
static Err folder_entry(Folder *folder, Str path, int depth)
{
    struct stat status;
    Str         full = str_printf(folder->arena, "%.*s/%.*s", STR_FMT(folder->root), STR_FMT(path));
    if (lstat(str_dup_z(folder->arena, full), &status) != 0)
        return err_make(ECODE_FILE_READ, "%.*s: %m", STR_FMT(full));
    if (S_ISDIR(status.st_mode))
        return depth < FOLDER_DEPTH_MAX ? folder_walk(folder, path, depth + 1) : ERR_OK;
    return S_ISREG(status.st_mode) && name_wanted(path) ? folder_add(folder, path) : ERR_OK;
}

static Err folder_walk(Folder *folder, Str below, int depth)
{
    Str full = below.len ? str_printf(folder->arena, "%.*s/%.*s", STR_FMT(folder->root), STR_FMT(below)) : folder->root;
    DIR *dir = opendir(str_dup_z(folder->arena, full));
    if (!dir)
        return err_make(errno == ENOENT || errno == ENOTDIR ? ECODE_PACK_MISSING : ECODE_FILE_READ, "%.*s: %m",
                        STR_FMT(full));
    Err err = ERR_OK;
    for (const struct dirent *entry; !err.kind && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        Str path = below.len ? str_printf(folder->arena, "%.*s/%s", STR_FMT(below), entry->d_name)
                             : str_dup(folder->arena, str_from(entry->d_name));
        err = folder_entry(folder, path, depth);
    }
    closedir(dir);
    return err;
}

static int file_compare(const void *left, const void *right)
{
    return str_cmp(((const PackFile *)left)->path, ((const PackFile *)right)->path);
}

static const PackFile *source_find(const PackSource *source, Str path)
{
    for (size_t i = 0; i < source->count; i++)
        if (str_eq(source->files[i].path, path))
            return &source->files[i];
    return NULL;
}

Err pack_source_read(Arena *arena, Str dir, PackSource *out)
{
    Folder folder = { arena, dir, ARENA_ARRAY(arena, PackFile, LIMIT_PACK_FILES), 0 };
    TRY(folder_walk(&folder, STR_NONE, 0));
    qsort(folder.files, folder.count, sizeof *folder.files, file_compare);
    PackSource source = { folder.files, folder.count };
    if (!source_find(&source, STR("pack.yaml")))
        return err_make(ECODE_PACK_MISSING, "%.*s has no pack.yaml", STR_FMT(dir));
    *out = source;
    return ERR_OK;
}

/* ---- loading ---- */

/* NAME of "types/NAME.yaml" and the like; empty for any other path. */
static Str name_below(Str path, Str folder)
{
    Str after = STR(".yaml");
    if (!str_starts(path, folder) || !str_ends(path, after) || path.len < folder.len + after.len)
        return STR_NONE;
    Str name = str_slice(path, folder.len, path.len - after.len);
    return pack_name_valid(name) ? name : STR_NONE;
}

static void stray(PackLoad *load, Str path)
{
    PACK_LOG(load->log, ((PackPlace){ path, 1, 1 }), ECODE_PACK_FILE, ARG("file", path),
             ARG("known", STR("pack.yaml, roles.yaml, types/NAME.yaml, calendars/NAME.yaml, parameters/NAME.yaml, "
                              "documents/NAME.yaml, records/TYPE.yaml, demo/NAME.jsonl")));
}

static const PackNode *file_parse(PackLoad *load, const PackFile *file)
{
    const PackNode *node = pack_yaml_parse(load->arena, file, load->log);
    load->damaged = load->damaged || !node;
    return node;
}

static const PackNode *named_parse(PackLoad *load, const PackSource *source, Str path)
{
    const PackFile *file = source_find(source, path);
    if (file)
        return file_parse(load, file);
    PACK_LOG(load->log, ((PackPlace){ path, 1, 1 }), ECODE_FILE_MISSING, ARG("path", path));
    load->damaged = true;
    return NULL;
}

static void type_add(PackLoad *load, Str name, const PackNode *node)
{
    TypeDraft *draft = &load->drafts[load->pack->type_count++];
    draft->type = ARENA_NEW(load->arena, Type);
    draft->type->name = str_dup(load->arena, name);
    draft->type->table = str_printf(load->arena, "r_%.*s", STR_FMT(name));
    draft->node = node;
}

/* In the folders whose files are called as what they hold. False when the file stands in none of them. */
static bool named_file_parse(PackLoad *load, const PackFile *file)
{
    const struct {
        Str         folder;
        NamedFiles *files; /* NULL: types */
    } folders[] = {
        { STR("types/"), NULL },
        { STR("calendars/"), &load->calendars },
        { STR("parameters/"), &load->parameters },
        { STR("documents/"), &load->documents },
        { STR("records/"), &load->records },
    };
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        Str name = name_below(file->path, folders[i].folder);
        if (!name.len)
            continue;
        const PackNode *node = file_parse(load, file);
        if (!folders[i].files)
            type_add(load, name, node);
        else if (node)
            folders[i].files->items[folders[i].files->count++] = (NamedFile){ str_dup(load->arena, name), node };
        return true;
    }
    return false;
}

static void files_parse(PackLoad *load, const PackSource *source)
{
    NamedFiles *const named[] = { &load->calendars, &load->parameters, &load->documents, &load->records };
    load->drafts = ARENA_ARRAY(load->arena, TypeDraft, source->count);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        named[i]->items = ARENA_ARRAY(load->arena, NamedFile, source->count);
    for (size_t i = 0; i < source->count; i++) {
        Str  path = source->files[i].path;
        bool head = str_eq(path, STR("pack.yaml")) || str_eq(path, STR("roles.yaml"));
        if (!named_file_parse(load, &source->files[i]) && !head && !str_starts(path, STR("demo/")))
            stray(load, path);
    }
}

static Err load_pack(Arena *arena, const PackSource *source, bool frozen, const Pack **out, Problems *problems)
{
    if (source->count > LIMIT_PACK_FILES)
        return err_make(ECODE_FILE_TOO_LARGE, "a pack has at most %d files", LIMIT_PACK_FILES);
    PackLoad load = { .arena = arena, .log = pack_log_new(arena), .pack = ARENA_NEW(arena, Pack), .frozen = frozen };
    load.pack_file = source_find(source, STR("pack.yaml"));
    const PackNode *pack_node = named_parse(&load, source, STR("pack.yaml"));
    const PackNode *roles_node = named_parse(&load, source, STR("roles.yaml"));
    files_parse(&load, source);
    pack_names(&load, pack_node, roles_node);
    pack_policy(&load);
    pack_fields(&load);
    pack_steps(&load);
    pack_clocks(&load);
    pack_forms(&load);
    pack_matrix(&load);
    pack_documents(&load);
    pack_check(&load);
    pack_records(&load);
    size_t found = pack_log_count(load.log);
    if (found) {
        pack_log_sorted(load.log, problems);
        return err_make(ECODE_PACK_INVALID, "%zu problems", found);
    }
    for (size_t i = 0; i < load.pack->type_count; i++)
        record_statements(arena, load.drafts[i].type);
    actor_statement(arena, load.pack);
    *out = load.pack;
    return ERR_OK;
}

Err pack_load(Arena *arena, const PackSource *source, const Pack **out, Problems *problems)
{
    return load_pack(arena, source, false, out, problems);
}

Err pack_load_frozen(Arena *arena, const PackSource *source, const Pack **out, Problems *problems)
{
    return load_pack(arena, source, true, out, problems);
}
