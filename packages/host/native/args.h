/* How every function of the addon reads its arguments, returns values and throws errno. */
#ifndef ROCKET_ARGS_H
#define ROCKET_ARGS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "napi-min.h"
#include <errno.h>

#define MAX_ARGS 8
/* Two paths and an option string of mount(2), each at most a page. */
#define ARENA_SIZE (3 * 4096 + 64)

/*
 * One call. The first argument that cannot be read throws and sets `failed`; the function then returns NULL before it
 * touches anything. Text lives in the arena until the function returns.
 */
typedef struct {
  napi_env env;
  const char *syscall;
  size_t argc;
  napi_value argv[MAX_ARGS];
  bool failed;
  size_t used;
  char arena[ARENA_SIZE];
} Args;

typedef struct {
  void *data;
  size_t length;
} Bytes;

void args_begin(Args *args, napi_env env, napi_callback_info info, const char *syscall);
int arg_int(Args *args, size_t index);
/* -1 is all ones: "unchanged" to chown and setresuid. */
uint32_t arg_uint(Args *args, size_t index);
int64_t arg_bigint(Args *args, size_t index);
bool arg_bool(Args *args, size_t index);
/* A string or the bytes of a Buffer, ended by NUL; a NUL inside is refused with EINVAL. */
const char *arg_text(Args *args, size_t index);
/* As arg_text, but null and undefined are NULL. */
const char *arg_text_or_null(Args *args, size_t index);
Bytes arg_bytes(Args *args, size_t index);
bool arg_absent(Args *args, size_t index);

/*
 * The integer that a JavaScript number is. False for a fraction, NaN or one out of range: V8's own conversions would make 0 of NaN and wrap the
 * rest, and 0 is root.
 */
bool read_integer(napi_env env, napi_value value, double least, double most, int64_t *result);

/* An Error with code, errno (negative, as Node's), syscall and path. */
napi_value make_errno(napi_env env, const char *syscall, int number, const char *path);
/* Throws one. Always returns NULL. */
napi_value throw_errno(Args *args, int number, const char *path);
napi_value throw_errno_in(napi_env env, const char *syscall, int number, const char *path);
const char *errno_name(int number);

napi_value make_int(napi_env env, int64_t value);
napi_value make_bytes(napi_env env, const void *data, size_t length);
void set_int(napi_env env, napi_value object, const char *name, int64_t value);

typedef struct {
  const char *name;
  napi_callback function;
} Export;
void export_all(napi_env env, napi_value exports, const Export *list, size_t count);
#define EXPORT_ALL(env, exports, list) export_all(env, exports, list, sizeof(list) / sizeof((list)[0]))

void register_if_there(napi_env env, napi_value exports);
void register_files(napi_env env, napi_value exports);
void register_xattrs(napi_env env, napi_value exports);
void register_mounts(napi_env env, napi_value exports);
void register_processes(napi_env env, napi_value exports);
void register_spawn(napi_env env, napi_value exports);
void register_sockets(napi_env env, napi_value exports);
void register_terminals(napi_env env, napi_value exports);
void register_digests(napi_env env, napi_value exports);
void register_inflate(napi_env env, napi_value exports);
void register_tree(napi_env env, napi_value exports);

#endif
