import { describe, expect, test } from 'vitest'
import { parseName, prefixName } from '../../../../src/core/dns/name.ts'
import { TYPE } from '../../../../src/core/dns/protocol.ts'
import { packError, packMessages } from '../../../../src/core/dns/transfer/messages.ts'
import { makeNotify, readNotifyAnswer } from '../../../../src/core/dns/transfer/notify.ts'
import {
  readTransferRequest,
  type TransferRequest,
} from '../../../../src/core/dns/transfer/request.ts'
import { TsigSigner, type TsigKey } from '../../../../src/core/dns/transfer/tsig.ts'
import type { ZoneRecord } from '../../../../src/core/dns/zone/state.ts'
import { readMessage } from '../answer/message-reader.ts'
import { query } from '../answer/world.ts'

const NOW = 1_795_000_000
const APEX = parseName('example.test.')
const KEY: TsigKey = { name: parseName('xfr.'), secret: new Uint8Array(32).fill(7) }

function request(edns?: number): TransferRequest {
  const how = { id: 77, ...(edns === undefined ? {} : { edns }) }
  const read = readTransferRequest(query('eXample.test.', 'AXFR', how))
  if (read === undefined) throw new Error('not a request')
  return read
}

function text(label: string, octets: number): ZoneRecord {
  const rdata = new Uint8Array(octets).fill(0x61)
  for (let i = 0; i < octets; i += 256) rdata[i] = Math.min(255, octets - i - 1)
  return { owner: prefixName([label], APEX), type: TYPE.TXT, ttl: 5, rdata }
}

function pack(records: Iterable<ZoneRecord>, edns?: number, signer?: TsigSigner): Uint8Array[] {
  return [...packMessages(records, { request: request(edns), signer, now: () => NOW })]
}

/** Without the two octets of length, which must be right. */
function body(message: Uint8Array): Uint8Array {
  expect((message[0] ?? 0) * 256 + (message[1] ?? 0)).toBe(message.length - 2)
  return message.slice(2)
}

describe('packing', () => {
  test('messages are full, have the question, and every record once, in order', () => {
    const records = Array.from({ length: 3_000 }, (_, i) => text(`n${i >> 1}`, 20))
    const read = pack(records).map(body).map(readMessage)
    const owners = read.flatMap(({ answers }) => answers.map(({ owner }) => owner))
    expect(owners).toEqual(records.map((_, i) => `n${i >> 1}.eXample.test.`))
    for (const { id, isAuthoritative, question, rcode, length } of read) {
      expect({ id, isAuthoritative, rcode }).toEqual({ id: 77, isAuthoritative: true, rcode: 0 })
      expect(question[0]?.name).toBe('eXample.test.')
      expect(length).toBeLessThanOrEqual(16_384)
    }
    expect(read.slice(0, -1).every(({ length }) => length > 16_300)).toBe(true)
  })

  test('the OPT stands in the first message, if the question had one', () => {
    const records = Array.from({ length: 2_000 }, (_, i) => text(`n${i}`, 20))
    const [first, ...others] = pack(records, 4096).map(body).map(readMessage)
    expect(first?.opt).toMatchObject({ udpSize: 1232, version: 0 })
    expect(others.every(({ opt }) => opt === undefined)).toBe(true)
  })

  test('a record larger than a message of 16 KiB has its own; one that fits none is told', () => {
    const read = pack([text('a', 9), text('b', 40_000), text('c', 9)])
      .map(body)
      .map(readMessage)
    expect(read.map(({ answers }) => answers.length)).toEqual([1, 1, 1])
    expect(() => pack([text('a', 65_500)])).toThrow('too large')
  })

  test('every message is signed, the later ones over the one before (RFC 8945 §5.3.1)', () => {
    const records = Array.from({ length: 2_000 }, (_, i) => text(`n${i}`, 20))
    const messages = pack(records, 4096, new TsigSigner(KEY, new Uint8Array(32)))
    for (const message of messages.map(body).map(readMessage)) {
      expect(message.additionals.at(-1)?.type).toBe(TYPE.TSIG)
      expect(message.length).toBeLessThanOrEqual(16_384)
    }
    const tampered = pack(
      records.with(0, text('x', 20)),
      4096,
      new TsigSigner(KEY, new Uint8Array(32)),
    )
    expect(tampered.at(-1)?.slice(-40)).not.toEqual(messages.at(-1)?.slice(-40))
  })

  test('no records and a reason', () => {
    const { rcode, answers, isAuthoritative } = readMessage(
      body(packError(9, { request: request(), signer: undefined, now: () => NOW })),
    )
    expect({ rcode, answers, isAuthoritative }).toEqual({
      rcode: 9,
      answers: [],
      isAuthoritative: false,
    })
  })
})

