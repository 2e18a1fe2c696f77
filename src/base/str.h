/* str.h: text and bytes as pointer and length.
 *
 * A str is a view: it owns nothing, is passed by value and need not end with a zero byte. The same type serves for
 * bytes of any kind. `at == NULL` means absent; an empty str that is present points somewhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

typedef struct {
    const char *at;
    size_t size;
} str;

/* A str of a string literal. */
#define STR(literal) ((str){ .at = "" literal, .size = sizeof(literal) - 1 })

/* For printf: "%.*s", STR_ARG(s). */
#define STR_ARG(s) (int)(s).size, (s).at

/* A str of a C string; NULL gives the absent str. */
static inline str str_of(const char *zero_terminated)
{
    return (str){ .at = zero_terminated, .size = zero_terminated ? strlen(zero_terminated) : 0 };
}

static inline str str_bytes(const void *at, size_t size)
{
    return (str){ .at = at, .size = size };
}

static inline bool str_present(str s)
{
    return s.at != NULL;
}

/* The same bytes. Absent and empty are equal. */
static inline bool str_eq(str a, str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* From `from` up to `to`, both clipped to the size of `s`. */
static inline str str_slice(str s, size_t from, size_t to)
{
    if (to > s.size)
        to = s.size;
    if (from > to)
        from = to;
    return (str){ .at = s.at ? s.at + from : NULL, .size = to - from };
}

/* Bytewise order, shorter first: negative, 0 or positive. */
int str_cmp(str a, str b);

/* Equal without regard to ASCII case. */
bool str_eq_nocase_sized(const char *a, const char *b, size_t size);

static inline bool str_eq_nocase(str a, str b)
{
    return a.size == b.size && str_eq_nocase_sized(a.at, b.at, a.size);
}

/* `s` with A to Z as a to z; as many bytes. */
void str_lower(str s, char *ret_text);

bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);

/* Index of the first `byte`, or s.size. */
static inline size_t str_index(str s, char byte)
{
    const char *found = s.size ? memchr(s.at, byte, s.size) : NULL;

    return found ? (size_t)(found - s.at) : s.size;
}

/* Without leading and trailing spaces and tabs. */
static inline str str_trim(str s)
{
    while (s.size && (s.at[0] == ' ' || s.at[0] == '\t'))
        s = str_slice(s, 1, s.size);
    while (s.size && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\t'))
        s.size--;
    return s;
}

/* Cut `*rest` at the first `byte`: returns what stands before it and leaves in `*rest` what follows. With no such
 * byte the whole is returned and `*rest` becomes absent. */
static inline str str_cut(str *rest, char byte)
{
    str whole = *rest;
    const char *found = whole.size ? memchr(whole.at, byte, whole.size) : NULL;

    if (found == NULL) {
        *rest = (str){ 0 };
        return whole;
    }
    rest->size = whole.size - (size_t)(found - whole.at) - 1;
    rest->at = found + 1;
    whole.size = (size_t)(found - whole.at);
    return whole;
}

/* The whole of `s` as a decimal number; MALFORMED if there is anything but digits, TOO_LARGE if it does not fit. */
must_use enum err str_u64(str s, uint64_t *ret_number);

/* 2n lower-case hex digits of n bytes; no terminating zero. */
void str_hex(str bytes, char *ret_digits);

/* n bytes of 2n hex digits of either case; MALFORMED otherwise. `ret_bytes` holds digits.size / 2. */
must_use enum err str_unhex(str digits, uint8_t *ret_bytes);

/* True if valid UTF-8 (no overlong forms, no surrogates). */
bool str_is_utf8(str s);

/* Number of UTF-16 units that valid UTF-8 would take; the unit in which the services count lengths. */
size_t str_utf16_units(str s);
