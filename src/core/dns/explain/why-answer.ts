import { COUNT_CAUSES, type AnswerCount } from '../answer/answer-count.ts'
import { AREA } from '../answer/choice.ts'
import type { Chooser } from '../answer/chooser.ts'
import type { Client } from '../answer/client.ts'
import { POINTER, type Message } from '../answer/message.ts'
import { isFilteredBy } from '../answer/sections.ts'
import type { Selectors } from '../answer/selectors.ts'
import { SUBNET, type ClientSubnet } from '../locality/client-subnet.ts'
import { CLASS, TYPE } from '../protocol.ts'
import { HEADER, ROW, ROW_FAMILY, SECTION, SERVICE } from '../table/layout.ts'
import { isIn, REASONS, type Judge } from './reason.ts'
import { TextWriter, word } from './text-writer.ts'

/** Octets of a record up to its data. */
const FIXED = 12
/** Octets of the service's TXT record before its strings, the pointer included. */
const TO_STRINGS = 12
/** The first strings of that record: name, namespace, health, threshold. */
const STRINGS_TOLD = 4
/** The most that our own strings of the first record take. */
const HEAD_BYTES_MAX = 220
/** The most that the strings of an instance take, its host and its cluster left out. */
const ROW_BYTES_MAX = 100
const V6_TEXT_MAX = 41

const CLIENT = word('client=')
/** By `AREA`; nothing is said where locality has no say. */
const AREAS: readonly Uint8Array[] = ['', ' local', ' beyond', ' none'].map(word)
const CLUSTER_IS = word('cluster=')
const CAPACITY_IS = word('capacity=')
const COUNTS = { [TYPE.A]: word('A='), [TYPE.AAAA]: word('AAAA='), [TYPE.SRV]: word('SRV=') }
const TTL_IS = word('ttl=')
const SERIAL_IS = word('serial=')
const CAUSES: readonly Uint8Array[] = COUNT_CAUSES.map((cause) => word(` ${cause}`))
const IN = word('in')
const OUT = word('out')
const WEIGHT_IS = word('weight=')
const WHY_IS = word('why=')
const WHY: readonly Uint8Array[] = REASONS.map(word)
const SINCE_IS = word('since=')

export interface WhyParts {
  readonly table: DataView
  readonly message: Message
  readonly selectors: Selectors
  readonly chooser: Chooser
  readonly judge: Judge
  readonly count: AnswerCount
  readonly client: Client
  readonly subnet: ClientSubnet
  readonly strictSrv: boolean
}

/**
 * Answers `_why.<service> TXT`: one record of what was decided for this client, then one for each
 * instance, in or out, why and since when. From the same block and by the same decisions as the
 * records themselves. TTL 0. Nothing is allocated.
 */
export class WhyAnswer {
  readonly #p: WhyParts
  readonly #text: TextWriter
  readonly #words = new Uint32Array(4)

  constructor(parts: WhyParts) {
    this.#p = parts
    this.#text = new TextWriter(parts.message)
  }

  /** Always has something to say; what does not fit a datagram is truncated. */
  write(block: number, owner: number): boolean {
    const { message, selectors } = this.#p
    // Many octets for a few: nothing for addresses that may be forged.
    if (message.isMinimal || !this.#fits(block)) {
      message.isTruncated = true
      return true
    }
    this.#writeHead(block, owner)
    if (selectors.tokenLength > 0) {
      this.#writeRows(block, owner, TYPE.SRV)
    } else {
      this.#writeRows(block, owner, TYPE.A)
      this.#writeRows(block, owner, TYPE.AAAA)
    }
    return true
  }

