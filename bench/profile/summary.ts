import { formatTable, percent, type Row } from '../dns/report.ts'
import { type Frame, type Kind, readFrames, type Stacks } from './stacks.ts'

/** Where the time goes, in words. */

const LINES = 15
/** Entered from user space: by these, the time in the kernel is told apart. */
const CALL = /^_*(?:x64_|arm64_)?_*sys_(\w+)$/

const KINDS: Readonly<Record<Kind, string>> = {
  ours: 'our code (src/)',
  node: 'other JavaScript',
  native: "native code (V8, node, C's library)",
  kernel: 'kernel',
}

export function summarize(stacks: Stacks): string {
  const kinds = new Map<string, number>()
  const calls = new Map<string, number>()
  const own = new Map<string, number>()
  const inclusive = new Map<string, number>()
  let total = 0
  for (const [stack, samples] of stacks) {
    const frames = readFrames(stack)
    const top = frames.at(-1)
    if (top === undefined) continue
    total += samples
    add(kinds, KINDS[top.kind], samples)
    if (top.kind === 'kernel') add(calls, callOf(frames), samples)
    add(own, top.name, samples)
    const ours = new Set(frames.filter(({ kind }) => kind === 'ours').map(({ name }) => name))
    for (const name of ours) add(inclusive, name, samples)
  }
  return [
    `${total} samples`,
    tableOf('by what ran', kinds, total),
    tableOf('kernel, by call', calls, total),
    tableOf('our functions, with all they call', inclusive, total),
    tableOf('functions by themselves', own, total),
  ].join('\n\n')
}

function callOf(frames: readonly Frame[]): string {
  for (const { name, kind } of frames) {
    const call = kind === 'kernel' ? CALL.exec(name)?.[1] : undefined
    if (call !== undefined) return call
  }
  return 'none of ours (interrupts, entries)'
}

function add(to: Map<string, number>, name: string, samples: number): void {
  to.set(name, (to.get(name) ?? 0) + samples)
}

function tableOf(what: string, counts: ReadonlyMap<string, number>, total: number): string {
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, LINES)
  const rows = sorted.map(([name, samples]): Row => ({
    [what]: name,
    share: percent(samples / total),
  }))
  return rows.length === 0 ? `${what}: nothing` : formatTable(rows)
}
