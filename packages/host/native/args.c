#include "args.h"
#include <stdio.h>
#include <string.h>

void args_begin(Args *args, napi_env env, napi_callback_info info, const char *syscall) {
  args->env = env;
  args->syscall = syscall;
  args->failed = false;
  args->used = 0;
  args->argc = MAX_ARGS;
  if (napi_get_cb_info(env, info, &args->argc, args->argv, NULL, NULL) != napi_ok) {
    args->failed = true;
  }
}

static void bad_argument(Args *args, size_t index, const char *wanted) {
  if (args->failed) return;
  args->failed = true;
  char message[160];
  snprintf(message, sizeof message, "%s: argument %zu must be %s", args->syscall, index + 1, wanted);
  napi_throw_type_error(args->env, "ERR_INVALID_ARG_TYPE", message);
}

bool read_integer(napi_env env, napi_value value, double least, double most, int64_t *result) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) return false;
  if (!(number >= least && number <= most) || number != (double)(int64_t)number) return false;
  *result = (int64_t)number;
  return true;
}

static int64_t arg_within(Args *args, size_t index, double least, double most, const char *wanted) {
  int64_t value = 0;
  if (!args->failed && (index >= args->argc || !read_integer(args->env, args->argv[index], least, most, &value))) {
    bad_argument(args, index, wanted);
  }
  return value;
}

int arg_int(Args *args, size_t index) {
  return (int)arg_within(args, index, INT32_MIN, INT32_MAX, "an integer of 32 bits");
}

uint32_t arg_uint(Args *args, size_t index) {
  return (uint32_t)arg_within(args, index, -1, UINT32_MAX, "an unsigned integer of 32 bits, or -1");
}

int64_t arg_bigint(Args *args, size_t index) {
  int64_t value = 0;
  bool lossless = true;
  if (!args->failed &&
      (index >= args->argc || napi_get_value_bigint_int64(args->env, args->argv[index], &value, &lossless) != napi_ok || !lossless)) {
    bad_argument(args, index, "a bigint of at most 64 bits");
  }
  return value;
}

bool arg_bool(Args *args, size_t index) {
  bool value = false;
  if (!args->failed && (index >= args->argc || napi_get_value_bool(args->env, args->argv[index], &value) != napi_ok)) {
    bad_argument(args, index, "a boolean");
  }
  return value;
}

static const char *too_long(Args *args) {
  args->failed = true;
  throw_errno(args, ENAMETOOLONG, NULL);
  return "";
}

const char *arg_text(Args *args, size_t index) {
  if (args->failed) return "";
  if (index >= args->argc) {
    bad_argument(args, index, "a string or a Buffer");
    return "";
  }
  napi_value value = args->argv[index];
  char *text = args->arena + args->used;
  size_t space = ARENA_SIZE - args->used, length = 0;
  bool is_buffer = false;
  napi_is_buffer(args->env, value, &is_buffer);
  if (is_buffer) {
    void *data = NULL;
    napi_get_buffer_info(args->env, value, &data, &length);
    if (length + 1 > space) return too_long(args);
    memcpy(text, data, length);
    text[length] = 0;
  } else {
    if (napi_get_value_string_utf8(args->env, value, NULL, 0, &length) != napi_ok) {
      bad_argument(args, index, "a string or a Buffer");
      return "";
    }
    if (length + 1 > space) return too_long(args);
    napi_get_value_string_utf8(args->env, value, text, space, &length);
  }
  if (memchr(text, 0, length) != NULL) {
    args->failed = true;
    throw_errno(args, EINVAL, text);
    return "";
  }
  args->used += length + 1;
  return text;
}

bool arg_absent(Args *args, size_t index) {
  if (index >= args->argc) return true;
  napi_valuetype type = napi_undefined;
  napi_typeof(args->env, args->argv[index], &type);
  return type == napi_undefined || type == napi_null;
}

const char *arg_text_or_null(Args *args, size_t index) {
  return arg_absent(args, index) ? NULL : arg_text(args, index);
}

Bytes arg_bytes(Args *args, size_t index) {
  Bytes bytes = {NULL, 0};
  bool is_buffer = false;
  if (args->failed) return bytes;
  if (index < args->argc) napi_is_buffer(args->env, args->argv[index], &is_buffer);
  if (!is_buffer) {
    bad_argument(args, index, "a Buffer");
  } else {
    napi_get_buffer_info(args->env, args->argv[index], &bytes.data, &bytes.length);
  }
  return bytes;
}

napi_value make_int(napi_env env, int64_t value) {
  napi_value result = NULL;
  napi_create_int64(env, value, &result);
  return result;
}

napi_value make_bytes(napi_env env, const void *data, size_t length) {
  napi_value result = NULL;
  napi_create_buffer_copy(env, length, data, NULL, &result);
  return result;
}

void set_int(napi_env env, napi_value object, const char *name, int64_t value) {
  napi_set_named_property(env, object, name, make_int(env, value));
}

void export_all(napi_env env, napi_value exports, const Export *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    napi_value function = NULL;
    napi_create_function(env, list[i].name, strlen(list[i].name), list[i].function, NULL, &function);
    napi_set_named_property(env, exports, list[i].name, function);
  }
}
