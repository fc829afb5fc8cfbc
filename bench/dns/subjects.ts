import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { populate } from '../http/populate.ts'
import { findFreePort, root, SERVER_CORE, Subject } from '../process.ts'
import type { Certificate } from './certificate.ts'
import { isStream, type Mix, STATIC_ZONE } from './packets.ts'
import { startKnot, startUnbound, startUnboundCache } from './peers.ts'
import { knowsLast, waitForLast, warm } from './ready.ts'
import { plainZone, writeZone } from './zones.ts'

/** The servers that are compared: each on one core, each with the same names. */

export interface DnsSubject {
  readonly subject: Subject
  readonly dnsPort: number
  /** DNS over TLS, where a certificate was given. */
  readonly dotPort?: number
  /** Cairn's HTTP port. */
  readonly httpPort?: number
  /** Where a peer's counters are read: Knot's socket, unbound's configuration. */
  readonly control?: string
}

export const SUBJECTS = ['cairn', 'knot', 'unbound', 'toy'] as const
export type SubjectName = (typeof SUBJECTS)[number]

export interface Stage {
  readonly names: number
  readonly withCounters: boolean
  readonly certificate?: Certificate
}

/** Knot is no cache, and 3.2 (Debian 12) speaks no TLS to clients. */
export function canServe(name: SubjectName, mix: Mix): boolean {
  switch (name) {
    case 'cairn':
    case 'unbound':
      return true
    case 'knot':
      return mix !== 'cache' && mix !== 'dot'
    case 'toy':
      return mix !== 'cache' && !isStream(mix)
    default:
      throw new Error('no such server')
  }
}

/** A server of the registry's names and of the static zone. */
export async function startDns(name: SubjectName, stage: Stage): Promise<DnsSubject> {
  switch (name) {
    case 'cairn': {
      const cairn = await startCairn(stage)
      await populate(cairn.httpPort, { services: stage.names, instances: 'persistent' })
      await waitForLast(cairn.dnsPort, stage.names)
      return cairn
    }
    case 'knot':
      return await startKnot(stage)
    case 'unbound':
      return await startUnbound(stage)
    case 'toy':
      return await startToy()
    default:
      throw new Error('no such server')
  }
}

/** A server that has the foreign zone in its cache, and nothing else. */
export async function startCache(
  name: SubjectName,
  stage: Stage,
  upstreamPort: number,
): Promise<DnsSubject> {
  if (name === 'unbound') return await startUnboundCache(stage, upstreamPort)
  if (name !== 'cairn') throw new Error(`${name} has no cache`)
  const cairn = await startCairn({ forward: `127.0.0.1:${upstreamPort}` })
  await warm(cairn.dnsPort, stage.names)
  return cairn
}

export interface Cairn extends DnsSubject {
  readonly httpPort: number
}

export interface CairnOptions {
  /** So many names in a zone of a file; absent: no such zone. */
  readonly names?: number
  /** DNS over TLS. */
  readonly certificate?: Certificate
  /** Who is asked about foreign names. */
  readonly forward?: string
}

export async function startCairn(options: CairnOptions = {}): Promise<Cairn> {
  const { names, certificate, forward } = options
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
    'dns.workers': 1,
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
    core: SERVER_CORE,
    command: [
      'sh',
      'src/launcher/node',
      '--disable-warning=ExperimentalWarning',
      'src/main.ts',
      ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)]),
    ],
    isReady: async () => (await fetch(`http://127.0.0.1:${httpPort}/readyz`)).ok,
  })
  const started = { subject: subject.owns(directory), dnsPort, httpPort }
  return dotPort === undefined ? started : { ...started, dotPort }
}

async function startToy(): Promise<DnsSubject> {
  const dnsPort = await findFreePort()
  const toy = fileURLToPath(new URL('toy.ts', import.meta.url))
  const subject = await Subject.start({
    name: 'toy',
    core: SERVER_CORE,
    command: [process.execPath, toy, String(dnsPort)],
    isReady: () => knowsLast(dnsPort, 1, ['a']),
  })
  return { subject, dnsPort }
}

/** Where Cairn is not built yet, the bench still compares the others. */
export function isBuilt(name: SubjectName): boolean {
  return name !== 'cairn' || existsSync(join(root, 'src/main.ts'))
}
