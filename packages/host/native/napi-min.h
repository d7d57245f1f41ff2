/*
 * The part of Node-API that Rocket uses, declared by us: the interface is ABI stable, and a fresh machine has a C compiler
 * more often than it has Node's headers. Numbers and types follow https://nodejs.org/api/n-api.html, version 8.
 */
#ifndef ROCKET_NAPI_MIN_H
#define ROCKET_NAPI_MIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env env, napi_callback_info info);

typedef int napi_status;
#define napi_ok 0

typedef int napi_valuetype;
enum { napi_undefined, napi_null, napi_boolean, napi_number, napi_string, napi_symbol, napi_object, napi_function, napi_external, napi_bigint };

napi_status napi_get_cb_info(napi_env, napi_callback_info, size_t *argc, napi_value *argv, napi_value *this_arg, void **data);
napi_status napi_create_function(napi_env, const char *name, size_t length, napi_callback, void *data, napi_value *result);
napi_status napi_set_named_property(napi_env, napi_value object, const char *name, napi_value value);
napi_status napi_get_named_property(napi_env, napi_value object, const char *name, napi_value *result);
napi_status napi_create_object(napi_env, napi_value *result);
napi_status napi_create_array_with_length(napi_env, size_t length, napi_value *result);
napi_status napi_set_element(napi_env, napi_value array, uint32_t index, napi_value value);
napi_status napi_get_element(napi_env, napi_value array, uint32_t index, napi_value *result);
napi_status napi_get_array_length(napi_env, napi_value array, uint32_t *result);
napi_status napi_is_array(napi_env, napi_value value, bool *result);
napi_status napi_get_boolean(napi_env, bool value, napi_value *result);
napi_status napi_create_int32(napi_env, int32_t value, napi_value *result);
napi_status napi_create_uint32(napi_env, uint32_t value, napi_value *result);
napi_status napi_create_int64(napi_env, int64_t value, napi_value *result);
napi_status napi_create_double(napi_env, double value, napi_value *result);
napi_status napi_create_bigint_int64(napi_env, int64_t value, napi_value *result);
napi_status napi_create_bigint_uint64(napi_env, uint64_t value, napi_value *result);
napi_status napi_create_string_utf8(napi_env, const char *text, size_t length, napi_value *result);
napi_status napi_create_buffer_copy(napi_env, size_t length, const void *data, void **copy, napi_value *result);
napi_status napi_create_error(napi_env, napi_value code, napi_value message, napi_value *result);
napi_status napi_throw(napi_env, napi_value error);
napi_status napi_throw_type_error(napi_env, const char *code, const char *message);
napi_status napi_is_exception_pending(napi_env, bool *result);
napi_status napi_typeof(napi_env, napi_value value, napi_valuetype *result);
napi_status napi_get_value_double(napi_env, napi_value value, double *result);
napi_status napi_get_value_bool(napi_env, napi_value value, bool *result);
napi_status napi_get_value_bigint_int64(napi_env, napi_value value, int64_t *result, bool *lossless);
napi_status napi_get_value_string_utf8(napi_env, napi_value value, char *text, size_t size, size_t *length);
napi_status napi_is_buffer(napi_env, napi_value value, bool *result);
napi_status napi_get_buffer_info(napi_env, napi_value value, void **data, size_t *length);
napi_status napi_get_undefined(napi_env, napi_value *result);
napi_status napi_get_boolean(napi_env, bool value, napi_value *result);

typedef void (*napi_finalize)(napi_env env, void *data, void *hint);
napi_status napi_create_external(napi_env, void *data, napi_finalize, void *hint, napi_value *result);
napi_status napi_get_value_external(napi_env, napi_value value, void **result);

typedef struct napi_ref__ *napi_ref;
napi_status napi_create_reference(napi_env, napi_value value, uint32_t count, napi_ref *result);
napi_status napi_delete_reference(napi_env, napi_ref);

typedef struct napi_deferred__ *napi_deferred;
napi_status napi_create_promise(napi_env, napi_deferred *deferred, napi_value *promise);
napi_status napi_resolve_deferred(napi_env, napi_deferred, napi_value value);
napi_status napi_reject_deferred(napi_env, napi_deferred, napi_value reason);

typedef struct napi_async_work__ *napi_async_work;
typedef void (*napi_async_execute)(napi_env env, void *data);
typedef void (*napi_async_complete)(napi_env env, napi_status status, void *data);
napi_status napi_create_async_work(
  napi_env, napi_value resource, napi_value name, napi_async_execute, napi_async_complete, void *data, napi_async_work *result);
napi_status napi_queue_async_work(napi_env, napi_async_work);
napi_status napi_delete_async_work(napi_env, napi_async_work);

#endif
