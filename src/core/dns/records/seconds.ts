const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** `90`, `1h30m`, `2W`: seconds, at most 2^32 − 1. Undefined for anything else. */
export function parseSeconds(text: string): number | undefined {
  let total = 0
  let digits = ''
  for (const character of text) {
    if (character >= '0' && character <= '9') {
      digits += character
      continue
    }
    const unit = UNITS[character.toLowerCase()]
    if (unit === undefined || digits === '') return undefined
    total += Number(digits) * unit
    digits = ''
  }
  // A bare number is seconds, but only alone: `1h30` is more likely a slip than half a minute.
  if (digits !== '') {
    if (digits.length !== text.length) return undefined
    total = Number(digits)
  }
  return text !== '' && total <= 0xffff_ffff ? total : undefined
}
