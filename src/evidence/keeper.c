#include "evidence/keeper.h"

#include "base/file.h"
#include "evidence/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY_FILE_MAX 4096

struct Keeper {
    Arena          *arena; /* owns the key's name and the paths */
    Str             state_path;
    bool            keyed;
    NoteSigner      signer;
    pthread_mutex_t signing; /* held while one signs, which takes a flush to the disk */
    pthread_mutex_t mutex;   /* held for moments: guards all below, which only who signs changes */
    Err             closed;
    Checkpoint      last;
    int64_t         seen_ms; /* when the log was last found to be no longer than last, or was signed */
    char           *note;    /* of last */
    size_t          note_len;
};

static Str path_of(Arena *arena, Str folder, Str id, const char *end)
{
    return str_printf(arena, "%.*s/log-%.*s.%s", STR_FMT(folder), STR_FMT(id), end);
}

/* ---- making ---- */

Err keeper_make(Str folder, Str id, Str name, const Env *env)
{
    OWNED(arena) Arena *arena = arena_new();
    NoteSigner          signer = note_signer_new(env, name, NOTE_ED25519);
    MerkleEdge          empty = merkle_edge_empty(MERKLE_SHA256);
    Checkpoint          nothing = { .origin = name, .root = merkle_edge_root(&empty) };
    Str                 key = note_signer_text(arena, &signer);
    /* The state first: a key without one would be taken for a key whose state was lost. */
    TRY(file_write(path_of(arena, folder, id, "state"), note_sign(arena, &signer, checkpoint_text(arena, &nothing)),
                   0600));
    return file_write(path_of(arena, folder, id, "key"), str_printf(arena, "%.*s\n", STR_FMT(key)), 0600);
}

bool keeper_exists(Str folder, Str id)
{
    OWNED(arena) Arena *arena = arena_new();
    return access(path_of(arena, folder, id, "key").ptr, F_OK) == 0;
}

/* ---- opening ---- */

static void keep_note(Keeper *keeper, Str note, const Checkpoint *checkpoint)
{
    char *copy = mem_alloc(note.len + 1);
    memcpy(copy, note.ptr, note.len);
    pthread_mutex_lock(&keeper->mutex);
    free(keeper->note);
    keeper->note = copy;
    keeper->note_len = note.len;
    keeper->last = *checkpoint;
    keeper->last.origin = keeper->signer.public.name;
    pthread_mutex_unlock(&keeper->mutex);
}

static Err read_files(Keeper *keeper, Str folder, Str id)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 text, note;
    Checkpoint          last;
    TRY(file_read(keeper->arena, path_of(arena, folder, id, "key"), KEY_FILE_MAX, &text));
    TRY(note_signer_parse(str_trim(text), &keeper->signer));
    TRY(file_read(arena, keeper->state_path, NOTE_BYTES_MAX, &note));
    TRY(checkpoint_open(arena, note, &keeper->signer.public, &last, NULL));
    keeper->keyed = true;
    keep_note(keeper, note, &last);
    return ERR_OK;
}

/* The root that the tree had at that size. */
static Err root_then(Db *db, uint64_t size, Hash *out)
{
    OWNED(arena) Arena *arena = arena_new();
    MerkleEdge          edge;
    MerkleNodes         nodes = log_nodes(db, arena, size);
    TRY(merkle_edge_read(&nodes, size, &edge));
    *out = merkle_edge_root(&edge);
    return ERR_OK;
}

static Err close_for(Keeper *keeper, Err why)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->closed = why;
    pthread_mutex_unlock(&keeper->mutex);
    return why;
}

/* Does the tree begin with what was signed last? Else closes. */
static Err hold_against(Keeper *keeper, Db *db, const MerkleEdge *edge)
{
    Hash root;
    if (edge->size < keeper->last.size)
        return close_for(keeper, err_make(ECODE_LOG_BEHIND, "%llu events, and %llu are signed",
                                          (unsigned long long)edge->size, (unsigned long long)keeper->last.size));
    TRY(root_then(db, keeper->last.size, &root));
    return memcmp(&root, &keeper->last.root, sizeof root) == 0
               ? ERR_OK
               : close_for(keeper, err_make(ECODE_LOG_FORKED, "the first %llu events are not those that were signed",
                                            (unsigned long long)keeper->last.size));
}

