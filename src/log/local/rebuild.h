/* rebuild.h: a damaged manifest is rebuilt if what the directory holds says all that it said.
 *
 * If its head is whole (its own crc), the head says up to where everything is settled and how many files there were: so
 * many must be whole. If the head is gone too, the commit segments say it: the settled files must reach the oldest of
 * them, or there must be nothing before it. Files behind that point are of a pass that was not finished, and go as always.
 * Nothing is rebuilt for a manifest that is missing, or that is shorter than its whole head says: so looks a copy that was
 * not finished, in which settled files may be missing in silence. (An empty one has no head: then the files must reach the
 * commit log.) */
#pragma once

#include "log/local/directory.h"

/* Sets state->manifest from what is there. `bytes` is the damaged file. CORRUPT if that does not agree; it was said why. */
must_use enum err rebuild_manifest(struct recover *state, str bytes);
