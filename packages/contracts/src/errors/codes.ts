/**
 * Every code an error of Rocket can carry, with the sentence that `docs/errors.md` prints. A code is contract: scripts match on
 * it, so it is never renamed, and a removed one is never used again. Sorted by the part that raises it.
 */
export const errorCodes = {
  // the command line
  USAGE: 'the command line could not be understood',
  NOT_ROOT: 'the command needs root',
  POD_NOT_FOUND: 'no pod has this UUID, or several begin with it',
  POD_WRONG_STATE: 'the pod is not in a state in which the command can act on it',
  CONFIG_INVALID: 'a configuration file cannot be read, or says something that is not allowed',
  // documents
  DOCUMENT_MISSING: 'a document that a stage must read is not there',
  DOCUMENT_INVALID: 'a document does not keep its schema; the message lists every wrong field as a JSON pointer',
  DOCUMENT_VERSION_UNKNOWN: 'a document has a version that this reader does not know',
  HANDOFF_ALTERED: 'a hand-off was changed after the stage that wrote it had finished',
  // stages
  STAGE_FAILED: 'a stage program ended without success and without an error document',
  STAGE_TIMEOUT: 'a stage program did not finish in its time',
  STAGE_NOT_FOUND: 'the program of a stage cannot be found or executed',
  FLAVOR_UNKNOWN: 'no flavor has this name',
  FLAVOR_LACKS_FEATURE: 'the pod needs features that the flavor does not have',
  // the machine
  NATIVE_PART_MISSING: 'the native part of host is not built, or was built for another machine',
  SYSCALL_FAILED: 'the kernel refused an operation; the message names the call, the object and the errno',
  PROGRAM_MISSING: 'a program from the distribution is needed and not installed',
  PROGRAM_FAILED: 'a program from the distribution failed',
  LOCK_HELD: 'another process holds the lock',
  DISK_FULL: 'the file system is full, or a quota is used up',
} as const

export type ErrorCode = keyof typeof errorCodes
