/** Authorization headers by host, as configured; hosts are compared as they were written, `host` or `host:port`. */
export interface Credentials {
  /** For archives and signatures by URL: `auth` files. */
  domains: ReadonlyMap<string, string>
  /** For registries: `dockerAuth` files. Always basic. */
  registries: ReadonlyMap<string, string>
}

export const noCredentials: Credentials = { domains: new Map(), registries: new Map() }

export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
