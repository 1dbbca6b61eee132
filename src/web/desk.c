/* web/desk.c: what waits for a person (kernel/desk.h). */
#include "kernel/desk.h"

#include "web/handlers.h"

void desk_show(Call *call)
{
    Problems problems = call_problems(call);
    Json    *json = NULL;
    Err      err = desk_json(&call->ctx, &json);
    call_answer(call, err, json, &problems);
}
