/* Processes: waiting, signals, credentials and the attributes that prctl sets. */
#include "args.h"
#include <malloc.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

static napi_value js_pidfd_open(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "pidfd_open");
  int pid = arg_int(&a, 0);
  if (a.failed) return NULL;
  long fd = syscall(SYS_pidfd_open, pid, 0);
  return fd >= 0 ? make_int(env, fd) : throw_errno(&a, errno, NULL);
}

static napi_value js_pidfd_send_signal(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "pidfd_send_signal");
  int fd = arg_int(&a, 0), number = arg_int(&a, 1);
  if (a.failed) return NULL;
  return syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

/* kill(pid, signal); a negative pid is a process group */
static napi_value js_kill(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "kill");
  int pid = arg_int(&a, 0), number = arg_int(&a, 1);
  if (a.failed) return NULL;
  return kill(pid, number) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

/* {pid, exitCode} or {pid, signal}, or undefined when nobody ended */
static napi_value describe(napi_env env, const siginfo_t *child) {
  if (child->si_pid == 0) return NULL;
  napi_value result = NULL;
  napi_create_object(env, &result);
  set_int(env, result, "pid", child->si_pid);
  set_int(env, result, child->si_code == CLD_EXITED ? "exitCode" : "signal", child->si_status);
  return result;
}

static int wait_for(idtype_t type, id_t id, int options, siginfo_t *child) {
  int result;
  do {
    child->si_pid = 0;
    result = waitid(type, id, child, WEXITED | options);
  } while (result != 0 && errno == EINTR);
  return result;
}

static napi_value js_wait_any(napi_env env, napi_callback_info info) {
  Args a;
  siginfo_t child;
  args_begin(&a, env, info, "waitid");
  if (wait_for(P_ALL, 0, WNOHANG, &child) == 0) return describe(env, &child);
  return errno == ECHILD ? NULL : throw_errno(&a, errno, NULL);
}

static napi_value js_wait_pid(napi_env env, napi_callback_info info) {
  Args a;
  siginfo_t child;
  args_begin(&a, env, info, "waitid");
  int pid = arg_int(&a, 0);
  bool blocking = arg_bool(&a, 1);
  if (a.failed) return NULL;
  if (wait_for(P_PID, (id_t)pid, blocking ? 0 : WNOHANG, &child) == 0) return describe(env, &child);
  return throw_errno(&a, errno, NULL);
}

static napi_value control(Args *a, int option, unsigned long value) {
  return prctl(option, value, 0, 0, 0) == 0 ? NULL : throw_errno(a, errno, NULL);
}

static napi_value js_set_subreaper(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "prctl");
  bool on = arg_bool(&a, 0);
  return a.failed ? NULL : control(&a, PR_SET_CHILD_SUBREAPER, on);
}

static napi_value js_set_parent_death_signal(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "prctl");
  int number = arg_int(&a, 0);
  return a.failed ? NULL : control(&a, PR_SET_PDEATHSIG, (unsigned long)number);
}

static napi_value js_set_no_new_privileges(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "prctl");
  return control(&a, PR_SET_NO_NEW_PRIVS, 1);
}

static napi_value js_setresuid(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "setresuid");
  uid_t real = arg_uint(&a, 0), effective = arg_uint(&a, 1), saved = arg_uint(&a, 2);
  if (a.failed) return NULL;
  return setresuid(real, effective, saved) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

static napi_value js_setresgid(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "setresgid");
  gid_t real = arg_uint(&a, 0), effective = arg_uint(&a, 1), saved = arg_uint(&a, 2);
  if (a.failed) return NULL;
  return setresgid(real, effective, saved) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

static napi_value js_setgroups(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "setgroups");
  uint32_t count = 0;
  if (a.argc < 1 || napi_get_array_length(env, a.argv[0], &count) != napi_ok || count > 65536) return throw_errno(&a, EINVAL, NULL);
  gid_t *groups = calloc(count + 1, sizeof *groups);
  if (groups == NULL) return throw_errno(&a, ENOMEM, NULL);
  bool valid = true;
  for (uint32_t i = 0; i < count && valid; i++) {
    napi_value element = NULL;
    int64_t group = 0;
    napi_get_element(env, a.argv[0], i, &element);
    valid = read_integer(env, element, 0, 4294967294.0, &group);
    groups[i] = (gid_t)group;
  }
  errno = EINVAL;
  int result = valid ? setgroups(count, groups) : -1, number = errno;
  free(groups);
  return result == 0 ? NULL : throw_errno(&a, number, NULL);
}

/* poll(fds, events, timeoutMs): the returned events of each; all 0 when the time is over or a signal came */
static napi_value js_poll(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "poll");
  struct pollfd entries[64];
  uint32_t count = 0;
  if (a.argc < 2 || napi_get_array_length(env, a.argv[0], &count) != napi_ok || count > 64) return throw_errno(&a, EINVAL, NULL);
  int timeout = arg_int(&a, 2);
  if (a.failed) return NULL;
  for (uint32_t i = 0; i < count; i++) {
    napi_value fd = NULL, events = NULL;
    int64_t fd_value = 0, events_value = 0;
    napi_get_element(env, a.argv[0], i, &fd);
    napi_get_element(env, a.argv[1], i, &events);
    if (!read_integer(env, fd, -1, INT32_MAX, &fd_value) || !read_integer(env, events, 0, INT16_MAX, &events_value)) {
      return throw_errno(&a, EINVAL, NULL);
    }
    entries[i] = (struct pollfd){.fd = (int)fd_value, .events = (short)events_value};
  }
  if (poll(entries, count, timeout) < 0 && errno != EINTR) return throw_errno(&a, errno, NULL);
  napi_value result = NULL;
  napi_create_array_with_length(env, count, &result);
  for (uint32_t i = 0; i < count; i++) napi_set_element(env, result, i, make_int(env, entries[i].revents));
  return result;
}

/* Ends the process without running Node's exit work, which costs some 3 ms. Nothing is flushed. */
static napi_value js_exit(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "_exit");
  int code = arg_int(&a, 0);
  if (a.failed) return NULL;
  _exit(code);
}

/* Gives free memory of the C heap back to the kernel, where the C library can. */
static napi_value js_trim_memory(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "malloc_trim");
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return NULL;
}

void register_processes(napi_env env, napi_value exports) {
  static const Export list[] = {
    {"pidfdOpen", js_pidfd_open}, {"pidfdSendSignal", js_pidfd_send_signal}, {"kill", js_kill}, {"waitAny", js_wait_any},
    {"waitPid", js_wait_pid}, {"setSubreaper", js_set_subreaper}, {"setParentDeathSignal", js_set_parent_death_signal},
    {"setNoNewPrivileges", js_set_no_new_privileges}, {"setresuid", js_setresuid}, {"setresgid", js_setresgid},
    {"setgroups", js_setgroups}, {"poll", js_poll}, {"exit", js_exit}, {"trimMemory", js_trim_memory},
  };
  EXPORT_ALL(env, exports, list);
}
