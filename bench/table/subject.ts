import { adviseHugePages } from '../../src/adapters/dns/batch/huge-pages.ts'
import { makeSpellings } from '../../src/core/dns/answer/respell.ts'
import { Responder, type ResponderSettings } from '../../src/core/dns/answer/responder.ts'
import { ZoneTable } from '../../src/core/dns/compile/zone-table.ts'
import { parseName } from '../../src/core/dns/name.ts'
import { createTable, type TableMemory } from '../../src/core/dns/table/memory.ts'
import { SeededRng } from '../../src/kernel/rng.ts'

export interface Subject {
  readonly memory: TableMemory
  readonly table: ZoneTable
}

const MIB = 1 << 20

/** @param answers of each question, drawn of the healthy ones; 0: all of them. */
export function makeSubject(mebibytes: number, answers = 0): Subject {
  const memory = createTable(Math.min(mebibytes * MIB, 2047 * MIB), 0x1234_5678, 0x0bad_cafe)
  adviseHugePages(memory.buffer)
  const table = new ZoneTable(memory, {
    zones: [parseName('nacos.')],
    reverseZones: [],
    ttl: 1,
    negativeTtl: 5,
    answers,
    failOpen: true,
    nameServers: { v4: [Uint8Array.of(192, 0, 2, 53)], v6: [] },
  })
  table.setReady(true)
  return { memory, table }
}

export const RESPONDER_SETTINGS: ResponderSettings = {
  udpSize: 1_232,
  nsid: new Uint8Array(0),
  version: 'bench',
  host: 'bench',
  tcpKeepalive: 100,
  strictSrv: false,
  localNets: [],
  spellings: makeSpellings(new Map(), new Map()),
}

/** One that answers a client far away from all instances. */
export function makeResponder(memory: TableMemory): Responder {
  const output = new Uint8Array(70_000)
  const responder = new Responder(memory, RESPONDER_SETTINGS, new SeededRng(1), output)
  responder.client.setV4(0xcb00_7105)
  return responder
}

/** Of many: the half, and the worst. */
export function summarize(values: Float64Array): {
  readonly median: number
  readonly worst: number
} {
  const sorted = values.toSorted()
  return { median: sorted[sorted.length >> 1] ?? 0, worst: sorted.at(-1) ?? 0 }
}

/** Nanoseconds of this thread's own processor time: what others do on the machine counts less. */
export function cpuNs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) * 1_000
}
