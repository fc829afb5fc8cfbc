import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { findFreePort, findProgram, Subject } from '../process.ts'
import { addressOf, nameService } from './packets.ts'
import { READY_WITHIN_MS } from './peers.ts'
import { knowsLast } from './ready.ts'
import type { DnsSubject, Stage } from './subjects.ts'

/**
 * dnsmasq with a file of hosts, which it keeps hashed. Its SRV records are a list that it walks,
 * and each TCP connection is a process of its own: neither is compared. It has one thread.
 */
export async function startDnsmasq(stage: Stage): Promise<DnsSubject> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  const dnsPort = await findFreePort()
  const hosts = join(directory, 'hosts')
  writeFileSync(hosts, hostsOf(stage))
  const options = {
    port: dnsPort,
    'listen-address': '127.0.0.1',
    'addn-hosts': hosts,
    local: '/nacos/',
    'local-ttl': 5,
    user: 'root',
    'pid-file': '',
    'conf-file': '/dev/null',
  }
  const flags = ['--keep-in-foreground', '--bind-interfaces', '--no-resolv', '--no-hosts']
  const subject = await Subject.start({
    name: 'dnsmasq',
    cores: stage.cores,
    readyWithinMs: READY_WITHIN_MS,
    command: [
      findProgram('dnsmasq') ?? 'dnsmasq',
      ...flags,
      ...Object.entries(options).map(([key, value]) => `--${key}=${value}`),
    ],
    isReady: () => knowsLast(dnsPort, stage.names, ['a'], stage.instances),
  })
  return { subject: subject.owns(directory), dnsPort }
}

function hostsOf({ names, instances }: Stage): string {
  const lines: string[] = []
  for (let service = 1; service <= names; service++) {
    const { dns } = nameService(service)
    for (let i = 0; i < instances; i++) lines.push(`${addressOf(service, i)} ${dns}\n`)
  }
  return lines.join('')
}
