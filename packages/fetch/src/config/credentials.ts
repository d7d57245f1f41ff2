import type { Login } from '../registry/login.ts'

/** What `auth.d` says, by host; hosts are compared as they were written, `host` or `host:port`. */
export interface Credentials {
  /** Authorization headers for archives and signatures by URL: `auth` files. */
  domains: ReadonlyMap<string, string>
  /** For registries: `dockerAuth` files. */
  registries: ReadonlyMap<string, Login>
}
