const UNDERSCORE = 0x5f

const WHY = [0x5f, 0x77, 0x68, 0x79]
const ONE = [0x5f, 0x6f, 0x6e, 0x65]
const ALL = [0x5f, 0x61, 0x6c, 0x6c]
const TCP = [0x5f, 0x74, 0x63, 0x70]
const UDP = [0x5f, 0x75, 0x64, 0x70]
/** `_c-` before a cluster's label. */
const CLUSTER = [0x5f, 0x63, 0x2d]

/**
 * The selectors before a service's name (dns.md §3.3): `_token._tcp`, then `_one` or `_all` and
 * `_c-cluster` in any order; `_why` before all asks for reasons instead of records. Fields are
 * offsets into the query's key; reused.
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
  /** The answer is to be explained, not given. */
  isWhy = false

  reset(): void {
    this.isWhy = false
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
    this.isWhy = isLabel(key, labelAt[0] ?? 0, WHY)
    const first = this.isWhy ? 1 : 0
    const isPart = first < count && isProto(key, labelAt[first] ?? 0)
    let i = isPart ? first + 1 : first
    if (!isPart && first + 1 < count && isProto(key, labelAt[first + 1] ?? 0)) {
      if (key[labelAt[first] ?? 0] === 1) return 'bad'
      this.#takeToken(key, labelAt[first] ?? 0)
      i = first + 2
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
    const isOne = isLabel(key, at, ONE)
    if (isOne || isLabel(key, at, ALL)) {
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
  return isLabel(key, at, TCP) || isLabel(key, at, UDP)
}

function isLabel(key: Uint8Array, at: number, octets: readonly number[]): boolean {
  return key[at] === octets.length && startsWith(key, at, octets)
}

function startsWith(key: Uint8Array, at: number, octets: readonly number[]): boolean {
  for (let i = 0; i < octets.length; i++) if (key[at + 1 + i] !== octets[i]) return false
  return true
}
