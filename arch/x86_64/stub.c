/* SPDX-License-Identifier: MIT */
/* The data behind the call loop's code, and the registers that enter it. */
#include "arch/x86_64/stub.h"

#include <asm/unistd.h>
#include <errno.h>
#include <string.h>

#include "kernel/compat.h"

extern const char arch_stub_code[], arch_stub_one[], arch_stub_many[], arch_stub_after[];
extern const char arch_stub_copy[], arch_stub_copied[], arch_stub_parked[], arch_stub_data[];

#define SYSCALL_INSN_SIZE 2	/* 0f 05 */
#define FLAGS_CLEAN	  0x202 /* interrupts on; no trap, direction or alignment check */

/* What the code reads; its offsets stand in stub_code.S too. */
struct stub_data {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t rip, flags, rsp;
	uint64_t rax_interrupted, rip_interrupted;
	uint64_t mask, mask_all;
	uint64_t zero_time[2];
	uint64_t rendezvous;
	uint64_t scratch, scratch_size;
	uint64_t padding[3];
	/* The last ones, by which it is found again. */
	uint64_t size; /* code and data */
	uint64_t magic;
};
#define STUB_MAGIC UINT64_C(0x7062757453676d70) /* "pmgStubp": in no program by chance */

_Static_assert(sizeof(struct stub_data) % 16 == 0, "arch_stub_size");
_Static_assert(offsetof(struct stub_data, rax_interrupted) == 144, "stub_code.S");
_Static_assert(offsetof(struct stub_data, mask) == 160, "stub_code.S");
_Static_assert(offsetof(struct stub_data, scratch_size) == 208, "stub_code.S");

static size_t code_size(void)
{
	return (size_t)(arch_stub_data - arch_stub_code);
}

size_t arch_stub_size(void)
{
	return code_size() + sizeof(struct stub_data);
}

bool arch_stub_recognize(const void *bytes, size_t length, size_t *ret_size,
			 struct arch_stub_state *ret_state)
{
	struct stub_data data;

	if (length < sizeof(data))
		return false;
	memcpy(&data, (const char *)bytes + length - sizeof(data), sizeof(data));
	if (data.magic != STUB_MAGIC || data.size > length || data.size < sizeof(data))
		return false;
	*ret_size = data.size;
	*ret_state = (struct arch_stub_state){
		.regs.user.rsp = data.rsp,
		.sigmask = data.mask,
		.rendezvous = (int)data.rendezvous,
		.scratch = data.scratch,
		.scratch_size = data.scratch_size,
	};
	return true;
}

/*
 * What the kernel would do on the way out of an interrupted call (arch_do_signal_or_restart,
 * arch/x86/kernel/signal.c, 5.10 to 6.18) without and with a handler that was run. Which handlers
 * have SA_RESTART cannot be known here: calls of the ERESTARTSYS kind are always run again.
 */
static void set_up_restart(struct stub_data *data, const struct arch_regs *regs)
{
	if (arch_regs_syscall(regs) < 0)
		return;
	switch (arch_regs_result(regs)) {
	case -KERNEL_ERESTART_RESTARTBLOCK:
		data->rax = __NR_restart_syscall;
		data->rip -= SYSCALL_INSN_SIZE;
		data->rax_interrupted = (uint64_t)-EINTR;
		break;
	case -KERNEL_ERESTARTNOHAND:
		data->rax = regs->user.orig_rax;
		data->rip -= SYSCALL_INSN_SIZE;
		data->rax_interrupted = (uint64_t)-EINTR;
		break;
	case -KERNEL_ERESTARTSYS:
	case -KERNEL_ERESTARTNOINTR:
		data->rax = data->rax_interrupted = regs->user.orig_rax;
		data->rip = data->rip_interrupted = data->rip - SYSCALL_INSN_SIZE;
		break;
	}
}

void arch_stub_build(void *buffer, const struct arch_stub_state *state)
{
	const struct user_regs_struct *user = &state->regs.user;
	struct stub_data data = {
		.r15 = user->r15,
		.r14 = user->r14,
		.r13 = user->r13,
		.r12 = user->r12,
		.rbp = user->rbp,
		.rbx = user->rbx,
		.r11 = user->r11,
		.r10 = user->r10,
		.r9 = user->r9,
		.r8 = user->r8,
		.rax = user->rax,
		.rcx = user->rcx,
		.rdx = user->rdx,
		.rsi = user->rsi,
		.rdi = user->rdi,
		.rip = user->rip,
		.flags = user->eflags,
		.rsp = user->rsp,
		.rax_interrupted = user->rax,
		.rip_interrupted = user->rip,
		.mask = state->sigmask,
		.mask_all = UINT64_MAX,
		.rendezvous = (uint64_t)state->rendezvous,
		.scratch = state->scratch,
		.scratch_size = state->scratch_size,
		.size = arch_stub_size(),
		.magic = STUB_MAGIC,
	};

	set_up_restart(&data, &state->regs);
	memcpy(buffer, arch_stub_code, code_size());
	memcpy((char *)buffer + code_size(), &data, sizeof(data));
}

static void enter(struct arch_regs *regs, uint64_t stub, const char *where)
{
	regs->user.rip = stub + (uint64_t)(where - arch_stub_code);
	regs->user.orig_rax = (uint64_t)-1;
	regs->user.eflags = FLAGS_CLEAN;
}

void arch_stub_enter_one(struct arch_regs *regs, uint64_t stub, const uint64_t call[7])
{
	enter(regs, stub, arch_stub_one);
	regs->user.rax = call[0];
	for (unsigned i = 0; i < 6; i++)
		arch_regs_set_arg(regs, i, call[1 + i]);
}

void arch_stub_enter_many(struct arch_regs *regs, uint64_t stub, uint64_t vector, uint64_t count)
{
	enter(regs, stub, arch_stub_many);
	regs->user.r12 = vector;
	regs->user.r13 = count;
}

void arch_stub_enter_copy(struct arch_regs *regs, uint64_t stub)
{
	enter(regs, stub, arch_stub_copy);
}

uint64_t arch_stub_copied_ip(uint64_t stub)
{
	return stub + (uint64_t)(arch_stub_copied - arch_stub_code);
}

int64_t arch_stub_result(const struct arch_regs *regs)
{
	return (int64_t)regs->user.r12;
}

uint64_t arch_stub_rendezvous_ip(uint64_t stub)
{
	return stub + (uint64_t)(arch_stub_parked - arch_stub_code);
}

uint64_t arch_stub_after_ip(uint64_t stub)
{
	return stub + (uint64_t)(arch_stub_after - arch_stub_code);
}
