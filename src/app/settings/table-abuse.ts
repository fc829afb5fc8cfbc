import { parseSecret } from '../../core/dns/cookie/cookies.ts'
import { choice, integer, ok, problem, showRaw, showText, stringKind, type Kind } from './kinds.ts'
import { listOf } from './kinds-many.ts'
import { NETWORK, type Network } from './kinds-transfer.ts'
import type { DnsAbuseSettings } from './settings.ts'
import type { Take } from './table.ts'

/** Other servers take the same 32 digits, so that all of a zone can share them (RFC 9018). */
const COOKIE_SECRET: Kind<string> = stringKind(
  'a secret of 32 hexadecimal digits',
  (text) => (parseSecret(text) === undefined ? undefined : text.toLowerCase()),
  showText,
)

/** Loopback, RFC 1918, link-local and ULA: our own networks, from which nobody forges addresses. */
const OWN_NETWORKS: readonly Network[] = [
  { octets: [127, 0, 0, 0], bits: 8, text: '127.0.0.0/8' },
  { octets: [10, 0, 0, 0], bits: 8, text: '10.0.0.0/8' },
  { octets: [172, 16, 0, 0], bits: 12, text: '172.16.0.0/12' },
  { octets: [192, 168, 0, 0], bits: 16, text: '192.168.0.0/16' },
  { octets: [169, 254, 0, 0], bits: 16, text: '169.254.0.0/16' },
  { octets: [...Array<number>(15).fill(0), 1], bits: 128, text: '::1/128' },
  { octets: [0xfe, 0x80, ...Array<number>(14).fill(0)], bits: 10, text: 'fe80::/10' },
  { octets: [0xfc, ...Array<number>(15).fill(0)], bits: 7, text: 'fc00::/7' },
]

const RATIO_MAX = 100
/** Less would cut even empty answers: that to 35 octets with a cookie has 51. */
const RATIO_MIN = 1.5

/** Octets of an answer per octet of its question. */
const RATIO: Kind<number> = {
  expects: `0 or a number ${RATIO_MIN}…${RATIO_MAX}`,
  arity: 'one',
  show: String,
  parse(raw) {
    const value = raw.form === 'text' ? readDecimal(raw.text.trim()) : raw.value
    const isRatio =
      typeof value === 'number' && (value === 0 || (value >= RATIO_MIN && value <= RATIO_MAX))
    return isRatio ? ok(value) : problem(`expected ${RATIO.expects}, got ${showRaw(raw)}`)
  },
}

function readDecimal(text: string): number | undefined {
  return /^\d{1,3}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined
}

/** What protects others from us, and us from others. */
export function describeDnsAbuse(take: Take): DnsAbuseSettings {
  return {
    rrlPerSecond: take('dns.rrl_per_second', integer(0, 100_000), 100, {
      doc: 'Equal answers over UDP per second to one /24 or /56; 0: no limit.',
    }),
    rrlSlip: take('dns.rrl_slip', integer(0, 10), 2, {
      doc: 'Every so manieth answer over the limit goes out empty with TC=1; 0: none.',
    }),
    rrlExempt: take('dns.rrl_exempt', listOf(NETWORK, 0), OWN_NETWORKS, {
      doc: 'Networks that are no strangers: no limits, and addresses beside SRV and MX.',
    }),
    cookieSecrets: take('dns.cookie_secret', listOf(COOKIE_SECRET, 0), [], {
      doc: 'Secrets of DNS cookies, the first makes them; random for each start by default.',
      secret: true,
    }),
    badCookie: take('dns.bad_cookie', choice(['auto', 'always', 'never']), 'auto', {
      doc: 'When an unknown cookie over UDP gets BADCOOKIE; auto: while the limit is at work.',
    }),
    strangerRatio: take('dns.stranger_ratio', RATIO, 1.8, {
      doc: 'Over UDP, strangers whose answer is longer than so many times the question get TC=1.',
    }),
  }
}
