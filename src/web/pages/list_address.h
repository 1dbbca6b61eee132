/* web/pages/list_address.h: the address of a list or board, which holds the whole view. Private to web/pages. */
#ifndef FM_WEB_PAGES_LIST_ADDRESS_H
#define FM_WEB_PAGES_LIST_ADDRESS_H

#include "web/page.h"

typedef struct ListAddress {
    const Type *type;
    const char *page; /* beside the list: "board", "matrix", "steps"; NULL: the list itself */
    Str         filter, sort, limit;
    Str         fields;   /* its columns, with commas between; empty: the type's */
    Str         view;     /* id of the saved view from which one came (services/saved_views.h) */
    Str         choosing; /* "1": the choice of columns is open; "done": it was sent */
    Str         cursor;
} ListAddress;

/* What the call's address holds, but for its cursor and choosing: those are of one page. */
ListAddress list_address_here(const Call *call, const Type *type, const char *page);
Str         list_address(const Call *call, const ListAddress *address);
/* Does it ask for anything but all records as the type lists them? */
bool list_address_asks(const ListAddress *address);
/* The pairs of an address as hidden inputs of a form, {keep_name, keep_value}: those that are there. */
Json *list_address_kept(const Call *call, const ListAddress *address);

#endif
