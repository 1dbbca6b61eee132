/* web/wait.c: what a call waits for: see call.h. The writer's and the passwords' threads touch only what the call lent
 * them, and hand it back by call_resume(); meanwhile the call's thread leaves its arena alone. */
#include "web/dispatch.h"
#include "web/idempotent.h"

#include <stdatomic.h>

/* ---- the writer ---- */

/* From here on the call may not be answered as if nothing had happened: see resume() in dispatch.c. */
static void call_committed(Call *call, Err err)
{
    if (!err.kind)
        call->transport->committed = true;
}

typedef struct Write {
    WriterJob job;
    Call     *call;
    Err (*run)(Db *db, void *context);
    void (*then)(Call *call, Err err);
    void *context;
    Err   err;
} Write;

static Err write_run(Db *db, WriterJob *job)
{
    const Write    *write = (const Write *)job;
    const Call     *call = write->call;
    IdempotencyDone done;
    bool            before = false;
    if (!call->once)
        return write->run(db, write->context);
    TRY(idempotency_find(db, call->ctx.arena, call->once, call->ctx.now_ms, &done, &before));
    if (before)
        return err_make(ECODE_KEY_DONE, "");
    TRY(write->run(db, write->context));
    return idempotency_keep(db, call->once, call->ctx.now_ms, &done);
}

static void write_done(WriterJob *job, Err err)
{
    Write *write = (Write *)job;
    App   *app = write->call->app;
    write->err = err;
    call_committed(write->call, err);
    call_resume(write->call);
    app_comes_home(app);
}

static void write_resume(Call *call)
{
    Write *write = call->transport->lent;
    write->then(call, write->err);
}

void call_write(Call *call, Err (*run)(Db *db, void *context), void *context, void (*then)(Call *call, Err err))
{
    Write *write = ARENA_NEW(call->ctx.arena, Write);
    *write = (Write){
        .job = { .run = write_run, .done = write_done }, .call = call, .run = run, .then = then, .context = context
    };
    call->transport->lent = write;
    app_goes_abroad(call->app);
    call_leave(call, write_resume);
    Err err = writer_submit(call->ctx.city->writer, &write->job);
    if (err.kind)
        write_done(&write->job, err);
}

/* ---- passwords ---- */

typedef struct Password {
    PasswordJob *job;
    Call        *call;
    void (*then)(Call *call, Err err);
    Err err;
} Password;

static void password_home(Call *call)
{
    App *app = call->app;
    call_resume(call);
    app_comes_home(app);
}

static void password_done(PasswordJob *job) { password_home(job->context); }

static void password_resume(Call *call)
{
    Password *password = call->transport->lent;
    password->then(call, password->err);
}

void call_password(Call *call, PasswordJob *job, void (*then)(Call *call, Err err))
{
    Password *password = ARENA_NEW(call->ctx.arena, Password);
    *password = (Password){ .job = job, .call = call, .then = then };
    job->done = password_done;
    job->context = call;
    call->transport->lent = password;
    app_goes_abroad(call->app);
    call_leave(call, password_resume);
    password->err = sign_in_queue_submit(call->app->passwords, job);
    if (password->err.kind)
        password_home(call);
}

/* ---- steps ---- */

typedef struct ActBatch ActBatch;

typedef struct ActJob {
    WriterJob       job;
    ActBatch       *batch;
    Change         *change; /* NULL: nothing to commit */
    IdempotencyKey  key;    /* of a call with one */
    IdempotencyDone before; /* record not empty: it was done before, and this is what it did */
    Err             err;    /* of the commit */
    bool            open;   /* to be prepared (again) */
} ActJob;

struct ActBatch {
    Call             *call;
    const ActRequest *requests;
    ActJob           *jobs;
    ActResult        *results;
    size_t            count;
    int               tries;
    _Atomic size_t    away; /* jobs with the writer, and one while they are being submitted */
    void (*then_one)(Call *call, const ActResult *result);
    void (*then_many)(Call *call, const ActResult *results, size_t count);
};

static Err act_once(Db *db, ActJob *act, const Call *call)
{
    bool   found;
    Record record;
    TRY(idempotency_find(db, call->ctx.arena, &act->key, call->ctx.now_ms, &act->before, &found));
    if (found)
        return ERR_OK;
    TRY(act_commit(db, act->change));
    record = act->change->deltas[0].record;
    IdempotencyDone done = { record.type->name, record_id(&record) };
    return idempotency_keep(db, &act->key, call->ctx.now_ms, &done);
}

static Err act_run(Db *db, WriterJob *job)
{
    ActJob     *act = (ActJob *)job;
    const Call *call = act->batch->call;
    return call->once ? act_once(db, act, call) : act_commit(db, act->change);
}

/* What was done before is told as it stands now. */
static Err act_recall(const Call *call, const ActJob *act, Record *out)
{
    bool        found = false;
    const Type *type = pack_type(call_pack(call), act->before.type);
    if (type)
        TRY(record_load(call->ctx.db, call->ctx.arena, type, act->before.record, out, &found));
    return found ? ERR_OK : err_make(ECODE_RECORD_UNSEEN, "");
}

