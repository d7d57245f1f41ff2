/** Why a value was not accepted; the parser says of which flag it was the value. */
export class FlagValueError extends Error {}

/** How the text of a flag becomes its value. One object serves every flag of the kind. */
export interface FlagKind<T> {
  readonly initial: T
  /** The text a flag without `=` stands for. With it, a value is only taken after `=`: `--debug`, `--net`. */
  readonly bareText?: string
  /** Help then shows the value as optional; a boolean has a `bareText`, too, but no value worth showing. */
  readonly valueIsOptional?: boolean
  /** The default as help prints it, quoted when it is a string. */
  readonly shownDefault: string
  /** The value after one more occurrence. Throws {@link FlagValueError}. */
  add(soFar: T, text: string, isFirst: boolean): T
}

/** Where a flag may stand, and to what it belongs. */
export type FlagScope = 'pod' | 'image' | 'application' | 'pod-or-image'

/** A flag is also the key under which its value is read: `values.get(volume)` has the type of the kind. */
export interface Flag<T> {
  readonly name: string
  /** One letter, for the few flags that have one. */
  readonly short?: string
  readonly help: string
  readonly kind: FlagKind<T>
  /** Absent is `pod`. `image` and `application` differ only in the words of their error. */
  readonly scope?: FlagScope
  readonly hidden?: boolean
  /** What to write instead; printed whenever the flag is used. */
  readonly deprecated?: string
  /** The flag whose value this older spelling sets. */
  readonly spells?: Flag<T>
}

/** A family of flags, from the types of their values. */
export type Flags<T> = { readonly [K in keyof T]: Flag<T[K]> }

/** What was written on the command line for one pod or one image, and the defaults of everything else. */
export class FlagValues {
  readonly #values = new Map<string, unknown>()

  get<T>(flag: Flag<T>): T {
    return this.#values.has(flag.name) ? (this.#values.get(flag.name) as T) : flag.kind.initial
  }

  isSet(flag: Flag<unknown>): boolean {
    return this.#values.has(flag.name)
  }

  add<T>(flag: Flag<T>, text: string): void {
    const target = flag.spells ?? flag
    this.#values.set(target.name, target.kind.add(this.get(target), text, !this.isSet(target)))
    if (target !== flag) this.#values.set(flag.name, true)
  }

  /** The names given, in order of first use: for tests, logs and messages. */
  names(): string[] {
    return [...this.#values.keys()]
  }
}
