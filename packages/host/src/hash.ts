import { closeSync, openSync } from 'node:fs'
import { native } from './native.ts'

export type DigestAlgorithm = 'sha256' | 'sha512'

/** A running digest. `hex` and `bytes` may be asked at any time and do not end it. */
export class Digest {
  readonly algorithm: DigestAlgorithm
  readonly #state: Buffer

  constructor(algorithm: DigestAlgorithm) {
    this.algorithm = algorithm
    this.#state = native().digestBegin(bitsOf(algorithm))
  }

  update(data: Uint8Array | string): this {
    native().digestUpdate(this.#state, typeof data === 'string' ? Buffer.from(data) : data)
    return this
  }

  /** In the thread pool; until it is done, neither the data nor this may be touched. */
  updateLater(data: Buffer): Promise<void> {
    return native().digestUpdateLater(this.#state, data)
  }

  bytes(): Buffer {
    return native().digestEnd(this.#state)
  }

  hex(): string {
    return this.bytes().toString('hex')
  }
}

export function createDigest(algorithm: DigestAlgorithm): Digest {
  return new Digest(algorithm)
}

/** Hexadecimal, without the algorithm's name. A string is hashed as UTF-8. */
export function digestOf(algorithm: DigestAlgorithm, data: Uint8Array | string): string {
  return new Digest(algorithm).update(data).hex()
}

export function sha256Hex(data: Uint8Array | string): string {
  return digestOf('sha256', data)
}

export function sha512Hex(data: Uint8Array | string): string {
  return digestOf('sha512', data)
}

/** In hex, of a file by path or of what an open descriptor still has to read. */
export function digestFile(algorithm: DigestAlgorithm, file: string | number): string {
  const fd = typeof file === 'number' ? file : openSync(file, 'r')
  try {
    return native().digestFile(fd, bitsOf(algorithm)).toString('hex')
  } finally {
    if (typeof file === 'string') closeSync(fd)
  }
}

function bitsOf(algorithm: DigestAlgorithm): 256 | 512 {
  return algorithm === 'sha256' ? 256 : 512
}
