import { CairnError } from '../../kernel/errors.ts'
import type { Telemetry } from '../../engine/ports.ts'
import { selfTest } from './batch/self-test.ts'
import type { UdpEngineName } from './worker-data.ts'

/**
 * Which engine carries UDP. `auto`: the batched one where it works, else Node's sockets, and one
 * line says why. Throws when the batched one is asked for and does not work here.
 */
export function chooseEngine(
  wanted: UdpEngineName | 'auto',
  telemetry: Pick<Telemetry, 'event'>,
): UdpEngineName {
  const fault = wanted === 'dgram' ? 'as set' : selfTest()
  if (fault !== undefined && wanted === 'batch') {
    throw new CairnError('invalid_argument', `dns.engine = "batch" does not work here: ${fault}`)
  }
  const engine = fault === undefined ? 'batch' : 'dgram'
  if (engine === 'dgram' && wanted === 'auto') {
    telemetry.event('warn', 'dns_engine_dgram', { why: fault ?? '' })
  }
  return engine
}
