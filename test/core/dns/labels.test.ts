import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ancestorLabels,
  canonicalLabels,
  decodeLabel,
  encodeLabel,
  encodeService,
  FULL_NAME_MAX,
  hashLabel,
  ipLabel,
  looksLikeHashLabel,
  looksLikeInfrastructure,
  looksLikeIpLabel,
  makeAliases,
  parseIpLabel,
  serviceNames,
} from '../../../src/core/dns/labels.ts'
import { lowerName, parseName, splitLabels } from '../../../src/core/dns/name.ts'
import {
  parseGroupName,
  parseNamespaceId,
  parseServiceName,
} from '../../../src/core/registry/ids.ts'
import type { ServiceRef } from '../../../src/core/registry/state.ts'

const PROD = '6f2b0c1e-1a2b-4c3d-8e9f-001122334455'
const ALIASES = makeAliases(new Map([['shop', 'my.group']]), new Map([['Prod', PROD]]), false)

function ref(name: string, group = 'DEFAULT_GROUP', namespace = 'public'): ServiceRef {
  return {
    namespace: parseNamespaceId(namespace),
    group: parseGroupName(group),
    name: parseServiceName(name),
  }
}

/** What a client asks, below the apex and without selectors. */
function asked(presentation: string): string[] {
  const labels = splitLabels(lowerName(parseName(presentation)))
  const base = labels.findIndex((label) => !label.startsWith('_'))
  return labels.slice(base)
}

function meaning(presentation: string): string | undefined {
  return canonicalLabels(asked(presentation), ALIASES)?.join(' ')
}

function fullOf(service: ServiceRef): string | undefined {
  return serviceNames(service).full?.join(' ')
}

