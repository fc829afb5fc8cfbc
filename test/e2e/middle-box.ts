import { freePort } from '../free-port.ts'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DnsClient } from './dns-client.ts'
import { recipe } from './recipe.ts'
import { eventually, makeFolder } from './server.ts'

const START_MAX_MS = 10_000

/** A resolver of others on the loopback, in the foreground, which asks Cairn and nobody else. */
export class MiddleBox implements AsyncDisposable {
  readonly port: number
  readonly #child: ChildProcess
  readonly #folder: string

  private constructor(port: number, child: ChildProcess, folder: string) {
    this.port = port
    this.#child = child
    this.#folder = folder
  }

  /** `cairn`: the port of the server that the recipe leads to. */
  static async unbound(
    name: 'unbound-stub' | 'unbound-forward',
    cairn: number,
  ): Promise<MiddleBox> {
    return await MiddleBox.#start((folder, port) => {
      const rootHints = writeRootHints(folder)
      const own = [
        'server:',
        `  interface: 127.0.0.1@${port}`,
        `  directory: "${folder}"`,
        `  root-hints: "${rootHints}"`,
        '  do-daemonize: no\n  use-syslog: no\n  username: ""\n  chroot: ""\n  pidfile: ""',
        '  num-threads: 1',
        // A name that a parent denies is not asked for: names between ours must exist.
        '  qname-minimisation-strict: yes\n  harden-below-nxdomain: yes',
        '  private-address: 10.0.0.0/8',
        // Validates, so that the exception for our zone is needed.
        ...(name === 'unbound-stub' ? [`  trust-anchor: "${TRUST_ANCHOR}"`] : []),
        'remote-control:\n  control-enable: no\n',
      ]
      const file = join(folder, 'unbound.conf')
      writeFileSync(file, own.join('\n') + recipe(name, '127.0.0.1', cairn))
      return ['/usr/sbin/unbound', '-d', '-c', file]
    })
  }

  static async dnsmasq(cairn: number): Promise<MiddleBox> {
    return await MiddleBox.#start((folder, port) => {
      const own = [
        `port=${port}`,
        'listen-address=127.0.0.1\nbind-interfaces\nno-resolv\nno-hosts\nstop-dns-rebind',
        'keep-in-foreground\nuser=root\npid-file\n',
      ]
      const file = join(folder, 'dnsmasq.conf')
      writeFileSync(file, own.join('\n') + recipe('dnsmasq', '127.0.0.1', cairn))
      return ['/usr/sbin/dnsmasq', `--conf-file=${file}`, '--log-facility=-']
    })
  }

  static async bind(cairn: number): Promise<MiddleBox> {
    return await MiddleBox.#start((folder, port) => {
      const [, tag, algorithm, digestType, digest] = DS.exec(TRUST_ANCHOR) ?? []
      const own = [
        `options {\n  directory "${folder}";`,
        `  listen-on port ${port} { 127.0.0.1; };`,
        '  listen-on-v6 { none; };\n  pid-file none;\n  session-keyfile none;',
        '  recursion yes;\n  dnssec-validation yes;',
      ]
      const rest = [
        'controls { };',
        `zone "." { type hint; file "${writeRootHints(folder)}"; };`,
        `trust-anchors { . static-ds ${tag} ${algorithm} ${digestType} "${digest}"; };`,
      ]
      const told = recipe('bind', '127.0.0.1', cairn).replace('options {', own.join('\n'))
      const file = join(folder, 'named.conf')
      writeFileSync(file, `${told}${rest.join('\n')}\n`)
      return ['/usr/sbin/named', '-g', '-n', '1', '-c', file]
    })
  }

  static async coredns(
    name: 'coredns' | 'corefile',
    program: string,
    cairn: number,
  ): Promise<MiddleBox> {
    return await MiddleBox.#start((folder, port) => {
      const file = join(folder, 'Corefile')
      const told = recipe(name, '127.0.0.1', cairn)
      const own = `nacos:${port} {\n    bind 127.0.0.1`
      writeFileSync(file, told.replace(/^nacos(?::53)? \{/, own))
      return [program, '-conf', file]
    })
  }

  static async #start(
    prepare: (folder: string, port: number) => readonly string[],
  ): Promise<MiddleBox> {
    const folder = makeFolder()
    const port = await freePort()
    const [program = '', ...args] = prepare(folder, port)
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const box = new MiddleBox(port, child, folder)
    let said = ''
    const hear = (chunk: Buffer): void => void (said += chunk.toString())
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const kill = (): void => void child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    try {
      using dns = new DnsClient(port)
      await eventually(async () => {
        const { answers = [] } = await dns.ask('nacos', 'SOA', 200)
        if (answers.length === 0) throw new Error('it answers, but not with our SOA')
      }, START_MAX_MS)
    } catch (error) {
      await box[Symbol.asyncDispose]()
      throw new Error(`${program} does not answer: ${said}`, { cause: error })
    }
    return box
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit')
      this.#child.kill('SIGKILL')
      await gone
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Of the root (IANA, 2017); with it a resolver holds what no parent vouches for to be forged. */
const TRUST_ANCHOR =
  '. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D'
const DS = /DS (\d+) (\d+) (\d+) (\w+)/

/** The root is at a closed port of this machine: nothing leaves it. */
function writeRootHints(folder: string): string {
  const file = join(folder, 'root.hints')
  writeFileSync(file, '. 3600000 NS ns.invalid.\nns.invalid. 3600000 A 127.0.0.1\n')
  return file
}
