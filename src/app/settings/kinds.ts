import { parseIPv4, parseIPv6 } from '../../kernel/ip.ts'
import { millis, type Millis } from '../../kernel/ids.ts'

/** What a source says of one setting: text from the environment or a flag, or a TOML value. */
export type Raw =
  | { readonly form: 'text'; readonly text: string }
  | { readonly form: 'toml'; readonly value: unknown }

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string }

/** How values of one type are written, read and shown. */
export interface Kind<T> {
  /** For people: what may be written. */
  readonly expects: string
  /** `switch`: a flag may stand without a value. `many`: repeated flags add up. */
  readonly arity: 'one' | 'switch' | 'many'
  parse(raw: Raw): Parsed<T>
  /** The value as TOML; for a list of parts see `listOf`. */
  show(value: T): string
}

export function ok<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

export function problem<T>(text: string): Parsed<T> {
  return { ok: false, problem: text }
}

export function showText(value: string): string {
  return JSON.stringify(value)
}

/** The raw value for an error message, cut so that a log line stays a line. */
export function showRaw(raw: Raw): string {
  const shown = raw.form === 'text' ? showText(raw.text) : showValue(raw.value)
  return shown.length > 60 ? `${shown.slice(0, 57)}…` : shown
}

/** JSON has no word for infinity and NaN, TOML has. */
function showValue(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing')
}

/** A kind that both forms write as a string. */
export function stringKind<T>(
  expects: string,
  read: (text: string) => T | undefined,
  show: (value: T) => string,
): Kind<T> {
  const wrong = (raw: Raw): Parsed<T> => problem(`expected ${expects}, got ${showRaw(raw)}`)
  return {
    expects,
    arity: 'one',
    show,
    parse(raw) {
      const text = raw.form === 'text' ? raw.text.trim() : raw.value
      if (typeof text !== 'string') return wrong(raw)
      const value = read(text)
      return value === undefined ? wrong(raw) : ok(value)
    },
  }
}

export const FLAG: Kind<boolean> = {
  expects: 'true or false',
  arity: 'switch',
  show: String,
  parse(raw) {
    const value = raw.form === 'text' ? readBoolean(raw.text.trim()) : raw.value
    if (typeof value === 'boolean') return ok(value)
    return problem(`expected true or false, got ${showRaw(raw)}`)
  },
}

function readBoolean(text: string): boolean | undefined {
  if (text === 'true') return true
  return text === 'false' ? false : undefined
}

export function integer(min: number, max: number): Kind<number> {
  const expects = `a whole number ${min}…${max}`
  return {
    expects,
    arity: 'one',
    show: String,
    parse(raw) {
      const value = raw.form === 'text' ? readInteger(raw.text.trim()) : raw.value
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
        return problem(`expected ${expects}, got ${showRaw(raw)}`)
      }
      return value >= min && value <= max
        ? ok(value)
        : problem(`must be ${min}…${max}, got ${value}`)
    },
  }
}

function readInteger(text: string): number | undefined {
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : undefined
}

const TIME_UNITS: readonly (readonly [string, number])[] = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]
const SIZE_UNITS: readonly (readonly [string, number])[] = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['B', 1],
]

/** Written `500ms`, `30s`, `1m`, `2h`; both bounds in the same words. */
export function duration(min: string, max: string): Kind<Millis> {
  return bounded('a duration such as 30s', TIME_UNITS, { min, max }, millis)
}

/** A duration of whole seconds, as DNS counts: the value is in seconds. */
export function seconds(min: string, max: string): Kind<number> {
  const inMs = duration(min, max)
  return {
    ...inMs,
    show: (value) => inMs.show(millis(value * 1_000)),
    parse(raw) {
      const parsed = inMs.parse(raw)
      if (!parsed.ok) return parsed
      return parsed.value % 1_000 === 0
        ? ok(parsed.value / 1_000)
        : problem(`DNS counts whole seconds, got ${showRaw(raw)}`)
    },
  }
}

/** Written `512B`, `8KiB`, `64MiB`, `1GiB`; the value is in bytes. */
export function size(min: string, max: string): Kind<number> {
  return bounded('a size such as 64MiB', SIZE_UNITS, { min, max }, (bytes) => bytes)
}

/** An amount with a unit, kept within bounds. */
function bounded<T extends number>(
  expects: string,
  units: readonly (readonly [string, number])[],
  { min, max }: { readonly min: string; readonly max: string },
  make: (value: number) => T,
): Kind<T> {
  const least = readAmount(min, units) ?? 0
  const most = readAmount(max, units) ?? Number.MAX_SAFE_INTEGER
  const kind = stringKind(expects, (text) => readAmount(text, units), String)
  return {
    expects: `${expects}, ${min}…${max}`,
    arity: 'one',
    show: (value) => showText(showAmount(value, units)),
    parse(raw) {
      const parsed = kind.parse(raw)
      if (!parsed.ok) return problem(parsed.problem + missingUnit(raw, units))
      return parsed.value >= least && parsed.value <= most
        ? ok(make(parsed.value))
        : problem(`must be ${min}…${max}, got ${showAmount(parsed.value, units)}`)
    },
  }
}

function readAmount(
  text: string,
  units: readonly (readonly [string, number])[],
): number | undefined {
  const match = /^(\d{1,12})([A-Za-z]+)$/.exec(text)
  const factor = units.find(([unit]) => unit === match?.[2])?.[1]
  return factor === undefined ? undefined : Number(match?.[1]) * factor
}

function showAmount(value: number, units: readonly (readonly [string, number])[]): string {
  const smallest = units.at(-1)?.[0] ?? ''
  if (value === 0) return `0${smallest === 'ms' ? 's' : smallest}`
  const [unit, factor] = units.find(([, f]) => value % f === 0) ?? [smallest, 1]
  return `${value / factor}${unit}`
}

function missingUnit(raw: Raw, units: readonly (readonly [string, number])[]): string {
  const text = raw.form === 'text' ? raw.text.trim() : String(raw.value)
  if (!/^\d+$/.test(text)) return ''
  const names = units.map(([unit]) => unit).toReversed()
  return ` (the unit is missing: ${names.join(', ')})`
}

export function text(what: string, max: number): Kind<string> {
  const fits = (value: string): string | undefined =>
    value !== '' && value.length <= max && !hasControls(value) ? value : undefined
  return stringKind(what, fits, showText)
}

function hasControls(value: string): boolean {
  return /\p{Cc}/u.test(value)
}

export function choice<const T extends string>(names: readonly T[]): Kind<T> {
  const find = (value: string): T | undefined => names.find((name) => name === value)
  return stringKind(names.join(' or '), find, showText)
}

/** An IPv4 or IPv6 literal to listen on. */
export const ADDRESS: Kind<string> = stringKind(
  'an IPv4 or IPv6 address',
  (value) => (parseIPv4(value) !== undefined || parseIPv6(value) !== undefined ? value : undefined),
  showText,
)
