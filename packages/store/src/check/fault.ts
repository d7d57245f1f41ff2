/** What can be wrong with a store. */
export type FaultKind =
  | 'half-written' | 'unknown-file' | 'record-damaged' | 'record-missing' | 'name-damaged' | 'pin-damaged' | 'evidence-damaged'
  | 'tree-missing' | 'tree-record-damaged' | 'tree-differs' | 'tree-unverified' | 'blob-missing' | 'blob-damaged'

/**
 * `found`: it can be mended. `mended`. `in-use`: it can be mended once the pods are collected. `left`: nothing in the store can mend it.
 */
export type FaultState = 'found' | 'mended' | 'in-use' | 'left'

export interface Fault {
  kind: FaultKind
  /** Relative to the store. */
  file: string
  why: string
  state: FaultState
  /** IDs of the images that suffer from it. */
  images: string[]
  /** UUIDs of the pods that use what is wrong. */
  pods: string[]
  /** What a person can do. */
  hint?: string
}

/** A fault as it is found, with the way to mend it, if there is one. Called while nothing else uses the store. */
export interface FoundFault extends Omit<Fault, 'state' | 'pods'> {
  mend?: () => void
  /** Name of the tree that mending replaces: not done while a pod uses it. */
  tree?: string
}
