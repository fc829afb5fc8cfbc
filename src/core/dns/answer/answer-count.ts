import { SECTION_FLAG, SERVICE } from '../table/layout.ts'
import type { Client } from './client.ts'
import type { Selectors } from './selectors.ts'

/** Records of an automatic answer when nothing speaks for a single one (dns.md §2.4 rule 4). */
const AUTO_MAX = 8
/** Addresses compared with the client's: bounds the work on huge services. */
const COMPARED_MAX = 512

/** Why an answer has as many records as it has: a closed set. */
export const COUNT_CAUSES = [
  'asked',
  'setting',
  'only_one',
  'weights_differ',
  'same_network',
  'up_to_8',
] as const
const CAUSE = { ASKED: 0, SETTING: 1, ONLY_ONE: 2, WEIGHTS: 3, NETWORK: 4, MANY: 5 } as const

/**
 * How many address records an answer gives. One alone is exact for every client; several are only
 * given where weights are equal and no client library would re-sort them (RFC 6724 rule 9).
 */
export class AnswerCount {
  /** True when the last decision was to give all there are. */
  isAll = false
  /** Of the last decision: index in `COUNT_CAUSES`. */
  cause: number = CAUSE.ASKED
  readonly #table: DataView
  readonly #client: Client
  readonly #selectors: Selectors
  /** The upper halves of our own IPv4 addresses: where a client on this machine really is. */
  readonly #localNets: readonly number[]

  constructor(table: DataView, client: Client, selectors: Selectors, localNets: readonly number[]) {
    this.#table = table
    this.#client = client
    this.#selectors = selectors
    this.#localNets = localNets
  }

  /** `size` addresses of `octets` octets stand at `addresses`; `flags` are the section's. */
  decide(block: number, flags: number, addresses: number, size: number, octets: 4 | 16): number {
    const asked = this.#selectors.answers
    const answers = asked === 0 ? this.#table.getInt32(block + SERVICE.ANSWERS, true) : asked
    this.isAll = answers < 0
    if (answers !== 0) {
      this.cause = asked === 0 ? CAUSE.SETTING : CAUSE.ASKED
      return answers < 0 ? size : Math.min(answers, size)
    }
    const uneven = octets === 4 ? SECTION_FLAG.A_UNEQUAL : SECTION_FLAG.AAAA_UNEQUAL
    if (size === 1 || flags & uneven) {
      this.cause = size === 1 ? CAUSE.ONLY_ONE : CAUSE.WEIGHTS
      return 1
    }
    const isSorted = octets === 4 ? this.#sortsV4(addresses, size) : this.#sortsV6(addresses, size)
    this.cause = isSorted ? CAUSE.NETWORK : CAUSE.MANY
    return isSorted ? 1 : Math.min(AUTO_MAX, size)
  }

  /**
   * glibc sorts by common prefix when client and candidate share a subnet; /16 is the widest guess.
   */
  #sortsV4(addresses: number, size: number): boolean {
    const { v4, isLoopback } = this.#client
    if (!isLoopback) return v4 >= 0 && this.#hasTwoIn(v4 >>> 16, addresses, size)
    for (const net of this.#localNets) if (this.#hasTwoIn(net, addresses, size)) return true
    return false
  }

  #hasTwoIn(net: number, addresses: number, size: number): boolean {
    let found = 0
    for (let i = 0; i < size && i < COMPARED_MAX; i++) {
      if (this.#table.getUint16(addresses + i * 4) === net && ++found === 2) return true
    }
    return false
  }

  /** IPv6 candidates are sorted by common prefix on any network: only equal prefixes stay fair. */
  #sortsV6(addresses: number, size: number): boolean {
    if (!this.#client.isV6 || this.#client.isLoopback) return true
    const first = this.#prefixWith(addresses)
    for (let i = 1; i < size && i < COMPARED_MAX; i++) {
      if (this.#prefixWith(addresses + i * 16) !== first) return true
    }
    return false
  }

  /** Leading bits that an address has in common with the client's. */
  #prefixWith(address: number): number {
    for (let i = 0; i < 16; i++) {
      const differing = this.#table.getUint8(address + i) ^ (this.#client.v6[i] ?? 0)
      if (differing !== 0) return i * 8 + Math.clz32(differing) - 24
    }
    return 128
  }
}
