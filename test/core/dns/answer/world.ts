import { ok } from 'node:assert'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { ZoneTable, type ZoneTableSettings } from '../../../../src/core/dns/compile/zone-table.ts'
import { Responder, type ResponderSettings } from '../../../../src/core/dns/answer/responder.ts'
import { makeSpellings } from '../../../../src/core/dns/answer/respell.ts'
import { parseName } from '../../../../src/core/dns/name.ts'
import { TYPE } from '../../../../src/core/dns/protocol.ts'
import { createTable, type TableMemory } from '../../../../src/core/dns/table/memory.ts'
import { readZone } from '../../../../src/core/dns/zone/read-zone.ts'
import {
  parseClusterName,
  parseHost,
  parsePort,
  parseWeight,
} from '../../../../src/core/registry/ids.ts'
import {
  DEFAULT_SETTINGS,
  EMPTY_GROUP,
  EMPTY_SNAPSHOT,
  findService,
  type Instance,
  type Service,
  type ServiceRef,
  type ServiceSettings,
  type Snapshot,
} from '../../../../src/core/registry/state.ts'
import { Instances } from '../../../../src/core/registry/instances.ts'
import { emptyMap } from '../../../../src/kernel/persistent-map.ts'
import { applyChanges } from '../../../../src/core/registry/step.ts'
import type { Change } from '../../../../src/core/registry/changes.ts'
import { instance } from '../../registry/build.ts'
import { readMessage, type ReadMessage } from './message-reader.ts'

export interface WorldOptions {
  readonly table?: Partial<ZoneTableSettings>
  readonly responder?: Partial<ResponderSettings>
  readonly bytes?: number
  readonly seed?: number
  readonly groupAliases?: ReadonlyMap<string, string>
  readonly namespaceAliases?: ReadonlyMap<string, string>
}

/** Registry, table and one responder without a socket. */
export class DnsWorld {
  readonly memory: TableMemory
  readonly table: ZoneTable
  readonly responder: Responder
  readonly settings: ResponderSettings
  readonly output: Uint8Array = new Uint8Array(70_000)
  snapshot: Snapshot = EMPTY_SNAPSHOT
  readonly #input = new DataView(new ArrayBuffer(70_000))

  constructor(options: WorldOptions = {}) {
    this.memory = createTable(options.bytes ?? 1 << 23, 7, 11)
    this.table = new ZoneTable(this.memory, tableSettings(options.table))
    const spellings = makeSpellings(
      options.groupAliases ?? new Map(),
      options.namespaceAliases ?? new Map(),
    )
    const settings = { ...RESPONDER, spellings, ...options.responder }
    this.settings = settings
    const rng = new SeededRng(options.seed ?? 42)
    this.responder = new Responder(this.memory, settings, rng, this.output)
    this.responder.client.setV4(0xcb00_7105)
    this.table.setReady(true)
  }

  /** The instances of a service become these. */
  put(
    ref: ServiceRef,
    instances: readonly Instance[],
    settings: Partial<ServiceSettings> = {},
  ): void {
    const known = findService(this.snapshot, ref)
    const keys = new Set(instances.map((one) => one.key))
    const changes: Change[] = [
      { kind: 'service_put', ref, settings: { ...DEFAULT_SETTINGS, ...settings }, declared: true },
    ]
    for (const { key } of known?.instances.list ?? []) {
      if (!keys.has(key)) changes.push({ kind: 'instance_removed', ref, key } as Change)
    }
    for (const after of instances) changes.push({ kind: 'instance_put', ref, after } as Change)
    this.change(ref, changes)
  }

  /** As `put`, past the registry's use cases, quickly. TXT tells `state`. */
  putState(ref: ServiceRef, list: readonly Instance[], state: number): void {
    const metadata = new Map([['dns.txt.state', String(state)]])
    const service: Service = {
      ref,
      settings: { ...DEFAULT_SETTINGS, metadata },
      declared: true,
      instances: list.reduce((all, one) => all.with(one), Instances.EMPTY),
    }
    const { namespaces, revision } = this.snapshot
    const namespace = namespaces.get(ref.namespace) ?? { groups: emptyMap(), serviceCount: 0 }
    const group = namespace.groups.get(ref.group) ?? EMPTY_GROUP
    const services = group.services.set(ref.name, service)
    const groups = namespace.groups.set(ref.group, { ...group, services })
    const changed = namespaces.set(ref.namespace, { ...namespace, groups })
    this.snapshot = { revision: revision + 1, namespaces: changed }
    this.table.publish(ref, this.snapshot)
    this.table.settle(this.snapshot.revision)
  }

  remove(ref: ServiceRef): void {
    this.change(ref, [{ kind: 'service_removed', ref }])
  }

  change(ref: ServiceRef, changes: readonly Change[]): void {
    this.snapshot = applyChanges(this.snapshot, changes)
    try {
      this.table.publish(ref, this.snapshot)
    } finally {
      this.table.settle(this.snapshot.revision)
    }
  }

