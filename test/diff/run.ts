import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseName } from '../../src/core/dns/name.ts'
import { readZone } from '../../src/core/dns/zone/read-zone.ts'
import { formatZoneError, type ZoneRecord } from '../../src/core/dns/zone/state.ts'
import { Cairn, compare, Findings } from './compare.ts'
import { makeZones, type TestZone } from './make-zones.ts'
import { makeNames, TYPES, type Question } from './questions.ts'
import { startKnot, startNsd } from './servers.ts'
import { writeZone } from './sign.ts'

export interface ComparisonOptions {
  /** In the largest zone. */
  readonly hosts: number
  /** Asked for, in all zones together; each is asked for with all types. */
  readonly names: number
  readonly seed: number
}

/** Questions that are under way at a time: bounds the memory. */
const BATCH = 20_000

export async function runComparison(options: ComparisonOptions): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-diff-'))
  try {
    const zones = makeZones(options.hosts)
    const files = zones.map((zone) => ({ apex: zone.apex, path: writeZone(zone, folder) }))
    const cairn = new Cairn()
    const loaded = files.map(({ apex, path }) => load(cairn, apex, path))
    await using knot = await startKnot(folder, files)
    await using nsd = await startNsd(folder, files)
    const findings = new Findings()
    const questions = zones.flatMap((zone, i) =>
      Array.from(makeQuestions(zone, loaded[i] ?? [], options, zones.length)),
    )
    for (let at = 0; at < questions.length; at += BATCH) {
      const batch = questions.slice(at, at + BATCH)
      await compare(cairn, knot, batch, findings)
      await compare(cairn, nsd, batch, findings)
    }
    return findings
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function load(cairn: Cairn, apex: string, path: string): readonly ZoneRecord[] {
  const { records, errors } = readZone(readFileSync(path, 'utf8'), path, parseName(apex))
  if (errors.length > 0) throw new Error(errors.map(formatZoneError).join('\n'))
  cairn.load(apex, records)
  return records
}

function* makeQuestions(
  zone: TestZone,
  records: readonly ZoneRecord[],
  { names, seed }: ComparisonOptions,
  zones: number,
): Iterable<Question> {
  let i = 0
  for (const name of makeNames(records, Math.ceil(names / zones), seed)) {
    // Of signed zones, one name in four is asked for without signatures.
    const wantsDnssec = zone.signing !== 'none' && i++ % 4 !== 0
    for (const type of TYPES.keys()) yield { name, type, wantsDnssec }
  }
}
