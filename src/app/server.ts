import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { createMember, type Member, type MemberSettings } from '../engine/member.ts'
import type { ZonePublisher } from '../engine/ports.ts'
import { SeededRng } from '../kernel/rng.ts'
import { adviseHugePages } from '../adapters/dns/batch/huge-pages.ts'
import { chooseEngine } from '../adapters/dns/choose-engine.ts'
import { DnsFront, type DnsFrontOptions } from '../adapters/dns/front.ts'
import { Admission } from '../adapters/http/admission.ts'
import { TablePublisher } from '../adapters/dns/publisher.ts'
import type { TlsFiles } from '../adapters/dns/tls-files.ts'
import { ZoneFiles } from '../adapters/dns/zone-files.ts'
import { SystemClock } from '../adapters/clock/system-clock.ts'
import type { Log } from '../adapters/telemetry/log.ts'
import { createMetrics } from '../adapters/telemetry/metrics.ts'
import { createTelemetry } from '../adapters/telemetry/telemetry.ts'
import { ZoneTable } from '../core/dns/compile/zone-table.ts'
import { makeSpellings } from '../core/dns/answer/respell.ts'
import { Explainer } from '../core/dns/explain/explainer.ts'
import { createTable, type TableMemory } from '../core/dns/table/memory.ts'
import type { Listening } from './banner.ts'
import type { Build } from './cli.ts'
import { CookieSecrets, gateData, openTlsFiles } from './dns-guard.ts'
import { answerPolicy, dnsPorts, dnsShared, startDns, zoneTableSettings } from './dns-settings.ts'
import { createTransfers, type Transfers } from './dns-transfer.ts'
import { HttpListeners } from './http-listeners.ts'
import { readDns, readRegistry } from './readings.ts'
import { clockRevision } from './serial-file.ts'
import type { Settings } from './settings/settings.ts'

export interface ServerOptions {
  readonly settings: Settings
  readonly build: Build
  readonly log: Log
  /** A broken invariant: the process must end. */
  readonly onFault: (error: unknown) => void
}

export interface Server {
  readonly http: Listening
  readonly dns: Listening & { readonly dot: number | undefined; readonly doh: number | undefined }
  /** Reads the zone files again. */
  readonly loadZones: () => Promise<void>
  /** Certificates and secrets are read again, and whatever else may change without a restart. */
  readonly renew: (settings: Settings) => void
  /** Readiness off, a while of serving all the same, what was received is answered, closed. */
  stop(): Promise<void>
}

/** Builds one server from adapters and engine, and starts it: all of it, or nothing. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { table, zones, dns, http, member, transfers, tls, secrets } = assemble(options)
  await zones.load()
  try {
    await http.start()
    await startDns(dns)
  } catch (error) {
    transfers?.stop()
    zones[Symbol.dispose]()
    await Promise.allSettled([http.stop(), dns.stop()])
    throw error
  }
  await zones.follow()
  transfers?.announce()
  tls?.start()
  // A lone member is caught up with itself at once.
  table.setReady(true)
  http.setReady(true)
  return {
    http: http.listening,
    dns: { addresses: dns.listening, port: dns.port, dot: dns.ports.dot, doh: dns.ports.doh },
    loadZones: () => zones.load(),
    renew: (settings) => {
      tls?.reload()
      dns.setSecrets(secrets.rotate(settings))
    },
    stop: async () => {
      http.setReady(false)
      tls?.stop()
      zones[Symbol.dispose]()
      await setTimeout(options.settings.server.drainMs)
      await Promise.all([http.stop(), dns.stop()])
      transfers?.stop()
      member[Symbol.dispose]()
    },
  }
}

interface Parts {
  readonly table: ZoneTable
  readonly publisher: TablePublisher
  readonly member: Member
  readonly zones: ZoneFiles
  readonly dns: DnsFront
  readonly http: HttpListeners
  readonly transfers: Transfers | undefined
  readonly tls: TlsFiles | undefined
  readonly secrets: CookieSecrets
}

function assemble({ settings, build, log, onFault }: ServerOptions): Parts {
  const seeds = randomBytes(8)
  const memory = createTable(settings.dns.tableBytes, seeds.readInt32LE(0), seeds.readInt32LE(4))
  adviseHugePages(memory.buffer)
  const table = new ZoneTable(memory, zoneTableSettings(settings))
  // Metrics are made first, for the parts count in them, and read the parts at scrape.
  const parts: { -readonly [K in keyof Parts]?: Parts[K] } = { table }
  const admission = new Admission(settings.http)
  const metrics = createMetrics({
    build: { version: build.version, node: build.node },
    registry: () => readRegistry(parts.member),
    dns: () => readDns(table, parts),
    http: () => admission.read(),
    log: () => log,
  })
  const telemetry = createTelemetry(log, metrics)
  const clock = new SystemClock()
  const observeDelay = metrics.observePublishDelay
  const publisher = new TablePublisher({ table, telemetry, observeDelay })
  const transfers = createTransfers(settings, telemetry)
  const firstRevision = transfers?.firstRevision ?? clockRevision(Date.now())
  table.settle(firstRevision)
  const ports = { clock, telemetry, zones: publishTo(publisher, transfers) }
  const member = createMember(ports, { ...memberSettings(settings), firstRevision })
  const zones = new ZoneFiles({
    directory: settings.dns.zonesDir,
    table,
    telemetry,
    // Without transfers nobody wants the records themselves.
    ...(transfers && { onChange: (apex, records) => transfers.changeFile(apex, records) }),
  })
  const secrets = new CookieSecrets(settings)
  const gate = gateData(settings, secrets.current)
  const tls = openTlsFiles(settings, telemetry, (identity) => dns.setIdentity(identity))
  const engine = chooseEngine(settings.dns.engine, telemetry)
  const shared = dnsShared(settings, build, { gate, tls: tls?.identity, engine })
  const dns = new DnsFront({
    workers: settings.dns.workers,
    listen: settings.server.listen,
    ports: dnsPorts(settings),
    memory,
    telemetry,
    shared,
    logSample: settings.log.dnsSample,
    ...(transfers === undefined ? {} : { transfers: transfers.server }),
    seed: () => randomBytes(4).readInt32LE(0),
  })
  const world = { settings, build, log, onFault, admission }
  const explainer = createExplainer(memory, shared)
  const http = new HttpListeners({ ...world, member, clock, metrics, dns, explainer })
  return Object.assign(parts, {
    table,
    publisher,
    member,
    zones,
    dns,
    http,
    transfers,
    tls,
    secrets,
  })
}

/** Answers as the workers do, beside them. */
function createExplainer(memory: TableMemory, shared: DnsFrontOptions['shared']): Explainer {
  const { groupAliases, namespaceAliases, responder } = shared
  const spellings = makeSpellings(groupAliases, namespaceAliases)
  const rng = new SeededRng(randomBytes(4).readInt32LE(0))
  return new Explainer(memory, { ...responder, spellings }, rng)
}

/** The table first: answers are what most wait for. */
function publishTo(publisher: ZonePublisher, transfers: Transfers | undefined): ZonePublisher {
  if (transfers === undefined) return publisher
  return {
    publish(touched, snapshot) {
      publisher.publish(touched, snapshot)
      transfers.publish(touched, snapshot)
    },
  }
}

function memberSettings(settings: Settings): MemberSettings {
  const { naming } = settings
  const { expireInstances, emptyServiceMs } = naming
  const health = { expireInstances, emptyServiceMs }
  return { limits: naming, health, answers: answerPolicy(settings) }
}
