import { freePort } from '../free-port.ts'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decode, encode } from 'dns-packet'
import { createSocket } from 'node:dgram'
import { eventually, makeFolder } from './server.ts'

const UNBOUND = '/usr/sbin/unbound'

export const HAS_UNBOUND: boolean = spawnSync(UNBOUND, ['-V']).error === undefined

/** The resolver unbound on the loopback, with names of its own and no word with anybody. */
export class Unbound implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child
    this.port = port
    this.#folder = folder
  }

  /** `data`: records as unbound's `local-data` takes them. */
  static async start(data: readonly string[]): Promise<Unbound> {
    const folder = makeFolder()
    const port = await freePort()
    const lines = [
      'server:',
      `  interface: 127.0.0.1@${port}`,
      '  do-daemonize: no',
      '  use-syslog: no',
      '  username: ""',
      '  chroot: ""',
      `  directory: "${folder}"`,
      `  pidfile: "${join(folder, 'unbound.pid')}"`,
      '  num-threads: 1',
      '  module-config: "iterator"',
      // Whatever is not told below does not exist: nothing leaves the machine.
      '  local-zone: "." static',
      '  local-data: ". 600 IN SOA ns.example. host.example. 1 2 3 4 60"',
      ...data.map((record) => `  local-data: '${record}'`),
      'remote-control:',
      '  control-enable: no',
    ]
    const file = join(folder, 'unbound.conf')
    writeFileSync(file, `${lines.join('\n')}\n`)
    const child = spawn(UNBOUND, ['-d', '-c', file], { stdio: 'ignore' })
    const unbound = new Unbound(child, port, folder)
    process.once('exit', () => void child.kill('SIGKILL'))
    await eventually(() => probe(port), 10_000)
    return unbound
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Throws until somebody answers. */
async function probe(port: number): Promise<void> {
  const socket = createSocket('udp4')
  try {
    socket.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.send(encode({ type: 'query', id: 1, questions: [{ name: '.', type: 'SOA' }] }))
    const [message] = (await once(socket, 'message', { signal: AbortSignal.timeout(200) })) as [
      Buffer,
    ]
    decode(message)
  } finally {
    socket.close()
  }
}
