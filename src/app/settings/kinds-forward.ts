import { isCidr } from '../../core/dns/forward/address-set.ts'
import { formatUpstream, parseUpstream } from '../../core/dns/forward/upstream-address.ts'
import type { UpstreamAddress } from '../../core/dns/forward/upstream.ts'
import { ok, problem, showRaw, showText, stringKind, type Kind, type Raw } from './kinds.ts'
import { listOf, ZONE_NAME } from './kinds-many.ts'

/** Entries above this are a mistake, not a configuration. */
const ENTRIES_MAX = 1_000

/** Kept as it is written out in full: so two spellings of one server are one entry. */
export const UPSTREAM: Kind<string> = stringKind(
  'a name server such as 10.0.0.2, 10.0.0.2:5353 or [2001:db8::1]:53',
  (text) => {
    const parsed = parseUpstream(text)
    return parsed === undefined ? undefined : formatUpstream(parsed)
  },
  showText,
)

/** What `UPSTREAM` has let through. */
export function upstreamAddresses(texts: readonly string[]): readonly UpstreamAddress[] {
  return texts.map(parseUpstream).filter((address) => address !== undefined)
}

/** A network, or the word for those that this machine has an address in. */
export const CLIENTS: Kind<string> = stringKind(
  'a network such as 10.0.0.0/8, or attached',
  (text) => (text === 'attached' || isCidr(text) ? text : undefined),
  showText,
)

/** A path, or `off`, which is told as nothing. */
export const PATH_OR_OFF: Kind<string | undefined> = {
  expects: 'a path such as /etc/resolv.conf, or off',
  arity: 'one',
  show: (path) => showText(path ?? 'off'),
  parse(raw) {
    const path = raw.form === 'text' ? raw.text.trim() : raw.value
    if (path === 'off') return ok(undefined)
    const isPath = typeof path === 'string' && path.includes('/') && path.length <= 4_096
    return isPath ? ok(path) : problem(`expected a path or off, got ${showRaw(raw)}`)
  },
}

const UPSTREAMS = listOf(UPSTREAM, 1)

/** Suffix → name servers: TOML writes a table, text `corp.example=10.0.0.2 10.0.0.3,lab=…`. */
export const FORWARD_ZONES: Kind<ReadonlyMap<string, readonly string[]>> = {
  expects: 'a table, DNS name = name servers',
  arity: 'many',
  show(map) {
    const entries = [...map].map(
      ([zone, servers]) => `${showText(zone)} = ${UPSTREAMS.show(servers)}`,
    )
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  },
  parse(raw) {
    const entries = entriesOf(raw)
    if (entries === undefined || entries.length > ENTRIES_MAX) {
      return problem(`expected name = name servers, got ${showRaw(raw)}`)
    }
    const map = new Map<string, readonly string[]>()
    const problems: string[] = []
    for (const [name, value] of entries) {
      const zone = ZONE_NAME.parse({ form: 'text', text: name })
      const servers = UPSTREAMS.parse(value)
      if (!zone.ok) problems.push(zone.problem)
      else if (!servers.ok) problems.push(`${showText(name)}: ${servers.problem}`)
      else if (map.has(zone.value)) problems.push(`${showText(zone.value)} stands twice`)
      else map.set(zone.value, servers.value)
    }
    return problems.length === 0 ? ok(map) : problem(problems.join('; '))
  },
}

function entriesOf(raw: Raw): readonly (readonly [string, Raw])[] | undefined {
  if (raw.form === 'toml') {
    if (typeof raw.value !== 'object' || raw.value === null || Array.isArray(raw.value)) {
      return undefined
    }
    const table: Readonly<Record<string, unknown>> = { ...raw.value }
    return Object.entries(table).map(([name, value]) => [name, { form: 'toml', value }])
  }
  const entries: (readonly [string, Raw])[] = []
  for (const part of raw.text.split(',').filter((text) => text.trim() !== '')) {
    const [name = '', servers] = part.split('=')
    if (servers === undefined) return undefined
    // Commas part the entries, so blanks part the servers.
    entries.push([name.trim(), { form: 'text', text: servers.trim().replaceAll(/ +/g, ',') }])
  }
  return entries
}
