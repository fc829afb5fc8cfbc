import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DnsWorld } from '../core/dns/answer/world.ts'
import { formatGolden, PACKETS, parseGolden, summaryOf, toHex, type Row } from './edge-cases.ts'

const FILE = new URL('./edge-cases.golden.txt', import.meta.url)
const HEAD = `Packets of dns.md §1.10 and the answer to each over UDP. Zone: zones/example.test.zone.
A row is: its name; ">" the packet, hex; "<" a summary, then the answer, hex; of no answer only
the summary. It is compared in process and over real sockets. What changes here changes on the
wire: read the difference, then write it with UPDATE_GOLDEN=1.

`

const world = new DnsWorld()
world.loadZone(
  'example.test.',
  readFileSync(new URL('../../zones/example.test.zone', import.meta.url), 'utf8'),
)

function answered(name: string, packet: Uint8Array): Row {
  const answer = world.respond(packet)
  const hex = answer === undefined ? '' : toHex(answer)
  return { name, packet: toHex(packet), summary: summaryOf(answer), answer: hex }
}

if (process.env['UPDATE_GOLDEN'] === '1') {
  const rows = PACKETS.map(([name, packet]) => answered(name, packet))
  writeFileSync(FILE, HEAD + formatGolden(rows))
}

const rows = parseGolden(readFileSync(FILE, 'utf8'))

test('every packet has its row, and every row its packet', () => {
  const built = PACKETS.map(([name, packet]) => ({ name, packet: toHex(packet) }))
  expect(rows.map(({ name, packet }) => ({ name, packet }))).toEqual(built)
})

test.each(rows.map((row) => [row.name, row] as const))('%s', (name, row) => {
  expect(answered(name, new Uint8Array(Buffer.from(row.packet, 'hex')))).toEqual(row)
})
