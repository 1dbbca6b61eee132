/* base/limits.h: the one table of limits, for code, docs (docs/LIMITS.md) and tests. Bytes unless the name says otherwise. */
#ifndef FM_BASE_LIMITS_H
#define FM_BASE_LIMITS_H

/* X(NAME, value, unit, what it bounds, what happens over it) */
#define LIMITS(X)                                                                                                      \
    X(REQUEST_LINE, 8192, "bytes", "HTTP request line", "414 as 400")                                                  \
    X(HEADER_COUNT, 64, "headers", "headers of a request", "431")                                                      \
    X(HEADER_BYTES, 32768, "bytes", "all headers of a request", "431")                                                 \
    X(BODY_BYTES, 1048576, "bytes", "JSON or form body", "413")                                                        \
    X(BULK_BODY_BYTES, 16777216, "bytes", "body of an import", "413")                                                  \
    X(IDEMPOTENCY_KEY, 128, "bytes", "key of a request that is done once", "422")                                      \
    X(FILE_BYTES, 268435456, "bytes", "one uploaded file", "413")                                                      \
    X(FORM_FIELDS_BYTES, 1048576, "bytes", "what a form with files says beside them", "413")                           \
    X(FORM_PARTS, 16500, "parts", "fields of a form with files", "400")                                                \
    X(STAGING_BYTES, 2147483648, "bytes", "files on their way in, together", "503")                                    \
    X(PENDING_FILES, 200, "files", "uploads of one person that no record holds yet", "429")                            \
    X(PENDING_BYTES, 1073741824, "bytes", "the same, in all", "429")                                                   \
    X(HEADER_MS, 10000, "ms", "time to send the headers", "connection closed")                                         \
    X(BODY_BYTES_PER_S, 1024, "bytes/s", "slowest body", "connection closed")                                          \
    X(KEEP_ALIVE_MS, 60000, "ms", "idle connection", "connection closed")                                              \
    X(TRAILER_BYTES, 8192, "bytes", "trailers after a chunked body", "431")                                            \
    X(CHUNK_LINE, 256, "bytes", "size line of a chunk, with its extensions", "400")                                    \
    X(SLOW_GRACE_MS, 10000, "ms", "time before the speed of a body or a reader counts", "connection closed")           \
    X(READER_BYTES_PER_S, 1024, "bytes/s", "slowest reader of an answer", "connection closed")                         \
    X(WAITING_BYTES, 65536, "bytes", "requests sent before the answer to an earlier one", "not read until then")       \
    X(IN_FLIGHT_BYTES, 268435456, "bytes",                                                                             \
      "bodies, waiting requests and unread answers together, exports up to half of it", "503")                         \
    X(LINGER_MS, 2000, "ms", "time for a refused client to read its answer", "connection closed")                      \
    X(DRAIN_MS, 10000, "ms", "time for running requests when the server stops", "connection closed")                   \
    X(CONNECTIONS, 4000, "connections", "open connections", "503 and closed")                                          \
    X(CONNECTIONS_PER_ADDRESS, 1024, "connections", "open connections of one address", "429 and closed")               \
    X(WRITE_QUEUE, 4096, "changes", "changes waiting for the writer", "503")                                           \
    X(SIGN_IN_QUEUE, 32, "sign-ins", "passwords waiting to be checked", "503")                                         \
    X(ASIDE, 8, "requests", "spreadsheets waiting to be written, and as many uploads to be kept", "503")               \
    X(SIGN_QUEUE, 1024, "requests", "requests waiting for a signed checkpoint of the log", "503")                      \
    X(RECEIPT_BYTES, 4194304, "bytes", "a receipt that is to be verified", "65")                                       \
    X(CHECK_BYTES, 262144, "bytes", "a receipt that a page is to check, as it is sent", "413")                          \
    X(POLICY_BYTES, 65536, "bytes", "witness policy", "65")                                                            \
    X(POLICY_NAMES, 32, "each", "logs, witnesses and groups of a witness policy", "65")                                \
    X(WITNESS_BYTES, 65536, "bytes", "checkpoint with its proof, given to a witness", "413")                           \
    X(STAMP_CA, 65536, "bytes", "certificates of a time-stamping authority", "65")                                     \
    X(STAMP_EVERY_S, 600, "s", "least time between two time stamps of the log, unless set smaller", "one comes later") \
    X(STAMP_RENEW_DAYS, 90, "days", "left to the certificate of a time stamp when it is renewed", "not yet")           \
    X(WEBHOOKS, 100, "webhooks", "webhooks of a city that run", "409")                                                 \
    X(DELIVERIES, 200, "deliveries", "deliveries in one page of a webhook's log", "older ones by `before`")            \
    X(DELIVERIES_WAITING, 1000, "deliveries", "deliveries of a webhook that wait", "events wait")                      \
    X(POST_URL, 2000, "bytes", "URL of a webhook or a witness", "422")                                                 \
    X(POST_CONNECT_MS, 5000, "ms",                                                                                     \
      "time for a webhook's receiver, a witness or the mail relay to take the connection", "tried again later")        \
    X(POST_MS, 10000, "ms", "time for a webhook's receiver, a witness or the mail relay to answer",                    \
      "tried again later")                                                                                             \
    X(POST_ANSWER, 65536, "bytes", "answer of a webhook's receiver, a witness or the mail relay",                      \
      "the rest is not read")                                                                                          \
    X(MAIL_WORD, 256, "bytes", "login or password of the mail relay", "422")                                           \
    X(SESSIONS, 5, "sessions", "open sessions of one person", "the oldest ends")                                       \
    X(SESSION_IDLE_MS, 1800000, "ms", "session that nobody uses", "401")                                               \
    X(SESSION_MS, 43200000, "ms", "session, from sign-in on", "401")                                                   \
    X(TEXT_POINTS, 200, "code points", "text field that states no maximum", "422")                                     \
    X(LONG_TEXT_POINTS, 20000, "code points", "long text field that states no maximum", "422")                         \
    X(READ_MS, 250, "ms", "processor time of one statement that reads", "422 with a filter, else 503")                 \
    X(COSTLY_FILTERS, 6, "a minute", "filters of one person that were stopped", "429 with a filter")                   \
    X(LIST_ROWS, 1000, "rows", "rows of one list page", "422")                                                         \
    X(SEARCH_POINTS, 100, "code points", "words of a search", "422")                                                   \
    X(LIST_COLUMNS, 16, "columns", "columns of the page of a list", "the others are left out")                         \
    X(PAGE_BYTES, 8388608, "bytes", "values in one page of a list", "the page ends, and there is a next one")          \
    X(LIST_ITEMS, 100, "items", "codes or references in one field", "422")                                             \
    X(CARRIED, 2000, "records", "stepped on together with the one that is acted upon", "409")                          \
    X(ROWS, 500, "rows", "child rows in one field", "422")                                                             \
    X(ROWS_BYTES, 262144, "bytes", "child rows of one field, as they are kept", "422")                                 \
    X(FILTER_BYTES, 4096, "bytes", "filter of a list", "422")                                                          \
    X(EXPRESSION_DEPTH, 64, "levels", "nesting of an expression", "422")                                               \
    X(EXPRESSION_NODES, 2048, "nodes", "size of an expression", "422")                                                 \
    X(IMPORT_FILE_BYTES, 268435456, "bytes", "imported file after unpacking", "65")                                    \
    X(IMPORT_CHUNK_ROWS, 256, "rows", "rows of one import request", "422")                                             \
    X(IMPORT_ROW_ERRORS, 20, "errors", "reasons told for a refused row of an import", "left off, which is said")       \
    X(JOBS_WAITING, 20, "jobs", "jobs of one person that have not ended", "422")                                       \
    X(CLOCK_DAYS, 36500, "days", "length of a legal time limit", "422")                                                \
    X(SHEET_PARTS, 10000, "parts", "parts of a spreadsheet file", "65")                                                \
    X(SHEET_PART_BYTES, 1073741824, "bytes", "one part of a spreadsheet file after unpacking", "65")                   \
    X(SHEET_TEXT_BYTES, 134217728, "bytes", "texts that the cells of a spreadsheet file share", "65")                  \
    X(SHEET_CELL_BYTES, 131072, "bytes", "one cell of a spreadsheet file", "65")                                       \
    X(SHEET_ROW_BYTES, 4194304, "bytes", "one row of a spreadsheet file", "65")                                        \
    X(SHEET_ROWS, 1048576, "rows", "rows of a sheet, empty ones too: as many as a spreadsheet has", "65")              \
    X(SHEET_DEPTH, 64, "levels", "nesting of XML in a spreadsheet file", "65")                                         \
    X(SHEET_TAG_BYTES, 1048576, "bytes", "one tag in a spreadsheet file", "65")                                        \
    X(DEMO_DAYS, 36500, "days", "how far from the day of init a sample step, or a date in it, lies", "65")             \
    X(JOB_KEPT_DAYS, 30, "days", "file and refused rows of a job that has ended", "they go")                           \
    X(PACK_FILE_BYTES, 1048576, "bytes", "one file of a pack", "65")                                                   \
    X(PACK_FILES, 512, "files", "files of a pack", "65")

enum {
#define LIMIT_ENUM(name, value, unit, what, over) LIMIT_##name = (value),
    LIMITS(LIMIT_ENUM)
#undef LIMIT_ENUM
};

#endif
