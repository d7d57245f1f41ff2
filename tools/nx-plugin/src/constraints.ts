/**
 * Who may know whom. The key is a package's layer tag, or the package itself where it is an exception (then this counts
 * instead); the value what it may import: tags, packages, or everything.
 */
export const constraints: Readonly<Record<string, readonly string[]>> = {
  'layer:contract': [],
  'layer:library': ['layer:contract', 'layer:library'],
  'layer:stage': ['layer:contract', '@rocket/host'],
  'layer:app': ['*'],
  'layer:tool': ['*'],
  '@rocket/fetch': ['layer:contract', '@rocket/host', '@rocket/image', '@rocket/store', '@rocket/trust'],
  '@rocket/trust': ['layer:contract', '@rocket/host'],
  '@rocket/e2e': ['layer:contract'],
}

export interface Member {
  readonly name: string
  readonly tags: readonly string[]
}

/** Undefined when `from` may import `to`, else the reason. A package may always import itself. */
export function findForbidden(from: Member, to: Member): string | undefined {
  if (from.name === to.name) return undefined
  const rule = constraints[from.name] ? from.name : from.tags.find((tag) => tag.startsWith('layer:'))
  if (!rule) return `${from.name} has no layer tag`
  const allowed = constraints[rule] ?? []
  const names = [to.name, ...to.tags, '*']
  if (allowed.some((entry) => names.includes(entry))) return undefined
  return `${rule} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other package'}; not ${to.name} (${to.tags.join(', ')})`
}
