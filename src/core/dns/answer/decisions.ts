import type { Rng } from '../../../kernel/rng.ts'
import { Judge } from '../explain/reason.ts'
import { WhyAnswer } from '../explain/why-answer.ts'
import { Area } from '../locality/area.ts'
import { ClientSubnet, SUBNET } from '../locality/client-subnet.ts'
import { Locator, type Locality } from '../locality/locator.ts'
import { AnswerCount } from './answer-count.ts'
import { AREA, Choice } from './choice.ts'
import { Chooser } from './chooser.ts'
import type { Client } from './client.ts'
import type { Message } from './message.ts'
import type { Query } from './query.ts'
import { Sampler } from './sample.ts'
import type { Selectors } from './selectors.ts'
import { ServiceAnswer } from './service-answer.ts'

export interface DecisionSettings {
  /** `_token._tcp` gives nothing, instead of all, when no instance says what it speaks. */
  readonly strictSrv: boolean
  /** Upper halves of this machine's own IPv4 addresses, for clients on the loopback. */
  readonly localNets: readonly number[]
  /** Which cluster is whose; absent: nobody has one. */
  readonly localities?: readonly Locality[]
  /** Forwarders whose word counts on where their clients are, in CIDR notation. */
  readonly ecsTrusted?: readonly string[]
}

/** What the decisions look at. */
export interface Scene {
  readonly table: DataView
  readonly message: Message
  readonly client: Client
  readonly query: Query
  readonly selectors: Selectors
}

/**
 * Everything that is decided between a question and the records of a service. One set per thread:
 * the answer is written from it, and `_why` and the HTTP API explain from it.
 */
export class Decisions {
  readonly settings: DecisionSettings
  readonly selectors: Selectors
  readonly subnet: ClientSubnet
  readonly choice: Choice = new Choice()
  readonly count: AnswerCount
  readonly judge: Judge
  readonly services: ServiceAnswer
  readonly #area: Area

  constructor(
    { table, message, client, query, selectors }: Scene,
    settings: DecisionSettings,
    rng: Rng,
  ) {
    const { choice } = this
    const { localNets, strictSrv } = settings
    const { key } = query
    this.settings = settings
    this.selectors = selectors
    this.subnet = new ClientSubnet(settings.ecsTrusted ?? [])
    const locator = new Locator(settings.localities ?? [], client, this.subnet)
    this.#area = new Area(table, locator, rng, choice)
    this.count = new AnswerCount(table, client, selectors, localNets)
    this.judge = new Judge(table, selectors, choice, key)
    const chooser = new Chooser(table, selectors, key, this.#area, choice)
    const shared = { table, message, selectors, chooser, count: this.count, key, strictSrv }
    const why = new WhyAnswer({ ...shared, client, subnet: this.subnet, judge: this.judge })
    this.services = new ServiceAnswer({ ...shared, sampler: new Sampler(rng), why })
  }

  /** A new query. */
  reset(): void {
    const { choice, subnet } = this
    choice.block = 0
    choice.area = AREA.ANY
    if (subnet.state !== SUBNET.ABSENT) subnet.reset()
    if (this.#area.isActive) this.#area.reset()
  }
}
