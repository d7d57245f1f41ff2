import { podLayout, type AppRun } from '@rocket/contracts'

/** The helper becomes the app, so its end is the app's. To enter is to start another program in the same way. */
export function planVectors(app: string, helper: string): Pick<AppRun, 'launch' | 'enter' | 'enterTty'> {
  const enter = [helper, '--enter', specPath(app)]
  return { launch: { foreground: [helper, specPath(app)] }, enter, enterTty: enter }
}

/** Relative to the pod. */
export function specPath(app: string): string {
  return `${podLayout.app(app)}/fly.spec`
}
