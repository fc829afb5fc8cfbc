import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { populate } from '../http/populate.ts'
import {
  findFreePort,
  findProgram,
  NODE_FLAGS,
  readRss,
  run,
  SERVER_CORE,
  Subject,
} from '../process.ts'
import type { Certificate } from './certificate.ts'
import { startDnsmasq } from './dnsmasq.ts'
import type { Native } from './native.ts'
import { startNsd } from './nsd.ts'
import { isStream, type Mix, STATIC_ZONE } from './packets.ts'
import { startKnot, startUnbound, startUnboundCache } from './peers.ts'
import { knowsLast, waitForLast, waitForRest, warm } from './ready.ts'
import { plainZone, writeZone } from './zones.ts'

/** The servers that are compared: each on one core, each with the same names. */

export interface DnsSubject {
  readonly subject: Subject
  readonly dnsPort: number
  /** DNS over TLS, where a certificate was given. */
  readonly dotPort?: number
  /** MB, before it was given any name. */
  readonly emptyRss?: number
  /** Where inside.ts listens. */
  readonly controlPort?: number
  /** Cairn's HTTP port. */
  readonly httpPort?: number
  /** Where a peer's counters are read: Knot's socket, unbound's configuration. */
  readonly control?: string
}

/**
 * `cairn` is the engine in batches, `cairn-realtime` with its threads before all ordinary ones,
 * `cairn-dgram` the same server over node:dgram.
 */
export const SUBJECTS = [
  'cairn',
  'cairn-realtime',
  'cairn-dgram',
  'knot',
  'nsd',
  'nsd-full',
  'unbound',
  'dnsmasq',
  'echo',
  'echo-pktinfo',
  'toy',
] as const
export type SubjectName = (typeof SUBJECTS)[number]

export interface Stage {
  readonly names: number
  /** Of each of the registry's names. */
  readonly instances: number
  readonly workers: number
  readonly cores: readonly number[]
  /** Whether the static zone is served, too. */
  readonly hasStatic: boolean
  readonly withCounters: boolean
  /** Cairn can be told to change its registry by itself. */
  readonly isInside?: boolean
  readonly isRealtime?: boolean
  readonly certificate?: Certificate
  readonly native?: Native
}

/** No names in it: any query is answered by its own octets and some more. */
export function isEcho(name: SubjectName): boolean {
  return name === 'echo' || name === 'echo-pktinfo'
}

/** Knot is no cache, and 3.2 (Debian 12) speaks no TLS to clients; dnsmasq.ts tells of dnsmasq. */
export function canServe(name: SubjectName, mix: Mix): boolean {
  switch (name) {
    case 'cairn':
    case 'unbound':
      return true
    case 'cairn-realtime':
    case 'cairn-dgram':
      return !isStream(mix) && mix !== 'cache'
    case 'knot':
    case 'nsd':
    case 'nsd-full':
      return mix !== 'cache' && mix !== 'dot'
    case 'dnsmasq':
      return mix === 'a' || mix === 'edns' || mix === 'nx'
    case 'echo':
    case 'echo-pktinfo':
    case 'toy':
      return mix !== 'cache' && !isStream(mix)
    default:
      throw new Error('no such server')
  }
}

/** A server of the registry's names and, if wanted, of the static zone. */
export async function startDns(name: SubjectName, stage: Stage): Promise<DnsSubject> {
  switch (name) {
    case 'cairn':
      return await startPopulated(stage, 'batch')
    case 'cairn-realtime':
      return await startPopulated({ ...stage, isRealtime: true }, 'batch')
    case 'cairn-dgram':
      return await startPopulated(stage, 'dgram')
    case 'knot':
      return await startKnot(stage)
    case 'nsd':
      return await startNsd(stage, true)
    case 'nsd-full':
      return await startNsd(stage, false)
    case 'unbound':
      return await startUnbound(stage)
    case 'dnsmasq':
      return await startDnsmasq(stage)
    case 'echo':
      return await startEcho(stage, [])
    case 'echo-pktinfo':
      return await startEcho(stage, ['pktinfo'])
    case 'toy':
      return await startToy()
    default:
      throw new Error('no such server')
  }
}

/** Cairn, which knows all names. @param flags of Node. */
export async function startPopulated(
  stage: Stage,
  engine: 'batch' | 'dgram',
  flags: readonly string[] = [],
): Promise<DnsSubject> {
  const { names, instances, hasStatic, ...rest } = stage
  const isBig = names > SERVICES_MAX || names * instances > INSTANCES_MAX
  const cairn = await startCairn({
    ...rest,
    flags,
    ...((await hasEngines()) ? { engine } : {}),
    ...(hasStatic ? { names } : {}),
    ...(isBig ? { room: { services: names } } : {}),
  })
  const emptyRss = readRss(cairn.subject.pid)
  await populate(cairn.httpPort, {
    services: names,
    instances: 'persistent',
    perService: instances,
  })
  await waitForLast(cairn.dnsPort, stage)
  await waitForRest(cairn.subject.pid)
  return { ...cairn, emptyRss }
}

/** Above these, Cairn's limits and Node's heap are raised. */
const SERVICES_MAX = 50_000
const INSTANCES_MAX = 400_000

let engines: Promise<boolean> | undefined

/** Whether this Cairn can be told how to answer UDP. */
async function hasEngines(): Promise<boolean> {
  engines ??= run(['sh', 'src/launcher/node', 'src/main.ts', '--help']).then((said) =>
    said.includes('--dns.engine'),
  )
  return await engines
}

