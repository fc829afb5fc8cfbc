import { createHmac, hash } from 'node:crypto'

/** SHA-256 in one shot: pure, as is the HMAC below; nothing else of `node:crypto` comes inside. */
export function sha256(data: string | Uint8Array): Uint8Array {
  return hash('sha256', data, 'buffer')
}

/** HMAC-SHA-256 (RFC 2104) over the parts in their order. */
export function hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}
