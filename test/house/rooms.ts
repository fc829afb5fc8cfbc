/** One room of the house: what its files may import from the rest of `src/`. */
export interface Room {
  /** Prefixes of paths; a room may always import itself. */
  readonly imports: readonly string[]
  /** Prefixes from which types, and only types, may come. */
  readonly types?: readonly string[]
}

const KERNEL = 'src/kernel/'
const REGISTRY = 'src/core/registry/'
const ADAPTER: Room = { imports: [KERNEL, 'src/core/', 'src/engine/ports.ts'] }
/** Fronts call the use cases that they are given: the words of the engine, not its making. */
const FRONT: Room = {
  ...ADAPTER,
  types: ['src/engine/naming.ts', 'src/engine/config-store.ts'],
}

/**
 * The dependency rule. The longest key that begins a file's path is its room; a file without a room
 * is a fault. `core` decides, `engine` drives, `adapters` touch, `app` wires: imports point down.
 */
export const ROOMS: Readonly<Record<string, Room>> = {
  'src/main.ts': { imports: ['src/app/'] },
  'src/kernel/': { imports: [] },
  'src/core/registry/': { imports: [KERNEL] },
  'src/core/config-store/': { imports: [KERNEL] },
  'src/core/health/': { imports: [KERNEL, REGISTRY] },
  'src/core/membership/': { imports: [KERNEL] },
  'src/core/ownership/': { imports: [KERNEL] },
  'src/core/raft/': { imports: [KERNEL] },
  'src/core/distro/': { imports: [KERNEL] },
  'src/core/dns/': { imports: [KERNEL, REGISTRY] },
  'src/core/nacos/': { imports: [KERNEL, REGISTRY, 'src/core/config-store/'] },
  'src/engine/': { imports: [KERNEL, 'src/core/'] },
  'src/adapters/clock/': ADAPTER,
  'src/adapters/peers/': ADAPTER,
  'src/adapters/sqlite/': ADAPTER,
  'src/adapters/telemetry/': ADAPTER,
  'src/adapters/schedule/': ADAPTER,
  'src/adapters/probes/': ADAPTER,
  'src/adapters/ssh/': ADAPTER,
  'src/adapters/dns/': FRONT,
  // The data plane: it answers what it knows, whether the engine lives or not.
  'src/adapters/dns/worker.ts': {
    imports: [KERNEL, REGISTRY, 'src/core/dns/', 'src/adapters/dns/'],
  },
  'src/adapters/http/': FRONT,
  'src/adapters/grpc/': FRONT,
  'src/app/': { imports: [KERNEL, 'src/core/', 'src/engine/', 'src/adapters/'] },
  'src/client/': { imports: [KERNEL, 'src/core/nacos/'] },
  'src/console/': { imports: [] },
}

/** Each package of npm lives in one place; a dependency without a row here is a fault. */
export const PACKAGES: Readonly<Record<string, string>> = {
  fastify: 'src/adapters/http/',
  immutable: 'src/kernel/persistent-map.ts',
  pino: 'src/adapters/telemetry/',
  'prom-client': 'src/adapters/telemetry/',
  'smol-toml': 'src/app/settings',
}

/** Who may speak to Node: prefix of the path → modules, or all of them. */
export const NODE_MODULES: Readonly<Record<string, readonly string[] | 'all'>> = {
  'src/main.ts': 'all',
  'src/app/': 'all',
  'src/adapters/': 'all',
  // The one-shot hash: pure, no keys, no chance.
  'src/kernel/hash.ts': ['node:crypto'],
}

/** Rooms that see no world: time, chance and bytes are handed in. */
export const PURE: readonly string[] = ['src/kernel/', 'src/core/', 'src/engine/']

export const WORLDLY_GLOBALS: readonly string[] = [
  'Date',
  'performance',
  'process',
  'crypto',
  'fetch',
  'Buffer',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'globalThis',
]

/** Tests that measure real time itself; each says there why it cannot do without. */
export const REAL_TIME: readonly string[] = [
  'test/e2e/',
  'test/soak/',
  // The delay of the event loop is measured by Node, in real time.
  'test/adapters/telemetry/metrics.test.ts',
  'test/soak/',
]

/** Names that say nothing of what is inside. */
export const EMPTY_NAMES: readonly string[] = [
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'misc',
  'manager',
]
