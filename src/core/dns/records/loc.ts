import { TYPE } from '../protocol.ts'
import { shorten, wrong, type Fields } from './fields.ts'
import type { RecordType } from './record-type.ts'
import { joinOctets, RdataReader, u32 } from './wire.ts'

/** Thousandths of a second of arc in a degree. */
const DEGREE = 3_600_000
/** The equator and the prime meridian. */
const ZERO_ARC = 2 ** 31
/** 100 km below the ellipsoid is where altitudes start, in centimetres. */
const ZERO_ALTITUDE = 10_000_000
/** Defaults of size and precisions, in centimetres (RFC 1876 §3). */
const SIZES: readonly (readonly [what: string, centimetres: number])[] = [
  ['size', 100],
  ['horizontal precision', 1_000_000],
  ['vertical precision', 1000],
]

/** RFC 1876: a place on earth. */
export const LOC: RecordType = {
  name: 'LOC',
  number: TYPE.LOC,
  parse: (fields) => {
    const latitude = takeArc(fields, 'latitude', 90, 'NS')
    const longitude = takeArc(fields, 'longitude', 180, 'EW')
    const altitude = takeMetres(fields, 'altitude', -100_000, 42_849_672.95) + ZERO_ALTITUDE
    const sizes = SIZES.map(([what, centimetres]) =>
      packSize(fields.hasMore ? takeMetres(fields, what, 0, 90_000_000) : centimetres),
    )
    return joinOctets([[0, ...sizes], u32(latitude), u32(longitude), u32(altitude)])
  },
  format: (rdata) => {
    const reader = new RdataReader(rdata)
    if (reader.u8() !== 0) throw wrong('LOC has a version other than 0')
    const sizes = SIZES.map(() => sizeText(unpackSize(reader.u8())))
    const latitude = arcText(reader.u32(), 90, 'NS')
    const longitude = arcText(reader.u32(), 180, 'EW')
    const altitude = metresText(reader.u32() - ZERO_ALTITUDE)
    reader.end()
    return [latitude, longitude, altitude, ...sizes].join(' ')
  },
}

/** `42 21 54.123 N`: minutes and seconds may be missing. */
function takeArc(fields: Fields, what: string, degreesMax: number, sides: string): number {
  const parts: number[] = []
  const limits = [degreesMax, 59, 59.999]
  for (;;) {
    const { text } = fields.take(what)
    const side = sides.indexOf(text.toUpperCase())
    if (text.length === 1 && side >= 0 && parts.length > 0) {
      const [degrees = 0, minutes = 0, seconds = 0] = parts
      const arc = degrees * DEGREE + minutes * 60_000 + Math.round(seconds * 1000)
      if (arc > degreesMax * DEGREE) throw wrong(`${what} is more than ${degreesMax} degrees`)
      return side === 0 ? ZERO_ARC + arc : ZERO_ARC - arc
    }
    const pattern = parts.length === 2 ? /^\d{1,2}(?:\.\d{0,3})?$/ : /^\d{1,3}$/
    const limit = limits[parts.length] ?? -1
    if (!pattern.test(text) || Number(text) > limit) {
      throw wrong(`${what} must be like 42 21 54.5 ${sides.charAt(0)}, got "${shorten(text)}"`)
    }
    parts.push(Number(text))
  }
}

/** Centimetres; the `m` may be missing. */
function takeMetres(fields: Fields, what: string, min: number, max: number): number {
  const { text } = fields.take(what)
  const match = /^(-?\d{1,8}(?:\.\d{0,2})?)m?$/i.exec(text)
  const metres = Number(match?.[1] ?? Number.NaN)
  if (metres >= min && metres <= max) return Math.round(metres * 100)
  throw wrong(`${what} must be metres of ${min} to ${max}, got "${shorten(text)}"`)
}

/** One digit and a power of ten, four bits each; what is between is cut. */
function packSize(centimetres: number): number {
  let digit = centimetres
  let power = 0
  for (; digit > 9; power++) digit = Math.floor(digit / 10)
  return (digit << 4) | power
}

function unpackSize(octet: number): number {
  const digit = octet >> 4
  const power = octet & 15
  if (digit > 9 || power > 9 || (digit === 0 && power > 0)) throw wrong('LOC has an unsound size')
  return digit * 10 ** power
}

function arcText(value: number, degreesMax: number, sides: string): string {
  const arc = Math.abs(value - ZERO_ARC)
  if (arc > degreesMax * DEGREE) throw wrong(`LOC has more than ${degreesMax} degrees`)
  const seconds = ((arc % 60_000) / 1000).toFixed(3)
  const minutes = Math.floor(arc / 60_000) % 60
  const side = value >= ZERO_ARC ? sides.charAt(0) : sides.charAt(1)
  return `${Math.floor(arc / DEGREE)} ${minutes} ${seconds} ${side}`
}

function sizeText(centimetres: number): string {
  return centimetres % 100 === 0 ? `${centimetres / 100}m` : metresText(centimetres)
}

function metresText(centimetres: number): string {
  return `${(centimetres / 100).toFixed(2)}m`
}
