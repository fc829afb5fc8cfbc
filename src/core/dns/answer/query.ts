import { WHOLE_COOKIE_BYTES } from '../cookie/cookies.ts'
import { OPCODE, OPTION, TYPE } from '../protocol.ts'

/** What to do with a message, before anything is looked up. */
export const VERDICT = {
  /** No answer at all. */
  DROP: 0,
  OK: 1,
  FORMERR: 2,
  /** Malformed inside the OPT's options: the answer carries an OPT. */
  FORMERR_OPT: 3,
  NOTIMP: 4,
  NOTAUTH: 5,
  BADVERS: 6,
  /** No question: the client wants a server cookie and nothing else (RFC 7873 §5.4). */
  COOKIE_ONLY: 7,
} as const

/** `QR` of the header's second word. */
const QR = 0x8000
const HEADER_BYTES = 12
/** Records read of one query: more is no query of a real client (dns.md §1.9). */
const RECORDS_MAX = 8

/**
 * One query, parsed in place into fields that are reused: no allocation, work bounded by the
 * message. The name is kept lower-cased in `key`; `labelAt` holds where its labels start.
 */
export class Query {
  id = 0
  /** The header's second word as received. */
  flags = 0
  opcode = 0
  type = 0
  class: number = 0
  /** Octets of the name, root included; 0 when there is no question. */
  nameLength = 0
  labelCount = 0
  /** End of the question section in the message; 12 when there is none. */
  questionEnd: number = HEADER_BYTES
  hasOpt = false
  udpSize = 0
  version = 0
  wantsDnssec = false
  wantsNsid = false
  wantsKeepalive = false
  wantsPadding = false
  /** Where the data of the ECS option starts in the packet, and its octets; −1: there is none. */
  ecsAt = -1
  ecsSize = 0
  /** Octets of the COOKIE option; 0 when there is none. */
  cookieSize = 0
  /** Its start; the rest is cookies of others. */
  readonly cookie: DataView = new DataView(new ArrayBuffer(WHOLE_COOKIE_BYTES))
  /** An IXFR says with an SOA in the authority section what its client has (RFC 1995 §3). */
  hasSerial = false
  serial = 0
  /** Start of the TSIG record, the message's last one; 0 when it is not signed (RFC 8945 §5.1). */
  tsigAt = 0
  readonly key: Uint8Array = new Uint8Array(264)
  readonly keyView: DataView = new DataView(this.key.buffer)
  /** Offsets in `key`; one more than there are labels: the last one is the root's. */
  readonly labelAt: Uint8Array = new Uint8Array(129)
  #optIsBad = false

  /** Parses the message in `packet[base, base + length)`; the answer is a `VERDICT`. */
  parse(packet: DataView, base: number, length: number): number {
    this.#reset()
    if (length < HEADER_BYTES) return VERDICT.DROP
    this.id = packet.getUint16(base)
    this.flags = packet.getUint16(base + 2)
    // Never answer an answer: two servers would go on for ever.
    if (this.flags & QR) return VERDICT.DROP
    this.opcode = (this.flags >> 11) & 15
    const isSound = this.#parseSections(packet, base, length)
    // The opcode comes before all else: what follows has its own format (dns.md §1.1 H10).
    if (this.opcode !== OPCODE.QUERY) {
      if (!isSound) this.hasOpt = false
      return this.opcode === OPCODE.NOTIFY ? VERDICT.NOTAUTH : VERDICT.NOTIMP
    }
    if (!isSound) return this.#optIsBad ? VERDICT.FORMERR_OPT : VERDICT.FORMERR
    if (this.hasOpt && this.version !== 0) return VERDICT.BADVERS
    return this.questionEnd > HEADER_BYTES ? VERDICT.OK : VERDICT.COOKIE_ONLY
  }

