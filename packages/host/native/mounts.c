/* Mounts and namespaces of the calling thread. Raw syscalls where the C library of an older Debian has no wrapper. */
#include "args.h"
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

struct rocket_mount_attr {
  uint64_t attr_set, attr_clr, propagation, userns_fd;
};

/*
 * mount(source, target, type, flags, data, cwdFd?). With cwdFd the call is made from that directory, so that the names in
 * an overlay's options can be short: the kernel takes at most a page of them. The working directory is put back at once.
 */
static napi_value js_mount(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "mount");
  const char *source = arg_text_or_null(&a, 0), *target = arg_text(&a, 1), *type = arg_text_or_null(&a, 2);
  unsigned long flags = arg_uint(&a, 3);
  const char *data = arg_text_or_null(&a, 4);
  int cwd = arg_absent(&a, 5) ? -1 : arg_int(&a, 5);
  if (a.failed) return NULL;
  /* A longer string would be cut without a word. */
  if (data != NULL && strlen(data) >= (size_t)sysconf(_SC_PAGESIZE)) return throw_errno(&a, E2BIG, target);
  int back = -1;
  if (cwd >= 0) {
    back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (back < 0 || fchdir(cwd) != 0) {
      int number = errno;
      if (back >= 0) close(back);
      return throw_errno_in(env, "fchdir", number, NULL);
    }
  }
  int result = mount(source, target, type, flags, data), number = errno;
  if (cwd >= 0) {
    int restored = fchdir(back);
    int restore_errno = errno;
    close(back);
    if (restored != 0) return throw_errno_in(env, "fchdir", restore_errno, NULL);
  }
  return result == 0 ? NULL : throw_errno(&a, number, target);
}

static napi_value js_umount(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "umount2");
  const char *target = arg_text(&a, 0);
  int flags = arg_int(&a, 1);
  if (a.failed) return NULL;
  return umount2(target, flags) == 0 ? NULL : throw_errno(&a, errno, target);
}

/* mountSetattr(dirfd, path, flags, set, clear, propagation) */
static napi_value js_mount_setattr(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "mount_setattr");
  int dirfd = arg_int(&a, 0);
  const char *path = arg_text(&a, 1);
  unsigned flags = arg_uint(&a, 2);
  struct rocket_mount_attr attr = {.attr_set = arg_uint(&a, 3), .attr_clr = arg_uint(&a, 4), .propagation = arg_uint(&a, 5)};
  if (a.failed) return NULL;
  return syscall(SYS_mount_setattr, dirfd, path, flags, &attr, sizeof attr) == 0 ? NULL : throw_errno(&a, errno, path);
}

static napi_value js_open_tree(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "open_tree");
  int dirfd = arg_int(&a, 0);
  const char *path = arg_text(&a, 1);
  unsigned flags = arg_uint(&a, 2);
  if (a.failed) return NULL;
  long fd = syscall(SYS_open_tree, dirfd, path, flags | O_CLOEXEC);
  return fd >= 0 ? make_int(env, fd) : throw_errno(&a, errno, path);
}

/* moveMount(fromFd, fromPath, toFd, toPath, flags) */
static napi_value js_move_mount(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "move_mount");
  int from = arg_int(&a, 0);
  const char *from_path = arg_text(&a, 1);
  int to = arg_int(&a, 2);
  const char *to_path = arg_text(&a, 3);
  unsigned flags = arg_uint(&a, 4);
  if (a.failed) return NULL;
  return syscall(SYS_move_mount, from, from_path, to, to_path, flags) == 0 ? NULL : throw_errno(&a, errno, to_path);
}

static napi_value js_fsopen(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "fsopen");
  const char *type = arg_text(&a, 0);
  if (a.failed) return NULL;
  long fd = syscall(SYS_fsopen, type, 1 /* FSOPEN_CLOEXEC */);
  return fd >= 0 ? make_int(env, fd) : throw_errno(&a, errno, type);
}

/* fsconfig(fd, command, key | null, value | null) for flags, strings and the commands without arguments */
static napi_value js_fsconfig(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "fsconfig");
  int fd = arg_int(&a, 0);
  unsigned command = arg_uint(&a, 1);
  const char *key = arg_text_or_null(&a, 2), *value = arg_text_or_null(&a, 3);
  if (a.failed) return NULL;
  return syscall(SYS_fsconfig, fd, command, key, value, 0) == 0 ? NULL : throw_errno(&a, errno, value == NULL ? key : value);
}

static napi_value js_fsmount(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "fsmount");
  int fd = arg_int(&a, 0);
  unsigned attributes = arg_uint(&a, 1);
  if (a.failed) return NULL;
  long mount_fd = syscall(SYS_fsmount, fd, 1 /* FSMOUNT_CLOEXEC */, attributes);
  return mount_fd >= 0 ? make_int(env, mount_fd) : throw_errno(&a, errno, NULL);
}

static napi_value js_pivot_root(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "pivot_root");
  const char *root = arg_text(&a, 0), *old = arg_text(&a, 1);
  if (a.failed) return NULL;
  return syscall(SYS_pivot_root, root, old) == 0 ? NULL : throw_errno(&a, errno, root);
}

static napi_value js_chroot(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "chroot");
  const char *path = arg_text(&a, 0);
  if (a.failed) return NULL;
  return chroot(path) == 0 ? NULL : throw_errno(&a, errno, path);
}

static napi_value js_fchdir(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "fchdir");
  int fd = arg_int(&a, 0);
  if (a.failed) return NULL;
  return fchdir(fd) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

static napi_value js_unshare(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "unshare");
  int flags = arg_int(&a, 0);
  if (a.failed) return NULL;
  return unshare(flags) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

/* setns(fd, flags). A mount namespace needs a thread that shares its working directory with no other: unshare(CLONE_FS) first. */
static napi_value js_setns(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "setns");
  int fd = arg_int(&a, 0), flags = arg_int(&a, 1);
  if (a.failed) return NULL;
  return setns(fd, flags) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

void register_mounts(napi_env env, napi_value exports) {
  static const Export list[] = {
    {"mount", js_mount}, {"umount", js_umount}, {"mountSetattr", js_mount_setattr}, {"openTree", js_open_tree},
    {"moveMount", js_move_mount}, {"fsopen", js_fsopen}, {"fsconfig", js_fsconfig}, {"fsmount", js_fsmount},
    {"pivotRoot", js_pivot_root}, {"chroot", js_chroot}, {"fchdir", js_fchdir}, {"unshare", js_unshare}, {"setns", js_setns},
  };
  EXPORT_ALL(env, exports, list);
}
