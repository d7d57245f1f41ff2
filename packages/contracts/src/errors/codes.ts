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
  // images
  DIGEST_INVALID: 'a digest is not `sha256:` with 64 or `sha512:` with 128 lower-case hex digits',
  IMAGE_ID_INVALID: 'an image ID does not begin with `sha512-`, or is too short or no hex number',
  LAYER_CORRUPT: 'an archive is truncated, damaged, or not what its format says',
  LAYER_TOO_LARGE: 'an archive expands beyond the limits, in bytes, ratio or number of entries',
  LAYER_DIGEST_MISMATCH: 'the bytes of an archive do not have the digest they were announced with; nothing of it was kept',
  ENTRY_ESCAPES_ROOTFS: 'an archive names a place outside the root it is unpacked into',
  ENTRY_NAME_INVALID: 'the name of an archive entry cannot be a file name',
  ENTRY_TYPE_UNSUPPORTED: 'an archive entry is of a type that is not unpacked',
  ENTRY_PARENT_NOT_DIRECTORY: 'an archive entry lies below something that is no directory, or would replace the root',
  ENTRY_LIMIT: 'the attributes of an archive entry are more or larger than is accepted',
  HARDLINK_TARGET_MISSING: 'a hard link in an archive names a file that is not there',
  WHITEOUT_INVALID: 'a layer deletes something that a layer cannot delete',
  UNPACK_TARGET_UNSAFE: 'the directory to unpack into is not empty, not ours, or not private',
  ACI_LAYOUT_INVALID: 'an ACI does not consist of one manifest and one rootfs directory',
  IMAGE_MANIFEST_INVALID: 'an appc image manifest breaks the rules of its specification',
  POD_MANIFEST_INVALID: 'an appc pod manifest breaks the rules of its specification',
  IMAGE_DOCUMENT_INVALID: 'an OCI or docker document breaks the rules of its specification',
  IMAGE_DOCUMENT_AMBIGUOUS: 'an OCI or docker document can be read in two ways: as two kinds, or with a key given twice',
  IMAGE_CONFIG_INVALID: 'an image configuration says something that no app can be run with',
  OCI_LAYOUT_INVALID: 'a directory is not an OCI image layout, or lacks a part of one',
  OCI_TAG_NOT_FOUND: 'an OCI image layout has no image of this tag, or several and none was named',
  PLATFORM_NOT_FOUND: 'an image does not exist for this operating system and architecture',
  // the machine
  NATIVE_PART_MISSING: 'the native part of host is not built, or was built for another machine',
  SYSCALL_FAILED: 'the kernel refused an operation; the message names the call, the object and the errno',
  PROGRAM_MISSING: 'a program from the distribution is needed and not installed',
  PROGRAM_FAILED: 'a program from the distribution failed',
  LOCK_HELD: 'another process holds the lock',
  DISK_FULL: 'the file system is full, or a quota is used up',
} as const

export type ErrorCode = keyof typeof errorCodes
