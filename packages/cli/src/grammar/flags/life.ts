import type { Flags } from '../flag.ts'
import { bool, duration, lowerCase, oneOf, text, wait, wordSet, type Wait } from '../kinds.ts'

export const statusFlags: Flags<{ wait: Wait | undefined; waitReady: Wait | undefined }> = {
  wait: { name: 'wait', kind: wait, help: "wait for the pod's end; with a duration, no longer than that" },
  waitReady: { name: 'wait-ready', kind: wait, help: 'wait until the pod is ready; with a duration, no longer than that' },
}

export const stopFlags: Flags<{ force: boolean }> = {
  force: { name: 'force', kind: bool(), help: 'kill the pod at once' },
}

export const enterFlags: Flags<{ app: string }> = {
  app: { name: 'app', kind: text(), help: 'the app to enter, where the pod has several' },
}

export const gcFlags: Flags<{ expirePrepared: number; gracePeriod: number; markOnly: boolean }> = {
  expirePrepared: { name: 'expire-prepared', kind: duration(86_400_000, '24h0m0s'), help: 'how long a pod may stay prepared' },
  gracePeriod: { name: 'grace-period', kind: duration(1_800_000, '30m0s'), help: 'how long an exited pod is kept after it was marked' },
  markOnly: { name: 'mark-only', kind: bool(), help: 'mark pods, and remove none' },
}

const fields = ['id', 'name', 'size', 'importtime', 'lastused'] as const
export type ImageField = (typeof fields)[number]

export const imageListFlags: Flags<{ fields: readonly string[]; order: 'asc' | 'desc'; sort: readonly string[] }> = {
  fields: { name: 'fields', kind: wordSet(fields, fields), help: 'columns, in this order: id, name, size, importtime, lastused' },
  order: {
    name: 'order',
    kind: lowerCase(oneOf<'asc' | 'desc'>('asc', ['asc', 'desc'], () => 'wrong sort order')),
    help: "'asc' or 'desc'",
  },
  sort: {
    name: 'sort',
    kind: wordSet(['importtime'], ['name', 'importtime', 'lastused', 'size']),
    help: 'sort by name, importtime, lastused, size',
  },
}

export const imageBuildFlags: Flags<{ manifest: string; oci: string; output: string; overwrite: boolean; rootfs: string }> = {
  manifest: { name: 'manifest', kind: text(), help: 'image manifest file' },
  oci: { name: 'oci', kind: text(), help: 'write an OCI layout to this directory' },
  output: { name: 'output', short: 'o', kind: text(), help: 'write an ACI to this file' },
  overwrite: { name: 'overwrite', kind: bool(), help: 'replace what is there' },
  rootfs: { name: 'rootfs', kind: text(), help: 'directory that becomes the root file system' },
}
