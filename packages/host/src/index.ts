export { type AtomicFileOptions, readFileCapped, readJsonFile, removeLeftovers, syncDirectory, writeFileAtomic } from './atomic-file.ts'
export { type BindOptions, bindMount } from './bind-mount.ts'
export { describing, syscallError } from './errors.ts'
export { findProgram, installHint, requireProgram } from './find-program.ts'
export { createDigest, Digest, type DigestAlgorithm, digestFile, digestOf, sha256Hex, sha512Hex } from './hash.ts'
export { linux } from './linux.ts'
export {
  keepAcrossExec, lockDirectory, lockFile, type LockOptions, markInheritedCloseOnExec, probeLock, releaseLock,
} from './lock.ts'
export {
  enterPrivateMountNamespace, type MountFlags, mountFileSystem, type MountTarget, type Propagation, setPropagation, targetPath, unmount,
} from './mount.ts'
export { type MountEntry, mountsBelow, parseMountInfo, readMounts } from './mount-table.ts'
export {
  type Holder, type HolderOptions, joinMountNamespace, LOCK_FD, type NamespaceKind, openNamespace, setHostname, setLoopbackUp, startHolder,
} from './namespaces.ts'
export { native, nativeDirectory, setNativeDirectory } from './native.ts'
export type { Ended, Name, NativePart, NativeSpawnOptions, NativeStat } from './native-interface.ts'
export { writeErr, writeFully, writeOut } from './output.ts'
export { mountOverlay, type OverlayMount, overlayOptions } from './overlay.ts'
export {
  childrenOf, drainEnded, isAlive, parseProcessStat, processStat, type ProcessStat, signalName, signalNumber, startTime,
} from './process.ts'
export { type Environment, environmentList, spawn, type SpawnOptions } from './spawn.ts'
export { documentFile, HandoffFiles, type HandoffFilesOptions } from './documents/handoff-files.ts'
export { runStageProgram } from './documents/run-stage-program.ts'
export { defineVerb, type Stage, type StageContext, type StageEvent, type Verb } from './documents/stage.ts'
