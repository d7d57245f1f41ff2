import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRocketError } from '../errors/rocket-error.ts'
import { foldKeys } from './fold-keys.ts'
import { formatPodManifest } from './format-pod-manifest.ts'
import { checkAcIdentifier, checkAcName, sanitizeAcIdentifier, sanitizeAcName } from './names.ts'
import { parseImageManifest, parsePodManifest } from './parse.ts'
import { formatQuantity, parseQuantity, quantityToMillis, quantityToUnits } from './quantity.ts'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

for (const [folder, parse] of [
  ['image-manifest', parseImageManifest],
  ['pod-manifest', parsePodManifest],
] as const) {
  for (const file of readdirSync(new URL(`${folder}/examples`, import.meta.url)).filter((name) => name.endsWith('.json'))) {
    test(`${folder}: ${file} is read, and reading loses nothing`, () => {
      const text = read(`${folder}/examples/${file}`)
      const manifest = parse(text)
      assert.deepEqual(manifest, foldKeys(JSON.parse(text)))
      if (folder === 'pod-manifest')
        assert.deepEqual(parsePodManifest(formatPodManifest(manifest as ReturnType<typeof parsePodManifest>)), manifest)
    })
  }
}

const messages: Record<string, string> = {
  'image-manifest/no-kind': 'ACKind must be set',
  'image-manifest/other-kind': 'bad ACKind: PodManifest',
  'image-manifest/no-version': 'acVersion must be set',
  'image-manifest/bad-version': 'SemVer is bad',
  'image-manifest/zero-version': 'SemVer cannot be zero',
  'image-manifest/no-name': 'name must be set',
  'image-manifest/bad-name': 'ACIdentifier must start and end with only lower case',
  'image-manifest/duplicate-label': 'duplicate labels of name "version"',
  'image-manifest/label-name': 'invalid label name: "name"',
  'image-manifest/bad-os': 'bad os "plan9" (must be one of: [darwin freebsd linux])',
  'image-manifest/bad-arch': 'bad arch "x86_64" for linux (must be one of: [amd64 i386 ',
  'image-manifest/no-user': 'user is required',
  'image-manifest/no-group': 'group is required',
  'image-manifest/relative-directory': 'workingDirectory must be an absolute path',
  'image-manifest/bad-handler': 'bad eventHandler "name": "during"',
  'image-manifest/two-handlers': 'Only one eventHandler of name "pre-start" allowed',
  'image-manifest/bad-environment': 'valid identifier "A=B"',
  'image-manifest/port-zero': 'port must be in 1-65535 range',
  'image-manifest/port-range': 'end of port range must be in 1-65535 range',
  'image-manifest/mount-without-path': 'path must be set',
  'image-manifest/unknown-isolator': 'invalid isolator',
  'image-manifest/cpu-default': 'default must be false',
  'image-manifest/iops-request': 'request not supported by this resource, must be empty',
  'image-manifest/empty-set': 'set must be non-empty',
  'image-manifest/two-seccomp': 'isolators set contains too many instances of type os/linux/seccomp-retain-set',
  'image-manifest/seccomp-conflict': 'isolators set contains incompatible types',
  'image-manifest/cpu-shares': 'os/linux/cpu-shares must be between 2 and 262144, got 1',
  'image-manifest/bad-quantity': 'quantities must match the regular expression',
  'image-manifest/bad-date': 'bad Date: 2015-01-02 03:04:05Z',
  'image-manifest/bad-url': 'bad URL scheme, must be http/https',
  'image-manifest/dependency-without-name': 'imageName cannot be empty',
  'image-manifest/bad-hash': 'unrecognized hash type: sha1',
  'image-manifest/relative-whitelist': 'must be an absolute path',
  'pod-manifest/other-kind': 'bad ACKind: ImageManifest',
  'pod-manifest/duplicate-apps': 'duplicate apps of name "hello"',
  'pod-manifest/no-image-id': '/apps/0/image/id',
  'pod-manifest/bad-app-name': 'ACName must contain only lower case',
  'pod-manifest/duplicate-volumes': 'duplicate volume name "v"',
  'pod-manifest/volume-kind': 'unrecognized volume kind: should be one of "empty", "host"',
  'pod-manifest/host-without-source': 'source for host volume cannot be empty',
  'pod-manifest/relative-source': 'source for host volume must be absolute path',
  'pod-manifest/host-with-mode': 'mode for host volume cannot be set',
  'pod-manifest/host-with-uid': 'uid for host volume cannot be set',
  'pod-manifest/empty-with-source': 'source for empty volume must be empty',
  'pod-manifest/mount-without-volume': 'volume must be set',
  'pod-manifest/mount-without-path': 'path must be set',
  'pod-manifest/duplicate-annotations': 'duplicate annotations of name "a"',
}

