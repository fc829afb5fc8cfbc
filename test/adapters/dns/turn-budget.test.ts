import { expect, test } from 'vitest'
import { TurnBudget } from '../../../src/adapters/dns/turn-budget.ts'

async function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  setImmediate(resolve)
  await promise
}

function takeAll(budget: TurnBudget): number {
  let taken = 0
  while (budget.take()) taken++
  return taken
}

test('each turn has as much as the one before', async () => {
  const budget = new TurnBudget()
  expect(takeAll(budget)).toBe(512)
  expect(budget.take()).toBe(false)
  await nextTurn()
  expect(takeAll(budget)).toBe(512)
})

test('who waits comes in the order of waiting, and not when nothing is left', async () => {
  const budget = new TurnBudget()
  takeAll(budget)
  const seen: string[] = []
  budget.defer(() => seen.push(`a ${takeAll(budget)}`))
  budget.defer(() => seen.push(`b ${takeAll(budget)}`))
  expect(seen).toEqual([])
  await nextTurn()
  expect(seen).toEqual(['a 512'])
  await nextTurn()
  expect(seen).toEqual(['a 512', 'b 512'])
})
