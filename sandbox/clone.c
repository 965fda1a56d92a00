/*
 * clone(2) into a function, for children that share memory (CLONE_VM) and so cannot return
 * through the caller's stack frames. One piece of assembly per processor. Source: clone(2).
 */
#include "sandbox/sys.h"

long sbx_clone_call(unsigned long flags, void *stack_end, int (*fn)(void *), void *arg,
		    int *ptid, int *ctid)
{
	void **stack = stack_end;

	*--stack = arg;
	*--stack = (void *)(uintptr_t)fn;
#if defined(__x86_64__)
	register long r10 __asm__("r10") = (long)ctid;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "pop %%rax\n\t"
			 "pop %%rdi\n\t"
			 "call *%%rax\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(ret)
			 : "0"((long)__NR_clone), "D"(flags), "S"(stack), "d"(ptid), "r"(r10),
			   "r"(r8), [exit] "i"(__NR_exit)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = __NR_clone;
	register long x0 __asm__("x0") = (long)flags;
	register void *x1 __asm__("x1") = stack;
	register int *x2 __asm__("x2") = ptid;
	register long x3 __asm__("x3") = 0;
	register int *x4 __asm__("x4") = ctid;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "ldp x1, x0, [sp], #16\n\t"
			 "mov x29, #0\n\t"
			 "blr x1\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc #0\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [exit] "i"(__NR_exit)
			 : "memory");
	return x0;
#else
	register long a7 __asm__("a7") = __NR_clone;
	register long a0 __asm__("a0") = (long)flags;
	register void *a1 __asm__("a1") = stack;
	register int *a2 __asm__("a2") = ptid;
	register long a3 __asm__("a3") = 0;
	register int *a4 __asm__("a4") = ctid;

	__asm__ volatile("ecall\n\t"
			 "bnez a0, 1f\n\t"
			 "ld a1, 0(sp)\n\t"
			 "ld a0, 8(sp)\n\t"
			 "addi sp, sp, 16\n\t"
			 "li s0, 0\n\t"
			 "jalr a1\n\t"
			 "li a7, %[exit]\n\t"
			 "ecall\n\t"
			 "ebreak\n"
			 "1:"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), [exit] "i"(__NR_exit)
			 : "memory");
	return a0;
#endif
}
