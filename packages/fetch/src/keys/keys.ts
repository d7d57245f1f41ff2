/** What stores keys: loaded by `rkt trust`, and when an image is fetched by name. */
export { openNetwork } from '../registry/open-network.ts'
export { openKeySource } from './key-source.ts'
export { openTerminal } from './terminal.ts'
export { trustKeys } from './trust-keys.ts'