for (const [folder, parse] of [
  ['image-manifest', parseImageManifest],
  ['pod-manifest', parsePodManifest],
] as const) {
  for (const file of readdirSync(new URL(`${folder}/examples/_invalid`, import.meta.url))) {
    const key = `${folder}/${file.replace('.json', '')}`
    test(`refuses ${key} in the words of the appc library`, () => {
      const message = messages[key]
      assert.ok(message !== undefined, `no message is expected for ${key}`)
      assert.throws(
        () => parse(read(`${folder}/examples/_invalid/${file}`)),
        (error) => {
          assert.ok(isRocketError(error, folder === 'image-manifest' ? 'IMAGE_MANIFEST_INVALID' : 'POD_MANIFEST_INVALID'))
          assert.ok(error.message.includes(message), error.message)
          return true
        },
      )
    })
  }
}

test('keys are accepted in any case, null is absent, the last of two wins, free keys stay', () => {
  const manifest = parseImageManifest(`{"ACKind":"ImageManifest","acversion":"0.8.11","NAME":"a.b/c","name":"a.b/d","labels":null,"other":1,
    "app":{"User":"0","group":"0","supplementaryGids":[7],"userLabels":{"Name":"x"},"__proto__":{"exec":["/evil"]}}}`)
  assert.equal(manifest.name, 'a.b/d')
  assert.deepEqual(manifest.app, { user: '0', group: '0', supplementaryGIDs: [7], userLabels: { Name: 'x' } })
})

test('a syntax error says where it is', () => {
  assert.throws(() => parseImageManifest('{\n  "acKind": oops\n}'), /Error at line 2, column 13/)
  assert.throws(
    () => parseImageManifest('{"acKind":'),
    (error) => isRocketError(error, 'IMAGE_MANIFEST_INVALID'),
  )
  assert.throws(() => parseImageManifest(Buffer.from([0x22, 0xff, 0x22])), /not UTF-8/)
  assert.throws(
    () => parseImageManifest('\ufeff{}'),
    (error) => isRocketError(error, 'IMAGE_MANIFEST_INVALID'),
  )
})

for (const [input, identifier, name] of [
  ['a', true, true],
  ['db-01', true, true],
  ['example.com/app', true, false],
  ['example.com/~u/app_v1', true, false],
  ['a--b', true, true],
  ['a//b', true, false],
  ['-a', false, false],
  ['a-', false, false],
  ['/a', false, false],
  ['A', false, false],
  ['a b', false, false],
  ['a:b', false, false],
  ['a@b', false, false],
  ['', false, false],
  ['a\n', false, false],
] as const)
  test(`${JSON.stringify(input)} is ${identifier ? 'an' : 'no'} ACIdentifier and ${name ? 'an' : 'no'} ACName`, () => {
    assert.equal(checkAcIdentifier(input) === undefined, identifier)
    assert.equal(checkAcName(input) === undefined, name)
  })

test('sanitised names are names', () => {
  assert.equal(sanitizeAcIdentifier('Example.com:5000/App'), 'example.com_5000/app')
  assert.equal(sanitizeAcName('/var/lib/Data_1/'), 'var-lib-data-1')
  assert.throws(() => sanitizeAcName('//'), /at least one valid character/)
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      let name: string
      try {
        name = sanitizeAcName(text)
      } catch {
        return
      }
      assert.equal(checkAcName(name), undefined)
    }),
  )
})

for (const [text, units, canonical] of [
  ['64Mi', 67108864n, '64Mi'],
  ['1024Mi', 1073741824n, '1Gi'],
  ['1500m', 2n, '1500m'],
  ['0.5', 1n, '500m'],
  ['16m', 1n, '16m'],
  ['1e3', 1000n, '1e3'],
  ['1.5G', 1500000000n, '1500M'],
  ['+1k', 1000n, '1k'],
  ['1E', 10n ** 18n, '1E'],
  ['1E6', 10n ** 6n, '1e6'],
  ['0', 0n, '0'],
  ['250n', 1n, '250n'],
  ['1.5Ki', 1536n, '1536'],
] as const)
  test(`the quantity ${text} is ${units} units, written ${canonical}`, () => {
    const quantity = parseQuantity(text)!
    assert.equal(quantityToUnits(quantity), units)
    assert.equal(formatQuantity(quantity), canonical)
  })
for (const text of ['1K', '', 'm', '1.2.3', '1 M', '1e', '1e9999', '--1', 'Infinity', '0x10', '1Mi1']) {
  test(`${JSON.stringify(text)} is no quantity`, () => assert.equal(parseQuantity(text), undefined))
}
test('a quantity that is written and read again is the same', () => {
  assert.equal(quantityToMillis(parseQuantity(2)!), 2000n)
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 80n }),
      fc.constantFrom('decimal' as const, 'binary' as const, 'exponent' as const),
      (nano, family) => {
        assert.equal(parseQuantity(formatQuantity({ nano, family }))?.nano, nano)
      },
    ),
  )
})