  #reset(): void {
    this.nameLength = 0
    this.labelCount = 0
    this.questionEnd = HEADER_BYTES
    this.hasOpt = false
    this.udpSize = 0
    this.version = 0
    this.ecsAt = -1
    this.wantsDnssec = false
    this.wantsNsid = false
    this.wantsKeepalive = false
    this.wantsPadding = false
    this.cookieSize = 0
    this.hasSerial = false
    this.tsigAt = 0
    this.#optIsBad = false
  }

  #parseSections(packet: DataView, base: number, length: number): boolean {
    const questions = packet.getUint16(base + 4)
    const answers = packet.getUint16(base + 6)
    const authorities = packet.getUint16(base + 8)
    const additionals = packet.getUint16(base + 10)
    if (questions > 1 || answers !== 0) return false
    let at = questions === 0 ? HEADER_BYTES : this.#parseQuestion(packet, base, length)
    if (at < 0) return false
    this.questionEnd = at
    if (authorities > (this.type === TYPE.IXFR ? 1 : 0)) return false
    if (additionals + authorities > RECORDS_MAX) return false
    for (let i = 0; i < authorities + additionals; i++) {
      at = this.#parseRecord(packet, base, at, length, i >= authorities)
      if (at < 0) return this.#fail()
    }
    // Without a question only a cookie is worth an answer (RFC 7873 §5.4).
    const isWhole = at === length && (questions === 1 || this.cookieSize > 0)
    return isWhole || this.#fail()
  }

  /** A malformed message is answered without OPT unless only an option was wrong. */
  #fail(): false {
    if (!this.#optIsBad) this.hasOpt = false
    return false
  }

  /** The end of the question, or −1. Compression has no place here: there is nothing before it. */
  #parseQuestion(packet: DataView, base: number, length: number): number {
    const { key, labelAt } = this
    let at = HEADER_BYTES
    for (;;) {
      if (at >= length) return -1
      const size = packet.getUint8(base + at)
      const end = at + 1 + size
      // 255 octets for the whole name (RFC 1035 §2.3.4); 0x40 and above are no plain labels.
      if (size > 63 || end > length || end - HEADER_BYTES > 255) return -1
      labelAt[this.labelCount] = at - HEADER_BYTES
      key[at - HEADER_BYTES] = size
      if (size === 0) break
      this.labelCount++
      for (let i = at + 1; i < end; i++) {
        const octet = packet.getUint8(base + i)
        key[i - HEADER_BYTES] = octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet
      }
      at = end
    }
    at++
    if (at + 4 > length) return -1
    this.nameLength = at - HEADER_BYTES
    this.type = packet.getUint16(base + at)
    this.class = packet.getUint16(base + at + 2)
    return at + 4
  }

  /** The end of one record, or −1. */
  #parseRecord(
    packet: DataView,
    base: number,
    start: number,
    length: number,
    isAdditional: boolean,
  ): number {
    const at = skipName(packet, base, start, length)
    if (at < 0 || at + 10 > length) return -1
    const type = packet.getUint16(base + at)
    const end = at + 10 + packet.getUint16(base + at + 8)
    if (end > length) return -1
    // What comes after a signature was not signed.
    if (this.tsigAt > 0) return -1
    if (type === TYPE.TSIG) this.tsigAt = start
    if (!isAdditional) return this.#parseSerial(packet, base, type, end - at - 10, end)
    if (type !== TYPE.OPT) return end
    // One OPT, in the additional section, owned by the root (RFC 6891 §6.1.1).
    if (this.hasOpt || at !== start + 1) return -1
    this.hasOpt = true
    this.udpSize = packet.getUint16(base + at + 2)
    this.version = packet.getUint8(base + at + 5)
    this.wantsDnssec = (packet.getUint8(base + at + 6) & 0x80) !== 0
    return this.#parseOptions(packet, base + at + 10, base + end) ? end : -1
  }

  /** The serial of an SOA that ends at `end`, or −1: nothing else may stand there. */
  #parseSerial(
    packet: DataView,
    base: number,
    type: number,
    dataBytes: number,
    end: number,
  ): number {
    // Two names of at least one octet, then five numbers (RFC 1035 §3.3.13).
    if (type !== TYPE.SOA || dataBytes < 22) return -1
    this.hasSerial = true
    this.serial = packet.getUint32(base + end - 20)
    return end
  }

  #parseOptions(packet: DataView, start: number, end: number): boolean {
    let at = start
    while (at < end) {
      if (at + 4 > end) return false
      const code = packet.getUint16(at)
      const size = packet.getUint16(at + 2)
      at += 4 + size
      if (at > end) return false
      if (code === OPTION.NSID) this.wantsNsid = true
      else if (code === OPTION.KEEPALIVE) this.wantsKeepalive = true
      else if (code === OPTION.PADDING) this.wantsPadding = true
      else if (code === OPTION.ECS) this.#takeSubnet(at - size, size)
      else if (code === OPTION.COOKIE && !this.#takeCookie(packet, at - size, size)) return false
    }
    return true
  }

  /** Read only if its sender is trusted: the first one counts. */
  #takeSubnet(start: number, size: number): void {
    if (this.ecsAt >= 0) return
    this.ecsAt = start
    this.ecsSize = size
  }

  /** The first one counts (RFC 7873 §5.2). */
  #takeCookie(packet: DataView, start: number, size: number): boolean {
    if (this.cookieSize > 0 || this.version !== 0) return true
    if (!isCookieSize(size)) {
      // RFC 7873 §5.2.2; the OPT itself was sound, so the answer has one.
      this.#optIsBad = true
      return false
    }
    this.cookieSize = size
    const kept = Math.min(size, WHOLE_COOKIE_BYTES)
    for (let i = 0; i < kept; i++) this.cookie.setUint8(i, packet.getUint8(start + i))
    return true
  }
}

/** What options of another EDNS version mean nobody knows: that is BADVERS, not FORMERR. */
function isCookieSize(size: number): boolean {
  return size === 8 || (size >= 16 && size <= 40)
}

/** The end of a name that may be compressed, or −1. Pointers are not followed: nobody needs it. */
function skipName(packet: DataView, base: number, start: number, length: number): number {
  let at = start
  while (at < length) {
    const size = packet.getUint8(base + at)
    if (size === 0) return at + 1
    if (size >= 0xc0) {
      const target = ((size & 0x3f) << 8) | (at + 1 < length ? packet.getUint8(base + at + 1) : 0)
      // Pointers point strictly backwards, past the header.
      return at + 2 <= length && target >= HEADER_BYTES && target < start ? at + 2 : -1
    }
    if (size > 63) return -1
    at += 1 + size
    if (at - start > 255) return -1
  }
  return -1
}
