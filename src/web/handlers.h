/* web/handlers.h: the handlers that web/endpoints.c names, by the file they stand in. Private to web/.
 *
 * A handler has its row's promises: who asks may ask at all, query names are known, the body is an object. */
#ifndef FM_WEB_HANDLERS_H
#define FM_WEB_HANDLERS_H

#include "web/call.h"

/* records.c */
void records_list(Call *call);
void records_create(Call *call);
void records_show(Call *call);
void records_edit(Call *call);
void records_act(Call *call);
void records_events(Call *call);
void records_at(Call *call);

/* evidence.c */
void log_checkpoint(Call *call);
void log_key(Call *call);
void log_tiles(Call *call);
void records_receipt(Call *call);

/* figures.c */
void records_board(Call *call);
void records_matrix(Call *call);
void statistics_show(Call *call);

/* search.c */
void search_show(Call *call);

/* bulk.c */
void records_act_many(Call *call);
void bulk_show(Call *call);
void bulk_send(Call *call);

/* imports.c */
void records_import(Call *call);
void imports_form(Call *call);
void imports_send(Call *call);

/* import_columns.c */
void import_columns_show(Call *call);
void import_columns_map(Call *call);
void import_columns_send(Call *call);

/* jobs.c */
void jobs_show(Call *call);
void jobs_errors(Call *call);

/* export.c */
void about_test_clock(Call *call);
void records_export(Call *call);
void records_template(Call *call);

/* files.c */
Err  files_may_add(Call *call);
void files_add(Call *call);
void files_list(Call *call);
void files_show(Call *call);

/* notices.c */
void notices_list(Call *call);
void notices_read(Call *call);
void notices_form(Call *call);

/* desk.c */
void desk_show(Call *call);

/* documents.c */
void documents_show(Call *call);

/* types.c */
void types_list(Call *call);
void types_show(Call *call);

/* sessions.c */
void sessions_show(Call *call);
void sessions_start(Call *call);
void sessions_switch(Call *call);
void sessions_end(Call *call);

/* forms.c */
void forms_sign_in_show(Call *call);
void forms_sign_in(Call *call);
void forms_switch(Call *call);
void forms_sign_out(Call *call);
void forms_new_show(Call *call);
void forms_new(Call *call);
void forms_act_show(Call *call);
void forms_act(Call *call);

/* local.c */
void local_users(Call *call);
void local_credential_put(Call *call);
void local_credential_end(Call *call);
void local_tokens(Call *call);
void local_token_add(Call *call);
void local_token_end(Call *call);

/* people.c */
void people_organisations(Call *call);
void people_user_add(Call *call);
void people_membership_add(Call *call);
void people_membership_end(Call *call);

/* webhooks.c */
void webhooks_list(Call *call);
void webhooks_add(Call *call);
void webhooks_renew(Call *call);
void webhooks_end(Call *call);
void webhooks_log(Call *call);
void webhooks_resend(Call *call);
void relay_log(Call *call);
void relay_resend(Call *call);

/* mail.c */
void mail_show(Call *call);
void mail_change(Call *call);
void mail_code_given(Call *call);
void mail_forget(Call *call);
void check_show(Call *call);
void check_receipt(Call *call);
void mail_off_show(Call *call);
void mail_off_follow(Call *call);
void relay_show(Call *call);
void relay_put(Call *call);
void relay_forget(Call *call);

/* about.c */
void about_health(Call *call);
void about_metrics(Call *call);
void about_error(Call *call);
void about_openapi(Call *call);
void about_asset(Call *call);

#endif
