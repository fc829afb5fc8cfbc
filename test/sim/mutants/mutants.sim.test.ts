import { afterAll, expect, test } from 'vitest'
import { MUTANTS } from './list.ts'
import { Plot } from './run.ts'

const plot = new Plot()
afterAll(() => plot[Symbol.dispose]())

// A simulator in which nobody has planted bugs is theatre.
test.each(MUTANTS)('the simulator finds: $name', (mutant) => {
  expect(plot.judge(mutant).kind).toBe('found')
})

test('the simulator finds nothing where nothing is planted', () => {
  expect(plot.simulate()).toEqual({ kind: 'missed' })
})
