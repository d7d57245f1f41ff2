#include "args.h"
#include <stdio.h>
#include <string.h>

#define NAMES(X) \
  X(EPERM) X(ENOENT) X(ESRCH) X(EINTR) X(EIO) X(ENXIO) X(E2BIG) X(ENOEXEC) X(EBADF) X(ECHILD) X(EAGAIN) X(ENOMEM) X(EACCES) \
  X(EFAULT) X(ENOTBLK) X(EBUSY) X(EEXIST) X(EXDEV) X(ENODEV) X(ENOTDIR) X(EISDIR) X(EINVAL) X(ENFILE) X(EMFILE) X(ENOTTY) \
  X(ETXTBSY) X(EFBIG) X(ENOSPC) X(ESPIPE) X(EROFS) X(EMLINK) X(EPIPE) X(EDOM) X(ERANGE) X(EDEADLK) X(ENAMETOOLONG) X(ENOLCK) \
  X(ENOSYS) X(ENOTEMPTY) X(ELOOP) X(ENODATA) X(EPROTO) X(EBADMSG) X(EOVERFLOW) X(EILSEQ) X(ELIBBAD) X(EUSERS) X(ENOTSOCK) \
  X(EDESTADDRREQ) X(EMSGSIZE) X(EPROTOTYPE) X(ENOPROTOOPT) X(EPROTONOSUPPORT) X(ENOTSUP) X(EAFNOSUPPORT) X(EADDRINUSE) \
  X(EADDRNOTAVAIL) X(ENETDOWN) X(ENETUNREACH) X(ECONNABORTED) X(ECONNRESET) X(ENOBUFS) X(EISCONN) X(ENOTCONN) X(ETIMEDOUT) \
  X(ECONNREFUSED) X(EHOSTUNREACH) X(EALREADY) X(EINPROGRESS) X(ESTALE) X(EUCLEAN) X(EREMOTEIO) X(EDQUOT) X(ENOMEDIUM) \
  X(ECANCELED) X(EKEYREJECTED)

const char *errno_name(int number) {
  switch (number) {
#define NAME(e) case e: return #e;
    NAMES(NAME)
#undef NAME
  }
  return "EUNKNOWN";
}

napi_value make_errno(napi_env env, const char *syscall, int number, const char *path) {
  char message[512];
  const char *code = errno_name(number);
  snprintf(message, sizeof message, path == NULL ? "%s: %s, %s" : "%s: %s, %s '%s'", code, strerror(number), syscall, path);
  napi_value code_value = NULL, text = NULL, error = NULL, value = NULL;
  napi_create_string_utf8(env, code, strlen(code), &code_value);
  napi_create_string_utf8(env, message, strlen(message), &text);
  if (napi_create_error(env, code_value, text, &error) != napi_ok) return NULL;
  set_int(env, error, "errno", -number);
  napi_create_string_utf8(env, syscall, strlen(syscall), &value);
  napi_set_named_property(env, error, "syscall", value);
  if (path != NULL) {
    napi_create_string_utf8(env, path, strlen(path), &value);
    napi_set_named_property(env, error, "path", value);
  }
  return error;
}

napi_value throw_errno_in(napi_env env, const char *syscall, int number, const char *path) {
  napi_value error = make_errno(env, syscall, number, path);
  if (error != NULL) napi_throw(env, error);
  return NULL;
}

napi_value throw_errno(Args *args, int number, const char *path) {
  return throw_errno_in(args->env, args->syscall, number, path);
}
