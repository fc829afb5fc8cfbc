import { isIPv4 } from '../../kernel/ip.ts'
import { CairnError } from '../../kernel/errors.ts'
import type { Brand } from '../../kernel/ids.ts'

export type NamespaceId = Brand<string, 'NamespaceId'>
export type GroupName = Brand<string, 'GroupName'>
export type ServiceName = Brand<string, 'ServiceName'>
export type ClusterName = Brand<string, 'ClusterName'>
/** An IPv4 or IPv6 literal, or a host name. */
export type Host = Brand<string, 'Host'>
export type Port = Brand<number, 'Port'>
/** 0 … 10,000; 0 means: no traffic. */
export type Weight = Brand<number, 'Weight'>
/**
 * Which instance of a service: address, port, cluster and kind (Nacos 1.x datum key). The address
 * comes first, so that in the order of keys the instances of one address stand together.
 */
export type InstanceKey = Brand<string, 'InstanceKey'>

export type Kind = 'ephemeral' | 'persistent'

export const PUBLIC: NamespaceId = 'public' as NamespaceId
export const DEFAULT_GROUP: GroupName = 'DEFAULT_GROUP' as GroupName
export const DEFAULT_CLUSTER: ClusterName = 'DEFAULT' as ClusterName

/** Nacos param check: the texts are what a Nacos user knows, with the newline they end in. */
function illegalCharacters(what: string): CairnError {
  return new CairnError(
    'invalid_argument',
    `Param '${what}' is illegal, illegal characters should not appear in the param.\n`,
  )
}

function checkLength(what: string, value: string, max: number): void {
  if (value.length <= max) return
  throw new CairnError(
    'invalid_argument',
    `Param '${what}' is illegal, the param length should not exceed ${max}.\n`,
  )
}

/** `""` and `public` are one namespace. */
export function parseNamespaceId(raw: string): NamespaceId {
  if (raw === '') return PUBLIC
  checkLength('namespaceId', raw, 64)
  if (!/^[\w-]+$/.test(raw)) throw illegalCharacters('namespaceId')
  return raw as NamespaceId
}

export function parseGroupName(raw: string): GroupName {
  if (raw === '') return DEFAULT_GROUP
  checkLength('group', raw, 128)
  if (!/^[a-zA-Z0-9\-_:.]+$/.test(raw)) throw illegalCharacters('group')
  return raw as GroupName
}

/** A bare service name: no white space, no CJK ideographs, no leading `@`, no `@@`. */
export function parseServiceName(raw: string): ServiceName {
  checkLength('serviceName', raw, 512)
  if (raw === '' || raw.startsWith('@') || raw.includes('@@') || /[\u4E00-\u9FA5\s]/.test(raw)) {
    throw illegalCharacters('serviceName')
  }
  return raw as ServiceName
}

export function parseClusterName(raw: string): ClusterName {
  // Nearly all instances are in this one: they share its text.
  if (raw === '' || raw === DEFAULT_CLUSTER) return DEFAULT_CLUSTER
  checkLength('cluster', raw, 64)
  if (!/^[0-9a-zA-Z\-_]+$/.test(raw)) throw illegalCharacters('cluster')
  return raw as ClusterName
}

export function parseHost(raw: string): Host {
  checkLength('ip', raw, 128)
  if (raw === '' || /[\u4E00-\u9FA5\s]/.test(raw)) throw illegalCharacters('ip')
  if (/^[\d.]+$/.test(raw) && !isIPv4(raw)) {
    throw new CairnError(
      'invalid_argument',
      'instance format invalid: Your IP address is spelled incorrectly',
    )
  }
  return raw as Host
}

export function parsePort(raw: string): Port {
  if (!/^[+-]?\d+$/.test(raw)) {
    throw new CairnError('invalid_argument', `For input string: "${raw}"`)
  }
  const n = Number(raw)
  if (n < 0 || n > 65_535) {
    throw new CairnError(
      'invalid_argument',
      "Param 'port' is illegal, the value should be between 0 and 65535.\n",
    )
  }
  // "-0" is 0, as in Java; JavaScript would keep the sign.
  return (n + 0) as Port
}

/** A weight in (0, 0.01) becomes 0.01, as in Nacos. */
export function parseWeight(raw: number): Weight {
  if (!(raw >= 0 && raw <= 10_000)) {
    throw new CairnError(
      'invalid_argument',
      'instance format invalid: The weights range from 0.0 to 10000.0',
    )
  }
  return (raw > 0 && raw < 0.01 ? 0.01 : raw) as Weight
}

export function instanceKey(kind: Kind, ip: Host, port: Port, cluster: ClusterName): InstanceKey {
  return `${ip}#${port}#${cluster}#${kind === 'ephemeral' ? 'e' : 'p'}` as InstanceKey
}
