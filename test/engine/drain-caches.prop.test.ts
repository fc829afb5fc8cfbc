import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { millis } from '../../src/kernel/ids.ts'
import { LEAVING_TTL } from '../../src/core/dns/compile/answer-policy.ts'
import { DEFAULT_SETTINGS } from '../../src/core/registry/state.ts'
import { createMember } from '../../src/engine/member.ts'
import type { ZonePublisher } from '../../src/engine/ports.ts'
import { DnsWorld } from '../core/dns/answer/world.ts'
import { instance, ref } from '../core/registry/build.ts'
import { SimClock } from '../sim/clock.ts'

const ORDERS = ref('orders')
const GOING = instance(1, { kind: 'persistent' })
const STAYING = instance(2, { kind: 'persistent' })

/** A cache in virtual time: how late answers reach it, and when it asks. */
interface Cache {
  readonly flightMs: number
  /** It counts whole seconds, in its favour. */
  readonly rounds: boolean
  readonly asksAt: number
}

const cache: fc.Arbitrary<Cache> = fc.record({
  flightMs: fc.integer({ min: 0, max: 1_000 }),
  rounds: fc.boolean(),
  asksAt: fc.integer({ min: 0, max: 60_000 }),
})

const script = fc.record({
  caches: fc.array(cache, { minLength: 1, maxLength: 8 }),
  /** TTLs that the service has had; the last one holds when the drain begins. */
  ttls: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 3 }),
  drainAt: fc.integer({ min: 0, max: 40_000 }),
})

/** A member whose answers come from a real table, all on one simulated clock. */
function build() {
  const clock = new SimClock()
  const dns = new DnsWorld()
  const zones: ZonePublisher = {
    publish(touched, snapshot) {
      for (const one of touched) dns.table.publish(one, snapshot)
      dns.table.settle(snapshot.revision)
    },
  }
  const telemetry = { event: () => undefined, count: () => undefined }
  const limits = { instancesPerServiceMax: 10, servicesPerNamespaceMax: 10 }
  const health = { expireInstances: true, emptyServiceMs: millis(60_000) }
  return { clock, dns, member: createMember({ clock, zones, telemetry }, { limits, health }) }
}

test('after the instant that was told no cache holds the instance, whatever it had', () => {
  fc.assert(
    fc.property(script, ({ caches, ttls, drainAt }) => {
      const { clock, dns, member } = build()
      member.naming.register(ORDERS, GOING)
      member.naming.register(ORDERS, STAYING)
      const setTtl = (ttl: number): void => {
        const metadata = new Map([['dns.ttl', String(ttl)]])
        member.naming.updateService(ORDERS, { ...DEFAULT_SETTINGS, metadata })
      }
      setTtl(ttls[0] ?? 0)
      for (const [i, ttl] of ttls.entries())
        clock.at((drainAt / ttls.length) * i, () => setTtl(ttl))
      let heldUntil = 0
      const ask = ({ flightMs, rounds, asksAt }: Cache): void => {
        const { answers } = dns.ask('_all.orders.nacos')
        const ttlMs = (answers[0]?.ttl ?? 0) * 1_000 + (rounds ? 999 : 0)
        const isHeld = answers.some(({ data }) => data === '10.0.0.1')
        const until = clock.now() + flightMs + ttlMs
        if (isHeld) heldUntil = Math.max(heldUntil, clock.wall() + flightMs + ttlMs)
        // As soon as it is out of date it is fetched again: the worst that a cache can do.
        if (isHeld)
          clock.at(Math.max(until, clock.now() + 1), () => ask({ flightMs, rounds, asksAt }))
      }
      for (const one of caches) clock.at(one.asksAt, () => ask(one))
      clock.pass(drainAt)
      const drain = member.naming.drain(ORDERS, GOING.key)
      expect(dns.ask('orders.nacos').answers[0]?.ttl).toBeLessThanOrEqual(LEAVING_TTL)
      clock.pass(200_000)
      expect(dns.look('_all.orders.nacos')).toBe('10.0.0.2')
      expect(heldUntil).toBeLessThanOrEqual(drain?.clearAt ?? 0)
      member[Symbol.dispose]()
    }),
    { numRuns: 200 },
  )
})
