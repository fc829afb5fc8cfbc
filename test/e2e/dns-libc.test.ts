import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually, makeFolder, TestServer } from './server.ts'

/**
 * glibc knows no port but 53, so it gets a network of its own: a namespace with a loopback of its
 * own, where the server has port 53, and an /etc/resolv.conf that names it. An address that is no
 * loopback must be there: getent asks with AI_ADDRCONFIG.
 */
const canUnshare =
  process.getuid?.() === 0 &&
  spawnSync('unshare', [
    '-n',
    '-m',
    'sh',
    '-c',
    'ip link set lo up && ip addr add fd99::1/128 dev lo && command -v getent nsenter',
  ]).status === 0
if (!canUnshare) console.warn('no root, unshare, ip or getent: glibc is not asked')

test.skipIf(!canUnshare)('getent, which is glibc, finds services by all their names', async () => {
  const folder = makeFolder()
  const resolv = join(folder, 'resolv.conf')
  const nsswitch = join(folder, 'nsswitch.conf')
  writeFileSync(resolv, 'nameserver 127.0.0.1\noptions timeout:1 attempts:2\n')
  writeFileSync(nsswitch, 'hosts: files dns\n')
  mkdirSync(join(folder, 'zones'))
  const script =
    'ip link set lo up && ip addr add 10.99.0.1/32 dev lo && ip addr add fd99::1/128 dev lo && ' +
    'mount --bind "$1" /etc/resolv.conf && ' +
    'mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"'
  await using server = await TestServer.start(
    {
      wrapper: ['unshare', '-n', '-m', 'sh', '-c', script, 'sh', resolv, nsswitch],
      flags: ['--dns.port=53', '--server.listen=127.0.0.1'],
    },
    folder,
  )
  // Whatever joins the server's network and files sees it as its only name server.
  const inside = (...command: string[]): string =>
    execFileSync('nsenter', ['-t', String(server.pid), '-n', '-m', ...command], {
      encoding: 'utf8',
    })
  const call = (path: string): string =>
    inside(process.execPath, '-e', `fetch('${server.url}${path}',{method:'POST'})`)
  for (const [name, ip] of [
    ['order-service', '10.0.0.7'],
    ['order-service', '10.1.0.7'],
    ['v6-service', '2001:db8::7'],
  ]) {
    call(`/nacos/v1/ns/instance?serviceName=${name}&ip=${ip}&port=8080`)
  }
  const lookUp = (database: string, name: string): readonly string[] => {
    const found = inside('sh', '-c', `getent ${database} ${name} || true`)
    const addresses = found.split('\n').flatMap((line) => line.split(/\s+/).slice(0, 1))
    return [...new Set(addresses.filter(Boolean))].toSorted((a, b) => a.localeCompare(b))
  }
  const both = ['10.0.0.7', '10.1.0.7']
  await eventually(() => expect(lookUp('ahostsv4', 'order-service.nacos')).toEqual(both))
  expect(lookUp('ahostsv4', 'order-service.default.public.nacos')).toEqual(both)
  expect(lookUp('ahostsv4', '10-0-0-7.nacos')).toEqual(['10.0.0.7'])
  expect(lookUp('ahostsv6', 'v6-service.nacos')).toEqual(['2001:db8::7'])
  expect(lookUp('ahostsv4', 'nope.nacos')).toEqual([])
})
