/** Stacks counted: `root;caller;callee` → samples. What a flame graph and a summary are made of. */
export type Stacks = ReadonlyMap<string, number>

export interface Frame {
  /** What it is called, without the file of a library. */
  readonly name: string
  readonly kind: Kind
}

/** Where a frame's code comes from. */
export type Kind = 'ours' | 'node' | 'native' | 'kernel'

const SEPARATOR = ';'
const MARKS: Readonly<Record<Kind, string>> = { ours: 'o', node: 'j', native: 'n', kernel: 'k' }

/** A frame as it stands in a stack: its kind is its first letter. */
export function writeFrame({ name, kind }: Frame): string {
  return `${MARKS[kind]}${name.replaceAll(SEPARATOR, ',')}`
}

export function readFrames(stack: string): readonly Frame[] {
  return stack.split(SEPARATOR).map((text) => ({ name: text.slice(1), kind: kindOf(text) }))
}

function kindOf(text: string): Kind {
  switch (text[0]) {
    case 'o':
      return 'ours'
    case 'j':
      return 'node'
    case 'k':
      return 'kernel'
    default:
      return 'native'
  }
}

/** @param frames from the root. */
export function addStack(stacks: Map<string, number>, frames: readonly Frame[], count = 1): void {
  if (frames.length === 0) return
  const stack = frames.map((frame) => writeFrame(frame)).join(SEPARATOR)
  stacks.set(stack, (stacks.get(stack) ?? 0) + count)
}

/** `take adapters/dns/batch/batch-front.ts:120` of a function and where it begins. */
export function nameFunction(name: string, url: string, line: number): Frame {
  const path = /\/src\/(.*)$/.exec(url)?.[1]
  if (path !== undefined) return { name: `${name} ${path}:${line}`, kind: 'ours' }
  return { name: url === '' ? name : `${name} ${url}`, kind: 'node' }
}
