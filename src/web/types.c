/* web/types.c: what kinds of records there are, as far as the actor's role ever meets them. */
#include "web/handlers.h"
#include "web/shapes.h"

void types_list(Call *call)
{
    Arena      *arena = call->ctx.arena;
    Json       *json = json_object(arena), *items = json_set(json, STR("items"), json_array(arena));
    const Pack *pack = call_pack(call);
    for (size_t i = 0; i < pack->type_count; i++) {
        Json *type = shape_type(call, &pack->types[i]);
        if (type)
            json_push(items, type);
    }
    call_data(call, 200, json);
}

void types_show(Call *call)
{
    const Type *type = pack_type(call_pack(call), call->params[0]);
    Json       *json = type ? shape_type(call, type) : NULL;
    Problems    problems = call_problems(call);
    if (json)
        call_data(call, 200, json);
    else
        call_fail(call, shape_type_unknown(call, &problems), &problems);
}
