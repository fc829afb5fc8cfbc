import type { Client } from '../answer/client.ts'
import type { Message } from '../answer/message.ts'
import { AddressSet } from '../forward/address-set.ts'
import { OPTION } from '../protocol.ts'

const FAMILY_V4 = 1
const FAMILY_V6 = 2
/** Family and two prefix lengths. */
const FIXED = 4
const OPTION_HEADER = 4

/** What became of the ECS option of a query. */
export const SUBNET = {
  ABSENT: 0,
  /** Not from a forwarder that we trust: as if it were not there. */
  UNTRUSTED: 1,
  /** The client does not want to be told apart (RFC 7871 §7.1.2). */
  OPT_OUT: 2,
  USED: 3,
  MALFORMED: 4,
} as const

/**
 * EDNS Client Subnet (RFC 7871): the network of the client behind a forwarder. Believed only from
 * forwarders that the operator names; anybody else could choose whose answer to see. Reused;
 * nothing is allocated.
 */
export class ClientSubnet {
  /** A `SUBNET`: that of the last query. */
  state: number = SUBNET.ABSENT
  isV6 = false
  /** The address, padded with zeros: one word, or four. */
  readonly words: Uint32Array = new Uint32Array(4)
  /** Octets of the option in the answer; 0: there is none. */
  bytes = 0
  /** Leading bits of the address that the answer depends on; the answer's writer sets it. */
  scope = 0
  readonly #trusted: AddressSet
  readonly #octets = new Uint8Array(16)
  #family = 0
  #source = 0
  #length = 0

  /** `trusted`: networks of forwarders, in CIDR notation. */
  constructor(trusted: readonly string[]) {
    this.#trusted = new AddressSet(trusted)
  }

  reset(): void {
    this.state = SUBNET.ABSENT
    this.scope = 0
    this.bytes = 0
  }

  /** The option's data is `packet[at, at + size)`; false: it is malformed, and that matters. */
  take(packet: DataView, at: number, size: number, client: Client): boolean {
    if (!this.#trusted.has(client)) {
      this.state = SUBNET.UNTRUSTED
      return true
    }
    if (!this.#read(packet, at, size)) {
      this.state = SUBNET.MALFORMED
      return false
    }
    this.state = this.#source === 0 ? SUBNET.OPT_OUT : SUBNET.USED
    this.bytes = OPTION_HEADER + FIXED + this.#length
    return true
  }

  /** The option as it came, with the scope (RFC 7871 §7.2.1). */
  write(message: Message): void {
    message.u16(OPTION.ECS)
    message.u16(FIXED + this.#length)
    message.u16(this.#family)
    message.u8(this.#source)
    message.u8(this.state === SUBNET.USED ? this.scope : 0)
    for (let i = 0; i < this.#length; i++) message.u8(this.#octets[i] ?? 0)
  }

  /** RFC 7871 §6: no scope in a query, as many octets as the prefix needs, no bits beyond it. */
  #read(packet: DataView, at: number, size: number): boolean {
    if (size < FIXED) return false
    this.#family = packet.getUint16(at)
    this.#source = packet.getUint8(at + 2)
    this.#length = size - FIXED
    const isKnown = this.#family === FAMILY_V4 || this.#family === FAMILY_V6
    // Somebody who opts out need not say what of.
    if (!isKnown && (this.#family !== 0 || this.#source > 0)) return false
    const most = this.#family === FAMILY_V4 ? 32 : 128
    if (packet.getUint8(at + 3) !== 0 || this.#source > most) return false
    if (this.#length !== (this.#source + 7) >> 3) return false
    this.isV6 = this.#family === FAMILY_V6
    this.words.fill(0)
    for (let i = 0; i < this.#length; i++) {
      const octet = packet.getUint8(at + FIXED + i)
      this.#octets[i] = octet
      this.words[i >> 2] = (this.words[i >> 2] ?? 0) | (octet << (24 - 8 * (i & 3)))
    }
    const over = this.#length * 8 - this.#source
    return ((this.#octets[this.#length - 1] ?? 0) & ((1 << over) - 1)) === 0 || over === 0
  }
}
