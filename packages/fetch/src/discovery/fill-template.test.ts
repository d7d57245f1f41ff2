import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fillTemplate } from './fill-template.ts'

const labels = Object.entries({ version: '1.0+git~2', os: 'linux', arch: 'amd64' }).map(([name, value]) => ({ name, value }))
const fill = (template: string, more: { name: string; value: string }[] = []): readonly string[] => {
  const filled = fillTemplate(template, { name: 'example.com/app', labels: [...labels, ...more] })
  return filled === undefined ? [] : [filled.image, filled.signature]
}

for (const [template, more, expected] of [
  ['https://dl.example.com/{name}-{version}-{os}-{arch}.{ext}', [], [
    'https://dl.example.com/example.com/app-1.0+git~2-linux-amd64.aci', 'https://dl.example.com/example.com/app-1.0+git~2-linux-amd64.aci.asc',
  ]],
  ['https://dl/{channel}/{name}.{ext}', [{ name: 'channel', value: 'beta' }], ['https://dl/beta/example.com/app.aci', 'https://dl/beta/example.com/app.aci.asc']],
  ['https://dl/{channel}/{name}.{ext}', [], []],
  ['https://dl/fixed', [], ['https://dl/fixed', 'https://dl/fixed']],
  ['https://dl/{', [], []],
  ['https://dl/{x}', [{ name: 'x', value: '../../?a#b c{name}' }], ['https://dl/..%2F..%2F%3Fa%23b%20c%7Bname%7D', 'https://dl/..%2F..%2F%3Fa%23b%20c%7Bname%7D']],
] as const) {
  test(`fills ${template} to ${expected[0] ?? 'nothing'}`, () => assert.deepEqual(fill(template, [...more]), expected))
}
