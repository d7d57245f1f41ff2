/**
 * The part of the store that writes: it needs the image formats, and with them archives, compression and digests, none of which a
 * command that only uses what is there should load.
 */
export function loadIngest(): Promise<typeof import('./ingest/index.ts')> {
  return import('./ingest/index.ts')
}
