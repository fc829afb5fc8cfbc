import { randomBytes } from 'node:crypto'
import { RATE_TABLE_BYTES } from '../core/dns/abuse/rate-limiter.ts'
import { parseSecret } from '../core/dns/cookie/cookies.ts'
import type { DnsFrontOptions } from '../adapters/dns/front.ts'
import { TlsFiles } from '../adapters/dns/tls-files.ts'
import type { TlsIdentity } from '../adapters/dns/tls-identity.ts'
import type { Telemetry } from '../engine/ports.ts'
import type { Settings } from './settings/settings.ts'

type GateData = DnsFrontOptions['shared']['gate']

/** What every worker is told of strangers; all share one table of limits. */
export function gateData({ dns }: Settings, secrets: readonly Uint8Array[]): GateData {
  const seeds = randomBytes(8)
  return {
    settings: {
      rate: {
        perSecond: dns.rrlPerSecond,
        slip: dns.rrlSlip,
        seed: [seeds.readInt32LE(0), seeds.readInt32LE(4)],
      },
      exempt: dns.rrlExempt.map(({ text }) => text),
      badCookie: dns.badCookie,
      strangerRatio: dns.strangerRatio,
    },
    secrets,
    table: new SharedArrayBuffer(RATE_TABLE_BYTES),
  }
}

const SECRET_BYTES = 16

/** The secrets of cookies: those of the settings, or one of chance. */
export class CookieSecrets {
  #current: readonly Uint8Array[]

  constructor(settings: Settings) {
    this.#current = chosen(settings)
  }

  get current(): readonly Uint8Array[] {
    return this.#current
  }

  /**
   * Those of the settings as they are now. A single new one stands beside the one before, whose
   * cookies are believed for the hour that they live (RFC 9018 §5).
   */
  rotate(settings: Settings): readonly Uint8Array[] {
    const next = chosen(settings)
    const [before] = this.#current
    const [first] = next
    const isAlone = next.length === 1 && before !== undefined && first !== undefined
    if (isAlone && !isEqual(first, before)) next.push(before)
    this.#current = next
    return next
  }
}

function chosen({ dns }: Settings): Uint8Array[] {
  const given = dns.cookieSecrets.map(parseSecret).filter((secret) => secret !== undefined)
  return given.length > 0 ? given : [Uint8Array.from(randomBytes(SECRET_BYTES))]
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b)
}

/** The certificate of DoT and DoH; undefined when neither is opened. Throws what is wrong. */
export function openTlsFiles(
  { dns }: Settings,
  telemetry: Pick<Telemetry, 'event'>,
  onChange: (identity: TlsIdentity) => void,
): TlsFiles | undefined {
  if (dns.dotPort === 'off' && dns.dohPort === 'off') return undefined
  return new TlsFiles({ cert: dns.tlsCert, key: dns.tlsKey, telemetry, onChange })
}
