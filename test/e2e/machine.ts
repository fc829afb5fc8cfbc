import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { UNPACKED } from './recipe.ts'
import { eventually, makeFolder, TestServer } from './server.ts'

/** Where Cairn is in a machine; ADDRESS_2 is another address of it. */
export const ADDRESS = '10.0.0.53'
const ADDRESS_2 = '10.0.0.54'
/** After a change: the TTL of 1 s, and time for busy processors. */
const CHANGE_MAX_MS = 4_000

// systemd-resolved asks nobody while there is no link but the loopback. What is written to /etc
// stays in memory; what was unpacked for tests is in /usr as if it were installed, but for users.
const SET_UP = `
  ip link set lo up && ip link add cairn0 type veth peer name cairn1
  ip link set cairn0 up && ip link set cairn1 up
  ip addr add ${ADDRESS}/32 dev cairn0 && ip addr add ${ADDRESS_2}/32 dev cairn0
  mount -t tmpfs tmpfs /run
  mkdir -p /run/systemd /run/dbus /run/etc /run/etc-work
  usr=/usr etc=/etc
  if [ -d '${UNPACKED}' ]; then usr='${UNPACKED}/usr':/usr etc='${UNPACKED}/etc':/etc; fi
  [ $usr = /usr ] || mount -t overlay overlay -o "lowerdir=$usr" /usr
  mount -t overlay overlay -o "lowerdir=$etc,upperdir=/run/etc,workdir=/run/etc-work" /etc
  rm -f /etc/resolv.conf && echo 'hosts: files dns' >/etc/nsswitch.conf
  for user in messagebus systemd-resolve; do
    id=$((\${id:-990} + 1))
    grep -q "^$user:" /etc/group || echo "$user:x:$id:" >>/etc/group
    grep -q "^$user:" /etc/passwd || echo "$user:x:$id:$id::/:/usr/sbin/nologin" >>/etc/passwd
  done
  for i in getent curl dig nsenter; do command -v $i >/dev/null; done
`

/** Whatever runs in it ends with it. */
const APART = ['unshare', '-n', '-m', '-p', '-f', '--kill-child', '--mount-proc'] as const

export const CAN_HAVE_MACHINE: boolean =
  process.getuid?.() === 0 &&
  spawnSync(APART[0], [...APART.slice(1), 'sh', '-ec', SET_UP]).status === 0

/** A namespace with files, addresses and a port 53 of its own, and Cairn in it. */
export class Machine implements AsyncDisposable {
  readonly server: TestServer

  private constructor(server: TestServer) {
    this.server = server
  }

  static async start(...flags: readonly string[]): Promise<Machine> {
    const folder = makeFolder()
    mkdirSync(join(folder, 'zones'))
    const wrapper = [...APART, 'sh', '-ec', `${SET_UP} exec "$@"`, 'sh']
    const given = [`--server.listen=127.0.0.1,${ADDRESS}`, '--dns.negative-ttl=1s', ...flags]
    return new Machine(await TestServer.start({ wrapper, flags: given }, folder))
  }

  /** What a command in it says, which is done then. */
  inside(...command: readonly string[]): string {
    return spawnSync('nsenter', [...this.#enter, ...command], { encoding: 'utf8' }).stdout
  }

  /** One that must succeed. */
  succeeds(...command: readonly string[]): string {
    const ended = spawnSync('nsenter', [...this.#enter, ...command], { encoding: 'utf8' })
    expect(ended.status, `${command.join(' ')}: ${ended.stderr}`).toBe(0)
    return ended.stdout
  }

  /** One that lasts. */
  run(...command: readonly string[]): Running {
    return new Running(spawn('nsenter', [...this.#enter, ...command]))
  }

  write(path: string, text: string): void {
    const script = 'mkdir -p "$(dirname "$1")" && printf %s "$2" >"$1"'
    this.succeeds('sh', '-c', script, 'sh', path, text)
  }

  /** A recipe that says in its first line which file it is. */
  writeRecipe(text: string): void {
    const [, path] = /^# (\/\S+)\n/.exec(text) ?? []
    if (path === undefined) throw new Error(`no path in the first line of ${text}`)
    this.write(path, text)
  }

  call(method: string, query: string): void {
    const url = `${this.server.url}/nacos/v1/ns/instance?${query}`
    expect(this.inside('curl', '-s', '-X', method, url)).toBe('ok')
  }

  /** As glibc finds them; `where`: a command that runs its arguments elsewhere. */
  addresses(name: string, where: readonly string[] = []): readonly string[] {
    const lines = this.inside(...where, 'getent', 'ahostsv4', name).split('\n')
    return [...new Set(lines.flatMap((line) => line.split(/\s+/).slice(0, 1)).filter(Boolean))]
  }

  async followsChanges(where: readonly string[] = []): Promise<void> {
    expect(this.addresses('orders.nacos', where)).toEqual([])
    this.call('POST', 'serviceName=orders&ip=10.20.0.1&port=80')
    await eventually(() => {
      expect(this.addresses('orders.nacos', where)).toEqual(['10.20.0.1'])
    }, CHANGE_MAX_MS)
    this.call('POST', 'serviceName=orders&ip=10.20.0.2&port=80')
    this.call('DELETE', 'serviceName=orders&ip=10.20.0.1&port=80')
    await eventually(() => {
      expect(this.addresses('orders.nacos', where)).toEqual(['10.20.0.2'])
    }, CHANGE_MAX_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }

  get #enter(): readonly string[] {
    const { pid } = this.server
    const [inner = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    return ['-t', inner, '-n', '-m', '-p', '--']
  }
}

/** A program of others in a machine. What it started may live as long as the machine. */
export class Running implements AsyncDisposable {
  /** What it said on both outputs. */
  said = ''
  readonly #child: ChildProcess
  readonly ended: Promise<unknown>

  constructor(child: ChildProcess) {
    this.#child = child
    this.ended = once(child, 'exit')
    const hear = (chunk: Buffer): void => void (this.said += chunk.toString())
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    process.once('exit', this.#kill)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill()
    await this.ended
    process.off('exit', this.#kill)
  }

  readonly #kill = (): void => void this.#child.kill('SIGKILL')
}
