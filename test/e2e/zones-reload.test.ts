import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { DnsClient, rcodeOf } from './dns-client.ts'
import { eventually, makeFolder, TestServer } from './server.ts'

const HEAD = '$TTL 60\n@ SOA ns1 host 1 1h 15m 1w 30\n@ NS ns1\nns1 A 192.0.2.1\n'

function folder(): string {
  const made = makeFolder()
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  mkdirSync(join(made, 'zones', 'parts'), { recursive: true })
  return made
}

test('zone files are followed without a signal: new, changed, replaced, broken, gone', async () => {
  const cwd = folder()
  const put = (name: string, text: string): void => writeFileSync(join(cwd, 'zones', name), text)
  put('a.test.zone', `${HEAD}www A 192.0.2.80\n$INCLUDE parts/more.inc\n`)
  put('parts/more.inc', 'more A 192.0.2.90\n')
  await using server = await TestServer.start({}, cwd)
  using dns = new DnsClient(server.dns)
  const becomes = (name: string, addresses: readonly string[]): Promise<void> =>
    eventually(async () => expect(await dns.addresses(name)).toEqual(addresses))
  expect(await dns.addresses('www.a.test')).toEqual(['192.0.2.80'])

  put('b.test.zone', `${HEAD}www A 192.0.2.81\n`)
  await becomes('www.b.test', ['192.0.2.81'])

  // As editors and deployments do: written beside, then renamed.
  put('b.test.zone.new', `${HEAD}www A 192.0.2.82\n`)
  renameSync(join(cwd, 'zones/b.test.zone.new'), join(cwd, 'zones/b.test.zone'))
  await becomes('www.b.test', ['192.0.2.82'])

  put('parts/more.inc', 'more A 192.0.2.91\n')
  await becomes('more.a.test', ['192.0.2.91'])

  put('b.test.zone', `${HEAD}www A 192.0.2\n`)
  const refused = await server.logged('zone_refused')
  expect(refused['message']).toBe('b.test.zone:5:7: "192.0.2" is not an IPv4 address')
  expect(await dns.addresses('www.b.test')).toEqual(['192.0.2.82'])

  rmSync(join(cwd, 'zones/b.test.zone'))
  await eventually(async () => expect(rcodeOf(await dns.ask('www.b.test', 'A'))).toBe('REFUSED'))
  expect(await dns.addresses('www.a.test')).toEqual(['192.0.2.80'])
})

test('a zone of 100,000 records comes while everybody else is served', async () => {
  const cwd = folder()
  const path = join(cwd, 'zones/big.test.zone')
  const hosts = Array.from(
    { length: 100_000 },
    (_, i) => `h${i} A 10.1.${(i >> 8) & 255}.${i & 255}\n`,
  )
  await using server = await TestServer.start({}, cwd)
  using dns = new DnsClient(server.dns)
  writeFileSync(`${path}.new`, HEAD + hosts.join(''))
  renameSync(`${path}.new`, path)
  let slowest = 0
  while (!server.log.some(({ event }) => event === 'zone_loaded')) {
    const started = performance.now()
    await (await fetch(`${server.url}/livez`)).text()
    slowest = Math.max(slowest, performance.now() - started)
    await sleep(5)
  }
  expect(await dns.addresses('h99999.big.test')).toEqual(['10.1.134.159'])
  // Read on the main thread, it takes half a second and more.
  expect(slowest).toBeLessThan(250)
})
