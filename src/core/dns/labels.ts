import { sha256 } from '../../kernel/hash.ts'
import { parseIPv4, parseIPv6 } from '../../kernel/ip.ts'
import { DEFAULT_GROUP, PUBLIC } from '../registry/ids.ts'
import type { ServiceRef } from '../registry/state.ts'
import { LABEL_MAX } from './name.ts'

/**
 * The names of the dynamic zone: how a service is spelled in host-name-safe labels, and which
 * service a queried name means. Labels here stand below the apex, without selectors (`_all`,
 * `_http._tcp`), lower-cased, one character per octet. The count of labels alone decides the form:
 *
 *     svc                 group DEFAULT_GROUP, namespace public; or an address, or a hash
 *     svc.grp             namespace public
 *     svc[.svc…].grp.ns   full: the service may contain dots
 */

export type LabelRole = 'service' | 'group' | 'namespace' | 'cluster'

/** The canonical spellings of one service, each a list of labels below the apex. */
export interface ServiceNames {
  /** Absent when a label or the whole would be too long: then only the hash name exists. */
  readonly full?: readonly string[]
  /** Two labels, for services of the public namespace. */
  readonly group?: readonly string[]
  /** One label, for services of DEFAULT_GROUP in the public namespace. */
  readonly short?: readonly string[]
  readonly hash: readonly string[]
}

/**
 * Raw labels that stand for another: as queried → canonical. A spelling with escapes is no alias.
 */
export interface LabelAliases {
  readonly groups: ReadonlyMap<string, string>
  readonly namespaces: ReadonlyMap<string, string>
}

/** Wire octets of a full name with its apex: leaves 64 for `_name._proto` or `_c-cluster`. */
export const FULL_NAME_MAX = 191

/** Octets on the wire of the default apex, `nacos.`. */
const DEFAULT_APEX_OCTETS = 7

const GROUP_LABEL = 'default_group'
const NAMESPACE_LABEL = 'public'

const DOT = 0x2e
const HYPHEN = 0x2d
const UNDERSCORE = 0x5f
const IPV6_LABEL_LENGTH = 39

const UTF8 = new TextEncoder()
const UTF8_STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function serviceNames(
  ref: ServiceRef,
  apexOctets: number = DEFAULT_APEX_OCTETS,
): ServiceNames {
  const hash = [hashLabel(ref)]
  const group = encodeLabel(ref.group === '' ? DEFAULT_GROUP : ref.group, 'group')
  const namespace = encodeLabel(ref.namespace === '' ? PUBLIC : ref.namespace, 'namespace')
  const full = [...encodeService(ref.name), group, namespace]
  if (!fits(full, apexOctets)) return { hash }
  const label = encodeLabel(ref.name, 'service')
  if (namespace !== NAMESPACE_LABEL || label.length > LABEL_MAX) return { full, hash }
  if (group !== GROUP_LABEL) return { full, group: [label, group], hash }
  return { full, group: [label, group], short: [label], hash }
}

/**
 * One component as one label, dots escaped. Two components that differ in more than the case of
 * ASCII letters never give the same label. The result may be longer than a label can be.
 */
export function encodeLabel(component: string, role: LabelRole): string {
  return encodeOctets(UTF8.encode(component), role)
}

/** A service as labels: split at the dots, unless a part would be empty. */
export function encodeService(name: string): string[] {
  return encodeServiceOctets(UTF8.encode(name))
}

/** The component that a label spells: its octets read as UTF-8, or one by one if they are none. */
export function decodeLabel(label: string): string {
  const octets = Uint8Array.from(decodeOctets(lowerAscii(label)))
  try {
    return UTF8_STRICT.decode(octets)
  } catch {
    return String.fromCharCode(...octets)
  }
}

/** The label of an address: `10-0-0-6`, or eight groups of four hex digits. */
export function ipLabel(address: string): string | undefined {
  if (parseIPv4(address) !== undefined) return address.replaceAll('.', '-')
  const octets = parseIPv6(address)
  if (octets === undefined) return undefined
  return Array.from({ length: 8 }, (_, i) => hex(octets[2 * i]) + hex(octets[2 * i + 1])).join('-')
}

/** The four or sixteen octets that an ip-label spells. */
export function parseIpLabel(label: string): Uint8Array | undefined {
  if (!looksLikeIpLabel(label)) return undefined
  if (label.length === IPV6_LABEL_LENGTH) return parseIPv6(label.replaceAll('-', ':'))
  const value = parseIPv4(label.replaceAll('-', '.'))
  if (value === undefined) return undefined
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}

