import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ShardedMap } from '../../../../src/core/dns/compile/sharded-map.ts'

const key = fc.oneof(fc.constantFrom('', 'a', 'A', '\0', 'é'), fc.string())
const step = fc.oneof(
  fc.record({ key, value: fc.option(fc.integer(), { nil: undefined }) }),
  fc.record({ gone: key }),
)

test('it holds what a Map would hold', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new ShardedMap<number | undefined>()
      const model = new Map<string, number | undefined>()
      for (const one of steps) {
        if ('gone' in one) {
          map.delete(one.gone)
          model.delete(one.gone)
        } else {
          map.set(one.key, one.value)
          model.set(one.key, one.value)
        }
        const last = 'gone' in one ? one.gone : one.key
        expect([map.get(last), map.has(last)]).toEqual([model.get(last), model.has(last)])
      }
      for (const known of model.keys()) expect(map.get(known)).toBe(model.get(known))
    }),
  )
})
