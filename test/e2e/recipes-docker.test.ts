import { spawnSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { ADDRESS, CAN_HAVE_MACHINE, Machine, type Running } from './machine.ts'
import { hasProgram, recipe } from './recipe.ts'
import { eventually } from './server.ts'

/** Docker has a machine of its own: its bridge, its packet filter and its images go with it. */
const BRIDGE = '172.17.0.1'
const START_MAX_MS = 30_000
const TEST_MAX_MS = 120_000
const COMPOSE_FILE = '/run/shop/compose.yaml'
const COMPOSE = ['docker-compose', '-p', 'shop', '-f', COMPOSE_FILE]
const FIND = ['getent', 'ahostsv4', 'orders.nacos']

const isThere =
  CAN_HAVE_MACHINE && ['/usr/sbin/dockerd', '/usr/bin/docker-compose'].every(hasProgram)
if (!isThere) console.warn('no Docker or Compose: its recipes are not tested')

// getent, and what it needs: nothing is fetched from anywhere.
const MAKE_IMAGE = `
  folder=$(mktemp -d /run/image-XXXXXX)
  programs='/usr/bin/getent /usr/bin/sleep'
  for path in $programs $(ldd $programs | grep -o '/lib[^ ]*' | sort -u); do
    mkdir -p "$folder$(dirname $path)" && cp -L $path $folder$path
  done
  mkdir $folder/etc && echo 'hosts: files dns' >$folder/etc/nsswitch.conf
  tar -C $folder -c . | docker import --change 'CMD ["sleep", "600"]' - shop
`
const GROUP = 'cairn-recipes'
const DAEMON = `
  exec dockerd --storage-driver=vfs --data-root=/run/docker-data --exec-root=/run/docker \\
    --cgroup-parent=/${GROUP}
`

/** They are of no namespace, and empty when the containers are gone. */
function removeGroups(): void {
  const find = 'find /sys/fs/cgroup -depth -path "*/$1*" -type d -exec rmdir {} +'
  spawnSync('sh', ['-c', find, 'sh', GROUP])
}

async function startDocker(machine: Machine): Promise<Running> {
  const docker = machine.run('sh', '-ec', DAEMON)
  await eventually(() => {
    expect(machine.inside('docker', 'info', '-f', '{{.ID}}').trim(), docker.said).not.toBe('')
  }, START_MAX_MS)
  return docker
}

function run(address: string): readonly string[] {
  return recipe('docker-run', address, 53).trim().split(' ')
}

/** As programs in a container of that command find `orders`; it is there already. */
function found(machine: Machine, command: readonly string[]): readonly string[] {
  const lines = machine.inside(...command, ...FIND).split('\n')
  return [...new Set(lines.map((line) => line.replace(/ .*/, '')).filter(Boolean))]
}

test.skipIf(!isThere)(
  'Compose, run and daemon.json: programs in containers find services',
  { timeout: TEST_MAX_MS },
  async () => {
    onTestFinished(removeGroups)
    // The bridge comes after Cairn, which looks for new addresses every 5 s.
    await using machine = await Machine.start('--dns.port=53', '--server.listen=0.0.0.0')
    {
      await using docker = await startDocker(machine)
      machine.succeeds('sh', '-ec', MAKE_IMAGE)
      machine.write(COMPOSE_FILE, recipe('docker-compose', ADDRESS, 53))
      machine.succeeds(...COMPOSE, 'up', '-d')
      const shop = machine.succeeds(...COMPOSE, 'ps', '-q', 'shop').trim()
      await machine.followsChanges(['docker', 'exec', shop])

      expect(found(machine, run(ADDRESS))).toEqual(['10.20.0.2'])
      await eventually(() => {
        expect(found(machine, run(BRIDGE))).toEqual(['10.20.0.2'])
      }, START_MAX_MS)
      expect(found(machine, run('127.0.0.1'))).toEqual([])
      machine.succeeds(...COMPOSE, 'down', '-t', '0')
      machine.succeeds('pkill', '-TERM', '-x', 'dockerd')
      await docker.ended
    }
    machine.write('/etc/docker/daemon.json', recipe('docker-daemon', ADDRESS, 53))
    await using _ = await startDocker(machine)
    expect(found(machine, ['docker', 'run', '--rm', 'shop'])).toEqual(['10.20.0.2'])
  },
)
