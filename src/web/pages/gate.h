/* web/pages/gate.h: what the gate's page shows beyond its record. Private to web/pages. */
#ifndef FM_WEB_PAGES_GATE_H
#define FM_WEB_PAGES_GATE_H

#include "web/pages/show.h"

/* Sets ruling, sides and decision from the record's member "gate" (services/validation/gate.h). */
Err gate_put(Call *call, Show *show, const Record *record, const Json *data, Json *page) MUST_CHECK;

#endif
