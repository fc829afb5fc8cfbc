import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { createLog } from '../../../src/adapters/telemetry/log.ts'
import { createTelemetry } from '../../../src/adapters/telemetry/telemetry.ts'
import type { Level } from '../../../src/engine/ports.ts'

function collect(level: Level, isJournal: boolean) {
  const lines: string[] = []
  const sink = { write: (line: string) => lines.push(line), flushSync: () => undefined }
  return { log: createLog({ level, isJournal }, sink), lines }
}

test('an event is one JSON line with its name and its facts', () => {
  const { log, lines } = collect('info', false)
  log.event('info', 'instance_expired', { service: 'DEFAULT_GROUP@@a\n"b"', port: 80 })
  expect(lines).toHaveLength(1)
  expect(lines[0]?.endsWith('}\n')).toBe(true)
  const line: unknown = JSON.parse(lines[0] ?? '')
  expect(line).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    event: 'instance_expired',
    service: 'DEFAULT_GROUP@@a\n"b"',
    port: 80,
  })
})

test.each<[Level, number]>([
  ['debug', 7],
  ['info', 6],
  ['warn', 4],
  ['error', 3],
])('in the journal %s is priority %i, and the journal has the time', (level, priority) => {
  const { log, lines } = collect('debug', true)
  log.event(level, 'started', { a: true })
  expect(lines).toEqual([`<${priority}>{"level":"${level}","a":true,"event":"started"}\n`])
})

test('events below the level are not written', () => {
  const { log, lines } = collect('warn', true)
  log.event('info', 'started', {})
  log.event('debug', 'started', {})
  expect(lines).toEqual([])
})

test('the telemetry port sends events to the log and counts to the metrics', () => {
  const { log, lines } = collect('info', true)
  const counted: unknown[] = []
  const telemetry = createTelemetry(log, { count: (...args) => counted.push(args) })
  telemetry.event('info', 'started', {})
  telemetry.count('expiry_looks', 'lease', 3)
  expect(lines).toHaveLength(1)
  expect(counted).toEqual([['expiry_looks', 'lease', 3]])
})

function child(ending: string) {
  const log = new URL('../../../src/adapters/telemetry/log.ts', import.meta.url).href
  const program = `import { createLog } from ${JSON.stringify(log)}
    const log = createLog({ level: 'info', isJournal: false })
    for (let i = 0; i < 1000; i++) log.event('info', 'line', { i })
    ${ending}`
  const args = ['--input-type=module-typescript', '--disable-warning=ExperimentalWarning']
  return spawnSync(process.execPath, [...args, '-e', program], { encoding: 'utf8' })
}

test('all lines reach standard error in order when the process ends by itself', () => {
  const numbers = child('')
    .stderr.trimEnd()
    .split('\n')
    .map((line) => Number(/"i":(\d+)/.exec(line)?.[1]))
  expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, i) => i))
})

test('all lines are there after flush, also when the process is killed', () => {
  const { stderr } = child("log.flush(); process.kill(process.pid, 'SIGKILL')")
  expect(stderr.trimEnd().split('\n')).toHaveLength(1_000)
})