static void batch_returns(ActBatch *batch)
{
    App *app = batch->call->app;
    if (atomic_fetch_sub(&batch->away, 1) != 1)
        return;
    call_resume(batch->call);
    app_comes_home(app);
}

static void act_done(WriterJob *job, Err err)
{
    ActJob *act = (ActJob *)job;
    act->err = err;
    call_committed(act->batch->call, err);
    batch_returns(act->batch);
}

static void batch_end(ActBatch *batch)
{
    if (batch->then_one)
        batch->then_one(batch->call, batch->results);
    else
        batch->then_many(batch->call, batch->results, batch->count);
}

/* Prepares one step, unless it was done before. */
static Err act_begin(ActBatch *batch, size_t i)
{
    const Call *call = batch->call;
    ActJob     *act = &batch->jobs[i];
    ActResult  *result = &batch->results[i];
    bool        found = false;
    if (call->once) {
        act->key = idempotent_part(call, i);
        TRY(idempotency_find(call->ctx.db, call->ctx.arena, &act->key, call->ctx.now_ms, &act->before, &found));
    }
    return found ? act_recall(call, act, &result->record)
                 : act_prepare(&call->ctx, &batch->requests[i], &act->change, &result->problems);
}

/* Prepares what is open. Returns how many changes wait to be committed. */
static size_t batch_prepare(ActBatch *batch)
{
    size_t changes = 0;
    for (size_t i = 0; i < batch->count; i++) {
        ActJob    *act = &batch->jobs[i];
        ActResult *result = &batch->results[i];
        act->change = NULL;
        if (!act->open)
            continue;
        result->problems = call_problems(batch->call);
        result->err = act_begin(batch, i);
        act->open = false;
        if (result->err.kind || act->before.record.len)
            act->change = NULL;
        else
            changes++;
    }
    return changes;
}

static void batch_round(ActBatch *batch);

static void batch_resume(Call *call)
{
    ActBatch *batch = call->transport->lent;
    bool      again = false;
    for (size_t i = 0; i < batch->count; i++) {
        ActJob    *act = &batch->jobs[i];
        ActResult *result = &batch->results[i];
        if (!act->change)
            continue;
        result->err = act->err;
        if (!act->err.kind && act->before.record.len)
            result->err = act_recall(call, act, &result->record);
        else if (!act->err.kind)
            result->record = act->change->deltas[0].record;
        act->open = act->err.kind && act->err.code == ECODE_RECORD_CONTENDED && batch->tries < ACT_TRIES;
        again = again || act->open;
    }
    if (again)
        batch_round(batch);
    else
        batch_end(batch);
}

static void batch_round(ActBatch *batch)
{
    Call *call = batch->call;
    batch->tries++;
    size_t changes = batch_prepare(batch);
    if (!changes) {
        batch_end(batch);
        return;
    }
    /* From here on the writer uses the call's arena, so everything was prepared before anything is submitted. */
    call->transport->lent = batch;
    atomic_store(&batch->away, changes + 1);
    app_goes_abroad(call->app);
    call_leave(call, batch_resume);
    for (size_t i = 0; i < batch->count; i++) {
        ActJob *act = &batch->jobs[i];
        if (!act->change)
            continue;
        act->job = (WriterJob){ .run = act_run, .done = act_done };
        act->batch = batch;
        Err err = writer_submit(call->ctx.city->writer, &act->job);
        if (err.kind)
            act_done(&act->job, err);
    }
    batch_returns(batch);
}

static ActBatch *batch_new(Call *call, const ActRequest *requests, size_t count)
{
    ActBatch *batch = ARENA_NEW(call->ctx.arena, ActBatch);
    batch->call = call;
    batch->requests = requests;
    batch->count = count;
    batch->jobs = ARENA_ARRAY(call->ctx.arena, ActJob, count);
    batch->results = ARENA_ARRAY(call->ctx.arena, ActResult, count);
    for (size_t i = 0; i < count; i++)
        batch->jobs[i].open = true;
    return batch;
}

void call_act(Call *call, const ActRequest *request, void (*then)(Call *call, const ActResult *result))
{
    ActRequest *kept = ARENA_NEW(call->ctx.arena, ActRequest);
    *kept = *request;
    ActBatch *batch = batch_new(call, kept, 1);
    batch->then_one = then;
    batch_round(batch);
}

void call_act_many(Call *call, const ActRequest *requests, size_t count, bool check,
                   void (*then)(Call *call, const ActResult *results, size_t count))
{
    ActBatch *batch = batch_new(call, requests, count);
    batch->then_many = then;
    if (check) {
        batch_prepare(batch);
        batch_end(batch);
    } else {
        batch_round(batch);
    }
}

bool call_none_taken(const ActResult *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!results[i].err.kind)
            return false;
    return count > 0;
}

bool call_all_failed(const ActResult *results, size_t count)
{
    if (!call_none_taken(results, count))
        return false;
    ErrKind kind = results[0].err.kind;
    return kind == ERR_BUSY || kind == ERR_INTERNAL || results[0].err.code == ECODE_KEY_REUSED;
}