  loadZone(apex: string, text: string): void {
    const name = parseName(apex)
    const { records, errors } = readZone(text, 'zone', name)
    ok(errors.length === 0, JSON.stringify(errors))
    this.table.loadStatic(name, records)
  }

  /** All services of the registry. */
  services(): ServiceRef[] {
    const found: ServiceRef[] = []
    for (const [, { groups }] of this.snapshot.namespaces) {
      for (const [, { services }] of groups) {
        for (const [, service] of services) found.push(service.ref)
      }
    }
    return found
  }

  /** The answer's octets, or undefined for none. */
  respond(packet: Uint8Array): Uint8Array | undefined {
    for (let i = 0; i < packet.length; i++) this.#input.setUint8(i, packet[i] ?? 0)
    const length = this.responder.respond(this.#input, 0, packet.length, 0)
    return length === 0 ? undefined : this.output.slice(0, length)
  }

  ask(name: string, type: keyof typeof TYPE | number = 'A', how: QueryParts = {}): ReadMessage {
    const answer = this.respond(query(name, type, how))
    ok(answer !== undefined, `no answer to ${name}`)
    return readMessage(answer)
  }

  /** The data of the answer's records, in order; the rcode when it is not 0, `-` when empty. */
  look(name: string, type: keyof typeof TYPE | number = 'A', how: QueryParts = {}): string {
    const { rcode, answers } = this.ask(name, type, how)
    if (rcode !== 0) return RCODES[rcode] ?? String(rcode)
    return answers.length === 0 ? '-' : answers.map(({ data }) => data).join(' ')
  }
}

const RCODES: Readonly<Record<number, string>> = {
  1: 'FORMERR',
  2: 'SERVFAIL',
  3: 'NXDOMAIN',
  4: 'NOTIMP',
  5: 'REFUSED',
  9: 'NOTAUTH',
  16: 'BADVERS',
}

export function tableSettings(other: Partial<ZoneTableSettings> = {}): ZoneTableSettings {
  return {
    zones: [parseName('nacos.')],
    reverseZones: [],
    ttl: 1,
    negativeTtl: 5,
    answers: 0,
    failOpen: true,
    nameServers: { v4: [Uint8Array.of(192, 0, 2, 53)], v6: [] },
    ...other,
  }
}

export const RESPONDER: Omit<ResponderSettings, 'spellings'> = {
  udpSize: 1232,
  nsid: new TextEncoder().encode('node-1'),
  version: 'cairn test',
  host: 'node-1',
  tcpKeepalive: 100,
  strictSrv: false,
  localNets: [],
}

export interface QueryParts {
  readonly id?: number
  readonly flags?: number
  readonly class?: number
  /** The UDP size of an OPT; absent: none. */
  readonly edns?: number
  readonly version?: number
  readonly ednsFlags?: number
  /** Octets of options. */
  readonly options?: readonly number[]
  /** Records as octets after the question, and the counts of the header. */
  readonly counts?: readonly [number, number, number, number]
  readonly tail?: readonly number[]
}

/** A query in wire form; `name` in presentation form. */
export function query(
  name: string,
  type: keyof typeof TYPE | number,
  how: QueryParts = {},
): Uint8Array {
  const options = how.options ?? []
  const opt =
    how.edns === undefined
      ? []
      : [
          0,
          ...u16(TYPE.OPT),
          ...u16(how.edns),
          0,
          how.version ?? 0,
          ...u16(how.ednsFlags ?? 0),
          ...u16(options.length),
          ...options,
        ]
  const counts = how.counts ?? [1, 0, 0, opt.length > 0 ? 1 : 0]
  return Uint8Array.from([
    ...u16(how.id ?? 0x1234),
    ...u16(how.flags ?? 0x0100),
    ...counts.flatMap(u16),
    ...parseName(name),
    ...u16(typeof type === 'number' ? type : TYPE[type]),
    ...u16(how.class ?? 1),
    ...(how.tail ?? []),
    ...opt,
  ])
}

export function u16(value: number): [number, number] {
  return [(value >> 8) & 255, value & 255]
}

export interface InstanceParts {
  readonly port?: number
  readonly cluster?: string
  readonly weight?: number
  readonly enabled?: boolean
  readonly healthy?: boolean
  readonly metadata?: Readonly<Record<string, string>>
}

/** A healthy instance at `ip`, port 8080. */
export function at(ip: string, parts: InstanceParts = {}): Instance {
  const { port, cluster, weight, metadata, ...rest } = parts
  return instance(0, {
    ip: parseHost(ip),
    ...(port === undefined ? {} : { port: parsePort(String(port)) }),
    ...(cluster === undefined ? {} : { cluster: parseClusterName(cluster) }),
    ...(weight === undefined ? {} : { weight: parseWeight(weight) }),
    ...(metadata === undefined ? {} : { metadata: new Map(Object.entries(metadata)) }),
    ...rest,
  })
}
