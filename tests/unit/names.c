/* SPDX-License-Identifier: MIT */
/* The numbers in the name tables are those of the kernel's own headers. */
#include "format/names.h"

#include <asm-generic/resource.h>
#include <asm/termbits.h>
#include <linux/auxvec.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/ioprio.h>
#include <linux/mman.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include <asm-generic/signal-defs.h>

#include "kernel/proc_maps.h"
#include "tests/unit/test.h"

/*
 * Left out are names that the headers of Debian 12 lack (newer ones, those of other architectures),
 * and those whose headers cannot stand beside the C library's.
 */
#define SAME(name)                                                                                 \
	{                                                                                          \
#name, (uint64_t)(name)                                                            \
	}
#define BIT(name)                                                                                  \
	{                                                                                          \
#name, UINT64_C(1) << (name)                                                       \
	}

static const struct name header_signal_names[] = {
	SAME(SIGHUP),  SAME(SIGINT),	SAME(SIGQUIT), SAME(SIGILL),
	SAME(SIGTRAP), SAME(SIGABRT),	SAME(SIGBUS),  SAME(SIGFPE),
	SAME(SIGKILL), SAME(SIGUSR1),	SAME(SIGSEGV), SAME(SIGUSR2),
	SAME(SIGPIPE), SAME(SIGALRM),	SAME(SIGTERM), SAME(SIGSTKFLT),
	SAME(SIGCHLD), SAME(SIGCONT),	SAME(SIGSTOP), SAME(SIGTSTP),
	SAME(SIGTTIN), SAME(SIGTTOU),	SAME(SIGURG),  SAME(SIGXCPU),
	SAME(SIGXFSZ), SAME(SIGVTALRM), SAME(SIGPROF), SAME(SIGWINCH),
	SAME(SIGIO),   SAME(SIGPWR),	SAME(SIGSYS),  {},
};

static const struct name header_sigaction_flag_names[] = {
	SAME(SA_NOCLDSTOP),	 SAME(SA_NOCLDWAIT),
	SAME(SA_SIGINFO),	 SAME(SA_UNSUPPORTED),
	SAME(SA_EXPOSE_TAGBITS), SAME(SA_ONSTACK),
	SAME(SA_RESTART),	 SAME(SA_NODEFER),
	SAME(SA_RESETHAND),	 {},
};

static const struct name header_sigaltstack_flag_names[] = {
	SAME(SS_ONSTACK),
	SAME(SS_DISABLE),
	{},
};

static const struct name header_sigev_notify_names[] = {
	SAME(SIGEV_SIGNAL), SAME(SIGEV_NONE), SAME(SIGEV_THREAD), SAME(SIGEV_THREAD_ID), {},
};

static const struct name header_open_flag_names[] = {
	SAME(O_CREAT),
	SAME(O_EXCL),
	SAME(O_NOCTTY),
	SAME(O_TRUNC),
	SAME(O_APPEND),
	SAME(O_NONBLOCK),
	SAME(O_DSYNC),
	SAME(O_DIRECT),
	SAME(O_LARGEFILE),
	SAME(O_DIRECTORY),
	SAME(O_NOFOLLOW),
	SAME(O_NOATIME),
	SAME(O_CLOEXEC),
	SAME(__O_SYNC),
	SAME(O_PATH),
	SAME(__O_TMPFILE),
	{},
};

static const struct name header_seal_names[] = {
	SAME(F_SEAL_SEAL),  SAME(F_SEAL_SHRINK),       SAME(F_SEAL_GROW),
	SAME(F_SEAL_WRITE), SAME(F_SEAL_FUTURE_WRITE), {},
};

static const struct name header_mmap_prot_names[] = {
	SAME(PROT_READ),
	SAME(PROT_WRITE),
	SAME(PROT_EXEC),
	SAME(PROT_SEM),
	SAME(PROT_GROWSDOWN),
	SAME(PROT_GROWSUP),
	{},
};

