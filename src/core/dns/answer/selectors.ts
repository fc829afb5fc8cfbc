const UNDERSCORE = 0x5f

const ONE = [0x5f, 0x6f, 0x6e, 0x65]
const ALL = [0x5f, 0x61, 0x6c, 0x6c]
const TCP = [0x5f, 0x74, 0x63, 0x70]
const UDP = [0x5f, 0x75, 0x64, 0x70]
/** `_c-` before a cluster's label. */
const CLUSTER = [0x5f, 0x63, 0x2d]

/**
 * The selectors before a service's name (dns.md §3.3): `_token._tcp`, then `_one` or `_all` and
 * `_c-cluster` in any order. Fields are offsets into the query's key; reused.
 */
export class Selectors {
  /** 0: the service's own number of answers; 1: one; −1: all. */
  answers = 0
  /** Start and length of the cluster's label; length 0: no cluster is named. */
  clusterAt = 0
  clusterLength = 0
  /** Start and length of the token of `_token._tcp`; length 0: none. */
  tokenAt = 0
  tokenLength = 0
  /** The token as a port, or −1 when it is not all digits. */
  port = -1

  reset(): void {
    this.answers = 0
    this.clusterLength = 0
    this.tokenLength = 0
    this.port = -1
  }

  /** How many labels at the front start with `_`; the root is never one of them. */
  countLabels(key: Uint8Array, labelAt: Uint8Array, labels: number): number {
    let count = 0
    while (count < labels && key[(labelAt[count] ?? 0) + 1] === UNDERSCORE) count++
    return count
  }

  /**
   * `part`: the name is the end of good selectors (`_tcp.service`), so it exists but has no data.
   */
  parse(key: Uint8Array, labelAt: Uint8Array, count: number): 'good' | 'part' | 'bad' {
    const isPart = isProto(key, labelAt[0] ?? 0)
    let i = isPart ? 1 : 0
    if (!isPart && count > 1 && isProto(key, labelAt[1] ?? 0)) {
      if (key[labelAt[0] ?? 0] === 1) return 'bad'
      this.#takeToken(key, labelAt[0] ?? 0)
      i = 2
    }
    for (; i < count; i++) if (!this.#take(key, labelAt[i] ?? 0)) return 'bad'
    return isPart ? 'part' : 'good'
  }

  #takeToken(key: Uint8Array, at: number): void {
    this.tokenAt = at + 2
    this.tokenLength = (key[at] ?? 0) - 1
    let port = 0
    for (let i = 0; i < this.tokenLength; i++) {
      const digit = (key[this.tokenAt + i] ?? 0) - 0x30
      if (digit < 0 || digit > 9 || this.tokenLength > 5) return
      port = port * 10 + digit
    }
    this.port = port
  }

  #take(key: Uint8Array, at: number): boolean {
    const length = key[at] ?? 0
    const isOne = length === 4 && startsWith(key, at, ONE)
    if (isOne || (length === 4 && startsWith(key, at, ALL))) {
      if (this.answers !== 0) return false
      this.answers = isOne ? 1 : -1
      return true
    }
    if (length <= CLUSTER.length || this.clusterLength > 0 || !startsWith(key, at, CLUSTER)) {
      return false
    }
    this.clusterAt = at + 1 + CLUSTER.length
    this.clusterLength = length - CLUSTER.length
    return true
  }
}

function isProto(key: Uint8Array, at: number): boolean {
  return key[at] === 4 && (startsWith(key, at, TCP) || startsWith(key, at, UDP))
}

function startsWith(key: Uint8Array, at: number, octets: readonly number[]): boolean {
  for (let i = 0; i < octets.length; i++) if (key[at + 1 + i] !== octets[i]) return false
  return true
}