/** By shape alone: `999-0-0-1` is no address, and no service either. */
export function looksLikeIpLabel(label: string): boolean {
  return (
    /^\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}$/.test(label) ||
    (label.length === IPV6_LABEL_LENGTH && /^(?:[0-9a-f]{4}-){7}[0-9a-f]{4}$/.test(label))
  )
}

/** `h--` and 130 bits of SHA-256 over the exact spelling, in base32hex (RFC 4648 §7). */
export function hashLabel(ref: ServiceRef): string {
  const digest = sha256(`${ref.namespace || PUBLIC}\0${ref.group || DEFAULT_GROUP}\0${ref.name}`)
  let label = 'h--'
  for (let bit = 0; bit < 130; bit += 5) {
    const at = bit >> 3
    const two = ((digest[at] ?? 0) << 8) | (digest[at + 1] ?? 0)
    label += ((two >> (11 - (bit & 7))) & 31).toString(32)
  }
  return label
}

export function looksLikeHashLabel(label: string): boolean {
  return /^h--[0-9a-v]{26}$/.test(label)
}

/** `ns1` … `nsN`: the name servers of the zone. */
export function looksLikeInfrastructure(label: string): boolean {
  return /^ns\d+$/.test(label)
}

/**
 * `default` always stands for DEFAULT_GROUP; `ns` stands for the public namespace unless one has
 * that id. The maps come from the settings: label → group name, label → namespace id.
 */
export function makeAliases(
  groups: ReadonlyMap<string, string>,
  namespaces: ReadonlyMap<string, string>,
  isNsTaken: boolean,
): LabelAliases {
  const byGroup = new Map([['default', GROUP_LABEL]])
  const byNamespace = new Map(isNsTaken ? [] : [['ns', NAMESPACE_LABEL]])
  for (const [label, name] of groups) {
    byGroup.set(lowerAscii(label), encodeLabel(name || DEFAULT_GROUP, 'group'))
  }
  for (const [label, id] of namespaces) {
    byNamespace.set(lowerAscii(label), encodeLabel(id || PUBLIC, 'namespace'))
  }
  return { groups: byGroup, namespaces: byNamespace }
}

const DEFAULT_ALIASES: LabelAliases = makeAliases(new Map(), new Map(), false)

/**
 * Which name a query means: any legal spelling → the canonical full labels, as `serviceNames` gives
 * them; an address, a hash or a name server → that one label. Undefined: no service can be meant.
 */
export function canonicalLabels(
  labels: readonly string[],
  aliases: LabelAliases = DEFAULT_ALIASES,
): readonly string[] | undefined {
  const only = labels[0]
  if (only === undefined || labels.some((label) => label.startsWith('_'))) return undefined
  if (labels.length === 1 && isReserved(only)) return [only]
  const [services, group, namespace] = splitForm(labels)
  const canonical = [
    ...encodeServiceOctets(joinDecoded(services)),
    group === undefined ? GROUP_LABEL : canonicalLabel(group, 'group', aliases.groups),
    namespace === undefined
      ? NAMESPACE_LABEL
      : canonicalLabel(namespace, 'namespace', aliases.namespaces),
  ]
  return canonical.every((label) => label.length <= LABEL_MAX) ? canonical : undefined
}

/**
 * The canonical names that a query may mean as an empty non-terminal, an ancestor of services:
 * `ns`, `grp.ns` and `part.grp.ns` of full names, `grp` of two-label names.
 */
export function ancestorLabels(
  labels: readonly string[],
  aliases: LabelAliases = DEFAULT_ALIASES,
): readonly (readonly string[])[] {
  const last = labels.at(-1)
  if (last === undefined || labels.some((label) => label.startsWith('_'))) return []
  const namespace = canonicalLabel(last, 'namespace', aliases.namespaces)
  const before = labels.at(-2)
  if (before === undefined) return [[namespace], [canonicalLabel(last, 'group', aliases.groups)]]
  const group = canonicalLabel(before, 'group', aliases.groups)
  const service = joinDecoded(labels.slice(0, -2))
  const parts = service.length === 0 ? [] : splitAtDots(service)
  // A part of a longer name is never alone, so it is never mistaken for an address or a hash.
  return [[...parts.map((part) => encodeOctets(part)), group, namespace]]
}

