/** A program: puts a link in the place of a directory and takes it away again, as fast as it can, until it is killed. */
import { existsSync, symlinkSync } from 'node:fs'
import { linux, native } from '@rocket/host'

const [directory = '', elsewhere = ''] = process.argv.slice(2)
while (!existsSync(directory));
symlinkSync(elsewhere, `${directory}.link`)
process.stdout.write('swapping\n')
for (;;) native().renameat2(linux.AT_FDCWD, directory, linux.AT_FDCWD, `${directory}.link`, linux.RENAME_EXCHANGE)
