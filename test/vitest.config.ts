import { defineConfig, type ViteUserConfig } from 'vitest/config'

const E2E = 'test/e2e/**/*.test.ts'

/** Tests run through Node's own type stripping: what would fail in production fails here. */
const common = {
  root: new URL('..', import.meta.url).pathname,
  experimental: { viteModuleRunner: false },
  testTimeout: 20_000,
  hookTimeout: 30_000,
}

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'unit', include: ['test/**/*.test.ts'], exclude: [E2E] } },
      // Real programs on real ports in real time: on a busy machine one may come too late. What
      // fails twice in a row fails; what was tried again is shown.
      { test: { ...common, name: 'e2e', include: [E2E], retry: 1 } },
    ],
  },
})
export default config
