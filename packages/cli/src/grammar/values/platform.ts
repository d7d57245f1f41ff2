import { FlagValueError, type FlagKind } from '../flag.ts'

export interface PlatformValue {
  os: string
  architecture: string
  variant?: string
}

/** `OS/ARCH[/VARIANT]` in OCI's words: `linux/arm64`, `linux/arm/v7`. */
export const platform: FlagKind<PlatformValue | undefined> = {
  initial: undefined,
  shownDefault: '',
  add(_, text) {
    const [os = '', architecture = '', variant, ...more] = text.split('/')
    if (more.length > 0 || !/^[a-z0-9]{1,32}$/.test(os) || !/^[a-z0-9_]{1,32}$/.test(architecture) || !/^[a-z0-9.]{1,32}$/.test(variant ?? 'v')) {
      throw new FlagValueError(`${JSON.stringify(text)} is not OS/ARCHITECTURE[/VARIANT], as linux/arm64`)
    }
    return { os, architecture, ...(variant === undefined ? {} : { variant }) }
  },
}
