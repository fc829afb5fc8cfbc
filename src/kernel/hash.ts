import { hash } from 'node:crypto'

/** SHA-256 in one shot: pure, the only word of `node:crypto` that the inside may use. */
export function sha256(data: string | Uint8Array): Uint8Array {
  return hash('sha256', data, 'buffer')
}
