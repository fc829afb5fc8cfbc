/**
 * What the top-level README shows is run. Every fenced `sh` block there stands under a marker:
 *
 * - `test:start`: starts the server; what it prints must hold "ready", and SIGTERM must end it
 *   with 0. Ports and the data folder are given as flags behind what is written.
 * - `test:server needs="dig" expect="10.0.0.7"`: runs while such a server runs, with its ports put
 *   in the place of the default ones; must end with 0 and print what is expected. The blocks of one
 *   document share one server, in their order.
 * - `test:skip because="..."`: is not run, and says why.
 */
export interface Example {
  readonly kind: 'start' | 'server' | 'skip' | 'unmarked'
  readonly line: number
  readonly script: string
  /** Programs without which it is skipped. */
  readonly needs: readonly string[]
  readonly expect: string
}

const BLOCK = /(?:<!-- test:(\w+)([^>]*?)-->[ \t]*\n\s*)?^```sh\n([\s\S]*?)^```$/gm

export function parseExamples(markdown: string): readonly Example[] {
  return [...markdown.matchAll(BLOCK)].map((match) => {
    const [, kind, facts = '', script = ''] = match
    return {
      kind: kind === 'start' || kind === 'server' || kind === 'skip' ? kind : 'unmarked',
      line: markdown.slice(0, match.index).split('\n').length,
      script,
      needs: factOf(facts, 'needs').split(' ').filter(Boolean),
      expect: factOf(facts, 'expect'),
    }
  })
}

function factOf(facts: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(facts)?.[1] ?? ''
}

export interface ServerPorts {
  readonly http: number
  readonly dns: number
}

/** The example with the ports of the server that runs for it, so that no default port is used. */
export function withPorts(script: string, { http, dns }: ServerPorts): string {
  return script
    .replaceAll(/\b8848\b/g, String(http))
    .replaceAll(/\b9848\b/g, String(http + 1_000))
    .replaceAll(/\b5300\b/g, String(dns))
}