static const struct name header_auxv_names[] = {
	SAME(AT_NULL),	      SAME(AT_IGNORE),
	SAME(AT_EXECFD),      SAME(AT_PHDR),
	SAME(AT_PHENT),	      SAME(AT_PHNUM),
	SAME(AT_PAGESZ),      SAME(AT_BASE),
	SAME(AT_FLAGS),	      SAME(AT_ENTRY),
	SAME(AT_NOTELF),      SAME(AT_UID),
	SAME(AT_EUID),	      SAME(AT_GID),
	SAME(AT_EGID),	      SAME(AT_PLATFORM),
	SAME(AT_HWCAP),	      SAME(AT_CLKTCK),
	SAME(AT_SECURE),      SAME(AT_BASE_PLATFORM),
	SAME(AT_RANDOM),      SAME(AT_HWCAP2),
	SAME(AT_EXECFN),      SAME(AT_SYSINFO_EHDR),
	SAME(AT_MINSIGSTKSZ), {},
};

static const struct name header_clone_flag_names[] = {
	SAME(CLONE_NEWTIME),
	SAME(CLONE_VM),
	SAME(CLONE_FS),
	SAME(CLONE_FILES),
	SAME(CLONE_SIGHAND),
	SAME(CLONE_PIDFD),
	SAME(CLONE_PTRACE),
	SAME(CLONE_VFORK),
	SAME(CLONE_PARENT),
	SAME(CLONE_THREAD),
	SAME(CLONE_NEWNS),
	SAME(CLONE_SYSVSEM),
	SAME(CLONE_SETTLS),
	SAME(CLONE_PARENT_SETTID),
	SAME(CLONE_CHILD_CLEARTID),
	SAME(CLONE_DETACHED),
	SAME(CLONE_UNTRACED),
	SAME(CLONE_CHILD_SETTID),
	SAME(CLONE_NEWCGROUP),
	SAME(CLONE_NEWUTS),
	SAME(CLONE_NEWIPC),
	SAME(CLONE_NEWUSER),
	SAME(CLONE_NEWPID),
	SAME(CLONE_NEWNET),
	SAME(CLONE_IO),
	SAME(CLONE_CLEAR_SIGHAND),
	SAME(CLONE_INTO_CGROUP),
	{},
};

static const struct name header_rlimit_names[] = {
	SAME(RLIMIT_CPU),
	SAME(RLIMIT_FSIZE),
	SAME(RLIMIT_DATA),
	SAME(RLIMIT_STACK),
	SAME(RLIMIT_CORE),
	SAME(RLIMIT_RSS),
	SAME(RLIMIT_NPROC),
	SAME(RLIMIT_NOFILE),
	SAME(RLIMIT_MEMLOCK),
	SAME(RLIMIT_AS),
	SAME(RLIMIT_LOCKS),
	SAME(RLIMIT_SIGPENDING),
	SAME(RLIMIT_MSGQUEUE),
	SAME(RLIMIT_NICE),
	SAME(RLIMIT_RTPRIO),
	SAME(RLIMIT_RTTIME),
	{},
};

static const struct name header_capability_names[] = {
	BIT(CAP_CHOWN),
	BIT(CAP_DAC_OVERRIDE),
	BIT(CAP_DAC_READ_SEARCH),
	BIT(CAP_FOWNER),
	BIT(CAP_FSETID),
	BIT(CAP_KILL),
	BIT(CAP_SETGID),
	BIT(CAP_SETUID),
	BIT(CAP_SETPCAP),
	BIT(CAP_LINUX_IMMUTABLE),
	BIT(CAP_NET_BIND_SERVICE),
	BIT(CAP_NET_BROADCAST),
	BIT(CAP_NET_ADMIN),
	BIT(CAP_NET_RAW),
	BIT(CAP_IPC_LOCK),
	BIT(CAP_IPC_OWNER),
	BIT(CAP_SYS_MODULE),
	BIT(CAP_SYS_RAWIO),
	BIT(CAP_SYS_CHROOT),
	BIT(CAP_SYS_PTRACE),
	BIT(CAP_SYS_PACCT),
	BIT(CAP_SYS_ADMIN),
	BIT(CAP_SYS_BOOT),
	BIT(CAP_SYS_NICE),
	BIT(CAP_SYS_RESOURCE),
	BIT(CAP_SYS_TIME),
	BIT(CAP_SYS_TTY_CONFIG),
	BIT(CAP_MKNOD),
	BIT(CAP_LEASE),
	BIT(CAP_AUDIT_WRITE),
	BIT(CAP_AUDIT_CONTROL),
	BIT(CAP_SETFCAP),
	BIT(CAP_MAC_OVERRIDE),
	BIT(CAP_MAC_ADMIN),
	BIT(CAP_SYSLOG),
	BIT(CAP_WAKE_ALARM),
	BIT(CAP_BLOCK_SUSPEND),
	BIT(CAP_AUDIT_READ),
	BIT(CAP_PERFMON),
	BIT(CAP_BPF),
	BIT(CAP_CHECKPOINT_RESTORE),
	{},
};