describe('the examples of the name scheme', () => {
  test.each<[string, ServiceRef]>([
    ['order-service', ref('order-service')],
    ['order-service.pay', ref('order-service', 'pay')],
    ['order-service.DEFAULT_GROUP.public', ref('order-service')],
    ['order-service.default.public', ref('order-service')],
    ['order-service.default.prod', ref('order-service', 'DEFAULT_GROUP', PROD)],
    [`order-service.pay.${PROD}`, ref('order-service', 'pay', PROD)],
    ['com.foo.bar.HelloService.default.public', ref('com.foo.bar.HelloService')],
    ['com--2efoo--2ebar--2ehelloservice', ref('com.foo.bar.HelloService')],
    [
      'providers--3acom.foo.helloservice--3a1.0.0--3agrp.default.public',
      ref('providers:com.foo.HelloService:1.0.0:grp'),
    ],
    [
      'providers:com.foo.HelloService:1.0.0:grp.DEFAULT_GROUP.public',
      ref('providers:com.foo.HelloService:1.0.0:grp'),
    ],
    ['order--5fservice.default.public', ref('order_service')],
    ['order_service', ref('order_service')],
    ['svc.my--2egroup.public', ref('svc', 'my.group')],
    ['svc.a--3ab', ref('svc', 'a:b')],
    ['svc--40v2', ref('svc@v2')],
    ['x--5fhidden', ref('_hidden')],
    ['a--2d-3ab', ref('a--3ab')],
    ['x--78--3ay', ref('x:y')],
    ['x.defaul--74.public', ref('x', 'default')],
    ['_c-bj.order-service.default.public', ref('order-service')],
    ['_all.order-service', ref('order-service')],
    ['_one._c-bj.order-service', ref('order-service')],
    ['_http._tcp.order-service.default.public', ref('order-service')],
    ['_8080._tcp.order-service', ref('order-service')],
    ['default_group.public', ref('default_group', 'public')],
    ['nope', ref('nope')],
  ])('%s', (presentation, service) => {
    expect(meaning(presentation)).toBe(fullOf(service))
  })

  test('a service whose label would exceed 63 octets has its hash name only', () => {
    const service = ref('a'.repeat(70))
    // Computed apart from our code: SHA-256 and base32hex of Python's standard library.
    expect(serviceNames(service)).toEqual({ hash: ['h--jlnci4hegajfo7c5sbgbvsni6f'] })
    expect(meaning('H--jlnci4hegajfo7c5sbgbvsni6F')).toBe('h--jlnci4hegajfo7c5sbgbvsni6f')
  })

  test.each([
    ['10.0.0.6', '10-0-0-6', [10, 0, 0, 6]],
    ['255.255.255.255', '255-255-255-255', [255, 255, 255, 255]],
    [
      '2001:db8::1',
      '2001-0db8-0000-0000-0000-0000-0000-0001',
      [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ],
  ])('the instance %s is named %s', (address, label, octets) => {
    expect(ipLabel(address)).toBe(label)
    expect(meaning(label)).toBe(label)
    expect(parseIpLabel(label)).toEqual(Uint8Array.from(octets))
  })

  test('each empty non-terminal of a full name has one canonical spelling', () => {
    expect(ancestorLabels(asked('default.public'))).toEqual([['default_group', 'public']])
    expect(ancestorLabels(asked('ns'))).toEqual([['public'], ['ns']])
    expect(ancestorLabels(asked('default'))).toEqual([['default'], ['default_group']])
    expect(ancestorLabels(asked('Foo--2eBar.my--2Egroup.prod'), ALIASES)).toEqual([
      ['foo', 'bar', 'my--2egroup', PROD],
    ])
    expect(ancestorLabels(asked('10-0-0-6.g.n'))).toEqual([['10-0-0-6', 'g', 'n']])
    expect(ancestorLabels(['_tcp', 'x'])).toEqual([])
  })
})

describe('which names a service gets', () => {
  test('public and DEFAULT_GROUP give all forms', () => {
    expect(serviceNames(ref('com.foo.Bar'))).toEqual({
      full: ['com', 'foo', 'bar', 'default_group', 'public'],
      group: ['com--2efoo--2ebar', 'default_group'],
      short: ['com--2efoo--2ebar'],
      hash: [hashLabel(ref('com.foo.Bar'))],
    })
  })

  test('another group has no short form, another namespace no group form', () => {
    expect(Object.keys(serviceNames(ref('a', 'pay')))).toEqual(['full', 'group', 'hash'])
    expect(Object.keys(serviceNames(ref('a', 'pay', 'dev')))).toEqual(['full', 'hash'])
  })

  test('a dotted service may be too long for one label and still have its full name', () => {
    const service = ref('com.foo.bar.baz.qux.quux.corge.grault.garply.waldo.fred')
    expect(Object.keys(serviceNames(service))).toEqual(['full', 'hash'])
  })

  test('the whole name with its apex is at most 191 octets', () => {
    const service = ref(`${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(34)}`)
    const octets = 61 + 61 + 35 + 14 + 7
    expect(serviceNames(service, FULL_NAME_MAX - octets).full).toBeDefined()
    expect(serviceNames(service, FULL_NAME_MAX - octets + 1).full).toBeUndefined()
  })

  test('the hash tells spellings apart by case', () => {
    expect(hashLabel(ref('Order'))).not.toBe(hashLabel(ref('order')))
    expect(fullOf(ref('Order'))).toBe(fullOf(ref('order')))
  })
})

describe('what is taken is escaped', () => {
  test.each([
    ['10-0-0-6', '10-0-0---36'],
    ['999-9-9-9', '999-9-9---39'],
    ['2001-0db8-0000-0000-0000-0000-0000-0001', '2001-0db8-0000-0000-0000-0000-0000-000--31'],
    ['h--4tdr4h4bk2kru1r1f2s2vv5shj', 'h--4tdr4h4bk2kru1r1f2s2vv5sh--6a'],
    // The escape of a colon makes these look like a hash.
    ['h:abcdefghijklmnopqrstuvab', 'h--3aabcdefghijklmnopqrstuva--62'],
    ['ns1', 'ns--31'],
    ['NS12', 'ns1--32'],
    ['default', 'default'],
    ['ns', 'ns'],
    ['nsx1', 'nsx1'],
  ])('service %s → %s', (name, label) => {
    expect(serviceNames(ref(name)).short).toEqual([label])
    expect(meaning(label)).toBe(fullOf(ref(name)))
    expect(decodeLabel(label)).toBe(name.toLowerCase())
  })

  test('only a service of one part can be mistaken', () => {
    expect(encodeService('foo.ns1')).toEqual(['foo', 'ns1'])
    expect(encodeService('h.abcdefghijklmnopqrstuvab')).toEqual(['h', 'abcdefghijklmnopqrstuvab'])
    expect(encodeLabel('h.abcdefghijklmnopqrstuvab', 'service')).toBe(
      'h--2eabcdefghijklmnopqrstuva--62',
    )
    expect(encodeLabel('default', 'group')).toBe('defaul--74')
    expect(encodeLabel('default', 'namespace')).toBe('default')
  })

  test('name servers, addresses and hashes are taken in the one-label form only', () => {
    expect(meaning('ns1')).toBe('ns1')
    expect(meaning('ns1.pay')).toBe('ns--31 pay public')
    expect(meaning('10-0-0-6.pay')).toBe('10-0-0---36 pay public')
  })

  test('shapes', () => {
    expect(looksLikeIpLabel('1-2-3')).toBe(false)
    expect(looksLikeIpLabel('1-2-3-4567')).toBe(false)
    expect(parseIpLabel('256-0-0-1')).toBeUndefined()
    expect(parseIpLabel('010-0-0-1')).toBeUndefined()
    expect(parseIpLabel('order')).toBeUndefined()
    expect(ipLabel('db.example.com')).toBeUndefined()
    expect(looksLikeHashLabel('h--w0000000000000000000000000')).toBe(false)
    expect(looksLikeInfrastructure('ns')).toBe(false)
  })
})

describe('any legal spelling', () => {
  test.each([
    ['Order\\.Service', 'order service default_group public'],
    ['--6frder', 'order default_group public'],
    ['x--4Frder', 'order default_group public'],
    ['order.x--64efault.public', 'order defaul--74 public'],
    ['order.default.ns', 'order default_group public'],
    ['order.shop', 'order my--2egroup public'],
    ['a--2e.b.g.n', 'a--2e--2eb g n'],
    ['a\\..b.g.n', 'a--2e--2eb g n'],
    ['caf\u00e9', 'caf--c3--a9 default_group public'],
    ['caf\\195\\169', 'caf--c3--a9 default_group public'],
    ['\\255', 'x--ff default_group public'],
    ['\\000', 'x--00 default_group public'],
  ])('%s means %s', (presentation, canonical) => {
    expect(meaning(presentation)).toBe(canonical)
  })

  test('a namespace with the id ns takes the label from public', () => {
    const aliases = makeAliases(new Map(), new Map(), true)
    expect(canonicalLabels(['a', 'g', 'ns'], aliases)).toEqual(['a', 'g', 'ns'])
  })

  test('no labels, underscores inside and overlong spellings mean nothing', () => {
    expect(canonicalLabels([])).toBeUndefined()
    expect(canonicalLabels(['a', '_b', 'g', 'n'])).toBeUndefined()
    expect(canonicalLabels([':'.repeat(16)])).toBeUndefined()
  })

  test('any octets at all are borne', () => {
    const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 63 })
    fc.assert(
      fc.property(fc.array(octets, { maxLength: 6 }), (labels) => {
        const raw = labels.map((one) => String.fromCharCode(...one).replace(/[A-Z]/g, 'a'))
        const canonical = canonicalLabels(raw)
        if (canonical !== undefined) expect(canonicalLabels(canonical)).toEqual(canonical)
        ancestorLabels(raw)
        for (const label of raw) decodeLabel(label)
      }),
      { numRuns: 2000 },
    )
  })
})

