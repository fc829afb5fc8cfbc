import { decodeLabel, encodeLabel } from '../labels.ts'
import type { Area } from '../locality/area.ts'
import { latin1 } from '../name.ts'
import { TYPE } from '../protocol.ts'
import { SECTION, SERVICE } from '../table/layout.ts'
import { AREA, type Choice } from './choice.ts'
import { findSection } from './sections.ts'
import type { Selectors } from './selectors.ts'

const UTF8 = new TextEncoder()

/** Chooses the section that answers: by the name's selectors, else by where the client is. */
export class Chooser {
  readonly choice: Choice
  readonly #table: DataView
  readonly #selectors: Selectors
  readonly #area: Area
  /** The name that was looked up, for the selectors' offsets. */
  readonly #key: Uint8Array

  constructor(table: DataView, selectors: Selectors, key: Uint8Array, area: Area, choice: Choice) {
    this.#table = table
    this.#selectors = selectors
    this.#key = key
    this.#area = area
    this.choice = choice
  }

  /** Fills in the choice for records of `type`; its section is 0 when none can answer. */
  choose(block: number, type: number): void {
    const { choice } = this
    choice.block = block
    choice.area = AREA.ANY
    choice.section = block + SERVICE.SECTIONS
    if (this.#selectors.clusterLength > 0) {
      this.#select(block)
      return
    }
    if (this.#area.isActive) this.#localize(block, type)
  }

  #localize(block: number, type: number): void {
    // `_all` is everywhere: its client chooses.
    if (this.#selectors.answers < 0) return
    if (type === TYPE.A) this.#area.decide(block, SECTION.A_COUNT)
    else if (type === TYPE.AAAA) this.#area.decide(block, SECTION.AAAA_COUNT)
    else if (type === TYPE.SRV) this.#area.decide(block, SECTION.SRV_COUNT)
  }

  /** The section that the cluster selector names, if there is one. */
  #select(block: number): void {
    const { choice } = this
    choice.selected = this.#selected(block)
    choice.section = choice.selected < 0 ? 0 : choice.section + choice.selected * SECTION.SIZE
  }

  /** Its number; −1 when there is no such cluster. */
  #selected(block: number): number {
    const { clusterAt, clusterLength } = this.#selectors
    const found = findSection(this.#table, block, this.#key, clusterAt, clusterLength)
    if (found >= 0) return found
    // Another spelling, say `a--5fb` for `a_b`; as with names, this rare look may allocate.
    const asked = latin1(this.#key.subarray(clusterAt, clusterAt + clusterLength))
    const label = UTF8.encode(encodeLabel(decodeLabel(asked), 'cluster'))
    return findSection(this.#table, block, label, 0, label.length)
  }
}
