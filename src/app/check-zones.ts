import { join } from 'node:path'
import { ZoneFiles } from '../adapters/dns/zone-files.ts'
import { ZoneTable } from '../core/dns/compile/zone-table.ts'
import { createTable } from '../core/dns/table/memory.ts'
import type { Facts, Level } from '../engine/ports.ts'
import { zoneTableSettings } from './dns-settings.ts'
import type { Settings } from './settings/settings.ts'

export interface ZoneCheck {
  /** One line per finding, with the place to look at. */
  readonly warnings: readonly string[]
  readonly mistakes: readonly string[]
  /** The zones that would be served, in words. */
  readonly summary: string
}

/** Reads the zone files as a start would, into a table that nobody answers from. */
export async function checkZones(settings: Settings): Promise<ZoneCheck> {
  const { zonesDir, tableBytes } = settings.dns
  const warnings: string[] = []
  const mistakes: string[] = []
  const event = (level: Level, name: string, facts: Facts): void => {
    const line = placed(zonesDir, facts)
    if (level === 'error') mistakes.push(line)
    else if (name === 'zone_warning') warnings.push(line)
  }
  const table = new ZoneTable(createTable(tableBytes, 0, 0), zoneTableSettings(settings))
  using files = new ZoneFiles({ directory: zonesDir, table, telemetry: { event } })
  await files.load()
  const names = [...files.states].map(({ zone }) => zone)
  const zones = names.length === 0 ? 'no zone files' : `zones ${names.join(' ')}`
  return { warnings, mistakes, summary: `${zones} in ${zonesDir}` }
}

/** `zones/a.test.zone:3:1: what is wrong`: a place that editors can jump to. */
function placed(directory: string, { file, message }: Facts): string {
  if (file === undefined) return `${directory}: ${message}`
  const isPlaced = String(message).startsWith(`${file}:`)
  return join(directory, isPlaced ? String(message) : `${file}: ${message}`)
}
