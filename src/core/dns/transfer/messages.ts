import { CairnError } from '../../../kernel/errors.ts'
import { POINTER, POINTER_MAX } from '../answer/message.ts'
import { CLASS, TYPE } from '../protocol.ts'
import type { ZoneRecord } from '../zone/state.ts'
import type { TransferRequest } from './request.ts'
import type { TsigSigner } from './tsig.ts'
import type { WallSeconds } from './tsig-guard.ts'

/** Octets of a message, unless one record alone has more (dns.md §1.6). */
const PACKED_MAX = 16_384
const MESSAGE_MAX = 65_535
const PREFIX = 2
const HEADER_BYTES = 12
const QNAME = 12
const OPT_BYTES = 11
/** What an OPT of ours advertises; there is nothing to receive over UDP here. */
const UDP_SIZE = 1232

const QR = 0x8000
const AA = 0x0400
const COPIED = 0x7900

export interface PackOptions {
  readonly request: TransferRequest
  readonly signer: TsigSigner | undefined
  readonly now: WallSeconds
}

/**
 * The records as messages for a TCP connection, each with its two octets of length. Lazy, message
 * by message. Throws `too_large` for a record that no message can hold.
 */
export function* packMessages(
  records: Iterable<ZoneRecord>,
  options: PackOptions,
): Generator<Uint8Array> {
  const packer = new Packer(options)
  for (const record of records) {
    if (packer.add(record, PACKED_MAX)) continue
    if (!packer.isEmpty) {
      yield packer.finish(0)
      if (packer.add(record, PACKED_MAX)) continue
    }
    if (!packer.add(record, MESSAGE_MAX)) {
      throw new CairnError('too_large', 'a record is too large for a message')
    }
  }
  yield packer.finish(0)
}

/** A message without records that says no. */
export function packError(rcode: number, options: PackOptions): Uint8Array {
  return new Packer(options).finish(rcode)
}

class Packer {
  readonly #options: PackOptions
  readonly #bytes = new Uint8Array(PREFIX + MESSAGE_MAX)
  readonly #view = new DataView(this.#bytes.buffer)
  /** Octets from the end of the question's name to that of the question. */
  readonly #nameEnd: number
  readonly #zoneBytes: number
  #at = 0
  #count = 0
  #isFirst = true
  #owner: Uint8Array | undefined
  #ownerAt = 0

  constructor(options: PackOptions) {
    this.#options = options
    this.#zoneBytes = options.request.zone.length
    this.#nameEnd = HEADER_BYTES + options.request.question.length
    this.#begin()
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** False when the message would be longer than `max`. */
  add({ owner, type, ttl, rdata }: ZoneRecord, max: number): boolean {
    const room = max - this.#reserved - this.#at
    // The longest form of the owner; a pointer instead is a gift.
    if (owner.length + 12 + rdata.length > room) return false
    this.#addOwner(owner)
    const view = this.#view
    const at = PREFIX + this.#at
    view.setUint16(at, type)
    view.setUint16(at + 2, CLASS.IN)
    view.setUint32(at + 4, ttl)
    view.setUint16(at + 8, rdata.length)
    this.#bytes.set(rdata, at + 10)
    this.#at += 10 + rdata.length
    this.#count++
    return true
  }

  /** The message so far; the next one begins. */
  finish(rcode: number): Uint8Array {
    const { request, signer, now } = this.#options
    const view = this.#view
    const isAuthoritative = rcode === 0
    view.setUint16(PREFIX, request.id)
    const flags = QR | (request.flags & COPIED) | (isAuthoritative ? AA : 0) | rcode
    view.setUint16(PREFIX + 2, flags)
    view.setUint16(PREFIX + 4, 1)
    view.setUint16(PREFIX + 6, this.#count)
    view.setUint16(PREFIX + 8, 0)
    const hasOpt = this.#isFirst && request.hasOpt
    if (hasOpt) this.#addOpt(request.wantsDnssec)
    view.setUint16(PREFIX + 10, hasOpt ? 1 : 0)
    if (signer !== undefined) {
      const message = this.#bytes.subarray(PREFIX, PREFIX + this.#at)
      this.#append(signer.sign(message, { seconds: now() }))
      view.setUint16(PREFIX + 10, hasOpt ? 2 : 1)
    }
    view.setUint16(0, this.#at)
    const message = this.#bytes.slice(0, PREFIX + this.#at)
    this.#isFirst = false
    this.#begin()
    return message
  }

  /** RFC 5936 §2.2.1: the question again in every message, so that owners can point at it. */
  #begin(): void {
    this.#bytes.set(this.#options.request.question, PREFIX + HEADER_BYTES)
    this.#at = this.#nameEnd
    this.#count = 0
    this.#owner = undefined
  }

  get #reserved(): number {
    const { request, signer } = this.#options
    return (this.#isFirst && request.hasOpt ? OPT_BYTES : 0) + (signer?.reserved ?? 0)
  }

  /** Every owner ends in the zone's name, which the question holds (RFC 1035 §4.1.4). */
  #addOwner(owner: Uint8Array): void {
    if (this.#owner !== undefined && isSame(owner, this.#owner)) {
      this.#addPointer(this.#ownerAt)
      return
    }
    this.#owner = this.#at <= POINTER_MAX ? owner : undefined
    this.#ownerAt = this.#at
    this.#append(owner.subarray(0, owner.length - this.#zoneBytes))
    this.#addPointer(QNAME)
  }

  #addPointer(to: number): void {
    this.#view.setUint16(PREFIX + this.#at, POINTER | to)
    this.#at += 2
  }

  /** RFC 6891; in the first message (RFC 5936 §2.2.5). */
  #addOpt(wantsDnssec: boolean): void {
    const at = PREFIX + this.#at
    this.#bytes.fill(0, at, at + OPT_BYTES)
    this.#view.setUint16(at + 1, TYPE.OPT)
    this.#view.setUint16(at + 3, UDP_SIZE)
    this.#view.setUint16(at + 7, wantsDnssec ? 0x8000 : 0)
    this.#at += OPT_BYTES
  }

  #append(octets: Uint8Array): void {
    this.#bytes.set(octets, PREFIX + this.#at)
    this.#at += octets.length
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
