/** One planted bug: a piece of text that stands exactly once in the file, and what replaces it. */
export interface Mutant {
  readonly name: string
  /** A seed that finds it, tried first in the check; `npm run mutants` tells which does. */
  readonly seed: number
  readonly file: string
  readonly find: string
  readonly put: string
}

const LEASE = 'src/core/health/lease.ts'
const LEASES = 'src/core/health/leases.ts'
const LEASE_CLOCK = 'src/core/health/lease-clock.ts'
const DRIVER = 'src/engine/health-driver.ts'
const NAMING = 'src/engine/naming.ts'
const COMMIT = 'src/engine/commit.ts'
const STEP = 'src/core/registry/step.ts'

/** Bugs that the simulator must find. One that it misses stays in the list: it is work. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'instances are removed a second too early',
    seed: 5,
    file: LEASE,
    find: 'silentMs > lease.times.removeMs',
    put: 'silentMs > lease.times.removeMs - 1_000',
  },
  {
    name: 'silence is judged by the removal time only',
    seed: 1,
    file: LEASE,
    find: 'silentMs > lease.times.unhealthyMs',
    put: 'silentMs > lease.times.removeMs',
  },
  {
    name: 'a removal time below the unhealthy time is looked at too late',
    seed: 1,
    file: LEASE,
    find: 'Math.min(unhealthyMs, removeMs)',
    put: 'unhealthyMs',
  },
  {
    name: 'the old lease stays on the wheel when a new one takes its place',
    seed: 1,
    file: LEASES,
    find: 'old.isReleased = true',
    put: 'old.isReleased = false',
  },
  {
    name: 'a released lease still expires',
    seed: 1,
    file: LEASES,
    find: '    lease.isReleased = true\n',
    put: '',
  },
  {
    name: 'a deadline that moved nearer is not put forward',
    seed: 13,
    file: LEASES,
    find: 'times.unhealthyMs < known.times.unhealthyMs',
    put: 'false',
  },
  {
    name: 'a removal that moved nearer is not put forward',
    seed: 33,
    file: LEASES,
    find: '|| times.removeMs < known.times.removeMs',
    put: '',
  },
  {
    name: 'a lease that recovers keeps its far deadline',
    seed: 5,
    file: LEASES,
    find: '!known.isBeating || times',
    put: 'times',
  },
  {
    name: 'a beat does not renew a known lease',
    seed: 1,
    file: LEASES,
    find: '    known.lastBeat = now\n',
    put: '',
  },
  {
    name: 'the wheel drops what it did not look at',
    seed: 1,
    file: LEASES,
    find: 'if (this.#looked === lookedMax || due.length === dueMax) break',
    put: 'if (count === 1) {\n slot.length = 1\n break\n }',
  },
  {
    name: 'one lease is looked at per tick',
    seed: 9,
    file: LEASES,
    find: 'this.#looked === lookedMax || due.length === dueMax',
    put: 'count === 1',
  },
  {
    name: 'a silent lease is not put back',
    seed: 1,
    file: LEASES,
    find: '      lease.isBeating = false\n      due.push({ lease, fate })\n',
    put: '      lease.isBeating = false\n      due.push({ lease, fate })\n      return\n',
  },
  {
    name: 'leases pay for the stalls of the process',
    seed: 2,
    file: LEASE_CLOCK,
    find: 'this.#stalledMs += gap - this.#gapMax',
    put: 'this.#stalledMs += 0',
  },
  {
    name: 'lease time stands still in a busy process',
    seed: 1,
    file: LEASE_CLOCK,
    find: 'if (gap > this.#gapMax) this.#stalledMs += gap - this.#gapMax',
    put: 'if (gap >= 100) this.#stalledMs += gap',
  },
  {
    name: 'a silent instance is not published as unhealthy',
    seed: 1,
    file: DRIVER,
    find: 'const after = { ...before, healthy: false, since',
    put: 'const after = { ...before, since',
  },
  {
    name: 'instances expire where nothing may expire',
    seed: 2,
    file: DRIVER,
    find: "fate === 'expired' && this.#options.expireInstances",
    put: "fate === 'expired'",
  },
  {
    name: 'a service is removed with its instances in it',
    seed: 1,
    file: DRIVER,
    find: 'service.instances.size === 0 && ',
    put: '',
  },
  {
    name: 'a declared service is removed when it is empty',
    seed: 7,
    file: DRIVER,
    find: ' && !service.declared',
    put: '',
  },
  {
    name: 'an empty service is kept for ever',
    seed: 7,
    file: DRIVER,
    find: '      this.noteEmpty(ref)\n',
    put: '',
  },
  {
    name: 'the time of emptiness is not counted anew',
    seed: 4,
    file: DRIVER,
    find: '    this.#empty.delete(id)\n    this.#empty.set(id',
    put: '    if (this.#empty.has(id)) return\n    this.#empty.set(id',
  },
  {
    name: 'a light beat is answered and forgotten',
    seed: 1,
    file: NAMING,
    find: "    this.#renew(ref, known)\n    return { kind: 'known', intervalMs: known.times.intervalMs }",
    put: "    return { kind: 'known', intervalMs: known.times.intervalMs }",
  },
  {
    name: 'a beat does not make an unhealthy instance healthy',
    seed: 1,
    file: NAMING,
    find: 'if (known.healthy) this',
    put: 'if (ref !== undefined) this',
  },
  {
    name: 'a registration does not count as a beat',
    seed: 1,
    file: NAMING,
    find: 'if (isEphemeral(after)) this',
    put: "if (isEphemeral(after) && reason !== 'updated') this",
  },
  {
    name: 'persistent instances have leases',
    seed: 1,
    file: NAMING,
    find: 'if (isEphemeral(after)) this',
    put: 'if (ref !== undefined) this',
  },
  {
    name: 'a deregistration leaves its lease behind',
    seed: 1,
    file: NAMING,
    find: '    this.#health.release(ref, key)\n',
    put: '    this.#health.noteEmpty(ref)\n',
  },
  {
    name: 'one instance too many fits in a service',
    seed: 3,
    file: NAMING,
    find: 'instances.size < instancesPerServiceMax',
    put: 'instances.size <= instancesPerServiceMax',
  },
  {
    name: 'only the first service of a commit is published',
    seed: 5,
    file: COMMIT,
    find: 'changes.length === 1 && first !== undefined',
    put: 'first !== undefined',
  },
  {
    name: 'only the first change of a commit is counted',
    seed: 1,
    file: COMMIT,
    find: 'this.tally.apply(changes)',
    put: 'this.tally.apply(changes.slice(0, 1))',
  },
  {
    name: 'the zone is published before the change',
    seed: 1,
    file: COMMIT,
    find: '    this.#snapshot = applyChanges(this.#snapshot, changes)\n    this.tally.apply(changes)\n    this.#ports.zones.publish(touchedBy(changes), this.#snapshot)',
    put: '    this.#ports.zones.publish(touchedBy(changes), this.#snapshot)\n    this.tally.apply(changes)\n    this.#snapshot = applyChanges(this.#snapshot, changes)',
  },
  {
    name: 'the revision stands still',
    seed: 1,
    file: STEP,
    find: 'revision: snapshot.revision + 1',
    put: 'revision: snapshot.revision',
  },
  {
    name: 'a removed service is still counted',
    seed: 7,
    file: STEP,
    find: 'serviceCount: namespace.serviceCount - 1',
    put: 'serviceCount: namespace.serviceCount',
  },
  {
    name: 'a removed service is still listed',
    seed: 7,
    file: STEP,
    find: 'names: group.names.delete(ref.name)',
    put: 'names: group.names',
  },
]
