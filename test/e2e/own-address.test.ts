import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually, makeFolder, TestServer } from './server.ts'

/**
 * A host with several addresses is a network namespace with several on its loopback. dig says which
 * address answered it, and takes no answer from another one. Addresses come, and the server, which
 * looks for them every 5 s, answers from them.
 */
const SET_UP = `
  ip link set lo up
  ip addr add 10.99.0.1/32 dev lo && ip addr add 10.99.0.2/32 dev lo
  ip addr add fd99::1/128 dev lo && ip addr add fd99::2/128 dev lo
`
const canUnshare =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-n', 'sh', '-ec', `${SET_UP} command -v dig nsenter`]).status === 0
if (!canUnshare) console.warn('no root, unshare, ip or dig: no host with several addresses')

const PORT = 5300
const RESCAN_MAX_MS = 7_500

class Host implements AsyncDisposable {
  readonly server: TestServer

  private constructor(server: TestServer) {
    this.server = server
  }

  static async start(...flags: readonly string[]): Promise<Host> {
    return await Host.startAfter('', ...flags)
  }

  /** `before` is run on the host, as a shell's lines. */
  static async startAfter(before: string, ...flags: readonly string[]): Promise<Host> {
    const folder = makeFolder()
    mkdirSync(join(folder, 'zones'))
    const wrapper = ['unshare', '-n', 'sh', '-ec', `${SET_UP} ${before} exec "$@"`, 'sh']
    const given = [`--dns.port=${PORT}`, '--dns.workers=2', ...flags]
    return new Host(await TestServer.start({ wrapper, flags: given }, folder))
  }

  inside(script: string): string {
    const args = ['-t', String(this.server.pid), '-n', 'sh', '-c', script]
    return spawnSync('nsenter', args, { encoding: 'utf8' }).stdout
  }

  /** The address that answered, as dig saw it. */
  answerer(address: string, ...more: readonly string[]): string | undefined {
    const asked = `dig @${address} -p ${PORT} nacos SOA +tries=1 +time=1 ${more.join(' ')}`
    return /;; SERVER: (\S+)#/.exec(this.inside(asked))?.[1]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}

test.skipIf(!canUnshare).each(['batch', 'dgram'])(
  'answers come from the address that was asked, also from one that was added later, by %s',
  { timeout: 30_000 },
  async (engine) => {
    await using host = await Host.start('--server.listen=0.0.0.0,::', `--dns.engine=${engine}`)
    for (const address of ['127.0.0.1', '::1', '10.99.0.1', '10.99.0.2', 'fd99::1', 'fd99::2']) {
      for (const transport of ['+notcp', '+tcp']) {
        expect([address, transport, host.answerer(address, transport)]).toEqual([
          address,
          transport,
          address,
        ])
      }
    }
    expect(host.answerer('10.99.0.3')).toBeUndefined()
    host.inside('ip addr add 10.99.0.3/32 dev lo; ip addr add fd99::3/128 dev lo')
    host.inside('ip addr del 10.99.0.2/32 dev lo')
    await eventually(() => {
      expect(host.answerer('10.99.0.3')).toBe('10.99.0.3')
      expect(host.answerer('fd99::3', '+tcp')).toBe('fd99::3')
    }, RESCAN_MAX_MS)
    expect(host.answerer('10.99.0.2')).toBeUndefined()
    expect(host.answerer('10.99.0.1')).toBe('10.99.0.1')
    expect(host.server.log.filter(({ event }) => event === 'dns_address_not_bound')).toEqual([])
  },
)

test.skipIf(!canUnshare)(
  'a wildcard that is one socket answers from all of loopback, and from what was added just now',
  { timeout: 30_000 },
  async () => {
    await using host = await Host.start('--server.listen=0.0.0.0,::', '--dns.engine=batch')
    expect(host.answerer('127.9.9.9')).toBe('127.9.9.9')
    expect(host.answerer('127.9.9.9', '+tcp')).toBe('127.9.9.9')
    host.inside('ip addr add 10.99.0.7/32 dev lo; ip addr add fd99::7/128 dev lo nodad')
    expect(host.answerer('10.99.0.7')).toBe('10.99.0.7')
    expect(host.answerer('fd99::7')).toBe('fd99::7')
    expect(host.answerer('fd99::7', '+tcp')).toBe('fd99::7')
    const sockets = host.inside(`ss -Hlun sport = :${PORT}`).trim().split('\n')
    // Two workers, two families.
    expect(sockets).toHaveLength(4)
  },
)

test.skipIf(!canUnshare)(
  'where another program holds an address of the port, the others are answered',
  { timeout: 30_000 },
  async () => {
    const held = `require('node:dgram').createSocket('udp4').bind(${PORT}, '10.99.0.9')`
    const hold = `
      ip addr add 10.99.0.9/32 dev lo
      ${process.execPath} -e "${held}" & holder=$!
      until ss -Hlun | grep -q 10.99.0.9; do sleep 0.1; done
      ip addr del 10.99.0.9/32 dev lo
      (tail --pid=$$ -f /dev/null; kill $holder) &
    `
    await using host = await Host.startAfter(hold, '--server.listen=0.0.0.0', '--dns.engine=batch')
    expect(host.answerer('10.99.0.1')).toBe('10.99.0.1')
    expect(host.answerer('10.99.0.2')).toBe('10.99.0.2')
    // No wildcard could be bound at first.
    expect(host.inside(`ss -Hlun sport = :${PORT}`)).toContain(`127.0.0.1:${PORT}`)
  },
)

test.skipIf(!canUnshare)(
  'an address that another program holds stops no other, is told once and had when it is free',
  { timeout: 30_000 },
  async () => {
    await using host = await Host.start('--server.listen=0.0.0.0,::', '--dns.engine=dgram')
    // Held before it is there, so that the server cannot be first.
    const script = `
      const socket = require('node:dgram').createSocket('udp4')
      socket.bind({ port: ${PORT}, address: '10.99.0.3', exclusive: true }, () => console.log('held'))
    `
    const free = 'echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind; exec "$@"'
    const enter = ['-t', String(host.server.pid), '-n', 'sh', '-c', free, 'sh']
    const holder = spawn('nsenter', [...enter, process.execPath, '-e', script])
    try {
      await once(holder.stdout, 'data')
      host.inside('ip addr add 10.99.0.3/32 dev lo; ip addr add 10.99.0.4/32 dev lo')
      await eventually(() => expect(host.answerer('10.99.0.4')).toBe('10.99.0.4'), RESCAN_MAX_MS)
      expect(await host.server.logged('dns_address_not_bound')).toMatchObject({
        level: 'warn',
        address: '10.99.0.3',
        port: PORT,
        code: 'EADDRINUSE',
      })
    } finally {
      const gone = once(holder, 'exit')
      holder.kill('SIGKILL')
      await gone
    }
    await eventually(() => expect(host.answerer('10.99.0.3')).toBe('10.99.0.3'), RESCAN_MAX_MS)
    const told = host.server.log.filter(({ event }) => event === 'dns_address_not_bound')
    expect(told).toHaveLength(1)
  },
)
