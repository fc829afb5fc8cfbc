import type { Metadata } from '../registry/state.ts'

/** A JSON string. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

/** A number as Java writes a double: always with a decimal point. */
export function double(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** Written by hand: no object in between whose prototype a key could name. */
export function metadataJson(metadata: Metadata): string {
  if (metadata.size === 0) return '{}'
  let json = ''
  for (const [key, value] of metadata) {
    json += `${json === '' ? '{' : ','}${JSON.stringify(key)}:${JSON.stringify(value)}`
  }
  return `${json}}`
}

/** The members of a JSON object in the order of the text; undefined for any other text. */
export function parseJsonObject(text: string): ReadonlyMap<string, unknown> | undefined {
  return membersOf(parseJson(text))
}

/** As above, but numbers come as the text they were written in: `1.0` stays `1.0`. */
export function parseJsonObjectAsText(text: string): ReadonlyMap<string, unknown> | undefined {
  return membersOf(parseJson(text, keepNumberText))
}

/** `JSON.parse` makes own properties of all names, so entries are safe to read. */
export function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return new Map<string, unknown>(Object.entries(value))
}

/** A string, number or boolean as text; undefined for all else. */
export function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

type Reviver = (key: string, value: unknown, ...context: readonly unknown[]) => unknown

function parseJson(text: string, reviver?: Reviver): unknown {
  try {
    return JSON.parse(text, reviver)
  } catch {
    return undefined
  }
}

/** The third argument holds the source text of primitives (ECMAScript 2026). */
function keepNumberText(_key: string, value: unknown, ...context: readonly unknown[]): unknown {
  if (typeof value !== 'number') return value
  const [first] = context
  const hasSource = typeof first === 'object' && first !== null && 'source' in first
  return hasSource && typeof first.source === 'string' ? first.source : String(value)
}
