import { readFileSync } from 'node:fs'
import { writeFileAtomic } from '@rocket/host'
import { drive } from './driver.ts'
import type { DriveSpec } from './spec.ts'

/** `main.ts SPEC RESULT`: both are files with JSON. Standard streams are the apps'. */
const [specFile = '', resultFile = ''] = process.argv.slice(2)
writeFileAtomic(resultFile, JSON.stringify(drive(JSON.parse(readFileSync(specFile, 'utf8')) as DriveSpec)))
