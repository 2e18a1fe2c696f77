/* date.h: civil dates of the proleptic Gregorian calendar, UTC, without the C library's global state.
 *
 * A point in time is `ms`, milliseconds since 1970-01-01T00:00:00Z. */
#pragma once

#include "base/str.h"

typedef int64_t ms;

struct date {
    int32_t year;
    uint8_t month, day;           /* 1-12, 1-31 */
    uint8_t hour, minute, second; /* no leap seconds */
    uint16_t millisecond;
    uint8_t weekday;              /* 0 = Sunday */
};

struct date date_of(ms at);
ms date_ms(struct date date);

enum { DATE_TEXT_MAX = 40 };

/* "20260101T001500Z", the form of signatures. Returns the length; a zero byte follows. */
size_t date_format_basic(ms at, char ret_text[static DATE_TEXT_MAX]);

/* "2026-01-01T00:15:00.123Z" */
size_t date_format_iso(ms at, char ret_text[static DATE_TEXT_MAX]);

/* "Thu, 22 Jan 2015 01:22:02 GMT", the form of HTTP headers. */
size_t date_format_http(ms at, char ret_text[static DATE_TEXT_MAX]);

/* "Thu Jan 22 01:22:02 UTC 2015", the form of the iterator errors. */
size_t date_format_java(ms at, char ret_text[static DATE_TEXT_MAX]);

/* The inverse of date_format_basic and of date_format_http (also the ISO form, with or without fraction). MALFORMED
 * on any other text or an impossible date. */
must_use enum err date_parse(str text, ms *ret_at);
