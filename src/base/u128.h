/* u128.h: the 128-bit numbers of the hash-key space, and their decimal text. */
#pragma once

#include "base/str.h"

typedef unsigned __int128 u128;

#define U128_MAX (~(u128)0)
enum { U128_DIGITS_MAX = 39 };

/* Decimal digits; returns their number. No zero byte follows. */
size_t u128_format(u128 number, char ret_digits[static U128_DIGITS_MAX]);

/* MALFORMED on anything but digits or on none; TOO_LARGE from 2^128. Leading zeros are accepted. */
must_use enum err u128_parse(str digits, u128 *ret_number);

/* 16 bytes, most significant first, as one number (an MD5 digest is read so). */
u128 u128_load_be(const uint8_t bytes[static 16]);
