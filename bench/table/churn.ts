import { SeededRng } from '../../src/kernel/rng.ts'
import { Instances } from '../../src/core/registry/instances.ts'
import type { Snapshot } from '../../src/core/registry/state.ts'
import { instancesOf, serviceOf, snapshotOf } from './services.ts'
import { makeSubject, type Subject } from './subject.ts'

const PUBLISHES = 1_000_000
const SERVICES = 500
const INSTANCES_MAX = 60
/** Most instances of a service, by phase: sizes drift, so that what is freed never fits at once. */
const PHASES = [4, 40, 10, 60, 20, 50, 2, 30, 12, 60]

/** A million publishes of services that grow and shrink: what the memory comes to. */
export function measureChurn(): void {
  console.log('\n| publishes | in use, octets | most in use | touched | touched / most |')
  console.log('|---|---|---|---|---|')
  const { table } = makeSubject(1_024)
  const rng = new SeededRng(3)
  const states = Array.from({ length: SERVICES }, (_, n) => statesOf(n))
  const refs = states.map((_, n) => serviceOf(`s-${n}`, Instances.EMPTY).ref)
  let most = 0
  let publishes = 0
  for (const instancesMax of PHASES) {
    for (let k = 0; k < PUBLISHES / PHASES.length; k++) {
      const n = rng.u32() % SERVICES
      const snapshot = states[n]?.[rng.u32() % instancesMax]
      const ref = refs[n]
      if (ref !== undefined && snapshot !== undefined) table.publish(ref, snapshot)
      if (++publishes % 4 === 0) table.settle(publishes)
      most = Math.max(most, table.usedBytes)
    }
    print(publishes, most, table)
  }
}

/** The service with 1, 2, 3 … instances. */
function statesOf(n: number): readonly Snapshot[] {
  let some = Instances.EMPTY
  return instancesOf(n * 7, INSTANCES_MAX).list.map((one) => {
    some = some.with(one)
    return snapshotOf(serviceOf(`s-${n}`, some))
  })
}

function print(publishes: number, most: number, table: Subject['table']): void {
  for (let i = 0; table.waitingBytes > 0 && i < 10_000; i++) table.reclaim()
  const row = [publishes, table.usedBytes, most, table.reachedBytes]
  const factor = (table.reachedBytes / most).toFixed(2)
  console.log(`| ${row.map((one) => one.toLocaleString('en')).join(' | ')} | ${factor} |`)
}
