import { expect, test } from 'vitest'
import { Backlog } from '../../../src/adapters/dns/backlog.ts'

/** One that last looked at a time from which the tests count; it never looks by itself then. */
const START = 1e12

function make() {
  const answered: number[] = []
  let dropped = 0
  const answer = (held: number): number => answered.push(held)
  const drop = (count: number): number => (dropped += count)
  const backlog = new Backlog<number>({ answer, drop }, START)
  return { backlog, answered, dropped: () => dropped }
}

function holdMany(backlog: Backlog<number>, from: number, count: number): void {
  for (let i = 0; i < count; i++) backlog.hold(from + i)
}

test('a loop that is in time holds nothing', () => {
  const { backlog } = make()
  expect(backlog.isHolding(START + 50)).toBe(false)
  expect(backlog.isHolding(START + 60)).toBe(false)
  expect(backlog.isHolding(START + 299)).toBe(false)
})

test('after a stall the newest are answered first, the oldest dropped', () => {
  const { backlog, answered, dropped } = make()
  expect(backlog.isHolding(START + 500)).toBe(true)
  for (let turn = 0; turn < 31; turn++) {
    holdMany(backlog, turn * 32, 32)
    backlog.endTurn()
    // The socket may hold more.
    expect(backlog.isHolding(START + 501)).toBe(true)
  }
  holdMany(backlog, 992, 8)
  backlog.endTurn()
  expect(answered).toEqual(Array.from({ length: 256 }, (_, i) => 999 - i))
  expect(dropped()).toBe(744)
  expect(backlog.isHolding(START + 502)).toBe(false)
})

test('a stall with few queries loses none', () => {
  const { backlog, answered, dropped } = make()
  expect(backlog.isHolding(START + 10_000)).toBe(true)
  holdMany(backlog, 0, 31)
  backlog.endTurn()
  expect(answered).toHaveLength(31)
  expect(dropped()).toBe(0)
  expect(backlog.isHolding(START + 10_001)).toBe(false)
})

test('a flood without an end is not held for ever', () => {
  const { backlog } = make()
  let turns = 0
  for (let isHolding = backlog.isHolding(START + 500); isHolding; turns++) {
    holdMany(backlog, 0, 600)
    backlog.endTurn()
    isHolding = backlog.isHolding(START + 501)
  }
  expect(turns).toBe(512)
})
