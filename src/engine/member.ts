import { Registry } from './commit.ts'
import { HealthDriver, type HealthOptions } from './health-driver.ts'
import { Naming, type NamingLimits } from './naming.ts'
import type { Ports } from './ports.ts'

export interface MemberSettings {
  readonly limits: NamingLimits
  readonly health: HealthOptions
}

/** One whole member without a socket: real ports make a server, simulated ones a test world. */
export interface Member extends Disposable {
  readonly registry: Registry
  readonly naming: Naming
  readonly health: HealthDriver
}

export function createMember(ports: Ports, settings: MemberSettings): Member {
  const registry = new Registry(ports)
  const health = new HealthDriver(ports, registry, settings.health)
  const naming = new Naming(registry, health, settings.limits)
  const ticking = health.start()
  return { registry, naming, health, [Symbol.dispose]: () => ticking[Symbol.dispose]() }
}
