/*
 * System calls without a libc: every one gives its result or -errno, uses no errno and no
 * thread-local memory, so the same code runs in the init program (which has no libc) and in
 * children that share the memory of a threaded caller. Must not know what it is used for.
 * Sources: syscall(2), syscalls(2), vdso(7), clone(2), and the kernel's headers.
 */
#pragma once

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)

static inline long sys_raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#elif defined(__aarch64__)

static inline long sys_raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

#elif defined(__riscv) && __riscv_xlen == 64

static inline long sys_raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long a7 __asm__("a7") = nr;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
			 : "memory");
	return a0;
}

#else
#error "sandbox/sys.h and sandbox/clone.c need the system call convention of this processor"
#endif

#define SYS_PICK(_0, _1, _2, _3, _4, _5, _6, n, ...) n
#define SYS_0(nr)                                    sys_raw(nr, 0, 0, 0, 0, 0, 0)
#define SYS_1(nr, a)                                 sys_raw(nr, (long)(a), 0, 0, 0, 0, 0)
#define SYS_2(nr, a, b)                              sys_raw(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define SYS_3(nr, a, b, c)                           sys_raw(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYS_4(nr, a, b, c, d)                        sys_raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS_5(nr, a, b, c, d, e)                                                               \
	sys_raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYS_6(nr, a, b, c, d, e, f)                                                            \
	sys_raw(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* sys(close, fd): the system call of that name; pointers and integers as they are. */
#define sys(...)                                                                               \
	SYS_PICK(__VA_ARGS__, SYS_6, SYS_5, SYS_4, SYS_3, SYS_2, SYS_1, SYS_0, )               \
	(__NR_##__VA_ARGS__)

/* Numbers that older headers lack; the same on every processor. */
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444
#define __NR_landlock_restrict_self  446
#endif

/*
 * clone(2) with a function: the child runs fn(arg) on the stack that ends at stack_end (16-byte
 * aligned) and exits with its result. ptid: pidfd or parent's tid; ctid: word the kernel clears
 * and wakes as a futex (CLONE_CHILD_CLEARTID). Result: pid or -errno.
 */
long sbx_clone_call(unsigned long flags, void *stack_end, int (*fn)(void *), void *arg,
		    int *ptid, int *ctid);

/* Texts and numbers, without libc. */
static inline size_t sys_strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

/* Append s to the NUL-terminated text in buf of size bytes; cut off when full. */
static inline char *sys_append(char *buf, size_t size, const char *s)
{
	size_t n = sys_strlen(buf);

	while (*s && n + 1 < size)
		buf[n++] = *s++;
	buf[n] = '\0';
	return buf;
}

/* Append v in decimal. */
static inline char *sys_append_number(char *buf, size_t size, unsigned long v)
{
	char digit[24];
	size_t i = sizeof(digit) - 1;

	digit[i] = '\0';
	do
		digit[--i] = (char)('0' + v % 10);
	while (v /= 10);
	return sys_append(buf, size, digit + i);
}
