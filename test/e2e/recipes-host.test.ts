import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { recipe } from './middle-box.ts'
import { eventually, makeFolder, TestServer } from './server.ts'

/**
 * Recipes that are for a whole machine: each gets one, a namespace with files, addresses and a
 * port 53 of its own. It goes with the server in it.
 */
const CAIRN = '10.0.0.53'
const CHANGE_MAX_MS = 4_000
const START_MAX_MS = 10_000
const RESOLVED = '/lib/systemd/systemd-resolved'

// systemd-resolved asks nobody while there is no link but the loopback.
const SET_UP = `
  ip link set lo up && ip link add eth0 type veth peer name far0
  ip link set eth0 up && ip link set far0 up
  ip addr add ${CAIRN}/32 dev eth0 && ip addr add 10.0.0.54/32 dev eth0
  mount -t tmpfs tmpfs /run
`
const canUnshare =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-n', '-m', 'sh', '-ec', `${SET_UP} command -v getent curl dig nsenter`])
    .status === 0
// Its Debian package takes over /etc/resolv.conf of the machine: nothing to install for a test.
const hasResolved = canUnshare && existsSync(RESOLVED)
if (!canUnshare) console.warn('no root, unshare, ip, getent, curl or dig: no machine of its own')
else if (!hasResolved) console.warn('no systemd-resolved: its recipe is not tested')

class Machine implements AsyncDisposable {
  readonly server: TestServer

  private constructor(server: TestServer) {
    this.server = server
  }

  /** `resolvConf`: what is in /etc/resolv.conf. */
  static async start(resolvConf: string, flags: readonly string[]): Promise<Machine> {
    const folder = makeFolder()
    const files = [join(folder, 'resolv.conf'), join(folder, 'nsswitch.conf')] as const
    writeFileSync(files[0], resolvConf)
    writeFileSync(files[1], 'hosts: files dns\n')
    mkdirSync(join(folder, 'zones'))
    const script = `${SET_UP}
      mount --bind "$1" /etc/resolv.conf
      mount --bind "$2" /etc/nsswitch.conf
      shift 2; exec "$@"`
    const wrapper = ['unshare', '-n', '-m', 'sh', '-ec', script, 'sh', ...files]
    const given = [`--server.listen=127.0.0.1,${CAIRN}`, '--dns.negative-ttl=1s', ...flags]
    return new Machine(await TestServer.start({ wrapper, flags: given }, folder))
  }

  get enter(): readonly string[] {
    return ['-t', String(this.server.pid), '-n', '-m', '--']
  }

  inside(...command: readonly string[]): string {
    return spawnSync('nsenter', [...this.enter, ...command], { encoding: 'utf8' }).stdout
  }

  call(method: string, query: string): void {
    const url = `${this.server.url}/nacos/v1/ns/instance?${query}`
    expect(this.inside('curl', '-s', '-X', method, url)).toBe('ok')
  }

  /** As glibc finds them. */
  addresses(name: string): readonly string[] {
    const lines = this.inside('getent', 'ahostsv4', name).split('\n')
    return [...new Set(lines.flatMap((line) => line.split(/\s+/).slice(0, 1)).filter(Boolean))]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
  }
}

async function followsChanges(machine: Machine): Promise<void> {
  expect(machine.addresses('orders.nacos')).toEqual([])
  machine.call('POST', 'serviceName=orders&ip=10.20.0.1&port=80')
  await eventually(() => {
    expect(machine.addresses('orders.nacos')).toEqual(['10.20.0.1'])
  }, CHANGE_MAX_MS)
  machine.call('POST', 'serviceName=orders&ip=10.20.0.2&port=80')
  machine.call('DELETE', 'serviceName=orders&ip=10.20.0.1&port=80')
  await eventually(() => {
    expect(machine.addresses('orders.nacos')).toEqual(['10.20.0.2'])
  }, CHANGE_MAX_MS)
  // A program that knows nothing of any of this.
  const { http } = machine.server
  machine.call('POST', `serviceName=itself&ip=${CAIRN}&port=${http}`)
  await eventually(() => {
    const said = machine.inside('curl', '-s', '-m', '3', `http://itself.nacos:${http}/readyz`)
    expect(said).toBe('ok')
  })
}

test.skipIf(!canUnshare)('resolv.conf: getent and curl find services', async () => {
  const text = recipe('resolv-conf', CAIRN, 53)
  await using machine = await Machine.start(text, ['--dns.port=53'])
  await followsChanges(machine)
})

test.skipIf(!hasResolved)('systemd-resolved: programs behind its stub find services', async () => {
  await using machine = await Machine.start('nameserver 127.0.0.53\n', ['--dns.port=5300'])
  const folder = '/run/systemd/resolved.conf.d'
  const write = `mkdir -p ${folder} && printf '%s' "$1" >${folder}/cairn.conf`
  machine.inside('sh', '-c', write, 'sh', recipe('systemd-resolved', CAIRN, 5300))
  const resolved = spawn('nsenter', [...machine.enter, RESOLVED])
  let said = ''
  resolved.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const kill = (): void => void resolved.kill('SIGKILL')
  process.once('exit', kill)
  const gone = once(resolved, 'exit')
  try {
    const dig = (...words: readonly string[]): string =>
      machine.inside('dig', '@127.0.0.53', '+tries=1', '+time=1', ...words)
    await eventually(() => {
      const told = { code: resolved.exitCode, said, log: machine.server.log }
      expect(dig('nope.nacos'), JSON.stringify(told)).toContain('status: NXDOMAIN')
    }, START_MAX_MS)
    await followsChanges(machine)

    expect(dig('orders.nacos', 'MX')).toMatch(/status: NOERROR[^]*ANSWER: 0/)
    expect(dig('orders.nacos', 'SRV', '+short')).toMatch(/^0 1 80 10-20-0-2\.nacos\.$/m)
  } finally {
    kill()
    await gone
    process.off('exit', kill)
  }
})
