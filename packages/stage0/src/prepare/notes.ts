import type { Feature, Need } from '@rocket/contracts'

/** What planning has to say besides the documents: needs for the feature check, and lines for the person at the terminal. */
export class Notes {
  readonly needs: Need[] = []
  readonly warnings: string[] = []

  /** Stated once per feature and speaker, however many apps and volumes repeat it. */
  need(feature: Feature, statedBy: string): void {
    if (this.needs.some((need) => need.feature === feature && need.statedBy === statedBy)) return
    this.needs.push({ feature, statedBy })
  }

  readonly warn = (message: string): void => {
    if (!this.warnings.includes(message)) this.warnings.push(message)
  }
}
