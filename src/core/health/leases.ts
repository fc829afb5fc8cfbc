import type { Millis } from '../../kernel/ids.ts'
import type { InstanceKey } from '../registry/ids.ts'
import type { LeaseTimes, ServiceRef } from '../registry/state.ts'
import { fateOf, nextDeadline, type Fate, type Lease } from './lease.ts'

/** Width of a slot of the wheel; deadlines are found at most this much late. */
const SLOT_MS = 100
/** 512 × 100 ms = 51.2 s; a deadline beyond it is put back when its slot comes round. */
const SLOTS = 512

export interface Due {
  readonly lease: Lease
  readonly fate: Exclude<Fate, 'alive'>
}

/** All leases of this member, and the wheel that finds the due ones. */
export class Leases {
  readonly #services = new Map<string, Map<InstanceKey, Lease>>()
  readonly #slots: Lease[][] = Array.from({ length: SLOTS }, () => [])
  /** The slot being emptied, counted since lease time 0. */
  #cursor: number
  #size = 0
  #looked = 0

  constructor(now: Millis) {
    this.#cursor = slotOf(now)
  }

  get size(): number {
    return this.#size
  }

  /** Leases looked at since the start: the cost of expiry. */
  get looked(): number {
    return this.#looked
  }

  /** A registration or a beat at lease time `now`; a first one makes the lease. */
  beat(ref: ServiceRef, key: InstanceKey, times: LeaseTimes, now: Millis): void {
    const known = this.#services.get(idOf(ref))?.get(key)
    if (known === undefined) {
      this.#add({ ref, key, times, lastBeat: now, isBeating: true, isReleased: false })
      return
    }
    known.lastBeat = now
    // A deadline that moved nearer must be found in time; a farther one is put back when found.
    const isNearer = !known.isBeating || times.unhealthyMs < known.times.unhealthyMs
    known.isBeating = true
    if (isNearer || times.removeMs < known.times.removeMs) this.#replace(known, times)
    else known.times = times
  }

  release(ref: ServiceRef, key: InstanceKey): void {
    const id = idOf(ref)
    const leases = this.#services.get(id)
    const lease = leases?.get(key)
    if (leases === undefined || lease === undefined) return
    lease.isReleased = true
    leases.delete(key)
    if (leases.size === 0) this.#services.delete(id)
    this.#size--
  }

  /**
   * The leases whose fate is no longer `alive` at lease time `now`: `dueMax` of them at most, after
   * `lookMax` looks at most. A silent one stays in the table until it expires; an expired one is
   * released.
   */
  takeDue(now: Millis, lookMax: number, dueMax: number = lookMax): readonly Due[] {
    const due: Due[] = []
    const last = slotOf(now)
    const lookedMax = this.#looked + lookMax
    while (this.#cursor <= last) {
      const slot = this.#slots[this.#cursor % SLOTS] ?? []
      let count = 0
      for (const lease of slot) {
        if (this.#looked === lookedMax || due.length === dueMax) break
        this.#look(lease, now, due)
        this.#looked++
        count++
      }
      // Leases that are put back never land in this slot: what is left was not looked at.
      slot.splice(0, count)
      if (slot.length > 0 || this.#cursor === last) return due
      this.#cursor++
    }
    return due
  }

  #look(lease: Lease, now: Millis, due: Due[]): void {
    if (lease.isReleased) return
    const fate = fateOf(lease, now)
    if (fate === 'expired') {
      this.release(lease.ref, lease.key)
      due.push({ lease, fate })
      return
    }
    if (fate === 'silent') {
      lease.isBeating = false
      due.push({ lease, fate })
    }
    this.#arm(lease)
  }

  #add(lease: Lease): void {
    const id = idOf(lease.ref)
    const leases = this.#services.get(id) ?? new Map<InstanceKey, Lease>()
    leases.set(lease.key, lease)
    this.#services.set(id, leases)
    this.#size++
    this.#arm(lease)
  }

  /** Puts a fresh lease in the old one's place; the old one is dropped when the wheel passes it. */
  #replace(old: Lease, times: LeaseTimes): void {
    old.isReleased = true
    const lease: Lease = { ...old, times, isReleased: false }
    this.#services.get(idOf(old.ref))?.set(old.key, lease)
    this.#arm(lease)
  }

  /** Never into a slot that was already emptied, never a whole turn ahead of the cursor. */
  #arm(lease: Lease): void {
    const wanted = slotOf(nextDeadline(lease)) + 1
    const slot = Math.min(Math.max(wanted, this.#cursor + 1), this.#cursor + SLOTS - 1)
    this.#slots[slot % SLOTS]?.push(lease)
  }
}

function slotOf(at: number): number {
  return Math.floor(at / SLOT_MS)
}

function idOf(ref: ServiceRef): string {
  return `${ref.namespace}\n${ref.group}\n${ref.name}`
}
