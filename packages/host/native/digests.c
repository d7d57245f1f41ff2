/*
 * digestBegin(bits): state; digestUpdate(state, data); digestUpdateLater(state, data): promise; digestEnd(state): bytes; digestFile(fd,
 * bits): bytes
 */
#include "later.h"
#include "sha.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t count);

static Sha *arg_sha(Args *a, size_t index) {
  Bytes state = arg_bytes(a, index);
  if (a->failed) return NULL;
  if (state.length == sizeof(Sha) && (uintptr_t)state.data % _Alignof(Sha) == 0) return state.data;
  a->failed = true;
  throw_errno(a, EINVAL, NULL);
  return NULL;
}

static napi_value js_begin(napi_env env, napi_callback_info info) {
  Args a;
  Sha sha;
  args_begin(&a, env, info, "digestBegin");
  int bits = arg_int(&a, 0);
  if (a.failed) return NULL;
  if (bits != 256 && bits != 512) return throw_errno(&a, EINVAL, NULL);
  sha_begin(&sha, bits);
  return make_bytes(env, &sha, sizeof sha);
}

static napi_value js_update(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "digestUpdate");
  Sha *sha = arg_sha(&a, 0);
  Bytes data = arg_bytes(&a, 1);
  if (a.failed) return NULL;
  if (data.length > 0) sha_update(sha, data.data, data.length);
  return NULL;
}

typedef struct {
  Later later;
  Sha *sha;
  Bytes data;
} Updating;

static void update_work(Later *later) {
  Updating *job = (Updating *)later;
  if (job->data.length > 0) sha_update(job->sha, job->data.data, job->data.length);
}

static napi_value update_settle(napi_env env, Later *later, bool *failed) {
  (void)env, (void)later, (void)failed;
  return NULL;
}

static napi_value js_update_later(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "digestUpdate");
  Sha *sha = arg_sha(&a, 0);
  Bytes data = arg_bytes(&a, 1);
  if (a.failed) return NULL;
  Updating *job = calloc(1, sizeof *job);
  if (job == NULL) return throw_errno(&a, ENOMEM, NULL);
  *job = (Updating){.later = {.work = update_work, .settle = update_settle}, .sha = sha, .data = data};
  return start_later(&a, &job->later, 2);
}

static napi_value js_end(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "digestEnd");
  Sha *sha = arg_sha(&a, 0), last;
  uint8_t digest[64];
  if (a.failed) return NULL;
  /* On a copy, so that a running digest can be asked in the middle. */
  last = *sha;
  sha_end(&last, digest);
  return make_bytes(env, digest, last.word * 8);
}

/* From the descriptor's current offset to the end. */
static napi_value js_file(napi_env env, napi_callback_info info) {
  Args a;
  Sha sha;
  uint8_t digest[64], chunk[65536];
  args_begin(&a, env, info, "read");
  int fd = arg_int(&a, 0), bits = arg_int(&a, 1);
  if (a.failed) return NULL;
  if (bits != 256 && bits != 512) return throw_errno(&a, EINVAL, NULL);
  sha_begin(&sha, bits);
  for (;;) {
    ssize_t length = read(fd, chunk, sizeof chunk);
    if (length == 0) break;
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return throw_errno(&a, errno, NULL);
    sha_update(&sha, chunk, (size_t)length);
  }
  sha_end(&sha, digest);
  return make_bytes(env, digest, sha.word * 8);
}

/* sha256Portable(state of eight words, blocks): changes the state as the fast way would */
static napi_value js_portable(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "sha256Portable");
  Bytes state = arg_bytes(&a, 0), data = arg_bytes(&a, 1);
  if (a.failed) return NULL;
  if (state.length != 32 || data.length % 64 != 0) return throw_errno(&a, EINVAL, NULL);
  uint32_t words[8];
  memcpy(words, state.data, sizeof words);
  sha256_blocks_portable(words, data.data, data.length / 64);
  memcpy(state.data, words, sizeof words);
  return NULL;
}

void register_digests(napi_env env, napi_value exports) {
  static const Export list[] = {
    {"digestBegin", js_begin}, {"digestUpdate", js_update}, {"digestUpdateLater", js_update_later}, {"digestEnd", js_end}, {"digestFile", js_file}, {"sha256Portable", js_portable},
  };
  EXPORT_ALL(env, exports, list);
}
