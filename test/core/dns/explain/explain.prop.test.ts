import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { millis } from '../../../../src/kernel/ids.ts'
import { parseIPv4 } from '../../../../src/kernel/ip.ts'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { makeSpellings } from '../../../../src/core/dns/answer/respell.ts'
import { Explainer, type Explained } from '../../../../src/core/dns/explain/explainer.ts'
import { REASONS } from '../../../../src/core/dns/explain/reason.ts'
import type { Instance } from '../../../../src/core/registry/state.ts'
import { ref } from '../../registry/build.ts'
import { at, DnsWorld, RESPONDER } from '../answer/world.ts'

/** Random services, and every question that can be asked of them. */
const HOSTS = ['10.0.0.1', '10.0.0.2', '10.1.0.1', '192.0.2.1', '2001:db8::1', '2001:DB8:0::1']
const ODD_HOSTS = ['db.example', 'DB.example', 'no..name']
const CLUSTERS = ['bj', 'BJ', 'sh', 'DEFAULT']
const MODES = ['off', 'prefer', 'spill', 'only'] as const

const drawn = fc.record({
  ip: fc.constantFrom(...HOSTS, ...ODD_HOSTS),
  port: fc.constantFrom(80, 8080),
  cluster: fc.constantFrom(...CLUSTERS),
  weight: fc.constantFrom(0, 0.5, 1, 1, 1, 20),
  healthy: fc.boolean(),
  protocol: fc.constantFrom('', 'http', 'grpc'),
  drain: fc.constantFrom('none', 'none', 'none', 'leaving', 'drained'),
  isOff: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
  since: fc.integer({ min: 0, max: 2 ** 41 }),
})

function instanceOf(one: typeof drawn extends fc.Arbitrary<infer T> ? T : never): Instance {
  const metadata = one.protocol === '' ? {} : { metadata: { protocol: one.protocol } }
  const { port, cluster, weight, healthy } = one
  const made = at(one.ip, { port, cluster, weight, healthy, enabled: !one.isOff, ...metadata })
  const since = millis(one.since)
  if (one.drain === 'none') return { ...made, since }
  const phase = one.drain === 'leaving' ? 'leaving' : 'drained'
  return { ...made, since, drain: { by: 'operator', phase, outAt: since, clearAt: since } }
}

const world = fc.record({
  instances: fc
    .uniqueArray(drawn.map(instanceOf), { maxLength: 12, selector: ({ key }) => key })
    .map((all) => all.toSorted((a, b) => (a.key < b.key ? -1 : 1))),
  threshold: fc.constantFrom(0, 0.3, 0.7, 1),
  failOpen: fc.boolean(),
  strictSrv: fc.boolean(),
  mode: fc.constantFrom(...MODES),
  seed: fc.integer(),
})

const question = fc.record({
  selector: fc.constantFrom('', '_all.', '_one.', '_c-bj.', '_c-no.', '_http._tcp.', '_80._tcp.'),
  type: fc.constantFrom('A' as const, 'AAAA' as const, 'SRV' as const),
  client: fc.constantFrom('10.1.0.9', '10.2.0.9', '203.0.113.5', '2001:db8::9'),
})

const LOCALITIES = [
  { octets: Uint8Array.of(10, 1, 0, 0), bits: 16, cluster: 'bj' },
  { octets: Uint8Array.of(10, 2, 0, 0), bits: 16, cluster: 'nowhere' },
]

test('listed is answered or explained: nobody is both, nobody is neither', () => {
  fc.assert(
    fc.property(world, fc.array(question, { minLength: 1, maxLength: 6 }), (drawn, questions) => {
      const { instances, threshold, failOpen, strictSrv, mode, seed } = drawn
      const dns = new DnsWorld({ table: { failOpen, locality: mode } })
      dns.put(ref('s'), instances, { protectThreshold: threshold })
      const settings = { ...RESPONDER, strictSrv, localities: LOCALITIES }
      const spellings = makeSpellings(new Map(), new Map())
      const explainer = new Explainer(dns.memory, { ...settings, spellings }, new SeededRng(seed))
      for (const { selector, type, client } of questions) {
        const told = explainer.explain({ name: `${selector}s.nacos.`, type, client, isTcp: true })
        const explained = [...told.instances]
        // The same instances, each once, with its own time.
        expect(explained.map(({ since }) => since)).toEqual(instances.map(({ since }) => since))
        const expected = instances.map((one) => ruleOf(one, drawn, selector, type))
        for (const [i, one] of explained.entries()) check(one, instances[i], expected[i], type)
        const records = new Set(told.answers.map(({ data }) => identity(data, type)))
        const isIn = explained.filter((one) => one.isIn)
        expect(new Set(isIn.map((one) => hostOf(one, type)))).toEqual(records)
        if (selector === '_all.' || type === 'SRV') checkAll(explained, selector)
        if (told.decided !== undefined) expect(told.decided.ttl).toBeLessThanOrEqual(1)
      }
    }),
    { numRuns: 300 },
  )
})

