import { AREA } from '../../core/dns/answer/choice.ts'
import type { Responder } from '../../core/dns/answer/responder.ts'
import {
  countResponse,
  observeDurations,
  observeSizes,
  scalarSlot,
  type Proto,
  type Scalar,
} from '../../core/dns/counters.ts'
import { COOKIE } from '../../core/dns/cookie/cookies.ts'
import { SUBNET } from '../../core/dns/locality/client-subnet.ts'
import type { Measured, QueryLogWriter } from '../../core/dns/query-log/ring.ts'
import { RCODE, RCODES_TOLD, TYPES_TOLD, TYPE } from '../../core/dns/protocol.ts'
import { TSIG_ERROR } from '../../core/dns/transfer/tsig.ts'

const OTHER_TYPE = TYPES_TOLD.length - 1
const OTHER_RCODE = RCODES_TOLD.length - 1

/** Index of a type in `TYPES_TOLD`, by number, for the types below 512. */
const TYPE_INDEX = new Uint8Array(512).fill(OTHER_TYPE)
for (const [name, number] of Object.entries(TYPE)) {
  const index = TYPES_TOLD.indexOf(name)
  if (index >= 0 && number < TYPE_INDEX.length) TYPE_INDEX[number] = index
}

/** Index of an rcode in `RCODES_TOLD`, by number. */
const RCODE_INDEX = new Uint8Array(32).fill(OTHER_RCODE)
for (const [number, name] of [
  [0, 'NOERROR'],
  [1, 'FORMERR'],
  [2, 'SERVFAIL'],
  [3, 'NXDOMAIN'],
  [4, 'NOTIMP'],
  [5, 'REFUSED'],
  [9, 'NOTAUTH'],
  [16, 'BADVERS'],
  [23, 'BADCOOKIE'],
] as const) {
  RCODE_INDEX[number] = RCODES_TOLD.indexOf(name)
}

/** What is counted of an answer by the short path. */
export interface FastAnswered {
  readonly type: number
  readonly rcode: number
  readonly answers: number
  readonly isTruncated: boolean
  readonly isFailOpen: boolean
}

/** By `COOKIE`. */
const COOKIE_SCALAR: readonly (Scalar | undefined)[] = [
  undefined,
  'cookie_client_only',
  'cookie_valid',
  'cookie_unknown',
]

/** By `AREA`. */
const AREA_SLOTS: readonly number[] = [
  0,
  scalarSlot('area_local'),
  scalarSlot('area_beyond'),
  scalarSlot('area_none'),
]

/** By `SUBNET`. */
const SUBNET_SLOTS: readonly number[] = [
  0,
  scalarSlot('ecs_untrusted'),
  scalarSlot('ecs_opt_out'),
  scalarSlot('ecs_used'),
  scalarSlot('ecs_malformed'),
]

/** One worker's counters. Array slots only: an answer costs some ten additions. */
export class AnswerCounters {
  readonly #slots: Float64Array
  readonly #queryLog: QueryLogWriter | undefined
  readonly #truncated = scalarSlot('truncated')
  readonly #noData = scalarSlot('no_data')
  readonly #failOpen = scalarSlot('fail_open')
  /** The next answer is one of those that are logged. */
  #isDrawn = false

  /** `queryLog`: where some of the answers are told in full. */
  constructor(slots: Float64Array, queryLog?: QueryLogWriter) {
    this.#slots = slots
    this.#queryLog = queryLog
  }

  add(scalar: Scalar, by: number): void {
    this.#bump(scalarSlot(scalar), by)
  }

  set(scalar: Scalar, value: number): void {
    this.#slots[scalarSlot(scalar)] = value
  }

