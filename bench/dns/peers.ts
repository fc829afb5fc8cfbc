import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { CLIENT_CORE, findFreePort, findProgram, Subject } from '../process.ts'
import { FOREIGN_ZONE } from './packets.ts'
import { kindsOf, knowsLast, warm } from './ready.ts'
import type { DnsSubject, Stage } from './subjects.ts'
import { plainZone, writeLocalData, writeZone, type Zone, zonesOf } from './zones.ts'

/** Other people's servers, as packaged: one worker, what costs them nothing left as it is. */

/** Room for the generator's connections: unbound's default is 10. */
const CONNECTIONS = 100

/** Loading a million names takes some a minute. */
export const READY_WITHIN_MS = 300_000

export async function startKnot(stage: Stage): Promise<DnsSubject> {
  return await runKnot(zonesOf(stage), { ...stage, isReady: (port) => knowsAll(port, stage) })
}

export async function knowsAll(port: number, stage: Stage): Promise<boolean> {
  return await knowsLast(port, stage.names, kindsOf(stage), stage.instances)
}

/** The foreign zone's server: asked while caches are filled, idle afterwards. */
export async function startUpstream(names: number): Promise<DnsSubject> {
  const isReady = (port: number): Promise<boolean> => knowsLast(port, names, ['cache'])
  const options = { withCounters: false, cores: [CLIENT_CORE], workers: 1, isReady }
  return await runKnot([plainZone(FOREIGN_ZONE, names)], options)
}

export async function startUnbound(stage: Stage): Promise<DnsSubject> {
  const { certificate } = stage
  const dotPort = await findFreePort()
  const encrypted =
    certificate === undefined
      ? []
      : [
          `  interface: 127.0.0.1@${dotPort}`,
          `  tls-port: ${dotPort}`,
          `  tls-service-key: "${certificate.key}"`,
          `  tls-service-pem: "${certificate.certificate}"`,
        ]
  const data = zonesOf(stage).map((zone) => writeLocalData(zone))
  const isReady = (port: number): Promise<boolean> => knowsAll(port, stage)
  const started = await runUnbound([...encrypted, ...data], stage, isReady)
  return certificate === undefined ? started : { ...started, dotPort }
}

/** Its cache alone: the foreign zone is asked of `upstreamPort`, once per name. */
export async function startUnboundCache(stage: Stage, upstreamPort: number): Promise<DnsSubject> {
  const settings = [
    // No root servers, no key: nothing but the loopback interface can be asked.
    '  outgoing-interface: 127.0.0.1',
    '  do-not-query-localhost: no',
    '  msg-cache-size: 64m',
    '  rrset-cache-size: 64m',
    'stub-zone:',
    `  name: "${FOREIGN_ZONE}."`,
    `  stub-addr: 127.0.0.1@${upstreamPort}`,
  ]
  const started = await runUnbound(settings, stage, (port) =>
    knowsLast(port, stage.names, ['cache']),
  )
  await warm(started.dnsPort, stage.names)
  return started
}

interface KnotOptions {
  readonly cores: readonly number[]
  readonly workers: number
  readonly withCounters: boolean
  readonly isReady: (port: number) => Promise<boolean>
}

async function runKnot(zones: readonly Zone[], options: KnotOptions): Promise<DnsSubject> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  const dnsPort = await findFreePort()
  const control = join(directory, 'knot.sock')
  const config = [
    'server:',
    `  rundir: ${directory}`,
    `  listen: 127.0.0.1@${dnsPort}`,
    `  udp-workers: ${options.workers}`,
    `  tcp-workers: ${options.workers}`,
    '  background-workers: 1',
    'control:',
    `  listen: ${control}`,
    'log:',
    '  - target: stderr',
    '    any: warning',
    'database:',
    `  storage: ${directory}`,
    'template:',
    '  - id: default',
    `    storage: ${directory}`,
    '    zonefile-sync: -1',
    '    journal-content: none',
    // Counting costs; only the check of the generator asks for it.
    ...(options.withCounters ? ['    global-module: mod-stats'] : []),
    'zone:',
    ...zones.flatMap(({ apex }) => [`  - domain: ${apex}`, `    file: ${apex}zone`]),
  ]
  for (const zone of zones) writeFileSync(join(directory, `${zone.apex}zone`), writeZone(zone))
  const file = join(directory, 'knot.conf')
  writeFileSync(file, `${config.join('\n')}\n`)
  const subject = await Subject.start({
    name: 'knot',
    cores: options.cores,
    readyWithinMs: READY_WITHIN_MS,
    command: [findProgram('knotd') ?? 'knotd', '-c', file],
    isReady: () => options.isReady(dnsPort),
  })
  return { subject: subject.owns(directory), dnsPort, control }
}

async function runUnbound(
  settings: readonly string[],
  stage: Stage,
  isReady: (port: number) => Promise<boolean>,
): Promise<DnsSubject> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  const dnsPort = await findFreePort()
  const control = join(directory, 'unbound.sock')
  const config = [
    // Counting costs; only the check of the generator asks for it.
    'remote-control:',
    `  control-enable: ${stage.withCounters ? 'yes' : 'no'}`,
    `  control-interface: ${control}`,
    'server:',
    '  chroot: ""',
    '  username: ""',
    '  pidfile: ""',
    `  directory: "${directory}"`,
    '  use-syslog: no',
    `  num-threads: ${stage.workers}`,
    '  so-rcvbuf: 4m',
    '  so-sndbuf: 4m',
    '  minimal-responses: yes',
    `  interface: 127.0.0.1@${dnsPort}`,
    `  incoming-num-tcp: ${CONNECTIONS}`,
    // Nothing is signed here, and Cairn does not validate.
    '  module-config: "iterator"',
    ...settings,
  ]
  const file = join(directory, 'unbound.conf')
  writeFileSync(file, `${config.join('\n')}\n`)
  const subject = await Subject.start({
    name: 'unbound',
    cores: stage.cores,
    readyWithinMs: READY_WITHIN_MS,
    command: [findProgram('unbound') ?? 'unbound', '-d', '-c', file],
    isReady: () => isReady(dnsPort),
  })
  return { subject: subject.owns(directory), dnsPort, control: file }
}
