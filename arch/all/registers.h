/* SPDX-License-Identifier: MIT */
/* General registers of every architecture as data, so that any host reads any image. */
#ifndef PIMAGE_REGISTERS_H
#define PIMAGE_REGISTERS_H

#include "format/record.h"

/* The order is that of struct user_regs_struct, arch/x86/include/asm/user_64.h. */
struct x86_64_registers {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax, rip, cs, eflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};

extern const struct record x86_64_record;

/* All of them, for VARIANT fields; ends with NULL. */
extern const struct record *const arch_registers[];

#endif
