import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasProgram, KEY, KEY_NAME, KEY_SECRET, recordsIn, serialOf, tool } from './knot.ts'
import { eventually, makeFolder, runCairn, TestServer } from './server.ts'
import { Churn } from './transfer-churn.ts'

const EXAMPLE = fileURLToPath(new URL('../../zones/example.test.zone', import.meta.url))
const WRONG = `hmac-sha256:${KEY_NAME}:${Buffer.from('not the secret').toString('base64')}`
const UNKNOWN = `hmac-sha256:nobody:${KEY_SECRET}`
const MD5 = `hmac-md5:${KEY_NAME}:${KEY_SECRET}`

const hasTools = ['kdig', 'dig', 'named-checkzone'].every((name) => hasProgram(name, '-V'))

describe.skipIf(!hasTools)('transfers (skipped without kdig, dig and named-checkzone)', () => {
  let server: TestServer
  /** The same without keys, for 127.0.0.1 alone. */
  let open: TestServer

  beforeAll(async () => {
    const folder = makeFolder()
    mkdirSync(join(folder, 'zones'))
    copyFileSync(EXAMPLE, join(folder, 'zones', 'example.test.zone'))
    const flags = ['--dns.transfer-allow=127.0.0.1', '--server.drain=0s']
    const env = { CAIRN_DNS_TSIG_KEYS: `${KEY_NAME}=${KEY_SECRET}` }
    server = await TestServer.start({ flags, env }, folder)
    open = await TestServer.start({ flags: ['--dns.transfer-allow=127.0.0.1,fd00::/8'] })
    await new Churn(server.url, 10, 3).run(40, 4)
  })

  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await open[Symbol.asyncDispose]()
  })

  async function kdig(...args: readonly string[]): Promise<string> {
    return await tool('kdig', ['@127.0.0.1', '-p', String(server.dns), ...args])
  }

  async function dig(...args: readonly string[]): Promise<string> {
    return await tool('dig', ['@127.0.0.1', '-p', String(server.dns), ...args])
  }

  test('a static zone is what the file says, read by others', async () => {
    const options = '-q -i none -k ignore -D -s full -o - example.test'.split(' ')
    const written = await tool('named-checkzone', [...options, EXAMPLE])
    const sent = await dig('+onesoa', 'AXFR', 'example.test', '-y', KEY)
    expect(recordsIn(sent)).toEqual(recordsIn(written))
    expect(recordsIn(sent).length).toBeGreaterThan(100)
  })

  test('dig and kdig, AXFR and IXFR, agree', async () => {
    const [a, b] = [await dig('AXFR', 'nacos', '-y', KEY), await kdig('AXFR', 'nacos', '-y', KEY)]
    expect(recordsIn(a).length).toBe(recordsIn(b).length)
    expect(a).toContain('XFR size:')
    const serial = await serialOf(server.dns, 'nacos')
    expect(recordsIn(await dig(`IXFR=${serial}`, 'nacos', '-y', KEY))).toHaveLength(1)
    await new Churn(server.url, 10, 4).run(5, 1)
    await eventually(async () => expect(await serialOf(server.dns, 'nacos')).toBe(serial + 5))
    const changes = await dig(`IXFR=${serial}`, 'nacos', '-y', KEY)
    const soas = [...changes.matchAll(/\sSOA\s.*? (\d+) 3600/g)].map(([, one]) => Number(one))
    expect(soas[0]).toBe(serial + 5)
    expect(soas[1]).toBe(serial)
    expect(soas.at(-1)).toBe(serial + 5)
    const old = await kdig(`IXFR=${serial - 1_000}`, 'nacos', '-y', KEY)
    expect(recordsIn(old)).toEqual(recordsIn(await kdig('AXFR', 'nacos', '-y', KEY)))
  })

  test.each([
    ['no key', [], 'REFUSED'],
    ['a wrong secret', ['-y', WRONG], 'BADSIG'],
    ['an unknown key', ['-y', UNKNOWN], 'BADKEY'],
    ['another algorithm', ['-y', MD5], 'BADKEY'],
  ])('a stranger gets nothing: %s', async (_, key, error) => {
    for (const type of ['AXFR', 'IXFR=1']) {
      const said = await kdig('+tcp', type, 'nacos', ...key)
      expect(said).toContain(error)
      expect(recordsIn(said)).toEqual([])
    }
  })

  test('signed ordinary questions are answered and signed, over UDP and TCP', async () => {
    for (const transport of ['+notcp', '+tcp']) {
      const said = await dig(transport, 'SOA', 'nacos', '-y', KEY)
      expect(said).toContain('status: NOERROR')
      expect(said).toContain('TSIG PSEUDOSECTION')
      expect(said).not.toContain("Couldn't verify signature")
      expect(await dig(transport, 'SOA', 'nacos', '-y', WRONG)).toContain('NOTAUTH')
    }
  })

  test('over UDP: AXFR is NOTIMP, IXFR the SOA; what is no zone of ours is NOTAUTH', async () => {
    expect(await kdig('+notcp', 'AXFR', 'nacos', '-y', KEY)).toContain('NOTIMP')
    const said = await kdig('+notcp', 'IXFR=1', 'nacos', '-y', KEY)
    expect(recordsIn(said)).toHaveLength(1)
    expect(await kdig('AXFR', 'svc-1.nacos', '-y', KEY)).toContain('NOTAUTH')
    expect(await kdig('AXFR', 'other.test', '-y', KEY)).toContain('NOTAUTH')
  })

  test('without keys the network alone decides; without anything nobody may', async () => {
    const said = await tool('kdig', ['@127.0.0.1', '-p', String(open.dns), 'AXFR', 'nacos'])
    expect(recordsIn(said).length).toBeGreaterThan(2)
    const six = await tool('kdig', ['@::1', '-p', String(open.dns), 'AXFR', 'nacos'])
    expect(six).toContain('REFUSED')
    const at = ['@127.0.0.1', '-p', String(open.dns)]
    const signed = await tool('kdig', [...at, 'AXFR', 'nacos', '-y', KEY])
    expect(signed).toContain('BADKEY')
  })

  test('a file with a new serial is sent as its changes; one without it is told', async () => {
    const file = join(server.folder, 'zones', 'example.test.zone')
    const text = readFileSync(EXAMPLE, 'utf8')
    const serial = await serialOf(server.dns, 'example.test')
    writeFileSync(file, `${text}\nadded 300 IN A 192.0.2.99\n`)
    server.signal('SIGHUP')
    await server.logged('zone_serial_stuck')
    const more = `added 300 IN A 192.0.2.99\nmore 300 IN A 192.0.2.98\n`
    writeFileSync(file, `${text.replace(String(serial), String(serial + 1))}\n${more}`)
    server.signal('SIGHUP')
    await eventually(async () => {
      expect(await serialOf(server.dns, 'example.test')).toBe(serial + 1)
    })
    const changes = await dig(`IXFR=${serial}`, 'example.test', '-y', KEY)
    expect(recordsIn(changes).filter((line) => line.includes(' A '))).toEqual([
      'more.example.test. 300 IN A 192.0.2.98',
    ])
  })

  test('what happened is counted', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    for (const pattern of [
      /cairn_dns_transfers_total\{kind="axfr",result="full"\} [1-9]/,
      /cairn_dns_transfers_total\{kind="ixfr",result="delta"\} [1-9]/,
      /cairn_dns_transfers_total\{kind="ixfr",result="current"\} 1\n/,
      /cairn_dns_transfers_total\{kind="axfr",result="refused"\} 1\n/,
      /cairn_dns_tsig_failures_total\{error="badsig"\} [1-9]/,
      /cairn_dns_tsig_failures_total\{error="badkey"\} [1-9]/,
      /cairn_dns_journal_entries [1-9]/,
      /cairn_dns_transfers_running 0\n/,
    ]) {
      expect(text).toMatch(pattern)
    }
  })
})

test('wrong keys are told where they stand, and never shown', async () => {
  using folders = new DisposableStack()
  const folder = makeFolder()
  folders.defer(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'keys'), `good ${KEY_SECRET}\nbad se/cret\ngood ${KEY_SECRET}\n`)
  const flags = ['--dns.tsig-keys-file=keys', '--dns.secondaries=127.0.0.1 other']
  const { code, stderr } = await runCairn(flags, { folder })
  expect(code).toBe(78)
  expect(stderr.trim().split('\n')).toEqual([
    'keys:2:1 expected the name of a key and its secret in base64',
    'keys:3:1 the key "good." stands twice',
    'dns.secondaries "127.0.0.1 other": there is no key "other."',
  ])
  const env = { CAIRN_DNS_TSIG_KEYS: `xfr=${KEY_SECRET}` }
  const printed = await runCairn(['--print-config'], { env })
  expect(printed.stdout).toContain('# dns.tsig_keys = "********"')
  expect(printed.stdout).not.toContain(KEY_SECRET)
  const absent = await runCairn(['--dns.tsig-keys-file=none'], { folder })
  expect([absent.code, absent.stderr]).toEqual([78, 'none no such file (dns.tsig_keys_file)\n'])
})
