/* Work in the thread pool, with a promise of its end. */
#ifndef ROCKET_LATER_H
#define ROCKET_LATER_H

#include "args.h"

#define LATER_KEPT 3

/* Begins the structure of every such call, which is allocated by the caller and freed when all is done. */
typedef struct Later {
  /* In another thread: no Node-API. */
  void (*work)(struct Later *);
  /* Afterwards: the value of the promise, or with `*failed` set its reason. */
  napi_value (*settle)(napi_env env, struct Later *, bool *failed);
  napi_async_work handle;
  napi_deferred deferred;
  napi_ref kept[LATER_KEPT];
  size_t kept_count;
} Later;

/* Starts it; the first `kept` arguments are not collected as long as it runs. Returns the promise. */
napi_value start_later(Args *args, Later *later, size_t kept);

#endif
