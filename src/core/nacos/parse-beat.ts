import { CairnError } from '../../kernel/errors.ts'
import {
  parseClusterName,
  parseHost,
  parsePort,
  parseWeight,
  type ClusterName,
} from '../registry/ids.ts'
import { parseLeaseTimes } from '../registry/lease-times.ts'
import { NO_METADATA, type Metadata } from '../registry/state.ts'
import { membersOf, parseJsonObject, parseJsonObjectAsText, scalarText } from './json.ts'
import { firstOf, optional, parseDecimal, required, type Params } from './params.ts'
import { parseKind, type InstanceAddress, type ParsedInstance } from './parse-instance.ts'
import { metadataOf, type MetadataLimits } from './parse-metadata.ts'
import { parseServiceRef } from './parse-service.ts'
import * as texts from './texts.ts'

/** Who beats. `json` is the body of a full beat, `''` for a light one. */
export interface Beat extends InstanceAddress {
  readonly json: string
}

type Members = ReadonlyMap<string, unknown>

const NO_MEMBERS: Members = new Map()

/**
 * The service is the one of the parameter, never the one in the JSON: Python sends the two in
 * different forms (alibaba/nacos #12161). The JSON's address goes before the parameters'.
 */
export function parseBeat(params: Params): Beat {
  const ref = parseServiceRef(params)
  const json = optional(params, 'beat')
  const members = json === '' ? NO_MEMBERS : parseJsonObject(json)
  if (members === undefined) throw incorrect()
  const cluster = memberText(members, 'cluster') || firstOf(params, 'clusterName', 'cluster')
  return {
    ref,
    kind: parseKind(memberText(members, 'ephemeral')),
    ip: parseHost(memberText(members, 'ip') || required(params, 'ip')),
    port: parsePort(memberText(members, 'port') || required(params, 'port')),
    cluster: cluster === '' ? undefined : parseClusterName(cluster),
    json,
  }
}

/** What a full beat registers. Read only when its instance is unknown: most beats need it not. */
export function instanceOfBeat(
  beat: Beat,
  cluster: ClusterName,
  limits: MetadataLimits,
): ParsedInstance {
  const members = parseJsonObjectAsText(beat.json)
  if (members === undefined) throw incorrect()
  const weight = memberText(members, 'weight')
  const metadata = beatMetadata(members.get('metadata'), limits)
  return {
    kind: beat.kind,
    ip: beat.ip,
    port: beat.port,
    cluster,
    weight: parseWeight(weight === '' ? 1 : parseDecimal(weight)),
    enabled: true,
    healthy: true,
    metadata,
    times: parseLeaseTimes(metadata),
  }
}

function beatMetadata(value: unknown, limits: MetadataLimits): Metadata {
  if (value === undefined || value === null) return NO_METADATA
  const members = membersOf(value)
  if (members === undefined) throw incorrect()
  return metadataOf(members, limits)
}

/** A scalar as text; `''` when it is absent, null or no scalar. */
function memberText(members: Members, name: string): string {
  return scalarText(members.get(name))?.trim() ?? ''
}

/** True for a beat that carries what a registration needs. */
export function isFull(beat: Beat): boolean {
  return beat.json !== ''
}

function incorrect(): CairnError {
  return new CairnError('invalid_argument', texts.BEAT_INCORRECT)
}
