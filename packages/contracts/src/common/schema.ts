import * as z from 'zod'

/** Lower-case, dashed, as the pod directory is called. */
export const Uuid = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
/** An ACName as rkt's library accepts it; the length keeps cgroup and container names below 255 bytes. */
export const AppName = z.string().max(128).regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
export const AcIdentifier = z.string().max(1024).regex(/^[a-z0-9]([a-z0-9._~/-]*[a-z0-9])?$/)
/** rkt's store key: `sha512-` and the first 64 hex digits. */
export const ImageId = z.string().regex(/^sha512-[0-9a-f]{64}$/)
export const Sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/)
export const Digest = z.string().regex(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/)
/** RFC 3339 in UTC with milliseconds. */
export const Time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
/** Relative to the store, so that a moved data directory changes no document; no component is `.` or `..`. */
export const StorePath = z.string().regex(/^store:[a-z]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/)
/** Relative to the pod; no component is empty, `.` or `..`. */
export const PodPath = z.string().max(4096).regex(/^(?!\.{1,2}(\/|$))[^/\0]+(\/(?!\.{1,2}(\/|$))[^/\0]+)*$/)
/** Absolute and clean: no empty component, `.` or `..`. */
export const AbsolutePath = z.string().max(4096).regex(/^\/$|^(\/(?!\.{1,2}(\/|$))[^/\0]+)+$/)
export const Id32 = z.int().min(0).max(4294967294)
export const Port = z.int().min(1).max(65535)
export const Protocol = z.enum(['tcp', 'udp'])
/** A vector's words: at least the program. No word holds a NUL byte. */
export const Argv = z.array(z.string().regex(/^[^\0]*$/)).min(1)
export const EnvironmentName = z.string().regex(/^[A-Za-z_][A-Za-z_0-9.-]*$/)

export const NameValue = z.strictObject({
  name: z.string().min(1),
  value: z.string(),
})

/** A process that can be told from a later one with the same pid. `startTime` is field 22 of /proc/PID/stat, in clock ticks since boot. */
export const ProcessIdentity = z.strictObject({
  pid: z.int().min(1),
  startTime: z.int().min(0),
})
