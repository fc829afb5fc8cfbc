import { expect, test } from 'vitest'
import { ADDRESS, CAN_HAVE_MACHINE, Machine } from './machine.ts'
import { hasProgram, hasServer, recipe } from './recipe.ts'
import { eventually } from './server.ts'

/**
 * NetworkManager has one link, `eth0`, whose network has a name server of its own. Every recipe
 * must lead to services and leave the other names where they were.
 */
const OTHER_SERVER = '10.0.1.1'
const OTHER_NAME = 'www.lab.example'
const START_MAX_MS = 15_000
const TEST_MAX_MS = 60_000
const DNSMASQ_FILE = '/etc/NetworkManager/dnsmasq.d/nacos.conf'
const RESOLVED = '/usr/lib/systemd/systemd-resolved'

const isThere =
  CAN_HAVE_MACHINE &&
  hasServer('dnsmasq', '-v') &&
  ['/usr/sbin/NetworkManager', '/usr/bin/dbus-daemon'].every(hasProgram)
const hasResolved = isThere && hasProgram(RESOLVED)
if (!isThere) console.warn('no NetworkManager, dnsmasq or D-Bus: its recipes are not tested')
else if (!hasResolved) console.warn('no systemd-resolved: not tested with NetworkManager')

const LINK = `
  mkdir -p /etc/NetworkManager && mount -t tmpfs tmpfs /etc/NetworkManager
  ip netns add far && ip link add eth0 type veth peer name far0 netns far
  ip link set eth0 up && ip -n far link set lo up && ip -n far link set far0 up
  ip -n far addr add ${OTHER_SERVER}/24 dev far0
  ip -n far route add ${ADDRESS}/32 dev far0
`
const OTHER_DNSMASQ = `
  exec ip netns exec far dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file \\
    --user=root --bind-interfaces --listen-address=${OTHER_SERVER} --no-resolv --no-hosts \\
    --address=/${OTHER_NAME}/192.0.2.80
`
// `rc-manager`: if a resolvconf is installed it would be asked, and it belongs to others.
const OWN_FILE = `
[main]
plugins=keyfile
rc-manager=symlink
[keyfile]
unmanaged-devices=*,except:interface-name:eth0
`
const PROFILE = `
[connection]
id=eth0
type=ethernet
interface-name=eth0
[ipv4]
method=manual
addresses=10.0.1.2/24
gateway=${OTHER_SERVER}
dns=${OTHER_SERVER}
[ipv6]
method=disabled
`
const PROFILE_FILE = '/etc/NetworkManager/system-connections/eth0.nmconnection'
// With a /sys that it can write to NetworkManager waits for udev.
const DAEMONS = `
  mount -t tmpfs tmpfs /var/lib && mkdir -p /var/lib/dbus /var/lib/NetworkManager
  mount -t sysfs -o ro sysfs /sys
  dbus-uuidgen --ensure
  dbus-daemon --system --nofork --nopidfile &
  until [ -S /run/dbus/system_bus_socket ]; do sleep 0.05; done
  for program; do $program & done
  exec NetworkManager --debug
`

interface OfficeOptions {
  /** Programs beside NetworkManager. */
  readonly daemons?: readonly string[]
  /** Before anything runs. */
  readonly prepare?: (machine: Machine) => void
}

/** A machine as a distribution installs it, with a network that works. */
class Office implements AsyncDisposable {
  readonly machine: Machine
  readonly #all: AsyncDisposableStack

  private constructor(machine: Machine, all: AsyncDisposableStack) {
    this.machine = machine
    this.#all = all
  }

  static async start(
    flags: readonly string[],
    { daemons = [], prepare }: OfficeOptions = {},
  ): Promise<Office> {
    await using all = new AsyncDisposableStack()
    const machine = all.use(await Machine.start(...flags))
    machine.succeeds('sh', '-ec', LINK)
    machine.write('/etc/NetworkManager/conf.d/machine.conf', OWN_FILE)
    machine.write(PROFILE_FILE, PROFILE)
    machine.succeeds('chmod', '600', PROFILE_FILE)
    if (daemons.includes(RESOLVED)) {
      machine.succeeds('ln', '-s', '/run/systemd/resolve/stub-resolv.conf', '/etc/resolv.conf')
    }
    prepare?.(machine)
    all.use(machine.run('sh', '-ec', OTHER_DNSMASQ))
    const manager = all.use(machine.run('sh', '-ec', DAEMONS, 'sh', ...daemons))
    await eventually(() => {
      expect(machine.addresses(OTHER_NAME), manager.said).toEqual(['192.0.2.80'])
    }, START_MAX_MS)
    return new Office(machine, all.move())
  }

  get resolvConf(): string {
    return this.machine.inside('cat', '/etc/resolv.conf')
  }

  /** The network's own server refuses such a name; that there is none is Cairn's word. */
  async leadsToCairn(): Promise<void> {
    await eventually(() => {
      const said = this.machine.inside('dig', '+tries=1', '+time=1', 'nope.nacos')
      expect(said).toContain('status: NXDOMAIN')
    }, START_MAX_MS)
    await this.machine.followsChanges()
    expect(this.machine.addresses(OTHER_NAME)).toEqual(['192.0.2.80'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#all.disposeAsync()
  }
}

test.skipIf(!isThere)('with dnsmasq: it gets the zone', { timeout: TEST_MAX_MS }, async () => {
  await using office = await Office.start(['--dns.port=5300'])
  const { machine } = office
  expect(office.resolvConf).toContain(`nameserver ${OTHER_SERVER}`)
  machine.writeRecipe(recipe('network-manager-dnsmasq', ADDRESS, 5300))
  machine.write(DNSMASQ_FILE, recipe('dnsmasq', ADDRESS, 5300))
  machine.succeeds('nmcli', 'general', 'reload')

  await office.leadsToCairn()
  expect(office.resolvConf).toContain('nameserver 127.0.0.1\n')
})

test.skipIf(!hasResolved)(
  'with systemd-resolved: its recipe holds beside the servers of the link',
  { timeout: TEST_MAX_MS },
  async () => {
    await using office = await Office.start(['--dns.port=5300'], {
      daemons: [RESOLVED],
      prepare: (machine) => machine.writeRecipe(recipe('systemd-resolved', ADDRESS, 5300)),
    })
    await office.leadsToCairn()
    expect(office.resolvConf).toContain('nameserver 127.0.0.53')
  },
)

test.skipIf(!isThere)(
  'with Cairn as the only server: it forwards the other names',
  { timeout: TEST_MAX_MS },
  async () => {
    await using office = await Office.start(['--dns.port=53', `--dns.forward=${OTHER_SERVER}`])
    const { machine } = office
    machine.succeeds('sh', '-ec', recipe('network-manager-only', ADDRESS, 53))
    await office.leadsToCairn()
    expect(office.resolvConf).toMatch(/^nameserver 10\.0\.0\.53$/m)
    expect(office.resolvConf).not.toContain(OTHER_SERVER)
  },
)
