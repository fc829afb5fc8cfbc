import { SECTION, SECTION_FLAG, SERVICE } from '../table/layout.ts'
import type { Selectors } from './selectors.ts'

/** Number of the section whose cluster's label is `text[start, start + length)`, or −1. */
export function findSection(
  table: DataView,
  block: number,
  text: Uint8Array,
  start: number,
  length: number,
): number {
  const count = table.getInt32(block + SERVICE.SECTION_COUNT, true)
  for (let i = 0; i < count; i++) {
    const section = block + SERVICE.SECTIONS + i * SECTION.SIZE
    const label = table.getInt32(section + SECTION.CLUSTER, true)
    if (label !== 0 && isText(table, block + label, text, start, length)) return i
  }
  return -1
}

/** Whether the counted text at `at` in the table is `text[start, start + length)`. */
export function isText(
  table: DataView,
  at: number,
  text: Uint8Array,
  start: number,
  length: number,
): boolean {
  if (table.getUint8(at) !== length) return false
  for (let i = 0; i < length; i++) {
    if (table.getUint8(at + 1 + i) !== text[start + i]) return false
  }
  return true
}

/**
 * Whether `_token._tcp` chooses among the instances of a section with these flags: where none says
 * what it speaks all match a name, none a foreign port.
 */
export function isFilteredBy(selectors: Selectors, flags: number, isStrict: boolean): boolean {
  if (selectors.tokenLength === 0) return false
  return selectors.port >= 0 || isStrict || (flags & SECTION_FLAG.TOKENS) !== 0
}
