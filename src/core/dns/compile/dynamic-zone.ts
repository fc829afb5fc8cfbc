import type { Service, ServiceRef } from '../../registry/state.ts'
import { FLAG } from '../table/layout.ts'
import { Ancestors } from './ancestors.ts'
import { buildService, type ServiceOptions } from './service-block.ts'
import { keysOf, winnerOf, type ServiceKeys } from './service-names.ts'
import type { TableWriter } from './table-writer.ts'

interface Published {
  readonly ref: ServiceRef
  readonly keys: ServiceKeys
  service: Service
  block: number
  /** True while it bears its full, group and short names; the hash name it always bears. */
  bearsNames: boolean
  unpublished: number
}

/**
 * One zone of service names: keeps the table's names and blocks equal to the services it was told.
 */
export class DynamicZone {
  readonly #writer: TableWriter
  readonly #options: ServiceOptions
  readonly #ancestors: Ancestors
  readonly #services = new Map<string, Published>()
  /** All services of one folded name; one of them bears it. */
  readonly #claims = new Map<string, Published[]>()
  #collisions = 0
  #unpublished = 0

  constructor(writer: TableWriter, options: ServiceOptions) {
    this.#writer = writer
    this.#options = options
    this.#ancestors = new Ancestors(writer, options.zone, FLAG.DYNAMIC, options.apex.length)
  }

  /** Services that another one of the same folded name keeps from their names. */
  get collisions(): number {
    return this.#collisions
  }

  /** Instances that have no place in DNS: their host is neither an address nor a name. */
  get unpublished(): number {
    return this.#unpublished
  }

  get ancestors(): Ancestors {
    return this.#ancestors
  }

  /** The service as it is now; undefined when it is gone. */
  publish(ref: ServiceRef, service: Service | undefined): void {
    const id = `${ref.namespace}\n${ref.group}\n${ref.name}`
    const known = this.#services.get(id)
    if (service === undefined) {
      if (known !== undefined) this.#remove(id, known)
    } else if (known === undefined) {
      this.#add(id, service)
    } else {
      known.service = service
      this.#rebuild(known)
    }
  }

  #add(id: string, service: Service): void {
    const { ref } = service
    const keys = keysOf(ref, this.#options.apex)
    const added: Published = {
      ref,
      keys,
      service,
      block: 0,
      bearsNames: false,
      unpublished: 0,
    }
    // A full table throws here, before anything is noted: the service can be tried again.
    this.#rebuild(added)
    this.#services.set(id, added)
    if (keys.folded === undefined) return
    const claims = this.#claims.get(keys.folded) ?? []
    claims.push(added)
    this.#claims.set(keys.folded, claims)
    if (claims.length > 1) this.#collisions++
    this.#settle(claims, claims.length > 1)
  }

  #remove(id: string, gone: Published): void {
    this.#services.delete(id)
    this.#unpublished -= gone.unpublished
    if (gone.bearsNames) this.#dropNames(gone)
    this.#writer.unpoint(gone.keys.hash)
    this.#writer.arena.retire(gone.block)
    const { folded } = gone.keys
    const claims = folded === undefined ? undefined : this.#claims.get(folded)
    if (folded === undefined || claims === undefined) return
    claims.splice(claims.indexOf(gone), 1)
    if (claims.length === 0) this.#claims.delete(folded)
    else this.#collisions--
    this.#settle(claims, true)
  }

  /** A new block under all the names it bears; the old one is freed when nobody reads it. */
  #rebuild(one: Published): void {
    const { builder, memory, arena } = this.#writer
    const claims = one.keys.folded === undefined ? undefined : this.#claims.get(one.keys.folded)
    const collisions = claims?.includes(one) ? claims.length - 1 : 0
    const note = { hashLabel: one.keys.hashLabel, collisions }
    const { unpublished } = buildService(builder, one.service, this.#options, note)
    const block = builder.copyTo(memory, arena)
    this.#writer.point(one.keys.hash, block)
    if (one.bearsNames) for (const key of one.keys.forms) this.#writer.point(key, block)
    if (one.block !== 0) arena.retire(one.block)
    one.block = block
    this.#unpublished += unpublished - one.unpublished
    one.unpublished = unpublished
  }

  /** Gives the folded name to its rightful bearer; all claimants tell the collision in TXT. */
  #settle(claims: readonly Published[], isCollision: boolean): void {
    const winner = winnerOf(claims)
    for (const claim of claims) {
      if (claim !== winner && claim.bearsNames) this.#dropNames(claim)
    }
    if (winner !== undefined && !winner.bearsNames) this.#bearNames(winner)
    if (isCollision) for (const claim of claims) this.#rebuild(claim)
  }

  #bearNames(one: Published): void {
    one.bearsNames = true
    for (const key of one.keys.forms) {
      // What stood here can only be an empty non-terminal.
      const old = this.#writer.point(key, one.block)
      if (old !== 0) this.#writer.arena.retire(old)
      this.#ancestors.add(key)
    }
  }

  #dropNames(one: Published): void {
    one.bearsNames = false
    for (const key of one.keys.forms) {
      if (!this.#ancestors.restoreOver(key)) this.#writer.unpoint(key)
      this.#ancestors.remove(key)
    }
  }
}
