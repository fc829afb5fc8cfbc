import { defineConfig, type ViteUserConfig } from 'vitest/config'

// Tests run through Node's own type stripping, so that what would fail in production fails here.
const config: ViteUserConfig = defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    experimental: { viteModuleRunner: false },
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
})
export default config
