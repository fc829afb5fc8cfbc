import { parseIPv6 } from '../../../kernel/ip.ts'
import { TYPE } from '../protocol.ts'
import { shorten, wrong } from './fields.ts'
import type { RecordType } from './record-type.ts'
import { RdataReader } from './wire.ts'

/** RFC 3596 §2.2: sixteen octets. */
export const AAAA: RecordType = {
  name: 'AAAA',
  number: TYPE.AAAA,
  parse: (fields) => {
    const { text } = fields.take('address')
    const octets = parseIPv6(text)
    if (octets === undefined) throw wrong(`"${shorten(text)}" is not an IPv6 address`)
    return octets
  },
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    const groups = Array.from({ length: 8 }, () => reader.u16())
    reader.end()
    return formatGroups(groups)
  },
}

/** RFC 5952 §4: lower case, no leading zeros, the first longest run of zero groups as `::`. */
function formatGroups(groups: readonly number[]): string {
  const run = longestZeroRun(groups)
  const texts = groups.map((group) => group.toString(16))
  if (run.length < 2) return texts.join(':')
  return `${texts.slice(0, run.start).join(':')}::${texts.slice(run.start + run.length).join(':')}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: i + 1 - length, length }
  }
  return best
}
