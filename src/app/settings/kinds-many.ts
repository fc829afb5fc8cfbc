import { parseGroupName, parseNamespaceId } from '../../core/registry/ids.ts'
import type { GroupName, NamespaceId } from '../../core/registry/ids.ts'
import { CairnError } from '../../kernel/errors.ts'
import {
  ok,
  problem,
  showRaw,
  showText,
  stringKind,
  type Kind,
  type Parsed,
  type Raw,
} from './kinds.ts'

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
  return {
    expects: `a table, DNS label = ${value.expects}`,
    arity: 'many',
    show: showTable(value),
    parse(raw) {
      const entries = entriesOf(raw)
      if (entries === undefined) return problem(`expected label = value, got ${showRaw(raw)}`)
      if (entries.length > ENTRIES_MAX) return problem(`more than ${ENTRIES_MAX} entries`)
      const map = new Map<string, T>()
      const problems: string[] = []
      for (const [label, one] of entries) addEntry(map, problems, label, value.parse(one))
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

function addEntry<T>(
  map: Map<string, T>,
  problems: string[],
  label: string,
  parsed: Parsed<T>,
): void {
  const lower = label.toLowerCase()
  if (!isLabel(lower)) problems.push(`${showText(label)} is not a DNS label`)
  else if (map.has(lower)) problems.push(`${showText(lower)} stands twice (DNS knows no case)`)
  else if (!parsed.ok) problems.push(`${showText(label)}: ${parsed.problem}`)
  else map.set(lower, parsed.value)
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
