import { CairnError } from '../../kernel/errors.ts'
import { decodeFormText } from './percent.ts'
import * as texts from './texts.ts'

/** What a request says, by name. A map, so that `__proto__` is a name like any other. */
export type Params = ReadonlyMap<string, string>

/** Tomcat's bound on parameters; keeps a form of `a&b&c…` from becoming millions of entries. */
const PAIRS_MAX = 10_000

/**
 * Reads the query string and the form body of a request as one. The query comes first, and of
 * equal names the first one wins.
 */
export function parseParams(query: string, form: string): Params {
  const params = new Map<string, string>()
  const pairs = readPairs(query, params, 0)
  if (form !== '') readPairs(form, params, pairs)
  return params
}

/** The trimmed value; `''` when it is absent or blank, for the two are one on this wire. */
export function optional(params: Params, name: string): string {
  return params.get(name)?.trim() ?? ''
}

/** The first of the names that is not blank. */
export function firstOf(params: Params, name: string, synonym: string): string {
  return optional(params, name) || optional(params, synonym)
}

export function required(params: Params, name: string): string {
  const text = optional(params, name)
  if (text === '') throw new CairnError('invalid_argument', texts.isRequired(name))
  return text
}

/** `true on yes t y 1` in any case are true, everything else is false. */
export function parseFlag(text: string, fallback: boolean): boolean {
  return text === '' ? fallback : /^(?:true|on|yes|t|y|1)$/i.test(text)
}

/** A 32-bit integer as Java reads it. */
export function parseInteger(text: string): number {
  const n = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(n >= -2_147_483_648 && n <= 2_147_483_647)) throw notANumber(text)
  return n
}

/** Java reads `1e999` as infinity, which JSON has no word for: refused. */
export function parseDecimal(text: string): number {
  const isDecimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)
  const n = isDecimal ? Number(text) : Number.NaN
  if (!Number.isFinite(n)) throw notANumber(text)
  return n
}

function notANumber(text: string): CairnError {
  return new CairnError('invalid_argument', texts.notANumber(text))
}

function readPairs(text: string, into: Map<string, string>, seen: number): number {
  let pairs = seen
  for (let from = 0, end = 0; from < text.length; from = end + 1) {
    end = text.indexOf('&', from)
    if (end === -1) end = text.length
    if (end === from) continue
    if (++pairs > PAIRS_MAX) throw new CairnError('too_large', texts.tooManyParameters(PAIRS_MAX))
    readPair(text.slice(from, end), into)
  }
  return pairs
}

function readPair(pair: string, into: Map<string, string>): void {
  const equals = pair.indexOf('=')
  const name = decodeFormText(equals === -1 ? pair : pair.slice(0, equals))
  if (into.has(name)) return
  into.set(name, equals === -1 ? '' : ownText(decodeFormText(pair.slice(equals + 1))))
}

/**
 * V8 keeps a slice of 13 characters or more as a view of the whole text: what the registry keeps of
 * a request would keep the request. A slice of a fresh text keeps one character too many instead.
 */
function ownText(text: string): string {
  return text.length < 13 ? text : ` ${text}`.slice(1)
}
