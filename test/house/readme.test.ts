import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { parseExamples, withPorts, type Example } from './readme-examples.ts'
import { hasProgram, ReadmeServer } from './readme-server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const README = join(ROOT, 'README.md')
const hasServer = existsSync(join(ROOT, 'src/main.ts'))
const examples = existsSync(README) ? parseExamples(readFileSync(README, 'utf8')) : []
const START = 'npm start'

describe.skipIf(examples.length === 0)('the README', () => {
  test('says of every example how it is tested', () => {
    const unmarked = examples.filter(({ kind }) => kind === 'unmarked')
    expect(unmarked.map(({ line }) => `README.md:${line}`)).toEqual([])
  })

  let server: ReadmeServer | undefined
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
  })

  test.skipIf(hasServer)('its examples run as soon as there is a src/main.ts', () => {})

  test.for(of('start'))('line $line starts a server that ends when told', async ({ script }) => {
    await using started = await ReadmeServer.start(ROOT, script.trim())
    expect(await started.stop()).toBe(0)
  })

  test.for(of('server'))('line $line does what it says', async (example, { skip }) => {
    const missing = example.needs.filter((name) => !hasProgram(name))
    if (missing.length > 0) skip(`not installed: ${missing.join(', ')}`)
    server ??= await ReadmeServer.start(ROOT, START)
    const { ports } = server
    // What was registered is in DNS a moment later, a longer one while nothing is compiled.
    await vi.waitFor(() => {
      const { status, stdout, stderr } = runShell(withPorts(example.script, ports))
      expect({ status, stderr }).toMatchObject({ status: 0 })
      expect(stdout).toContain(example.expect)
    }, 3_000)
  })
})

describe('an example', () => {
  test('is found with its marker, its needs and what it must print', () => {
    const text = [
      '# Title',
      '<!-- test:start -->',
      '```sh',
      'npm start',
      '```',
      '<!-- test:server needs="dig curl" expect="10.0.0.7" -->',
      '```sh',
      'dig @127.0.0.1 -p 5300 a.nacos',
      'curl 127.0.0.1:8848',
      '```',
      '```sh',
      'nobody knows',
      '```',
      '```ts',
      'not a shell',
      '```',
    ].join('\n')
    expect(parseExamples(text)).toEqual([
      { kind: 'start', line: 2, script: 'npm start\n', needs: [], expect: '' },
      {
        kind: 'server',
        line: 6,
        script: 'dig @127.0.0.1 -p 5300 a.nacos\ncurl 127.0.0.1:8848\n',
        needs: ['dig', 'curl'],
        expect: '10.0.0.7',
      },
      { kind: 'unmarked', line: 11, script: 'nobody knows\n', needs: [], expect: '' },
    ])
  })

  test('is run on the ports of the server that runs for it', () => {
    const script = 'dig -p 5300 a; curl 127.0.0.1:8848; nc 127.0.0.1 9848; echo 18848'
    expect(withPorts(script, { http: 20_000, dns: 30_000 })).toBe(
      'dig -p 30000 a; curl 127.0.0.1:20000; nc 127.0.0.1 21000; echo 18848',
    )
  })

  test('whose server never gets ready fails with what it printed', async () => {
    const start = ReadmeServer.start(ROOT, "sh -c 'echo no such luck; exit 3' --")
    await expect(start).rejects.toThrow('no such luck')
  })

  test('whose server gets ready is told to end', async () => {
    const command = `${process.execPath} -e 'process.on("SIGTERM", () => process.exit(0));
      console.log("ready"); setInterval(() => {}, 1000)' --`
    await using server = await ReadmeServer.start(ROOT, command)
    expect(await server.stop()).toBe(0)
  })
})

function runShell(script: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('sh', ['-eu', '-c', script], { encoding: 'utf8', timeout: 10_000 })
}

function of(kind: Example['kind']): readonly Example[] {
  return hasServer ? examples.filter((example) => example.kind === kind) : []
}
