import { type Frame, type Kind, readFrames, type Stacks, writeFrame } from './stacks.ts'

/**
 * A flame graph: each bar a function, as wide as its share of the samples, on top of its caller.
 * Neighbours stand in alphabetical order, not in order of time. Hovering tells the numbers.
 */

const WIDTH = 1_600
const ROW = 17
const LETTER = 6.4
const MARGIN = 10
const HEAD = 44
/** Narrower bars are left out, with all that stands on them, pixels. */
const NARROWEST = 0.4

const COLOURS: Readonly<Record<Kind, string>> = {
  ours: '#7fb069',
  node: '#e6c229',
  native: '#e8985e',
  kernel: '#a5b4d4',
}

interface Bar {
  readonly frame: Frame
  samples: number
  readonly above: Map<string, Bar>
}

export function drawFlame(title: string, stacks: Stacks): string {
  const root = grow(stacks)
  const rows = depthOf(root, root.samples)
  const height = HEAD + rows * ROW + MARGIN
  const parts: string[] = []
  draw(root, { parts, total: root.samples, floor: height - MARGIN - ROW }, MARGIN, 0)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
      'font-family="monospace" font-size="11">',
    `<rect width="100%" height="100%" fill="#fdfdfb"/>`,
    `<text x="${MARGIN}" y="18" font-size="14">${escape(title)}</text>`,
    ...legend(),
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function legend(): readonly string[] {
  const texts: readonly [Kind, string][] = [
    ['ours', 'src/'],
    ['node', 'other JavaScript'],
    ['native', 'native code'],
    ['kernel', 'kernel'],
  ]
  return texts.map(([kind, text], i) => {
    const x = MARGIN + i * 160
    return (
      `<rect x="${x}" y="26" width="12" height="12" fill="${COLOURS[kind]}"/>` +
      `<text x="${x + 18}" y="36">${text}</text>`
    )
  })
}

function grow(stacks: Stacks): Bar {
  const root: Bar = { frame: { name: 'all', kind: 'native' }, samples: 0, above: new Map() }
  for (const [stack, samples] of stacks) {
    root.samples += samples
    let bar = root
    for (const frame of readFrames(stack)) {
      const key = writeFrame(frame)
      const next = bar.above.get(key) ?? { frame, samples: 0, above: new Map() }
      bar.above.set(key, next)
      next.samples += samples
      bar = next
    }
  }
  return root
}

function widthOf(bar: Bar, total: number): number {
  return (bar.samples / total) * (WIDTH - 2 * MARGIN)
}

function depthOf(bar: Bar, total: number): number {
  let above = 0
  for (const next of bar.above.values()) {
    if (widthOf(next, total) >= NARROWEST) above = Math.max(above, depthOf(next, total))
  }
  return above + 1
}

interface Canvas {
  readonly parts: string[]
  readonly total: number
  /** Of the lowest row. */
  readonly floor: number
}

function draw(bar: Bar, canvas: Canvas, x: number, row: number): void {
  const { parts, total, floor } = canvas
  const width = widthOf(bar, total)
  if (width < NARROWEST) return
  const y = floor - row * ROW
  const { name, kind } = bar.frame
  const share = `${((bar.samples / total) * 100).toFixed(2)} %`
  const room = Math.floor((width - 4) / LETTER)
  const text = room < 3 ? '' : name.length <= room ? name : `${name.slice(0, room - 1)}…`
  parts.push(
    `<g><title>${escape(name)}: ${bar.samples} samples, ${share}</title>` +
      `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" ` +
      `fill="${COLOURS[kind]}" rx="1"/>` +
      (text === '' ? '' : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escape(text)}</text>`) +
      '</g>',
  )
  let at = x
  const sorted = [...bar.above].toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [, next] of sorted) {
    draw(next, canvas, at, row + 1)
    at += widthOf(next, total)
  }
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