/** A server that has the foreign zone in its cache, and nothing else. @param flags of Node. */
export async function startCache(
  name: SubjectName,
  stage: Stage,
  upstreamPort: number,
  flags: readonly string[] = [],
): Promise<DnsSubject> {
  if (name === 'unbound') return await startUnboundCache(stage, upstreamPort)
  if (name !== 'cairn') throw new Error(`${name} has no cache`)
  const cairn = await startCairn({ forward: `127.0.0.1:${upstreamPort}`, flags })
  await warm(cairn.dnsPort, stage.names)
  return cairn
}

export interface Cairn extends DnsSubject {
  readonly httpPort: number
}

export interface CairnOptions {
  readonly workers?: number
  readonly cores?: readonly number[]
  readonly engine?: 'batch' | 'dgram'
  readonly isInside?: boolean
  readonly isRealtime?: boolean
  /** Of Node. */
  readonly flags?: readonly string[]
  /** More than the defaults allow: a namespace of so many services, a heap to hold them. */
  readonly room?: { readonly services: number }
  /** So many names in a zone of a file; absent: no such zone. */
  readonly names?: number
  /** DNS over TLS. */
  readonly certificate?: Certificate
  /** Who is asked about foreign names. */
  readonly forward?: string
}

export async function startCairn(options: CairnOptions = {}): Promise<Cairn> {
  const { names, certificate, forward, engine, room, isInside, isRealtime, workers = 1 } = options
  const controlPort = isInside === true ? await findFreePort() : undefined
  const directory = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  const httpPort = await findFreePort()
  const dnsPort = await findFreePort()
  const dotPort = certificate === undefined ? undefined : await findFreePort()
  if (names !== undefined) {
    const zone = plainZone(STATIC_ZONE, names)
    writeFileSync(join(directory, `${zone.apex}zone`), writeZone(zone))
  }
  const settings = {
    'http.port': httpPort,
    'grpc.port': await findFreePort(),
    'dns.port': dnsPort,
    'dns.workers': workers,
    ...(engine === undefined ? {} : { 'dns.engine': engine }),
    ...(isRealtime === true ? { 'dns.realtime': 'true' } : {}),
    ...(room === undefined ? {} : roomFor(room.services)),
    'dns.zones_dir': directory,
    'server.data-dir': directory,
    'log.level': 'warn',
    ...(forward === undefined ? {} : { 'dns.forward': forward }),
    ...(dotPort === undefined ? {} : { 'dns.dot_port': dotPort }),
    ...(certificate === undefined
      ? {}
      : { 'dns.tls_cert': certificate.certificate, 'dns.tls_key': certificate.key }),
  }
  const subject = await Subject.start({
    name: 'cairn',
    cores: options.cores ?? [SERVER_CORE],
    command: [
      'sh',
      'src/launcher/node',
      ...NODE_FLAGS,
      ...(room === undefined ? [] : ['--max-old-space-size=16000']),
      ...(controlPort === undefined ? [] : ['--import', './bench/dns/inside.ts']),
      ...(options.flags ?? []),
      'src/main.ts',
      ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]),
    ],
    ...(controlPort === undefined ? {} : { env: { CAIRN_BENCH_CONTROL: String(controlPort) } }),
    isReady: async () => (await fetch(`http://127.0.0.1:${httpPort}/readyz`)).ok,
  })
  return {
    subject: subject.owns(directory),
    dnsPort,
    httpPort,
    ...(dotPort === undefined ? {} : { dotPort }),
    ...(controlPort === undefined ? {} : { controlPort }),
  }
}

function roomFor(services: number): Readonly<Record<string, string | number>> {
  return { 'naming.services-per-namespace-max': services, 'dns.table-bytes': '2047MiB' }
}

async function startEcho(stage: Stage, words: readonly string[]): Promise<DnsSubject> {
  const { native, workers, cores } = stage
  if (native === undefined) throw new Error('echo is not compiled')
  const dnsPort = await findFreePort()
  const subject = await Subject.start({
    name: 'echo',
    cores,
    command: [native.echo, String(dnsPort), ...words, String(workers)],
    isReady: () => knowsLast(dnsPort, 1, ['a'], 0),
  })
  return { subject, dnsPort }
}

async function startToy(): Promise<DnsSubject> {
  const dnsPort = await findFreePort()
  const toy = fileURLToPath(new URL('toy.ts', import.meta.url))
  const subject = await Subject.start({
    name: 'toy',
    cores: [SERVER_CORE],
    command: [process.execPath, toy, String(dnsPort)],
    isReady: () => knowsLast(dnsPort, 1, ['a']),
  })
  return { subject, dnsPort }
}

const PROGRAMS: Partial<Record<SubjectName, string>> = {
  knot: 'knotd',
  nsd: 'nsd',
  'nsd-full': 'nsd',
  unbound: 'unbound',
  dnsmasq: 'dnsmasq',
}

/** Why a subject cannot take part here; undefined: it can. */
export async function whyAbsent(
  name: SubjectName,
  native: Native | undefined,
): Promise<string | undefined> {
  const program = PROGRAMS[name]
  if (isEcho(name) && native === undefined) return 'not compiled'
  if (program !== undefined && findProgram(program) === undefined) return 'not installed'
  if (name === 'cairn-dgram' && !(await hasEngines())) return 'no setting dns.engine: cairn is it'
  return undefined
}