static const struct name header_securebit_names[] = {
	SAME(SECBIT_NOROOT),
	SAME(SECBIT_NOROOT_LOCKED),
	SAME(SECBIT_NO_SETUID_FIXUP),
	SAME(SECBIT_NO_SETUID_FIXUP_LOCKED),
	SAME(SECBIT_KEEP_CAPS),
	SAME(SECBIT_KEEP_CAPS_LOCKED),
	SAME(SECBIT_NO_CAP_AMBIENT_RAISE),
	SAME(SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED),
	{},
};

static const struct name header_personality_flag_names[] = {
	SAME(UNAME26),		SAME(ADDR_NO_RANDOMIZE),  SAME(FDPIC_FUNCPTRS),
	SAME(MMAP_PAGE_ZERO),	SAME(ADDR_COMPAT_LAYOUT), SAME(READ_IMPLIES_EXEC),
	SAME(ADDR_LIMIT_32BIT), SAME(SHORT_INODE),	  SAME(WHOLE_SECONDS),
	SAME(STICKY_TIMEOUTS),	SAME(ADDR_LIMIT_3GB),	  {},
};

static const struct name header_seccomp_mode_names[] = {
	SAME(SECCOMP_MODE_DISABLED),
	SAME(SECCOMP_MODE_STRICT),
	SAME(SECCOMP_MODE_FILTER),
	{},
};

static const struct name header_clock_names[] = {
	SAME(CLOCK_REALTIME),	       SAME(CLOCK_MONOTONIC),	  SAME(CLOCK_PROCESS_CPUTIME_ID),
	SAME(CLOCK_THREAD_CPUTIME_ID), SAME(CLOCK_MONOTONIC_RAW), SAME(CLOCK_REALTIME_COARSE),
	SAME(CLOCK_MONOTONIC_COARSE),  SAME(CLOCK_BOOTTIME),	  SAME(CLOCK_REALTIME_ALARM),
	SAME(CLOCK_BOOTTIME_ALARM),    SAME(CLOCK_TAI),		  {},
};

static const struct name header_itimer_names[] = {
	SAME(ITIMER_REAL),
	SAME(ITIMER_VIRTUAL),
	SAME(ITIMER_PROF),
	{},
};

static const struct name header_sched_policy_names[] = {
	SAME(SCHED_FIFO), SAME(SCHED_RR),	SAME(SCHED_BATCH),
	SAME(SCHED_IDLE), SAME(SCHED_DEADLINE), {},
};

static const struct name header_sched_flag_names[] = {
	SAME(SCHED_FLAG_RESET_ON_FORK),	 SAME(SCHED_FLAG_RECLAIM),
	SAME(SCHED_FLAG_DL_OVERRUN),	 SAME(SCHED_FLAG_KEEP_POLICY),
	SAME(SCHED_FLAG_KEEP_PARAMS),	 SAME(SCHED_FLAG_UTIL_CLAMP_MIN),
	SAME(SCHED_FLAG_UTIL_CLAMP_MAX), {},
};

static const struct name header_ioprio_class_names[] = {
	SAME(IOPRIO_CLASS_NONE),
	SAME(IOPRIO_CLASS_RT),
	SAME(IOPRIO_CLASS_BE),
	SAME(IOPRIO_CLASS_IDLE),
	{},
};

static const struct name header_tty_iflag_names[] = {
	SAME(IGNBRK), SAME(BRKINT),  SAME(IGNPAR), SAME(PARMRK), SAME(INPCK), SAME(ISTRIP),
	SAME(INLCR),  SAME(IGNCR),   SAME(ICRNL),  SAME(IUCLC),	 SAME(IXON),  SAME(IXANY),
	SAME(IXOFF),  SAME(IMAXBEL), SAME(IUTF8),  {},
};

static const struct name header_tty_oflag_names[] = {
	SAME(OPOST), SAME(OLCUC), SAME(ONLCR), SAME(OCRNL), SAME(ONOCR), SAME(ONLRET),
	SAME(OFILL), SAME(OFDEL), SAME(NL1),   SAME(CR1),   SAME(CR2),	 SAME(TAB1),
	SAME(TAB2),  SAME(BS1),	  SAME(VT1),   SAME(FF1),   {},
};

