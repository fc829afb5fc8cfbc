/** ", did you mean …?" with the closest of the known names, or "" when none is close. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const names = [...known]
  const most = Math.max(1, Math.floor(name.length / 3))
  const close = closest(name, names, most) ?? sameLeaf(name, names)
  return close === undefined ? '' : `, did you mean ${close}?`
}

/** The known name with the smallest edit distance, if that is at most `most`. */
export function closest(name: string, known: readonly string[], most: number): string | undefined {
  // Names from outside may be long; no setting is.
  if (name.length > 80) return undefined
  let best: string | undefined
  let bestDistance = most + 1
  for (const candidate of known) {
    const distance = editDistance(name, candidate)
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

/** `dns.lisen` → `server.listen`: the right key in the wrong section. */
function sameLeaf(name: string, known: readonly string[]): string | undefined {
  const leaf = leafOf(name)
  if (leaf === name) return undefined
  const leaves = known.map(leafOf)
  const close = closest(leaf, leaves, Math.max(1, Math.floor(leaf.length / 4)))
  const found = known.filter((candidate) => leafOf(candidate) === close)
  return found.length === 0 ? undefined : found.slice(0, 3).join(' or ')
}

function leafOf(key: string): string {
  return key.slice(key.indexOf('.') + 1)
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? (before[j - 2] ?? Infinity) + 1 : Infinity
      const replaced = (row[j - 1] ?? 0) + (isSame ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced, swapped))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
