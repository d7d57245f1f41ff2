import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { PolicyRule } from '@rocket/contracts'
import fc from 'fast-check'
import { hasCode } from '../testing/gpg.ts'
import { planVerification, type VerificationQuestion } from './plan-verification.ts'
import { readPolicy } from './read-policy.ts'

function makeLayers(t: TestContext, ...layers: Record<string, readonly PolicyRule[] | string>[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-policy-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return layers.map((files, index) => {
    for (const [name, rules] of Object.entries(files)) {
      const path = join(directory, String(index), 'policy.d', name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, typeof rules === 'string' ? rules : JSON.stringify({ rktVersion: 'v1', rktKind: 'imagePolicy', rules }))
    }
    return join(directory, String(index))
  })
}

const question: VerificationQuestion = { name: 'registry.example.com/team/web', isWaived: false, rules: [], keys: [] }
const key = { fingerprint: 'a'.repeat(40), path: '/etc/rkt/key', isEmpty: false, scope: { kind: 'root' as const } }
const rule = (prefix: string, require: PolicyRule['require']): PolicyRule & { file: string } => ({ prefix, require, file: 'p.json' })

test('the example of the contract is a policy', (t) => {
  const example = readFileSync(new URL('../../../contracts/src/image-policy/examples/team.json', import.meta.url), 'utf8')
  const rules = readPolicy(makeLayers(t, { 'team.json': example }))
  assert.deepEqual(rules.map(({ prefix }) => prefix), [
    'registry.example.com/team', 'registry.example.com/team/legacy', 'localhost:5000', 'registry-1.docker.io/unknown',
  ])
})

test('a later configuration directory overrides a prefix, and leaves the others', (t) => {
  const layers = makeLayers(t, { 'a.json': [rule('a.com', 'nothing'), rule('b.com', 'reject')].map(bare) }, { 'b.json': [bare(rule('a.com', 'reject'))] })
  assert.deepEqual(readPolicy(layers).map(({ prefix, require }) => [prefix, require]), [['a.com', 'reject'], ['b.com', 'reject']])
})

test('the same prefix twice in one directory is refused, also when docker.io has its other name', (t) => {
  const layers = makeLayers(t, { 'a.json': [bare(rule('docker.io', 'nothing'))], 'b.json': [bare(rule('registry-1.docker.io', 'reject'))] })
  assert.throws(() => readPolicy(layers), hasCode('CONFIG_INVALID', /already/))
})

for (const [text, message] of [
  ['{', /policy/],
  ['{"rktVersion":"v1","rktKind":"imagePolicy"}', /\/rules/],
  ['{"rktVersion":"v2","rktKind":"imagePolicy","rules":[]}', /\/rktVersion/],
  ['{"rktVersion":"v1","rktKind":"auth","rules":[]}', /\/rktKind/],
  ['{"rktVersion":"v1","rktKind":"imagePolicy","rules":[{"prefix":"a","require":"nothing","unless":"x"}]}', /\/rules\/0/],
] as const) {
  test(`the policy ${text} is refused by its field, and nothing is assumed in its place`, (t) => {
    assert.throws(() => readPolicy(makeLayers(t, { 'a.json': text })), hasCode('CONFIG_INVALID', message))
  })
}

for (const [what, asked, verdict] of [
  ['without rules and keys', {}, 'reject'],
  ['without rules, with a key for the name', { keys: [key] }, 'verify'],
  ['with --insecure-options=image, whatever the rules', { isWaived: true, rules: [rule('', 'reject')] }, 'accept'],
  ['when a rule asks for nothing', { rules: [rule('registry.example.com', 'nothing')] }, 'accept'],
  ['when a longer rule rejects', { rules: [rule('registry.example.com', 'nothing'), rule('registry.example.com/team', 'reject')] }, 'reject'],
  ['when a longer rule asks for nothing', { rules: [rule('', 'reject'), rule('registry.example.com/team/web', 'nothing')] }, 'accept'],
  ['when a rule ends within a component', { rules: [rule('registry.example.com/te', 'nothing')] }, 'reject'],
  ['when a rule asks for another key than is trusted', { keys: [key], rules: [rule('', [{ kind: 'openpgp', fingerprints: ['b'.repeat(40)] }])] }, 'reject'],
  ['when a rule asks for a sigstore key', { rules: [rule('', [{ kind: 'sigstoreKey', key: '/k.pub' }])] }, 'verify'],
  ['when a rule asks for nothing, and the name is a claim', { isClaimed: true, rules: [rule('', 'nothing')] }, 'reject'],
  ['when a rule asks for nothing, the name is a claim, and there is a key', { isClaimed: true, keys: [key], rules: [rule('', 'nothing')] }, 'verify'],
  ['when the rule is for docker.io', { name: 'registry-1.docker.io/library/redis', rules: [rule('registry-1.docker.io/library', 'nothing')] }, 'accept'],
] as const satisfies readonly (readonly [string, Partial<VerificationQuestion>, string])[]) {
  test(`the verdict is ${verdict} ${what}`, () => {
    const plan = planVerification({ ...question, ...asked })
    assert.equal(plan.verdict, verdict)
    assert.match(plan.steps.at(-1)!.answer, new RegExp(`^${verdict}: `))
  })
}

test('the order of rules does not matter, and no rule that does not begin the name does', () => {
  const names = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
  const rules = fc.uniqueArray(fc.record({ prefix: names, require: fc.constantFrom('nothing' as const, 'reject' as const), file: fc.constant('p') }), {
    selector: ({ prefix }) => prefix,
  })
  fc.assert(fc.property(names, rules, (name, all) => {
    const verdict = planVerification({ ...question, name, rules: all }).verdict
    assert.equal(planVerification({ ...question, name, rules: all.toReversed() }).verdict, verdict)
    assert.equal(planVerification({ ...question, name, rules: all.filter(({ prefix }) => `${name}/`.startsWith(`${prefix}/`)) }).verdict, verdict)
  }))
})

function bare({ prefix, require }: PolicyRule): PolicyRule {
  return { prefix, require }
}
