import { expect, test } from 'vitest'
import { Message } from '../../../../src/core/dns/answer/message.ts'
import { EntryBuilder, EntryWriter, type Entry } from '../../../../src/core/dns/forward/entry.ts'
import { readAnswer, type AnswerRecord } from '../../../../src/core/dns/forward/read-answer.ts'
import { formatName, parseName } from '../../../../src/core/dns/name.ts'

const FRESH = { age: 0, ttl: undefined, turn: 0 }
const QUESTION = parseName('www.example.')
const OWNER = 12

function record(owner: string, type: number, data: Uint8Array): AnswerRecord {
  return { owner: parseName(owner), type, class: 1, ttl: 60, data }
}

/** Signatures of so many octets, and behind them a chain through a DNAME to an address. */
function chain(signatureBytes: number): Entry {
  const builder = new EntryBuilder()
  const signature = new Uint8Array(signatureBytes)
  builder.addAnswer(record('www.example.', 46, signature), 0, 0)
  builder.addAnswer(record('example.', 39, parseName('other.')), 0, 4)
  builder.addAnswer(record('www.example.', 5, parseName('www.other.')), 0, 0)
  builder.addAnswer(record('other.', 39, parseName('last.')), 1, 4)
  builder.addAnswer(record('www.other.', 5, parseName('www.last.')), 1, 0)
  builder.addAddresses([record('www.last.', 1, Uint8Array.of(192, 0, 2, 1))], 2)
  builder.addAuthority(record('last.', 6, new Uint8Array(22)), 2, 4)
  const entry = builder.build({ rcode: 0, isAuthentic: false, isOpen: false, ttl: 60 })
  if (entry === undefined) throw new Error('too large')
  return entry
}

/** The entry as the answer to a question, with so many octets of room. */
function write(entry: Entry, limit = 65_535): { message: Message; bytes: Uint8Array } {
  const message = new Message(new Uint8Array(65_535))
  message.begin(0, limit)
  for (const value of [1, 0x8180, 1, 0, 0, 0]) message.u16(value)
  for (const octet of QUESTION) message.u8(octet)
  message.u16(1)
  message.u16(1)
  new EntryWriter().write(message, entry, OWNER, FRESH)
  message.view.setUint16(6, message.answers)
  message.view.setUint16(8, message.authorities)
  return { message, bytes: message.bytes.subarray(0, message.at) }
}

const OWNERS = 'www.example. example. www.example. other. www.other. www.last. last.'

// Offsets above 0x3fff cannot be pointed at; before, between and behind the names of the chain.
test.each([0, 16_200, 16_270, 16_280, 16_290, 16_300, 16_310, 16_320, 16_330, 17_000, 60_000])(
  'a chain behind %s octets names the right owners',
  (signatureBytes) => {
    const { bytes, message } = write(chain(signatureBytes))
    const answer = readAnswer(bytes)
    const owners = [...(answer?.answers ?? []), ...(answer?.authorities ?? [])]
    expect(owners.map(({ owner }) => formatName(owner)).join(' ')).toBe(OWNERS)
    expect(message.isTruncated).toBe(false)
  },
)

test('names written in full count in what fits, to the octet', () => {
  const entry = chain(17_000)
  const { message } = write(entry)
  const whole = message.at
  expect(write(entry, whole).message.isTruncated).toBe(false)
  const { message: short, bytes } = write(entry, whole - 1)
  expect([short.isTruncated, short.answers, short.authorities]).toEqual([true, 0, 0])
  // Left out whole: nothing behind the question.
  expect(bytes.length).toBe(OWNER + QUESTION.length + 4)
})
