/** xorshift32 (Marsaglia 2003): the order of queries is random, and the same in each run. */
export function createRng(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
}
