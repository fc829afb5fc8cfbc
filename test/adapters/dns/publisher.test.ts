import { describe, expect, test } from 'vitest'
import { CairnError } from '../../../src/kernel/errors.ts'
import { TablePublisher } from '../../../src/adapters/dns/publisher.ts'
import type { ZoneTable } from '../../../src/core/dns/compile/zone-table.ts'
import { EMPTY_SNAPSHOT, type ServiceRef } from '../../../src/core/registry/state.ts'
import { ref } from '../../core/registry/build.ts'

/** What the publisher does to a table, in order; compiling may take time or fail. */
class Table {
  readonly did: string[] = []
  costMs = 0
  isFull = false
  waitingBytes = 0

  reclaim(): void {
    this.waitingBytes = Math.max(0, this.waitingBytes - 100)
  }

  publish({ name }: ServiceRef): void {
    this.did.push(name)
    const until = performance.now() + this.costMs
    while (performance.now() < until);
    if (this.isFull) throw new CairnError('too_large', 'the DNS table is full')
  }

  settle(revision: number): void {
    this.did.push(`settle ${revision}`)
  }
}

function build(): {
  readonly table: Table
  readonly publisher: TablePublisher
  readonly events: string[]
  readonly delays: number[]
} {
  const table = new Table()
  const events: string[] = []
  const delays: number[] = []
  const publisher = new TablePublisher({
    table: table as unknown as ZoneTable,
    telemetry: { event: (_level, name) => void events.push(name) },
    observeDelay: (seconds) => void delays.push(seconds),
  })
  return { table, publisher, events, delays }
}

const at = (revision: number) => ({ ...EMPTY_SNAPSHOT, revision })
const turn = (): Promise<unknown> => new Promise((done) => setImmediate(done))

async function until(isDone: () => boolean): Promise<void> {
  for (let i = 0; i < 100_000 && !isDone(); i++) await turn()
}

describe('what commits touched', () => {
  test('is compiled once at the end of the turn, however often it changed', async () => {
    const { table, publisher, delays } = build()
    for (let i = 1; i <= 100; i++) publisher.publish([ref('a'), ref(i % 2 ? 'b' : 'c')], at(i))
    expect([table.did, publisher.backlog]).toEqual([[], 3])
    await turn()
    expect(table.did[0]).toBe('a')
    // One round takes all, unless the machine keeps it waiting for longer than a round may last.
    await until(() => publisher.backlog === 0)
    expect(table.did.filter((one) => !one.startsWith('settle'))).toEqual(['a', 'b', 'c'])
    expect(table.did.at(-1)).toBe('settle 100')
    expect(delays.length).toBe(3)
  })

  test('is compiled for some milliseconds a turn, so that others are served', async () => {
    const { table, publisher } = build()
    table.costMs = 3
    const services = Array.from({ length: 9 }, (_, i) => ref(`s${i}`))
    publisher.publish(services, at(1))
    await turn()
    // Eight milliseconds hold three, fewer when the machine is busy with others.
    expect(publisher.backlog).toBeGreaterThanOrEqual(6)
    // The serial waits for the last of them: it never stands for two contents.
    expect(table.did.at(-1)).toBe('settle 0')
    await until(() => publisher.backlog === 0)
    expect(table.did.at(-1)).toBe('settle 1')
    expect(table.did.filter((one) => one.startsWith('s') && !one.includes(' '))).toHaveLength(9)
  })

  test('a service that is heavy is compiled less often, with its latest state, never not', async () => {
    const { table, publisher } = build()
    table.costMs = 5
    const started = performance.now()
    let revision = 0
    while (performance.now() - started < 200) {
      publisher.publish([ref('heavy')], at(++revision))
      await turn()
    }
    await until(() => publisher.backlog === 0)
    const compiled = table.did.filter((one) => one === 'heavy').length
    // A third of the time at most; and it came through all the while.
    expect(compiled).toBeLessThanOrEqual(200 / 15 + 2)
    expect(compiled).toBeGreaterThanOrEqual(3)
    expect(table.did.at(-1)).toBe(`settle ${revision}`)
  })

  test('a light service does not wait for a heavy one that rests', async () => {
    const { table, publisher } = build()
    table.costMs = 5
    publisher.publish([ref('heavy')], at(1))
    await turn()
    table.costMs = 0
    publisher.publish([ref('heavy'), ref('light')], at(2))
    await turn()
    expect(table.did).toContain('light')
    expect(publisher.backlog).toBe(1)
    await until(() => publisher.backlog === 0)
    expect(table.did.filter((one) => one === 'heavy')).toHaveLength(2)
  })
})

test('how long the change that is first in line waits is told', async () => {
  const { publisher } = build()
  expect(publisher.lagSeconds()).toBe(0)
  publisher.publish([ref('a')], at(1))
  publisher.publish([ref('b')], at(2))
  expect(publisher.lagSeconds(performance.now() + 5_000)).toBeGreaterThanOrEqual(5)
  await turn()
  expect(publisher.lagSeconds()).toBe(0)
})

test('what a burst leaves to be freed is freed, though nothing else is published', async () => {
  const { table, publisher } = build()
  table.waitingBytes = 2_000
  publisher.publish([ref('a')], at(1))
  // Three rounds of some 50 ms; turns alone may be over sooner.
  const started = performance.now()
  while (table.waitingBytes > 0 && performance.now() - started < 10_000) await turn()
  expect(table.waitingBytes).toBe(0)
  expect(table.did).toEqual(['a', 'settle 1'])
})

test('a full table is told of once, and again when it has been better meanwhile', async () => {
  const { table, publisher, events } = build()
  const publish = async (isFull: boolean): Promise<void> => {
    table.isFull = isFull
    publisher.publish([ref('a'), ref('b')], at(1))
    await turn()
  }
  await publish(true)
  await publish(true)
  expect(events).toEqual(['table_full'])
  await publish(false)
  await publish(true)
  expect(events).toEqual(['table_full', 'table_full'])
  expect(table.did.filter((one) => one.startsWith('settle'))).toHaveLength(4)
})
