/** What an answer is, in numbers: for its header, and for the counters. Reused. */
export class Told {
  type = 0
  rcode = 0
  answers = 0
  authorities = 0
  additionals = 0
  isTruncated = false
  /** It gives instances that are not healthy, for there were too few others. */
  isFailOpen = false
  /** Others' data, from the cache. */
  isForeign = false
  /** A trusted upstream has validated it. */
  isAuthentic = false

  /** An answer without any records. */
  reset(type: number): void {
    this.type = type
    this.rcode = 0
    this.answers = 0
    this.authorities = 0
    this.additionals = 0
    this.isTruncated = false
    this.isFailOpen = false
    this.isForeign = false
    this.isAuthentic = false
  }
}
