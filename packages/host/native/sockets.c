/* Unix sockets: datagrams for sd_notify, descriptors for console sockets, pairs and pipes. */
#include "args.h"
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A leading @ is the abstract namespace, as systemd writes it. 0 when it does not fit. */
static socklen_t address_of(const char *path, struct sockaddr_un *address) {
  size_t length = strlen(path);
  if (length == 0 || length >= sizeof address->sun_path) return 0;
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, length);
  if (path[0] == '@') {
    address->sun_path[0] = 0;
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  }
  return sizeof *address;
}

static napi_value fail_closing(Args *a, int fd, const char *path) {
  int number = errno;
  if (fd >= 0) close(fd);
  return throw_errno(a, number, path);
}

static napi_value js_send_datagram(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "sendto");
  const char *path = arg_text(&a, 0);
  Bytes data = arg_bytes(&a, 1);
  struct sockaddr_un address;
  if (a.failed) return NULL;
  socklen_t size = address_of(path, &address);
  if (size == 0) return throw_errno(&a, ENAMETOOLONG, path);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || sendto(fd, data.data, data.length, MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0) return fail_closing(&a, fd, path);
  close(fd);
  return NULL;
}

/* listenUnix(path, backlog) and connectUnix(path): stream sockets */
static napi_value js_listen_unix(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "listen");
  const char *path = arg_text(&a, 0);
  int backlog = arg_int(&a, 1);
  struct sockaddr_un address;
  if (a.failed) return NULL;
  socklen_t size = address_of(path, &address);
  if (size == 0) return throw_errno(&a, ENAMETOOLONG, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, backlog) != 0) return fail_closing(&a, fd, path);
  return make_int(env, fd);
}

static napi_value js_connect_unix(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "connect");
  const char *path = arg_text(&a, 0);
  struct sockaddr_un address;
  if (a.failed) return NULL;
  socklen_t size = address_of(path, &address);
  if (size == 0) return throw_errno(&a, ENAMETOOLONG, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) != 0) return fail_closing(&a, fd, path);
  return make_int(env, fd);
}

static napi_value js_accept(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "accept4");
  int fd = arg_int(&a, 0), connection;
  if (a.failed) return NULL;
  do connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
  while (connection < 0 && errno == EINTR);
  return connection >= 0 ? make_int(env, connection) : throw_errno(&a, errno, NULL);
}

typedef union {
  struct cmsghdr header;
  char space[CMSG_SPACE(sizeof(int))];
} Ancillary;

/* sendDescriptor(socket, fd, data): the data (at least one byte) carries the descriptor */
static napi_value js_send_descriptor(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "sendmsg");
  int socket_fd = arg_int(&a, 0), fd = arg_int(&a, 1);
  Bytes data = arg_bytes(&a, 2);
  if (a.failed) return NULL;
  struct iovec part = {data.data, data.length};
  Ancillary ancillary;
  memset(&ancillary, 0, sizeof ancillary);
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary.space};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(socket_fd, &message, MSG_NOSIGNAL) >= 0 ? NULL : throw_errno(&a, errno, NULL);
}

/* receiveDescriptor(socket): {fd, data}; fd is -1 when the message carried none. Waits unless the socket does not block. */
static napi_value js_receive_descriptor(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "recvmsg");
  int socket_fd = arg_int(&a, 0);
  if (a.failed) return NULL;
  char data[4096];
  struct iovec part = {data, sizeof data};
  Ancillary ancillary;
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof ancillary.space};
  ssize_t length;
  do length = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
  while (length < 0 && errno == EINTR);
  if (length < 0) return throw_errno(&a, errno, NULL);
  int fd = -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  napi_value result = NULL;
  napi_create_object(env, &result);
  set_int(env, result, "fd", fd);
  napi_set_named_property(env, result, "data", make_bytes(env, data, (size_t)length));
  return result;
}

static napi_value make_pair(napi_env env, const int pair[2]) {
  napi_value result = NULL;
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, make_int(env, pair[0]));
  napi_set_element(env, result, 1, make_int(env, pair[1]));
  return result;
}

static napi_value js_pipe(napi_env env, napi_callback_info info) {
  Args a;
  int pair[2];
  args_begin(&a, env, info, "pipe2");
  return pipe2(pair, O_CLOEXEC) == 0 ? make_pair(env, pair) : throw_errno(&a, errno, NULL);
}

static napi_value js_socketpair(napi_env env, napi_callback_info info) {
  Args a;
  int pair[2];
  args_begin(&a, env, info, "socketpair");
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 ? make_pair(env, pair) : throw_errno(&a, errno, NULL);
}

void register_sockets(napi_env env, napi_value exports) {
  static const Export list[] = {
    {"sendDatagram", js_send_datagram}, {"listenUnix", js_listen_unix}, {"connectUnix", js_connect_unix}, {"accept", js_accept},
    {"sendDescriptor", js_send_descriptor}, {"receiveDescriptor", js_receive_descriptor}, {"pipe", js_pipe}, {"socketpair", js_socketpair},
  };
  EXPORT_ALL(env, exports, list);
}
