import { freePort } from '../free-port.ts'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  axfr,
  hasProgram,
  KEY,
  KEY_NAME,
  KEY_SECRET,
  sameSerial,
  Secondary,
  type SecondaryOptions,
} from './knot.ts'
import { makeFolder, TestServer } from './server.ts'
import { Churn } from './transfer-churn.ts'

const ZONE = 'nacos.'
const REVERSE = '10.in-addr.arpa.'
const FIRST = 300
const CHANGES = 200

const KINDS = [
  { name: 'Knot', program: 'knotd', start: (o: SecondaryOptions) => Secondary.knot(o) },
  { name: 'NSD', program: 'nsd', start: (o: SecondaryOptions) => Secondary.nsd(o) },
]

for (const { name, program, start } of KINDS) {
  const isAbsent = !hasProgram(program, '-V') || !hasProgram('kdig', '-V')
  const notice = `(skipped without ${program} and kdig)`
  test.skipIf(isAbsent)(`${name} follows the registry record by record ${notice}`, async () => {
    const port = await freePort()
    await using server = await startPrimary(port)
    const zones = [ZONE, REVERSE]
    const primaryPort = server.dns
    await using secondary = start({ folder: server.folder, primaryPort, port, zones })
    // So many records that changes are less to send than the zone.
    const churn = new Churn(server.url, 60, 5)
    await churn.run(FIRST, 4)
    await sameSerial(primaryPort, port, ZONE, 8_000)
    await churn.run(CHANGES, 1)
    for (const zone of zones) {
      await sameSerial(primaryPort, port, zone, 8_000)
      const ours = await axfr(primaryPort, zone, '-y', KEY)
      expect(ours.length).toBeGreaterThan(20)
      expect(await axfr(port, zone)).toEqual(ours)
    }
    // Many changes at once may be more than the zone, which is then sent; a lone one never is.
    await churn.run(1, 1)
    await sameSerial(primaryPort, port, ZONE, 8_000)
    expect(await axfr(port, ZONE)).toEqual(await axfr(primaryPort, ZONE, '-y', KEY))
    const counted = await (await fetch(`${server.url}/metrics`)).text()
    // NSD rests between two transfers, and may find more than a lone change.
    if (name === 'Knot') {
      expect(secondary.said).toMatch(/IXFR, incoming.*finished/)
      expect(counted).toMatch(/cairn_dns_transfers_total\{kind="ixfr",result="delta"\} [1-9]/)
    }
    expect(counted).toMatch(/cairn_dns_notifies_total\{result="acknowledged"\} [1-9]/)
  })
}

test.skipIf(!hasProgram('knotd', '-V'))(
  'a secondary takes up the zone of a server that was started anew (skipped without knotd)',
  async () => {
    const port = await freePort()
    using folders = new DisposableStack()
    const folder = makeFolder()
    folders.defer(() => rmSync(folder, { recursive: true }))
    let primaryPort = 0
    {
      await using first = await startPrimary(port)
      primaryPort = first.dns
      await new Churn(first.url, 5, 1).run(20, 2)
      await using secondary = Secondary.knot({ folder, primaryPort, port, zones: [ZONE] })
      await sameSerial(primaryPort, secondary.port, ZONE, 8_000)
      const second = await startPrimary(port, first, [`--dns.port=${primaryPort}`])
      await using _ = second
      await new Churn(second.url, 5, 2).run(20, 2)
      await sameSerial(primaryPort, port, ZONE, 8_000)
      expect(await axfr(port, ZONE)).toEqual(await axfr(primaryPort, ZONE, '-y', KEY))
    }
  },
)

/** After `before` has ended, if there was one. */
async function startPrimary(
  secondaryPort: number,
  before?: TestServer,
  flags: readonly string[] = [],
): Promise<TestServer> {
  await before?.stop()
  const folder = makeFolder()
  mkdirSync(join(folder, 'zones'))
  writeFileSync(join(folder, 'keys'), `${KEY_NAME} ${KEY_SECRET}  # for the tests\n`)
  const own = [
    '--dns.tsig-keys-file=keys',
    `--dns.secondaries=127.0.0.1:${secondaryPort} ${KEY_NAME}`,
    `--dns.reverse-zones=${REVERSE}`,
    '--server.drain=0s',
  ]
  return await TestServer.start({ flags: [...own, ...flags] }, folder)
}
