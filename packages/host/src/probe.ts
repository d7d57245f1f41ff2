/** One thing that a machine should have, and what was found. */
export interface Probe {
  name: string
  ok: boolean
  /** Without a required one nothing runs; an optional one is needed by some flavor, format or network. */
  level: 'required' | 'optional'
  found: string
  /** What to do when it is not ok. */
  hint?: string
}

export function probe(name: string, level: Probe['level'], ok: boolean, found: string, hint?: string): Probe {
  return ok || hint === undefined ? { name, ok, level, found } : { name, ok, level, found, hint }
}

/** A check that throws is one that failed, with its message as what was found. */
export function probing(name: string, level: Probe['level'], hint: string, check: () => string): Probe {
  try {
    return probe(name, level, true, check())
  } catch (error) {
    return probe(name, level, false, error instanceof Error ? error.message : String(error), hint)
  }
}
