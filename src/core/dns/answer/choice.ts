/** Where the instances of an answer come from (dns.md §2.6). */
export const AREA = {
  /** Locality has no say: off, or nobody knows where the client is. */
  ANY: 0,
  LOCAL: 1,
  /** Everywhere, though the client has a cluster: that one is not well enough. */
  BEYOND: 2,
  /** Nowhere: only the client's cluster may answer, and it cannot. */
  NONE: 3,
} as const

/**
 * What was chosen for the last answer: which service, which of its sections, how many of it. The
 * answer is written from this and explained from this. One per thread, reused.
 */
export class Choice {
  /** The service's block, or 0. */
  block = 0
  /** Offset of the section that was answered, or 0. */
  section = 0
  /** Number of the section that the name selects by `_c-`; −1: no such. Counts only with `_c-`. */
  selected = -1
  /** An `AREA`. */
  area: number = AREA.ANY
  /** Number of the client's cluster's section; −1: it has none. Counts only with an area. */
  local = -1
  /** Number of the client's cluster among the localities; −1: it is in none of them. */
  cluster = -1
}
