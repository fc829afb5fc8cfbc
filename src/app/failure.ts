import { CairnError, type ErrorCode } from '../kernel/errors.ts'
import { findOwner } from './port-owner.ts'
import type { Settings } from './settings/settings.ts'

/** sysexits.h: EX_SOFTWARE, EX_TEMPFAIL, EX_NOPERM, EX_CONFIG. */
const EXIT = { INTERNAL: 70, TRY_AGAIN: 75, NOT_PERMITTED: 77, BAD_SETTINGS: 78 } as const

const EXIT_OF: Partial<Record<ErrorCode, number>> = {
  unavailable: EXIT.TRY_AGAIN,
  // Say a certificate that is none, or an engine that does not work here.
  invalid_argument: EXIT.BAD_SETTINGS,
}

export interface Failure {
  readonly text: string
  readonly exitCode: number
}

/** A port that could not be bound, and the setting that chose it. */
export class PortError extends Error {
  readonly address: string
  readonly port: number
  readonly setting: string
  /** The system's code: `EADDRINUSE`, `EACCES` … */
  readonly code: string
  readonly protocol: 'tcp' | 'udp'

  constructor(setting: string, address: string, port: number, cause: unknown) {
    const code = codeOf(cause)
    super(`${setting}: ${address}:${port}: ${code}`, { cause })
    this.name = 'PortError'
    this.setting = setting
    this.address = address
    this.port = port
    this.code = code
    // Datagram sockets are bound, stream sockets listen: Node names the call that failed.
    this.protocol = syscallOf(cause) === 'bind' ? 'udp' : 'tcp'
  }
}

/** Why the start failed, in one line, and the exit code that says what to do about it. */
export function describeFailure(error: unknown, settings: Settings): Failure {
  if (error instanceof PortError) return describePort(error)
  if (error instanceof CairnError) {
    return { text: `cairn: ${error.message}\n`, exitCode: EXIT_OF[error.code] ?? EXIT.INTERNAL }
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const name = settings.server.name
  return { text: `cairn: ${name} could not start: ${message}\n`, exitCode: EXIT.INTERNAL }
}

function describePort({ address, port, setting, code, protocol }: PortError): Failure {
  const where = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  const another = `choose another port with --${setting} (${setting})`
  switch (code) {
    case 'EADDRINUSE': {
      const by = findOwner(port, protocol) ?? 'another program'
      const text = `cairn: ${where} (${protocol.toUpperCase()}) is taken by ${by}; ${another}\n`
      return { text, exitCode: EXIT.TRY_AGAIN }
    }
    case 'EACCES':
    case 'EPERM': {
      const reason = 'may not be bound: ports below 1024 need CAP_NET_BIND_SERVICE'
      return { text: `cairn: ${where} ${reason}; or ${another}\n`, exitCode: EXIT.NOT_PERMITTED }
    }
    case 'EADDRNOTAVAIL': {
      const reason = 'is no address of this machine; see --listen (server.listen)'
      return { text: `cairn: ${address} ${reason}\n`, exitCode: EXIT.BAD_SETTINGS }
    }
    default: {
      const text = `cairn: ${where} cannot be bound: ${code} (${setting})\n`
      return { text, exitCode: EXIT.INTERNAL }
    }
  }
}

function syscallOf(error: unknown): unknown {
  return error instanceof Error && 'syscall' in error ? error.syscall : undefined
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
