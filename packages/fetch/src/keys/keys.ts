/** What stores keys: loaded by `rkt trust`, and when an image is fetched by name. */
export { readKeyAt } from './read-key.ts'
export { openTerminal, type Terminal } from './terminal.ts'
export { trustKeys, type TrustRequest } from './trust-keys.ts'
export { openNetwork } from '../registry/open-network.ts'
