/* cli/verbs.c: see verbs.h. */
#include "cli/verbs.h"

/* clang-format off */
const Verb *const verbs[] = {
    &verb_init,
    &verb_serve,
    &verb_import,
    &verb_export,
    &verb_list,
    &verb_show,
    &verb_act,
    &verb_desk,
    &verb_notices,
    &verb_mail_show, &verb_mail_set, &verb_mail_confirm, &verb_mail_end,
    &verb_rebuild,
    &verb_recompute,
    &verb_receipt, &verb_verify, &verb_log,
    &verb_witness_new, &verb_witness_add, &verb_witness_key, &verb_witness_serve,
    &verb_backup, &verb_restore,
    &verb_pack_check, &verb_pack_apply,
    &verb_user_add, &verb_user_list, &verb_user_end,
    &verb_membership_add, &verb_membership_list, &verb_membership_end,
    &verb_token_add, &verb_token_list, &verb_token_end,
    &verb_webhook_add, &verb_webhook_list, &verb_webhook_log,
    &verb_webhook_resend, &verb_webhook_renew, &verb_webhook_end,
    &verb_relay_set, &verb_relay_show, &verb_relay_log, &verb_relay_resend, &verb_relay_end,
};
/* clang-format on */
const size_t verb_count = sizeof verbs / sizeof verbs[0];
