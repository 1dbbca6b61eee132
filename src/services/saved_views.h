/* services/saved_views.h: lists kept under a name: filter, order, columns, and whether as a list or by state.
 *
 * A saved view is a record of the pack's type `saved_view`, made, changed, shared and removed by its steps. One's own
 * is seen by whoever made it; a shared one by all who act for the organisation for which it was made, and a pack lets
 * those share who keep the house of an organisation. Whose it is and who sees it are access rules as for any record.
 *
 * Rights   it lends none: a list is found with the rights of who looks, whoever made the view.
 * Parts    filter, order and each column count one by one, when they are read, against the pack of today and the role
 *          of who looks: one that names a field which is not there, or never shows to that role, is left out, alike,
 *          and `lacks` says that there was one. So a view outlives a changed pack or role, and tells nothing hidden.
 *          Therefore the record shows its parts to who made it alone (class secret), and others know them from here. */
#ifndef FM_SERVICES_SAVED_VIEWS_H
#define FM_SERVICES_SAVED_VIEWS_H

#include "kernel/find.h"

#define SAVED_VIEWS_MAX 24 /* of a list, one's own and the shared ones */

typedef struct SavedView {
    Record record;
    bool   board;                 /* by state, not as a list */
    Str    filter, sort, columns; /* as an address has them; without what is left out */
    bool   lacks;                 /* something was left out */
} SavedView;

/* Those of the lists of type that the actor sees, by name: found->next, when there are further ones. None in a pack
 * without them. */
Err saved_views(const Ctx *ctx, const Type *type, Found *found) MUST_CHECK;
/* ECODE_RECORD_UNSEEN alike for none of that id, one that the actor does not see, one that was removed, and one that is
 * about another type. */
Err saved_view_find(const Ctx *ctx, const Type *type, Str id, SavedView *out) MUST_CHECK;
/* The type whose list a record of saved views is about; NULL: of none that the pack has. */
const Type *saved_view_about(const Record *record);
/* Does it stand above lists: has it not been removed? */
bool saved_view_kept(const Record *record);
bool saved_view_shared(const Record *record);

#endif
