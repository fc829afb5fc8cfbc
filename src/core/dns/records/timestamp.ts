import { shorten, wrong, type Fields } from './fields.ts'

const DAY = 86_400
/** Days from 0000-03-01 to 1970-01-01, in the calendar that starts its years in March. */
const EPOCH_DAYS = 719_468
/** Days of 400 years. */
const ERA_DAYS = 146_097

/** `YYYYMMDDHHmmSS` in UTC, or seconds since 1970, modulo 2^32 (RFC 4034 §3.2). */
export function takeTimestamp(fields: Fields, what: string): number {
  const { text } = fields.take(what)
  if (/^\d{1,10}$/.test(text) && Number(text) <= 0xffff_ffff) return Number(text)
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)
  const [year, month, day, hour, minute, second] = (match ?? []).slice(1).map(Number)
  const days = daysOf(year ?? 0, month ?? 0, day ?? 0)
  const isTime = (hour ?? 24) < 24 && (minute ?? 60) < 60 && (second ?? 61) < 61
  if (days === undefined || !isTime) {
    throw wrong(`${what} must be YYYYMMDDHHmmSS, got "${shorten(text)}"`)
  }
  return (days * DAY + (hour ?? 0) * 3600 + (minute ?? 0) * 60 + (second ?? 0)) % 2 ** 32
}

export function formatTimestamp(seconds: number): string {
  const [year, month, day] = dateOf(Math.floor(seconds / DAY))
  const rest = seconds % DAY
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60]
  const parts = [month, day, ...time].map((part) => String(part).padStart(2, '0'))
  return String(year).padStart(4, '0') + parts.join('')
}

/** Days since 1970-01-01; undefined for no date, and for years that 32 bits do not reach. */
function daysOf(year: number, month: number, day: number): number | undefined {
  if (year < 1970 || year > 2106 || month < 1 || month > 12 || day < 1) return undefined
  // Years that start in March end in the leap day (Hinnant, "chrono-compatible date algorithms").
  const y = month <= 2 ? year - 1 : year
  const ofYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const days =
    y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + ofYear - EPOCH_DAYS
  return dateOf(days)[2] === day ? days : undefined
}

function dateOf(days: number): [year: number, month: number, day: number] {
  const shifted = days + EPOCH_DAYS
  const era = Math.floor(shifted / ERA_DAYS)
  const inEra = shifted - era * ERA_DAYS
  const years = Math.floor(
    (inEra -
      Math.floor(inEra / 1460) +
      Math.floor(inEra / 36_524) -
      Math.floor(inEra / (ERA_DAYS - 1))) /
      365,
  )
  const ofYear = inEra - (365 * years + Math.floor(years / 4) - Math.floor(years / 100))
  const march = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * march + 2) / 5) + 1
  const month = march < 10 ? march + 3 : march - 9
  return [years + era * 400 + (month <= 2 ? 1 : 0), month, day]
}
