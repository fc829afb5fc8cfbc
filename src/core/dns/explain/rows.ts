import { latin1 } from '../name.ts'
import { ROW, ROW_FAMILY, SECTION, SERVICE } from '../table/layout.ts'
import type { TableMemory } from '../table/memory.ts'

/** One instance as the block of its service has it. */
export interface InstanceRow {
  /** Where its row is in the table. */
  readonly at: number
  readonly host: string
  readonly family: number
  readonly port: number
  /** The label of its cluster, as DNS spells it. */
  readonly cluster: string
  readonly weight: number
  /** Milliseconds since 1970. */
  readonly since: number
}

const UTF8 = new TextDecoder()

/** All instances of the service at `block`, answered or not. */
export function* readRows({ view, bytes }: TableMemory, block: number): Iterable<InstanceRow> {
  const count = view.getInt32(block + SERVICE.ROW_COUNT, true)
  const rows = block + view.getInt32(block + SERVICE.ROWS, true)
  for (let i = 0; i < count; i++) {
    const at = rows + i * ROW.SIZE
    const family = view.getInt32(at + ROW.FAMILY, true)
    yield {
      at,
      family,
      host: hostOf({ view, bytes }, block, at, family),
      port: view.getInt32(at + ROW.PORT, true),
      cluster: clusterOf({ view, bytes }, block, view.getInt32(at + ROW.SECTION, true)),
      weight: view.getFloat64(at + ROW.WEIGHT, true),
      since: view.getFloat64(at + ROW.SINCE, true),
    }
  }
}

type Views = Pick<TableMemory, 'view' | 'bytes'>

/** An IPv6 address as eight groups, as answers are read. */
function hostOf({ view, bytes }: Views, block: number, row: number, family: number): string {
  const host = view.getInt32(row + ROW.HOST, true)
  if (family === ROW_FAMILY.V4) {
    return [24, 16, 8, 0].map((shift) => (host >>> shift) & 255).join('.')
  }
  if (family === ROW_FAMILY.V6) {
    const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(block + host + 2 * i))
    return groups.map((group) => group.toString(16)).join(':')
  }
  return UTF8.decode(textAt(bytes, block + host))
}

/** The label of the section's cluster; empty for one that cannot be asked for. */
export function clusterOf({ view, bytes }: Views, block: number, section: number): string {
  const at = block + SERVICE.SECTIONS + section * SECTION.SIZE
  const label = view.getInt32(at + SECTION.CLUSTER, true)
  return label === 0 ? '' : latin1(textAt(bytes, block + label))
}

/** A string of the service's TXT record that begins so, without that beginning. */
export function stringOf({ view, bytes }: Views, block: number, key: string): string | undefined {
  let at = block + view.getInt32(block + SERVICE.TXT_OFFSET, true)
  const end = at + view.getInt32(block + SERVICE.TXT_BYTES, true)
  // Pointer, type, class, TTL, length.
  for (at += 12; at < end; at += 1 + (bytes[at] ?? 0)) {
    const text = UTF8.decode(textAt(bytes, at))
    if (text.startsWith(key)) return text.slice(key.length)
  }
  return undefined
}

/** A copy: `TextDecoder` reads no shared memory. */
function textAt(bytes: Uint8Array, at: number): Uint8Array {
  return Uint8Array.from(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0)))
}
