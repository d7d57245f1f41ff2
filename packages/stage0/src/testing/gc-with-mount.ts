import { equal, throws } from 'node:assert'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bindMount, HandoffFiles, mountFileSystem, unmount, type StageContext } from '@rocket/host'
import { emptyDirectory } from '../gc/remove-tree.ts'
import { gc } from '../gc.ts'

/** Run in a private mount namespace: a pod with something mounted in it, a directory of the same file system and one of another. */

const [podDirectory = '', storeDirectory = '', uuid = '', outside = ''] = process.argv.slice(2)
const context: StageContext = {
  uuid, podDirectory, storeDirectory, files: new HandoffFiles(podDirectory), warn: () => undefined, debug: () => undefined,
}
mkdirSync(outside)
writeFileSync(join(outside, 'file'), '')
const target = join(podDirectory, 'logs')

bindMount(outside, target)
throws(() => gc.plan(context), { code: 'GC_MOUNT_IN_POD', message: /logs/ })
unmount(target)

// A mount that appears after the look is stopped at, too.
mountFileSystem('tmpfs', target)
writeFileSync(join(target, 'file'), '')
throws(
  () => emptyDirectory(podDirectory, ['pod', 'pod.json', 'request.json', 'images.json', 'apps', 'appsinfo']), { code: 'GC_MOUNT_IN_POD' },
)
equal(existsSync(join(target, 'file')), true)
unmount(target)
equal(existsSync(join(outside, 'file')), true)
