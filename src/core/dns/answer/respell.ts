import { CairnError } from '../../../kernel/errors.ts'
import { ancestorLabels, canonicalLabels, makeAliases, type LabelAliases } from '../labels.ts'
import { latin1, prefixName } from '../name.ts'

/** Which labels stand for others (dns.md §3.3), prepared for queries. */
export interface Spellings {
  /** In force unless a namespace has the id `ns`. */
  readonly aliases: LabelAliases
  readonly aliasesNsTaken: LabelAliases
  /** Every label that is an alias, lower case: a name without one needs no second look. */
  readonly labels: readonly Uint8Array[]
}

export function makeSpellings(
  groups: ReadonlyMap<string, string>,
  namespaces: ReadonlyMap<string, string>,
): Spellings {
  const aliases = makeAliases(groups, namespaces, false)
  const labels = new Set([...aliases.groups.keys(), ...aliases.namespaces.keys()])
  return {
    aliases,
    aliasesNsTaken: makeAliases(groups, namespaces, true),
    labels: [...labels].map((label) => new TextEncoder().encode(label)),
  }
}

const HYPHEN = 0x2d

/** True when the name in `key[start, end)` can have no other spelling than the one it has. */
export function isPlainName(
  key: Uint8Array,
  start: number,
  end: number,
  spellings: Spellings,
): boolean {
  for (let at = start; at < end;) {
    const next = at + 1 + (key[at] ?? 0)
    if (!isPlainLabel(key, at + 1, next)) return false
    for (const label of spellings.labels) if (isLabel(key, at + 1, next, label)) return false
    at = next
  }
  return true
}

/**
 * Letters, digits, `_` and `-`, no `--`: no octet that the encoder would have escaped; and not in
 * the shape of an address or of `ns1`, whose last octet it would have.
 */
function isPlainLabel(key: Uint8Array, start: number, end: number): boolean {
  let last = 0
  let isHex = true
  for (let i = start; i < end; i++) {
    const octet = key[i] ?? 0
    const isLetter = octet >= 0x61 && octet <= 0x7a
    const isDigit = octet >= 0x30 && octet <= 0x39
    if (!isLetter && !isDigit && octet !== HYPHEN && octet !== 0x5f) return false
    if (octet === HYPHEN && (last === HYPHEN || i === start || i === end - 1)) return false
    if ((isLetter && octet > 0x66) || octet === 0x5f) isHex = false
    last = octet
  }
  return !isHex && !isServerLabel(key, start, end)
}

/** `ns` and digits. */
function isServerLabel(key: Uint8Array, start: number, end: number): boolean {
  if (end - start < 3 || key[start] !== 0x6e || key[start + 1] !== 0x73) return false
  for (let i = start + 2; i < end; i++) if ((key[i] ?? 0) > 0x39) return false
  return true
}

function isLabel(key: Uint8Array, start: number, end: number, label: Uint8Array): boolean {
  if (end - start !== label.length) return false
  for (let i = 0; i < label.length; i++) if (key[start + i] !== label[i]) return false
  return true
}

export interface Respelled {
  readonly view: DataView
  /** The query may be this empty non-terminal, not a service. */
  readonly isAncestor: boolean
}

/**
 * The names that `key[start, length)`, with its apex at `apexAt`, may mean; the likeliest first.
 */
export function* respell(
  key: Uint8Array,
  start: number,
  apexAt: number,
  length: number,
  aliases: LabelAliases,
): Iterable<Respelled> {
  const labels = labelsIn(key, start, apexAt)
  const apex = key.slice(apexAt, length)
  const service = canonicalLabels(labels, aliases)
  if (service !== undefined) yield* toName(service, apex, false)
  for (const ancestor of ancestorLabels(labels, aliases)) yield* toName(ancestor, apex, true)
}

function* toName(
  labels: readonly string[],
  apex: Uint8Array,
  isAncestor: boolean,
): Iterable<Respelled> {
  try {
    yield { view: new DataView(prefixName(labels, apex).buffer), isAncestor }
  } catch (error) {
    // Too long when spelled out: then no service can have it.
    if (!(error instanceof CairnError)) throw error
  }
}

function labelsIn(key: Uint8Array, start: number, end: number): readonly string[] {
  const labels: string[] = []
  for (let at = start; at < end; at += 1 + (key[at] ?? 0)) {
    labels.push(latin1(key.subarray(at + 1, at + 1 + (key[at] ?? 0))))
  }
  return labels
}
