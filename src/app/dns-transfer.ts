import { TransferFollower } from '../adapters/dns/transfer/follower.ts'
import { Notifier } from '../adapters/dns/transfer/notifier.ts'
import { TransferServer } from '../adapters/dns/transfer/transfer-server.ts'
import { formatName, lowerName } from '../core/dns/name.ts'
import { findKey } from '../core/dns/transfer/tsig.ts'
import { TransferZones, type TransferZonesOptions } from '../core/dns/transfer/zones.ts'
import type { ZoneRecord } from '../core/dns/zone/state.ts'
import type { ServiceRef, Snapshot } from '../core/registry/state.ts'
import type { Telemetry } from '../engine/ports.ts'
import type { TransferReading } from '../adapters/telemetry/metrics/sources.ts'
import { keyNameOf, transferAccess } from './dns-access.ts'
import { zoneTableSettings } from './dns-settings.ts'
import { SerialFile } from './serial-file.ts'
import type { Settings } from './settings/settings.ts'

/** Journals of all zones together have at most this, whatever `dns.journal_max` says. */
const JOURNAL_BYTES_MAX = 64 * 2 ** 20
function wallSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

/** The parts that make and announce transfers. */
export interface Transfers {
  readonly server: TransferServer
  /** What revisions count from. */
  readonly firstRevision: number
  publish(touched: readonly ServiceRef[], snapshot: Snapshot): void
  /** A static zone was loaded, or is gone. */
  changeFile(apex: Uint8Array, records: readonly ZoneRecord[] | undefined): void
  /** Tells all secondaries of all zones: what they have may be of the last run. */
  announce(): void
  stop(): void
  read(): TransferReading
}

/** Undefined when nobody may have a zone: then nothing is kept for it. */
export function createTransfers(
  settings: Settings,
  telemetry: Pick<Telemetry, 'event'>,
): Transfers | undefined {
  const { rules, keys } = transferAccess(settings)
  if (rules.length === 0) return undefined
  const serials = new SerialFile(settings.server.dataDir, Date.now(), telemetry)
  const firstRevision = serials.first
  const zones = new TransferZones({ ...zonesOptions(settings), firstRevision })
  const secondaries = settings.dns.secondaries.map(({ address, port, key }) => {
    return { address, port, key: key === undefined ? undefined : findKey(keys, keyNameOf(key)) }
  })
  const notifier = new Notifier({ secondaries, now: wallSeconds, telemetry })
  const follower = new TransferFollower({
    zones,
    onAdvance: () => zones.liveApexes.forEach((apex) => notifier.changed(apex)),
  })
  const server = new TransferServer({
    zones,
    keys,
    telemetry,
    now: wallSeconds,
    settled: () => follower.settled(),
  })
  return {
    server,
    firstRevision,
    publish: (touched, snapshot) => {
      serials.note(snapshot.revision)
      follower.publish(touched, snapshot)
    },
    changeFile: (apex, records) => changeFile({ zones, notifier, telemetry }, apex, records),
    announce: () => zones.apexes.forEach((apex) => notifier.changed(apex)),
    stop: () => {
      follower.stop()
      notifier.stop()
    },
    read: () => readTransfers(zones, server, notifier),
  }
}

function zonesOptions(settings: Settings): Omit<TransferZonesOptions, 'firstRevision'> {
  const answers = zoneTableSettings(settings)
  const count = Math.max(1, answers.zones.length + answers.reverseZones.length)
  const bytesMax = Math.floor(JOURNAL_BYTES_MAX / count)
  return { ...answers, journal: { entriesMax: settings.dns.journalMax, bytesMax } }
}

interface FileParts {
  readonly zones: TransferZones
  readonly notifier: Notifier
  readonly telemetry: Pick<Telemetry, 'event'>
}

function changeFile(
  { zones, notifier, telemetry }: FileParts,
  apex: Uint8Array,
  records: readonly ZoneRecord[] | undefined,
): void {
  if (records === undefined) return zones.unloadFile(apex)
  const change = zones.loadFile(apex, records)
  if (change === 'newer') notifier.changed(lowerName(apex))
  if (change !== 'stuck') return
  telemetry.event('warn', 'zone_serial_stuck', { zone: formatName(apex) })
}

function readTransfers(
  zones: TransferZones,
  server: TransferServer,
  notifier: Notifier,
): TransferReading {
  return {
    transfers: server.counts(),
    running: server.running,
    bytes: server.bytes,
    notifies: notifier.counts(),
    journal: zones.journalSize,
  }
}
