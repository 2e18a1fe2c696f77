/* number.h: decimal number texts to numbers and back, exactly.
 *
 * The services take 1.441215410867E9 for a timestamp and 10.7 for an integer. Nothing here passes through a double
 * unless a double is what is wanted. Texts follow the grammar of JSON numbers; number_check tells for texts that come
 * from elsewhere (query strings, settings); the others assert it. */
#pragma once

#include "base/buf.h"

/* True if the whole text is a number by the grammar of RFC 8259. */
bool number_check(str text);

/* The end of the longest number that starts at `at`, or NULL if none does. */
const char *number_scan(const char *at, const char *end);

/* The greatest integer not above the number, clamped to int64. */
int64_t number_int(str text);

/* Seconds, possibly with fraction and exponent, as milliseconds: rounded to the microsecond, which takes away what
 * printing a double may have added, then floored. Clamped to +-2^63 microseconds, some 292,000 years. */
int64_t number_milliseconds(str text);

/* The nearest double; out of range gives infinity or zero. */
double number_double(str text);

/* The same two for numbers that arrive as doubles (CBOR). NaN gives 0. */
int64_t number_int_of_double(double number);
int64_t number_milliseconds_of_double(double seconds);

void number_write_int(struct buf *buf, int64_t number);

/* 15 significant digits, or as many more as it takes to read back as the same double. The number must be finite. */
void number_write_double(struct buf *buf, double number);

/* Milliseconds as seconds without trailing zeros. */
void number_write_seconds(struct buf *buf, int64_t milliseconds);
