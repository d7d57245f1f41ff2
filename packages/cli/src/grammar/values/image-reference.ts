import { absoluteReference } from '@rocket/fetch'

/** What the meaning of an image argument depends on besides its text. */
export interface Surroundings {
  workingDirectory: string
  /** True for an existing regular file. */
  isFile(path: string): boolean
}

/** The argument as it means the same from everywhere. Throws IMAGE_REFERENCE_INVALID. The rules are those of the stage that fetches. */
export function normaliseReference(text: string, around: Surroundings): string {
  return absoluteReference(text, { cwd: around.workingDirectory, isFile: around.isFile })
}
