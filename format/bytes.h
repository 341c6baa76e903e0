/* SPDX-License-Identifier: MIT */
/* Little-endian numbers at any address. */
#ifndef PIMAGE_BYTES_H
#define PIMAGE_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t get_le32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static inline void put_le32(void *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof(value));
}

#endif
