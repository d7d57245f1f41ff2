/*
 * What is often not there: undefined or false for ENOENT alone. An exception costs more than the look itself, and a second look leaves
 * time for a change. Everything else is thrown.
 */
#include "args.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static napi_value unless_missing(Args *a, int number, const char *path) {
  return number == ENOENT ? NULL : throw_errno(a, number, path);
}

/* Files of /proc say that they have no bytes: a read that returns nothing is the end. */
static char *read_all(int fd, size_t *length) {
  struct stat status;
  if (fstat(fd, &status) != 0) return NULL;
  size_t size = status.st_size > 0 ? (size_t)status.st_size + 1 : 4096;
  char *bytes = NULL;
  for (*length = 0;;) {
    char *larger = realloc(bytes, size);
    if (larger == NULL) break;
    bytes = larger;
    ssize_t count;
    do count = read(fd, bytes + *length, size - *length);
    while (count < 0 && errno == EINTR);
    if (count == 0) return bytes;
    if (count < 0) break;
    *length += (size_t)count;
    if (*length == size) size *= 2;
  }
  int number = errno;
  free(bytes);
  errno = number;
  return NULL;
}

/* readIfThere(path): bytes */
static napi_value js_read(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "read");
  const char *path = arg_text(&a, 0);
  if (a.failed) return NULL;
  /* A pipe in the place of the file is empty, and keeps nobody waiting. */
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return unless_missing(&a, errno, path);
  size_t length;
  char *bytes = read_all(fd, &length);
  int number = errno;
  close(fd);
  if (bytes == NULL) return throw_errno(&a, number, path);
  napi_value result = make_bytes(env, bytes, length);
  free(bytes);
  return result;
}

/* namesIfThere(path): the names in a directory, without . and .. */
static napi_value js_names(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "readdir");
  const char *path = arg_text(&a, 0);
  if (a.failed) return NULL;
  DIR *directory = opendir(path);
  if (directory == NULL) return unless_missing(&a, errno, path);
  napi_value names = NULL;
  napi_create_array_with_length(env, 0, &names);
  uint32_t count = 0;
  int number;
  for (;;) {
    errno = 0;
    struct dirent *entry = readdir(directory);
    number = errno;
    if (entry == NULL) break;
    const char *name = entry->d_name;
    if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
    napi_value text = NULL;
    napi_create_string_utf8(env, name, (size_t)-1, &text);
    napi_set_element(env, names, count++, text);
  }
  closedir(directory);
  return number == 0 ? names : throw_errno(&a, number, path);
}

/* isThere(path): links are followed */
static napi_value js_is_there(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "access");
  const char *path = arg_text(&a, 0);
  if (a.failed) return NULL;
  napi_value result = NULL;
  bool found = faccessat(AT_FDCWD, path, F_OK, 0) == 0;
  if (!found && errno != ENOENT) return throw_errno(&a, errno, path);
  napi_get_boolean(env, found, &result);
  return result;
}

void register_if_there(napi_env env, napi_value exports) {
  static const Export list[] = {{"readIfThere", js_read}, {"namesIfThere", js_names}, {"isThere", js_is_there}};
  EXPORT_ALL(env, exports, list);
}
