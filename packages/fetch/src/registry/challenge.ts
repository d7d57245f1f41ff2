/** One way to log in that a server offers: `Bearer realm="https://auth.example/token",service="registry.example"`. */
export interface Challenge {
  /** Lower case. */
  scheme: string
  parameters: ReadonlyMap<string, string>
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const parameterPattern = new RegExp(`^[ \\t]*(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))[ \\t]*`)
const schemePattern = new RegExp(`^[ \\t,]*(${token})(?:[ \\t]+|(?=,)|$)`)

/**
 * The challenges of a WWW-Authenticate header, several headers joined with commas. Parameter names are lower case; of a parameter that is
 * given twice the first counts. What cannot be understood ends the list. Spec: RFC 9110, "WWW-Authenticate".
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = []
  for (let rest = header.slice(0, 8192); rest.trim() !== '';) {
    const scheme = schemePattern.exec(rest)
    if (scheme === null) break
    rest = rest.slice(scheme[0].length)
    const parameters = new Map<string, string>()
    for (;;) {
      const found = parameterPattern.exec(rest)
      if (found === null) break
      const [all, name = '', quoted, plain] = found
      const value = quoted === undefined ? plain ?? '' : quoted.replace(/\\(.)/g, '$1')
      if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value)
      rest = rest.slice(all.length)
      if (!rest.startsWith(',')) break
      rest = rest.slice(1)
    }
    challenges.push({ scheme: scheme[1]!.toLowerCase(), parameters })
  }
  return challenges
}
