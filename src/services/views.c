#include "services/views.h"

#include "kernel/computation.h"
#include "services/jobs.h"
#include "services/validation/gate.h"

static const struct {
    Str         page;
    ServiceView view;
} views[] = {
    { STR_INIT("computation"), computation_view },
    { STR_INIT("gate"), gate_view },
    { STR_INIT("job"), jobs_view },
};

ServiceView service_view(Str page)
{
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        if (str_eq(views[i].page, page))
            return views[i].view;
    return NULL;
}