function splitForm(
  labels: readonly string[],
): [services: readonly string[], group: string | undefined, namespace: string | undefined] {
  if (labels.length <= 2) return [labels.slice(0, 1), labels[1], undefined]
  return [labels.slice(0, -2), labels.at(-2), labels.at(-1)]
}

function canonicalLabel(
  label: string,
  role: 'group' | 'namespace',
  aliases: ReadonlyMap<string, string>,
): string {
  return aliases.get(label) ?? encodeOctets(Uint8Array.from(decodeOctets(label)), role)
}

function joinDecoded(labels: readonly string[]): Uint8Array {
  const octets: number[] = []
  for (const [i, label] of labels.entries()) {
    if (i > 0) octets.push(DOT)
    octets.push(...decodeOctets(label))
  }
  return Uint8Array.from(octets)
}

function encodeServiceOctets(octets: Uint8Array): string[] {
  const parts = splitAtDots(octets)
  if (parts.length === 1) return [encodeOctets(octets, 'service')]
  return parts.map((part) => encodeOctets(part))
}

/** One part, dots and all, when a part would be empty. */
function splitAtDots(octets: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  let start = 0
  for (let i = 0; i <= octets.length; i++) {
    if (i < octets.length && octets[i] !== DOT) continue
    if (i === start) return [octets]
    parts.push(octets.subarray(start, i))
    start = i + 1
  }
  return parts
}

function encodeOctets(octets: Uint8Array, role?: LabelRole): string {
  const lower = octets.map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet))
  let label = ''
  for (let i = 0; i < lower.length; i++)
    label += isKept(lower, i) ? text(lower[i]) : escaped(lower[i])
  // A leading `x` in front of an escape would be read as the one that guards a leading hyphen.
  if (label.startsWith('x') && isEscape(label, 1)) label = `--78${label.slice(1)}`
  if (label.startsWith('-')) label = `x${label}`
  const isTaken = role === 'group' ? label === 'default' : role === 'service' && isReserved(label)
  // What is taken always ends in an octet that was kept, so that it can still be escaped.
  return isTaken ? label.slice(0, -1) + escaped(label.charCodeAt(label.length - 1)) : label
}

function isReserved(label: string): boolean {
  return looksLikeIpLabel(label) || looksLikeHashLabel(label) || looksLikeInfrastructure(label)
}

function isKept(octets: Uint8Array, i: number): boolean {
  const octet = octets[i]
  if (octet === UNDERSCORE) return i > 0
  if (octet !== HYPHEN) return isLetterOrDigit(octet)
  if (i === 0 || i === octets.length - 1) return false
  return !(octets[i + 1] === HYPHEN && isHexDigit(octets[i + 2]) && isHexDigit(octets[i + 3]))
}

function decodeOctets(label: string): number[] {
  const octets: number[] = []
  for (let i = label.startsWith('x') && isEscape(label, 1) ? 1 : 0; i < label.length;) {
    const isEscaped = isEscape(label, i)
    octets.push(isEscaped ? Number.parseInt(label.slice(i + 2, i + 4), 16) : label.charCodeAt(i))
    i += isEscaped ? 4 : 1
  }
  return octets
}

function isEscape(label: string, at: number): boolean {
  return (
    label.charCodeAt(at) === HYPHEN &&
    label.charCodeAt(at + 1) === HYPHEN &&
    isHexDigit(label.charCodeAt(at + 2)) &&
    isHexDigit(label.charCodeAt(at + 3))
  )
}

function fits(labels: readonly string[], apexOctets: number): boolean {
  let octets = apexOctets
  for (const label of labels) {
    if (label.length > LABEL_MAX) return false
    octets += 1 + label.length
  }
  return octets <= FULL_NAME_MAX
}

function isLetterOrDigit(octet: number | undefined): boolean {
  if (octet === undefined) return false
  return (octet >= 0x61 && octet <= 0x7a) || (octet >= 0x30 && octet <= 0x39)
}

function isHexDigit(octet: number | undefined): boolean {
  return isLetterOrDigit(octet) && (octet ?? 0) <= 0x66
}

function escaped(octet: number | undefined): string {
  return `--${hex(octet)}`
}

function text(octet: number | undefined): string {
  return String.fromCharCode(octet ?? 0)
}

/** `toLowerCase` would change octets beyond ASCII too. */
function lowerAscii(label: string): string {
  return label.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

function hex(octet: number | undefined): string {
  return (octet ?? 0).toString(16).padStart(2, '0')
}
