/* SPDX-License-Identifier: MIT */
/* Makes system calls on the tracer's behalf; with no tracer left, gives the thread back to itself. */

/*
 * Copied into the other process, where it can be executed but not written, so everything it keeps
 * is in registers. It never touches the thread's stack. Data comes right behind the code; the
 * offsets are those of struct stub_data in the C file.
 */
#include <asm/unistd.h>

#define SIG_SETMASK 2
#define EINTR 4
#define CLONE_VM 0x100
#define CLONE_FILES 0x400
#define WALL 0x40000000
#define CLOSE_RANGE_UNSHARE 2

#define DATA(offset) (arch_stub_data + (offset))(%rip)
#define R15 0
#define R14 8
#define R13 16
#define R12 24
#define RBP 32
#define RBX 40
#define R11 48
#define R10 56
#define R9 64
#define R8 72
#define RAX 80
#define RCX 88
#define RDX 96
#define RSI 104
#define RDI 112
#define RIP 120
#define FLAGS 128
#define RSP 136
#define RAX_INTERRUPTED 144
#define RIP_INTERRUPTED 152
#define MASK 160
#define MASK_ALL 168
#define ZERO_TIME 176
#define RENDEZVOUS 192
#define SCRATCH 200
#define SCRATCH_SIZE 208

	.section .rodata
	.balign	16
	.globl	arch_stub_code, arch_stub_one, arch_stub_many, arch_stub_after
	.globl	arch_stub_copy, arch_stub_copied, arch_stub_parked, arch_stub_data
	.hidden	arch_stub_code, arch_stub_one, arch_stub_many, arch_stub_after
	.hidden	arch_stub_copy, arch_stub_copied, arch_stub_parked, arch_stub_data

arch_stub_code:
arch_stub_many:			/* r12: calls of 64 bytes, r13: how many */
	test	%r13, %r13
	jz	done
	mov	(%r12), %rax
	mov	8(%r12), %rdi
	mov	16(%r12), %rsi
	mov	24(%r12), %rdx
	mov	32(%r12), %r10
	mov	40(%r12), %r8
	mov	48(%r12), %r9
	syscall
	mov	%rax, 56(%r12)
	add	$64, %r12
	dec	%r13
	jmp	arch_stub_many

	/*
	 * A copy of the process, by way of a child in between that ends at once, so that the copy
	 * becomes the child of another. Without a tracer both children run into their exit, and
	 * the thread buries the one that is its own. The one in between shares the memory: only
	 * one copy is made. No child has an exit signal.
	 */
arch_stub_copy:
	mov	$__NR_clone, %eax
	mov	$(CLONE_VM | CLONE_FILES), %edi
	xor	%esi, %esi
	xor	%edx, %edx
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	syscall
	mov	%rax, %r12
	test	%rax, %rax
	jz	between
	js	done
	mov	%rax, %rdi
	mov	$__NR_wait4, %eax
	mov	$WALL, %edx
	syscall
	jmp	done

between:
	mov	$__NR_clone, %eax
	mov	$CLONE_FILES, %edi
	syscall
	mov	%rax, %r12
	neg	%r12		/* the error is the exit status */
	test	%rax, %rax
	jnz	end

	/*
	 * Signals to the process group or from the terminal do not concern the copy. Its table of
	 * descriptors becomes an empty one; the files never had a reference more.
	 */
	mov	$__NR_setsid, %eax
	syscall
	mov	$__NR_close_range, %eax
	xor	%edi, %edi
	mov	$-1, %esi
	mov	$CLOSE_RANGE_UNSHARE, %edx
	syscall
arch_stub_copied:
end:
	mov	$__NR_exit_group, %eax
	mov	%r12d, %edi
	syscall
	jmp	end

arch_stub_one:			/* the registers hold the call */
	syscall
	mov	%rax, %r12

	/* The numbers are asked for here: the process may be in another pid namespace. */
done:
	mov	$__NR_getpid, %eax
	syscall
arch_stub_after:
	mov	%rax, %r14
	mov	$__NR_gettid, %eax
	syscall
	mov	%r14, %rdi
	mov	%rax, %rsi
	mov	DATA(RENDEZVOUS), %rdx
	mov	$__NR_tgkill, %eax
	syscall
arch_stub_parked:

	/*
	 * From here on nobody traces us: the signal, ignored by the process, was dropped. The mask
	 * may not have been changed yet when the tracer died.
	 */
	mov	$__NR_rt_sigprocmask, %eax
	mov	$SIG_SETMASK, %edi
	lea	DATA(MASK_ALL), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	syscall
	mov	$__NR_munmap, %eax
	mov	DATA(SCRATCH), %rdi
	mov	DATA(SCRATCH_SIZE), %rsi
	syscall

	/*
	 * Handlers of signals that came meanwhile run in here, with the thread's own mask and stack.
	 * If one did, an interrupted pause, poll, nanosleep... returns EINTR instead of
	 * waiting again for what has already come.
	 */
	mov	DATA(RSP), %rsp
	mov	$__NR_ppoll, %eax
	xor	%edi, %edi
	xor	%esi, %esi
	lea	DATA(ZERO_TIME), %rdx
	lea	DATA(MASK), %r10
	mov	$8, %r8d
	syscall
	lea	last_steps(%rip), %r15
	cmp	$-EINTR, %rax
	jne	leave
	lea	last_steps_interrupted(%rip), %r15

	/*
	 * popfq only reads: the stack pointer may point at the read-only flags as long as all
	 * signals are blocked. Nothing after it changes flags (the kernel keeps them over a system
	 * call).
	 */
leave:
	lea	DATA(FLAGS), %rsp
	popfq
	mov	DATA(RSP), %rsp
	mov	$__NR_rt_sigprocmask, %eax
	mov	$SIG_SETMASK, %edi
	lea	DATA(MASK), %rsi
	mov	$0, %edx
	mov	$8, %r10d
	syscall
	mov	DATA(R14), %r14
	mov	DATA(R13), %r13
	mov	DATA(R12), %r12
	mov	DATA(RBP), %rbp
	mov	DATA(RBX), %rbx
	mov	DATA(R11), %r11
	mov	DATA(R10), %r10
	mov	DATA(R9), %r9
	mov	DATA(R8), %r8
	mov	DATA(RCX), %rcx
	mov	DATA(RDX), %rdx
	mov	DATA(RSI), %rsi
	mov	DATA(RDI), %rdi
	jmp	*%r15

last_steps:
	mov	DATA(RAX), %rax
	mov	DATA(R15), %r15
	jmp	*DATA(RIP)
last_steps_interrupted:
	mov	DATA(RAX_INTERRUPTED), %rax
	mov	DATA(R15), %r15
	jmp	*DATA(RIP_INTERRUPTED)

	.balign	16, 0xcc
arch_stub_data:

	.section .note.GNU-stack, "", @progbits
