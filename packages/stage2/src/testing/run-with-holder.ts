import { bootId, HandoffFiles, runStageProgram, startHolder, startTime } from '@rocket/host'
import { stage } from '../stage.ts'

/** What the driver does before stage2: the pod's first process, as a child of the process that supervises. */
const directory = process.cwd()
const holder = startHolder({ namespaces: [] })
new HandoffFiles(directory).write('Sandbox', {
  version: 1, uuid: process.env.RKT_UUID ?? '', madeAt: new Date().toISOString(), bootId: bootId(),
  driver: { pid: process.pid, startTime: startTime(process.pid) ?? 0 }, holder: { pid: holder.pid, startTime: holder.startTime },
  namespaces: { mount: `/proc/${holder.pid}/ns/mnt` },
})
await runStageProgram(stage, ['run'])
