import { isErrno, isRocketError, type ErrorCode, type ErrorDocument } from '@rocket/contracts'
import { FlagValueError } from '../grammar/flag.ts'
import { ContextError } from './context.ts'
import { writeError } from './write.ts'

export interface ErrorStyle {
  /** Last word of the command, which begins every line. */
  prefix: string
  debug: boolean
  /** Documents instead of lines. */
  json: boolean
}

/** Prints an error with what was being done when it was met: `run: context: cause`, or the whole chain with `--debug`. */
export function printError(error: unknown, style: ErrorStyle, context?: string): void {
  writeError(formatError(error, style, context))
}

export function formatError(error: unknown, style: ErrorStyle, context?: string): string {
  if (error instanceof ContextError && context === undefined) return formatError(error.cause, style, error.context)
  if (style.json) return `${JSON.stringify(errorDocument(error, context))}\n`
  if (style.debug) return formatChain(error, style.prefix, context)
  const head = context === undefined ? `${style.prefix}: ` : `${style.prefix}: ${context}: `
  // A coded error says all there is to say; of others rkt's users see the innermost cause.
  const shown = isRocketError(error) ? error : innermost(error)
  return `${head}${codedLine(shown, style.prefix)}\n${advice(hintOf(shown))}`
}

function advice(hint: string | undefined): string {
  return hint === undefined ? '' : `  try: ${hint}\n`
}

/**
 * `network up: networks not found: x [NETWORK_NOT_FOUND]`; the stage is absent when it was the command itself that refused, and when it would
 * say the command's name again.
 */
function codedLine(error: unknown, prefix: string): string {
  if (!isRocketError(error)) return `${messageOf(error)} [${codeOf(error)}]`
  const by = error.raisedBy
  const stage = by === undefined ? '' : by.stage === by.verb ? by.stage : `${by.stage} ${by.verb}`
  return `${stage === '' || stage === prefix ? '' : `${stage}: `}${error.message} [${error.code}]`
}

/** A line of narration; there is no error behind it. */
export function printLine(message: string, style: ErrorStyle): void {
  writeError(`${style.prefix}: ${message}\n`)
}

function formatChain(error: unknown, prefix: string, context: string | undefined): string {
  const layers = chain(error)
  const isCoded = layers.some((layer) => isRocketError(layer))
  const lines = layers.flatMap((layer, index) => {
    const hasCode = isRocketError(layer) || (!isCoded && index === layers.length - 1)
    const line = `${'  '.repeat(index + 1)}└─${hasCode ? codedLine(layer, prefix) : messageOf(layer)}`
    return isOurBug(layer) ? [line, layer.stack ?? ''] : [line]
  })
  const hint = layers.map(hintOf).find((one) => one !== undefined)
  return `${[`${prefix}: ${context ?? ''}`, ...lines].join('\n')}\n${advice(hint)}`
}

/** Neither coded nor from the system: then the place in the program is what helps. */
function isOurBug(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError
}

function chain(error: unknown): unknown[] {
  const layers: unknown[] = []
  for (let layer = error; layer !== undefined && !layers.includes(layer); layer = causeOf(layer)) layers.push(layer)
  return layers
}

function innermost(error: unknown): unknown {
  return chain(error).at(-1)
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}

/** Errors of the system in the order in which rkt's users know them: `open /x: no such file or directory`. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, syscall, path } = error as NodeJS.ErrnoException
  const text = code === undefined ? undefined : new RegExp(`^${code}: ([^,]+), `).exec(error.message)?.[1]
  return text === undefined || syscall === undefined
    ? error.message
    : `${[syscall, path].filter((part) => part !== undefined).join(' ')}: ${text}`
}

function errorDocument(error: unknown, context: string | undefined): ErrorDocument {
  if (isRocketError(error)) return context === undefined ? error.toDocument() : { ...error.toDocument(), what: `${context}: ${error.what}` }
  const cause = innermost(error)
  const hint = hintOf(cause)
  return {
    version: 1, code: codeOf(cause),
    ...(context === undefined ? { what: messageOf(cause) } : { what: context, why: messageOf(cause) }),
    ...(hint === undefined ? {} : { hint }),
  }
}

/** Programs match on codes, so every document has one. */
function codeOf(error: unknown): ErrorCode {
  if (error instanceof FlagValueError) return 'USAGE'
  if (isForbidden(error)) return 'NOT_ROOT'
  return error instanceof Error && 'syscall' in error ? 'SYSCALL_FAILED' : 'INTERNAL'
}

function hintOf(error: unknown): string | undefined {
  if (isRocketError(error)) return error.hint
  return isForbidden(error) ? 'run as root or as a member of the group that owns it, or use another --dir' : undefined
}

/** What root would be allowed: mostly a look into the data directory of somebody else. */
function isForbidden(error: unknown): boolean {
  return isErrno(error, 'EACCES', 'EPERM') && process.geteuid?.() !== 0
}
