import type { SecureContextOptions, TLSSocket } from 'node:tls'

/** With what the workers prove who they are; structured-cloneable. */
export interface TlsIdentity {
  /** PEM, the whole chain. */
  readonly cert: string
  readonly key: string
  /**
   * 48 octets: a session that one worker began another one resumes. New with every certificate.
   */
  readonly ticketKeys: Uint8Array
}

/** RFC 8310 §8.1, RFC 9325: 1.2 at least. */
const OLDEST = 'TLSv1.2'

export function tlsOptions(identity: TlsIdentity): SecureContextOptions & { ticketKeys: Buffer } {
  return {
    cert: identity.cert,
    key: identity.key,
    ticketKeys: Buffer.from(identity.ticketKeys),
    minVersion: OLDEST,
    honorCipherOrder: true,
  }
}

/** A client that asks for new keys again and again costs us far more than itself. */
export function refuseRenegotiation(socket: TLSSocket): void {
  if (socket.getProtocol() === OLDEST) socket.disableRenegotiation()
}
