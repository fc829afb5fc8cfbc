/**
 * The closed set of error codes. Every front owns a total map from code to its own words, so a new
 * code does not compile until every front has an answer. The table is in `src/kernel/README.md`.
 */
export const ERROR_CODES = [
  'invalid_argument',
  'unauthenticated',
  'permission_denied',
  'not_found',
  'already_exists',
  'conflict',
  'too_large',
  'overloaded',
  'not_leader',
  'unavailable',
  'timeout',
  'internal',
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

/** A fault of caller or world. Thrown by parsers and use cases, caught only at fronts. */
export class CairnError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CairnError'
    this.code = code
  }
}

/** A broken invariant: nobody catches it, the process (or the worker) ends. */
export class InvariantError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'InvariantError'
  }
}
