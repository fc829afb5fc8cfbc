import type { FastifyInstance, InjectOptions } from 'fastify'
import { Admission, DEFAULT_ADMISSION_LIMITS } from '../../../src/adapters/http/admission.ts'
import { DEFAULT_HTTP_LIMITS, type HttpFront } from '../../../src/adapters/http/front.ts'
import { createHttpServer } from '../../../src/adapters/http/server.ts'
import type { ServerStatus } from '../../../src/core/nacos/status.ts'
import { createMember, type Member } from '../../../src/engine/member.ts'
import { millis } from '../../../src/kernel/ids.ts'
import { SeededRng } from '../../../src/kernel/rng.ts'
import { makeSpellings } from '../../../src/core/dns/answer/respell.ts'
import { ZoneTable } from '../../../src/core/dns/compile/zone-table.ts'
import { Explainer } from '../../../src/core/dns/explain/explainer.ts'
import { createTable } from '../../../src/core/dns/table/memory.ts'
import type { ServiceRef, Snapshot } from '../../../src/core/registry/state.ts'
import type { ZonePublisher } from '../../../src/engine/ports.ts'
import { RESPONDER, tableSettings } from '../../core/dns/answer/world.ts'
import { SimClock } from '../../sim/clock.ts'

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, unknown>>
}

/** The table that DNS would answer from, compiled at once, and what explains it. */
class TableZones implements ZonePublisher {
  readonly #memory = createTable(1 << 22, 1, 2)
  readonly #table = new ZoneTable(this.#memory, tableSettings())
  readonly explainer: Explainer

  constructor() {
    const spellings = makeSpellings(new Map(), new Map())
    this.explainer = new Explainer(this.#memory, { ...RESPONDER, spellings }, new SeededRng(1))
    this.#table.setReady(true)
  }

  publish(touched: readonly ServiceRef[], snapshot: Snapshot): void {
    for (const ref of touched) this.#table.publish(ref, snapshot)
    this.#table.settle(snapshot.revision)
  }
}

/** A real engine on simulated time behind a real HTTP server; no socket until `listen`. */
export class HttpWorld implements AsyncDisposable {
  readonly clock: SimClock = new SimClock()
  readonly observed: string[] = []
  readonly faults: unknown[] = []
  readonly member: Member
  readonly server: FastifyInstance
  status: ServerStatus = 'UP'
  isLive = true
  reasons: readonly string[] = []

  constructor(overrides: Partial<HttpFront> = {}) {
    const zones = new TableZones()
    const telemetry = { event: ignore, count: ignore }
    this.member = createMember(
      { clock: this.clock, zones, telemetry },
      {
        limits: { instancesPerServiceMax: 100, servicesPerNamespaceMax: 200 },
        health: { expireInstances: true, emptyServiceMs: millis(60_000) },
      },
    )
    const explain: HttpFront['explain'] = (question) => zones.explainer.explain(question)
    this.server = createHttpServer({ ...this.#front(), explain, ...overrides })
  }

  /** `GET /path`, or another verb; `form` is the body of a form. */
  async ask(
    request: string,
    form?: string,
    headers: InjectOptions['headers'] = {},
  ): Promise<Answer> {
    const [method = '', url = ''] = request.split(/ (.*)/s)
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await this.server.inject({
      method: method as 'GET',
      url,
      headers: { ...(form === undefined ? {} : type), ...headers },
      ...(form === undefined ? {} : { payload: form }),
    })
    return { status: answer.statusCode, text: answer.payload, headers: answer.headers }
  }

  async text(request: string, form?: string): Promise<string> {
    const { status, text } = await this.ask(request, form)
    return status === 200 ? text : `${status} ${text}`
  }

  async json(request: string, form?: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.text(request, form)) as Record<string, unknown>
  }

  /** `ip:port/cluster` and `+` or `-` for each host that a list shows. */
  async hosts(query: string): Promise<string> {
    const { hosts } = await this.json(`GET /nacos/v1/ns/instance/list?${query}`)
    return (hosts as readonly Host[])
      .map((h) => `${h.ip}:${h.port}/${h.clusterName}${h.healthy ? '+' : '-'}`)
      .join(' ')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.member[Symbol.dispose]()
    await this.server.close()
  }

  #front(): Omit<HttpFront, 'explain'> {
    return {
      naming: this.member.naming,
      clock: this.clock,
      limits: DEFAULT_HTTP_LIMITS,
      admission: new Admission(DEFAULT_ADMISSION_LIMITS),
      version: '0.1.0',
      selfAddress: '127.0.0.1:8848',
      livez: () => this.isLive,
      readiness: () => ({ ready: this.reasons.length === 0, reasons: this.reasons }),
      status: () => this.status,
      counts: () => COUNTS,
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'cairn_up 1\n' }),
      observe: (route, method, status, seconds) => {
        this.observed.push(`${method} ${route} ${status} ${seconds >= 0}`)
      },
      fault: (error) => {
        this.faults.push(error)
      },
    }
  }
}

interface Host {
  readonly ip: string
  readonly port: number
  readonly clusterName: string
  readonly healthy: boolean
}

const COUNTS = {
  services: 3,
  ephemeralInstances: 4,
  persistentInstances: 1,
  connections: 2,
  subscribers: 7,
  cpu: 0.02,
  load: 0.5,
  mem: 0.3,
}

function ignore(): void {}
