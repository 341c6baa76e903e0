/* SPDX-License-Identifier: MIT */
#include "arch/all/registers.h"

#define R(name, flags, doc) HEX(struct x86_64_registers, name, flags, doc)

static const struct field x86_64_fields[] = {
	R(rip, 0, "Instruction pointer."),
	R(rsp, 0, "Stack pointer."),
	R(rax, 0, "General register."),
	R(orig_rax, 0, "Number of the system call in progress; 0xffffffffffffffff: none."),
	R(rbx, 0, "General register."),
	R(rcx, 0, "General register."),
	R(rdx, 0, "General register."),
	R(rsi, 0, "General register."),
	R(rdi, 0, "General register."),
	R(rbp, 0, "General register."),
	R(r8, 0, "General register."),
	R(r9, 0, "General register."),
	R(r10, 0, "General register."),
	R(r11, 0, "General register."),
	R(r12, 0, "General register."),
	R(r13, 0, "General register."),
	R(r14, 0, "General register."),
	R(r15, 0, "General register."),
	R(eflags, 0, "Flags."),
	R(fs_base, 0, "Base of FS: the thread pointer."),
	R(gs_base, 0, "Base of GS."),
	R(cs, 0, "Code segment selector: 0x33 for 64-bit code."),
	R(ss, 0, "Stack segment selector."),
	R(ds, FIELD_OPTIONAL, "Segment selector."),
	R(es, FIELD_OPTIONAL, "Segment selector."),
	R(fs, FIELD_OPTIONAL, "Segment selector."),
	R(gs, FIELD_OPTIONAL, "Segment selector."),
	{}
};

const struct record x86_64_record =
	RECORD_OF(struct x86_64_registers, "x86_64", x86_64_fields, "General registers of x86-64.");
