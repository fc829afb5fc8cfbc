import { describe, expect, test } from 'vitest'
import { parseName } from '../../../../src/core/dns/name.ts'
import { TYPE } from '../../../../src/core/dns/protocol.ts'
import type { TransferRule } from '../../../../src/core/dns/transfer/access.ts'
import {
  readTsig,
  TSIG_ERROR,
  TsigSigner,
  unsignedTsig,
  verifyTsig,
  type TsigKey,
} from '../../../../src/core/dns/transfer/tsig.ts'
import { TRANSFER } from '../../../../src/core/dns/answer/responder.ts'
import { readMessage } from '../answer/message-reader.ts'
import { DnsWorld, query, type QueryParts } from '../answer/world.ts'

type Rules = readonly TransferRule[]
type Keys = readonly TsigKey[]

const NOW = 1_795_000_000
const KEY = key('xfr.', 7)
const ANY_V4 = { octets: new Uint8Array(4), bits: 0, key: undefined }
/** SOA of the root with serial 9, as an IXFR bears it. */
const SOA_9 = [0, 0, TYPE.SOA, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, 0, 0, 0, 9, ...Array(16).fill(0)]

function key(name: string, seed: number): TsigKey {
  return { name: parseName(name), secret: new Uint8Array(32).fill(seed) }
}

function sign(message: Uint8Array, by: TsigKey, seconds = NOW): Uint8Array {
  return withRecord(message, new TsigSigner(by, undefined).sign(message, { seconds }))
}

function withRecord(message: Uint8Array, record: Uint8Array): Uint8Array {
  const signed = new Uint8Array(message.length + record.length)
  signed.set(message)
  signed.set(record, message.length)
  const view = new DataView(signed.buffer)
  view.setUint16(10, view.getUint16(10) + 1)
  return signed
}

function world(): DnsWorld {
  const access = { rules: [ANY_V4], keys: [KEY] }
  const made = new DnsWorld({ responder: { transfer: { access, now: () => NOW } } })
  made.loadZone('example.test.', '@ 300 SOA a b 1 2 3 4 5\n@ 300 NS ns.other.\nw 300 A 192.0.2.1')
  return made
}

function soa(how: QueryParts = {}): Uint8Array {
  return query('example.test.', 'SOA', how)
}

/** The answer's rcode and its TSIG. */
function answerTo(packet: Uint8Array) {
  const answer = world().respond(packet)
  if (answer === undefined) throw new Error('no answer')
  const { rcode, additionals, answers } = readMessage(answer)
  const isSigned = additionals.at(-1)?.type === TYPE.TSIG
  const at = answer.length - (isSigned ? lengthOf(answer) : 0)
  return {
    rcode,
    answers: answers.length,
    tsig: isSigned ? readTsig(answer, at) : undefined,
    answer,
  }
}

/** The record's length: its key's name, fixed fields, data. */
function lengthOf(answer: Uint8Array): number {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length)
  for (let at = answer.length - 20; at > 12; at--) {
    const end = at + 10 + view.getUint16(at + 8)
    const isIt = view.getUint16(at) === TYPE.TSIG && view.getUint16(at + 2) === 255
    if (isIt && end === answer.length) return answer.length - at + nameBefore(answer, at)
  }
  throw new Error('no TSIG')
}

function nameBefore(answer: Uint8Array, at: number): number {
  for (let length = 1; length < 64; length++) {
    if (answer[at - length - 1] === length - 1 && answer[at - 1] === 0) return length + 1
  }
  throw new Error('no name')
}

