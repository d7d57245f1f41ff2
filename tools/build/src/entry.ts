/**
 * `dist/rkt.cjs`: loads a smaller bundle for commands that only look (`quick.cjs`) and for those that start pods (`run.cjs`, resident with each), the
 * whole one for the others, with compiling already done, as well as that of what these ask for beside them (asides, packages from npm).
 * V8 keeps the bytecode of what has been executed, so a cache is as good as the run it was taken after: each command takes one at the end of its
 * first successful run (`code/<command>`), which saves later ones up to 30 ms; until then the build's own, of `rkt version`, serves. Node's
 * own compile cache is taken once per file, whatever ran. The command is guessed by its word: a wrong guess costs milliseconds, since the
 * smaller bundles go on to the whole one where they must. Code of a command that began again (cli's begin-again.ts) is kept beside that of one that
 * did not, since it belongs to other options. All files belong to one build and change places with it; V8 refuses a cache of
 * another version. A bundle asks for Node's modules a hundred times, by name, which is answered here in a tenth of the time. Our own
 * bundles are ASCII (bundle.ts sees to it), which is read in half the time.
 */
export function entryScript(nodeOptions: readonly string[]): string {
  return `'use strict'
const fs = require('node:fs')
const vm = require('node:vm')
const quick = new Set(['version', 'help', 'list', 'status', 'image', 'cat-manifest', 'completion'])
const starting = new Set(['run', 'prepare', 'run-prepared'])
const words = process.argv.slice(2)
globalThis.rocketNodeOptions = ${JSON.stringify(nodeOptions)}
const asLaunched = rocketNodeOptions.every((option) => process.execArgv.includes(option))
const word = words.find((one) => /^[a-z][a-z-]*$/.test(one)) ?? 'help'
function read(name) {
  try { return fs.readFileSync(__dirname + '/code/' + name) } catch { return undefined }
}
const asked = new Map([['node:fs', fs]])
function demand(name) {
  let found = asked.get(name)
  if (found === undefined) asked.set(name, found = name[0] === '.' ? load(name.slice(2, -4), { exports: {} }) : require(name))
  return found
}
const unkept = []
function load(bundle, module) {
  const own = bundle.replaceAll('/', '-') + '-' + word + (asLaunched ? '' : '-again')
  const file = __dirname + '/' + bundle + '.cjs'
  const rich = read(own)
  const script = new vm.Script('(function(exports,require,module,__filename,__dirname){' + fs.readFileSync(file, bundle.startsWith('vendor/') ? 'utf8' : 'latin1') + '\\n})', {
    filename: file, cachedData: rich ?? read(bundle), importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  if (rich === undefined || script.cachedDataRejected) unkept.push([own, script])
  script.runInThisContext()(module.exports, demand, module, file, __dirname)
  return module.exports
}
globalThis.rocketKeepCode = () => {
  for (const [own, script] of unkept.splice(0)) {
    const beside = __dirname + '/code/.' + own + '.' + process.pid
    try {
      fs.writeFileSync(beside, script.createCachedData(), { flag: 'wx' })
      fs.renameSync(beside, __dirname + '/code/' + own)
    } catch { fs.rmSync(beside, { force: true }) }
  }
}
globalThis.rocketRunWhole = () => load('main', module)
load(starting.has(word) ? 'run' : quick.has(word) && !words.includes('build') ? 'quick' : 'main', module)
`
}
