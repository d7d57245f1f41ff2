import type { Command } from './command.ts'
import { imageCommands } from './commands-image.ts'
import { inspectionCommands } from './commands-inspection.ts'
import { podCommands } from './commands-pod.ts'
import { storeCommands } from './commands-store.ts'
import { trustCommands } from './commands-trust.ts'

/** Every command, in the order in which help lists them. */
export const commands: readonly Command[] = [...podCommands, ...imageCommands, ...storeCommands, ...trustCommands, ...inspectionCommands].toSorted((one, other) =>
  one.path < other.path ? -1 : 1,
)
