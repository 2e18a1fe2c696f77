/* crc32c.h: the checksum of everything on disk (CRC-32C, Castagnoli), by the CPU's instruction where it has one. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to start) over `size` bytes. crc32c(0, "123456789", 9) == 0xe3069283. */
uint32_t crc32c(uint32_t crc, const void *at, size_t size);
