/* settle.h: from arrival order to log order, in the background. */
#pragma once

#include "log/local/engine.h"

must_use enum err settle_create(struct local *local);
void settle_destroy(struct local *local);

/* Something was committed or a segment was closed: start if it is worth it. */
void settle_poke(struct local *local);

/* Closing: a pass that rests ends now. */
void settle_stop(struct local *local);
bool settle_busy(const struct local *local);
