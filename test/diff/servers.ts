import { freePort } from '../free-port.ts'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asks } from './client.ts'

export interface ZoneFile {
  readonly apex: string
  readonly path: string
}

export interface OtherServer extends AsyncDisposable {
  readonly name: 'knot' | 'nsd'
  readonly port: number
}

/** Programs that the comparison needs and this machine has not. */
export function missingPrograms(): readonly string[] {
  const programs = [
    ['knotd', '-V'],
    ['nsd', '-v'],
    ['dnssec-signzone', '-V'],
    ['ldns-signzone', '-v'],
  ] as const
  return programs.flatMap(([name, flag]) =>
    spawnSync(name, [flag]).error === undefined ? [] : [name],
  )
}

export async function startKnot(folder: string, zones: readonly ZoneFile[]): Promise<OtherServer> {
  const port = await freePort()
  const home = join(folder, 'knot')
  mkdirSync(home)
  const config = join(home, 'knot.conf')
  const blocks = zones.map(
    ({ apex, path }) => `  - domain: "${apex}"\n    file: "${path}"\n    journal-content: none\n`,
  )
  writeFileSync(
    config,
    `server:
    rundir: "${home}"
    listen: 127.0.0.1@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "${home}"
log:
  - target: stderr
    any: error
template:
  - id: default
    semantic-checks: off
    zonefile-sync: -1
zone:
${blocks.join('')}`,
  )
  return start('knot', 'knotd', ['-c', config], port)
}

export async function startNsd(folder: string, zones: readonly ZoneFile[]): Promise<OtherServer> {
  const port = await freePort()
  const home = join(folder, 'nsd')
  mkdirSync(home)
  const config = join(home, 'nsd.conf')
  const blocks = zones.map(
    ({ apex, path }) => `zone:\n    name: "${apex}"\n    zonefile: "${path}"\n`,
  )
  writeFileSync(
    config,
    `server:
    ip-address: 127.0.0.1@${port}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "${home}"
    database: ""
    pidfile: "${home}/nsd.pid"
    xfrdfile: "${home}/xfrd.state"
    xfrdir: "${home}"
    zonelistfile: "${home}/zone.list"
    logfile: "${home}/nsd.log"
    minimal-responses: yes
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
    ipv4-edns-size: 1232
remote-control:
    control-enable: no
${blocks.join('')}`,
  )
  return start('nsd', 'nsd', ['-d', '-c', config], port)
}

async function start(
  name: OtherServer['name'],
  program: string,
  args: readonly string[],
  port: number,
): Promise<OtherServer> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let last = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    last = (last + text).slice(-2000)
  })
  // A comparison that fails in the middle leaves nobody behind.
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async (): Promise<void> => {
    await stopped(child)
    process.off('exit', kill)
  }
  // Each question waits for an answer a while, so this does not spin.
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${last}`)
    if (await asks(port)) return { name, port, [Symbol.asyncDispose]: stop }
  }
  await stop()
  throw new Error(`${program} does not answer: ${last}`)
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('exit', () => resolve())
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await promise
  clearTimeout(timer)
}
