/* web/imports.h: how the answer goes on when the job of an import has begun. Private to web. */
#ifndef FM_WEB_IMPORTS_H
#define FM_WEB_IMPORTS_H

#include "web/call.h"

/* 202 with the job, or why there is none. */
void imports_begun(Call *call, const ActResult *result);
/* To the page of the job, which follows it. */
void imports_follow(Call *call, const Record *job);

#endif
