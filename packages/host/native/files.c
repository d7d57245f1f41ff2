/* Files by descriptor and name: what the unpacker and the locks need and Node's fs does not have. */
#include "files.h"
#include "later.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#define CLOSE_RANGE_MARK_CLOEXEC 4

static napi_value js_flock(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "flock");
  int fd = arg_int(&a, 0), operation = arg_int(&a, 1), result;
  if (a.failed) return NULL;
  do result = flock(fd, operation);
  while (result != 0 && errno == EINTR);
  return result == 0 ? NULL : throw_errno(&a, errno, NULL);
}

static napi_value js_set_cloexec(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "fcntl");
  int fd = arg_int(&a, 0);
  bool on = arg_bool(&a, 1);
  if (a.failed) return NULL;
  return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

static napi_value js_set_nonblocking(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "fcntl");
  int fd = arg_int(&a, 0);
  bool on = arg_bool(&a, 1);
  if (a.failed) return NULL;
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return throw_errno(&a, errno, NULL);
  flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  return fcntl(fd, F_SETFL, flags) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

/* dup(from, to | -1 for the lowest free one above 2, cloexec) */
static napi_value js_dup(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "dup");
  int from = arg_int(&a, 0), to = arg_int(&a, 1);
  bool cloexec = arg_bool(&a, 2);
  if (a.failed) return NULL;
  int fd;
  if (to < 0) {
    fd = fcntl(from, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, 3);
  } else if (to == from) {
    fd = fcntl(from, F_SETFD, cloexec ? FD_CLOEXEC : 0) == 0 ? from : -1;
  } else {
    fd = dup3(from, to, cloexec ? O_CLOEXEC : 0);
  }
  return fd >= 0 ? make_int(env, fd) : throw_errno(&a, errno, NULL);
}

/* closeRange(first, last | -1 for all, markOnly): closes, or with markOnly sets close-on-exec. Kernels before 5.11 lack the latter. */
static napi_value js_close_range(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "close_range");
  int first = arg_int(&a, 0), last = arg_int(&a, 1);
  bool mark_only = arg_bool(&a, 2);
  if (a.failed) return NULL;
  if (syscall(SYS_close_range, (unsigned)first, last < 0 ? ~0U : (unsigned)last, mark_only ? CLOSE_RANGE_MARK_CLOEXEC : 0) == 0) return NULL;
  return throw_errno(&a, errno, NULL);
}

int open_scoped(int dirfd, const char *path, const struct open_how *how) {
  long fd = -1;
  for (int tries = 0; fd < 0 && tries < 128; tries++) {
    fd = syscall(SYS_openat2, dirfd, path, how, sizeof *how);
    if (fd < 0 && errno != EAGAIN && errno != EINTR) break;
  }
  return (int)fd;
}

static napi_value open_by(Args *a, bool may_be_missing) {
  int dirfd = arg_int(a, 0);
  const char *path = arg_text(a, 1);
  struct open_how how = {.flags = arg_uint(a, 2) | O_CLOEXEC, .mode = arg_uint(a, 3), .resolve = arg_uint(a, 4)};
  if (a->failed) return NULL;
  int fd = open_scoped(dirfd, path, &how);
  return fd >= 0 || (may_be_missing && errno == ENOENT) ? make_int(a->env, fd) : throw_errno(a, errno, path);
}

static napi_value js_openat2(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "openat2");
  return open_by(&a, false);
}

/* The same, with -1 for ENOENT: where that is usual, an exception would be most of the cost. */
static napi_value js_open_if_there(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "openat2");
  return open_by(&a, true);
}

static napi_value js_mkdirat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "mkdirat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  mode_t mode = arg_uint(&a, 2);
  if (a.failed) return NULL;
  return mkdirat(dirfd, name, mode) == 0 ? NULL : throw_errno(&a, errno, name);
}

/* mknodat(dirfd, name, mode with its type bits, major, minor) */
static napi_value js_mknodat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "mknodat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  mode_t mode = arg_uint(&a, 2);
  unsigned major_number = arg_uint(&a, 3), minor_number = arg_uint(&a, 4);
  if (a.failed) return NULL;
  return mknodat(dirfd, name, mode, makedev(major_number, minor_number)) == 0 ? NULL : throw_errno(&a, errno, name);
}

