import { millis, type Millis } from '../../kernel/ids.ts'
import type { Explanation, Question } from '../../core/dns/explain/explainer.ts'
import type { OperatorCounts } from '../../core/nacos/encode-operator.ts'
import type { MetadataLimits } from '../../core/nacos/parse-metadata.ts'
import type { ServerStatus } from '../../core/nacos/status.ts'
import type { Naming } from '../../engine/naming.ts'
import type { Clock } from '../../engine/ports.ts'
import type { Admission } from './admission.ts'

/** Bounds of what a client may send, and how long it may take to send it. */
export interface HttpLimits {
  readonly bodyBytesMax: number
  /** Request line and headers together. */
  readonly headerBytesMax: number
  readonly metadata: MetadataLimits
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: Millis
  /** From the first byte of a request to the end of its body. */
  readonly requestMs: Millis
  /** How long an idle connection is kept; below 60 s Node clients meet resets. */
  readonly keepAliveMs: Millis
  /** How long a connection may stand still in a request or an answer that nobody reads. */
  readonly stillMs: Millis
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  bodyBytesMax: 10 * 1_024 * 1_024,
  // Java sends all parameters in the query, and 8 KiB of metadata take 24 KiB percent-encoded:
  // Node's own 16 KiB would refuse what our limits allow.
  headerBytesMax: 64 * 1_024,
  metadata: { keysMax: 64, bytesMax: 8_192 },
  headersMs: millis(10_000),
  requestMs: millis(30_000),
  keepAliveMs: millis(65_000),
  // Above `requestMs`, which says why it closes.
  stillMs: millis(60_000),
}

export interface Readiness {
  readonly ready: boolean
  /** What stands in the way, one line each; for people. */
  readonly reasons: readonly string[]
}

interface MetricsPage {
  readonly contentType: string
  readonly body: string
}

/** Everything that the HTTP front asks of the rest of the server. */
export interface HttpFront {
  readonly naming: Naming
  readonly clock: Pick<Clock, 'wall' | 'after'>
  readonly limits: HttpLimits
  /** One for all servers of a process. */
  readonly admission: Admission
  /** Cairn's own version. */
  readonly version: string
  /** `host:port` that clients reach this member by. */
  readonly selfAddress: string
  /** False: the process should be restarted. */
  livez(): boolean
  /** Asked per probe, not per request. */
  readiness(): Readiness
  /**
   * Whether naming is served, in Nacos' words; asked per naming request. A draining server is not
   * ready but still `UP`: beats that reach it count.
   */
  status(): ServerStatus
  counts(): OperatorCounts
  /** What DNS answers to a client, and why; to be read before anything else is done. */
  explain(question: Question): Explanation
  metrics(): Promise<MetricsPage>
  /** Once per answer; `route` and `method` are of closed sets, never what the client sent. */
  observe(route: string, method: string, status: number, seconds: number): void
  /**
   * A fault that is ours, not the client's. It is called before the answer; an `InvariantError`
   * must end the process.
   */
  fault(error: unknown, route: string): void
}
