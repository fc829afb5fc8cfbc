import { CairnError } from '../../../kernel/errors.ts'
import type { Service, ServiceRef } from '../../registry/state.ts'
import { FLAG } from '../table/layout.ts'
import { Ancestors } from './ancestors.ts'
import { buildService, type ServiceOptions } from './service-block.ts'
import { keysOf, winnerOf, type ServiceKeys } from './service-names.ts'
import { ShardedMap } from './sharded-map.ts'
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
  readonly #services = new ShardedMap<Published>()
  /** All services of one folded name; one of them bears it. */
  readonly #claims = new ShardedMap<readonly Published[]>()
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
      this.#rebuild(known, Math.max(0, this.#claimsOf(known.keys).length - 1))
    }
  }

  /** All or, when the table is full, nothing: the service can be tried again. */
  #add(id: string, service: Service): void {
    const { ref } = service
    const keys = keysOf(ref, this.#options.apex)
    const unnamed = { block: 0, bearsNames: false, unpublished: 0 }
    const added: Published = { ref, keys, service, ...unnamed }
    const rivals = this.#claimsOf(keys)
    this.#rebuild(added, rivals.length)
    const claims = [...rivals, added]
    try {
      if (keys.folded !== undefined) this.#settle(claims)
    } catch (error) {
      this.#drop(added)
      throw error
    }
    this.#services.set(id, added)
    if (keys.folded !== undefined) this.#claims.set(keys.folded, claims)
    if (rivals.length > 0) this.#collisions++
    this.#tellCollision(rivals)
  }

  /** Takes no memory, so a full table can be emptied. */
  #remove(id: string, gone: Published): void {
    this.#services.delete(id)
    const { folded } = gone.keys
    const rivals = this.#claimsOf(gone.keys).filter((claim) => claim !== gone)
    if (folded !== undefined && rivals.length > 0) this.#claims.set(folded, rivals)
    else if (folded !== undefined) this.#claims.delete(folded)
    if (rivals.length > 0) this.#collisions--
    if (gone.bearsNames) {
      if (rivals.length > 0) this.#handOver(gone, rivals)
      else this.#dropNames(gone)
    }
    this.#drop(gone)
    this.#tellCollision(rivals)
  }

  #claimsOf({ folded }: ServiceKeys): readonly Published[] {
    return (folded === undefined ? undefined : this.#claims.get(folded)) ?? []
  }

  /** A new block under all the names it bears; the old one is freed when nobody reads it. */
  #rebuild(one: Published, rivals: number): void {
    const { builder, memory, arena } = this.#writer
    const note = { hashLabel: one.keys.hashLabel, collisions: rivals }
    const { unpublished } = buildService(builder, one.service, this.#options, note)
    const block = builder.copyTo(memory, arena)
    try {
      this.#writer.point(one.keys.hash, block)
    } catch (error) {
      arena.retire(block)
      throw error
    }
    if (one.bearsNames) for (const key of one.keys.forms) this.#writer.point(key, block)
    this.#writer.retire(one.block)
    one.block = block
    this.#unpublished += unpublished - one.unpublished
    one.unpublished = unpublished
  }

  /** Its hash name and its block. */
  #drop(one: Published): void {
    this.#writer.unpoint(one.keys.hash)
    this.#writer.retire(one.block)
    this.#unpublished -= one.unpublished
  }

  /** Gives the folded name to its rightful bearer. */
  #settle(claims: readonly Published[]): void {
    const bearer = claims.find((claim) => claim.bearsNames)
    if (bearer !== undefined) this.#handOver(bearer, claims)
    else for (const claim of claims) this.#bearNames(claim)
  }

  /** From one bearer to the rightful one: they have the same names, so nothing is made or lost. */
  #handOver(bearer: Published, claims: readonly Published[]): void {
    const winner = winnerOf(claims)
    if (winner === undefined || winner === bearer) return
    bearer.bearsNames = false
    winner.bearsNames = true
    for (const key of winner.keys.forms) this.#writer.point(key, winner.block)
  }

  /** Claimants tell the collision in TXT; in a table too full for that, with the next change. */
  #tellCollision(claims: readonly Published[]): void {
    const rivals = claims[0] === undefined ? 0 : this.#claimsOf(claims[0].keys).length - 1
    try {
      for (const claim of claims) this.#rebuild(claim, rivals)
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
    }
  }

  #bearNames(one: Published): void {
    const borne: Uint8Array[] = []
    try {
      for (const key of one.keys.forms) {
        this.#ancestors.add(key)
        borne.push(key)
        // What stood here can only be an empty non-terminal.
        this.#writer.retire(this.#writer.point(key, one.block))
      }
    } catch (error) {
      for (const key of borne) this.#dropName(key)
      throw error
    }
    one.bearsNames = true
  }

  #dropNames(one: Published): void {
    one.bearsNames = false
    for (const key of one.keys.forms) this.#dropName(key)
  }

  #dropName(key: Uint8Array): void {
    this.#ancestors.restore(key)
    this.#ancestors.remove(key)
  }
}
