export { type AtomicFileOptions, nameBeside, readFileCapped, readJsonFile, removeLeftovers, syncDirectory, writeFileAtomic } from './atomic-file.ts'
export { type BindOptions, bindMount } from './bind-mount.ts'
export { describing, isDiskFull, syscallError } from './errors.ts'
export { findProgram, installHint, requireProgram } from './find-program.ts'
export { droppingChains, isChainOfIptables } from './forward-chains.ts'
export { bootId } from './boot-id.ts'
export { boundingSet, capabilityNames, type CapabilitySet, kernelCapabilities, parseCapabilities, readCapabilities } from './capabilities.ts'
export { type Cgroups, detectCgroups, hierarchies, prewarmCgroup } from './cgroup.ts'
export {
  cgroupDirectories, cgroupProcs, enterCgroup, killCgroup, makeCgroup, removeCgroup, waitCgroupEmpty,
} from './cgroup-tree.ts'
export { createDigest, Digest, type DigestAlgorithm, digestFile, digestOf, sha256Hex, sha512Hex } from './hash.ts'
export { isThere, namesIn, readIfThere } from './if-there.ts'
export { linux } from './linux.ts'
export { type LockHolder, lockHolders } from './lock-holders.ts'
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
export { collectRecentGarbage, shrinkMemory } from './shrink-memory.ts'
export { native, nativeDirectory, setNativeDirectory } from './native.ts'
export type { Ended, Inflated, Name, NativePart, NativeSpawnOptions, NativeStat } from './native-interface.ts'
export { writeErr, writeFully, writeOut } from './output.ts'
export { isOpaque, isOverlayAttribute, isWhiteout, opaqueAttribute } from './overlay-marks.ts'
export { mountOverlay, type OverlayMount, overlayOptions } from './overlay.ts'
export { existingPods, podsIn } from './pods-in.ts'
export {
  childrenOf, drainEnded, isAlive, parseProcessStat, processStat, type ProcessStat, signalName, signalNumber, startTime,
} from './process.ts'
export { readFileInRoot } from './read-in-root.ts'
export { ReservedFile } from './reserved-file.ts'
export { finishPrograms, programFailed, runProgram, runProgramOrFail, type RunningProgram, startProgram } from './run-program.ts'
export type { ProgramResult, RunProgramOptions } from './running-program.ts'
export { probeMachine } from './doctor.ts'
export type { Probe } from './probe.ts'
export { probeSeccomp } from './probe-kernel.ts'
export { cniDirectories, programVersion } from './probe-programs.ts'
export { type Environment, environmentList, spawn, type SpawnOptions } from './spawn.ts'
export { documentFile, HandoffFiles, type HandoffFilesOptions, type KnownDocuments } from './documents/handoff-files.ts'
export { runStageProgram } from './documents/run-stage-program.ts'
export { defineVerb, type Stage, type StageContext, type StageEvent, type Verb } from './documents/stage.ts'
export {
  findGroup, findUser, findUserById, type GroupEntry, groupsOfUser, maxUserFileBytes, parseId, type UserEntry,
} from './users.ts'
export { makeEmptyVolumes } from './stage1/empty-volumes.ts'
export { endCgroups, findCgroups } from './stage1/end-cgroups.ts'
export { makeAppRoot, unmountAppRoot } from './stage1/make-app-root.ts'
export { type AppRoot, planAppRoot } from './stage1/plan-app-root.ts'
export { prepareAppRoot, rootHasFile } from './stage1/prepare-app-root.ts'
export { openTarget } from './stage1/open-target.ts'
export { requirePodMountNamespace } from './stage1/pod-mount-namespace.ts'
export { removeRunDirectory } from './stage1/run-directory.ts'
