import { parentPort, workerData } from 'node:worker_threads'
import { SeededRng } from '../../../../src/kernel/rng.ts'
import { openTable, Reader } from '../../../../src/core/dns/table/memory.ts'
import { NameFinder } from '../../../../src/core/dns/table/name-index.ts'
import { isWhole, keyOf } from './checked-block.ts'

/** Looks names up while another thread writes, and checks each block it finds, octet by octet. */

export interface CheckingData {
  readonly table: SharedArrayBuffer
  /** Word 0: 1 = end. */
  readonly control: SharedArrayBuffer
  readonly names: number
  readonly reader: number
  /** False: it holds no guard, to see that the check finds what is torn. */
  readonly isGuarded: boolean
}

export interface Checked {
  readonly looks: number
  readonly found: number
  readonly torn: number
}

/** Blocks that are held under one guard, and checked a second time before it is left. */
const HELD = 16
/** It ends by itself when it has seen so many. */
const TORN_MAX = 10

function checkAll({ table, control, names, reader, isGuarded }: CheckingData): Checked {
  const memory = openTable(table)
  const stop = new Int32Array(control)
  const guard = new Reader(memory, reader)
  const finder = new NameFinder(memory)
  const rng = new SeededRng(reader + 1)
  const keys = Array.from({ length: names }, (_, n) => keyOf(n))
  const views = keys.map((key) => new DataView(key.buffer))
  const held = new Int32Array(HELD)
  const heldNames = new Int32Array(HELD)
  const counts = { looks: 0, found: 0, torn: 0 }
  while (Atomics.load(stop, 0) === 0 && counts.torn < TORN_MAX) {
    if (isGuarded) guard.enter()
    for (let i = 0; i < HELD; i++) {
      const n = rng.u32() % names
      const view = views[n]
      held[i] = view === undefined ? 0 : finder.find(view, 0, view.byteLength)
      heldNames[i] = n
      counts.looks++
      if (held[i] !== 0) counts.found++
    }
    for (let i = 0; i < HELD; i++) {
      const block = held[i] ?? 0
      if (block !== 0 && !isWhole(memory, block, heldNames[i] ?? 0)) counts.torn++
    }
    if (isGuarded) guard.leave()
  }
  return counts
}

if (parentPort !== null) parentPort.postMessage(checkAll(workerData as CheckingData))
