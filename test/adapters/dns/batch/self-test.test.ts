import { describe, expect, test } from 'vitest'
import { CMSG, MMSGHDR, openLibc, SYS } from '../../../../src/adapters/dns/batch/libc.ts'
import type { Libc } from '../../../../src/adapters/dns/batch/libc.ts'
import { selfTest } from '../../../../src/adapters/dns/batch/self-test.ts'
import { LibcBetween } from './libc-between.ts'
import { worksHere } from './works-here.ts'

type Calls = Partial<Libc['functions']>

/** What the self-test says where the system does as `make` has it. */
function testWith(make: (between: LibcBetween) => Calls): string | undefined {
  return selfTest(() => new LibcBetween(openLibc(), make).libc)
}

/** Each header as if something of it stood where nobody looks. */
function spoilReceived(spoil: (header: DataView, between: LibcBetween) => void) {
  return (one: LibcBetween): Calls => ({
    recvmmsg: (fd, to, n, flags, timeout) => {
      const count = one.real.recvmmsg(fd, to, n, flags, timeout)
      for (let i = 0; i < count; i++) spoil(one.at(to + BigInt(i * MMSGHDR.SIZE)), one)
      return count
    },
  })
}

/** What a pointer in a header points to. */
function behind(header: DataView, field: number, one: LibcBetween): DataView {
  return one.at(header.getBigUint64(field, true))
}

function refuse(): Libc {
  throw new Error('no FFI for you')
}

// Where it does not work all tests of the engine skip: on the machine that guards changes none may.
test.runIf(process.env['CI'] === 'true')('the batched engine works on this machine', () => {
  expect(selfTest()).toBeUndefined()
})

describe.runIf(worksHere)('the self-test', () => {
  test('finds nothing wrong here', () => {
    expect(selfTest()).toBeUndefined()
  })

  test('finds nothing wrong with a system that does what it should', () => {
    expect(testWith(() => ({}))).toBeUndefined()
  })

  test('says why there are no calls', () => {
    expect(selfTest(refuse)).toBe('no FFI for you')
  })

  test.each<[string, (between: LibcBetween) => Calls, RegExp]>([
    ['no socket', (one) => ({ socket: () => one.fail(SYS.EPERM) }), /^socket: EPERM$/],
    ['no option', (one) => ({ setsockopt: () => one.fail(SYS.EPERM) }), /^setsockopt: EPERM$/],
    ['no recvmmsg', (one) => ({ recvmmsg: () => one.fail(38) }), /^IPv4: of 3 datagrams 0 came/],
    ['no right to it', (one) => ({ recvmmsg: () => one.fail(SYS.EPERM) }), /datagrams 0 came/],
    ['no sendmmsg', (one) => ({ sendmmsg: () => one.fail(38) }), /sending: errno 38$/],
    [
      'a count that is too small',
      (one) => ({ recvmmsg: (...all) => Math.min(2, one.real.recvmmsg(...all)) }),
      /of 3 datagrams 2 came/,
    ],
    [
      'a message that is sent and does not go',
      (one) => ({
        sendmmsg: (fd, from, n, flags) => 1 + one.real.sendmmsg(fd, from, n - 1, flags),
      }),
      /came$/,
    ],
    [
      'a length elsewhere',
      spoilReceived((header) => {
        header.setUint32(MMSGHDR.LENGTH + 4, header.getUint32(MMSGHDR.LENGTH, true), true)
        header.setUint32(MMSGHDR.LENGTH, 0, true)
      }),
      /a length is wrong/,
    ],
    [
      'flags elsewhere',
      spoilReceived((header) => header.setUint32(MMSGHDR.FLAGS, SYS.MSG_TRUNC, true)),
      /a length is wrong/,
    ],
    [
      'octets that came before where they are looked for',
      spoilReceived((header, one) => {
        const octets = behind(behind(header, MMSGHDR.VECTOR, one), 0, one)
        octets.setUint8(11, 0)
      }),
      /a datagram was mangled/,
    ],
    [
      'another port of the sender',
      spoilReceived((header, one) => {
        const name = behind(header, MMSGHDR.NAME, one)
        name.setUint16(2, name.getUint16(2) ^ 1)
      }),
      /a sender is wrong/,
    ],
    [
      'no word of the destination',
      spoilReceived((header) => header.setUint32(MMSGHDR.CONTROL_LENGTH, 0, true)),
      /a destination is wrong/,
    ],
    [
      'another destination',
      spoilReceived((header, one) => {
        const control = behind(header, MMSGHDR.CONTROL, one)
        for (let k = 0; k < 12; k++) control.setUint8(CMSG.DATA + k, 9)
      }),
      /a destination is wrong/,
    ],
    [
      'a write behind the slot',
      spoilReceived((header, one) => {
        behind(behind(header, MMSGHDR.VECTOR, one), 0, one).setUint8(4_096 + 64, 1)
      }),
      /memory was overwritten/,
    ],
  ])('with %s it says so', (_, make, said) => {
    expect(testWith(make)).toMatch(said)
  })

  test('does without messages that the kernel cuts up', () => {
    let refused = 0
    const fault = testWith((one) => ({
      sendmmsg: (fd, from, n, flags) => {
        if (!one.isSegmented(from)) return one.real.sendmmsg(fd, from, n, flags)
        refused++
        return one.fail(SYS.EIO)
      },
    }))
    expect(fault).toBeUndefined()
    expect(refused).toBeGreaterThan(0)
  })

  test('closes what it opened', () => {
    let open = 0
    testWith((one) => ({
      socket: (...all) => {
        open++
        return one.real.socket(...all)
      },
      close: (fd) => {
        open--
        return one.real.close(fd)
      },
      recvmmsg: () => -1,
    }))
    expect(open).toBe(0)
  })
})
