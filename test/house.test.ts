import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { ERROR_CODES } from '../src/kernel/errors.ts'
import {
  dependenciesOf,
  documentedCodes,
  lintRules,
  namedScripts,
  scriptsOf,
} from './house/documents.ts'
import { checkImports, checkPackages } from './house/imports.ts'
import { strip } from './house/strip.ts'
import {
  checkExports,
  checkGlobals,
  checkLimits,
  checkLinks,
  checkMarkers,
  checkNames,
  checkReadmes,
  checkSleeps,
} from './house/words.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

describe('the house', () => {
  test.each([
    ['every import points down, and packages live where the table says', checkImports],
    ['kernel, core and engine reach for no clock, chance or world', checkGlobals],
    ['no file and no line is too long', checkLimits],
    ['every file is named after what is inside', checkNames],
    ['src has no default exports', checkExports],
    ['no promise to come back lacks its issue', checkMarkers],
    ['no test sleeps', checkSleeps],
    ['every folder with code has a README', checkReadmes],
    ['links between documents lead somewhere', checkLinks],
  ])('%s', (_, check) => {
    expect(check(ROOT)).toEqual([])
  })

  test('every dependency has its room, and every room its dependency', () => {
    expect(checkPackages(dependenciesOf(ROOT))).toEqual([])
  })

  test('every error code is documented, and every documented code exists', () => {
    expect(documentedCodes(ROOT)).toEqual([...ERROR_CODES])
  })

  test('every script that people are told to run exists', () => {
    const scripts = scriptsOf(ROOT)
    expect(namedScripts(ROOT).filter((name) => !scripts.includes(name))).toEqual([])
  })

  test('the limits of the linter are not loosened', () => {
    const { rules } = lintRules(ROOT)
    expect(rules).toMatchObject({
      'eslint/max-lines': ['error', { max: 400 }],
      'eslint/max-lines-per-function': ['error', { max: 70 }],
      'eslint/max-params': ['error', { max: 5 }],
      'eslint/max-depth': ['error', { max: 4 }],
      'typescript/no-explicit-any': 'error',
      'typescript/no-non-null-assertion': 'error',
      'typescript/no-unsafe-type-assertion': 'error',
      'import/no-default-export': 'error',
    })
  })
})

