import { rmSync } from 'node:fs'

import { findProgram, run } from '../process.ts'
import { addStack, type Frame, nameFunction, type Stacks } from './stacks.ts'

/**
 * Samples of one thread by perf(1), kernel included. V8 tells the names of its functions through
 * `/tmp/perf-PID.map` (`--perf-basic-prof`).
 */

export const PERF_FLAGS = ['--perf-basic-prof', '--interpreted-frames-native-stack'] as const

/** Not a divisor of anything that runs by the clock. */
const HERTZ = 1_999

/** Whether this machine lets us sample: it may be forbidden, or perf may not be there. */
export async function canPerf(): Promise<boolean> {
  if (findProgram('perf') === undefined) return false
  const command = ['perf', 'record', '-q', '-e', 'cpu-clock', '-g', '-o', '/dev/null', 'true']
  return await run(command).then(
    () => true,
    () => false,
  )
}

export async function samplePerf(file: string, thread: number, seconds: number): Promise<Stacks> {
  // The clock of the CPU, because virtual machines have no counters of cycles.
  const record = ['perf', 'record', '-q', '-e', 'cpu-clock', '-F', String(HERTZ), '-g']
  await run([...record, '-t', String(thread), '-o', file, '--', 'sleep', String(seconds)])
  const script = ['perf', 'script', '-i', file, '-F', 'ip,sym,dso']
  return fold(await run(script, 300_000))
}

export function forgetMap(pid: number): void {
  rmSync(`/tmp/perf-${pid}.map`, { force: true })
}

/** One sample is some lines, the innermost frame first, and an empty line. */
function fold(script: string): Stacks {
  const stacks = new Map<string, number>()
  for (const sample of script.split(/\n\s*\n/)) {
    const lines = sample.split('\n').filter((line) => line.trim() !== '')
    const frames = lines.map((line) => readLine(line)).filter((frame) => frame !== undefined)
    addStack(stacks, frames.toReversed())
  }
  return stacks
}

/** `  7f12ab sendmmsg+0x1d (/usr/lib/libc.so.6)` */
function readLine(line: string): Frame | undefined {
  const parts = /^\s*[0-9a-f]+ (.*) \((.*)\)$/.exec(line)
  if (parts === null) return undefined
  const [, symbol = '', library = ''] = parts
  const name = symbol.replace(/\+0x[0-9a-f]+$/, '')
  if (library.startsWith('[kernel') || library.startsWith('[guest')) return { name, kind: 'kernel' }
  if (name.startsWith('JS:')) return readFunction(name)
  const file = library.split('/').at(-1) ?? library
  return { name: name === '[unknown]' ? file : `${name.slice(0, 80)} ${file}`, kind: 'native' }
}

/** `JS:*answer file:///…/src/core/dns/answer.ts:12:3`: the mark is how far it is compiled. */
function readFunction(name: string): Frame {
  const parts = /^JS:[*^~+']*(.*?) ?((?:file|node):.*?):(\d+):\d+$/.exec(name)
  if (parts === null) return { name: name.slice('JS:'.length), kind: 'node' }
  const [, called = '', url = '', line = '0'] = parts
  return nameFunction(called === '' ? '(anonymous)' : called, url, Number(line))
}
