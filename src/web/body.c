#include "web/body.h"

#include "base/hash.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "kernel/idempotency.h"
#include "web/aside.h"
#include "web/endpoints.h"
#include "web/multipart.h"

struct Body {
    const City *city;
    Arena      *arena; /* the exchange's */
    Multipart  *form;  /* NULL: the body is one file */
    BodyFile   *files;
    size_t      file_count, file_room;
    Pair       *pairs;
    size_t      pair_count, pair_room;
    Buf         text; /* of the pair that is coming */
    size_t      text_bytes, part_count;
    bool        in_file, in_text;
    bool        in_memory, binary; /* files are values; the one that is coming */
};

/* ---- a form's parts ---- */

static Err part_begin(void *context, Str name, Str file)
{
    Body *body = context;
    body->in_file = file.len > 0 && !body->in_memory;
    body->in_text = !file.ptr || body->in_memory;
    body->binary = file.ptr != NULL;
    if (++body->part_count > LIMIT_FORM_PARTS)
        return err_make(ECODE_HTTP_MULTIPART, "over %d parts", LIMIT_FORM_PARTS);
    if (body->in_file && body->file_count == LIMIT_LIST_ITEMS)
        return err_make(ECODE_HTTP_MULTIPART, "over %d files", LIMIT_LIST_ITEMS);
    if (body->in_file) {
        BodyFile one = { .field = str_dup(body->arena, name), .name = str_dup(body->arena, file) };
        TRY(staged_open(body->city, &one.staged));
        ARENA_ROOM(body->arena, body->files, body->file_count, body->file_room);
        body->files[body->file_count++] = one;
    } else if (body->in_text) {
        ARENA_ROOM(body->arena, body->pairs, body->pair_count, body->pair_room);
        body->pairs[body->pair_count++] = (Pair){ .name = str_dup(body->arena, name) };
        body->text = buf_new(body->arena, body->in_memory ? SIZE_MAX : LIMIT_FORM_FIELDS_BYTES);
        body->text_bytes += name.len;
    }
    return ERR_OK;
}

static Err part_data(void *context, Str bytes)
{
    Body *body = context;
    if (body->in_file)
        return staged_add(body->files[body->file_count - 1].staged, bytes);
    if (!body->in_text)
        return ERR_OK;
    body->text_bytes += bytes.len;
    if (body->text_bytes > LIMIT_FORM_FIELDS_BYTES && !body->in_memory)
        return err_make(ECODE_HTTP_BODY, "fields of a form");
    buf_add(&body->text, bytes);
    return ERR_OK;
}

static Err part_end(void *context)
{
    Body *body = context;
    Str   value = body->in_text ? buf_str(&body->text) : STR_NONE;
    if (!body->in_text)
        return ERR_OK;
    if (!body->binary && (!utf8_valid(value) || (value.len && memchr(value.ptr, '\0', value.len))))
        return err_make(ECODE_HTTP_MULTIPART, "text of a part");
    body->pairs[body->pair_count - 1].value = value.ptr ? value : STR("");
    return ERR_OK;
}

/* ---- the whole ---- */

Body *body_open(const Call *call, Str boundary)
{
    Body          *body = ARENA_NEW(call->ctx.arena, Body);
    MultipartTaker taker = { part_begin, part_data, part_end, body };
    *body = (Body){ .city = call->ctx.city, .arena = call->ctx.arena };
    if (boundary.len)
        body->form = multipart_new(boundary, &taker);
    return body;
}

static Err take_file(Body *body, Str piece)
{
    if (!body->file_count) {
        BodyFile one = { 0 };
        TRY(staged_open(body->city, &one.staged));
        ARENA_ROOM(body->arena, body->files, body->file_count, body->file_room);
        body->files[body->file_count++] = one;
    }
    return staged_add(body->files[0].staged, piece);
}

Err body_take(void *context, Str piece)
{
    Body *body = context;
    return body->form ? multipart_add(body->form, piece) : take_file(body, piece);
}

void body_end(void *context)
{
    Body *body = context;
    multipart_free(body->form);
    for (size_t i = 0; i < body->file_count; i++)
        staged_free(body->files[i].staged);
}

Err body_complete(Body *body, Call *call, const Pair **pairs, size_t *count)
{
    if (body->form)
        TRY(multipart_end(body->form));
    else
        TRY(take_file(body, STR_NONE)); /* of no bytes it is a file all the same */
    call->files = body->files;
    call->file_count = body->file_count;
    *pairs = body->pairs;
    *count = body->pair_count;
    return ERR_OK;
}

Err body_read(const Call *call, Str boundary, Str text, const Pair **pairs, size_t *count)
{
    Body *body = body_open(call, boundary);
    body->in_memory = true;
    Err err = multipart_add(body->form, text);
    if (!err.kind)
        err = multipart_end(body->form);
    *pairs = body->pairs;
    *count = body->pair_count;
    body_end(body);
    return err;
}