// What follows plants faults in a house of its own: a check that cannot fail is worth nothing.
describe('a planted fault is named:', () => {
  let planted = ''
  afterEach(() => rmSync(planted, { recursive: true, force: true }))

  const plant = (files: Readonly<Record<string, string>>): string => {
    planted = mkdtempSync(join(tmpdir(), 'cairn-house-'))
    for (const folder of ['src', 'test', 'bench']) mkdirSync(join(planted, folder))
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(planted, dirname(path)), { recursive: true })
      writeFileSync(join(planted, path), text)
    }
    return planted
  }

  test.each<[string, string, string]>([
    ['src/core/dns/a.ts', "import fastify from 'fastify'", 'fastify'],
    ['src/core/dns/a.ts', "import { readFile } from 'node:fs'", 'node:fs'],
    ['src/core/dns/a.ts', "import type { Ports } from '../../engine/ports.ts'", 'engine/ports.ts'],
    ['src/core/dns/a.ts', "export * from '../raft/step.ts'", 'src/core/raft/step.ts'],
    ['src/core/raft/a.ts', "import {\n  a,\n  b,\n} from '../registry/state.ts'", 'registry/state'],
    ['src/kernel/a.ts', "import { Map } from 'immutable'", 'immutable'],
    ['src/kernel/hash.ts', "import { connect } from 'node:net'", 'node:net'],
    ['src/kernel/a.ts', "import '../core/health/lease.ts'", 'src/core/health/lease.ts'],
    ['src/engine/a.ts', "const a = await import('../app/start.ts')", 'src/app/start.ts'],
    ['src/engine/a.ts', "type A = import('../adapters/http/a.ts').A", 'src/adapters/http/a.ts'],
    ['src/engine/a.ts', 'const a = await import(name)', 'what only the running program knows'],
    ['src/engine/a.ts', "import { a } from '../kernel/a'", 'without its extension'],
    ['src/adapters/http/a.ts', "import { a } from '../dns/a.ts'", 'src/adapters/dns/a.ts'],
    ['src/adapters/http/a.ts', "import { Naming } from '../../engine/naming.ts'", 'naming.ts'],
    ['src/adapters/http/a.ts', "import pino from 'pino'", 'pino'],
    ['src/adapters/clock/a.ts', "import type { N } from '../../engine/naming.ts'", 'naming.ts'],
    ['src/adapters/dns/worker.ts', "import type { P } from '../../engine/ports.ts'", 'ports.ts'],
    [
      'src/adapters/dns/a.ts',
      "new Worker(new URL('../http/a.ts', import.meta.url))",
      'src/adapters/http/a.ts',
    ],
    ['src/client/a.ts', "import { a } from '../core/registry/ids.ts'", 'core/registry/ids.ts'],
    ['src/main.ts', "import { a } from './engine/member.ts'", 'src/engine/member.ts'],
    ['src/app/a.ts', "import { parse } from 'smol-toml'", 'smol-toml'],
    ['src/shed/a.ts', 'export const a = 1', 'no room'],
    ['src/adapters/mail/a.ts', 'export const a = 1', 'no room'],
    ['src/core/stray.ts', 'export const a = 1', 'no room'],
  ])('%s: %s', (path, text, named) => {
    const faults = checkImports(plant({ [path]: `${text}\n` }))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(path)
    expect(faults[0]).toContain(named)
  })

  test.each<[string, string]>([
    ['src/kernel/persistent-map.ts', "import { Map } from 'immutable'"],
    ['src/kernel/hash.ts', "import { hash } from 'node:crypto'"],
    ['src/core/dns/a.ts', "import type { Service } from '../registry/state.ts'"],
    ['src/core/dns/a.ts', "// import fastify from 'fastify'"],
    ['src/core/dns/a.ts', 'const a = "import fastify from \'fastify\'"'],
    ['src/adapters/http/v3/a.ts', "import type { Naming } from '../../../engine/naming.ts'"],
    ['src/adapters/http/v3/a.ts', "import fastify from 'fastify'"],
    ['src/adapters/dns/a.ts', "new Worker(new URL('./worker.ts', import.meta.url))"],
    ['src/adapters/http/a.ts', "new URL('../../console/index.html', import.meta.url)"],
    ['src/app/settings.ts', "import { parse } from 'smol-toml'"],
    ['src/main.ts', "import { main } from './app/main.ts'"],
  ])('and a right import is not: %s: %s', (path, text) => {
    expect(checkImports(plant({ [path]: `${text}\n` }))).toEqual([])
  })

  test('a dependency that nobody placed, and a place without its dependency', () => {
    const faults = checkPackages(['lodash', 'immutable', 'pino', 'prom-client', 'smol-toml'])
    expect(faults).toEqual(['lodash has no room', 'fastify is not installed'])
  })

  test.each([
    'const a = Date.now()',
    'const a = new Date()',
    'setTimeout(run, 1)',
    'const a = Math.random()',
    'const a = process.env',
    'const a = `${performance.now()}`',
    'const a = [globalThis]',
    'const a: Buffer = b',
    'const a = crypto.randomUUID()',
    "const a = /['\"]/.test(b) && fetch('x')",
  ])('%s', (text) => {
    expect(checkGlobals(plant({ 'src/core/dns/a.ts': text }))).toHaveLength(1)
  })

  test('but a word in a comment, a string or a member is no reach for the world', () => {
    const text = "// Date\nconst a = 'process' + b.fetch + `Date ${c} Date` // process\n"
    expect(checkGlobals(plant({ 'src/core/dns/a.ts': text }))).toEqual([])
    expect(checkGlobals(plant({ 'src/app/a.ts': 'Date.now()' }))).toEqual([])
  })

  test('a file of 401 lines and a line of 101 characters', () => {
    const root = plant({
      'src/kernel/long.ts': '\n'.repeat(401),
      'test/wide.ts': `\n${'a'.repeat(101)}\n`,
      'bench/right.ts': `${'a'.repeat(100)}\n`.repeat(400),
    })
    expect(checkLimits(root)).toEqual([
      'src/kernel/long.ts has 401 lines',
      'test/wide.ts:2 is longer than 100 characters',
    ])
  })

  test.each([
    'src/kernel/utils.ts',
    'src/kernel/string-helpers.ts',
    'src/common/a.ts',
    'src/core/base.ts',
    'src/app/index.ts',
    'src/app/mixedCase.ts',
    'test/misc.test.ts',
  ])('the name %s', (path) => {
    expect(checkNames(plant({ [path]: '' }))).toHaveLength(1)
  })

  test('but the barrel of the published client is no fault', () => {
    expect(checkNames(plant({ 'src/client/index.ts': '' }))).toEqual([])
  })

  test.each(['export default function a() {}', 'export { a as default }'])('%s', (text) => {
    expect(checkExports(plant({ 'src/kernel/a.ts': text }))).toHaveLength(1)
  })

  test('a marker without an issue', () => {
    const marker = ['TO', 'DO'].join('')
    const text = `// ${marker}: later\n// ${marker} #12: later\n`
    expect(checkMarkers(plant({ 'src/kernel/a.ts': text }))).toEqual([
      `src/kernel/a.ts:1 has a ${marker} without an issue number`,
    ])
  })

  test.each([
    "import { setTimeout } from 'node:timers/promises'",
    'await new Promise((r) => setTimeout(r, 100))',
    'await new Promise<void>((resolve) => {\n  setTimeout(resolve, 100)\n})',
    'await sleep(10)',
    'Atomics.wait(a, 0, 0, 100)',
  ])('a test that sleeps: %s', (text) => {
    expect(checkSleeps(plant({ 'test/core/a.test.ts': text })).length).toBeGreaterThan(0)
    expect(checkSleeps(plant({ 'test/e2e/a.test.ts': text }))).toEqual([])
  })

  test('a folder that nobody explains', () => {
    const root = plant({ 'src/core/dns/a.ts': '', 'src/core/raft/a.ts': '' })
    writeFileSync(join(root, 'src/core/raft/README.md'), '# raft\n')
    expect(checkReadmes(root)).toEqual(['src/core/dns has no README.md'])
  })

  test('a link that leads nowhere', () => {
    const root = plant({ 'src/README.md': '[a](kernel/README.md) [b](https://x.test) [c](#d)' })
    expect(checkLinks(root)).toEqual([
      'src/README.md leads to kernel/README.md, which is not there',
    ])
  })
})

describe('the scanner', () => {
  test.each([
    ["a('// b') // c", "a('// b')", 'a(      )'],
    ['a /* b\n c */ d', 'a     \n      d', 'a     \n      d'],
    ["a = 'it\\'s' + b", "a = 'it\\'s' + b", 'a =         + b'],
    ['`a ${b + `c ${d}`} e` + f', '`a ${b + `c ${d}`} e` + f', '     b +      d       + f'],
    ["/'/.test(a) / b", "/'/.test(a) / b", '   .test(a) / b'],
    ['a / b / c', 'a / b / c', 'a / b / c'],
    ['return /[/"]/g', 'return /[/"]/g', 'return       g'],
  ])('tells code from the rest in %s', (source, code, bare) => {
    const stripped = strip(source)
    expect(stripped.code.trimEnd()).toBe(code)
    expect(stripped.bare.trimEnd()).toBe(bare)
  })
})