interface Drawn {
  readonly instances: readonly Instance[]
  readonly threshold: number
  readonly failOpen: boolean
  readonly mode: (typeof MODES)[number]
}

/**
 * What dns.md §2.4 says of an instance by itself, in other words than the code's; '' = may be in.
 */
function ruleOf(one: Instance, drawn: Drawn, selector: string, type: string): string {
  const folded = one.cluster.toLowerCase()
  if (selector.startsWith('_c-') && selector !== `_c-${folded}.`) return 'other_cluster'
  if (!one.enabled) return 'disabled'
  if (one.weight === 0) return 'weight_zero'
  if (one.drain?.phase === 'drained') return 'drained'
  if (drawn.mode !== 'off' && !selector.startsWith('_')) return 'locality'
  if (drawn.mode !== 'off' && selector.startsWith('_one')) return 'locality'
  if (drawn.mode !== 'off' && selector.includes('_tcp')) return 'locality'
  const group = drawn.instances.filter(
    (other) =>
      (!selector.startsWith('_c-') || other.cluster.toLowerCase() === folded) &&
      other.enabled &&
      other.weight > 0 &&
      other.drain?.phase !== 'drained',
  )
  const well = group.filter(({ healthy }) => healthy).length
  const isOpen = well > 0 || drawn.threshold > 0 || drawn.failOpen
  const isProtected = isOpen && well / group.length <= drawn.threshold
  if (!one.healthy && !isProtected) return 'silent'
  const isV4 = parseIPv4(one.ip) !== undefined
  const isV6 = one.ip.includes(':')
  if (type === 'SRV') return one.ip === 'no..name' ? 'no_target' : ''
  if (!isV4 && !isV6) return 'no_address'
  return isV4 === (type === 'A') ? '' : 'wrong_family'
}

const MAY_BE_IN = ['healthy', 'leaving', 'protect_threshold', 'fail_open', 'not_chosen', 'no_room']

function check(one: Explained, of: Instance | undefined, rule = '', type = ''): void {
  expect(REASONS).toContain(one.reason)
  const isGood = ['healthy', 'leaving', 'protect_threshold', 'fail_open'].includes(one.reason)
  expect(isGood).toBe(one.isIn)
  expect(one.port).toBe(of?.port)
  if (rule === 'locality') return
  if (rule === '') expect([...MAY_BE_IN, 'other_protocol']).toContain(one.reason)
  else expect([one.reason, type]).toEqual([rule, type])
  if (of?.healthy === true && of.drain !== undefined && one.isIn) expect(one.reason).toBe('leaving')
}

/** Where all are told, a candidate is in, or the reason is one of rule and not of chance. */
function checkAll(explained: readonly Explained[], selector: string): void {
  if (selector === '_one.') return
  expect(explained.map(({ reason }) => reason)).not.toContain('not_chosen')
}

function hostOf({ host, port }: Explained, type: string): string {
  if (type !== 'SRV') return host
  const name = host.includes(':') || parseIPv4(host) !== undefined ? '' : `${host.toLowerCase()}.`
  if (name !== '') return `${port} ${name}`
  if (!host.includes(':')) return `${port} ${host.replaceAll('.', '-')}.nacos.`
  const groups = host.split(':').map((group) => group.padStart(4, '0'))
  return `${port} ${groups.join('-')}.nacos.`
}

function identity(data: string, type: string): string {
  return type === 'SRV' ? data.split(' ').slice(2).join(' ') : data
}
