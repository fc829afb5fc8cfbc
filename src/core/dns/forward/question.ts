import { latin1 } from '../name.ts'

/** What is asked of an upstream, always in class IN. */
export interface Question {
  /** Wire form, lower case. */
  readonly name: Uint8Array
  readonly type: number
  /** The client set DO: signatures are wanted. */
  readonly isDnssec: boolean
  /** The client set CD: what does not validate is wanted, too (RFC 4035 §3.2.2). */
  readonly isUnchecked: boolean
}

export const DO_BIT = 1
export const CD_BIT = 2
/** NXDOMAIN is true for every type of the name (RFC 2308 §5): it has a key of its own. */
const NXDOMAIN_BIT = 4

export function questionKey({ name, type, isDnssec, isUnchecked }: Question): string {
  return nameAndType(name, type, bitsOf(isDnssec, isUnchecked))
}

export function nxdomainKey({ name, isDnssec, isUnchecked }: Question): string {
  return nameAndType(name, 0, bitsOf(isDnssec, isUnchecked) | NXDOMAIN_BIT)
}

/** Lengths are fixed behind the name, so no two questions share a key. */
function nameAndType(name: Uint8Array, type: number, bits: number): string {
  return latin1(name) + String.fromCharCode(type, bits)
}

function bitsOf(isDnssec: boolean, isUnchecked: boolean): number {
  return (isDnssec ? DO_BIT : 0) | (isUnchecked ? CD_BIT : 0)
}
