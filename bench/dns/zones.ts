import { addressOf, INSTANCES, nameService, STATIC_ZONE } from './packets.ts'
import type { Stage } from './subjects.ts'

/** The data of the subjects as zones: what a server is given that has no registry. */

/** As the registry's answers have it. */
const TTL = 5
/** Longer than any run: nothing leaves a cache meanwhile. */
const LONG_TTL = 3_600

export interface Zone {
  readonly apex: string
  /** Owner, type and data; owners are absolute. */
  readonly records: readonly string[]
  readonly ttl: number
}

/** What every subject of a stand serves. */
export function zonesOf({ names, instances, hasStatic }: Stage): readonly Zone[] {
  const zone = registryZone(names, instances)
  return hasStatic ? [zone, plainZone(STATIC_ZONE, names)] : [zone]
}

/** The registry's names, as an authoritative server is given them. */
function registryZone(names: number, instances: number): Zone {
  const records: string[] = []
  for (let service = 1; service <= names; service++) {
    const owner = `${nameService(service).dns}.`
    for (const address of addressesOf(service, instances)) {
      const target = `${address.replaceAll('.', '-')}.nacos.`
      records.push(`${owner} A ${address}`, `${owner} SRV 0 1 8080 ${target}`)
      records.push(`${target} A ${address}`)
    }
  }
  return { apex: 'nacos.', records, ttl: TTL }
}

/** As many names with as many addresses, in a zone of a file. */
export function plainZone(zone: string, names: number): Zone {
  const records: string[] = []
  for (let service = 1; service <= names; service++) {
    const owner = `${nameService(service, 'svc', zone).dns}.`
    for (const address of addressesOf(service, INSTANCES)) records.push(`${owner} A ${address}`)
  }
  return { apex: `${zone}.`, records, ttl: LONG_TTL }
}

export function writeZone({ apex, records, ttl }: Zone): string {
  const head = [
    `$ORIGIN ${apex}`,
    `$TTL ${ttl}`,
    `@ SOA ns.${apex} hostmaster.${apex} 1 3600 600 86400 5`,
    `@ NS ns.${apex}`,
    'ns A 127.0.0.1',
  ]
  return `${[...head, ...records].join('\n')}\n`
}

/** The same for unbound, which answers such names itself and without its cache. */
export function writeLocalData({ apex, records, ttl }: Zone): string {
  const soa = `${apex} ${ttl} SOA ns.${apex} hostmaster.${apex} 1 3600 600 86400 5`
  // Its TTL stands between owner and type; `static`: other names of the zone are NXDOMAIN.
  const data = records.map((record) => record.replace(' ', ` ${ttl} `))
  return [
    `  local-zone: "${apex}" static`,
    ...[soa, ...data].map((record) => `  local-data: "${record}"`),
    '',
  ].join('\n')
}

function addressesOf(service: number, instances: number): string[] {
  return Array.from({ length: instances }, (_, instance) => addressOf(service, instance))
}
