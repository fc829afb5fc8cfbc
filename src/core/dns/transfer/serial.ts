/** RFC 1982 §3.2: serials are compared around the circle of 2^32. */
export function isNewer(serial: number, than: number): boolean {
  const ahead = (serial - than) >>> 0
  return ahead > 0 && ahead < 2 ** 31
}

/** The registry's revision as a serial. */
export function serialOf(revision: number): number {
  return revision >>> 0
}

/** Octets of an SOA's data from its serial to its end (RFC 1035 §3.3.13). */
const SOA_NUMBERS = 20

export function soaSerial(rdata: Uint8Array): number {
  const at = rdata.byteOffset + rdata.length - SOA_NUMBERS
  return new DataView(rdata.buffer, at, 4).getUint32(0)
}

/** The same data with another serial. */
export function withSerial(rdata: Uint8Array, serial: number): Uint8Array {
  const copy = rdata.slice()
  new DataView(copy.buffer, copy.length - SOA_NUMBERS, 4).setUint32(0, serial)
  return copy
}