describe('RFC 8945', () => {
  test('a signed question gets a signed answer', () => {
    const signed = sign(soa(), KEY)
    const { rcode, tsig, answer } = answerTo(signed)
    const request = readTsig(signed, soa().length)
    expect([rcode, tsig?.error]).toEqual([0, 0])
    if (tsig === undefined) return
    expect(verifyTsig(answer, tsig, KEY, NOW, request?.mac)).toBe(TSIG_ERROR.NONE)
    expect(verifyTsig(answer, tsig, KEY, NOW)).toBe(TSIG_ERROR.BADSIG)
  })

  test.each<[string, Uint8Array, number, number]>([
    ['§5.2.1 an unknown key', sign(soa(), key('other.', 7)), TSIG_ERROR.BADKEY, 0],
    ['§5.2.2 a wrong secret', sign(soa(), key('xfr.', 8)), TSIG_ERROR.BADSIG, 0],
    ['§5.2.2 a changed question', sign(soa(), KEY).with(13, 0x66), TSIG_ERROR.BADSIG, 0],
    ['§5.2.3 an old signature', sign(soa(), KEY, NOW - 301), TSIG_ERROR.BADTIME, 32],
    ['§5.2.3 one of the future', sign(soa(), KEY, NOW + 301), TSIG_ERROR.BADTIME, 32],
  ])('%s: NOTAUTH, the error, signed only when it can be', (_, packet, error, macBytes) => {
    const { rcode, answers, tsig } = answerTo(packet)
    expect({ rcode, answers, error: tsig?.error }).toEqual({ rcode: 9, answers: 0, error })
    expect(tsig?.mac).toHaveLength(macBytes)
    if (error !== TSIG_ERROR.BADTIME) return
    // Our time in the other data, the client's in the record.
    expect(Buffer.from(tsig?.other ?? []).readUIntBE(0, 6)).toBe(NOW)
    expect(Math.abs((tsig?.seconds ?? 0) - NOW)).toBe(301)
  })

  test('a clock within the fudge is right', () => {
    expect(answerTo(sign(soa(), KEY, NOW - 300)).rcode).toBe(0)
  })

  test('§5.1 the record is the last one, and there is one', () => {
    const twice = sign(sign(soa(), KEY), KEY)
    const before = sign(soa({ counts: [1, 0, 0, 0] }), KEY)
    const opt = Uint8Array.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0])
    for (const packet of [twice, withRecord(before, opt), withRecord(before, Uint8Array.of(0))]) {
      const { rcode, tsig } = answerTo(packet)
      expect([rcode, tsig]).toEqual([1, undefined])
    }
  })

  test('§5.2.2.1 a MAC cut to half is BADTRUNC, a shorter one BADSIG', () => {
    const request = readTsig(sign(soa(), KEY), soa().length)
    if (request === undefined) throw new Error('no TSIG')
    const cut = (bytes: number) => ({ ...request, mac: request.mac.slice(0, bytes) })
    expect(verifyTsig(sign(soa(), KEY), cut(16), KEY, NOW)).toBe(TSIG_ERROR.BADTRUNC)
    expect(verifyTsig(sign(soa(), KEY), cut(15), KEY, NOW)).toBe(TSIG_ERROR.BADSIG)
    expect(verifyTsig(sign(soa(), KEY), cut(0), KEY, NOW)).toBe(TSIG_ERROR.BADSIG)
  })

  test('octets of chance are never a fault of ours', () => {
    const signed = sign(soa(), KEY)
    const one = world()
    for (let at = soa().length; at < signed.length; at++) {
      for (const octet of [0, 1, 63, 64, 192, 255]) {
        const answer = one.respond(signed.with(at, octet))
        if (answer !== undefined) expect([0, 1, 9]).toContain(readMessage(answer).rcode)
        one.respond(signed.slice(0, at))
      }
    }
  })

  test('an error record can be read back', () => {
    const request = readTsig(sign(soa(), KEY), soa().length)
    if (request === undefined) throw new Error('no TSIG')
    const record = unsignedTsig(request, TSIG_ERROR.BADSIG)
    expect(readTsig(record, 0)).toMatchObject({ error: 16, mac: new Uint8Array(0) })
  })
})

describe('who may transfer', () => {
  const axfr = query('example.test.', 'AXFR')
  const ixfr = query('example.test.', 'IXFR', { counts: [1, 0, 1, 0], tail: SOA_9 })

  function ask(packet: Uint8Array, isTcp: boolean, rules: Rules, keys: Keys): number {
    const access = { rules, keys }
    const made = new DnsWorld({ responder: { transfer: { access, now: () => NOW } } })
    made.loadZone('example.test.', '@ 300 SOA a b 1 2 3 4 5\n@ 300 NS ns.other.')
    made.responder.client.isTcp = isTcp
    made.responder.client.setV4(0x0a00_0001)
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length)
    const length = made.responder.respond(view, 0, packet.length, 0)
    return length === TRANSFER ? TRANSFER : made.responder.rcode
  }

  const TEN = { octets: Uint8Array.of(10, 0, 0, 0), bits: 8, key: undefined }
  const ELEVEN = { octets: Uint8Array.of(11, 0, 0, 0), bits: 8, key: undefined }
  const V6 = { octets: new Uint8Array(16), bits: 0, key: undefined }

  test.each<[string, Uint8Array, boolean, Rules, Keys, number]>([
    ['no rule', axfr, true, [], [], 5],
    ['another network', axfr, true, [ELEVEN, V6], [], 5],
    ['its network', axfr, true, [ELEVEN, TEN], [], TRANSFER],
    ['its network, but keys and no signature', axfr, true, [TEN], [KEY], 5],
    ['signed', sign(axfr, KEY), true, [TEN], [KEY], TRANSFER],
    ['signed by another key than the rule has', sign(axfr, KEY), true, [named('b.')], [KEY], 5],
    ['signed by the key of the rule', sign(axfr, KEY), true, [named('xfr.')], [KEY], TRANSFER],
    ['AXFR over UDP (RFC 5936 §4.2)', axfr, false, [TEN], [], 4],
    ['IXFR', ixfr, true, [TEN], [], TRANSFER],
    ['IXFR over UDP: the SOA alone (RFC 1995 §2)', ixfr, false, [TEN], [], 0],
    ['IXFR over UDP of a stranger', ixfr, false, [ELEVEN], [], 5],
    ['IXFR without a serial', query('example.test.', 'IXFR'), true, [TEN], [], 1],
    ['class ANY', query('example.test.', 'AXFR', { class: 255 }), true, [TEN], [], 5],
  ])('%s', (_, ...[packet, isTcp, rules, keys, expected]) => {
    expect(ask(packet, isTcp, rules, keys)).toBe(expected)
  })

  function named(name: string) {
    return { ...TEN, key: parseName(name) }
  }

  test('IXFR over UDP of a name where no zone begins is NOTAUTH, with nothing else', () => {
    const packet = query('w.example.test.', 'IXFR', { counts: [1, 0, 1, 0], tail: SOA_9 })
    const access = { rules: [TEN], keys: [] }
    const made = new DnsWorld({ responder: { transfer: { access, now: () => NOW } } })
    made.loadZone('example.test.', '@ 300 SOA a b 1 2 3 4 5\n@ 300 NS ns.other.\nw 300 A 192.0.2.1')
    made.responder.client.setV4(0x0a00_0001)
    const { rcode, answers, authorities } = readMessage(made.respond(packet) ?? new Uint8Array(0))
    expect({ rcode, answers, authorities }).toEqual({ rcode: 9, answers: [], authorities: [] })
  })
})
