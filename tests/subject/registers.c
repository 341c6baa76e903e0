/* SPDX-License-Identifier: MIT */
/* Patterns in every register that a loop without calls holds across the dump: general registers,
 * direction flag, x87 stack and control word, MXCSR, and the widest vector registers there are. */
#include "tests/subject/subject.h"

#include <stddef.h>

#define ALIGN __attribute__((aligned(64)))

/* What spin_*() loads, and what it found afterwards. */
struct registers {
	uint8_t vectors[32][64];
	uint64_t masks[8];
	uint64_t general[16]; /* rax rbx rcx rdx rsi rdi rbp r8-r15 rflags */
	uint8_t x87[8][16];
	uint32_t mxcsr;
	uint16_t control;
} ALIGN;

struct registers loaded ALIGN, found ALIGN;
int stop;
static volatile sig_atomic_t signalled;

/* offsetof() for the assembler. */
#define VECTORS "0"
#define MASKS	"2048"
#define GENERAL "2112"
#define X87	"2240"
#define MXCSR	"2368"
#define CONTROL "2372"

_Static_assert(offsetof(struct registers, masks) == 2048, "MASKS");
_Static_assert(offsetof(struct registers, general) == 2112, "GENERAL");
_Static_assert(offsetof(struct registers, x87) == 2240, "X87");
_Static_assert(offsetof(struct registers, mxcsr) == 2368, "MXCSR");
_Static_assert(offsetof(struct registers, control) == 2372, "CONTROL");

#define LIST15 "rax,rbx,rcx,rdx,rsi,rdi,rbp,r8,r9,r10,r11,r12,r13,r14,r15"

/* load and store move the vector registers: `n` counts them, `o` is the offset of each. */
#define SPIN(name, load, store)                                                                    \
	__asm__(".text\n.globl " name "\n.type " name ", @function\n" name ":\n"                   \
		"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"               \
		"fninit\n fldcw loaded+" CONTROL "(%rip)\n ldmxcsr loaded+" MXCSR "(%rip)\n"       \
		".irp i,7,6,5,4,3,2,1,0\n fldt loaded+" X87 "+16*\\i(%rip)\n .endr\n" load         \
		".set o, 0\n"                                                                      \
		".irp r," LIST15 "\n mov loaded+" GENERAL "+o(%rip), %\\r\n .set o, o+8\n .endr\n" \
		"std\n"                                                                            \
		"1: cmpl $0, stop(%rip)\n je 1b\n"                                                 \
		".set o, 0\n"                                                                      \
		".irp r," LIST15 "\n mov %\\r, found+" GENERAL "+o(%rip)\n .set o, o+8\n .endr\n"  \
		"pushfq\n popq found+" GENERAL "+120(%rip)\n cld\n" store "stmxcsr found+" MXCSR   \
		"(%rip)\n fnstcw found+" CONTROL "(%rip)\n"                                        \
		".irp i,0,1,2,3,4,5,6,7\n fstpt found+" X87 "+16*\\i(%rip)\n .endr\n"              \
		"fninit\n"                                                                         \
		"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n ret\n")

#define LIST16 "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define LIST32 LIST16 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

SPIN("spin_sse", ".irp i," LIST16 "\n movups loaded+64*\\i(%rip), %xmm\\i\n .endr\n",
     ".irp i," LIST16 "\n movups %xmm\\i, found+64*\\i(%rip)\n .endr\n");
SPIN("spin_avx", ".irp i," LIST16 "\n vmovups loaded+64*\\i(%rip), %ymm\\i\n .endr\n",
     ".irp i," LIST16 "\n vmovups %ymm\\i, found+64*\\i(%rip)\n .endr\n vzeroupper\n");
SPIN("spin_avx512",
     ".irp i," LIST32 "\n vmovups loaded+64*\\i(%rip), %zmm\\i\n .endr\n"
     ".irp i,0,1,2,3,4,5,6,7\n kmovq loaded+" MASKS "+8*\\i(%rip), %k\\i\n .endr\n",
     ".irp i," LIST32 "\n vmovups %zmm\\i, found+64*\\i(%rip)\n .endr\n"
     ".irp i,0,1,2,3,4,5,6,7\n kmovq %k\\i, found+" MASKS "+8*\\i(%rip)\n .endr\n vzeroupper\n");

void spin_sse(void);
void spin_avx(void);
void spin_avx512(void);

static void (*spin)(void) = spin_sse;

static void on_signal(int number)
{
	signalled = number;
	stop = 1;
}

static void look(struct view *view, void *state)
{
	static const char *const names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
					     "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };

	(void)state;
	for (int i = 0; i < 15; i++)
		view_hex(view, names[i], found.general[i]);
	view_bool(view, "direction", found.general[15] & 0x400);
	view_hex(view, "mxcsr", found.mxcsr);
	view_hex(view, "control", found.control);
	view_hash(view, "vectors", found.vectors, sizeof(found.vectors));
	view_hash(view, "masks", found.masks, sizeof(found.masks));
	view_hash(view, "x87", found.x87, sizeof(found.x87));
	view_str(view, "width", spin == spin_avx512 ? "512" : spin == spin_avx ? "256" : "128");
}

static void fill(void)
{
	uint8_t *at = (uint8_t *)&loaded;

	for (size_t i = 0; i < sizeof(loaded); i++)
		at[i] = (uint8_t)(i * 37 + (i >> 8) * 11 + 1);
	for (int i = 0; i < 8; i++) {
		long double x = 1.0L / (3 + i);

		memset(loaded.x87[i], 0, 16);
		memcpy(loaded.x87[i], &x, 10);
	}
	loaded.mxcsr = 0x1f80 | 0x6000 | 0x21; /* round to zero, two exceptions noted */
	loaded.control = 0x0c7f | 0x0200;      /* truncate, double precision */
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
		spin = spin_avx512;
	else if (__builtin_cpu_supports("avx"))
		spin = spin_avx;
	fill();
	stop = 1;
	spin();
	subject_show(look, NULL);
	memset(&found, 0, sizeof(found));
	stop = 0;
	MUST(sigaction(SIGUSR1, &action, NULL) == 0);
	subject_say("ready");
	spin();
	MUST(signalled == SIGUSR1);
	subject_show(look, NULL);
	subject_say("done");
	return 0;
}
