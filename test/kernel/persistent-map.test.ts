import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emptyMap, type PersistentMap } from '../../src/kernel/persistent-map.ts'

type Step = readonly ['set', number, number] | readonly ['delete', number]

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.tuple(fc.constant('set' as const), fc.nat(50), fc.nat(9)),
    fc.tuple(fc.constant('delete' as const), fc.nat(50)),
  ),
  { maxLength: 200 },
)

function apply(map: PersistentMap<string, number>, step: Step): PersistentMap<string, number> {
  return step[0] === 'set' ? map.set(`k${step[1]}`, step[2]) : map.delete(`k${step[1]}`)
}

describe('a persistent map', () => {
  test('holds what a plain map holds, and no step changes an older one', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const plain = new Map<string, number>()
        const history: (readonly [PersistentMap<string, number>, Map<string, number>])[] = []
        let map = emptyMap<string, number>()
        for (const step of all) {
          map = apply(map, step)
          if (step[0] === 'set') plain.set(`k${step[1]}`, step[2])
          else plain.delete(`k${step[1]}`)
          history.push([map, new Map(plain)])
        }
        for (const [then, right] of history) expect(new Map(then)).toEqual(right)
      }),
    )
  })

  test('iterates in one order for one history, so that runs can be compared', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const keys = () => [...all.reduce(apply, emptyMap<string, number>()).keys()]
        expect(keys()).toEqual(keys())
      }),
    )
  })

  test('is itself when nothing changes', () => {
    const map = emptyMap<string, number>().set('a', 1)
    expect(map.set('a', 1)).toBe(map)
    expect(map.delete('b')).toBe(map)
  })
})