describe('requests', () => {
  test('an IXFR tells its serial', () => {
    const soa = [0, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, 0, 1, 0, 2, ...Array<number>(16).fill(0)]
    const packet = query('Example.test.', 'IXFR', { counts: [1, 0, 1, 0], tail: soa })
    const read = readTransferRequest(packet)
    expect(read).toMatchObject({ kind: 'ixfr', serial: 65_538, zone: '\x07example\x04test\0' })
  })

  test('other questions are none', () => {
    expect(readTransferRequest(query('example.test.', 'SOA'))).toBeUndefined()
    expect(readTransferRequest(new Uint8Array(3))).toBeUndefined()
  })
})

function answerTo(message: Uint8Array, flags = 0xa400): Uint8Array {
  const answer = message.slice()
  new DataView(answer.buffer).setUint16(2, flags)
  return answer
}

describe('NOTIFY (RFC 1996)', () => {
  test('asks for the SOA of the zone with AA set', () => {
    const { message } = makeNotify(APEX, 5, undefined, NOW)
    const { id, opcode, isAuthoritative, question } = readMessage(message)
    expect({ id, opcode, isAuthoritative }).toEqual({ id: 5, opcode: 4, isAuthoritative: true })
    expect(question).toEqual([{ name: 'example.test.', type: TYPE.SOA, class: 1 }])
  })

  test.each([
    ['an answer', 0xa400, 'acknowledged'],
    ['REFUSED', 0xa405, 'refused'],
    ['NOTIMP', 0xa404, 'refused'],
    ['a question', 0x2400, undefined],
    ['an answer to a query', 0x8400, undefined],
  ])('%s', (_, flags, verdict) => {
    const notify = makeNotify(APEX, 5, undefined, NOW)
    expect(readNotifyAnswer(answerTo(notify.message, flags), notify, NOW)).toBe(verdict)
  })

  test('an answer to another one is none', () => {
    const notify = makeNotify(APEX, 5, undefined, NOW)
    const other = makeNotify(APEX, 6, undefined, NOW)
    const elsewhere = makeNotify(parseName('exomple.test.'), 5, undefined, NOW)
    expect(readNotifyAnswer(answerTo(other.message), notify, NOW)).toBeUndefined()
    expect(readNotifyAnswer(answerTo(elsewhere.message), notify, NOW)).toBeUndefined()
    expect(readNotifyAnswer(new Uint8Array(4), notify, NOW)).toBeUndefined()
  })

  test('with a key only a signed answer counts', () => {
    const notify = makeNotify(APEX, 5, KEY, NOW)
    const plain = makeNotify(APEX, 5, undefined, NOW)
    expect(readNotifyAnswer(answerTo(plain.message), notify, NOW)).toBeUndefined()
    const answer = answerTo(plain.message)
    const record = new TsigSigner(KEY, notify.mac).sign(answer, { seconds: NOW })
    const signed = Uint8Array.from([...answer, ...record])
    signed[11] = 1
    expect(readNotifyAnswer(signed, notify, NOW)).toBe('acknowledged')
    expect(readNotifyAnswer(signed, notify, NOW + 1_000)).toBeUndefined()
    expect(readNotifyAnswer(signed.with(signed.length - 1, 1), notify, NOW)).toBeUndefined()
  })
})
