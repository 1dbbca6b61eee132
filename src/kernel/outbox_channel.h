/* kernel/outbox_channel.h: what the outbox asks of each kind of target (kernel/delivery.h). Private to outbox*.c. */
#ifndef FM_KERNEL_OUTBOX_CHANNEL_H
#define FM_KERNEL_OUTBOX_CHANNEL_H

#include "kernel/delivery.h"
#include "kernel/party.h"
#include "kernel/post.h"

typedef enum Compose { /* how composing ended */
                       COMPOSE_SEND,
                       COMPOSE_NOTHING, /* there is nothing that may be sent */
                       COMPOSE_NOWHERE  /* it cannot be sent now, post.problem says why: tried again later */
} Compose;

/* Makes deliveries of what has happened since it was asked before; each bounded part in one writer's job. */
Err webhook_fan_out(const Ctx *ctx) MUST_CHECK;
Err mail_fan_out(const Ctx *ctx) MUST_CHECK;
/* The message, read now, in ctx's arena and snapshot; *out is not there with COMPOSE_NOTHING. ctx has
 * no actor: the channel finds whose rights count. */
Err webhook_compose(Ctx *ctx, const Delivery *delivery, Post *out, Compose *how) MUST_CHECK;
Err mail_compose(Ctx *ctx, const Delivery *delivery, Post *out, Compose *how) MUST_CHECK;

/* A new id: later ones are greater. */
static inline Str delivery_id(const City *city, Arena *arena)
{
    return str_printf(arena, "msg_%.*s", STR_FMT(uuid_make(city->ids, arena)));
}

#endif