static void add_text(Sha256 *digest, Str text)
{
    uint64_t length = text.len;
    sha256_add(digest, (Str){ (const char *)&length, sizeof length });
    sha256_add(digest, text);
}

/* Of what it says: the delimiter of a form is another each time it is sent. */
Hash body_hash(const Body *body, Str name)
{
    Sha256 *digest = sha256_begin();
    add_text(digest, name);
    for (size_t i = 0; i < body->pair_count; i++) {
        if (str_eq(body->pairs[i].name, STR("csrf")) || str_eq(body->pairs[i].name, STR("once")))
            continue;
        add_text(digest, body->pairs[i].name);
        add_text(digest, body->pairs[i].value);
    }
    for (size_t i = 0; i < body->file_count; i++) {
        Hash hash = staged_hash(body->files[i].staged);
        add_text(digest, body->files[i].field);
        add_text(digest, body->files[i].name);
        sha256_add(digest, hash_str(&hash));
    }
    return sha256_end(digest);
}

/* ---- into uploads ---- */

typedef struct Keeping {
    Call                        *call;
    const struct IdempotencyKey *once; /* is the step's, not the upload's */
    bool used; /* the same upload came before and is in a record by now: its bytes are nobody's */
    void (*then)(Call *call, Err err);
} Keeping;

static Err flush_all(Call *copy, void *context, Problems *problems)
{
    (void)copy, (void)problems;
    const Call *call = ((const Keeping *)context)->call;
    for (size_t i = 0; i < call->file_count; i++)
        TRY(staged_flush(call->files[i].staged));
    return ERR_OK;
}

static Err rename_all(Call *copy, void *context, Problems *problems)
{
    (void)copy, (void)problems;
    const Keeping *keeping = context;
    const Call    *call = keeping->call;
    for (size_t i = 0; i < call->file_count && !keeping->used; i++)
        TRY(staged_keep(call->files[i].staged, call->ctx.city));
    return ERR_OK;
}

/* An upload alone is what the key of its request is for; it is done once, for as long as an upload may be used. */
static Err write_once(Db *db, Keeping *keeping)
{
    Ctx             ctx = keeping->call->ctx;
    FileRef        *file = &keeping->call->files[0].upload.file, stands;
    IdempotencyDone done;
    bool            before;
    ctx.db = db;
    TRY(idempotency_find(db, ctx.arena, keeping->once, ctx.now_ms, &done, &before));
    if (before && done.time_ms >= ctx.now_ms - UPLOAD_MS) {
        file->id = done.record;
        TRY(upload_find(&ctx, file->id, &stands, &before));
        keeping->used = !before;
        return ERR_OK;
    }
    done = (IdempotencyDone){ .type = STR("upload"), .record = file->id };
    TRY(upload_write(db, &keeping->call->files[0].upload));
    return idempotency_keep(db, keeping->once, ctx.now_ms, &done);
}

static Err write_all(Db *db, void *context)
{
    Keeping    *keeping = context;
    const Call *call = keeping->call;
    if (keeping->once && call->endpoint->body == BODY_FILE)
        return write_once(db, keeping);
    for (size_t i = 0; i < call->file_count; i++)
        TRY(upload_write(db, &call->files[i].upload));
    return ERR_OK;
}

static void keep_end(Call *call, Err err, const Problems *none)
{
    (void)none;
    call->once = call->keeping->once;
    call->keeping->then(call, err);
}

static void written(Call *call, Err err)
{
    if (err.kind)
        keep_end(call, err, NULL);
    else
        call_aside(call, ASIDE_FILE, rename_all, call->keeping, keep_end);
}

static void flushed(Call *call, Err err, const Problems *none)
{
    if (err.kind)
        keep_end(call, err, none);
    else
        call_write(call, write_all, call->keeping, written);
}

void body_keep(Call *call, Problems *problems, void (*then)(Call *call, Err err))
{
    Keeping *keeping = ARENA_NEW(call->ctx.arena, Keeping);
    *keeping = (Keeping){ .call = call, .once = call->once, .then = then };
    Err wrong = upload_admit(&call->ctx);
    for (size_t i = 0; i < call->file_count && wrong.code != ECODE_FILE_PENDING; i++) {
        BodyFile *file = &call->files[i];
        Err       err = upload_name(&call->ctx, file->staged, file->name, file->field, &file->upload, problems);
        wrong = wrong.kind ? wrong : err;
    }
    if (wrong.kind) {
        then(call, wrong);
        return;
    }
    call->keeping = keeping;
    call->once = NULL;
    call_aside(call, ASIDE_FILE, flush_all, keeping, flushed);
}
