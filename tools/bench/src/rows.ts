import type { Row } from './row.ts'
import { copyRow } from './rows-copy.ts'
import { fetchMemoryRow, fetchRow } from './rows-fetch.ts'
import { lookRows } from './rows-look.ts'
import { memoryRow, startRow } from './rows-many.ts'
import { runRows } from './rows-run.ts'
import { verifyRow } from './rows-verify.ts'

/** Every promise about speed and memory, in the order of the page that makes them. */
export const rows: readonly Row[] = [...runRows, ...lookRows, fetchRow, fetchMemoryRow, copyRow, verifyRow, memoryRow, startRow]
