import { parentPort, workerData } from 'node:worker_threads'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { makeSpellings } from '../../../../src/core/dns/answer/respell.ts'
import { Responder } from '../../../../src/core/dns/answer/responder.ts'
import { openTable, Reader } from '../../../../src/core/dns/table/memory.ts'
import { readMessage, type ReadMessage } from '../answer/message-reader.ts'
import { query, RESPONDER } from '../answer/world.ts'

/** Answers as fast as it can while another thread writes, and judges each of its answers. */

export interface AnsweringData {
  readonly table: SharedArrayBuffer
  /** Word 0: 1 = end. */
  readonly control: SharedArrayBuffer
  readonly services: number
  readonly seed: number
}

export interface Judged {
  readonly answers: number
  readonly absent: number
  /** The first ten answers that belong to no published state. */
  readonly torn: readonly string[]
}

const TYPES = ['A', 'SRV', 'TXT', 'AAAA', 'SOA'] as const

function judgeAll({ table, control, services, seed }: AnsweringData): Judged {
  const memory = openTable(table)
  const words = new Int32Array(control)
  const reader = new Reader(memory, seed % 64)
  const output = new Uint8Array(70_000)
  const rng = new SeededRng(seed)
  const spellings = makeSpellings(new Map(), new Map())
  const responder = new Responder(memory, { ...RESPONDER, spellings }, rng, output)
  responder.client.isTcp = true
  responder.client.setV4(0xcb00_7105)
  const queries = Array.from({ length: services }, (_, i) =>
    TYPES.map((type) => query(`_all.service-${i}.nacos`, type)),
  ).flat()
  queries.push(query('nacos', 'SOA'), query('default_group.public.nacos', 'A'))
  const torn: string[] = []
  let answers = 0
  let absent = 0
  while (Atomics.load(words, 0) === 0 && torn.length < 10) {
    for (let i = 0; i < 500; i++) {
      const packet = queries[rng.u32() % queries.length]
      if (packet === undefined) continue
      reader.enter()
      const length = responder.respond(new DataView(packet.buffer), 0, packet.length, 0)
      reader.leave()
      answers++
      // Every fourth answer is judged: reading takes longer than answering.
      if (rng.u32() % 4 > 0) continue
      const message = readMessage(output.subarray(0, length))
      if (message.rcode === 3) absent++
      else if (!isOneState(message)) torn.push(JSON.stringify(message))
    }
  }
  return { answers, absent, torn }
}

/**
 * State g of service n has 1 + g % 20 instances at 10.n.g.i, all on port g: what one answer tells
 * must agree on g.
 */
function isOneState({ answers, additionals, rcode, authorities }: ReadMessage): boolean {
  if (rcode !== 0) return false
  if (answers.length === 0) return authorities.length === 1
  const [first] = answers
  if (first?.type === 6) return answers.length === 1
  if (first?.type === 16) {
    const [, healthy, total, state] = /healthy=(\d+)\/(\d+)\|.*\|state=(\d+)/.exec(first.data) ?? []
    return healthy === total && Number(total) === 1 + (Number(state) % 20)
  }
  const states = new Set<string | undefined>()
  for (const { type, data } of [...answers, ...additionals]) {
    states.add(type === 1 ? data.split('.')[2] : data.split(' ')[2])
  }
  const [state] = states
  return states.size === 1 && answers.length === 1 + (Number(state) % 20)
}

if (parentPort !== null) parentPort.postMessage(judgeAll(workerData as AnsweringData))