static const struct name header_tty_cflag_names[] = {
	SAME(CSTOPB), SAME(CREAD), SAME(PARENB), SAME(PARODD),	SAME(HUPCL),
	SAME(CLOCAL), SAME(ADDRB), SAME(CMSPAR), SAME(CRTSCTS), {},
};

static const struct name header_tty_lflag_names[] = {
	SAME(ISIG),    SAME(ICANON), SAME(XCASE),  SAME(ECHO),	 SAME(ECHOE),
	SAME(ECHOK),   SAME(ECHONL), SAME(NOFLSH), SAME(TOSTOP), SAME(ECHOCTL),
	SAME(ECHOPRT), SAME(ECHOKE), SAME(FLUSHO), SAME(PENDIN), SAME(IEXTEN),
	SAME(EXTPROC), {},
};

static const struct name header_tty_size_names[] = {
	SAME(CS5), SAME(CS6), SAME(CS7), SAME(CS8), {},
};

static const struct name header_tty_speed_names[] = {
	SAME(B0),	SAME(B50),	SAME(B75),
	SAME(B110),	SAME(B134),	SAME(B150),
	SAME(B200),	SAME(B300),	SAME(B600),
	SAME(B1200),	SAME(B1800),	SAME(B2400),
	SAME(B4800),	SAME(B9600),	SAME(B19200),
	SAME(B38400),	SAME(BOTHER),	SAME(B57600),
	SAME(B115200),	SAME(B230400),	SAME(B460800),
	SAME(B500000),	SAME(B576000),	SAME(B921600),
	SAME(B1000000), SAME(B1152000), SAME(B1500000),
	SAME(B2000000), SAME(B2500000), SAME(B3000000),
	SAME(B3500000), SAME(B4000000), {},
};

static const struct name header_tty_control_char_names[] = {
	SAME(VINTR),	SAME(VQUIT),	SAME(VERASE),  SAME(VKILL),  SAME(VEOF),  SAME(VTIME),
	SAME(VMIN),	SAME(VSWTC),	SAME(VSTART),  SAME(VSTOP),  SAME(VSUSP), SAME(VEOL),
	SAME(VREPRINT), SAME(VDISCARD), SAME(VWERASE), SAME(VLNEXT), SAME(VEOL2), {},
};

#define ROW(table)                                                                                 \
	{                                                                                          \
#table, table, header_##table                                                      \
	}
#define FLAG_ROW(table)                                                                            \
	{                                                                                          \
#table, table                                                                      \
	}

static const struct {
	const char *name;
	const struct name *table;
	const struct name *header;
} tables[] = {
	ROW(signal_names),
	ROW(sigaction_flag_names),
	ROW(sigaltstack_flag_names),
	ROW(sigev_notify_names),
	ROW(open_flag_names),
	ROW(seal_names),
	ROW(mmap_prot_names),
	ROW(auxv_names),
	ROW(clone_flag_names),
	ROW(rlimit_names),
	ROW(capability_names),
	ROW(securebit_names),
	ROW(personality_flag_names),
	ROW(seccomp_mode_names),
	ROW(clock_names),
	ROW(itimer_names),
	ROW(sched_policy_names),
	ROW(sched_flag_names),
	ROW(ioprio_class_names),
	ROW(tty_iflag_names),
	ROW(tty_oflag_names),
	ROW(tty_cflag_names),
	ROW(tty_lflag_names),
	ROW(tty_size_names),
	ROW(tty_speed_names),
	ROW(tty_control_char_names),
};

static void test_headers(void)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		for (const struct name *want = tables[i].header; want->name; want++) {
			uint64_t value = ~want->value;

			CHECK(name_value(tables[i].table, want->name, &value) == 0, "%s: %s",
			      tables[i].name, want->name);
			CHECK(value == want->value, "%s: %s is 0x%jx, header 0x%jx", tables[i].name,
			      want->name, (uintmax_t)value, (uintmax_t)want->value);
		}
	}
}

/* Every name and every value once, or the way back would be lost. */
static void check_unique(const char *table, const struct name *names)
{
	for (const struct name *a = names; a->name; a++) {
		for (const struct name *b = a + 1; b->name; b++)
			CHECK(strcmp(a->name, b->name) != 0 && a->value != b->value, "%s: %s, %s",
			      table, a->name, b->name);
	}
}

