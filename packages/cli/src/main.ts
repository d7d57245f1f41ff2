import { writeSync } from 'node:fs'

writeSync(1, 'rkt Version: 0.1.0\n')
