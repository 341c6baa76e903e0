/* SPDX-License-Identifier: MIT */
#include "format/names.h"

/* CLONE_NEWTIME is within the byte of the exit signal: for clone3(2) and unshare(2) only. */
const struct name clone_flag_names[] = {
	{ "CLONE_NEWTIME", 0x80 },
	{ "CLONE_VM", 0x100 },
	{ "CLONE_FS", 0x200 },
	{ "CLONE_FILES", 0x400 },
	{ "CLONE_SIGHAND", 0x800 },
	{ "CLONE_PIDFD", 0x1000 },
	{ "CLONE_PTRACE", 0x2000 },
	{ "CLONE_VFORK", 0x4000 },
	{ "CLONE_PARENT", 0x8000 },
	{ "CLONE_THREAD", 0x10000 },
	{ "CLONE_NEWNS", 0x20000 },
	{ "CLONE_SYSVSEM", 0x40000 },
	{ "CLONE_SETTLS", 0x80000 },
	{ "CLONE_PARENT_SETTID", 0x100000 },
	{ "CLONE_CHILD_CLEARTID", 0x200000 },
	{ "CLONE_DETACHED", 0x400000 },
	{ "CLONE_UNTRACED", 0x800000 },
	{ "CLONE_CHILD_SETTID", 0x1000000 },
	{ "CLONE_NEWCGROUP", 0x2000000 },
	{ "CLONE_NEWUTS", 0x4000000 },
	{ "CLONE_NEWIPC", 0x8000000 },
	{ "CLONE_NEWUSER", 0x10000000 },
	{ "CLONE_NEWPID", 0x20000000 },
	{ "CLONE_NEWNET", 0x40000000 },
	{ "CLONE_IO", 0x80000000 },
	{ "CLONE_CLEAR_SIGHAND", 0x100000000 },
	{ "CLONE_INTO_CGROUP", 0x200000000 },
	{},
};

const struct name rlimit_names[] = {
	{ "RLIMIT_CPU", 0 },
	{ "RLIMIT_FSIZE", 1 },
	{ "RLIMIT_DATA", 2 },
	{ "RLIMIT_STACK", 3 },
	{ "RLIMIT_CORE", 4 },
	{ "RLIMIT_RSS", 5 },
	{ "RLIMIT_NPROC", 6 },
	{ "RLIMIT_NOFILE", 7 },
	{ "RLIMIT_MEMLOCK", 8 },
	{ "RLIMIT_AS", 9 },
	{ "RLIMIT_LOCKS", 10 },
	{ "RLIMIT_SIGPENDING", 11 },
	{ "RLIMIT_MSGQUEUE", 12 },
	{ "RLIMIT_NICE", 13 },
	{ "RLIMIT_RTPRIO", 14 },
	{ "RLIMIT_RTTIME", 15 },
	{},
};

#define CAPABILITY(number) (UINT64_C(1) << (number))

const struct name capability_names[] = {
	{ "CAP_CHOWN", CAPABILITY(0) },
	{ "CAP_DAC_OVERRIDE", CAPABILITY(1) },
	{ "CAP_DAC_READ_SEARCH", CAPABILITY(2) },
	{ "CAP_FOWNER", CAPABILITY(3) },
	{ "CAP_FSETID", CAPABILITY(4) },
	{ "CAP_KILL", CAPABILITY(5) },
	{ "CAP_SETGID", CAPABILITY(6) },
	{ "CAP_SETUID", CAPABILITY(7) },
	{ "CAP_SETPCAP", CAPABILITY(8) },
	{ "CAP_LINUX_IMMUTABLE", CAPABILITY(9) },
	{ "CAP_NET_BIND_SERVICE", CAPABILITY(10) },
	{ "CAP_NET_BROADCAST", CAPABILITY(11) },
	{ "CAP_NET_ADMIN", CAPABILITY(12) },
	{ "CAP_NET_RAW", CAPABILITY(13) },
	{ "CAP_IPC_LOCK", CAPABILITY(14) },
	{ "CAP_IPC_OWNER", CAPABILITY(15) },
	{ "CAP_SYS_MODULE", CAPABILITY(16) },
	{ "CAP_SYS_RAWIO", CAPABILITY(17) },
	{ "CAP_SYS_CHROOT", CAPABILITY(18) },
	{ "CAP_SYS_PTRACE", CAPABILITY(19) },
	{ "CAP_SYS_PACCT", CAPABILITY(20) },
	{ "CAP_SYS_ADMIN", CAPABILITY(21) },
	{ "CAP_SYS_BOOT", CAPABILITY(22) },
	{ "CAP_SYS_NICE", CAPABILITY(23) },
	{ "CAP_SYS_RESOURCE", CAPABILITY(24) },
	{ "CAP_SYS_TIME", CAPABILITY(25) },
	{ "CAP_SYS_TTY_CONFIG", CAPABILITY(26) },
	{ "CAP_MKNOD", CAPABILITY(27) },
	{ "CAP_LEASE", CAPABILITY(28) },
	{ "CAP_AUDIT_WRITE", CAPABILITY(29) },
	{ "CAP_AUDIT_CONTROL", CAPABILITY(30) },
	{ "CAP_SETFCAP", CAPABILITY(31) },
	{ "CAP_MAC_OVERRIDE", CAPABILITY(32) },
	{ "CAP_MAC_ADMIN", CAPABILITY(33) },
	{ "CAP_SYSLOG", CAPABILITY(34) },
	{ "CAP_WAKE_ALARM", CAPABILITY(35) },
	{ "CAP_BLOCK_SUSPEND", CAPABILITY(36) },
	{ "CAP_AUDIT_READ", CAPABILITY(37) },
	{ "CAP_PERFMON", CAPABILITY(38) },
	{ "CAP_BPF", CAPABILITY(39) },
	{ "CAP_CHECKPOINT_RESTORE", CAPABILITY(40) },
	{},
};

