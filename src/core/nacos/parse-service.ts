import { CairnError } from '../../kernel/errors.ts'
import {
  parseClusterName,
  parseGroupName,
  parseNamespaceId,
  parseServiceName,
  type ClusterName,
  type GroupName,
  type NamespaceId,
} from '../registry/ids.ts'
import { DEFAULT_SETTINGS, type ServiceRef, type ServiceSettings } from '../registry/state.ts'
import { parseJsonObject } from './json.ts'
import { optional, parseDecimal, parseFlag, parseInteger, required, type Params } from './params.ts'
import { parseMetadata, type MetadataLimits } from './parse-metadata.ts'
import { decodeFormText } from './percent.ts'
import * as texts from './texts.ts'

/** Characters of a selector; the longest useful ones have some hundred. */
const SELECTOR_MAX = 4_096

/** A name with `@@` carries its group, and `groupName` is then ignored altogether. */
export function parseServiceRef(params: Params): ServiceRef {
  const raw = required(params, 'serviceName')
  const namespace = parseNamespaceId(optional(params, 'namespaceId'))
  const at = raw.indexOf('@@')
  if (at === -1) {
    const group = parseGroupName(optional(params, 'groupName'))
    return { namespace, group, name: parseServiceName(raw) }
  }
  const name = raw.slice(at + 2)
  if (name === '' || name.includes('@@')) throw invalid(texts.SERVICE_NAME_FORM)
  if (at === 0) throw invalid(texts.GROUP_NAME_EMPTY)
  return { namespace, group: parseGroupName(raw.slice(0, at)), name: parseServiceName(name) }
}

/** What POST /service says. */
export function parseNewService(params: Params, limits: MetadataLimits): ServiceSettings {
  const threshold = optional(params, 'protectThreshold')
  return settingsOf(params, threshold === '' ? 0 : parseDecimal(threshold), limits)
}

/** What PUT /service says: the threshold is required, all else that is absent is cleared. */
export function parseServiceUpdate(params: Params, limits: MetadataLimits): ServiceSettings {
  return settingsOf(params, parseDecimal(required(params, 'protectThreshold')), limits)
}

function settingsOf(
  params: Params,
  protectThreshold: number,
  limits: MetadataLimits,
): ServiceSettings {
  return {
    protectThreshold,
    metadata: parseMetadata(optional(params, 'metadata'), limits),
    selector: parseSelector(optional(params, 'selector')),
  }
}

/** Some clients encode it once more: JSON starts with a brace, anything else is decoded first. */
function parseSelector(raw: string): string {
  if (raw === '') return DEFAULT_SETTINGS.selector
  if (raw.length > SELECTOR_MAX) throw invalid(texts.SELECTOR_INCORRECT)
  const members = parseJsonObject(raw.startsWith('{') ? raw : decodeFormText(raw))
  const type = members?.get('type')
  if (members === undefined || (type !== 'none' && type !== 'label')) {
    throw invalid(texts.SELECTOR_INCORRECT)
  }
  const expression = members.get('expression')
  if (type === 'none' || typeof expression !== 'string') return `{"type":"${type}"}`
  return JSON.stringify({ type, expression })
}

/** What GET /instance/list asks for. */
export interface ListQuery {
  readonly ref: ServiceRef
  /** Empty: all clusters. */
  readonly clusters: ReadonlySet<ClusterName>
  /** As it was sent: part of the clients' cache key, so it is echoed and never tidied. */
  readonly clustersText: string
  readonly healthyOnly: boolean
}

const ALL_CLUSTERS: ReadonlySet<ClusterName> = new Set()

export function parseListQuery(params: Params): ListQuery {
  const ref = parseServiceRef(params)
  const clustersText = optional(params, 'clusters')
  return {
    ref,
    clusters: clustersText === '' ? ALL_CLUSTERS : parseClusters(clustersText),
    clustersText,
    healthyOnly: parseFlag(optional(params, 'healthyOnly'), false),
  }
}

function parseClusters(text: string): ReadonlySet<ClusterName> {
  const clusters = new Set<ClusterName>()
  for (const piece of text.split(',')) {
    const name = piece.trim()
    if (name !== '') clusters.add(parseClusterName(name))
  }
  return clusters
}

/** What GET /service/list asks for. */
export interface ServicePageQuery {
  readonly namespace: NamespaceId
  /** Undefined: all groups (`groupName=*`). */
  readonly group: GroupName | undefined
  /** Counted from 1. */
  readonly pageNo: number
  /** Up to 2,147,483,647: Spring Cloud asks for all services that way. */
  readonly pageSize: number
}

export function parseServicePageQuery(params: Params): ServicePageQuery {
  const pageNo = parseInteger(required(params, 'pageNo'))
  const pageSize = parseInteger(required(params, 'pageSize'))
  const group = optional(params, 'groupName')
  return {
    namespace: parseNamespaceId(optional(params, 'namespaceId')),
    group: group === '*' ? undefined : parseGroupName(group),
    pageNo: Math.max(pageNo, 1),
    pageSize: Math.max(pageSize, 0),
  }
}

function invalid(text: string): CairnError {
  return new CairnError('invalid_argument', text)
}
