import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'

/** What dig printed of one answer; its lines are `owner TTL type data`. */
export interface Dug {
  readonly text: string
  /** `none`: nothing came. */
  readonly status: string
  readonly flags: readonly string[]
  readonly answers: readonly string[]
  readonly authority: readonly string[]
  readonly additional: readonly string[]
  /** Octets of the message. */
  readonly size: number
  /** Codes of the Extended DNS Errors (RFC 8914). */
  readonly errors: readonly number[]
}

/** Of Debian's package bind9-dnsutils. */
export const HAS_DIG: boolean = hasCommand('dig')

export function hasCommand(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}

/** Waits for dig; nothing else of this process runs meanwhile, so it cannot play a server. */
export function dig(port: number, words: string): Dug {
  return readDug(execFileSync('dig', argsOf(port, words), { encoding: 'utf8' }))
}

/** For tests that play the server that ours asks. */
export async function askDig(port: number, words: string): Promise<Dug> {
  const { stdout } = await promisify(execFile)('dig', argsOf(port, words))
  return readDug(stdout)
}

export function readDug(text: string): Dug {
  return {
    text,
    status: /status: (\w+)/.exec(text)?.[1] ?? 'none',
    flags: (/;; flags: ([\w ]*);/.exec(text)?.[1] ?? '').split(' '),
    answers: section(text, 'ANSWER'),
    authority: section(text, 'AUTHORITY'),
    additional: section(text, 'ADDITIONAL'),
    size: Number(/MSG SIZE {2}rcvd: (\d+)/.exec(text)?.[1]),
    errors: [...text.matchAll(/^; EDE: (\d+)/gm)].map(([, code]) => Number(code)),
  }
}

/** `type data` of each line. */
export function dataOf(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.split(' ').slice(2).join(' '))
}

function argsOf(port: number, words: string): readonly string[] {
  const usual = ['@127.0.0.1', '-p', String(port), '+nocookie', '+tries=1', '+time=3']
  return [...usual, ...words.split(' ')]
}

function section(text: string, name: string): readonly string[] {
  const [, body = ''] = new RegExp(`;; ${name} SECTION:\n([^]*?)(?:\n\n|\n?$)`).exec(text) ?? []
  return body
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => line.replace(/\s+(?:IN|CH)\s+/, ' ').replaceAll(/\s+/g, ' '))
}
