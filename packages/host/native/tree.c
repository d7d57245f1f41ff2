/*
 * What unpacking an archive does to each file and directory, in one call each: an archive has tens of thousands of them. Names are single
 * ones in a directory that is open; nothing is followed, and what is made is new. Owner and mode are only set where they are not right
 * already: each change is a transaction of the file system's.
 */
#include "files.h"
#include <fcntl.h>
#include <unistd.h>

/* -1 leaves an owner as it is. */
static bool is_other(uid_t uid, gid_t gid, const struct stat *found) {
  return (uid != (uid_t)-1 && uid != found->st_uid) || (gid != (gid_t)-1 && gid != found->st_gid);
}

/* Names the call that failed. */
static bool attempt(Args *a, const char *syscall, int result) {
  if (result != 0) a->syscall = syscall;
  return result == 0;
}

static int write_all(int fd, Bytes content) {
  for (size_t at = 0; at < content.length;) {
    ssize_t written = write(fd, (const char *)content.data + at, content.length - at);
    if (written >= 0) at += (size_t)written;
    else if (errno != EINTR) return -1;
  }
  return 0;
}

/* createFile(dirfd, name, content, mode, uid, gid, mtimeNs) */
static napi_value js_create_file(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "openat2");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  Bytes content = arg_bytes(&a, 2);
  mode_t mode = arg_uint(&a, 3);
  uid_t uid = arg_uint(&a, 4);
  gid_t gid = arg_uint(&a, 5);
  struct timespec time = from_nanoseconds(arg_bigint(&a, 6)), times[2] = {time, time};
  if (a.failed) return NULL;
  struct open_how how = {
    .flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
    .mode = mode & 0777,
    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
  };
  int fd = open_scoped(dirfd, name, &how);
  if (fd < 0) return throw_errno(&a, errno, name);
  struct stat made;
  /* The owner before the mode: changing it takes set-id bits away. */
  bool is_done = attempt(&a, "write", write_all(fd, content)) && attempt(&a, "fstat", fstat(fd, &made)) &&
                 (!is_other(uid, gid, &made) || attempt(&a, "fchown", fchown(fd, uid, gid))) &&
                 ((made.st_mode & 07777) == mode || attempt(&a, "fchmod", fchmod(fd, mode))) && attempt(&a, "futimens", futimens(fd, times));
  int error = errno;
  close(fd);
  return is_done ? NULL : throw_errno(&a, error, name);
}

/* createDirectory(dirfd, name, mode, uid, gid): false when something is there */
static napi_value js_create_directory(napi_env env, napi_callback_info info) {
  Args a;
  napi_value result = NULL;
  args_begin(&a, env, info, "mkdirat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  mode_t mode = arg_uint(&a, 2);
  uid_t uid = arg_uint(&a, 3);
  gid_t gid = arg_uint(&a, 4);
  if (a.failed) return NULL;
  bool is_new = mkdirat(dirfd, name, mode & 0777) == 0;
  if (!is_new && errno != EEXIST) return throw_errno(&a, errno, name);
  struct stat made;
  bool is_done = !is_new || (attempt(&a, "fstatat", fstatat(dirfd, name, &made, AT_SYMLINK_NOFOLLOW)) &&
                             (!is_other(uid, gid, &made) || attempt(&a, "fchownat", fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW))) &&
                             ((made.st_mode & 07777) == mode || attempt(&a, "fchmodat", chmod_nofollow(dirfd, name, mode))));
  if (!is_done) return throw_errno(&a, errno, name);
  napi_get_boolean(env, is_new, &result);
  return result;
}

/* settleDirectory(dirfd, name, mode | -1, mtimeNs): false when there is no directory of this name */
static napi_value js_settle_directory(napi_env env, napi_callback_info info) {
  Args a;
  napi_value result = NULL;
  args_begin(&a, env, info, "fstatat");
  int dirfd = arg_int(&a, 0);
  const char *name = arg_text(&a, 1);
  mode_t mode = arg_uint(&a, 2);
  struct timespec time = from_nanoseconds(arg_bigint(&a, 3)), times[2] = {time, time};
  if (a.failed) return NULL;
  struct stat found;
  bool is_there = fstatat(dirfd, name, &found, AT_SYMLINK_NOFOLLOW) == 0;
  if (!is_there && errno != ENOENT) return throw_errno(&a, errno, name);
  is_there = is_there && S_ISDIR(found.st_mode);
  bool is_done = !is_there || ((mode == (mode_t)-1 || attempt(&a, "fchmodat", chmod_nofollow(dirfd, name, mode))) &&
                               attempt(&a, "utimensat", utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW)));
  if (!is_done) return throw_errno(&a, errno, name);
  napi_get_boolean(env, is_there, &result);
  return result;
}

void register_tree(napi_env env, napi_value exports) {
  static const Export list[] = {
    {"createFile", js_create_file}, {"createDirectory", js_create_directory}, {"settleDirectory", js_settle_directory},
  };
  EXPORT_ALL(env, exports, list);
}