  #fits(block: number): boolean {
    const { table, message } = this.#p
    const bytes = table.getInt32(block + SERVICE.TXT_BYTES, true)
    return bytes + FIXED + HEAD_BYTES_MAX <= message.room
  }

  #writeHead(block: number, owner: number): void {
    const { table, message, selectors, chooser } = this.#p
    const { choice } = chooser
    const text = this.#text
    const start = this.#begin(owner)
    this.#copyStrings(block)
    text.open(CLIENT)
    this.#putClient()
    text.close()
    for (const type of selectors.tokenLength > 0 ? SERVICES : ADDRESSES) {
      chooser.choose(block, type)
      this.#putCount(block, type)
    }
    if (choice.area !== AREA.ANY && choice.local >= 0) this.#putLocal(block)
    text
      .open(TTL_IS)
      .decimal(table.getInt32(block + SERVICE.TTL, true))
      .close()
    text.open(SERIAL_IS).decimal(table.getUint32(HEADER.SERIAL, true)).close()
    this.#end(start, message.at)
  }

  /** The first strings of the service's own TXT record. */
  #copyStrings(block: number): void {
    const { table, message } = this.#p
    const first = block + table.getInt32(block + SERVICE.TXT_OFFSET, true) + TO_STRINGS
    let at = first
    for (let i = 0; i < STRINGS_TOLD; i++) at += 1 + table.getUint8(at)
    message.copy(table, first, at - first)
  }

  #putClient(): void {
    const { client, subnet } = this.#p
    if (subnet.state === SUBNET.USED) {
      if (subnet.isV6) this.#text.v6(subnet.words)
      else this.#text.v4(subnet.words[0] ?? 0)
    } else if (client.v4 >= 0) {
      this.#text.v4(client.v4)
    } else if (client.isV6) {
      for (let i = 0; i < 16; i += 4) {
        const high = ((client.v6[i] ?? 0) << 8) | (client.v6[i + 1] ?? 0)
        this.#words[i >> 2] =
          high * 65_536 + ((client.v6[i + 2] ?? 0) << 8) + (client.v6[i + 3] ?? 0)
      }
      this.#text.v6(this.#words)
    }
  }

  /** Health of the client's cluster, by which it keeps its clients or lets them go. */
  #putLocal(block: number): void {
    const { table, chooser } = this.#p
    const section = block + SERVICE.SECTIONS + chooser.choice.local * SECTION.SIZE
    const label = table.getInt32(section + SECTION.CLUSTER, true)
    if (label !== 0) {
      this.#text
        .open(CLUSTER_IS)
        .counted(table, block + label)
        .close()
    }
    const capacity = table.getFloat64(section + SECTION.CAPACITY, true)
    this.#text.open(CAPACITY_IS).fraction(capacity).close()
  }

  /** `A=1/3 weights_differ`: of three addresses one per answer, and why. */
  #putCount(block: number, type: AnswerType): void {
    const { table, count, chooser, selectors } = this.#p
    const { section, area } = chooser.choice
    const size = section === 0 ? 0 : table.getInt32(section + COUNT_FIELDS[type], true)
    const text = this.#text.open(COUNTS[type])
    if (type === TYPE.SRV || size === 0) {
      text
        .decimal(selectors.answers === 1 ? Math.min(size, 1) : size)
        .char(SLASH)
        .decimal(size)
    } else {
      const octets = type === TYPE.A ? 4 : 16
      const offset = type === TYPE.A ? SECTION.A_TABLE : SECTION.AAAA_TABLE
      const addresses = block + table.getInt32(section + offset, true) + size * 8
      const flags = table.getInt32(section + SECTION.FLAGS, true)
      const wanted = count.decide(block, flags, addresses, size, octets)
      text
        .decimal(wanted)
        .char(SLASH)
        .decimal(size)
        .put(CAUSES[count.cause] ?? IN)
    }
    text.put(AREAS[area] ?? IN).close()
  }

  /** The instances that records of `type` could tell; for `A` also those without an address. */
  #writeRows(block: number, owner: number, type: AnswerType): void {
    const { table, message, selectors, chooser, strictSrv } = this.#p
    chooser.choose(block, type)
    const whole = block + SERVICE.SECTIONS
    const isFiltered = isFilteredBy(
      selectors,
      table.getInt32(whole + SECTION.FLAGS, true),
      strictSrv,
    )
    const count = table.getInt32(block + SERVICE.ROW_COUNT, true)
    const rows = block + table.getInt32(block + SERVICE.ROWS, true)
    for (let i = 0; i < count; i++) {
      const row = rows + i * ROW.SIZE
      const isV6 = table.getInt32(row + ROW.FAMILY, true) === ROW_FAMILY.V6
      if (type !== TYPE.SRV && isV6 !== (type === TYPE.AAAA)) continue
      if (this.#sizeOf(block, row) > message.room) {
        // Over TCP there is no more room to ask for: what fits is what there is.
        if (!this.#p.client.isTcp) message.isTruncated = true
        return
      }
      this.#writeRow(block, row, owner, this.#p.judge.reason(row, type, isFiltered))
    }
  }

  /** The most octets that the instance's record takes. */
  #sizeOf(block: number, row: number): number {
    const { table } = this.#p
    const family = table.getInt32(row + ROW.FAMILY, true)
    const isName = family === ROW_FAMILY.NAME || family === ROW_FAMILY.NOTHING
    const host = isName ? table.getUint8(block + table.getInt32(row + ROW.HOST, true)) : V6_TEXT_MAX
    const label = this.#labelOf(block, row)
    return FIXED + ROW_BYTES_MAX + host + (label === 0 ? 0 : table.getUint8(label))
  }

  /** Where the label of its cluster is, or 0. */
  #labelOf(block: number, row: number): number {
    const { table } = this.#p
    const number = table.getInt32(row + ROW.SECTION, true)
    const section = block + SERVICE.SECTIONS + number * SECTION.SIZE
    const label = table.getInt32(section + SECTION.CLUSTER, true)
    return label === 0 ? 0 : block + label
  }

  #writeRow(block: number, row: number, owner: number, reason: number): void {
    const { table, message } = this.#p
    const text = this.#text
    const start = this.#begin(owner)
    text.open(isIn(reason) ? IN : OUT).close()
    text.open(NOTHING)
    this.#putHost(block, row)
    text
      .char(COLON)
      .decimal(table.getInt32(row + ROW.PORT, true))
      .close()
    const label = this.#labelOf(block, row)
    if (label !== 0) text.open(CLUSTER_IS).counted(table, label).close()
    text
      .open(WEIGHT_IS)
      .fraction(table.getFloat64(row + ROW.WEIGHT, true))
      .close()
    text
      .open(WHY_IS)
      .put(WHY[reason] ?? IN)
      .close()
    text
      .open(SINCE_IS)
      .time(table.getFloat64(row + ROW.SINCE, true))
      .close()
    this.#end(start, message.at)
  }

  #putHost(block: number, row: number): void {
    const { table } = this.#p
    const host = table.getInt32(row + ROW.HOST, true)
    const family = table.getInt32(row + ROW.FAMILY, true)
    if (family === ROW_FAMILY.V4) {
      this.#text.v4(host)
    } else if (family === ROW_FAMILY.V6) {
      for (let i = 0; i < 4; i++) this.#words[i] = table.getUint32(block + host + i * 4)
      this.#text.char(OPENING).v6(this.#words).char(CLOSING)
    } else {
      this.#text.counted(table, block + host)
    }
  }

  /** A TXT record up to its data; the answer is where it starts. */
  #begin(owner: number): number {
    const { message } = this.#p
    const start = message.at
    message.u16(POINTER | owner)
    message.u16(TYPE.TXT)
    message.u16(CLASS.IN)
    message.u32(0)
    message.u16(0)
    return start
  }

  #end(start: number, end: number): void {
    const { message } = this.#p
    message.view.setUint16(message.start + start + FIXED - 2, end - start - FIXED)
    message.answers++
  }
}

const COLON = 0x3a
const SLASH = 0x2f
const OPENING = 0x5b
const CLOSING = 0x5d
const NOTHING = new Uint8Array(0)

type AnswerType = typeof TYPE.A | typeof TYPE.AAAA | typeof TYPE.SRV
const ADDRESSES: readonly AnswerType[] = [TYPE.A, TYPE.AAAA]
const SERVICES: readonly AnswerType[] = [TYPE.SRV]
const COUNT_FIELDS = {
  [TYPE.A]: SECTION.A_COUNT,
  [TYPE.AAAA]: SECTION.AAAA_COUNT,
  [TYPE.SRV]: SECTION.SRV_COUNT,
} as const