/* symlinkat(target, dirfd, name) */
static napi_value js_symlinkat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "symlinkat");
  const char *target = arg_text(&a, 0);
  int dirfd = arg_int(&a, 1);
  const char *name = arg_text(&a, 2);
  if (a.failed) return NULL;
  return symlinkat(target, dirfd, name) == 0 ? NULL : throw_errno(&a, errno, name);
}

/* linkat(fromDirfd, fromName, toDirfd, toName, flags) */
static napi_value js_linkat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "linkat");
  int from = arg_int(&a, 0);
  const char *from_name = arg_text(&a, 1);
  int to = arg_int(&a, 2);
  const char *to_name = arg_text(&a, 3);
  int flags = arg_int(&a, 4);
  if (a.failed) return NULL;
  return linkat(from, from_name, to, to_name, flags) == 0 ? NULL : throw_errno(&a, errno, to_name);
}

static napi_value js_unlinkat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "unlinkat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  int flags = arg_int(&a, 2);
  if (a.failed) return NULL;
  return unlinkat(dirfd, name, flags) == 0 ? NULL : throw_errno(&a, errno, name);
}

/* renameat2(fromDirfd, fromName, toDirfd, toName, flags) */
static napi_value js_renameat2(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "renameat2");
  int from = arg_int(&a, 0);
  const char *from_name = arg_text(&a, 1);
  int to = arg_int(&a, 2);
  const char *to_name = arg_text(&a, 3);
  unsigned flags = arg_uint(&a, 4);
  if (a.failed) return NULL;
  return syscall(SYS_renameat2, from, from_name, to, to_name, flags) == 0 ? NULL : throw_errno(&a, errno, from_name);
}

static napi_value js_fchownat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "fchownat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  uid_t uid = arg_uint(&a, 2);
  gid_t gid = arg_uint(&a, 3);
  int flags = arg_int(&a, 4);
  if (a.failed) return NULL;
  return fchownat(dirfd, name, uid, gid, flags) == 0 ? NULL : throw_errno(&a, errno, name);
}

/*
 * Kernels before 6.6 lack fchmodat2; there the object is pinned by an O_PATH descriptor and changed through /proc, which cannot be swapped
 * in between.
 */
int chmod_nofollow(int dirfd, const char *name, mode_t mode) {
  if (syscall(SYS_fchmodat2, dirfd, name, mode, AT_SYMLINK_NOFOLLOW) == 0) return 0;
  if (errno != ENOSYS && errno != EPERM) return -1;
  return fchmodat(dirfd, name, mode, AT_SYMLINK_NOFOLLOW);
}

static napi_value js_fchmodat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "fchmodat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  mode_t mode = arg_uint(&a, 2);
  if (a.failed) return NULL;
  return chmod_nofollow(dirfd, name, mode) == 0 ? NULL : throw_errno(&a, errno, name);
}

struct timespec from_nanoseconds(int64_t ns) {
  struct timespec time = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  if (time.tv_nsec < 0) {
    time.tv_nsec += 1000000000;
    time.tv_sec -= 1;
  }
  return time;
}

static int64_t nanoseconds(struct timespec time) {
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* utimensat(dirfd, name, atimeNs, mtimeNs, flags); an empty name is the descriptor itself */
static napi_value js_utimensat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "utimensat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  struct timespec times[2] = {from_nanoseconds(arg_bigint(&a, 2)), from_nanoseconds(arg_bigint(&a, 3))};
  int flags = arg_int(&a, 4);
  if (a.failed) return NULL;
  int result = name[0] == 0 ? futimens(dirfd, times) : utimensat(dirfd, name, times, flags);
  return result == 0 ? NULL : throw_errno(&a, errno, name);
}

static napi_value js_readlinkat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "readlinkat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  if (a.failed) return NULL;
  char target[4096];
  ssize_t length = readlinkat(dirfd, name, target, sizeof target);
  return length >= 0 ? make_bytes(env, target, (size_t)length) : throw_errno(&a, errno, name);
}

static void set_bigint(napi_env env, napi_value object, const char *name, int64_t value) {
  napi_value result = NULL;
  napi_create_bigint_int64(env, value, &result);
  napi_set_named_property(env, object, name, result);
}

