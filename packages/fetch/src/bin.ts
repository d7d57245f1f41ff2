import { runStageProgram } from '@rocket/host'
import { stage } from './stage.ts'

await runStageProgram(stage)
