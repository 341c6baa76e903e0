/* SPDX-License-Identifier: MIT */
/* The functions of a vDSO: a small ELF shared object in memory. */
#ifndef PIMAGE_VDSO_SYMBOLS_H
#define PIMAGE_VDSO_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* Calls `each` with every function that it defines. The bytes may be anybody's: nothing outside of them is read. */
typedef int vdso_symbol(void *context, const char *name, uint64_t offset, struct err *err);
int vdso_symbols_each(const uint8_t *image, size_t size, vdso_symbol *each, void *context,
		      struct err *err);

bool vdso_symbol_find(const uint8_t *image, size_t size, const char *name, uint64_t *ret_offset);

#endif
