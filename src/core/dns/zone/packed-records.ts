import type { ZoneRecord } from './state.ts'

/** Octets per record beside owner and data: owner's length, type, TTL, data's length. */
const FIXED = 1 + 2 + 4 + 2

/** Records as one piece of memory: cheap to hand to another thread. */
export function packRecords(records: readonly ZoneRecord[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const { owner, rdata } of records) length += FIXED + owner.length + rdata.length
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { owner, type, ttl, rdata } of records) {
    view.setUint8(at, owner.length)
    view.setUint16(at + 1, type)
    view.setUint32(at + 3, ttl)
    view.setUint16(at + 7, rdata.length)
    bytes.set(owner, at + FIXED)
    bytes.set(rdata, at + FIXED + owner.length)
    at += FIXED + owner.length + rdata.length
  }
  return bytes
}

export function unpackRecords(bytes: Uint8Array): readonly ZoneRecord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const records: ZoneRecord[] = []
  for (let at = 0; at < bytes.length;) {
    const ownerEnd = at + FIXED + view.getUint8(at)
    const end = ownerEnd + view.getUint16(at + 7)
    records.push({
      owner: bytes.subarray(at + FIXED, ownerEnd),
      type: view.getUint16(at + 1),
      ttl: view.getUint32(at + 3),
      rdata: bytes.subarray(ownerEnd, end),
    })
    at = end
  }
  return records
}
