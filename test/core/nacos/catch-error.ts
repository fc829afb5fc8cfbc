import { CairnError, type ErrorCode } from '../../../src/kernel/errors.ts'

/** The CairnError that `run` throws; anything else it throws is passed on. */
function catchError(run: () => unknown): CairnError | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof CairnError) return error
    throw error
  }
}

export function catchText(run: () => unknown): string | undefined {
  return catchError(run)?.message
}

export function catchCode(run: () => unknown): ErrorCode | undefined {
  return catchError(run)?.code
}
