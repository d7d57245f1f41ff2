import { features, RocketError, type FlavorDeclaration, type Need, type Pod } from '@rocket/contracts'

/** What a flavor is asked for beyond what it declares. */
export function findLacking(needs: readonly Need[], flavor: Pick<FlavorDeclaration, 'features'>): Need[] {
  return needs.filter((need) => !flavor.features.includes(need.feature))
}

/**
 * The needs that the flavor lacks: with the policy `refuse` all of them in one FLAVOR_LACKS_FEATURE, each with who stated it and the
 * flavors at hand that have it; with `warn` returned, for the record.
 */
export function checkFeatures(
  needs: readonly Need[], flavor: Pick<FlavorDeclaration, 'name' | 'features'>, others: Pod['otherFlavors'], policy: 'refuse' | 'warn',
): Need[] {
  const lacking = findLacking(needs, flavor)
  if (lacking.length === 0 || policy === 'warn') return lacking
  const haveAll = others.filter((other) => findLacking(needs, other).length === 0).map(({ name }) => name)
  throw new RocketError('FLAVOR_LACKS_FEATURE', {
    what: `flavor ${flavor.name} cannot run this pod`,
    why: [...new Set(lacking.map(({ feature }) => feature))].map((feature) => describe(feature, lacking, others)).join('; '),
    hint: haveAll.length === 0
      ? 'no flavor at hand has all of it; --flavor-policy=warn goes without'
      : `use ${haveAll.map((name) => `--flavor=${name}`).join(' or ')}; --flavor-policy=warn goes without`,
  })
}

/** One line per need that the policy `warn` let pass. */
export function describeDegraded(degraded: readonly Need[], flavor: string): string[] {
  return degraded.map(({ feature, statedBy }) =>
    `warning: flavor ${flavor} lacks ${feature} (${features[feature]}), stated by ${statedBy}; going without`)
}

function describe(feature: Need['feature'], lacking: readonly Need[], others: Pod['otherFlavors']): string {
  const stated = lacking.filter((need) => need.feature === feature).map(({ statedBy }) => statedBy)
  const having = others.filter((other) => other.features.includes(feature)).map(({ name }) => name)
  return `it lacks ${feature} (${features[feature]}), stated by ${stated.join(', ')}; flavors that have it: ${having.join(', ') || 'none'}`
}
