/* utf8.h: the two questions that parsers ask about text, answered sixteen bytes at a time. */
#pragma once

#include "base/str.h"

/* Bytes of the valid UTF-8 sequence that starts at `at` (before `end`): 1 to 4, or 0 if there is none. */
size_t utf8_sequence(const char *at, const char *end);

/* True if all of it is valid UTF-8. Much faster than str_is_utf8 for what is mostly ASCII. */
bool utf8_valid(str text);

/* The first byte of [at, end) that is a quote, a backslash, a control character or not ASCII; or `end`. */
const char *utf8_plain_end(const char *at, const char *end);
