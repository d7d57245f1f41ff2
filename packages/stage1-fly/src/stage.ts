import type { Stage } from '@rocket/host'
import { create } from './create.ts'
import { createApp } from './create-app.ts'
import { destroy, destroyApp } from './destroy.ts'

export const stage: Stage = {
  name: 'stage1-fly',
  verbs: { create, 'create-app': createApp, 'destroy-app': destroyApp, destroy },
}
