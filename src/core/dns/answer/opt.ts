import { EDE, OPTION, TYPE } from '../protocol.ts'
import { WHOLE_COOKIE_BYTES, type Cookies } from '../cookie/cookies.ts'
import type { ClientSubnet } from '../locality/client-subnet.ts'
import type { Client } from './client.ts'
import type { Message } from './message.ts'
import type { Query } from './query.ts'

const OPT_BYTES = 11
const OPTION_HEADER = 4
/** RFC 8467 §4.1: answers are padded to multiples of this. */
const PADDED_BYTES = 468

export interface OptSettings {
  /** What we advertise, and the most we send over UDP. */
  readonly udpSize: number
  /** Answer to NSID (RFC 5001): the member's name. */
  readonly nsid: Uint8Array
  /** Units of 100 ms (RFC 7828). */
  readonly keepalive: number
  /** Absent: cookies are ignored. */
  readonly cookies: Cookies | undefined
  /** The client's network, as far as it is told back (RFC 7871). */
  readonly subnet: ClientSubnet
}

const UTF8 = new TextEncoder()
/** Words of ours for code 0, by the upper half of an `EDE`. */
const EDE_TEXTS: readonly Uint8Array[] = [
  '',
  'answered from beyond the local cluster',
  'no local instance, and only local ones may answer',
].map((text) => UTF8.encode(text))

/** The OPT record of answers (RFC 6891): present if and only if the query had a sound one. */
export class OptWriter {
  readonly #settings: OptSettings

  constructor(settings: OptSettings) {
    this.#settings = settings
  }

  /** Octets to keep free for what this query will get, an EDE excepted. */
  reserve(query: Query, client: Client): number {
    if (!query.hasOpt) return 0
    const nsid = query.wantsNsid ? OPTION_HEADER + this.#settings.nsid.length : 0
    return OPT_BYTES + nsid + this.#tail(query, client)
  }

  /** Octets of the shortest OPT that this query can get. */
  least(query: Query, client: Client): number {
    return query.hasOpt ? OPT_BYTES + this.#tail(query, client) : 0
  }

  /** Octets of what must not be left out. */
  #tail(query: Query, client: Client): number {
    const cookie = this.#hasCookie(query) ? OPTION_HEADER + WHOLE_COOKIE_BYTES : 0
    const keepalive = query.wantsKeepalive && client.isTcp ? OPTION_HEADER + 2 : 0
    const { bytes } = this.#settings.subnet
    return (
      bytes + cookie + keepalive + (query.wantsPadding && client.isEncrypted ? OPTION_HEADER : 0)
    )
  }

  #hasCookie(query: Query): boolean {
    return query.cookieSize > 0 && this.#settings.cookies !== undefined
  }

  /** `extended` is the whole rcode: its upper eight bits go here. */
  write(message: Message, query: Query, client: Client, extended: number, ede: number): void {
    const { udpSize, nsid } = this.#settings
    message.u8(0)
    message.u16(TYPE.OPT)
    message.u16(udpSize)
    message.u8(extended >> 4)
    message.u8(0)
    // Only DO is copied; all other flags are zero (RFC 6891 §6.1.4).
    message.u16(query.wantsDnssec ? 0x8000 : 0)
    const lengthAt = message.at
    message.u16(0)
    // A long name may not fit a small datagram, and nobody needs it there.
    const tail = this.#tail(query, client)
    if (query.wantsNsid && OPTION_HEADER + nsid.length + tail <= message.room) {
      message.u16(OPTION.NSID)
      message.u16(nsid.length)
      for (const octet of nsid) message.u8(octet)
    }
    if (this.#settings.subnet.bytes > 0) this.#settings.subnet.write(message)
    if (this.#hasCookie(query)) this.#writeCookie(message)
    if (query.wantsKeepalive && client.isTcp) {
      message.u16(OPTION.KEEPALIVE)
      message.u16(2)
      message.u16(this.#settings.keepalive)
    }
    const mayPad = query.wantsPadding && client.isEncrypted
    // An explanation is a courtesy: it never costs a record (RFC 8914 §3).
    if (ede !== EDE.NONE) explain(message, ede, mayPad ? OPTION_HEADER : 0)
    // Last, for it depends on all before it. A question without padding gets none (RFC 7830 §4).
    if (mayPad) pad(message)
    message.view.setUint16(message.start + lengthAt, message.at - lengthAt - 2)
    message.additionals++
  }

  #writeCookie(message: Message): void {
    const { cookies } = this.#settings
    if (cookies === undefined) return
    message.u16(OPTION.COOKIE)
    message.u16(WHOLE_COOKIE_BYTES)
    for (let i = 0; i < WHOLE_COOKIE_BYTES; i++) message.u8(cookies.reply[i] ?? 0)
  }
}

/** The code, and our words for it if there is room for them, too; `kept` octets stay free. */
function explain(message: Message, ede: number, kept: number): void {
  const room = message.room - OPTION_HEADER - 2 - kept
  if (room < 0) return
  const text = EDE_TEXTS[ede >> 16]
  const length = text === undefined || text.length > room ? 0 : text.length
  message.u16(OPTION.EDE)
  message.u16(2 + length)
  message.u16(ede & 0xffff)
  for (let i = 0; i < length; i++) message.u8(text?.[i] ?? 0)
}

/** Zeros up to the next multiple, or as far as the message may grow. */
function pad(message: Message): void {
  const over = (message.at + OPTION_HEADER) % PADDED_BYTES
  const wanted = over === 0 ? 0 : PADDED_BYTES - over
  const octets = Math.max(0, Math.min(wanted, message.room - OPTION_HEADER))
  message.u16(OPTION.PADDING)
  message.u16(octets)
  const start = message.start + message.at
  message.bytes.fill(0, start, start + octets)
  message.at += octets
}
