/* SPDX-License-Identifier: MIT */
/* Registers of a traced thread by PTRACE_GETREGSET and PTRACE_SETREGSET. */
#include "arch/x86_64/regs.h"

#include <elf.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "format/err.h"
#include "kernel/memory.h"

/* Code segment of 32-bit user code, __USER32_CS of arch/x86/include/asm/segment.h. */
#define USER32_CS 0x23

int arch_regs_get(pid_t tid, struct arch_regs *ret_regs, struct err *err)
{
	struct arch_regs regs = { 0 };
	struct iovec iov = { &regs.user, sizeof(regs.user) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) < 0)
		return err_sys(err, "thread %d: PTRACE_GETREGSET NT_PRSTATUS", tid);
	/* The kernel gives the shorter set of ia32 for a thread whose code segment says so. */
	if (iov.iov_len != sizeof(regs.user)) {
		regs = (struct arch_regs){ 0 };
		regs.user.cs = USER32_CS;
	}
	*ret_regs = regs;
	return 0;
}

int arch_regs_set(pid_t tid, const struct arch_regs *regs, struct err *err)
{
	struct iovec iov = { (void *)&regs->user, sizeof(regs->user) };

	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov) < 0)
		return err_sys(err, "thread %d: PTRACE_SETREGSET NT_PRSTATUS", tid);
	return 0;
}

int arch_xstate_get(pid_t tid, void *buffer, size_t size, size_t *ret_size, struct err *err)
{
	struct iovec iov = { buffer, size };

	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &iov) < 0)
		return err_sys(err, "thread %d: PTRACE_GETREGSET NT_X86_XSTATE", tid);
	if (iov.iov_len == size && size < ARCH_XSTATE_MAX)
		return err_set(err, ERR_FAILED,
			       "thread %d: XSAVE area may be longer than the %zu bytes given", tid,
			       size);
	*ret_size = iov.iov_len;
	return 0;
}

int arch_xstate_set(pid_t tid, const void *buffer, size_t size, struct err *err)
{
	struct iovec iov = { (void *)buffer, size };

	if (ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &iov) < 0)
		return err_sys(err, "thread %d: PTRACE_SETREGSET NT_X86_XSTATE of %zu bytes", tid,
			       size);
	return 0;
}

bool arch_regs_compat(const struct arch_regs *regs)
{
	return regs->user.cs == USER32_CS;
}

long arch_regs_syscall(const struct arch_regs *regs)
{
	return (long)regs->user.orig_rax;
}

static const size_t arg_offset[6] = {
	offsetof(struct user_regs_struct, rdi), offsetof(struct user_regs_struct, rsi),
	offsetof(struct user_regs_struct, rdx), offsetof(struct user_regs_struct, r10),
	offsetof(struct user_regs_struct, r8),	offsetof(struct user_regs_struct, r9),
};

uint64_t arch_regs_arg(const struct arch_regs *regs, unsigned index)
{
	const char *base = (const char *)&regs->user;

	return *(const unsigned long long *)(base + arg_offset[index]);
}

void arch_regs_set_arg(struct arch_regs *regs, unsigned index, uint64_t value)
{
	char *base = (char *)&regs->user;

	*(unsigned long long *)(base + arg_offset[index]) = value;
}

int64_t arch_regs_result(const struct arch_regs *regs)
{
	return (int64_t)regs->user.rax;
}

void arch_regs_set_result(struct arch_regs *regs, int64_t result)
{
	regs->user.rax = (unsigned long long)result;
}

uint64_t arch_regs_ip(const struct arch_regs *regs)
{
	return regs->user.rip;
}

uint64_t arch_regs_sp(const struct arch_regs *regs)
{
	return regs->user.rsp;
}

void arch_regs_set_ip(struct arch_regs *regs, uint64_t ip)
{
	regs->user.rip = ip;
}

void arch_regs_no_syscall(struct arch_regs *regs)
{
	regs->user.orig_rax = (unsigned long long)-1;
}

long arch_call_number_at(const struct process_memory *memory, const struct arch_regs *regs)
{
	/* mov $number, %eax; syscall */
	unsigned char code[7];
	int32_t number;

	if (memory_read(memory, regs->user.rip - sizeof(code), code, sizeof(code), NULL) < 0)
		return -1;
	if (code[0] != 0xb8 || code[5] != 0x0f || code[6] != 0x05)
		return -1;
	memcpy(&number, code + 1, sizeof(number));
	return number;
}
