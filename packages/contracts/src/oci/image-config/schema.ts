import * as z from 'zod'
import { OciDigest } from '../descriptor.ts'

/** Absent and `null` mean the same: docker writes `null` for what is empty. */
const strings = z.array(z.string()).nullish()
const set = z.record(z.string(), z.unknown()).nullish()

/**
 * An OCI image configuration, or docker's. What a run needs of it; the rest is dropped. The values are the author's text: `normaliseOci`
 * decides what of it can be run. Spec: OCI image-spec, config.md.
 */
export const OciImageConfig = z
  .object({
    created: z.string().nullish(),
    author: z.string().nullish(),
    architecture: z.string(),
    os: z.string(),
    variant: z.string().nullish(),
    config: z
      .object({
        User: z.string().nullish(),
        ExposedPorts: set,
        Env: strings,
        Entrypoint: strings,
        Cmd: strings,
        Volumes: set,
        WorkingDir: z.string().nullish(),
        Labels: z.record(z.string(), z.string()).nullish(),
        StopSignal: z.string().nullish(),
      })
      .nullish(),
    rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(OciDigest).max(1000) }),
    history: z.array(z.object({ created_by: z.string().nullish(), empty_layer: z.boolean().nullish() })).nullish(),
  })
  .meta({ title: 'OciImageConfig' })
export type OciImageConfig = z.infer<typeof OciImageConfig>
