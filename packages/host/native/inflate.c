/*
 * Inflating gzip in the thread pool, into buffers of the caller's: Node's own streams make a new one for every piece, which costs a third
 * again in page faults and keeps the collector busy. By the zlib that Node itself is built with and exports to addons; its interface is
 * declared here, as Node-API's is in napi-min.h, and zlib checks version and size of the structure itself.
 */
#include "later.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *next_in;
  unsigned avail_in;
  unsigned long total_in;
  uint8_t *next_out;
  unsigned avail_out;
  unsigned long total_out;
  const char *msg;
  void *state, *zalloc, *zfree, *opaque;
  int data_type;
  unsigned long adler, reserved;
} Zlib;

int inflateInit2_(Zlib *, int window_bits, const char *version, int size);
int inflate(Zlib *, int flush);
int inflateReset(Zlib *);
int inflateValidate(Zlib *, int check);
int inflateEnd(Zlib *);

enum { Z_NO_FLUSH = 0, Z_OK = 0, Z_STREAM_END = 1, Z_BUF_ERROR = -5 };
/* The largest window, and around the data gzip's header and trailer. */
#define GZIP_WINDOW (15 + 16)

typedef struct {
  Zlib zlib;
  bool busy, ended;
} Stream;

typedef struct {
  Later later;
  Stream *stream;
  unsigned input, output;
  int result;
} Inflating;

static void free_stream(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  Stream *stream = data;
  inflateEnd(&stream->zlib);
  free(stream);
}

/* inflateBegin(checks): stream; without checks, gzip's own sums are passed over */
static napi_value js_begin(napi_env env, napi_callback_info info) {
  Args a;
  args_begin(&a, env, info, "inflateBegin");
  bool checks = arg_bool(&a, 0);
  if (a.failed) return NULL;
  Stream *stream = calloc(1, sizeof *stream);
  if (stream == NULL || inflateInit2_(&stream->zlib, GZIP_WINDOW, "1", sizeof stream->zlib) != Z_OK) {
    free(stream);
    return throw_errno(&a, ENOMEM, NULL);
  }
  inflateValidate(&stream->zlib, checks);
  napi_value result = NULL;
  if (napi_create_external(env, stream, free_stream, NULL, &result) != napi_ok) free_stream(env, stream, NULL);
  return result;
}

static void work(Later *later) {
  Inflating *job = (Inflating *)later;
  Stream *stream = job->stream;
  if (stream->ended) inflateReset(&stream->zlib);
  job->result = inflate(&stream->zlib, Z_NO_FLUSH);
  stream->ended = job->result == Z_STREAM_END;
}

/* {read, written, ended}, or an Error in zlib's words */
static napi_value settle(napi_env env, Later *later, bool *failed) {
  Inflating *job = (Inflating *)later;
  Zlib *zlib = &job->stream->zlib;
  napi_value value = NULL, part = NULL;
  job->stream->busy = false;
  *failed = job->result != Z_OK && job->result != Z_STREAM_END && job->result != Z_BUF_ERROR;
  if (*failed) {
    const char *message = zlib->msg != NULL ? zlib->msg : "it cannot be inflated";
    napi_create_string_utf8(env, message, strlen(message), &part);
    napi_create_error(env, NULL, part, &value);
    return value;
  }
  napi_create_object(env, &value);
  set_int(env, value, "read", job->input - zlib->avail_in);
  set_int(env, value, "written", job->output - zlib->avail_out);
  napi_get_boolean(env, job->stream->ended, &part);
  napi_set_named_property(env, value, "ended", part);
  return value;
}

/* inflate(stream, input, output): a promise; one call at a time for each stream */
static napi_value js_inflate(napi_env env, napi_callback_info info) {
  Args a;
  void *data = NULL;
  args_begin(&a, env, info, "inflate");
  if (a.argc < 1 || napi_get_value_external(env, a.argv[0], &data) != napi_ok) return throw_errno(&a, EINVAL, NULL);
  Bytes input = arg_bytes(&a, 1), output = arg_bytes(&a, 2);
  if (a.failed) return NULL;
  Stream *stream = data;
  if (stream->busy) return throw_errno(&a, EBUSY, NULL);
  if (input.length > UINT32_MAX || output.length > UINT32_MAX) return throw_errno(&a, EINVAL, NULL);
  Inflating *job = calloc(1, sizeof *job);
  if (job == NULL) return throw_errno(&a, ENOMEM, NULL);
  *job = (Inflating){
    .later = {.work = work, .settle = settle}, .stream = stream, .input = (unsigned)input.length, .output = (unsigned)output.length,
  };
  stream->zlib.next_in = input.data;
  stream->zlib.avail_in = job->input;
  stream->zlib.next_out = output.data;
  stream->zlib.avail_out = job->output;
  stream->busy = true;
  return start_later(&a, &job->later, 3);
}

void register_inflate(napi_env env, napi_value exports) {
  static const Export list[] = {{"inflateBegin", js_begin}, {"inflate", js_inflate}};
  EXPORT_ALL(env, exports, list);
}
