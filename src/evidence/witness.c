#include "evidence/witness.h"

#include "base/buf.h"
#include "base/file.h"
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX 4096

/* ---- the request ---- */

/* Digits alone, without leading zeros, as checkpoint_parse() takes them. */
static bool size_read(Str text, uint64_t *out)
{
    int64_t number;
    if (!str_int(text, &number) || number < 0 || text.ptr[0] == '-' || (text.ptr[0] == '0' && text.len > 1))
        return false;
    *out = (uint64_t)number;
    return true;
}

static bool proof_read(Arena *arena, Str *rest, MerkleProof *out)
{
    out->count = 0;
    for (;;) {
        Str line, hash;
        if (!rest->len)
            return false;
        line = str_cut(rest, '\n');
        if (!line.len)
            return true;
        if (out->count == WITNESS_PROOF_MAX || !base64_decode(arena, line, &hash) || hash.len != HASH_SIZE)
            return false;
        memcpy(&out->path[out->count++], hash.ptr, HASH_SIZE);
    }
}

bool witness_request_read(Arena *arena, Str body, WitnessRequest *out)
{
    Str first = str_cut(&body, '\n');
    return str_starts(first, STR("old ")) && size_read(str_slice(first, 4, first.len), &out->old) &&
           proof_read(arena, &body, &out->proof) && !note_parse(arena, body, &out->note).kind &&
           !checkpoint_parse(out->note.text, &out->checkpoint).kind;
}

Str witness_request_text(Arena *arena, uint64_t old, const MerkleProof *proof, Str note)
{
    Buf out = buf_new(arena, SIZE_MAX);
    buf_printf(&out, "old %llu\n", (unsigned long long)old);
    for (size_t i = 0; i < proof->count; i++)
        buf_printf(&out, "%.*s\n", STR_FMT(base64_encode(arena, hash_str(&proof->path[i]))));
    buf_char(&out, '\n');
    buf_add(&out, note);
    return buf_str(&out);
}

/* ---- the decision ---- */

static bool same_root(const Hash *a, const Hash *b) { return memcmp(a, b, sizeof *a) == 0; }

static bool continues(const WitnessRequest *request, const Checkpoint *last)
{
    const Checkpoint *next = &request->checkpoint;
    MerkleEdge        empty = merkle_edge_empty(MERKLE_SHA256);
    Hash              nothing = merkle_edge_root(&empty);
    if (next->size == 0 && !same_root(&next->root, &nothing))
        return false;
    if (last->size == 0) /* every tree continues the empty one */
        return request->proof.count == 0;
    return merkle_verify_consistency(MERKLE_SHA256, last->size, &last->root, next->size, &next->root, &request->proof);
}

int witness_judge(const WitnessRequest *request, const NoteKey *log, const Checkpoint *last)
{
    if (!log)
        return 404;
    if (!str_eq(request->checkpoint.origin, log->name) || note_verify(&request->note, log).kind)
        return 403;
    if (request->old > request->checkpoint.size)
        return 400;
    if (request->old != last->size)
        return 409;
    return continues(request, last) ? 200 : 422;
}

Err witness_answer_read(Arena *arena, Str note, Str answer, const NoteKey *witness, Str *line)
{
    Str     whole[] = { note, answer };
    Note    parsed;
    int64_t time_s;
    TRY(note_parse(arena, str_join(arena, whole, 2, STR_NONE), &parsed));
    TRY(checkpoint_cosigned(&parsed, witness, &time_s));
    if (time_s == 0)
        return err_make(ECODE_LOG_SIGNATURE, "a cosignature without a time");
    for (size_t i = 0; i < parsed.line_count; i++)
        if (note_line_is(&parsed.lines[i], witness))
            *line = note_line(arena, witness, parsed.lines[i].signature);
    return ERR_OK;
}

/* ---- its memory ---- */

static const Str tables[] = { STR_INIT(
    "CREATE TABLE log (hash TEXT PRIMARY KEY NOT NULL, key TEXT NOT NULL, note TEXT NOT NULL) WITHOUT ROWID;") };
static const Str sql_watch = STR_INIT("INSERT INTO log (hash, key, note) VALUES (?, ?, '')"
                                      " ON CONFLICT (hash) DO NOTHING");
static const Str sql_log = STR_INIT("SELECT key, note FROM log WHERE hash = ?");
static const Str sql_cosigned = STR_INIT("UPDATE log SET note = ? WHERE hash = ?");

struct Witness {
    Arena     *arena; /* owns the key's name */
    NoteSigner signer;
    Db        *db;
};

static Str key_path(Arena *arena, Str folder) { return str_printf(arena, "%.*s/witness.key", STR_FMT(folder)); }
static Str db_path(Arena *arena, Str folder) { return str_printf(arena, "%.*s/witness.db", STR_FMT(folder)); }

Err witness_make(Str folder, Str name, const Env *env)
{
    OWNED(arena) Arena *arena = arena_new();
    OWNED(db) Db       *db = NULL;
    Str                 path = key_path(arena, folder);
    if (!note_name_valid(name))
        return err_make(ECODE_LOG_NAME, "%.*s", STR_FMT(name));
    if (mkdir(str_dup_z(arena, folder), 0700) != 0 && errno != EEXIST)
        return err_make(ECODE_FILE_MISSING, "%.*s", STR_FMT(folder));
    if (access(path.ptr, F_OK) == 0)
        return err_make(ECODE_WITNESS_EXISTS, "%.*s", STR_FMT(folder));
    NoteSigner signer = note_signer_new(env, name, NOTE_COSIGNATURE);
    Str        text = note_signer_text(arena, &signer);
    /* The memory first: a key without one is a witness that has forgotten, and is not opened. */
    TRY(db_open(db_path(arena, folder), DB_CREATE, &db));
    TRY(db_migrate(db, tables, sizeof tables / sizeof tables[0]));
    return file_write(path, str_printf(arena, "%.*s\n", STR_FMT(text)), 0600);
}

