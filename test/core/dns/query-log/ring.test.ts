import { expect, test } from 'vitest'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import {
  QueryLogReader,
  QueryLogWriter,
  RING_BYTES,
} from '../../../../src/core/dns/query-log/ring.ts'
import { DnsWorld, query } from '../answer/world.ts'

const MEASURED = { wallMs: 1_795_132_800_123.5, seconds: 0.000_012, bytes: 99, proto: 0 }

function ring(sample = 1): { writer: QueryLogWriter; reader: QueryLogReader } {
  const buffer = new SharedArrayBuffer(RING_BYTES)
  return {
    writer: new QueryLogWriter(buffer, sample, new SeededRng(3)),
    reader: new QueryLogReader(buffer),
  }
}

test('an answer comes out as it went in, its name escaped', () => {
  const { writer, reader } = ring()
  const world = new DnsWorld()
  world.respond(query('Or\\000d\\.er\\255.NACOS', 'AAAA'))
  expect(writer.write(world.responder, MEASURED)).toBe(true)
  expect([...reader.take()]).toEqual([
    {
      ...MEASURED,
      type: 28,
      rcode: 3,
      answers: 0,
      client: '203.0.113.5',
      name: 'Or\\000d\\.er\\255.NACOS.',
    },
  ])
  expect([...reader.take()]).toEqual([])
})

test('IPv6 clients, unknown clients, long names', () => {
  const { writer, reader } = ring()
  const world = new DnsWorld()
  world.responder.client.setV6(Uint8Array.from({ length: 16 }, (_, i) => i))
  world.respond(query(`${'\\001'.repeat(60)}.`.repeat(4), 'A'))
  writer.write(world.responder, MEASURED)
  world.responder.client.forget()
  world.respond(Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
  writer.write(world.responder, MEASURED)
  const [long, none] = [...reader.take()]
  expect(long?.client).toBe('1:203:405:607:809:a0b:c0d:e0f')
  expect(long?.name).toHaveLength(301)
  expect(long?.name.endsWith('…')).toBe(true)
  expect([none?.client, none?.name, none?.rcode]).toEqual(['', '', 1])
})

test('a reader that is behind costs entries, never the writer', () => {
  const { writer, reader } = ring()
  const world = new DnsWorld()
  world.respond(query('a.nacos', 'A'))
  const written = Array.from({ length: 300 }, (_, i) =>
    writer.write(world.responder, { ...MEASURED, bytes: i }),
  )
  expect(written.filter(Boolean)).toHaveLength(256)
  expect([...reader.take()].map(({ bytes }) => bytes)).toEqual(
    Array.from({ length: 256 }, (_, i) => i),
  )
  // Round and round.
  for (let i = 0; i < 1_000; i++) {
    expect(writer.write(world.responder, { ...MEASURED, bytes: i })).toBe(true)
    expect([...reader.take()].map(({ bytes }) => bytes)).toEqual([i])
  }
})

test.each([1, 10, 1000])('of many answers one in %i is drawn', (sample) => {
  const { writer } = ring(sample)
  let drawn = 0
  for (let i = 0; i < 200_000; i++) if (writer.isDrawn()) drawn++
  expect(drawn / (200_000 / sample)).toBeGreaterThan(0.85)
  expect(drawn / (200_000 / sample)).toBeLessThan(1.15)
})
