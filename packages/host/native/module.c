#include "args.h"

__attribute__((visibility("default"))) int32_t node_api_module_get_api_version_v1(void) {
  return 8;
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  register_if_there(env, exports);
  register_files(env, exports);
  register_xattrs(env, exports);
  register_mounts(env, exports);
  register_processes(env, exports);
  register_spawn(env, exports);
  register_sockets(env, exports);
  register_terminals(env, exports);
  register_digests(env, exports);
  register_inflate(env, exports);
  register_tree(env, exports);
  return exports;
}