static Err open_in(Witness *witness, Str folder)
{
    OWNED(arena) Arena *arena = arena_new();
    Str                 text;
    Err                 err = file_read(witness->arena, key_path(arena, folder), KEY_FILE_MAX, &text);
    if (!err.kind)
        err = db_open(db_path(arena, folder), DB_WRITE, &witness->db);
    if (err.code == ECODE_FILE_MISSING)
        return err_make(ECODE_WITNESS_MISSING, "%.*s", STR_FMT(folder));
    TRY(err);
    TRY(note_signer_parse(str_trim(text), &witness->signer));
    if (witness->signer.public.kind != NOTE_COSIGNATURE)
        return err_make(ECODE_LOG_KEY, "not a witness's");
    return db_migrate(witness->db, tables, sizeof tables / sizeof tables[0]);
}

Err witness_open(Str folder, Witness **out)
{
    Witness *witness = mem_alloc(sizeof *witness);
    *witness = (Witness){ .arena = arena_new() };
    Err err = open_in(witness, folder);
    if (err.kind)
        witness_free(witness);
    else
        *out = witness;
    return err;
}

void witness_free(Witness *witness)
{
    if (!witness)
        return;
    explicit_bzero(witness->signer.seed, sizeof witness->signer.seed);
    db_close(witness->db);
    arena_free(witness->arena);
    free(witness);
}

const NoteKey *witness_key(const Witness *witness) { return &witness->signer.public; }

static Str origin_hash(Arena *arena, Str origin)
{
    Hash hash = sha256(origin);
    return hex_encode(arena, hash_str(&hash));
}

Err witness_watch(Witness *witness, const NoteKey *log)
{
    OWNED(arena) Arena *arena = arena_new();
    Value               row[] = { value_text(origin_hash(arena, log->name)), value_text(note_key_text(arena, log)) };
    if (log->kind != NOTE_ED25519)
        return err_make(ECODE_LOG_KEY, "not a log's");
    TRY(db_run(witness->db, sql_watch, row, 2));
    return db_changes(witness->db) ? ERR_OK : err_make(ECODE_WITNESS_LOG, "%.*s", STR_FMT(log->name));
}

/* ---- cosigning ---- */

typedef struct Watched { /* what is remembered of a log; key empty: it is not watched */
    Str key, note;
} Watched;

static Err remembered(Db *db, Arena *arena, Str hash, Watched *out)
{
    OWNED(rows) Rows *rows = NULL;
    Value             key = value_text(hash);
    bool              more;
    *out = (Watched){ STR_NONE, STR_NONE };
    TRY(db_query(db, sql_log, &key, 1, &rows));
    TRY(rows_next(rows, &more));
    if (more)
        *out = (Watched){ str_dup(arena, rows_borrow_text(rows, 0)), str_dup(arena, rows_borrow_text(rows, 1)) };
    return ERR_OK;
}

static Err last_of(Arena *arena, const Watched *watched, Checkpoint *out)
{
    Note note;
    *out = (Checkpoint){ 0 };
    if (!watched->note.len)
        return ERR_OK;
    TRY(note_parse(arena, watched->note, &note));
    return checkpoint_parse(note.text, out);
}

/* The text with the log's own signatures and ours; of others' nothing is known. */
static Str note_cosigned(Arena *arena, const Note *note, const NoteKey *log, Str cosignature)
{
    Buf out = buf_new(arena, SIZE_MAX);
    buf_printf(&out, "%.*s\n", STR_FMT(note->text));
    for (size_t i = 0; i < note->line_count; i++)
        if (note_line_is(&note->lines[i], log))
            buf_add(&out, note_line(arena, log, note->lines[i].signature));
    buf_add(&out, cosignature);
    return buf_str(&out);
}

/* In a transaction. */
static Err answer(const Witness *witness, Arena *arena, const WitnessRequest *request, int64_t now_s,
                  WitnessAnswer *out)
{
    Str        hash = origin_hash(arena, request->checkpoint.origin);
    Watched    watched;
    NoteKey    log;
    Checkpoint last;
    TRY(remembered(witness->db, arena, hash, &watched));
    TRY(last_of(arena, &watched, &last));
    if (watched.key.len)
        TRY(note_key_parse(watched.key, &log));
    out->status = witness_judge(request, watched.key.len ? &log : NULL, &last);
    if (out->status == 409)
        out->body = str_printf(arena, "%llu\n", (unsigned long long)last.size);
    if (out->status != 200)
        return ERR_OK;
    out->body = checkpoint_cosign(arena, &witness->signer, request->note.text, now_s);
    Value row[] = { value_text(note_cosigned(arena, &request->note, &log, out->body)), value_text(hash) };
    return db_run(witness->db, sql_cosigned, row, 2);
}

Err witness_add_checkpoint(Witness *witness, Arena *arena, Str body, int64_t now_s, WitnessAnswer *out)
{
    WitnessRequest *request = ARENA_NEW(arena, WitnessRequest);
    *out = (WitnessAnswer){ .status = 400 };
    if (!witness_request_read(arena, body, request))
        return ERR_OK;
    TRY(db_begin(witness->db));
    Err err = answer(witness, arena, request, now_s, out);
    if (!err.kind && out->status == 200)
        return db_commit(witness->db);
    db_rollback(witness->db);
    return err;
}

Err witness_last(Witness *witness, Arena *arena, Str hash, Str *note)
{
    Watched watched;
    TRY(remembered(witness->db, arena, hash, &watched));
    *note = watched.note;
    return ERR_OK;
}
