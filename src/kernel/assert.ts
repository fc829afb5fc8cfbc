import { InvariantError } from './errors.ts'

/** Stays on in production: a wrong answer is worse than a restart. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError(what)
}

/** The end of a switch over a union: a new member does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${String(value)}`)
}
