import { openLibc, SYS } from './libc.ts'

/** Of x86-64, and of arm64 with pages of 4 KiB. Where it is another size the advice is refused. */
const HUGE_PAGE = 1n << 21n

/**
 * Asks for large pages (madvise(2), transparent huge pages) under shared memory that is not touched
 * yet: names are looked up all over it, and most of what a look costs is finding the page. False
 * where the system knows no such thing or forbids it; then nothing is changed.
 */
export function adviseHugePages(buffer: SharedArrayBuffer): boolean {
  try {
    const libc = openLibc()
    const from = libc.addressOf(buffer)
    const first = (from + HUGE_PAGE - 1n) & -HUGE_PAGE
    const length = (from + BigInt(buffer.byteLength) - first) & -HUGE_PAGE
    return length > 0n && libc.functions.madvise(first, length, SYS.MADV_HUGEPAGE) === 0
  } catch {
    return false
  }
}