Err keeper_open(Str folder, Str id, Db *db, Keeper **out)
{
    Keeper    *keeper = mem_alloc(sizeof *keeper);
    MerkleEdge edge;
    *keeper = (Keeper){ .arena = arena_new() };
    pthread_mutex_init(&keeper->signing, NULL);
    pthread_mutex_init(&keeper->mutex, NULL);
    keeper->state_path = path_of(keeper->arena, folder, id, "state");
    Err err = read_files(keeper, folder, id);
    if (err.kind)
        keeper->closed = err_make(ECODE_LOG_KEYLESS, "%s", err.context);
    err = log_edge(db, &edge);
    if (!err.kind && keeper->keyed)
        err = hold_against(keeper, db, &edge);
    if (err.kind && !keeper->closed.kind) {
        /* Tables that do not fit one another are no continuation of anything; that they can be read is worth more
         * than that they cannot be written. */
        keeper->closed = err_make(ECODE_LOG_FORKED, "%s", err.context);
    }
    *out = keeper;
    return ERR_OK;
}

void keeper_free(Keeper *keeper)
{
    if (!keeper)
        return;
    explicit_bzero(keeper->signer.seed, sizeof keeper->signer.seed);
    pthread_mutex_destroy(&keeper->signing);
    pthread_mutex_destroy(&keeper->mutex);
    arena_free(keeper->arena);
    free(keeper->note);
    free(keeper);
}

Err keeper_closed(Keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    Err closed = keeper->closed;
    pthread_mutex_unlock(&keeper->mutex);
    return closed;
}

bool keeper_key(const Keeper *keeper, NoteKey *out)
{
    if (keeper->keyed)
        *out = keeper->signer.public;
    return keeper->keyed;
}

/* ---- signing ---- */

bool keeper_last(Keeper *keeper, Arena *arena, KeeperWish wish, Str *note)
{
    pthread_mutex_lock(&keeper->mutex);
    bool fresh = wish.now_ms >= keeper->seen_ms && wish.now_ms - keeper->seen_ms < KEEPER_PERIOD_MS;
    bool good = !keeper->closed.kind && keeper->last.size >= wish.at_least && (fresh || !wish.newest);
    if (good)
        *note = str_dup(arena, (Str){ keeper->note, keeper->note_len });
    pthread_mutex_unlock(&keeper->mutex);
    return good;
}

static void seen_at(Keeper *keeper, int64_t now_ms)
{
    pthread_mutex_lock(&keeper->mutex);
    keeper->seen_ms = now_ms;
    pthread_mutex_unlock(&keeper->mutex);
}

static Err sign_next(Keeper *keeper, Arena *arena, const MerkleEdge *edge)
{
    Checkpoint next = { keeper->signer.public.name, edge->size, merkle_edge_root(edge) };
    Str        note = note_sign(arena, &keeper->signer, checkpoint_text(arena, &next));
    TRY(file_write(keeper->state_path, note, 0600));
    keep_note(keeper, note, &next);
    return ERR_OK;
}

static Err sign(Keeper *keeper, Db *db, Arena *arena, uint64_t at_least, int64_t now_ms)
{
    MerkleEdge edge;
    TRY(keeper->closed);
    TRY(log_edge(db, &edge));
    TRY(hold_against(keeper, db, &edge));
    if (edge.size < at_least)
        return err_make(ECODE_LOG_RANGE, "%llu events", (unsigned long long)edge.size);
    if (edge.size > keeper->last.size)
        TRY(sign_next(keeper, arena, &edge));
    seen_at(keeper, now_ms);
    return ERR_OK;
}

Err keeper_sign(Keeper *keeper, Db *db, Arena *arena, KeeperWish wish, Str *note)
{
    Err err = ERR_OK;
    pthread_mutex_lock(&keeper->signing);
    if (!keeper_last(keeper, arena, wish, note)) { /* another thread may just have done so */
        err = sign(keeper, db, arena, wish.at_least, wish.now_ms);
        if (!err.kind)
            *note = str_dup(arena, (Str){ keeper->note, keeper->note_len });
    }
    pthread_mutex_unlock(&keeper->signing);
    return err;
}

uint64_t keeper_size(Keeper *keeper)
{
    pthread_mutex_lock(&keeper->mutex);
    uint64_t size = keeper->last.size;
    pthread_mutex_unlock(&keeper->mutex);
    return size;
}