/** The characters that the grammar is about, far more often than the rest. */
const nasty = fc.constantFrom('-', '-', '-', 'x', 'X', '.', ':', '_', '3', 'a', 'F', 'z', '0', '@')
const legalService = fc
  .array(fc.oneof({ weight: 6, arbitrary: nasty }, fc.string({ unit: 'grapheme', maxLength: 1 })), {
    minLength: 1,
    maxLength: 24,
  })
  .map((characters) => characters.join(''))
  .filter((name) => isLegal(() => parseServiceName(name)))
const legalGroup = fc.stringMatching(/^[aAxX3:_.-]{1,12}$/)
const legalNamespace = fc.stringMatching(/^[aAxX3_-]{1,12}$/)

function isLegal(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false
  }
}

function fold(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

const HOST_NAME_SAFE = /^(?!-)[a-z0-9_-]+(?<!-)$/

describe('10,000 legal Nacos names', () => {
  test('what is encoded decodes to itself, case folded, in safe characters', () => {
    fc.assert(
      fc.property(legalService, legalGroup, legalNamespace, (service, group, namespace) => {
        const labels = encodeService(service)
        expect(labels.map((label) => decodeLabel(label)).join('.')).toBe(fold(service))
        const one = encodeLabel(service, 'service')
        const grp = encodeLabel(group, 'group')
        const ns = encodeLabel(namespace, 'namespace')
        expect([one, grp, ns].map((label) => decodeLabel(label))).toEqual(
          [service, group, namespace].map(fold),
        )
        for (const label of [...labels, one, grp, ns]) expect(label).toMatch(HOST_NAME_SAFE)
      }),
      { numRuns: 10_000 },
    )
  })

  test('every name that a service gets leads back to its full name', () => {
    fc.assert(
      fc.property(legalService, legalGroup, (service, group) => {
        for (const one of [ref(service), ref(service, group), ref(service, group, 'x-1')]) {
          const names = serviceNames(one)
          if (names.full === undefined) continue
          for (const form of [names.full, names.group, names.short]) {
            if (form !== undefined) expect(canonicalLabels(form)).toEqual(names.full)
          }
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('every text of up to five nasty characters has an encoding of its own', () => {
    const alphabet = ['-', 'x', '.', ':', '_', '3', 'a']
    const ofLabel = new Map<string, string>()
    const ofService = new Map<string, string>()
    let level = ['']
    for (let length = 1; length <= 5; length++) {
      level = level.flatMap((head) => alphabet.map((one) => head + one))
      for (const text of level) {
        for (const [map, encoding] of [
          [ofLabel, encodeLabel(text, 'group')],
          [ofService, encodeService(text).join('.')],
        ] as const) {
          if (map.has(encoding)) throw new Error(`${text} and ${map.get(encoding)}: ${encoding}`)
          map.set(encoding, text)
          if (!encoding.split('.').every((label) => HOST_NAME_SAFE.test(label))) {
            throw new Error(`${text}: ${encoding}`)
          }
        }
      }
    }
    expect(ofLabel.size).toBe(7 + 7 ** 2 + 7 ** 3 + 7 ** 4 + 7 ** 5)
  })
})
