/* crc32.h: the checksum of gzip, PNG and event streams (CRC-32, IEEE 802.3). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to start) over `size` bytes. crc32_ieee(0, "123456789", 9) == 0xcbf43926. */
uint32_t crc32_ieee(uint32_t crc, const void *at, size_t size);
