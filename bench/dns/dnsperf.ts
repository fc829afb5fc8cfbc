import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { run } from '../process.ts'
import type { Load, Measured } from './generator.ts'
import { Meter, type Metered } from './meter.ts'
import { questionsOf } from './packets.ts'

/**
 * The same load by dnsperf, for machines without node:ffi. It needs more CPU per query than a fast
 * server does, so it measures CPU per answer below saturation and cannot show the most a server
 * can.
 */
export async function runDnsperf(load: Load, core: number): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  try {
    const file = join(directory, 'queries')
    const questions = questionsOf(load.mix, load.names)
    const types: Readonly<Record<number, string>> = { 1: 'A', 33: 'SRV' }
    writeFileSync(file, questions.map((q) => `${q.name} ${types[q.type] ?? 'A'}\n`).join(''))
    const command = (seconds: number): string[] => commandOf(load, core, file, seconds)
    await run(command(load.warmupSeconds))
    const meter = new Meter(load.pid)
    const out = await run(command(load.seconds), load.seconds * 1_000 + 30_000)
    return parse(out, { load, metered: meter.stop() })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function commandOf(load: Load, core: number, file: string, seconds: number): string[] {
  const { port, sockets, window, rate, mix } = load
  const command = ['taskset', '-c', String(core), 'dnsperf', '-s', '127.0.0.1', '-p', String(port)]
  command.push('-d', file, '-l', String(Math.ceil(seconds)), '-c', String(sockets), '-T', '1')
  command.push('-q', String(sockets * window), '-t', '1')
  if (mix === 'tcp') command.push('-m', 'tcp')
  if (mix === 'edns') command.push('-e')
  if (rate !== undefined) command.push('-Q', String(rate))
  return command
}

function parse(out: string, context: { load: Load; metered: Metered }): Measured {
  const { load, metered } = context
  const read = (pattern: RegExp): number => Number(pattern.exec(out)?.[1] ?? Number.NaN)
  const expected = load.mix === 'nx' ? 'NXDOMAIN' : 'NOERROR'
  const codes = /Response codes:\s+(.*)/.exec(out)?.[1] ?? ''
  const isRight = codes.split(', ').every((part) => part.startsWith(expected))
  return {
    ...metered,
    // Its own CPU time is not told apart from others'.
    disturbed: Number.NaN,
    tool: 'dnsperf',
    seconds: read(/Run time \(s\):\s+([\d.]+)/),
    sent: read(/Queries sent:\s+(\d+)/),
    answered: read(/Queries completed:\s+(\d+)/),
    lost: read(/Queries lost:\s+(\d+)/),
    late: 0,
    skipped: 0,
    faults: isRight ? {} : { wrong_rcode: 1 },
  }
}