  /** An answer by the short path; how long it took is told with its batch. */
  tellFast(fast: FastAnswered, proto: Proto, requestBytes: number, responseBytes: number): void {
    const { type, rcode } = fast
    const index = TYPE_INDEX[type] ?? OTHER_TYPE
    countResponse(this.#slots, proto, index, RCODE_INDEX[rcode] ?? OTHER_RCODE)
    observeSizes(this.#slots, proto, requestBytes, responseBytes)
    if (fast.isTruncated) this.#bump(this.#truncated, 1)
    else if (rcode === 0 && fast.answers === 0) this.#bump(this.#noData, 1)
    if (fast.isFailOpen) this.#bump(this.#failOpen, 1)
  }

  /** `count` answers that took so long together: each was waited for by all. */
  tellBatch(proto: Proto, count: number, seconds: number): void {
    if (count > 0) observeDurations(this.#slots, proto, seconds, count)
  }

  /** Whether all that is known of the next answer is wanted: then the complete path gives it. */
  isNextLogged(): boolean {
    if (this.#queryLog === undefined) return false
    this.#isDrawn ||= this.#queryLog.isDrawn()
    return this.#isDrawn
  }

  /** The answer that `responder` has just written; without `seconds` it is told with its batch. */
  tell(
    responder: Responder,
    proto: Proto,
    requestBytes: number,
    responseBytes: number,
    seconds?: number,
  ): void {
    const { query, message, rcode, isFailOpen } = responder
    const type = TYPE_INDEX[query.type] ?? OTHER_TYPE
    countResponse(this.#slots, proto, type, RCODE_INDEX[rcode] ?? OTHER_RCODE)
    observeSizes(this.#slots, proto, requestBytes, responseBytes)
    if (seconds !== undefined) observeDurations(this.#slots, proto, seconds, 1)
    if (responder.isSlipped) this.add('rate_slipped', 1)
    if (responder.isCut) this.add('stranger_cut', 1)
    const cookie = COOKIE_SCALAR[responder.gate?.cookie ?? COOKIE.ABSENT]
    if (cookie !== undefined) this.add(cookie, 1)
    if (message.isTruncated) this.#bump(this.#truncated, 1)
    else if (rcode === 0 && message.answers === 0) this.#bump(this.#noData, 1)
    if (isFailOpen) this.#bump(this.#failOpen, 1)
    const { choice, subnet } = responder.decisions
    if (choice.area !== AREA.ANY) this.#bump(AREA_SLOTS[choice.area] ?? 0, 1)
    if (subnet.state !== SUBNET.ABSENT) this.#bump(SUBNET_SLOTS[subnet.state] ?? 0, 1)
    if (this.#queryLog !== undefined) {
      this.#log(this.#queryLog, responder, { seconds: seconds ?? 0, bytes: responseBytes, proto })
    }
    if (query.type === TYPE.AXFR || query.type === TYPE.IXFR) this.#tellTransfer(responder)
    if (responder.guard.error !== TSIG_ERROR.NONE) this.#tellTsig(responder.guard.error)
  }

  #log(log: QueryLogWriter, responder: Responder, measured: Omit<Measured, 'wallMs'>): void {
    const isDrawn = this.#isDrawn || log.isDrawn()
    this.#isDrawn = false
    const wallMs = performance.timeOrigin + performance.now()
    if (isDrawn && !log.write(responder, { ...measured, wallMs })) this.add('log_lost', 1)
  }

  #tellTransfer({ query, rcode }: Responder): void {
    if (rcode !== RCODE.REFUSED) return
    this.add(query.type === TYPE.AXFR ? 'axfr_refused' : 'ixfr_refused', 1)
  }

  /** A signature that was cut short counts as a bad one. */
  #tellTsig(error: number): void {
    if (error === TSIG_ERROR.BADKEY) this.add('tsig_badkey', 1)
    else if (error === TSIG_ERROR.BADTIME) this.add('tsig_badtime', 1)
    else this.add('tsig_badsig', 1)
  }

  #bump(slot: number, by: number): void {
    this.#slots[slot] = (this.#slots[slot] ?? 0) + by
  }
}