/* The last four since 6.14. */
const struct name securebit_names[] = {
	{ "SECBIT_NOROOT", 0x1 },
	{ "SECBIT_NOROOT_LOCKED", 0x2 },
	{ "SECBIT_NO_SETUID_FIXUP", 0x4 },
	{ "SECBIT_NO_SETUID_FIXUP_LOCKED", 0x8 },
	{ "SECBIT_KEEP_CAPS", 0x10 },
	{ "SECBIT_KEEP_CAPS_LOCKED", 0x20 },
	{ "SECBIT_NO_CAP_AMBIENT_RAISE", 0x40 },
	{ "SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED", 0x80 },
	{ "SECBIT_EXEC_RESTRICT_FILE", 0x100 },
	{ "SECBIT_EXEC_RESTRICT_FILE_LOCKED", 0x200 },
	{ "SECBIT_EXEC_DENY_INTERACTIVE", 0x400 },
	{ "SECBIT_EXEC_DENY_INTERACTIVE_LOCKED", 0x800 },
	{},
};

const struct name personality_flag_names[] = {
	{ "UNAME26", 0x20000 },
	{ "ADDR_NO_RANDOMIZE", 0x40000 },
	{ "FDPIC_FUNCPTRS", 0x80000 },
	{ "MMAP_PAGE_ZERO", 0x100000 },
	{ "ADDR_COMPAT_LAYOUT", 0x200000 },
	{ "READ_IMPLIES_EXEC", 0x400000 },
	{ "ADDR_LIMIT_32BIT", 0x800000 },
	{ "SHORT_INODE", 0x1000000 },
	{ "WHOLE_SECONDS", 0x2000000 },
	{ "STICKY_TIMEOUTS", 0x4000000 },
	{ "ADDR_LIMIT_3GB", 0x8000000 },
	{},
};

/* include/linux/sched/coredump.h: these names are in no header for programs. */
const struct name dumpable_names[] = {
	{ "SUID_DUMP_DISABLE", 0 },
	{ "SUID_DUMP_USER", 1 },
	{ "SUID_DUMP_ROOT", 2 },
	{},
};

const struct name seccomp_mode_names[] = {
	{ "SECCOMP_MODE_DISABLED", 0 },
	{ "SECCOMP_MODE_STRICT", 1 },
	{ "SECCOMP_MODE_FILTER", 2 },
	{},
};

/* 10 is no longer used. */
const struct name clock_names[] = {
	{ "CLOCK_REALTIME", 0 },
	{ "CLOCK_MONOTONIC", 1 },
	{ "CLOCK_PROCESS_CPUTIME_ID", 2 },
	{ "CLOCK_THREAD_CPUTIME_ID", 3 },
	{ "CLOCK_MONOTONIC_RAW", 4 },
	{ "CLOCK_REALTIME_COARSE", 5 },
	{ "CLOCK_MONOTONIC_COARSE", 6 },
	{ "CLOCK_BOOTTIME", 7 },
	{ "CLOCK_REALTIME_ALARM", 8 },
	{ "CLOCK_BOOTTIME_ALARM", 9 },
	{ "CLOCK_SGI_CYCLE", 10 },
	{ "CLOCK_TAI", 11 },
	{},
};

const struct name itimer_names[] = {
	{ "ITIMER_REAL", 0 },
	{ "ITIMER_VIRTUAL", 1 },
	{ "ITIMER_PROF", 2 },
	{},
};

const struct name sched_policy_names[] = {
	{ "SCHED_OTHER", 0 }, { "SCHED_FIFO", 1 },     { "SCHED_RR", 2 },  { "SCHED_BATCH", 3 },
	{ "SCHED_IDLE", 5 },  { "SCHED_DEADLINE", 6 }, { "SCHED_EXT", 7 }, {},
};

const struct name sched_flag_names[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x1 },   { "SCHED_FLAG_RECLAIM", 0x2 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x4 },      { "SCHED_FLAG_KEEP_POLICY", 0x8 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 }, {},
};

const struct name ioprio_class_names[] = {
	{ "IOPRIO_CLASS_NONE", 0 },
	{ "IOPRIO_CLASS_RT", 1 },
	{ "IOPRIO_CLASS_BE", 2 },
	{ "IOPRIO_CLASS_IDLE", 3 },
	{},
};
