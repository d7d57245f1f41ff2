import { RocketError } from '@rocket/contracts'
import type { LayeredRoot } from '../layered-root.ts'

export interface ProgramRequest {
  app: string
  imageName: string
  exec: readonly string[]
  workingDirectory: string
  /** The app's own PATH; undefined when nobody set one. */
  path: string | undefined
}

/** Where a program is looked for when nobody set PATH: as rkt did, then the rest of the default. */
const unsetPath = ['/bin', '/usr/bin', '/sbin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']

/**
 * The vector with its program as an absolute path in the app's root, links in it left as they are; volumes are looked into where they cover
 * a place. Spec: appc, exec. Throws APP_EXEC_EMPTY, APP_PROGRAM_MISSING, APP_PROGRAM_NOT_EXECUTABLE.
 */
export function resolveProgram(root: LayeredRoot, request: ProgramRequest): [string, ...string[]] {
  const [program, ...args] = request.exec
  if (program === undefined || program === '') {
    throw new RocketError('APP_EXEC_EMPTY', {
      what: `app ${request.app} has nothing to run`,
      why: `image ${JSON.stringify(request.imageName)} has an empty "exec" (try --exec=BINARY)`,
    })
  }
  checkWords(request)
  const candidates = candidatesOf(program, request)
  let refused: string | undefined
  for (const candidate of candidates) {
    const found = root.find(candidate)
    if (found?.type === 'file' && (found.mode & 0o111) !== 0) return [candidate, ...args]
    if (found !== undefined) refused ??= `${candidate} is ${found.type === 'file' ? 'not marked executable' : 'no file'}`
  }
  const what = `app ${request.app} cannot run ${JSON.stringify(program)} of image ${request.imageName}`
  if (refused !== undefined) throw new RocketError('APP_PROGRAM_NOT_EXECUTABLE', { what, why: refused, hint: 'name another program with --exec=BINARY' })
  const where = program.includes('/')
    ? `there is no ${candidates[0]} in it`
    : `unable to find ${JSON.stringify(program)} in ${JSON.stringify(pathOf(request).join(':'))}`
  throw new RocketError('APP_PROGRAM_MISSING', {
    what, why: where, hint: 'name another program with --exec=BINARY, or a PATH with --environment=PATH=…',
  })
}

function candidatesOf(program: string, request: ProgramRequest): string[] {
  if (program.includes('/')) return [absolute(program, request.workingDirectory)]
  return pathOf(request).map((directory) => absolute(`${directory}/${program}`, request.workingDirectory))
}

function pathOf(request: ProgramRequest): string[] {
  if (request.path === undefined) return [request.workingDirectory, ...unsetPath]
  // An empty element is the working directory, as for every shell.
  return request.path.split(':').map((directory) => (directory === '' ? request.workingDirectory : directory))
}

/** `..` is kept: through a link it does not mean what it says. */
function absolute(path: string, workingDirectory: string): string {
  const whole = path.startsWith('/') ? path : `${workingDirectory}/${path}`
  return `/${whole.split('/').filter((part) => part !== '' && part !== '.').join('/')}`
}

function checkWords(request: ProgramRequest): void {
  if (!request.exec.some((word) => word.includes('\0'))) return
  throw new RocketError('APP_EXEC_EMPTY', { what: `app ${request.app} cannot be run`, why: 'an argument holds a NUL byte' })
}
