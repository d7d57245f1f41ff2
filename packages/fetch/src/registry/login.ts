/** How we log in to a registry. */
export type Login =
  | { kind: 'basic'; user: string; password: string }
  /** docker's `identitytoken`: an OAuth2 refresh token, for the token server. */
  | { kind: 'identity'; token: string }
  /** A token that the registry itself understands. */
  | { kind: 'bearer'; token: string }

export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
