import { expect, test } from 'vitest'
import { describeFailure, PortError } from '../../src/app/failure.ts'
import { readSettings } from '../../src/app/settings/read.ts'
import { CairnError } from '../../src/kernel/errors.ts'

const { settings } = readSettings(
  { file: undefined, env: {}, flags: [] },
  { name: 'vm1', cores: 2 },
)

function refused(code: string, syscall: string): Error {
  return Object.assign(new Error(code), { code, syscall })
}

// Port 1 is nobody's: the owner cannot be found.
test.each([
  [
    new PortError('http.port', '127.0.0.1', 1, refused('EADDRINUSE', 'listen')),
    75,
    '127.0.0.1:1 (TCP) is taken by another program; choose another port with --http.port (http.port)',
  ],
  [
    new PortError('dns.port', '::1', 1, refused('EADDRINUSE', 'bind')),
    75,
    '[::1]:1 (UDP) is taken by another program; choose another port with --dns.port (dns.port)',
  ],
  [
    new PortError('dns.port', '127.0.0.1', 53, refused('EACCES', 'bind')),
    77,
    '127.0.0.1:53 may not be bound: ports below 1024 need CAP_NET_BIND_SERVICE; or choose another port with --dns.port (dns.port)',
  ],
  [
    new PortError('http.port', '192.0.2.1', 8848, refused('EADDRNOTAVAIL', 'listen')),
    78,
    '192.0.2.1 is no address of this machine; see --listen (server.listen)',
  ],
  [
    new PortError('http.port', '127.0.0.1', 8848, refused('EMFILE', 'listen')),
    70,
    '127.0.0.1:8848 cannot be bound: EMFILE (http.port)',
  ],
  [new CairnError('unavailable', 'dns: no'), 75, 'dns: no'],
  [new CairnError('internal', 'a DNS worker ended'), 70, 'a DNS worker ended'],
])('%s ends with %d and one line', (error, exitCode, line) => {
  expect(describeFailure(error, settings)).toEqual({ exitCode, text: `cairn: ${line}\n` })
})

test('what nobody foresaw is told with its stack', () => {
  const { text, exitCode } = describeFailure(new TypeError('oops'), settings)
  expect(exitCode).toBe(70)
  expect(text).toMatch(/^cairn: vm1 could not start: TypeError: oops\n +at /)
})
