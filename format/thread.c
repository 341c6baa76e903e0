/* SPDX-License-Identifier: MIT */
#include "format/thread.h"

#include "arch/all/registers.h"
#include "format/names.h"

static const struct field alternate_stack_fields[] = {
	HEX(struct alternate_stack, address, 0, "ss_sp."),
	HEX(struct alternate_stack, size, 0, "ss_size, bytes."),
	HEX(struct alternate_stack, flags, FIELD_OPTIONAL, "ss_flags but for SS_ONSTACK."),
	{}
};
static const struct record alternate_stack_record =
	RECORD_OF(struct alternate_stack, "alternate_stack", alternate_stack_fields,
		  "Signal stack, sigaltstack(2).");

static const struct field rseq_fields[] = {
	HEX(struct rseq_registration, address, 0, "Address of struct rseq."),
	UINT(struct rseq_registration, size, 0, "Its length in bytes."),
	HEX(struct rseq_registration, signature, 0, "Signature before abort handlers."),
	HEX(struct rseq_registration, flags, FIELD_OPTIONAL, "Flags of the registration."),
	{}
};
static const struct record rseq_record =
	RECORD_OF(struct rseq_registration, "rseq", rseq_fields,
		  "Registration of restartable sequences, rseq(2).");

static const struct field robust_list_fields[] = {
	HEX(struct robust_registration, head, 0, "Address of the list head."),
	UINT(struct robust_registration, size, 0, "Its length in bytes."),
	{}
};
static const struct record robust_list_record =
	RECORD_OF(struct robust_registration, "robust_list", robust_list_fields,
		  "Robust futex list, set_robust_list(2).");

static const struct field scheduling_fields[] = {
	ENUM(struct scheduling, policy, 0, sched_policy_names, "Scheduling policy, sched(7)."),
	HEX(struct scheduling, flags, FIELD_OPTIONAL, "SCHED_FLAG_ bits of sched_setattr(2)."),
	INT(struct scheduling, nice, FIELD_OPTIONAL, "Nice value."),
	UINT(struct scheduling, priority, FIELD_OPTIONAL, "Real-time priority."),
	UINT(struct scheduling, runtime, FIELD_OPTIONAL, "SCHED_DEADLINE runtime, nanoseconds."),
	UINT(struct scheduling, deadline, FIELD_OPTIONAL, "SCHED_DEADLINE deadline."),
	UINT(struct scheduling, period, FIELD_OPTIONAL, "SCHED_DEADLINE period."),
	STRING(struct scheduling, affinity, FIELD_OPTIONAL,
	       "CPUs it is bound to, as in \"0-3,8\"; absent: it may run on all that there are."),
	ENUM(struct scheduling, io_class, FIELD_OPTIONAL, ioprio_class_names,
	     "I/O scheduling class, ioprio_get(2); absent: follows nice."),
	UINT(struct scheduling, io_priority, FIELD_OPTIONAL, "Priority within that class."),
	UINT(struct scheduling, timer_slack, FIELD_OPTIONAL,
	     "PR_GET_TIMERSLACK, nanoseconds; absent: none kept."),
	{}
};
static const struct record scheduling_record =
	RECORD_OF(struct scheduling, "scheduling", scheduling_fields, "How a thread is scheduled.");

static const struct name restart_names[] = {
	{ "again", RESTART_AGAIN },
	{ "remaining", RESTART_REMAINING },
	{},
};

static const struct field system_call_fields[] = {
	UINT(struct system_call, number, 0, "Its number on this architecture."),
	ENUM(struct system_call, restart, FIELD_VOLATILE, restart_names,
	     "How it goes on: with its arguments again, or with the time that was left."),
	UINT(struct system_call, remaining, FIELD_OPTIONAL | FIELD_VOLATILE,
	     "Nanoseconds left of its time-out, where known."),
	{}
};
static const struct record system_call_record =
	RECORD_OF(struct system_call, "system_call", system_call_fields,
		  "A system call in progress.");

static const struct field thread_fields[] = {
	UINT(struct thread, tid, FIELD_VOLATILE, "Thread id as the process itself sees it."),
	STRING(struct thread, name, 0, "PR_GET_NAME."),
	VARIANT(struct thread, registers, 0, arch_registers, "Architecture of the registers."),
	RECORD_AT(struct thread, system_call, 0, system_call_record, "System call in progress."),
	FLAGS(struct thread, blocked, 0, signal_set_names, "Blocked signals."),
	LIST(struct thread, pending, FIELD_OPTIONAL, item_siginfo,
	     "Signals pending for this thread alone, in order of delivery."),
	RECORD_AT(struct thread, alternate_stack, 0, alternate_stack_record, "Signal stack."),
	RECORD_AT(struct thread, robust_list, 0, robust_list_record, "Robust futex list."),
	RECORD_AT(struct thread, rseq, 0, rseq_record, "Restartable sequences."),
	HEX(struct thread, clear_child_tid, FIELD_OPTIONAL,
	    "Address cleared and woken when the thread ends, set_tid_address(2)."),
	ENUM(struct thread, parent_death_signal, FIELD_OPTIONAL, signal_names, "PR_GET_PDEATHSIG."),
	RECORD_IN(struct thread, scheduling, 0, scheduling_record, "Scheduling."),
	{}
};

const struct record thread_record = RECORD_OF(struct thread, "thread", thread_fields,
					      "A thread: registers, signals, scheduling.");
