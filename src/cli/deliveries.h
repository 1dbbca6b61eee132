/* cli/deliveries.h: what became of what was sent outside, of webhooks and of mail. */
#ifndef FM_CLI_DELIVERIES_H
#define FM_CLI_DELIVERIES_H

#include "cli/ask.h"

/* clang-format off */
#define DELIVERY_STATES_NOTE \
    TEXT_INIT("每行：标识、种类、状态、次数、最近一次的结果。状态：waiting 待发、delivered 已达、dead 不再尝试、dropped 无可发送。", \
              "Each line: id, kind, state, tries, what the last one met. States: waiting, delivered, dead (not tried " \
              "any more), dropped (nothing that may be sent).")
#define OPTION_STATE  { "state", "STATE", TEXT_INIT("只列此状态的", "those in this state only") }
#define OPTION_BEFORE { "before", "DELIVERY", TEXT_INIT("此次发送以前的", "those before this one") }
/* clang-format on */

/* A verb with these two options prints the log at that path. */
Err deliveries_log(Cli *cli, Client *client, Str path) MUST_CHECK;

#endif
