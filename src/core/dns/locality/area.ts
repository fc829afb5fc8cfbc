import type { Rng } from '../../../kernel/rng.ts'
import { AREA, type Choice } from '../answer/choice.ts'
import { findSection } from '../answer/sections.ts'
import { LOCALITY, SECTION, SECTION_FLAG, SERVICE } from '../table/layout.ts'
import type { Locator } from './locator.ts'

/**
 * A cluster carries its share of traffic until this part of its weight is healthy: the others have
 * room for 40 % more (Envoy's overprovisioning factor).
 */
const OVERPROVISIONING = 1.4

/** Decides between the client's cluster and the rest (dns.md §2.6). */
export class Area {
  /** False: there are no localities. */
  readonly isActive: boolean
  readonly #table: DataView
  readonly #locator: Locator
  readonly #rng: Rng
  readonly #choice: Choice
  /** Drawn once per query, so that all that is said in its answer agrees; −1: not yet. */
  #luck = -1

  constructor(table: DataView, locator: Locator, rng: Rng, choice: Choice) {
    this.#table = table
    this.#locator = locator
    this.isActive = locator.isActive
    this.#rng = rng
    this.#choice = choice
  }

  /** A new query. */
  reset(): void {
    this.#luck = -1
  }

  /**
   * Notes in the choice where the answer comes from. `count`: the field of a section that says how
   * many records it has of the type asked for.
   */
  decide(block: number, count: number): void {
    const choice = this.#choice
    const mode = this.#table.getInt32(block + SERVICE.LOCALITY, true)
    if (mode === LOCALITY.OFF) return
    choice.cluster = this.#locator.locate()
    const label = this.#locator.labels[choice.cluster]
    if (label === undefined) return
    choice.local = findSection(this.#table, block, label, 0, label.length)
    const section = block + SERVICE.SECTIONS + choice.local * SECTION.SIZE
    if (mode === LOCALITY.ONLY) {
      const isThere = choice.local >= 0 && this.#table.getInt32(section + count, true) > 0
      choice.area = isThere ? AREA.LOCAL : AREA.NONE
      choice.section = isThere ? section : 0
      return
    }
    const isWell = choice.local >= 0 && this.#isWell(section, count, mode === LOCALITY.SPILL)
    choice.area = isWell ? AREA.LOCAL : AREA.BEYOND
    // SRV tells all, and the client's own first, by priority (dns.md §2.5).
    if (isWell && count !== SECTION.SRV_COUNT) choice.section = section
  }

  /** Healthy above its threshold; in mode `spill`, by chance, as often as it can bear. */
  #isWell(section: number, count: number, maySpill: boolean): boolean {
    const table = this.#table
    if (table.getInt32(section + count, true) === 0) return false
    if (table.getInt32(section + SECTION.FLAGS, true) & SECTION_FLAG.PROTECTED) return false
    const share = table.getFloat64(section + SECTION.CAPACITY, true) * OVERPROVISIONING
    if (!maySpill || share >= 1) return true
    if (this.#luck < 0) this.#luck = this.#rng.f64()
    return this.#luck < share
  }
}
