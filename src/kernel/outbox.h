/* kernel/outbox.h: what has happened is told to those outside, once it has been committed and never before.
 *
 * Method   an event is its own outbox row: it is committed with its change or not at all. Each webhook remembers the
 *          last event that has been turned into deliveries; both move in one transaction, so that nothing is left
 *          out and no event makes two deliveries, whatever is killed when. Mail is made so of notices (kernel/mail.h).
 *          A delivery is sent at least once, under the same id each time.
 * Rights   a delivery holds ids only (kernel/delivery.h). What is sent is read when it is sent, by the rights of then,
 *          of the step as of the record (kernel/history.h); where nothing shows, nothing is sent.
 * Order    one delivery to a target at a time, the oldest due first; up to OUTBOX_AT_ONCE targets at the same time, so
 *          that one that is slow holds up itself alone.
 * Retries  after 10 s, then three times as long each time up to 12 h, each wait a fifth shorter to a fifth longer. */
#ifndef FM_KERNEL_OUTBOX_H
#define FM_KERNEL_OUTBOX_H

#include "kernel/duties.h"

#define OUTBOX_AT_ONCE 16
#define OUTBOX_LOOK_MS 1000

/* The duty "outbox". */
Err outbox_duty(DutyRun *run) MUST_CHECK;

#endif
