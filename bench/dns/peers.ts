import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { CLIENT_CORE, findFreePort, SERVER_CORE, Subject } from '../process.ts'
import { FOREIGN_ZONE, STATIC_ZONE } from './packets.ts'
import { knowsLast, warm } from './ready.ts'
import type { DnsSubject, Stage } from './subjects.ts'
import { plainZone, registryZone, writeLocalData, writeZone, type Zone } from './zones.ts'

/** Other people's servers, as packaged: one worker, what costs them nothing left as it is. */

/** Room for the generator's connections: unbound's default is 10. */
const CONNECTIONS = 100

export async function startKnot(stage: Stage): Promise<DnsSubject> {
  const { names } = stage
  const zones = [registryZone(names), plainZone(STATIC_ZONE, names)]
  const isReady = (port: number): Promise<boolean> => knowsLast(port, names, ['a', 'static'])
  return await runKnot(zones, { ...stage, core: SERVER_CORE, isReady })
}

/** The foreign zone's server: asked while caches are filled, idle afterwards. */
export async function startUpstream(names: number): Promise<DnsSubject> {
  const isReady = (port: number): Promise<boolean> => knowsLast(port, names, ['cache'])
  const options = { withCounters: false, core: CLIENT_CORE, isReady }
  return await runKnot([plainZone(FOREIGN_ZONE, names)], options)
}

export async function startUnbound(stage: Stage): Promise<DnsSubject> {
  const { names, certificate } = stage
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
  const data = [registryZone(names), plainZone(STATIC_ZONE, names)].map((z) => writeLocalData(z))
  const isReady = (port: number): Promise<boolean> => knowsLast(port, names, ['a', 'static'])
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
  readonly core: number
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
    '  udp-workers: 1',
    '  tcp-workers: 1',
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
    core: options.core,
    command: [existsSync('/usr/sbin/knotd') ? '/usr/sbin/knotd' : 'knotd', '-c', file],
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
    '  num-threads: 1',
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
    core: SERVER_CORE,
    command: [existsSync('/usr/sbin/unbound') ? '/usr/sbin/unbound' : 'unbound', '-d', '-c', file],
    isReady: () => isReady(dnsPort),
  })
  return { subject: subject.owns(directory), dnsPort, control: file }
}
