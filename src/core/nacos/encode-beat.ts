import type { Millis } from '../../kernel/ids.ts'

/** Nacos' codes inside the answer to a beat; the HTTP status is 200 for both. */
const CODE = { known: 10_200, unknown: 20_404 } as const

/**
 * The answer to a beat. `clientBeatInterval` is never left out: Java 1.x reads it unchecked. On
 * `unknown` Java registers anew; `lightBeatEnabled` tells it to leave out the body from now on.
 */
export function encodeBeat(outcome: keyof typeof CODE, intervalMs: Millis): string {
  return `{"clientBeatInterval":${intervalMs},"code":${CODE[outcome]},"lightBeatEnabled":true}`
}
