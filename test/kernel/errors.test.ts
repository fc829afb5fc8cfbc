import { describe, expect, test } from 'vitest'
import { assert, unreachable } from '../../src/kernel/assert.ts'
import { CairnError, InvariantError } from '../../src/kernel/errors.ts'
import { sha256 } from '../../src/kernel/hash.ts'

describe('errors', () => {
  test('a fault keeps its cause for the log', () => {
    const cause = new Error('socket hang up')
    const fault = new CairnError('unavailable', 'no quorum', { cause })
    expect(fault).toMatchObject({ code: 'unavailable', message: 'no quorum', cause })
  })

  test('a broken invariant is no fault that a front may answer', () => {
    expect(() => assert(false, 'one leader per term')).toThrow(InvariantError)
    expect(new InvariantError('x')).not.toBeInstanceOf(CairnError)
    expect(() => assert(true, 'fine')).not.toThrow()
  })

  test('a member of a union that the compiler did not see is named', () => {
    expect(() => unreachable('mongo' as never)).toThrow('unreachable: mongo')
  })
})

test('SHA-256 is the one of FIPS 180-4', () => {
  const hex = Buffer.from(sha256('abc')).toString('hex')
  expect(hex).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(sha256(new TextEncoder().encode('abc'))).toEqual(sha256('abc'))
})
