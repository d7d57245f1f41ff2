/**
 * `dist/rkt.cjs`: runs `main.cjs` with compiling already done. V8 keeps the bytecode of what has been executed, so a cache is as good as the
 * run it was taken after: `main.code` is taken by the build after `rkt version`, `main.run.code` after the first pod that ends, which saves each
 * later one 30 ms. Node's own compile cache has no way to be taken again. All files belong to one build and change places with it as a
 * whole; V8 itself refuses a cache of another version. The bundle is ASCII (bundle.ts sees to it), which is read in half the time.
 */
export const entry = `'use strict'
const fs = require('node:fs')
const vm = require('node:vm')
const main = __dirname + '/main.cjs'
function read(name) {
  try { return fs.readFileSync(__dirname + '/' + name) } catch { return undefined }
}
function keep(name) {
  const beside = __dirname + '/.' + name + '.' + process.pid
  try {
    fs.writeFileSync(beside, script.createCachedData(), { flag: 'wx' })
    fs.renameSync(beside, __dirname + '/' + name)
  } catch { fs.rmSync(beside, { force: true }) }
}
const rich = read('main.run.code')
const cachedData = rich ?? read('main.code')
const script = new vm.Script('(function(exports,require,module,__filename,__dirname){' + fs.readFileSync(main, 'latin1') + '\\n})', {
  filename: main, cachedData, importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
})
const stale = cachedData === undefined || script.cachedDataRejected
if (stale) process.once('exit', () => keep('main.code'))
if (stale || rich === undefined) globalThis.rocketKeepCode = () => keep('main.run.code')
script.runInThisContext()(exports, require, module, main, __dirname)
`
