/* SPDX-License-Identifier: MIT */
/* The registers of a traced thread, as ptrace(2) gives them. */
#ifndef PIMAGE_ARCH_X86_64_REGS_H
#define PIMAGE_ARCH_X86_64_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

struct err;
struct process_memory;

/* NT_PRSTATUS: 27 words in the kernel's order (arch/x86/include/uapi/asm/ptrace.h). */
struct arch_regs {
	struct user_regs_struct user;
};

/* The thread must be in a ptrace-stop of the calling thread. Errors name the tid. */
int arch_regs_get(pid_t tid, struct arch_regs *ret_regs, struct err *err);
int arch_regs_set(pid_t tid, const struct arch_regs *regs, struct err *err);

/*
 * The whole XSAVE area in the kernel's layout (NT_X86_XSTATE), with the layout's own header and the
 * XCR0 mask at byte 464 (arch/x86/include/uapi/asm/sigcontext.h, struct _fpx_sw_bytes). Setting
 * refuses what the processor does not have. Without XSAVE in the processor: ENODEV.
 */
#define ARCH_XSTATE_MAX 65536 /* no processor comes near: 11 KiB with AMX */
int arch_xstate_get(pid_t tid, void *buffer, size_t size, size_t *ret_size, struct err *err);
int arch_xstate_set(pid_t tid, const void *buffer, size_t size, struct err *err);

/* A 32-bit thread (code segment of ia32); the call loop cannot run in it. */
bool arch_regs_compat(const struct arch_regs *regs);

/* The system call that the thread was stopped in or just returned from; -1: none. */
long arch_regs_syscall(const struct arch_regs *regs);
/* Its argument 0..5, and its result so far: -errno, or one of the kernel's -ERESTART codes. */
uint64_t arch_regs_arg(const struct arch_regs *regs, unsigned index);
void arch_regs_set_arg(struct arch_regs *regs, unsigned index, uint64_t value);
int64_t arch_regs_result(const struct arch_regs *regs);
void arch_regs_set_result(struct arch_regs *regs, int64_t result);

/* Bytes below the stack pointer that code may use without moving it (System V ABI). */
#define ARCH_RED_ZONE 128

/*
 * The number of the call that the thread has just made, if its code loads it right before the system
 * call instruction; else -1.
 */
long arch_call_number_at(const struct process_memory *memory, const struct arch_regs *regs);

uint64_t arch_regs_ip(const struct arch_regs *regs);
uint64_t arch_regs_sp(const struct arch_regs *regs);
void arch_regs_set_ip(struct arch_regs *regs, uint64_t ip);

/* It is in no system call: the kernel restarts nothing when it goes on. */
void arch_regs_no_syscall(struct arch_regs *regs);

#endif
