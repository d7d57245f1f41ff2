#define _GNU_SOURCE
#include "child.h"
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/* One is enough: the thread that uses it is suspended until the child has left it. */
static char stack[65536] __attribute__((aligned(16)));

static int fail(Child *child, const char *step, const char *object) {
  child->error = errno;
  child->step = step;
  child->object = object;
  return -1;
}

/* The handlers are Node's; one that ran here would run in its memory. Ignored signals (Node ignores PIPE) must not reach the program. */
static void reset_signals(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; number++) sigaction(number, &action, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

int set_loopback_up(void) {
  struct ifreq request;
  memset(&request, 0, sizeof request);
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int result = ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
  close(fd);
  return result;
}

/* Sources that lie where a copy must go are moved out of the way first, so any permutation works. */
static int place_descriptors(Child *child) {
  int count = (int)child->fd_count;
  for (int i = 0; i < count; i++) {
    if (child->fds[i] < 0 || child->fds[i] >= count || child->fds[i] == i) continue;
    int moved = fcntl(child->fds[i], F_DUPFD, count);
    if (moved < 0) return fail(child, "dup", NULL);
    child->fds[i] = moved;
  }
  for (int i = 0; i < count; i++) {
    if (child->fds[i] < 0) {
      close(i);
    } else if (child->fds[i] == i) {
      if (fcntl(i, F_SETFD, 0) != 0) return fail(child, "fcntl", NULL);
    } else if (dup2(child->fds[i], i) < 0) {
      return fail(child, "dup2", NULL);
    }
  }
  if (syscall(SYS_close_range, (unsigned)count, ~0U, 0) == 0) return 0;
  if (errno != ENOSYS) return fail(child, "close_range", NULL);
  long limit = sysconf(_SC_OPEN_MAX);
  for (int fd = count; fd < limit; fd++) close(fd);
  return 0;
}

/* Raw calls: those of the C library would change all threads of the process whose memory we are in. */
static int take_identity(Child *child) {
  if (child->set_groups && syscall(SYS_setgroups, child->group_count, child->groups) != 0) return fail(child, "setgroups", NULL);
  if (child->set_gid && syscall(SYS_setresgid, child->gid, child->gid, child->gid) != 0) return fail(child, "setresgid", NULL);
  if (child->set_uid && syscall(SYS_setresuid, child->uid, child->uid, child->uid) != 0) return fail(child, "setresuid", NULL);
  return 0;
}

static int prepare(Child *child) {
  if (child->new_session && setsid() < 0) return fail(child, "setsid", NULL);
  if (child->new_group && setpgid(0, 0) != 0) return fail(child, "setpgid", NULL);
  for (size_t i = 0; i < child->join_count; i++) {
    if (setns(child->joins[i], 0) != 0) return fail(child, "setns", NULL);
  }
  if (child->hostname != NULL && sethostname(child->hostname, strlen(child->hostname)) != 0) return fail(child, "sethostname", child->hostname);
  if (child->loopback_up && (errno = set_loopback_up()) != 0) return fail(child, "ioctl", "lo");
  if (child->root != NULL && (chroot(child->root) != 0 || chdir("/") != 0)) return fail(child, "chroot", child->root);
  if (child->cwd != NULL && chdir(child->cwd) != 0) return fail(child, "chdir", child->cwd);
  if (place_descriptors(child) != 0) return -1;
  if (child->terminal >= 0 && ioctl(child->terminal, TIOCSCTTY, 0) != 0) return fail(child, "ioctl", "TIOCSCTTY");
  if (take_identity(child) != 0) return -1;
  if (child->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(child, "prctl", NULL);
  /* After the identity: the kernel clears it when credentials change. */
  if (child->parent_death_signal > 0) {
    if (prctl(PR_SET_PDEATHSIG, child->parent_death_signal, 0, 0, 0) != 0) return fail(child, "prctl", NULL);
    /* The parent may have died before. Its pid is 0 to a child in a new pid namespace, which must look for itself. */
    if ((child->clone_flags & CLONE_NEWPID) == 0 && syscall(SYS_getppid) != child->parent) _exit(128 + child->parent_death_signal);
  }
  return 0;
}

static int child_main(void *argument) {
  Child *child = argument;
  reset_signals();
  if (prepare(child) == 0) {
    execve(child->file, child->argv, child->env);
    fail(child, "execve", child->file);
  }
  _exit(127);
}

/* No signal may be delivered to the child before it has put the handlers aside. */
static pid_t clone_waiting(int (*entry)(void *), void *argument, int flags) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = clone(entry, stack + sizeof stack, CLONE_VM | CLONE_VFORK | flags, argument);
  int number = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = number;
  return pid;
}

static void reap(pid_t pid) {
  while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
}

pid_t child_start(Child *child) {
  child->parent = getpid();
  child->error = 0;
  pid_t pid = clone_waiting(child_main, child, child->clone_flags | SIGCHLD);
  if (pid < 0) {
    fail(child, "clone", NULL);
    return -1;
  }
  if (child->error == 0) return pid;
  reap(pid);
  return -1;
}

typedef struct {
  int fd;
  int (*work)(void *);
  void *argument;
  int error;
} Visit;

static int visit_main(void *argument) {
  Visit *visit = argument;
  reset_signals();
  visit->error = setns(visit->fd, 0) == 0 ? visit->work(visit->argument) : errno;
  _exit(0);
}

int in_namespace(int fd, int (*work)(void *), void *argument) {
  Visit visit = {fd, work, argument, 0};
  /* No signal at its end, so that nobody mistakes it for a child of the pod. */
  pid_t pid = clone_waiting(visit_main, &visit, 0);
  if (pid < 0) return errno;
  reap(pid);
  return visit.error;
}
