import { groupedName, type Instance, type ServiceRef } from '../registry/state.ts'
import { double, metadataJson, quote } from './json.ts'

/** What Nacos knows of an instance. */
type Told = Omit<Instance, 'since' | 'drain'>

/** Nacos' `simple` generator: stable over re-registration. */
function instanceId(instance: Told, grouped: string): string {
  return `${instance.ip}#${instance.port}#${instance.cluster}#${grouped}`
}

/**
 * One host of a list: the fields of Nacos 1.x and 2.x together. `healthy` may differ from the
 * instance's own, for a protected list shows all as healthy; Node reads `valid` first.
 */
export function hostJson(instance: Told, grouped: string, healthy: boolean): string {
  const { times } = instance
  return (
    `{"instanceId":${quote(instanceId(instance, grouped))},"ip":${quote(instance.ip)},` +
    `"port":${instance.port},"weight":${double(instance.weight)},"healthy":${healthy},` +
    `"enabled":${instance.enabled},"ephemeral":${instance.kind === 'ephemeral'},` +
    `"clusterName":${quote(instance.cluster)},"serviceName":${quote(grouped)},` +
    `"metadata":${metadataJson(instance.metadata)},` +
    `"instanceHeartBeatInterval":${times.intervalMs},` +
    `"instanceHeartBeatTimeOut":${times.unhealthyMs},"ipDeleteTimeout":${times.removeMs},` +
    `"instanceIdGenerator":"simple","valid":${healthy},"marked":false}`
  )
}

/** The answer of GET /instance. */
export function encodeInstance(ref: ServiceRef, instance: Instance): string {
  const grouped = groupedName(ref)
  return (
    `{"service":${quote(grouped)},"ip":${quote(instance.ip)},"port":${instance.port},` +
    `"clusterName":${quote(instance.cluster)},"weight":${double(instance.weight)},` +
    `"healthy":${instance.healthy},"instanceId":${quote(instanceId(instance, grouped))},` +
    `"metadata":${metadataJson(instance.metadata)}}`
  )
}
