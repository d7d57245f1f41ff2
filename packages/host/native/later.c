#include "later.h"
#include <stdlib.h>
#include <string.h>

static void execute(napi_env env, void *data) {
  (void)env;
  Later *later = data;
  later->work(later);
}

static void complete(napi_env env, napi_status status, void *data) {
  (void)status;
  Later *later = data;
  bool failed = false;
  napi_value value = later->settle(env, later, &failed);
  if (value == NULL) napi_get_undefined(env, &value);
  if (failed) napi_reject_deferred(env, later->deferred, value);
  else napi_resolve_deferred(env, later->deferred, value);
  for (size_t i = 0; i < later->kept_count; i++) napi_delete_reference(env, later->kept[i]);
  napi_delete_async_work(env, later->handle);
  free(later);
}

napi_value start_later(Args *args, Later *later, size_t kept) {
  napi_value promise = NULL, name = NULL;
  for (; later->kept_count < kept; later->kept_count++) {
    napi_create_reference(args->env, args->argv[later->kept_count], 1, &later->kept[later->kept_count]);
  }
  napi_create_promise(args->env, &later->deferred, &promise);
  napi_create_string_utf8(args->env, args->syscall, strlen(args->syscall), &name);
  napi_create_async_work(args->env, NULL, name, execute, complete, later, &later->handle);
  napi_queue_async_work(args->env, later->handle);
  return promise;
}
