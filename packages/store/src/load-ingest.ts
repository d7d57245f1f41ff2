/**
 * The part of the store that writes: it needs the image formats, and with them archives, compression and digests, none of which a
 * command that only uses what is there should load.
 */
export function loadIngest(): Promise<typeof import('./ingest/index.ts')> {
  return import('./ingest/index.ts')
}

/** The part that looks whether the store is what its records say; for the same reason apart. */
export function loadCheck(): Promise<typeof import('./check/check-store.ts')> {
  return import('./check/check-store.ts')
}
