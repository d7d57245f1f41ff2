import type * as z from 'zod'
import type { ErrorCode } from '../errors/codes.ts'
import { RocketError } from '../errors/rocket-error.ts'
import { scanJson } from '../json/scan-json.ts'
import { foldKeys } from './fold-keys.ts'
import { ImageManifest } from './image-manifest/schema.ts'
import { PodManifest } from './pod-manifest/schema.ts'

/**
 * An image manifest from its JSON, keys in any case; every fault is listed. Throws IMAGE_MANIFEST_INVALID with the messages of the appc
 * library; `origin` names the manifest in it.
 */
export function parseImageManifest(json: string | Uint8Array, origin = 'image manifest'): ImageManifest {
  return parse(json, ImageManifest, 'IMAGE_MANIFEST_INVALID', `${origin} validation failed`)
}

/** As `parseImageManifest`. Throws POD_MANIFEST_INVALID. */
export function parsePodManifest(json: string | Uint8Array, origin = 'pod manifest'): PodManifest {
  return parse(json, PodManifest, 'POD_MANIFEST_INVALID', `${origin} validation failed`)
}

const hint = 'mend the manifest; the appc specification says what stands in it'

function parse<T extends z.ZodType>(json: string | Uint8Array, schema: T, code: ErrorCode, what: string): z.output<T> {
  const value = parseJson(json, code, what)
  const result = schema.safeParse(foldKeys(value))
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path, message }) => (path.length === 0 ? message : `/${path.join('/')}: ${message}`))
  throw new RocketError(code, { what, why: [...new Set(faults)].slice(0, 20).join('; '), hint })
}

function parseJson(json: string | Uint8Array, code: ErrorCode, what: string): unknown {
  let text: string
  try {
    text = typeof json === 'string' ? json : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json)
  } catch (cause) {
    throw new RocketError(code, { what, why: 'it is not UTF-8', hint, cause })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RocketError(code, { what, why: describeSyntaxError(text, cause), hint, cause })
  }
}

/** `Error at line L, column C`, and the line with a mark below the place, as rkt shows it. */
function describeSyntaxError(text: string, error: unknown): string {
  const { offset, why } = scanJson(text).fault ?? { offset: 0, why: error instanceof Error ? error.message : String(error) }
  const before = text.slice(0, offset).split('\n')
  const column = before.at(-1)!.length
  const line = text.split('\n')[before.length - 1] ?? ''
  const from = Math.max(0, column - 40)
  return `Error at line ${before.length}, column ${column + 1}\n${line.slice(from, column + 40)}\n${' '.repeat(column - from)}^ ${why}`
}
