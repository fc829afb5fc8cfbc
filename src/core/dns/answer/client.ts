/** Who asks, as far as answers depend on it. One per thread, filled in by the front per message. */
export class Client {
  /** Over any transport with a connection: the address is not forged, the size does not matter. */
  isTcp = false
  /** Over TLS: nobody in between may see what is asked. */
  isEncrypted = false
  /** When the message was read, in milliseconds since 1970: a clock that all threads share. */
  nowMs = 0
  /** An IPv4 address as an unsigned number, or −1. */
  v4 = -1
  isV6 = false
  readonly v6: Uint8Array = new Uint8Array(16)

  setV4(address: number): void {
    this.v4 = address
    this.isV6 = false
  }

  /** An IPv4-mapped address counts as IPv4. */
  setV6(octets: Uint8Array): void {
    this.v4 = -1
    this.isV6 = true
    this.v6.set(octets)
  }

  /** Neither family is known: nothing is assumed about the client. */
  forget(): void {
    this.v4 = -1
    this.isV6 = false
  }

  /** A client on this machine: it will reach others from another address. */
  get isLoopback(): boolean {
    if (this.v4 >= 0) return this.v4 >>> 24 === 127
    return this.isV6 && isV6Loopback(this.v6)
  }
}

/** ::1. */
function isV6Loopback(octets: Uint8Array): boolean {
  for (let i = 0; i < 15; i++) if (octets[i] !== 0) return false
  return octets[15] === 1
}
