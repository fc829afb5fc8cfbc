import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataOf, readDug, type Dug } from './dig.ts'
import { makeFolder, TestServer } from './server.ts'

/**
 * A client from elsewhere is a second address of a network namespace. It is local to the kernel
 * and on no interface, so the server does not take its network for one of its own.
 */
const STRANGER = '203.0.113.9'
const NEIGHBOUR = '10.99.0.1'
const SET_UP = `
  ip link set lo up
  ip addr add ${NEIGHBOUR}/24 dev lo
  ip route add local ${STRANGER}/32 dev lo
`
const canUnshare =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-n', 'sh', '-ec', `${SET_UP} command -v dig nsenter`]).status === 0
if (!canUnshare) console.warn('no root, unshare, ip or dig: no clients from elsewhere')

const PORT = 5300
const ZONE = '$TTL 60\n@ SOA a b 1 1h 1h 1h 60\n@ NS a\na A 192.0.2.1\n'

describe.skipIf(!canUnshare)('clients from elsewhere', () => {
  let server: TestServer
  beforeAll(async () => {
    const folder = makeFolder()
    mkdirSync(join(folder, 'zones'))
    writeFileSync(join(folder, 'zones', 'ours.example.zone'), ZONE)
    const wrapper = ['unshare', '-n', 'sh', '-ec', `${SET_UP} exec "$@"`, 'sh']
    const flags = [`--dns.port=${PORT}`, '--server.listen=0.0.0.0', '--dns.forward=127.0.0.1:9']
    server = await TestServer.start({ wrapper, flags }, folder)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  /** `from`: an address, or `address#port`. */
  function dig(from: string, words: string): Dug {
    const usual = ['-b', from, `@${NEIGHBOUR}`, '-p', String(PORT), '+tries=1', '+time=2']
    const args = ['-t', String(server.pid), '-n', 'dig', ...usual, ...words.split(' ')]
    return readDug(spawnSync('nsenter', args, { encoding: 'utf8' }).stdout)
  }

  test.each(['+notcp', '+tcp'])('dig -b, %s: our data is for all, other names are not', (how) => {
    const own = dig(STRANGER, `${how} a.ours.example`)
    expect([own.flags, dataOf(own.answers)]).toEqual([['qr', 'aa', 'rd'], ['A 192.0.2.1']])
    const foreign = dig(STRANGER, `${how} www.example`)
    expect([foreign.status, foreign.flags, foreign.errors]).toEqual(['REFUSED', ['qr', 'rd'], [18]])
    // Nobody listens where a neighbour's question is carried to.
    const carried = dig(NEIGHBOUR, `${how} www.example`)
    expect([carried.status, carried.flags]).toEqual(['SERVFAIL', ['qr', 'rd', 'ra']])
  })

  test.each([7, 13, 17, 19])('dig -b address#%i is a service that answers anything', (port) => {
    expect(dig(`${STRANGER}#${port}`, 'a.ours.example').status).toBe('none')
    expect(dig(`${STRANGER}#${port + 1}`, 'a.ours.example').status).toBe('NOERROR')
    expect(dig(`${STRANGER}#${port}`, '+tcp a.ours.example').status).toBe('NOERROR')
  })
})
