/* SPDX-License-Identifier: MIT */
#include "restore/vdso_symbols.h"

#include "format/err.h"

#include <elf.h>
#include <string.h>

/* The tables that the dynamic section names; offsets in the image, which is loaded as it stands. */
struct tables {
	uint64_t symbols;
	uint64_t strings;
	uint64_t strings_size;
	uint64_t bias; /* address of the first byte, as linked */
};

static bool within(size_t size, uint64_t offset, uint64_t length)
{
	return offset <= size && length <= size - offset;
}

static bool find_segments(const uint8_t *image, size_t size, const Elf64_Ehdr *header,
			  uint64_t *ret_dynamic, uint64_t *ret_dynamic_size, uint64_t *ret_bias)
{
	bool found = false;
	Elf64_Phdr segment;

	for (unsigned i = 0; i < header->e_phnum; i++) {
		uint64_t at = header->e_phoff + i * sizeof(segment);

		if (!within(size, at, sizeof(segment)))
			return false;
		memcpy(&segment, image + at, sizeof(segment));
		if (segment.p_type == PT_LOAD)
			*ret_bias = segment.p_vaddr - segment.p_offset;
		if (segment.p_type == PT_DYNAMIC) {
			*ret_dynamic = segment.p_offset;
			*ret_dynamic_size = segment.p_filesz;
			found = true;
		}
	}
	return found && within(size, *ret_dynamic, *ret_dynamic_size);
}

static bool find_tables(const uint8_t *image, size_t size, struct tables *ret)
{
	uint64_t dynamic = 0, dynamic_size = 0;
	Elf64_Ehdr header;
	Elf64_Dyn item;

	*ret = (struct tables){ 0 };
	if (size < sizeof(header))
		return false;
	memcpy(&header, image, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    !find_segments(image, size, &header, &dynamic, &dynamic_size, &ret->bias))
		return false;
	for (uint64_t at = 0; at + sizeof(item) <= dynamic_size; at += sizeof(item)) {
		memcpy(&item, image + dynamic + at, sizeof(item));
		if (item.d_tag == DT_SYMTAB)
			ret->symbols = item.d_un.d_ptr - ret->bias;
		if (item.d_tag == DT_STRTAB)
			ret->strings = item.d_un.d_ptr - ret->bias;
		if (item.d_tag == DT_STRSZ)
			ret->strings_size = item.d_un.d_val;
	}
	/* The vDSO's linker script puts the symbols right before their names, and no table says how many there are. */
	return ret->symbols < ret->strings && ret->strings_size &&
	       within(size, ret->strings, ret->strings_size) &&
	       image[ret->strings + ret->strings_size - 1] == '\0';
}

int vdso_symbols_each(const uint8_t *image, size_t size, vdso_symbol *each, void *context,
		      struct err *err)
{
	struct tables tables;
	Elf64_Sym symbol;

	if (!find_tables(image, size, &tables))
		return err_set(err, ERR_HOST, "the vDSO is no ELF object that can be read");
	for (uint64_t at = tables.symbols; at + sizeof(symbol) <= tables.strings;
	     at += sizeof(symbol)) {
		memcpy(&symbol, image + at, sizeof(symbol));
		if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || !symbol.st_value ||
		    symbol.st_name >= tables.strings_size ||
		    !within(size, symbol.st_value - tables.bias, 16))
			continue;
		if (each(context, (const char *)image + tables.strings + symbol.st_name,
			 symbol.st_value - tables.bias, err) < 0)
			return -1;
	}
	return 0;
}

struct search {
	const char *name;
	uint64_t offset;
	bool found;
};

static int compare(void *context, const char *name, uint64_t offset, struct err *err)
{
	struct search *search = context;

	(void)err;
	if (strcmp(name, search->name) == 0) {
		search->offset = offset;
		search->found = true;
	}
	return 0;
}

bool vdso_symbol_find(const uint8_t *image, size_t size, const char *name, uint64_t *ret_offset)
{
	struct search search = { .name = name };

	if (vdso_symbols_each(image, size, compare, &search, NULL) < 0 || !search.found)
		return false;
	*ret_offset = search.offset;
	return true;
}
