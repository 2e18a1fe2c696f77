/* bytes.h: numbers to and from bytes. Disk formats are little-endian, wire formats big-endian. */
#pragma once

#include <stdint.h>
#include <string.h>

#define BYTES_PAIR_(bits, end, swap)                                                                                   \
    static inline uint##bits##_t load_##end##bits(const void *from)                                                    \
    {                                                                                                                  \
        uint##bits##_t number;                                                                                         \
        memcpy(&number, from, sizeof(number));                                                                         \
        return swap(number);                                                                                           \
    }                                                                                                                  \
    static inline void store_##end##bits(void *to, uint##bits##_t number)                                              \
    {                                                                                                                  \
        number = swap(number);                                                                                         \
        memcpy(to, &number, sizeof(number));                                                                           \
    }

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Leat is written for little-endian machines"
#endif

BYTES_PAIR_(16, le, )
BYTES_PAIR_(32, le, )
BYTES_PAIR_(64, le, )
BYTES_PAIR_(16, be, __builtin_bswap16)
BYTES_PAIR_(32, be, __builtin_bswap32)
BYTES_PAIR_(64, be, __builtin_bswap64)
#undef BYTES_PAIR_
