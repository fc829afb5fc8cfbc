import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { addStack, type Frame, nameFunction, type Stacks } from './stacks.ts'

/**
 * Where perf cannot be had: V8's own profiles, one per thread, written when it ends. Calls into the
 * kernel are part of the function that made them.
 */

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    /** From 0. */
    readonly lineNumber: number
  }
  readonly children?: readonly number[]
}

export function profileFlags(folder: string): readonly string[] {
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

/** Of the thread whose stacks have `marker` in them most often. */
export function readProfiles(folder: string, marker: string): Stacks {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  const all = files.map((name) => {
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile
    return foldProfile(profile)
  })
  const [busiest] = all.toSorted((a, b) => countOf(b, marker) - countOf(a, marker))
  if (busiest === undefined) throw new Error('no thread has written a profile')
  return busiest
}

function countOf(stacks: Stacks, marker: string): number {
  let count = 0
  for (const [stack, samples] of stacks) if (stack.includes(marker)) count += samples
  return count
}

function foldProfile({ nodes, samples }: CpuProfile): Stacks {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map<number, number>()
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id)
  const stacks = new Map<string, number>()
  for (const sample of samples) {
    const frames: Frame[] = []
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const frame = frameOf(byId.get(id))
      if (frame !== undefined) frames.push(frame)
    }
    addStack(stacks, frames.toReversed())
  }
  return stacks
}

/** Undefined for what is no work: the root, and waiting. */
function frameOf(node: ProfileNode | undefined): Frame | undefined {
  if (node === undefined) return undefined
  const { functionName, url, lineNumber } = node.callFrame
  if (functionName === '(root)' || functionName === '(idle)') return undefined
  if (url === '') return { name: functionName || '(anonymous)', kind: 'native' }
  return nameFunction(functionName || '(anonymous)', url, lineNumber + 1)
}
