/* spawn(file, argv, env, options): the pid of a child that has reached its exec, or the errno that stopped it. */
#include "args.h"
#include "child.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static napi_value property(napi_env env, napi_value object, const char *name) {
  napi_value value = NULL;
  napi_valuetype type = napi_undefined;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) return NULL;
  napi_typeof(env, value, &type);
  return type == napi_undefined || type == napi_null ? NULL : value;
}

static bool bool_property(napi_env env, napi_value object, const char *name) {
  bool result = false;
  napi_value value = property(env, object, name);
  if (value != NULL) napi_get_value_bool(env, value, &result);
  return result;
}

static int64_t int_property(napi_env env, napi_value object, const char *name, int64_t otherwise, int *error) {
  int64_t result = otherwise;
  napi_value value = property(env, object, name);
  /* The kernel takes 4294967295 for "unchanged", and above 32 bits a number would wrap round to another user. */
  if (value != NULL && !read_integer(env, value, 0, 4294967294.0, &result)) *error = EINVAL;
  return result;
}

/* NULL with *error set when it is no text or has a NUL inside. */
static char *copy_text(napi_env env, napi_value value, int *error) {
  size_t length = 0;
  bool is_buffer = false;
  void *data = NULL;
  napi_is_buffer(env, value, &is_buffer);
  if (is_buffer) napi_get_buffer_info(env, value, &data, &length);
  else if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
    *error = EINVAL;
    return NULL;
  }
  char *text = malloc(length + 1);
  if (text == NULL) {
    *error = ENOMEM;
    return NULL;
  }
  if (is_buffer) memcpy(text, data, length);
  else napi_get_value_string_utf8(env, value, text, length + 1, &length);
  text[length] = 0;
  if (memchr(text, 0, length) != NULL) *error = EINVAL;
  return text;
}

static char *text_property(napi_env env, napi_value object, const char *name, int *error) {
  napi_value value = property(env, object, name);
  return value == NULL ? NULL : copy_text(env, value, error);
}

static char **copy_list(napi_env env, napi_value array, int *error) {
  uint32_t count = 0;
  if (array == NULL || napi_get_array_length(env, array, &count) != napi_ok) *error = EINVAL;
  char **list = calloc((size_t)count + 1, sizeof *list);
  if (list == NULL) *error = ENOMEM;
  for (uint32_t i = 0; list != NULL && i < count && *error == 0; i++) {
    napi_value element = NULL;
    napi_get_element(env, array, i, &element);
    list[i] = copy_text(env, element, error);
  }
  return list;
}

static void free_list(char **list) {
  for (char **at = list; at != NULL && *at != NULL; at++) free(*at);
  free(list);
}

/* An array of integers, none below `least`; *count is 0 and the result NULL when it is absent. */
static int *int_list(napi_env env, napi_value array, int least, size_t *count, int *error) {
  uint32_t length = 0;
  *count = 0;
  if (array == NULL) return NULL;
  if (napi_get_array_length(env, array, &length) != napi_ok) *error = EINVAL;
  int *list = calloc((size_t)length + 1, sizeof *list);
  if (list == NULL) *error = ENOMEM;
  for (uint32_t i = 0; list != NULL && i < length; i++) {
    napi_value element = NULL;
    int64_t value = 0;
    napi_get_element(env, array, i, &element);
    if (!read_integer(env, element, least, 4294967294.0, &value)) *error = EINVAL;
    list[i] = (int)value;
  }
  *count = list == NULL ? 0 : length;
  return list;
}

static void read_identity(napi_env env, napi_value options, Child *child, int *error) {
  int64_t uid = int_property(env, options, "uid", -1, error), gid = int_property(env, options, "gid", -1, error);
  child->set_uid = uid >= 0;
  child->set_gid = gid >= 0;
  child->uid = (uid_t)uid;
  child->gid = (gid_t)gid;
  napi_value groups = property(env, options, "groups");
  child->set_groups = groups != NULL;
  child->groups = (gid_t *)int_list(env, groups, 0, &child->group_count, error);
}

static void read_options(napi_env env, napi_value options, Child *child, int *error) {
  child->cwd = text_property(env, options, "cwd", error);
  child->root = text_property(env, options, "root", error);
  child->hostname = text_property(env, options, "hostname", error);
  child->fds = int_list(env, property(env, options, "fds"), -1, &child->fd_count, error);
  child->joins = int_list(env, property(env, options, "joins"), 0, &child->join_count, error);
  child->clone_flags = (int)int_property(env, options, "cloneFlags", 0, error);
  child->parent_death_signal = (int)int_property(env, options, "parentDeathSignal", 0, error);
  child->terminal = (int)int_property(env, options, "terminal", -1, error);
  child->new_session = bool_property(env, options, "newSession");
  child->new_group = bool_property(env, options, "newGroup");
  child->no_new_privileges = bool_property(env, options, "noNewPrivileges");
  child->loopback_up = bool_property(env, options, "loopbackUp");
  read_identity(env, options, child, error);
}

static void free_child(Child *child) {
  free_list(child->argv);
  free_list(child->env);
  free((void *)child->cwd);
  free((void *)child->root);
  free((void *)child->hostname);
  free(child->fds);
  free(child->joins);
  free(child->groups);
}

static napi_value js_spawn(napi_env env, napi_callback_info info) {
  Args a;
  Child child;
  int error = 0;
  memset(&child, 0, sizeof child);
  args_begin(&a, env, info, "spawn");
  child.file = arg_text(&a, 0);
  if (a.failed) return NULL;
  if (a.argc < 4) return throw_errno(&a, EINVAL, NULL);
  child.argv = copy_list(env, a.argv[1], &error);
  if (error == 0) child.env = copy_list(env, a.argv[2], &error);
  if (error == 0) read_options(env, a.argv[3], &child, &error);
  pid_t pid = error == 0 ? child_start(&child) : -1;
  napi_value result = NULL;
  if (error != 0) throw_errno(&a, error, child.file);
  else if (pid < 0) throw_errno_in(env, child.step, child.error, child.object);
  else result = make_int(env, pid);
  free_child(&child);
  return result;
}

static int name_host(void *name) {
  return sethostname(name, strlen(name)) == 0 ? 0 : errno;
}

/* setHostname(name, utsFd | null for our own namespace) */
static napi_value js_set_hostname(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "sethostname");
  const char *name = arg_text(&a, 0);
  int fd = arg_absent(&a, 1) ? -1 : arg_int(&a, 1);
  if (a.failed) return NULL;
  int error = fd < 0 ? name_host((void *)name) : in_namespace(fd, name_host, (void *)name);
  return error == 0 ? NULL : throw_errno(&a, error, name);
}

static int raise_loopback(void *unused) {
  (void)unused;
  return set_loopback_up();
}

/* setLoopbackUp(netFd | null for our own namespace) */
static napi_value js_set_loopback_up(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "ioctl");
  int fd = arg_absent(&a, 0) ? -1 : arg_int(&a, 0);
  if (a.failed) return NULL;
  int error = fd < 0 ? set_loopback_up() : in_namespace(fd, raise_loopback, NULL);
  return error == 0 ? NULL : throw_errno(&a, error, "lo");
}

void register_spawn(napi_env env, napi_value exports) {
  static const Export list[] = {{"spawn", js_spawn}, {"setHostname", js_set_hostname}, {"setLoopbackUp", js_set_loopback_up}};
  EXPORT_ALL(env, exports, list);
}
