import type { Gate } from '../../core/dns/abuse/gate.ts'
import type { Client } from '../../core/dns/answer/client.ts'
import type { FastPath } from '../../core/dns/answer/fast-path.ts'
import type { Responder } from '../../core/dns/answer/responder.ts'
import type { Reader } from '../../core/dns/table/memory.ts'
import type { Forwarding } from './forward/forwarding.ts'
import type { AnswerCounters } from './tell-answer.ts'
import type { UdpSettings } from './worker-data.ts'

/** DNS over UDP in one worker, by whatever means. */
export interface UdpEngine {
  /** Opens a socket; rejects with the system's error. The answer is the port. */
  listen(address: string, port: number): Promise<number>
  /** A socket on a wildcard answers from the address that was asked. */
  readonly canAnswerFromAny: boolean
  /** Those it listens on; a wildcard counts as one. */
  readonly addresses: readonly string[]
  close(address: string): void
  /** Counts what the kernel had no room for, where it says so. */
  tellLosses(): void
  /** Answers what the sockets hold, or as much of it as a short while allows. */
  drain(): Promise<void>
}

/** What an engine gets from its worker. */
export interface UdpShared {
  readonly reader: Reader
  readonly counters: AnswerCounters
  readonly settings: UdpSettings
  /** A responder that writes into `output`. */
  readonly respond: (output: Uint8Array) => Responder
  /** The short path, for clients that are exempt, and batches of so many. */
  readonly openFastPath: (client: Client, batch: number) => FastPath
  readonly gate: Gate
  /** Absent: names that are not ours are refused. */
  readonly forwarding?:
    | Pick<Forwarding, 'prepare' | 'isUnfinished' | 'postpone' | 'refresh'>
    | undefined
}

/** Ports of services that answer anything: two of them would talk for ever (dns.md §1.9). */
export function isReflected(port: number): boolean {
  return port === 0 || port === 7 || port === 13 || port === 17 || port === 19
}
