/* backup.h: a consistent copy while appends go on; the function itself is promised in local.h. */
#pragma once

#include "log/local/engine.h"
