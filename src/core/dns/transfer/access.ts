import type { Client } from '../answer/client.ts'
import { nameKey } from '../name.ts'
import type { TsigKey } from './tsig.ts'

/** Who may have whole zones: a network, and the key that opens it. */
export interface TransferRule {
  /** 4 or 16 of them. */
  readonly octets: Uint8Array
  /** Leading bits that count. */
  readonly bits: number
  /** Lower-case wire name; undefined: any key, or none where there are no keys. */
  readonly key: Uint8Array | undefined
}

export interface TransferAccess {
  readonly rules: readonly TransferRule[]
  readonly keys: readonly TsigKey[]
}

/** No rule, no transfer. Once there are keys, what is not signed is refused, whoever asks. */
export function mayTransfer(
  { rules, keys }: TransferAccess,
  client: Client,
  signedBy: TsigKey | undefined,
): boolean {
  if (keys.length > 0 && signedBy === undefined) return false
  return rules.some(
    (rule) =>
      isIn(client, rule) &&
      (rule.key === undefined ||
        (signedBy !== undefined && nameKey(signedBy.name) === nameKey(rule.key))),
  )
}

function isIn(client: Client, { octets, bits }: TransferRule): boolean {
  if (octets.length === 16) return client.isV6 && hasPrefix(client.v6, octets, bits)
  if (client.isV6 || client.v4 < 0) return false
  const { v4 } = client
  return hasPrefix(Uint8Array.of(v4 >>> 24, v4 >>> 16, v4 >>> 8, v4), octets, bits)
}

function hasPrefix(address: Uint8Array, octets: Uint8Array, bits: number): boolean {
  for (let i = 0; i * 8 < bits; i++) {
    const mask = 0xff00 >> Math.min(8, bits - i * 8)
    if ((((address[i] ?? 0) ^ (octets[i] ?? 0)) & mask & 0xff) !== 0) return false
  }
  return true
}
