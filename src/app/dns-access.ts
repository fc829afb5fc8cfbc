import { lowerName, parseName } from '../core/dns/name.ts'
import type { TransferAccess, TransferRule } from '../core/dns/transfer/access.ts'
import type { TsigKey } from '../core/dns/transfer/tsig.ts'
import { readAddress } from './settings/kinds-transfer.ts'
import type { Settings } from './settings/settings.ts'

/** Whom the workers let in. */
export function transferAccess({ dns }: Settings): TransferAccess {
  const networks = dns.transferAllow.map(({ octets, bits }): TransferRule => {
    return { octets: Uint8Array.from(octets), bits, key: undefined }
  })
  const secondaries = dns.secondaries.map(({ address, key }): TransferRule => {
    const octets = Uint8Array.from(readAddress(address) ?? [])
    return { octets, bits: octets.length * 8, key: key === undefined ? undefined : keyNameOf(key) }
  })
  return { rules: [...networks, ...secondaries], keys: keysOf(dns) }
}

function keysOf(dns: Settings['dns']): readonly TsigKey[] {
  return [...dns.tsigKeys].map(([name, secret]) => {
    return { name: keyNameOf(name), secret: new Uint8Array(Buffer.from(secret, 'base64')) }
  })
}

/** Wire form, as signatures have it. */
export function keyNameOf(text: string): Uint8Array {
  return lowerName(parseName(text))
}
