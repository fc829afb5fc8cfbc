import type { Load, Measured } from './generator.ts'
import type { Churning } from './plan.ts'

/** Longer than the generator needs to start and to drain. */
const MARGIN_SECONDS = 0.5

/** Measures while Cairn changes its registry by itself, or is blocked: see inside.ts. */
export async function whileBusy(
  controlPort: number | undefined,
  churn: Churning,
  load: Load,
  measure: () => Promise<Measured>,
): Promise<Measured> {
  if (controlPort === undefined || churn === 0) return await measure()
  const tell = async (words: string): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${controlPort}/?${words}`)
    return Number(await response.text())
  }
  if (churn === 'blocked') {
    await tell(`block=${(load.warmupSeconds + load.seconds + MARGIN_SECONDS) * 1_000}`)
    return await measure()
  }
  const made = await tell(`changes=${churn}`)
  const start = performance.now()
  const measured = await measure()
  const changes = (await tell('changes=0')) - made
  const changesPerSecond = Math.round((changes / (performance.now() - start)) * 1_000)
  if (measured.churn === undefined) return measured
  return { ...measured, churn: { ...measured.churn, changesPerSecond } }
}
