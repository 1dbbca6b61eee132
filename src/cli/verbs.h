/* cli/verbs.h: the verbs there are. A new one is a file, a line here, and a line in verbs.c. */
#ifndef FM_CLI_VERBS_H
#define FM_CLI_VERBS_H

#include "cli/cli.h"

extern const Verb verb_init, verb_serve, verb_import, verb_export, verb_list, verb_show, verb_act, verb_rebuild,
    verb_backup, verb_restore, verb_pack_check, verb_pack_apply;
extern const Verb verb_user_add, verb_user_list, verb_user_end;
extern const Verb verb_desk, verb_notices, verb_recompute;
extern const Verb verb_receipt, verb_verify, verb_log;
extern const Verb verb_witness_new, verb_witness_add, verb_witness_key, verb_witness_serve;
extern const Verb verb_mail_show, verb_mail_set, verb_mail_confirm, verb_mail_end;
extern const Verb verb_relay_set, verb_relay_show, verb_relay_log, verb_relay_resend, verb_relay_end;
extern const Verb verb_token_add, verb_token_list, verb_token_end;
extern const Verb verb_webhook_add, verb_webhook_list, verb_webhook_log, verb_webhook_resend, verb_webhook_renew,
    verb_webhook_end;
extern const Verb verb_membership_add, verb_membership_list, verb_membership_end;

extern const Verb *const verbs[]; /* in the order of the help */
extern const size_t      verb_count;

#endif
