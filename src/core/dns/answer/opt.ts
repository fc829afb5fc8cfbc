import { EDE, OPTION, TYPE } from '../protocol.ts'
import type { Message } from './message.ts'
import type { Query } from './query.ts'

const OPT_BYTES = 11
const OPTION_HEADER = 4

export interface OptSettings {
  /** What we advertise, and the most we send over UDP. */
  readonly udpSize: number
  /** Answer to NSID (RFC 5001): the member's name. */
  readonly nsid: Uint8Array
  /** Units of 100 ms (RFC 7828). */
  readonly keepalive: number
}

/** The OPT record of answers (RFC 6891): present if and only if the query had a sound one. */
export class OptWriter {
  readonly #settings: OptSettings

  constructor(settings: OptSettings) {
    this.#settings = settings
  }

  /** Octets to keep free for what this query will get, an EDE excepted. */
  reserve(query: Query, isTcp: boolean): number {
    if (!query.hasOpt) return 0
    const nsid = query.wantsNsid ? OPTION_HEADER + this.#settings.nsid.length : 0
    return OPT_BYTES + nsid + (query.wantsKeepalive && isTcp ? OPTION_HEADER + 2 : 0)
  }

  /** `extended` is the whole rcode: its upper eight bits go here. */
  write(message: Message, query: Query, isTcp: boolean, extended: number, ede: number): void {
    const { udpSize, nsid, keepalive } = this.#settings
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
    const tail = query.wantsKeepalive && isTcp ? OPTION_HEADER + 2 : 0
    if (query.wantsNsid && OPTION_HEADER + nsid.length + tail <= message.room) {
      message.u16(OPTION.NSID)
      message.u16(nsid.length)
      for (const octet of nsid) message.u8(octet)
    }
    if (query.wantsKeepalive && isTcp) {
      message.u16(OPTION.KEEPALIVE)
      message.u16(2)
      message.u16(keepalive)
    }
    // An explanation is a courtesy: it never costs a record (RFC 8914 §3).
    if (ede !== EDE.NONE && message.room >= OPTION_HEADER + 2) {
      message.u16(OPTION.EDE)
      message.u16(2)
      message.u16(ede)
    }
    message.view.setUint16(message.start + lengthAt, message.at - lengthAt - 2)
    message.additionals++
  }
}
