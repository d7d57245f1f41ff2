/*
 * The first process of a pod: PID 1 of its pid namespace. It holds the namespaces and the pod's lock (descriptor 9), reaps what
 * is left to it, and ends with the process that started it, or by KILL. When it ends the kernel kills everything else in the
 * pid namespace, so the pod cannot outlive its supervisor.
 *
 *   pod-init PARENT     PARENT: pid of the starter, as /proc shows it
 *
 * No C library: a pod costs these few pages. Exit 3: the starter was dead before we could ask to be told.
 */
#include <stddef.h>

#if defined(__x86_64__)
enum { SYS_read = 0, SYS_open_at = 257, SYS_sigaction = 13, SYS_sigprocmask = 14, SYS_wait4 = 61, SYS_prctl = 157,
       SYS_close_range = 436, SYS_exit_group = 231, SYS_close = 3 };

static long call(long number, long a, long b, long c, long d) {
  register long r10 __asm__("r10") = d;
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}

__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start\n");
#elif defined(__aarch64__)
enum { SYS_read = 63, SYS_open_at = 56, SYS_sigaction = 134, SYS_sigprocmask = 135, SYS_wait4 = 260, SYS_prctl = 167,
       SYS_close_range = 436, SYS_exit_group = 94, SYS_close = 57 };

static long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = 0;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}

__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x0, sp\n  bl start\n");
#else
#error "pod-init knows x86-64 and arm64"
#endif

#define LOCK_FD 9
#define SIGKILL 9
#define SIGCHLD 17
#define SIG_IGN 1
#define PR_SET_PDEATHSIG 1
#define PR_SET_NAME 15
#define AT_FDCWD -100
#define WALL 0x40000000

struct kernel_sigaction {
  void *handler;
  unsigned long flags;
  void *restorer;
  unsigned long mask;
};

static void leave(int code) {
  for (;;) call(SYS_exit_group, code, 0, 0, 0);
}

static long number(const char *text) {
  long value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + (*text++ - '0');
  return value;
}

/*
 * Our parent's pid in the namespace of the /proc we were started with, 0 when unknown. getppid() is of no use here: a parent
 * outside the pid namespace is always 0 to us, alive or dead. The name in parentheses may hold anything, so search from its end.
 */
static long parent_pid(void) {
  char text[512];
  long fd = call(SYS_open_at, AT_FDCWD, (long)"/proc/self/stat", 0, 0);
  if (fd < 0) return 0;
  long length = call(SYS_read, fd, (long)text, sizeof text - 1, 0);
  call(SYS_close, fd, 0, 0, 0);
  if (length <= 0) return 0;
  text[length] = 0;
  while (length > 0 && text[length] != ')') length--;
  return length > 0 ? number(text + length + 4) : 0;
}

/* All but CHLD, whose handler ends the sleep below. After this only KILL and STOP from outside the pod have an effect. */
static void ignore_signals(void) {
  struct kernel_sigaction ignore = {(void *)SIG_IGN, 0, NULL, 0};
  unsigned long none = 0;
  for (int signal = 1; signal <= 64; signal++) {
    if (signal != SIGCHLD) call(SYS_sigaction, signal, (long)&ignore, 0, 8);
  }
  call(SYS_sigprocmask, 2 /* SIG_SETMASK */, (long)&none, 0, 8);
}

static void on_child(int signal) {
  (void)signal;
}

#if defined(__x86_64__)
__asm__(".globl restore\nrestore:\n  mov $15, %eax\n  syscall\n");
void restore(void);
#define SA_RESTORER 0x04000000UL
#define RESTORER ((void *)restore)
#else
#define SA_RESTORER 0UL
#define RESTORER NULL
#endif

/* Sleeps until a child may have ended. The signal is blocked but for the sleep itself, so none is missed. */
static void sleep_for_child(void) {
  unsigned long none = 0;
#if defined(__x86_64__)
  enum { SYS_rt_sigsuspend = 130 };
#else
  enum { SYS_rt_sigsuspend = 133 };
#endif
  call(SYS_rt_sigsuspend, (long)&none, 8, 0, 0);
}

__attribute__((used)) void start(long *stack) {
  long argc = stack[0];
  char **argv = (char **)(stack + 1);
  struct kernel_sigaction child = {(void *)on_child, SA_RESTORER, RESTORER, 0};
  unsigned long block_child = 1UL << (SIGCHLD - 1);

  ignore_signals();
  call(SYS_sigaction, SIGCHLD, (long)&child, 0, 8);
  call(SYS_sigprocmask, 2, (long)&block_child, 0, 8);
  call(SYS_prctl, PR_SET_NAME, (long)"rocket-pod", 0, 0);
  call(SYS_close_range, 0, LOCK_FD - 1, 0, 0);
  call(SYS_close_range, LOCK_FD + 1, ~0U, 0, 0);

  call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
  if (argc < 2 || parent_pid() != number(argv[1])) leave(3);

  for (;;) {
    long ended = call(SYS_wait4, -1, 0, WALL | 1 /* WNOHANG */, 0);
    if (ended <= 0) sleep_for_child();
  }
}
