export { commands } from './grammar/commands.ts'
export { parse, type Parsed } from './grammar/parse.ts'
export type { Command, ImageArgument, Invocation } from './grammar/command.ts'
export { formatHelp } from './print/help.ts'
