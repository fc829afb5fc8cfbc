import { expect, test } from 'vitest'
import { TransferServer } from '../../../../src/adapters/dns/transfer/transfer-server.ts'
import type { ToDesk } from '../../../../src/adapters/dns/transfer/words.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import { TYPE } from '../../../../src/core/dns/protocol.ts'
import { TransferZones } from '../../../../src/core/dns/transfer/zones.ts'
import type { ZoneRecord } from '../../../../src/core/dns/zone/state.ts'
import { query, tableSettings } from '../../../core/dns/answer/world.ts'

const APEX = parseName('big.test.')
const turn = (): Promise<unknown> => new Promise((done) => setImmediate(done))

/** A zone of some `kib` KiB. */
function zone(kib: number): readonly ZoneRecord[] {
  const soa = { owner: APEX, type: TYPE.SOA, ttl: 5, rdata: new Uint8Array(22) }
  const texts = Array.from({ length: kib * 4 }, (_, i) => {
    const rdata = new Uint8Array(241)
    rdata.set([240, i >> 8, i & 255])
    return { owner: APEX, type: TYPE.TXT, ttl: 5, rdata }
  })
  return [soa, ...texts]
}

class Desk {
  readonly server: TransferServer
  readonly got: ToDesk[] = []
  readonly events: string[] = []

  constructor(kib: number, settled: () => Promise<void> = async () => {}) {
    const zones = new TransferZones({
      ...tableSettings(),
      journal: { entriesMax: 10, bytesMax: 1e6 },
      firstRevision: 0,
    })
    zones.loadFile(APEX, zone(kib))
    const telemetry = {
      event: (level: string, name: string): void => void this.events.push(`${level} ${name}`),
    }
    this.server = new TransferServer({ zones, keys: [], now: () => 0, telemetry, settled })
  }

  async ask(id: number, name = 'big.test.', worker = 0): Promise<void> {
    const request = query(name, 'AXFR')
    const reply = (message: ToDesk): void => void this.got.push(message)
    this.server.handle(worker, { kind: 'transfer', id, request, client: '192.0.2.1' }, reply)
    await turn()
  }

  async taken(id: number): Promise<void> {
    this.server.handle(0, { kind: 'transfer_taken', id }, () => {})
    await turn()
    await turn()
  }

  count(result: string): number {
    return [...this.server.counts()].find(([, one]) => one === result)?.[2] ?? 0
  }
}

test('what the client has not read is at most two chunks', async () => {
  const desk = new Desk(512)
  await desk.ask(1)
  await turn()
  expect(desk.got).toHaveLength(2)
  await desk.taken(1)
  expect(desk.got).toHaveLength(3)
  while (desk.server.running > 0) await desk.taken(1)
  expect(desk.got.length).toBeGreaterThan(5)
  expect(desk.got.map((one) => 'isLast' in one && one.isLast).indexOf(true)).toBe(
    desk.got.length - 1,
  )
  const sizes = desk.got.map((one) => ('bytes' in one ? one.bytes.length : 0))
  expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024 + 16_386)
  expect(desk.server.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0))
  expect(desk.count('full')).toBe(1)
})

test('a client that goes away costs nothing more', async () => {
  const desk = new Desk(512)
  await desk.ask(1)
  desk.server.handle(0, { kind: 'transfer_gone', id: 1 }, () => {})
  await desk.taken(1)
  expect([desk.server.running, desk.got.length, desk.count('aborted')]).toEqual([0, 2, 1])
})

test('a worker that dies takes its transfers with it', async () => {
  const desk = new Desk(512)
  await desk.ask(1)
  await desk.ask(1, 'big.test.', 1)
  desk.server.forget(0)
  expect([desk.server.running, desk.count('aborted')]).toEqual([1, 1])
})

test('eight are made at a time, 128 wait, more are told SERVFAIL', async () => {
  const desk = new Desk(512)
  for (let id = 0; id < 8 + 128; id++) await desk.ask(id)
  expect([desk.server.running, desk.count('failed')]).toEqual([8, 0])
  await desk.ask(1_000)
  expect(desk.count('failed')).toBe(1)
  const last = desk.got.at(-1)
  expect(last).toMatchObject({ id: 1_000, isLast: true })
  // RCODE 2 behind the two octets of length.
  expect(last !== undefined && 'bytes' in last ? (last.bytes[5] ?? 0) & 15 : 0).toBe(2)
  desk.server.handle(0, { kind: 'transfer_gone', id: 3 }, () => {})
  await turn()
  expect(desk.server.running).toBe(8)
  expect(desk.got.filter(({ id }) => id === 8)).toHaveLength(2)
})

test('a client that leaves before the zones are settled is sent nothing', async () => {
  const settled = Promise.withResolvers<void>()
  const desk = new Desk(8, () => settled.promise)
  await desk.ask(1)
  desk.server.handle(0, { kind: 'transfer_gone', id: 1 }, () => {})
  settled.resolve()
  await turn()
  expect([desk.got, desk.count('aborted')]).toEqual([[], 1])
})

test('a zone that is none of ours is NOTAUTH', async () => {
  const desk = new Desk(8)
  await desk.ask(1, 'other.test.')
  expect(desk.count('not_authoritative')).toBe(1)
  const [only] = desk.got
  expect(only !== undefined && 'bytes' in only ? (only.bytes[5] ?? 0) & 15 : 0).toBe(9)
})

test('a fault of ours cuts the transfer, is told, and gives its place to the next', async () => {
  let isBroken = true
  const desk = new Desk(8, async () => {
    if (isBroken) throw new TypeError('no such thing')
  })
  await desk.ask(1)
  expect(desk.got).toEqual([{ kind: 'transfer_cut', id: 1 }])
  expect([desk.server.running, desk.count('failed')]).toEqual([0, 1])
  expect(desk.events).toEqual(['error zone_transfer_fault', 'info zone_transfer'])
  isBroken = false
  await desk.ask(2)
  expect(desk.count('full')).toBe(1)
})
