import assert from 'node:assert/strict'
import { test } from 'node:test'
import { droppingChains, isChainOfIptables } from './forward-chains.ts'

const listing = (table: string, chain: string, policy: string): string => [
  'table ip rkt {', '\tchain postrouting {', '\t\ttype nat hook postrouting priority srcnat; policy accept;', '\t}', '}',
  `table ${table} {`, '\tchain INPUT {', '\t\ttype filter hook input priority filter; policy drop;', '\t}', '\tchain DOCKER {', '\t}',
  `\tchain ${chain} {`, `\t\ttype filter hook forward priority filter; policy ${policy};`, '\t}', '}', '',
].join('\n')

for (const [table, chain, policy, found] of [
  ['ip filter', 'FORWARD', 'drop', ['ip filter FORWARD']],
  ['ip6 filter', 'FORWARD', 'drop', ['ip6 filter FORWARD']],
  ['inet fw', 'forward', 'drop', ['inet fw forward']],
  ['ip filter', 'FORWARD', 'accept', []],
] as const) {
  test(`in table ${table}, chain ${chain} with policy ${policy} drops ${found.length === 0 ? 'nothing' : 'what is forwarded'}`, () => {
    assert.deepEqual(droppingChains(listing(table, chain, policy)), found)
  })
}

test('only chains of iptables are taken for such', () => {
  assert.deepEqual(['ip filter FORWARD', 'ip6 filter FORWARD', 'inet filter FORWARD', 'ip filter forward'].map(isChainOfIptables), [true, true, false, false])
})
