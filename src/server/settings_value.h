/* settings_value.h: one value of one setting: what may be written, and what it means. */
#pragma once

#include "server/settings.h"

/* "64MiB", "4096", "1GiB": MALFORMED or TOO_LARGE. */
must_use enum err settings_bytes(str text, uint64_t *ret_bytes);

/* "100ms", "2m", "1500" (milliseconds). */
must_use enum err settings_time(str text, int64_t *ret_ms);

/* Store `text` at `to`, the row's field (for a list: one item more, whose array has room). False: not allowed. */
bool setting_store(const struct setting *row, const char *text, void *to);

/* "bytes from 1MiB to 1TiB, as in 64MiB": what would have been allowed. */
void setting_allowed(const struct setting *row, struct buf *to);

bool settings_is_address(str text); /* form only; the port must be there */
bool settings_is_loopback(str address);
bool settings_is_stream(str text);
bool settings_is_account(str text);
bool settings_is_region(str text);
bool settings_is_host(str text);
bool settings_is_path(str text);
