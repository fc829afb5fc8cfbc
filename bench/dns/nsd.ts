import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { findFreePort, findProgram, Subject } from '../process.ts'
import { knowsAll, READY_WITHIN_MS } from './peers.ts'
import type { DnsSubject, Stage } from './subjects.ts'
import { writeZone, zonesOf } from './zones.ts'

/**
 * NSD answers from child processes: `familyOf` finds them. Minimal answers leave the addresses of
 * SRV targets out; `isMinimal` false tells them, and the zone's name servers, too.
 */
export async function startNsd(stage: Stage, isMinimal: boolean): Promise<DnsSubject> {
  const directory = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  const dnsPort = await findFreePort()
  const zones = zonesOf(stage)
  for (const zone of zones) writeFileSync(join(directory, `${zone.apex}zone`), writeZone(zone))
  const config = [
    'server:',
    `  ip-address: 127.0.0.1@${dnsPort}`,
    `  server-count: ${stage.workers}`,
    '  receive-buffer-size: 4194304',
    '  send-buffer-size: 4194304',
    `  minimal-responses: ${isMinimal ? 'yes' : 'no'}`,
    // Debian's build limits each client to 200 answers a second.
    '  rrl-ratelimit: 0',
    '  tcp-count: 100',
    '  tcp-query-count: 0',
    '  username: ""',
    '  chroot: ""',
    '  database: ""',
    `  zonesdir: "${directory}"`,
    ...['pidfile', 'xfrdfile', 'zonelistfile', 'cookie-secret-file'].map(
      (key) => `  ${key}: "${join(directory, key)}"`,
    ),
    `  xfrdir: "${directory}"`,
    'remote-control:',
    '  control-enable: no',
    ...zones.flatMap(({ apex }) => ['zone:', `  name: "${apex}"`, `  zonefile: "${apex}zone"`]),
  ]
  const file = join(directory, 'nsd.conf')
  writeFileSync(file, `${config.join('\n')}\n`)
  const subject = await Subject.start({
    name: 'nsd',
    cores: stage.cores,
    readyWithinMs: READY_WITHIN_MS,
    command: [findProgram('nsd') ?? 'nsd', '-d', '-c', file],
    isReady: () => knowsAll(dnsPort, stage),
  })
  return { subject: subject.owns(directory), dnsPort }
}
