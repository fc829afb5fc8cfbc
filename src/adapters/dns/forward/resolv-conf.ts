import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { parseResolvConf } from '../../../core/dns/forward/upstream-address.ts'
import type { UpstreamAddress } from '../../../core/dns/forward/upstream.ts'

/** DHCP clients and VPNs rewrite the file, often by renaming: only looking again sees that. */
const LOOK_MS = 5_000

/** The name servers in the file, none if it cannot be read. */
export function readResolvConf(path: string): readonly UpstreamAddress[] {
  try {
    return parseResolvConf(readFileSync(path, 'utf8'))
  } catch {
    return []
  }
}

/** Calls back when the file has changed; end it by disposing. */
export function followResolvConf(path: string, onChange: () => void): Disposable {
  watchFile(path, { interval: LOOK_MS, persistent: false }, onChange)
  return { [Symbol.dispose]: () => unwatchFile(path, onChange) }
}