static napi_value js_fstatat(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "fstatat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  int flags = arg_int(&a, 2);
  struct stat stat;
  if (a.failed) return NULL;
  if (fstatat(dirfd, name, &stat, flags) != 0) return throw_errno(&a, errno, name);
  napi_value result = NULL;
  napi_create_object(env, &result);
  set_int(env, result, "mode", stat.st_mode);
  set_int(env, result, "nlink", (int64_t)stat.st_nlink);
  set_int(env, result, "uid", stat.st_uid);
  set_int(env, result, "gid", stat.st_gid);
  set_int(env, result, "size", stat.st_size);
  set_int(env, result, "major", major(stat.st_rdev));
  set_int(env, result, "minor", minor(stat.st_rdev));
  set_bigint(env, result, "dev", (int64_t)stat.st_dev);
  set_bigint(env, result, "ino", (int64_t)stat.st_ino);
  set_bigint(env, result, "atimeNs", nanoseconds(stat.st_atim));
  set_bigint(env, result, "mtimeNs", nanoseconds(stat.st_mtim));
  set_bigint(env, result, "ctimeNs", nanoseconds(stat.st_ctim));
  return result;
}

typedef struct {
  Later later;
  int fd, error;
} Syncing;

static void sync_work(Later *later) {
  Syncing *job = (Syncing *)later;
  job->error = syncfs(job->fd) == 0 ? 0 : errno;
}

static napi_value sync_settle(napi_env env, Later *later, bool *failed) {
  Syncing *job = (Syncing *)later;
  *failed = job->error != 0;
  return *failed ? make_errno(env, "syncfs", job->error, NULL) : NULL;
}

/* syncfs(fd): a promise */
static napi_value js_syncfs(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "syncfs");
  int fd = arg_int(&a, 0);
  if (a.failed) return NULL;
  Syncing *job = calloc(1, sizeof *job);
  if (job == NULL) return throw_errno(&a, ENOMEM, NULL);
  *job = (Syncing){.later = {.work = sync_work, .settle = sync_settle}, .fd = fd};
  return start_later(&a, &job->later, 0);
}

typedef struct {
  char path[512], text[32];
  size_t length;
  uint32_t times, pauseMs;
} Note;

static void *write_note(void *argument) {
  Note *note = argument;
  int fd = open(note->path, O_WRONLY | O_CLOEXEC);
  struct timespec pause = {.tv_nsec = note->pauseMs * 1000000L};
  for (uint32_t n = 0; fd >= 0 && n < note->times; n++) {
    if (n > 0) nanosleep(&pause, NULL);
    if (write(fd, note->text, note->length) < 0) break;
  }
  if (fd >= 0) close(fd);
  free(note);
  return NULL;
}

/* writeInBackground(path, data, times, pauseMs): in a thread of its own, for writes whose only interest is that the kernel has done them. The
   pause, below a second, lies between two writes. Ends at the first error, which is dropped. */
static napi_value js_write_in_background(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "pthread_create");
  const char *path = arg_text(&a, 0);
  Bytes data = arg_bytes(&a, 1);
  uint32_t times = arg_uint(&a, 2), pauseMs = arg_uint(&a, 3);
  if (a.failed) return NULL;
  Note *note = calloc(1, sizeof *note);
  if (note == NULL || strlen(path) >= sizeof note->path || data.length > sizeof note->text || pauseMs > 999) {
    free(note);
    return throw_errno(&a, EINVAL, path);
  }
  strcpy(note->path, path);
  memcpy(note->text, data.data, data.length);
  note->length = data.length;
  note->times = times;
  note->pauseMs = pauseMs;
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t all, before;
  /* Signals are for the main thread. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 65536);
  int error = pthread_create(&thread, &attributes, write_note, note);
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error == 0) return NULL;
  free(note);
  return throw_errno(&a, error, path);
}

void register_files(napi_env env, napi_value exports) {
  static const Export list[] = {
    {"flock", js_flock}, {"setCloexec", js_set_cloexec}, {"setNonblocking", js_set_nonblocking}, {"dup", js_dup},
    {"closeRange", js_close_range}, {"openat2", js_openat2}, {"openIfThere", js_open_if_there}, {"mkdirat", js_mkdirat}, {"mknodat", js_mknodat},
    {"symlinkat", js_symlinkat}, {"linkat", js_linkat}, {"unlinkat", js_unlinkat}, {"renameat2", js_renameat2},
    {"fchownat", js_fchownat}, {"fchmodat", js_fchmodat}, {"utimensat", js_utimensat}, {"readlinkat", js_readlinkat},
    {"fstatat", js_fstatat}, {"syncfs", js_syncfs}, {"writeInBackground", js_write_in_background},
  };
  EXPORT_ALL(env, exports, list);
}
