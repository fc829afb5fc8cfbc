import { parseGroupName, parseNamespaceId } from '../../core/registry/ids.ts'
import type { GroupName, NamespaceId } from '../../core/registry/ids.ts'
import { CairnError } from '../../kernel/errors.ts'
import { ok, problem, showRaw, showText, stringKind, type Kind, type Raw } from './kinds.ts'

/** Entries of a list or a table: above this it is a mistake, not a configuration. */
const ENTRIES_MAX = 1_000

/** A list: TOML writes an array (or one value), text separates by commas, flags may repeat. */
export function listOf<T>(part: Kind<T>, min: number): Kind<readonly T[]> {
  const expects = `a list, each ${part.expects}`
  return {
    expects,
    arity: 'many',
    show: (values) => `[${values.map((value) => part.show(value)).join(', ')}]`,
    parse(raw) {
      const parts = partsOf(raw)
      if (parts.length > ENTRIES_MAX) return problem(`more than ${ENTRIES_MAX} entries`)
      if (parts.length < min) return problem(`expected ${expects}, at least ${min}`)
      const values: T[] = []
      const problems: string[] = []
      for (const parsed of parts.map((one) => part.parse(one))) {
        if (!parsed.ok) problems.push(parsed.problem)
        else if (!values.includes(parsed.value)) values.push(parsed.value)
      }
      return problems.length === 0 ? ok(values) : problem(problems.join('; '))
    },
  }
}

function partsOf(raw: Raw): readonly Raw[] {
  if (raw.form === 'text') {
    const texts = raw.text.split(',').filter((text) => text.trim() !== '')
    return texts.map((text) => ({ form: 'text', text }))
  }
  if (!Array.isArray(raw.value)) return [raw]
  return raw.value.map((value: unknown) => ({ form: 'toml', value }))
}

/** A table label → value: TOML writes a table, text writes `label=value,label=value`. */
export function tableOf<T>(value: Kind<T>): Kind<ReadonlyMap<string, T>> {
  return keyedTable(value, LABEL_KEY)
}

/** A table namespace id → value. */
export function byNamespace<T>(value: Kind<T>): Kind<ReadonlyMap<NamespaceId, T>> {
  return keyedTable(value, NAMESPACE_KEY)
}

/** How the keys of a table are read; undefined: the text is none. */
interface KeyKind<K extends string> {
  readonly what: string
  readonly word: string
  readonly twice: string
  read(text: string): K | undefined
}

const LABEL_KEY: KeyKind<string> = {
  what: 'DNS label',
  word: 'label',
  twice: 'stands twice (DNS knows no case)',
  read: (text) => (isLabel(text.toLowerCase()) ? text.toLowerCase() : undefined),
}

const NAMESPACE_KEY: KeyKind<NamespaceId> = {
  what: 'namespace id',
  word: 'id',
  twice: 'stands twice',
  read: (text) => orUndefined(() => parseNamespaceId(text)),
}

function keyedTable<K extends string, T>(value: Kind<T>, key: KeyKind<K>): Kind<ReadonlyMap<K, T>> {
  return {
    expects: `a table, ${key.what} = ${value.expects}`,
    arity: 'many',
    show: showTable(value),
    parse(raw) {
      const entries = entriesOf(raw)
      if (entries === undefined) return problem(`expected ${key.word} = value, got ${showRaw(raw)}`)
      if (entries.length > ENTRIES_MAX) return problem(`more than ${ENTRIES_MAX} entries`)
      const map = new Map<K, T>()
      const problems: string[] = []
      for (const [text, one] of entries) {
        const parsed = value.parse(one)
        const read = key.read(text)
        if (read === undefined) problems.push(`${showText(text)} is not a ${key.what}`)
        else if (map.has(read)) problems.push(`${showText(read)} ${key.twice}`)
        else if (!parsed.ok) problems.push(`${showText(text)}: ${parsed.problem}`)
        else map.set(read, parsed.value)
      }
      return problems.length === 0 ? ok(map) : problem(problems.join('; '))
    },
  }
}

function showTable<T>(value: Kind<T>): (map: ReadonlyMap<string, T>) => string {
  return (map) => {
    const entries = [...map].map(([label, one]) => `${showText(label)} = ${value.show(one)}`)
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  }
}

function entriesOf(raw: Raw): readonly (readonly [string, Raw])[] | undefined {
  if (raw.form === 'toml') {
    if (typeof raw.value !== 'object' || raw.value === null || Array.isArray(raw.value)) {
      return undefined
    }
    const table: Readonly<Record<string, unknown>> = { ...raw.value }
    return Object.entries(table).map(([label, value]) => [label, { form: 'toml', value }])
  }
  const entries: (readonly [string, Raw])[] = []
  for (const text of raw.text.split(',').filter((part) => part.trim() !== '')) {
    const at = text.indexOf('=')
    if (at < 0) return undefined
    entries.push([text.slice(0, at).trim(), { form: 'text', text: text.slice(at + 1) }])
  }
  return entries
}

/** RFC 1035 §2.3.1 widened by the underscore: what a host name or a service label is made of. */
function isLabel(label: string): boolean {
  return /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)
}

/** A DNS name below the root, lower case, with its final dot. */
export const ZONE_NAME: Kind<string> = stringKind('a DNS name such as nacos.', readZone, showText)

function readZone(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, '')
  // 253 characters and the final dot: RFC 1035 §2.3.4 (255 octets on the wire).
  return name.length <= 253 && name.split('.').every(isLabel) ? `${name}.` : undefined
}

export const REVERSE_ZONE: Kind<string> = stringKind(
  'a reverse zone such as 10.in-addr.arpa.',
  (text) => {
    const zone = readZone(text)
    return zone !== undefined && /\.(in-addr|ip6)\.arpa\.$/.test(zone) ? zone : undefined
  },
  showText,
)

/** How many instances an answer names: by size (`auto`), every one, or at most so many. */
export type Answers = 'auto' | 'all' | number

export const ANSWERS: Kind<Answers> = {
  expects: 'auto, all or 1…64',
  arity: 'one',
  show: (value) => (typeof value === 'number' ? String(value) : showText(value)),
  parse(raw) {
    const value = raw.form === 'text' ? raw.text.trim() : raw.value
    if (value === 'auto' || value === 'all') return ok(value)
    const n = typeof value === 'string' && !/^\d{1,2}$/.test(value) ? Number.NaN : Number(value)
    const isCount = typeof value !== 'boolean' && Number.isInteger(n) && n >= 1 && n <= 64
    return isCount ? ok(n) : problem(`expected auto, all or 1…64, got ${showRaw(raw)}`)
  },
}

export const NAMESPACE: Kind<NamespaceId> = nacosName('a namespace id', parseNamespaceId)
export const GROUP: Kind<GroupName> = nacosName('a group name', parseGroupName)

function nacosName<T extends string>(expects: string, parse: (text: string) => T): Kind<T> {
  return stringKind(expects, (text) => orUndefined(() => parse(text)), showText)
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof CairnError) return undefined
    throw error
  }
}
