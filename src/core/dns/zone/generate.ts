import { wrong, type Fields, type Token } from '../records/fields.ts'

/** Steps of one `$GENERATE` line. */
const STEPS_MAX = 65_536
const COUNTER_MAX = 0x7fff_ffff
const WIDTH_MAX = 255

/** What `$GENERATE` says: a counter, and a line in which it is written. */
export interface Generation {
  readonly start: number
  readonly stop: number
  readonly step: number
  readonly template: string
}

/** `$GENERATE start-stop[/step] owner [TTL] [class] type data…` (BIND's extension). */
export function parseGeneration(fields: Fields): Generation {
  const { text } = fields.take('range')
  const match = /^(\d{1,10})-(\d{1,10})(?:\/(\d{1,10}))?$/.exec(text)
  const [start = 0, stop = -1, step = 0] = (match ?? []).slice(1).map((part) => Number(part ?? 1))
  if (stop < start || step < 1 || stop > COUNTER_MAX) {
    throw wrong('range must be like 1-100 or 1-100/2')
  }
  if (Math.floor((stop - start) / step) >= STEPS_MAX) {
    throw wrong(`range has more than ${STEPS_MAX} steps`)
  }
  const words: Token[] = []
  while (fields.hasMore) words.push(fields.take('line'))
  return { start, stop, step, template: templateOf(words) }
}

/** The lines; lazily, for there may be many. */
export function* generateLines({ start, stop, step, template }: Generation): Generator<string> {
  const pieces = cut(template)
  for (let counter = start; counter <= stop; counter += step) {
    yield pieces.map((piece) => (typeof piece === 'string' ? piece : piece(counter))).join('')
  }
}

/** Quotes around the last word only hold its spaces together, as in BIND: "10 mail$" is two. */
function templateOf(words: readonly Token[]): string {
  if (words.length < 3) throw wrong('an owner, a type and data must follow the range')
  const head = words.slice(0, -1)
  const isDataOneWord = head.every(({ isQuoted }) => !isQuoted)
  return words
    .map(({ text, isQuoted }, i) => {
      const isHeld = isQuoted && isDataOneWord && i === words.length - 1
      return isQuoted && !isHeld ? `"${text}"` : text
    })
    .join(' ')
}

type Piece = string | ((counter: number) => string)

/** At each `$` that no backslash takes the meaning from; `$$` is one `$`. */
function cut(template: string): readonly Piece[] {
  const pieces: Piece[] = []
  const pattern = /\\.|\$\$|\$(?:\{([^}]*)\})?|[^\\$]+/gs
  for (const [text, modifier] of template.matchAll(pattern)) {
    if (text === '$$') pieces.push('\\$')
    else if (!text.startsWith('$')) pieces.push(text)
    else pieces.push(modifier === undefined ? String : modified(modifier))
  }
  return pieces
}

/** `${offset,width,base}` with base d, o, x, X, n or N. */
function modified(modifier: string): (counter: number) => string {
  const match = /^(-?\d{1,10})(?:,(\d{1,3})(?:,([doxXnN]))?)?$/.exec(modifier)
  const offset = Number(match?.[1] ?? Number.NaN)
  const width = Number(match?.[2] ?? 0)
  const base = match?.[3] ?? 'd'
  if (Number.isNaN(offset) || width > WIDTH_MAX) {
    throw wrong('a modifier is {offset,width,base}, base one of d o x X n N')
  }
  return (counter) => spell(counter + offset, width, base)
}

function spell(value: number, width: number, base: string): string {
  if (value < 0) throw wrong('the offset makes the counter negative')
  if (base === 'n' || base === 'N') return spellNibbles(value, width, base === 'N')
  const radix = base === 'd' ? 10 : base === 'o' ? 8 : 16
  const digits = value.toString(radix).padStart(width, '0')
  return base === 'X' ? digits.toUpperCase() : digits
}

/** Hex digits from the lowest up, a dot after each but the last: names under ip6.arpa. */
function spellNibbles(value: number, width: number, isUpper: boolean): string {
  // The width counts the dots, too.
  const digits = value.toString(16).padStart(Math.ceil(width / 2), '0')
  const text = digits.split('').toReversed().join('.')
  return isUpper ? text.toUpperCase() : text
}
