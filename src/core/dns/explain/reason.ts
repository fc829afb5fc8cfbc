import { AREA, type Choice } from '../answer/choice.ts'
import { isText } from '../answer/sections.ts'
import type { Selectors } from '../answer/selectors.ts'
import { TYPE } from '../protocol.ts'
import { ROW, ROW_FAMILY, SECTION, SECTION_FLAG, SERVICE } from '../table/layout.ts'
import { isAnswered, isCandidate, isHealthy, STANDING } from './standing.ts'

/** Why an instance may be in an answer, or is not: a closed set. The first ones are in. */
export const REASONS = [
  'healthy',
  'leaving',
  'protect_threshold',
  'fail_open',
  'silent',
  'unhealthy',
  'disabled',
  'weight_zero',
  'drained',
  'no_address',
  'no_target',
  'wrong_family',
  'other_cluster',
  'other_protocol',
  'not_local',
  'not_chosen',
  'no_room',
] as const
export type Reason = (typeof REASONS)[number]

/** Reasons up to here are reasons to be in. */
const LAST_IN: number = REASONS.indexOf('fail_open')

/** A reason's number: what the data plane handles. */
function numberOf(reason: Reason): number {
  return REASONS.indexOf(reason)
}

export function isIn(reason: number): boolean {
  return reason <= LAST_IN
}

const HEALTHY = numberOf('healthy')
const LEAVING = numberOf('leaving')
const PROTECT_THRESHOLD = numberOf('protect_threshold')
const FAIL_OPEN = numberOf('fail_open')
const OTHER_CLUSTER = numberOf('other_cluster')
const OTHER_PROTOCOL = numberOf('other_protocol')
const NOT_LOCAL = numberOf('not_local')
const NO_ADDRESS = numberOf('no_address')
const NO_TARGET = numberOf('no_target')
const WRONG_FAMILY = numberOf('wrong_family')

/** By standing. */
const OUT_BY_STANDING: readonly number[] = (() => {
  const reasons: number[] = []
  reasons[STANDING.SILENT] = numberOf('silent')
  reasons[STANDING.UNHEALTHY] = numberOf('unhealthy')
  reasons[STANDING.DISABLED] = numberOf('disabled')
  reasons[STANDING.WEIGHT_ZERO] = numberOf('weight_zero')
  reasons[STANDING.DRAINED] = numberOf('drained')
  return reasons
})()

/**
 * Gives each instance of a service its reason, from the block that answers come from and the choice
 * that the answer was written from. Allocates nothing.
 */
export class Judge {
  readonly #table: DataView
  readonly #selectors: Selectors
  readonly #choice: Choice
  readonly #key: Uint8Array

  constructor(table: DataView, selectors: Selectors, choice: Choice, key: Uint8Array) {
    this.#table = table
    this.#selectors = selectors
    this.#choice = choice
    this.#key = key
  }

  /**
   * Reason number of the instance whose row is at `row`, for records of `type`: `A`, `AAAA`, `SRV`.
   * `isFiltered`: only instances that match the token of the name's `_token._tcp`.
   */
  reason(row: number, type: number, isFiltered: boolean): number {
    const table = this.#table
    const { selected, local, section } = this.#choice
    const own = table.getInt32(row + ROW.SECTION, true)
    const isElsewhere = this.#selectors.clusterLength > 0 && own !== selected
    if (isElsewhere) return OTHER_CLUSTER
    const standing = table.getInt32(row + ROW.STANDING, true)
    if (!isCandidate(standing)) return OUT_BY_STANDING[standing] ?? HEALTHY
    if (this.#isOnlyLocal() && own !== local) {
      return isHealthy(standing) ? NOT_LOCAL : (OUT_BY_STANDING[standing] ?? NOT_LOCAL)
    }
    const isProtected = section !== 0 && this.#has(section, SECTION_FLAG.PROTECTED)
    if (!isAnswered(standing, isProtected)) return OUT_BY_STANDING[standing] ?? HEALTHY
    const record = this.#recordReason(row, type, isFiltered)
    if (record >= 0) return record
    if (isHealthy(standing)) return standing === STANDING.LEAVING ? LEAVING : HEALTHY
    const healthy = table.getInt32(section + SECTION.HEALTHY, true)
    return healthy === 0 ? FAIL_OPEN : PROTECT_THRESHOLD
  }

  /** Only the client's cluster answers; SRV may tell the others, too, behind it. */
  #isOnlyLocal(): boolean {
    const { area, block, section } = this.#choice
    if (area === AREA.NONE) return true
    return area === AREA.LOCAL && section !== block + SERVICE.SECTIONS
  }

  /** What keeps it from being a record of that type, or −1. */
  #recordReason(row: number, type: number, isFiltered: boolean): number {
    const family = this.#table.getInt32(row + ROW.FAMILY, true)
    if (type === TYPE.SRV) {
      if (family === ROW_FAMILY.NOTHING) return NO_TARGET
      return isFiltered && !this.#matches(row) ? OTHER_PROTOCOL : -1
    }
    if (family !== ROW_FAMILY.V4 && family !== ROW_FAMILY.V6) return NO_ADDRESS
    return family === (type === TYPE.A ? ROW_FAMILY.V4 : ROW_FAMILY.V6) ? -1 : WRONG_FAMILY
  }

  #matches(row: number): boolean {
    const { port, tokenAt, tokenLength } = this.#selectors
    if (port >= 0) return this.#table.getInt32(row + ROW.PORT, true) === port
    const token = this.#table.getInt32(row + ROW.TOKEN, true)
    const at = this.#choice.block + token
    return token !== 0 && isText(this.#table, at, this.#key, tokenAt, tokenLength)
  }

  #has(section: number, flag: number): boolean {
    return (this.#table.getInt32(section + SECTION.FLAGS, true) & flag) !== 0
  }
}
