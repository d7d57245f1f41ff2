/**
 * The names of appc, as its reference library checks them: looser than the specification's patterns (`a--b` passes). Each check
 * returns the library's message, or undefined when the name is good.
 */
export function checkAcIdentifier(name: string): string | undefined {
  return checkName(name, 'ACIdentifier', /^[a-z0-9._~/-]+$/, '"-", ".", "_", "~" and "/"')
}

export function checkAcName(name: string): string | undefined {
  return checkName(name, 'ACName', /^[a-z0-9-]+$/, '"-"')
}

/** Lower case, every other character `_`, edges trimmed. Throws when nothing is left. */
export function sanitizeAcIdentifier(text: string): string {
  return sanitize(text, /[^a-z0-9._~/-]/g, '_')
}

/** Lower case, every other character `-`, edges trimmed. Throws when nothing is left. */
export function sanitizeAcName(text: string): string {
  return sanitize(text, /[^a-z0-9-]/g, '-')
}

function checkName(name: string, kind: string, characters: RegExp, others: string): string | undefined {
  if (name === '') return `${kind} cannot be empty`
  if (!/^[a-z0-9]/.test(name) || !/[a-z0-9]$/.test(name)) return `${kind} must start and end with only lower case letters and numbers`
  if (!characters.test(name)) return `${kind} must contain only lower case letters, numbers and ${others}`
  return undefined
}

function sanitize(text: string, illegal: RegExp, by: string): string {
  const name = text
    .toLowerCase()
    .replace(illegal, by)
    .replace(/^[^a-z0-9]+/, '')
    .replace(/[^a-z0-9]+$/, '')
  if (name === '') throw new Error('must contain at least one valid character')
  return name
}
