import { run, sleep } from '../process.ts'
import { type Load, generate } from './generator.ts'
import type { DnsSubject } from './subjects.ts'

/**
 * Does the generator count rightly? A server's own counters must agree with it: what the server
 * says it answered lies between what the generator got back and what it sent.
 */

export interface Verdict {
  readonly sent: number
  readonly answered: number
  readonly lost: number
  readonly counted: number
  readonly isRight: boolean
}

export async function verify(at: DnsSubject, load: Load): Promise<Verdict> {
  const before = await readCounter(at)
  // Without a warm-up, all queries of the run are the measured ones.
  const measured = await generate({ ...load, warmupSeconds: 0 })
  await sleep(300)
  const counted = (await readCounter(at)) - before
  const { sent, lost } = measured
  const answered = sent - lost
  const isClean = Object.keys(measured.faults).length === 0
  const isRight = isClean && counted >= answered && counted <= sent
  return { sent, answered, lost, counted, isRight }
}

export function canVerify({ httpPort, control }: DnsSubject): boolean {
  return httpPort !== undefined || control !== undefined
}

async function readCounter(at: DnsSubject): Promise<number> {
  if (at.httpPort !== undefined) return await readCairn(at.httpPort)
  if (at.control === undefined) throw new Error(`${at.subject.name} has no counters`)
  if (at.subject.name === 'unbound') {
    const said = await run(['unbound-control', '-c', at.control, 'stats_noreset'])
    return sum(said, /^total\.num\.queries=(\d+)$/gm)
  }
  const out = await run(['knotc', '-s', at.control, 'stats', 'mod-stats.response-code'])
  return sum(out, /^mod-stats\.response-code\[\w+\] = (\d+)$/gm)
}

async function readCairn(httpPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/metrics`)
  return sum(await answer.text(), /^cairn_dns_(?:answers|responses)_total(?:\{.*\})? (\d+)$/gm)
}

function sum(text: string, pattern: RegExp): number {
  let total = 0
  for (const match of text.matchAll(pattern)) total += Number(match[1])
  return total
}
