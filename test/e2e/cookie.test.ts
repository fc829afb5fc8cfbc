import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { makeFolder, runCairn, TestServer } from './server.ts'

const run = promisify(execFile)
const SECRET = '000102030405060708090a0b0c0d0e0f'
const OTHER = 'f0e0d0c0b0a090807060504030201000'

function has(program: string): boolean {
  return spawnSync(program, ['-V']).error === undefined
}

/**
 * `dig` with a cookie of the given octets; the cookie that came back, and what dig thinks of it.
 */
async function dig(server: TestServer, cookie: string, ...more: readonly string[]) {
  const args = ['@127.0.0.1', '-p', String(server.dns), `+cookie=${cookie}`, '+norec', ...more]
  const { stdout } = await run('dig', [...args, 'nacos', 'SOA'])
  const [, got = '', verdict = ''] = /COOKIE: ([0-9a-f]+)(?: \((\w+)\))?/.exec(stdout) ?? []
  const [, status = ''] = /status: (\w+)/.exec(stdout) ?? []
  return { got, verdict, status, stdout }
}

const CLIENT = '0123456789abcdef'

describe.skipIf(!has('dig'))('cookies (skipped without dig)', () => {
  test('dig gets a cookie, brings it back, and two members agree on it', async () => {
    const flags = ['--listen=127.0.0.1', `--dns.cookie-secret=${SECRET}`]
    await using one = await TestServer.start({ flags })
    await using two = await TestServer.start({ flags: [...flags, '--dns.bad-cookie=always'] })
    const first = await dig(one, CLIENT)
    expect(first).toMatchObject({ status: 'NOERROR', verdict: 'good' })
    expect(first.got).toMatch(/^0123456789abcdef01000000[0-9a-f]{24}$/)
    const again = await dig(two, first.got, '+nobadcookie')
    expect(again).toMatchObject({ status: 'NOERROR', got: first.got })
    const metrics = await (await fetch(`${two.url}/metrics`)).text()
    expect(metrics).toContain('cairn_dns_cookies_total{state="valid"} 1')
  }, 20_000)

  test('BADCOOKIE: dig asks again with what it was given', async () => {
    const flags = ['--listen=127.0.0.1', '--dns.bad-cookie=always']
    await using server = await TestServer.start({ flags })
    expect((await dig(server, CLIENT, '+nobadcookie')).status).toBe('BADCOOKIE')
    const retried = await dig(server, CLIENT)
    expect(retried.status).toBe('NOERROR')
    expect(retried.stdout).toMatch(/BADCOOKIE, retrying/)
    expect((await dig(server, CLIENT, '+tcp', '+nobadcookie')).status).toBe('NOERROR')
  })

  test.skipIf(!has('kdig'))('kdig +cookie asks again, too (skipped without kdig)', async () => {
    const flags = ['--listen=127.0.0.1', '--dns.bad-cookie=always']
    await using server = await TestServer.start({ flags })
    const args = ['@127.0.0.1', '-p', String(server.dns), '+cookie', '+badcookie', 'nacos', 'SOA']
    const { stdout } = await run('kdig', args)
    expect(stdout).toMatch(/COOKIE: [0-9A-F]{48}/)
    expect(stdout).toContain('status: NOERROR')
  })

  test('without a question there is a cookie all the same', async () => {
    await using server = await TestServer.start({ flags: ['--listen=127.0.0.1'] })
    const { got, status, stdout } = await dig(server, CLIENT, '+header-only')
    expect(status).toBe('NOERROR')
    expect(got).toHaveLength(48)
    expect(stdout).toContain('QUERY: 0')
  })

  test('SIGHUP: a new secret makes cookies, the one before is still believed', async () => {
    const folder = makeFolder()
    const config = join(folder, 'cairn.toml')
    const flags = ['--listen=127.0.0.1', `--config=${config}`, '--dns.bad-cookie=always']
    const write = (...secrets: readonly string[]): void =>
      writeFileSync(config, `dns.cookie_secret = ${JSON.stringify(secrets)}\n`)
    write(SECRET)
    await using server = await TestServer.start({ flags }, folder)
    const { got: old } = await dig(server, CLIENT)
    write(OTHER)
    server.signal('SIGHUP')
    const changed = await server.logged('setting_changed')
    expect(JSON.stringify(changed)).not.toMatch(new RegExp(`${SECRET}|${OTHER}`))
    await server.logged('reloaded')
    const renewed = await dig(server, old, '+nobadcookie')
    expect(renewed.status).toBe('NOERROR')
    expect(renewed.got).not.toBe(old)
    expect((await dig(server, renewed.got, '+nobadcookie')).got).toBe(renewed.got)
    expect((await dig(server, '00'.repeat(24), '+nobadcookie')).status).toBe('BADCOOKIE')
  })

  test('a random secret is replaced by SIGHUP, too', async () => {
    const flags = ['--listen=127.0.0.1', '--dns.bad-cookie=always']
    await using server = await TestServer.start({ flags })
    const { got: old } = await dig(server, CLIENT)
    server.signal('SIGHUP')
    await server.logged('reloaded')
    const renewed = await dig(server, old, '+nobadcookie')
    expect(renewed.status).toBe('NOERROR')
    expect(renewed.got).not.toBe(old)
  })
})

test('the secret is shown to nobody', async () => {
  const { stdout } = await runCairn(['server', '--print-config', `--dns.cookie-secret=${SECRET}`])
  expect(stdout).toContain('# dns.cookie_secret = "********"')
  expect(stdout).not.toContain(SECRET)
  const { code, stderr } = await runCairn(['--dns.cookie-secret=hunter2'])
  expect(code).toBe(78)
  expect(stderr).not.toContain('hunter2')
})
