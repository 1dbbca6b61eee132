/* web/pages/pages.c: the table of pages; see web/page.h. */
#include "web/pages/view.h"

const Page pages[PAGE_KIND_COUNT] = {
    [PAGE_HOME] = { STR_INIT("home"), view_home, NULL },
    [PAGE_SIGN_IN] = { STR_INIT("signin"), view_sign_in, NULL },
    [PAGE_LIST] = { STR_INIT("list"), view_list, list_before },
    [PAGE_BOARD] = { STR_INIT("board"), view_board, NULL },
    [PAGE_STEPS] = { STR_INIT("taken"), view_bulk, NULL },
    [PAGE_MATRIX] = { STR_INIT("matrix"), view_matrix, NULL },
    [PAGE_SEARCH] = { STR_INIT("search"), view_search, NULL },
    [PAGE_STATISTICS] = { STR_INIT("statistics"), view_statistics, NULL },
    [PAGE_RECORD] = { STR_INIT("record"), view_record, NULL },
    [PAGE_FORM] = { STR_INIT("form"), view_form, NULL },
    [PAGE_IMPORT] = { STR_INIT("import"), view_import, NULL },
    [PAGE_COLUMNS] = { STR_INIT("columns"), view_columns, NULL },
    [PAGE_DOCUMENT] = { STR_INIT("printed"), view_document, NULL },
    [PAGE_AT] = { STR_INIT("at"), view_at, at_before },
    [PAGE_DESK] = { STR_INIT("desk"), view_desk, NULL },
    [PAGE_NOTICES] = { STR_INIT("notices"), view_notices, NULL },
    [PAGE_MAIL] = { STR_INIT("mail"), view_mail, NULL },
    [PAGE_MAIL_OFF] = { STR_INIT("mail_off"), view_mail_off, NULL },
    [PAGE_CHECK] = { STR_INIT("check"), view_check, NULL },
    [PAGE_ERROR] = { STR_INIT("error"), view_error, NULL },
};
