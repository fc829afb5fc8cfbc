import { createSocket } from 'node:dgram'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { findFreePort, root, SERVER_CORE, Subject } from '../process.ts'
import { populate } from '../http/populate.ts'
import { encodeQuery, nameService, writeZone } from './packets.ts'

/** The servers that are compared: each on one core, each with the same names. */

export interface DnsSubject {
  readonly subject: Subject
  readonly dnsPort: number
  /** Cairn's HTTP port. */
  readonly httpPort?: number
  /** Knot's control socket, when its counters are to be read. */
  readonly control?: string
}

export const SUBJECTS = ['cairn', 'knot', 'toy'] as const
export type SubjectName = (typeof SUBJECTS)[number]

export async function startDns(
  name: SubjectName,
  names: number,
  options: { readonly withCounters: boolean } = { withCounters: false },
): Promise<DnsSubject> {
  switch (name) {
    case 'cairn': {
      const cairn = await startCairn()
      await populate(cairn.httpPort, { services: names, instances: 'persistent' })
      await waitForAnswer(cairn.dnsPort, names)
      return cairn
    }
    case 'knot':
      return await startKnot(names, options.withCounters)
    case 'toy':
      return await startToy()
    default:
      throw new Error('no such server')
  }
}

export interface Cairn extends DnsSubject {
  readonly httpPort: number
}

export async function startCairn(): Promise<Cairn> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  const httpPort = await findFreePort()
  const dnsPort = await findFreePort()
  const settings = {
    'http.port': httpPort,
    'grpc.port': await findFreePort(),
    'dns.port': dnsPort,
    'dns.workers': 1,
    'server.data-dir': directory,
    'log.level': 'warn',
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
  return { subject: subject.owns(directory), dnsPort, httpPort }
}

async function startKnot(names: number, withCounters: boolean): Promise<DnsSubject> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  const dnsPort = await findFreePort()
  const control = join(directory, 'knot.sock')
  writeFileSync(join(directory, 'nacos.zone'), writeZone(names))
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
    ...(withCounters ? ['    global-module: mod-stats'] : []),
    'zone:',
    '  - domain: nacos.',
    '    file: nacos.zone',
  ]
  const file = join(directory, 'knot.conf')
  writeFileSync(file, `${config.join('\n')}\n`)
  const subject = await Subject.start({
    name: 'knot',
    core: SERVER_CORE,
    command: [existsSync('/usr/sbin/knotd') ? '/usr/sbin/knotd' : 'knotd', '-c', file],
    isReady: () => answers(dnsPort, names),
  })
  return { subject: subject.owns(directory), dnsPort, control }
}

async function startToy(): Promise<DnsSubject> {
  const dnsPort = await findFreePort()
  const toy = fileURLToPath(new URL('toy.ts', import.meta.url))
  const subject = await Subject.start({
    name: 'toy',
    core: SERVER_CORE,
    command: [process.execPath, toy, String(dnsPort)],
    isReady: () => answers(dnsPort, 1),
  })
  return { subject, dnsPort }
}

/** Whether the last name is answered: then all are there. */
async function answers(port: number, last: number): Promise<boolean> {
  const { dns: name } = nameService(last)
  const query = encodeQuery({ name, type: 1, rcode: 0, answers: 1, hasEdns: false })
  const socket = createSocket('udp4')
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), 200)
      socket.once('error', () => resolve(false))
      socket.once('message', (answer) => {
        clearTimeout(timer)
        resolve(
          answer.length > 12 && (answer.readUInt8(3) & 15) === 0 && answer.readUInt16BE(6) > 0,
        )
      })
      socket.send(query, port, '127.0.0.1')
    })
  } finally {
    socket.close()
  }
}

async function waitForAnswer(port: number, last: number): Promise<void> {
  for (let i = 0; i < 100; i++) if (await answers(port, last)) return
  throw new Error('Cairn does not answer what was registered')
}

/** Where Cairn is not built yet, the bench still compares the others. */
export function isBuilt(name: SubjectName): boolean {
  return name !== 'cairn' || existsSync(join(root, 'src/main.ts'))
}
