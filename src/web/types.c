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
    const Type *type;
    Err         err = call_type(call, 0, &type);
    Json       *json = err.kind ? NULL : shape_type(call, type);
    if (json)
        call_data(call, 200, json);
    else
        call_fail(call, err_make(ECODE_PAGE_UNSEEN, "type"), NULL);
}
