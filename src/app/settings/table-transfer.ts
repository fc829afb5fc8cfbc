import { integer, showText, stringKind, type Kind } from './kinds.ts'
import { listOf, tableOf } from './kinds-many.ts'
import { NETWORK, SECONDARY, SECRET } from './kinds-transfer.ts'
import type { DnsTransferSettings } from './settings.ts'
import type { Take } from './table.ts'

export const OPTIONAL_PATH: Kind<string> = stringKind(
  'a path, or nothing',
  (path) => (path.length <= 4_096 ? path : undefined),
  showText,
)

/** Zone transfer: who may have whole zones, and who is told that they changed. */
export function describeDnsTransfer(take: Take): DnsTransferSettings {
  return {
    transferAllow: take('dns.transfer_allow', listOf(NETWORK, 0), [], {
      doc: 'Networks that may transfer zones by AXFR and IXFR; none by default.',
    }),
    tsigKeys: take('dns.tsig_keys', tableOf(SECRET), new Map(), {
      doc: 'TSIG keys (hmac-sha256), name = secret. Once there are keys, transfers need one.',
      secret: true,
    }),
    tsigKeysFile: take('dns.tsig_keys_file', OPTIONAL_PATH, '', {
      doc: 'A file of TSIG keys, a name and a secret per line; adds to dns.tsig_keys.',
    }),
    secondaries: take('dns.secondaries', listOf(SECONDARY, 0), [], {
      doc: 'Servers that are told of changes (NOTIFY) and may transfer: "192.0.2.1:53 key".',
    }),
    journalMax: take('dns.journal_max', integer(0, 1_000_000), 10_000, {
      doc: 'Changes kept per zone for IXFR; who is further behind gets the whole zone.',
    }),
  }
}
