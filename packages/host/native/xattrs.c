/* Extended attributes as bytes: values such as security.capability are not text, and names need not be UTF-8. */
#include "args.h"
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/* The first argument of every function is a descriptor or a path; of a path, a link at the end is not followed. */
typedef struct {
  bool by_fd;
  int fd;
  const char *path;
} Target;

static Target arg_target(Args *a) {
  Target target = {false, -1, NULL};
  napi_valuetype type = napi_undefined;
  if (a->argc > 0) napi_typeof(a->env, a->argv[0], &type);
  target.by_fd = type == napi_number;
  if (target.by_fd) target.fd = arg_int(a, 0);
  else target.path = arg_text(a, 0);
  return target;
}

static napi_value js_set_xattr(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "setxattr");
  Target target = arg_target(&a);
  const char *name = arg_text(&a, 1);
  Bytes value = arg_bytes(&a, 2);
  if (a.failed) return NULL;
  int result = target.by_fd ? fsetxattr(target.fd, name, value.data, value.length, 0)
                            : lsetxattr(target.path, name, value.data, value.length, 0);
  return result == 0 ? NULL : throw_errno(&a, errno, name);
}

static ssize_t get(Target target, const char *name, void *data, size_t size) {
  return target.by_fd ? fgetxattr(target.fd, name, data, size) : lgetxattr(target.path, name, data, size);
}

static ssize_t list(Target target, void *data, size_t size) {
  return target.by_fd ? flistxattr(target.fd, data, size) : llistxattr(target.path, data, size);
}

/* The kernel's cap for a value and for a list. On the stack: threads have an addon in common. */
#define MOST_BYTES 65536

/* The value, or undefined when there is no such attribute. */
static napi_value js_get_xattr(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "getxattr");
  Target target = arg_target(&a);
  const char *name = arg_text(&a, 1);
  char scratch[MOST_BYTES];
  if (a.failed) return NULL;
  ssize_t length = get(target, name, scratch, sizeof scratch);
  if (length >= 0) return make_bytes(env, scratch, (size_t)length);
  return errno == ENODATA ? NULL : throw_errno(&a, errno, name);
}

/* The names as Buffers. A file system without attributes has none. */
static napi_value js_list_xattrs(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "listxattr");
  Target target = arg_target(&a);
  char scratch[MOST_BYTES];
  if (a.failed) return NULL;
  ssize_t length = list(target, scratch, sizeof scratch);
  if (length < 0 && errno == ENOTSUP) length = 0;
  if (length < 0) return throw_errno(&a, errno, target.path);
  napi_value names = NULL;
  napi_create_array_with_length(env, 0, &names);
  uint32_t count = 0;
  for (ssize_t at = 0; at < length;) {
    size_t size = strnlen(scratch + at, (size_t)(length - at));
    napi_set_element(env, names, count++, make_bytes(env, scratch + at, size));
    at += (ssize_t)size + 1;
  }
  return names;
}

static napi_value js_remove_xattr(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "removexattr");
  Target target = arg_target(&a);
  const char *name = arg_text(&a, 1);
  if (a.failed) return NULL;
  int result = target.by_fd ? fremovexattr(target.fd, name) : lremovexattr(target.path, name);
  return result == 0 ? NULL : throw_errno(&a, errno, name);
}

void register_xattrs(napi_env env, napi_value exports) {
  static const Export functions[] = {
    {"setXattr", js_set_xattr}, {"getXattr", js_get_xattr}, {"listXattrs", js_list_xattrs}, {"removeXattr", js_remove_xattr},
  };
  EXPORT_ALL(env, exports, functions);
}
