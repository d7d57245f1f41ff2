/* Pseudo terminals, their size and mode. */
#include "args.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* openPty(): {master, slave}. The slave is opened from the master, so no path under /dev/pts can be swapped in between. */
static napi_value js_open_pty(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "openpty");
  int unlock = 0, slave = -1;
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0) return throw_errno(&a, errno, "/dev/ptmx");
  if (ioctl(master, TIOCSPTLCK, &unlock) == 0) slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) {
    int number = errno;
    close(master);
    return throw_errno(&a, number, "/dev/ptmx");
  }
  napi_value result = NULL;
  napi_create_object(env, &result);
  set_int(env, result, "master", master);
  set_int(env, result, "slave", slave);
  return result;
}

static napi_value js_isatty(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "isatty");
  int fd = arg_int(&a, 0);
  return a.failed ? NULL : make_int(env, isatty(fd) == 1);
}

static napi_value js_get_window_size(napi_env env, napi_callback_info info) {
  Args a;
  struct winsize size;
  args_begin(&a, env, info, "ioctl");
  int fd = arg_int(&a, 0);
  if (a.failed) return NULL;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return throw_errno(&a, errno, NULL);
  napi_value result = NULL;
  napi_create_object(env, &result);
  set_int(env, result, "rows", size.ws_row);
  set_int(env, result, "columns", size.ws_col);
  return result;
}

static napi_value js_set_window_size(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "ioctl");
  int fd = arg_int(&a, 0);
  struct winsize size = {.ws_row = (unsigned short)arg_uint(&a, 1), .ws_col = (unsigned short)arg_uint(&a, 2)};
  if (a.failed) return NULL;
  return ioctl(fd, TIOCSWINSZ, &size) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

/* setRawMode(fd): every byte passes as it is. Returns what was, for restoreMode. */
static napi_value js_set_raw_mode(napi_env env, napi_callback_info info) {
  Args a;
  struct termios before, raw;
  args_begin(&a, env, info, "tcsetattr");
  int fd = arg_int(&a, 0);
  if (a.failed) return NULL;
  if (tcgetattr(fd, &before) != 0) return throw_errno(&a, errno, NULL);
  raw = before;
  cfmakeraw(&raw);
  if (tcsetattr(fd, TCSADRAIN, &raw) != 0) return throw_errno(&a, errno, NULL);
  return make_bytes(env, &before, sizeof before);
}

static napi_value js_restore_mode(napi_env env, napi_callback_info info) {
  Args a;
  struct termios before;
  args_begin(&a, env, info, "tcsetattr");
  int fd = arg_int(&a, 0);
  Bytes saved = arg_bytes(&a, 1);
  if (a.failed) return NULL;
  if (saved.length != sizeof before) return throw_errno(&a, EINVAL, NULL);
  memcpy(&before, saved.data, sizeof before);
  return tcsetattr(fd, TCSADRAIN, &before) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

/* setForegroundGroup(fd, pgid) */
static napi_value js_set_foreground_group(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "tcsetpgrp");
  int fd = arg_int(&a, 0), group = arg_int(&a, 1);
  if (a.failed) return NULL;
  return tcsetpgrp(fd, group) == 0 ? NULL : throw_errno(&a, errno, NULL);
}

void register_terminals(napi_env env, napi_value exports) {
  static const Export list[] = {
    {"openPty", js_open_pty}, {"isatty", js_isatty}, {"getWindowSize", js_get_window_size}, {"setWindowSize", js_set_window_size},
    {"setRawMode", js_set_raw_mode}, {"restoreMode", js_restore_mode}, {"setForegroundGroup", js_set_foreground_group},
  };
  EXPORT_ALL(env, exports, list);
}
