/* web/endpoints.c: the table; see endpoints.h. */
#include "web/endpoints.h"

#include "base/limits.h"
#include "web/handlers.h"

#define RECORDS "/api/v1/records/{type}"
#define LIST    .query = { "filter", "sort", "limit", "cursor", "fields", "expand", "total" }
#define SHOW    .query = { "fields", "expand" }

/* clang-format off */
const Endpoint endpoints[] = {
    /* ---- the program about itself ---- */
    { METHOD_GET,    "/healthz",                  about_health,  ALLOW_ALL,       .plain = true,
      .summary = "Says that the server is well",
      .gives = "200 {status:text,version:text}" },
    { METHOD_GET,    "/metrics",                  about_metrics, ALLOW_WATCH,     .summary = "Figures for Prometheus",
      .gives = "200 text/plain" },
    { METHOD_GET,    "/assets/{name}",            about_asset,   ALLOW_ALL,       .plain = true,
      .summary = "A file of the pages",
      .gives = "200 */*" },
    { METHOD_GET,    "/errors/{code}",            about_error,   ALLOW_ALL,       .plain = true, .page = PAGE_ERROR,
      .summary = "What an error code means",
      .gives = "200 {type:text,title:text,status:int,detail:text}" },
    { METHOD_GET,    "/api/v1/openapi.json",      about_openapi, ALLOW_ALL,
      .summary = "This interface as OpenAPI",
      .gives = "200 {...}" },

    /* ---- the evidence log (C2SP tlog-tiles) ---- */
    { METHOD_GET,    "/log/checkpoint",           log_checkpoint, ALLOW_ALL,       .plain = true,
      .summary = "The log's newest signed checkpoint",
      .gives = "200 text/plain" },
    { METHOD_GET,    "/log/key",                  log_key,        ALLOW_ALL,       .plain = true,
      .summary = "The public key that verifies the log's checkpoints",
      .gives = "200 text/plain" },
    { METHOD_GET,    "/log/tile/{tile...}",       log_tiles,      ALLOW_ALL,       .plain = true,
      .summary = "A tile of the log's tree, or a bundle of its entries",
      .gives = "200 application/octet-stream" },

    { METHOD_POST,   "/api/v1/receipts/check",    check_receipt, ALLOW_ALL, CSRF_JSON, BODY_JSON,
      .json_max = LIMIT_CHECK_BYTES, .summary = "Check a receipt against the key of this log: {receipt}",
      .takes = "{receipt:text}",
      .gives = "200 {log:text,key:text,unchanged:bool|null,of_this_log:bool|null,witnessed:bool|null,"
               "receipt?:@receipt,error?:@problem}" },

    { METHOD_POST,   "/api/v1/test-clock",        about_test_clock, ALLOW_ALL, CSRF_JSON, BODY_JSON, .plain = true,
      .summary = "Sets the clock of a city that is served on a test clock: {now}, forward only",
      .takes = "{now:time}", .gives = "200 {now:time}" },

    /* ---- signing in ---- */
    { METHOD_GET,    "/api/v1/sessions",          sessions_show,   ALLOW_SIGNED_IN,
      .summary = "Who am I, and as what may I act",
      .gives = "200 @session" },
    { METHOD_POST,   "/api/v1/sessions",          sessions_start,  ALLOW_ALL, CSRF_JSON, BODY_JSON,
      .summary = "Sign in: {login, password}",
      .takes = "{login:text,password:text}", .gives = "201 @session" },
    { METHOD_PATCH,  "/api/v1/sessions",          sessions_switch, ALLOW_ALL, CSRF_JSON, BODY_JSON,
      .summary = "Act as another membership: {membership}",
      .takes = "{membership:uuid}", .gives = "200 @session" },
    { METHOD_DELETE, "/api/v1/sessions",          sessions_end,    ALLOW_ALL, CSRF_JSON, BODY_JSON,
      .summary = "Sign out",
      .gives = "204" },

    /* ---- types and records ---- */
    { METHOD_GET,    "/api/v1/types",             types_list,     ALLOW_SIGNED_IN,
      .summary = "Kinds of records, with fields, states and actions",
      .gives = "200 @types" },
    { METHOD_GET,    "/api/v1/types/{type}",      types_show,     ALLOW_SIGNED_IN, .summary = "One kind of records",
      .gives = "200 @type" },
    { METHOD_GET,    RECORDS,                     records_list,   ALLOW_SIGNED_IN, LIST,
      .summary = "Records of a type",
      .gives = "200 @records" },
    { METHOD_POST,   RECORDS,                     records_create, ALLOW_SIGNED_IN, CSRF_JSON, BODY_JSON,
      .summary = "Create a record: {fields}",
      .takes = "{fields:@fields}", .gives = "201 @record|@unseen" },
    { METHOD_POST,   RECORDS "/import",           records_import, ALLOW_SIGNED_IN, CSRF_JSON, BODY_FILE,
      .body_max = LIMIT_FILE_BYTES, .json_max = LIMIT_BULK_BODY_BYTES,
      .query = { "name", "dry_run", "mapping", "sheet" },
      .summary = "Create and change many records: a file, or {rows: [{id, number, version, fields}], dry_run}",
      .takes = "@import_rows", .gives = "200 @imported;202 @record|@unseen" },
    { METHOD_GET,    RECORDS "/export",           records_export, ALLOW_SIGNED_IN,
      .query = { "format", "filter", "sort", "fields", "header" },
      .summary = "Records of a type as one file: CSV, XLSX or JSON Lines",
      .gives = "200 text/csv,application/x-ndjson,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
    { METHOD_GET,    RECORDS "/template",         records_template, ALLOW_SIGNED_IN,
      .query = { "format" }, .summary = "An empty table, XLSX or CSV, to be filled in and imported",
      .gives = "200 text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
    { METHOD_GET,    RECORDS "/board",            records_board,  ALLOW_SIGNED_IN, .query = { "filter", "sort" },
      .summary = "Records of a type by state: how many, and the first of them",
      .gives = "200 {type:text,columns:[{state:text,label:text,filter:text,count:int|null,more:bool,"
               "items:[@record]}]}" },
    { METHOD_GET,    RECORDS "/matrix",           records_matrix, ALLOW_SIGNED_IN, .query = { "filter", "here" },
      .summary = "Records of a type crossed by two sides, as the policy names them: how many are in each cell",
      .gives = "200 {type:text,label:text,filter:text|null,count:int|null,more:bool,rows:@axis,columns:@axis,"
               "cells:[[{filter:text,count:int|null,more:bool,here:bool}]]}" },
    { METHOD_POST,   RECORDS "/actions/{action}", records_act_many, ALLOW_SIGNED_IN, CSRF_JSON, BODY_JSON,
      .summary = "Take a step on many records: {ids, input}; each is taken whole, or refused with its reasons",
      .takes = "{ids:[uuid],input?:@fields}",
      .gives = "200 {type:text,action:text,taken:[uuid],refused:[{id:text,code:text,detail:text,errors:[@reason]}]}" },
    { METHOD_GET,    RECORDS "/{id}",             records_show,   ALLOW_SIGNED_IN, SHOW,
      .summary = "A record, and the steps possible now",
      .gives = "200 @record" },
    { METHOD_PATCH,  RECORDS "/{id}",             records_edit,   ALLOW_SIGNED_IN, CSRF_JSON, BODY_JSON,
      .summary = "Change a record: {fields}; needs If-Match", .if_match = true,
      .takes = "{fields:@fields}", .gives = "200 @record|@unseen" },
    { METHOD_POST,   RECORDS "/{id}/actions/{action}", records_act, ALLOW_SIGNED_IN, CSRF_JSON, BODY_JSON,
      .summary = "Take a step: {input}", .if_match = true,
      .takes = "{input?:@fields}", .gives = "200 @record|@unseen" },
    { METHOD_GET,    RECORDS "/{id}/events",      records_events, ALLOW_SIGNED_IN,
      .query = { "before", "limit" }, .summary = "History of a record, newest first",
      .gives = "200 @events" },
    { METHOD_GET,    RECORDS "/{id}/receipt",     records_receipt, ALLOW_SIGNED_IN,
      .query = { "version" }, .summary = "A receipt of the step that made a version of a record; of the newest",
      .gives = "200 text/plain" },
    { METHOD_GET,    RECORDS "/{id}/at/{date}",   records_at,     ALLOW_SIGNED_IN,
      .query = { "fields", "expand", "since" }, .summary = "A record as it stood at the end of a day",
      .gives = "200 @record" },
    { METHOD_GET,    RECORDS "/{id}/files",       files_list,     ALLOW_SIGNED_IN,
      .summary = "Files of a record",
      .gives = "200 @files" },
    { METHOD_POST,   RECORDS "/{id}/files",       files_add,      ALLOW_SIGNED_IN, CSRF_JSON, BODY_FILE,
      .body_max = LIMIT_FILE_BYTES,
      .query = { "name" }, .before_body = files_may_add,
      .summary = "Upload a file, to be put into a field by a step: {id}",
      .gives = "201 @file" },
    { METHOD_GET,    RECORDS "/{id}/files/{file}", files_show,    ALLOW_SIGNED_IN,
      .summary = "A file of a record",
      .gives = "200 */*" },
    { METHOD_GET,    RECORDS "/{id}/documents/{name}", documents_show, ALLOW_SIGNED_IN,
      .summary = "A document of a record, to be printed",
      .gives = "200 {...}" },

    { METHOD_GET,    "/api/v1/jobs/{id}",         jobs_show,      ALLOW_SIGNED_IN, SHOW,
      .summary = "A job, how far it is, and the steps possible now",
      .gives = "200 @record" },
    { METHOD_GET,    "/api/v1/jobs/{id}/errors",  jobs_errors,    ALLOW_SIGNED_IN,
      .query = { "format" }, .summary = "The rows that an import refused, as they were, with the reasons",
      .gives = "200 text/csv,application/x-ndjson,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
    { METHOD_GET,    "/api/v1/jobs/{id}/columns", import_columns_show, ALLOW_SIGNED_IN,
      .summary = "Columns and first rows of the file of an import, and which field each is",
      .gives = "200 @columns" },
    { METHOD_POST,   "/api/v1/jobs/{id}/columns", import_columns_map, ALLOW_SIGNED_IN, CSRF_JSON, BODY_JSON,
      .summary = "Import the same file again, its columns mapped",
      .takes = "{mapping:{...},dry_run?:bool}", .gives = "202 @record|@unseen" },

    { METHOD_GET,    "/api/v1/desk",              desk_show,      ALLOW_SIGNED_IN,
      .summary = "What waits for one: late, one's own, waiting for others",
      .gives = "200 @desk" },
    { METHOD_GET,    "/api/v1/statistics",        statistics_show, ALLOW_SIGNED_IN,
      .summary = "How many records there are, by type and state, and how many are late",
      .gives = "200 {today:date,items:[{type:text,label:text,filter:null,count:int|null,more:bool,"
               "states:[{state:text,label:text,filter:text,count:int|null,more:bool}],"
               "late:[{clock:text,label:text,filter:text,count:int|null,more:bool}]}]}" },
    { METHOD_GET,    "/api/v1/search",            search_show,    ALLOW_SIGNED_IN,
      .query = { "q", "type", "like", "limit" },
      .summary = "Records of all types, or of one, by number and title; or those of a type that are like one of its",
      .gives = "200 {like?:text,items:[{type:text,label:text,filter:text,more:bool,items:[@record],"
               "likeness?:[@likeness]}],stopped:bool}" },
    { METHOD_GET,    "/api/v1/notices",           notices_list,   ALLOW_SIGNED_IN,
      .query = { "before", "limit" }, .summary = "What one was told of, newest first",
      .gives = "200 @notices" },
    { METHOD_POST,   "/api/v1/notices/read",      notices_read,   ALLOW_SIGNED_IN, CSRF_JSON, BODY_JSON,
      .summary = "Read, up to that one, or that one alone: {until} or {id}",
      .takes = "{until:int}|{id:int}", .gives = "204" },

    { METHOD_GET,    "/api/v1/mail",              mail_show,       ALLOW_SIGNED_IN,
      .summary = "Whether notices come by mail as well, and where to",
      .gives = "200 @mail" },
    { METHOD_POST,   "/api/v1/mail",              mail_change,     ALLOW_SIGNED_IN, CSRF_JSON, BODY_JSON,
      .summary = "Notices by mail: {address, wants}; a new address is sent a code",
      .takes = "{address?:text,wants:text}", .gives = "200 @mail" },
    { METHOD_DELETE, "/api/v1/mail",              mail_forget,     ALLOW_SIGNED_IN, CSRF_JSON, BODY_JSON,
      .summary = "Forget the address",
      .gives = "204" },
    { METHOD_POST,   "/api/v1/mail/code",         mail_code_given, ALLOW_SIGNED_IN, CSRF_JSON, BODY_JSON,
      .summary = "Confirm the address: {code}",
      .takes = "{code:text}", .gives = "200 @mail" },

    /* ---- the operator of this machine ---- */
    { METHOD_GET,    "/api/v1/local/users",               local_users,          ALLOW_OPERATOR,
      .summary = "Who may sign in",
      .gives = "200 {items:[@user]}" },
    { METHOD_POST,   "/api/v1/local/users",               people_user_add,      ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "A new person who may sign in: {login, name, organisation, role, password}",
      .takes = "{login:text,name?:text,person?:uuid,organisation:text,role:text,password:text,...}",
      .gives = "201 {login:text,person:uuid,membership:uuid}" },
    { METHOD_GET,    "/api/v1/local/organisations",       people_organisations, ALLOW_OPERATOR,
      .query = { "name" }, .summary = "Organisations, by name",
      .gives = "200 {items:[{id:uuid,name:text,state:text}]}" },
    { METHOD_POST,   "/api/v1/local/memberships",         people_membership_add, ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "A person joins: {person, organisation, role, valid_from, valid_to}",
      .takes = "{person:uuid,organisation:text,role:text,valid_from?:date,valid_to?:date}",
      .gives = "201 {id:uuid,person:uuid,organisation:uuid,role:text}" },
    { METHOD_DELETE, "/api/v1/local/memberships/{id}",    people_membership_end, ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "A membership ends today",
      .gives = "204" },
    { METHOD_POST,   "/api/v1/local/credentials",         local_credential_put, ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "Let a person sign in: {person, login, password}",
      .takes = "{person:uuid,login:text,password:text}", .gives = "201 {login:text,person:uuid}" },
    { METHOD_DELETE, "/api/v1/local/credentials/{login}", local_credential_end, ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "End a sign-in",
      .gives = "204" },
    { METHOD_GET,    "/api/v1/local/tokens",              local_tokens,         ALLOW_OPERATOR,
      .summary = "Tokens of scripts",
      .gives = "200 {items:[@token]}" },
    { METHOD_POST,   "/api/v1/local/tokens",              local_token_add,      ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "Make a token: {login, membership, label}",
      .takes = "{login:text,membership?:uuid,label?:text}", .gives = "201 {id:uuid,token:text,membership:uuid}" },
    { METHOD_DELETE, "/api/v1/local/tokens/{id}",         local_token_end,      ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "End a token",
      .gives = "204" },
    { METHOD_GET,    "/api/v1/local/webhooks",            webhooks_list,        ALLOW_OPERATOR,
      .summary = "Webhooks",
      .gives = "200 {items:[@webhook]}" },
    { METHOD_POST,   "/api/v1/local/webhooks",            webhooks_add,         ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "Make a webhook: {login, membership, url, types, actions, private}",
      .takes = "{login:text,membership?:uuid,url:text,types?:[text],actions?:[text],private?:bool}",
      .gives = "201 {id:uuid,secret:text,...}" },
    { METHOD_DELETE, "/api/v1/local/webhooks/{id}",       webhooks_end,         ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "End a webhook",
      .gives = "204" },
    { METHOD_POST,   "/api/v1/local/webhooks/{id}/secret", webhooks_renew,      ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "Make a new secret for a webhook",
      .gives = "200 {id:uuid,secret:text}" },
    { METHOD_GET,    "/api/v1/local/webhooks/{id}/deliveries", webhooks_log,    ALLOW_OPERATOR,
      .query = { "state", "before" }, .summary = "What became of a webhook's deliveries",
      .gives = "200 {items:[@delivery],...}" },
    { METHOD_POST,   "/api/v1/local/webhooks/{id}/deliveries/{delivery}/resend", webhooks_resend, ALLOW_OPERATOR,
      CSRF_JSON, BODY_JSON, .summary = "Send a delivery again",
      .gives = "204" },
    { METHOD_GET,    "/api/v1/local/relay",               relay_show,           ALLOW_OPERATOR,
      .summary = "Where mail is handed over",
      .gives = "200 @relay" },
    { METHOD_POST,   "/api/v1/local/relay",               relay_put,            ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "Set where mail is handed over: {url, from, link, login, password, plain}",
      .takes = "{url:text,from:text,link:text,login?:text,password?:text,plain?:bool}", .gives = "200 @relay" },
    { METHOD_DELETE, "/api/v1/local/relay",               relay_forget,         ALLOW_OPERATOR, CSRF_JSON, BODY_JSON,
      .summary = "Send no more mail",
      .gives = "204" },
    { METHOD_GET,    "/api/v1/local/relay/deliveries",    relay_log,            ALLOW_OPERATOR,
      .query = { "state", "before" }, .summary = "What became of mails",
      .gives = "200 {items:[@delivery],...}" },
    { METHOD_POST,   "/api/v1/local/relay/deliveries/{delivery}/resend", relay_resend, ALLOW_OPERATOR,
      CSRF_JSON, BODY_JSON, .summary = "Send a mail again",
      .gives = "204" },

    /* ---- pages ---- */
    { METHOD_GET,    "/",                         types_list,         ALLOW_SIGNED_IN, .page = PAGE_HOME,
      .summary = "First page" },
    { METHOD_GET,    "/sign-in",                  forms_sign_in_show, ALLOW_ALL, .page = PAGE_SIGN_IN,
      .query = { "next" }, .summary = "Form to sign in" },
    { METHOD_POST,   "/sign-in",                  forms_sign_in,      ALLOW_ALL, CSRF_OPEN, BODY_FORM,
      .page = PAGE_SIGN_IN, .summary = "Sign in" },
    { METHOD_POST,   "/sign-in/membership",       forms_switch,       ALLOW_ALL, CSRF_FORM, BODY_FORM,
      .page = PAGE_SIGN_IN, .summary = "Act as another membership" },
    { METHOD_POST,   "/sign-out",                 forms_sign_out,     ALLOW_ALL, CSRF_FORM, BODY_FORM,
      .page = PAGE_SIGN_IN, .summary = "Sign out" },
    { METHOD_GET,    "/desk",                     desk_show,          ALLOW_SIGNED_IN, .page = PAGE_DESK,
      .summary = "What waits for one" },
    { METHOD_GET,    "/statistics",               statistics_show,    ALLOW_SIGNED_IN, .page = PAGE_STATISTICS,
      .summary = "All types in numbers" },
    { METHOD_GET,    "/search",                   search_show,        ALLOW_SIGNED_IN, .page = PAGE_SEARCH,
      .query = { "q", "type", "like", "limit" },
      .summary = "Records of all types by number and title, or those that are like another" },
    { METHOD_GET,    "/notices",                  notices_list,       ALLOW_SIGNED_IN, .page = PAGE_NOTICES,
      .query = { "before" }, .summary = "What one was told of" },
    { METHOD_POST,   "/notices",                  notices_form,       ALLOW_SIGNED_IN, CSRF_FORM, BODY_FORM,
      .page = PAGE_NOTICES, .summary = "Read, up to that one, or that one alone" },
    { METHOD_GET,    "/mail",                     mail_show,          ALLOW_SIGNED_IN, .page = PAGE_MAIL,
      .summary = "Whether notices come by mail as well" },
    { METHOD_POST,   "/mail",                     mail_change,        ALLOW_SIGNED_IN, CSRF_FORM, BODY_FORM,
      .page = PAGE_MAIL, .summary = "Notices by mail" },
    { METHOD_POST,   "/mail/code",                mail_code_given,    ALLOW_SIGNED_IN, CSRF_FORM, BODY_FORM,
      .page = PAGE_MAIL, .summary = "Confirm the address" },
    { METHOD_POST,   "/mail/forget",              mail_forget,        ALLOW_SIGNED_IN, CSRF_FORM, BODY_FORM,
      .page = PAGE_MAIL, .summary = "Forget the address" },
    { METHOD_GET,    "/mail/off",                 mail_off_show,      ALLOW_ALL, .page = PAGE_MAIL_OFF,
      .query = { "person", "key" }, .summary = "Asks whether no more mail is wanted" },
    { METHOD_POST,   "/mail/off",                 mail_off_follow,    ALLOW_ALL, CSRF_OPEN, BODY_FORM,
      .page = PAGE_MAIL_OFF, .query = { "person", "key" }, .summary = "No more mail, without a sign-in" },
    { METHOD_GET,    "/check",                    check_show,         ALLOW_ALL, .page = PAGE_CHECK,
      .summary = "Form to check a receipt" },
    { METHOD_POST,   "/check",                    check_receipt,      ALLOW_ALL, CSRF_OPEN, BODY_FORM,
      .in_memory = true, .json_max = LIMIT_CHECK_BYTES, .page = PAGE_CHECK,
      .summary = "Check a receipt, without a sign-in" },
    { METHOD_GET,    "/{type}",                   records_list,       ALLOW_SIGNED_IN, .page = PAGE_LIST,
      .query = { "filter", "sort", "limit", "cursor", "fields", "expand", "total", "view", "add_field", "add_is",
                 "add_value", "choosing", "column[]" },
      .summary = "List" },
    { METHOD_POST,   "/{type}",                   forms_new,          ALLOW_SIGNED_IN, CSRF_FORM, BODY_FORM,
      .files = true, .page = PAGE_FORM, .summary = "Create a record" },
    { METHOD_GET,    "/{type}/new",               forms_new_show,     ALLOW_SIGNED_IN, .page = PAGE_FORM,
      .query = { "*" }, .summary = "Form of a new record" },
    { METHOD_GET,    "/{type}/board",             records_board,      ALLOW_SIGNED_IN, .page = PAGE_BOARD,
      .query = { "filter", "sort", "fields", "view" }, .summary = "Records by state" },
    { METHOD_GET,    "/{type}/matrix",            records_matrix,     ALLOW_SIGNED_IN, .page = PAGE_MATRIX,
      .query = { "filter", "here" }, .summary = "Records crossed by two sides" },
    { METHOD_GET,    "/{type}/steps",             bulk_show,          ALLOW_SIGNED_IN, .page = PAGE_STEPS,
      .query = { "filter", "sort", "step" }, .summary = "Steps on the records of a list" },
    { METHOD_POST,   "/{type}/steps",             bulk_send,          ALLOW_SIGNED_IN, CSRF_FORM, BODY_FORM,
      .page = PAGE_STEPS, .summary = "Take a step on these records" },
    { METHOD_GET,    "/{type}/import",            imports_form,       ALLOW_SIGNED_IN, .page = PAGE_IMPORT,
      .summary = "Form to send a file of records" },
    { METHOD_POST,   "/{type}/import",            imports_send,       ALLOW_SIGNED_IN, CSRF_FORM, BODY_FORM,
      .files = true, .page = PAGE_IMPORT, .summary = "Send a file of records" },
    { METHOD_GET,    "/jobs/{id}/columns",        import_columns_show, ALLOW_SIGNED_IN, .page = PAGE_COLUMNS,
      .summary = "Form to map the columns of a file" },
    { METHOD_POST,   "/jobs/{id}/columns",        import_columns_send, ALLOW_SIGNED_IN, CSRF_FORM, BODY_FORM,
      .page = PAGE_COLUMNS, .summary = "Import the same file again, its columns mapped" },
    { METHOD_GET,    "/{type}/{id}",              records_show,       ALLOW_SIGNED_IN, .page = PAGE_RECORD,
      .query = { "fields", "expand", "log", "follow" }, .summary = "Record" },
    { METHOD_GET,    "/{type}/{id}/documents/{name}", documents_show, ALLOW_SIGNED_IN, .page = PAGE_DOCUMENT,
      .summary = "A document of a record, to be printed" },
    { METHOD_GET,    "/{type}/{id}/files/{file}", files_show,         ALLOW_SIGNED_IN,
      .summary = "A file of a record",
      .gives = "200 */*" },
    { METHOD_GET,    "/{type}/{id}/receipt",      records_receipt,    ALLOW_SIGNED_IN,
      .query = { "version" }, .summary = "A receipt of the step that made a version of a record, as a file",
      .gives = "200 text/plain" },
    { METHOD_GET,    "/{type}/{id}/at/{date}",    records_at,         ALLOW_SIGNED_IN, .page = PAGE_AT,
      .query = { "fields", "expand", "date", "since" }, .summary = "Record as it stood at the end of a day" },
    { METHOD_GET,    "/{type}/{id}/{action}",     forms_act_show,     ALLOW_SIGNED_IN, .page = PAGE_FORM,
      .query = { "*" }, .summary = "Form of a step" },
    { METHOD_POST,   "/{type}/{id}/{action}",     forms_act,          ALLOW_SIGNED_IN, CSRF_FORM, BODY_FORM,
      .files = true, .page = PAGE_FORM, .summary = "Take a step" },
};
/* clang-format on */
const size_t endpoint_count = sizeof endpoints / sizeof endpoints[0];

static bool pattern_fits(Str pattern, Str path, Str params[CALL_PARAMS_MAX])
{
    size_t count = 0;
    while (pattern.len && path.len) {
        Str  wanted = str_cut(&pattern, '/');
        bool open = wanted.len && wanted.ptr[0] == '{', rest = str_ends(wanted, STR("...}"));
        Str  found = rest ? path : str_cut(&path, '/');
        path = rest ? STR_NONE : path;
        if (open ? !found.len : !str_eq(wanted, found))
            return false;
        if (open)
            params[count++] = found;
    }
    return pattern.len == 0 && path.len == 0;
}

/* Methods of the rows with this pattern; *out is the row that serves method. */
static unsigned methods_of(const char *pattern, Method method, const Endpoint **out)
{
    unsigned methods = 0;
    for (size_t i = 0; i < endpoint_count; i++) {
        if (strcmp(endpoints[i].pattern, pattern) != 0)
            continue;
        methods |= 1u << endpoints[i].method;
        if (endpoints[i].method == METHOD_GET)
            methods |= 1u << METHOD_HEAD;
        if (endpoints[i].method == method || (endpoints[i].method == METHOD_GET && method == METHOD_HEAD))
            *out = &endpoints[i];
    }
    return methods;
}

const Endpoint *endpoint_find(Method method, Str path, Str params[CALL_PARAMS_MAX], unsigned *allowed)
{
    const Endpoint *found = NULL;
    *allowed = 0;
    if (path.len > 1 && str_ends(path, STR("/"))) /* no address ends so, and the loop below would not see it */
        return NULL;
    bool api = str_starts(path, STR("/api/")); /* never a page's */
    for (size_t i = 0; i < endpoint_count; i++) {
        Str parts[CALL_PARAMS_MAX] = { 0 };
        if (api && endpoints[i].page)
            continue;
        if (!pattern_fits(str_from(endpoints[i].pattern), path, parts))
            continue;
        *allowed = methods_of(endpoints[i].pattern, method, &found);
        memcpy(params, parts, sizeof parts);
        return found;
    }
    return NULL;
}
