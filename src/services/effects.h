/* services/effects.h: what the steps of the services work out (kernel/effect.h); given to a city that takes steps. */
#ifndef FM_SERVICES_EFFECTS_H
#define FM_SERVICES_EFFECTS_H

#include "kernel/effect.h"

extern const Effects service_effects;

#endif