static void check_bits(const char *table, const struct name *names)
{
	for (const struct name *a = names; a->name; a++)
		CHECK(a->value && !(a->value & (a->value - 1)), "%s: %s", table, a->name);
}

static const struct {
	const char *name;
	const struct name *table;
} flag_tables[] = {
	FLAG_ROW(signal_set_names),
	FLAG_ROW(sigaction_flag_names),
	FLAG_ROW(sigaltstack_flag_names),
	FLAG_ROW(open_flag_names),
	FLAG_ROW(seal_names),
	FLAG_ROW(mmap_prot_names),
	FLAG_ROW(vm_flag_names),
	FLAG_ROW(clone_flag_names),
	FLAG_ROW(capability_names),
	FLAG_ROW(securebit_names),
	FLAG_ROW(personality_flag_names),
	FLAG_ROW(sched_flag_names),
	FLAG_ROW(tty_iflag_names),
	FLAG_ROW(tty_oflag_names),
	FLAG_ROW(tty_cflag_names),
	FLAG_ROW(tty_lflag_names),

};

static void test_shape(void)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		check_unique(tables[i].name, tables[i].table);
	for (size_t i = 0; i < sizeof(flag_tables) / sizeof(*flag_tables); i++) {
		check_unique(flag_tables[i].name, flag_tables[i].table);
		check_bits(flag_tables[i].name, flag_tables[i].table);
	}
}

static void test_signals(void)
{
	for (unsigned n = 1; n <= 64; n++) {
		const char *name = name_of(signal_names, n);

		CHECK(name, "%u", n);
		CHECK_STR(name, name_of(signal_set_names, UINT64_C(1) << (n - 1)));
	}
	CHECK_STR(name_of(signal_names, 64), "SIGRT64");
	CHECK(!name_of(signal_names, 0) && !name_of(signal_names, 65));
}

/* The kernel's letters in the image are those of the parser. */
static void test_vm_flags(void)
{
	for (int i = 0; i < MAP_FLAG_COUNT; i++)
		CHECK_STR(name_of(vm_flag_names, UINT64_C(1) << i), map_flag_letters[i]);
	CHECK(!name_of(vm_flag_names, UINT64_C(1) << MAP_FLAG_COUNT));
}

/* What c_cflag is made of covers it, without overlap. */
static void test_cflag(void)
{
	CHECK(NAMES_TTY_SPEED_MASK == CBAUD && NAMES_TTY_SIZE_MASK == CSIZE);
	CHECK(NAMES_TTY_INPUT_SHIFT == IBSHIFT);
	CHECK(NAMES_TTY_SPEED_MASK << NAMES_TTY_INPUT_SHIFT == CIBAUD);
	for (const struct name *flag = tty_cflag_names; flag->name; flag++)
		CHECK((flag->value & NAMES_TTY_CFLAG_MASK) == flag->value, "%s", flag->name);
	for (const struct name *speed = tty_speed_names; speed->name; speed++)
		CHECK((speed->value & NAMES_TTY_SPEED_MASK) == speed->value, "%s", speed->name);
	CHECK(CR3 == (CR1 | CR2) && TAB3 == (TAB1 | TAB2) && XTABS == TAB3);
}

/* Names whose headers do not go with the others. */
static void test_others(void)
{
	uint64_t value;

	CHECK(name_value(open_flag_names, "O_ASYNC", &value) == 0 && value == FASYNC);
	CHECK(name_value(sched_policy_names, "SCHED_OTHER", &value) == 0 && value == SCHED_NORMAL);
	CHECK(O_SYNC == (__O_SYNC | O_DSYNC) && O_TMPFILE == (__O_TMPFILE | O_DIRECTORY));
	CHECK_STR(name_of(open_access_names, O_RDONLY), "read_only");
	CHECK_STR(name_of(open_access_names, O_WRONLY), "write_only");
	CHECK_STR(name_of(open_access_names, O_RDWR), "read_write");
	CHECK(NAMES_OPEN_ACCESS_MASK == O_ACCMODE);
}

int main(void)
{
	test_headers();
	test_shape();
	test_signals();
	test_vm_flags();
	test_cflag();
	test_others();
	return test_done("names");
}
