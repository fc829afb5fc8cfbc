import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { worksHere } from '../adapters/dns/batch/works-here.ts'
import { dig, HAS_DIG } from './dig.ts'
import { askOverTcp, DnsClient, rcodeOf } from './dns-client.ts'
import { eventually, runCairn, TestServer } from './server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BAD_SETTINGS = 78

/** Where the batched engine cannot work, and what is said of it. */
const WITHOUT: readonly (readonly [how: string, options: string, why: RegExp])[] = [
  ['without node:ffi', '--no-experimental-ffi', /^this Node has no node:ffi$/],
  [
    'without the permission for it',
    // All but FFI, as an operator would give it who has read of nothing else.
    '--permission --allow-fs-read=* --allow-fs-write=* --allow-worker --allow-child-process --allow-net',
    /--allow-ffi/,
  ],
]

/** What the metrics say carries UDP. */
async function engineOf(server: TestServer): Promise<string> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const told = [...text.matchAll(/^cairn_dns_engine_info\{engine="(\w+)"\} 1$/gm)]
  return told.map(([, engine]) => engine).join(' ')
}

async function expectAnswers(server: TestServer): Promise<void> {
  using client = new DnsClient(server.dns)
  expect(rcodeOf(await client.ask('nacos', 'SOA'))).toBe('NOERROR')
  expect(rcodeOf(await askOverTcp(server.dns, 'nacos', 'SOA'))).toBe('NOERROR')
  if (HAS_DIG) expect(dig(server.dns, 'nacos SOA').status).toBe('NOERROR')
}

describe.each(WITHOUT)('%s', (_, options, why) => {
  const env = { NODE_OPTIONS: options }

  test('Node’s own sockets carry UDP, and one line says why', async () => {
    const flags = ['--dns.engine=auto', '--dns.workers=2']
    await using server = await TestServer.start({ flags, env })
    await expectAnswers(server)
    expect(await engineOf(server)).toBe('dgram')
    const lines = server.log.filter(({ event }) => event === 'dns_engine_dgram')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.level).toBe('warn')
    expect(lines[0]?.['why']).toMatch(why)
  })

  test('a server that is told to use the batched engine does not start', async () => {
    const { code, stdout, stderr } = await runCairn(
      ['--http.port=0', '--dns.port=0', '--dns.engine=batch'],
      { env },
    )
    expect(code).toBe(BAD_SETTINGS)
    expect(stdout).toBe('')
    const told = stderr.split('\n').filter((line) => line.startsWith('cairn: '))
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('dns.engine = "batch" does not work here: ')
  })
})

test('the engine that is asked for is the one that runs, and nothing is said of it', async () => {
  const names = worksHere ? ['batch', 'dgram'] : ['dgram']
  for (const name of names) {
    await using server = await TestServer.start({ flags: [`--dns.engine=${name}`] })
    await expectAnswers(server)
    expect(await engineOf(server)).toBe(name)
    expect(server.log.map(({ event }) => event)).not.toContain('dns_engine_dgram')
  }
})

test('`npm start` brings its words and its log to the terminal, and no warning of Node’s', async () => {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>
  }
  const flags = '--http.port=0 --dns.port=0 --dns.workers=2'
  const child = spawn('sh', ['-c', `${scripts['start']} ${flags}`], { cwd: ROOT })
  const exited = once(child, 'exit')
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  try {
    await eventually(() => expect(stdout).toContain('/readyz'), 20_000)
    // Its workers answer: what they had to say is said.
    const port = Number(/^ {2}dns +\S+:(\d+) /m.exec(stdout)?.[1])
    using client = new DnsClient(port)
    await client.ask('nacos', 'SOA')
  } finally {
    child.kill('SIGTERM')
    await exited
  }
  expect(stdout + stderr).not.toContain('Warning')
  expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([])
}, 30_000)

/** Threads of a process that go before ordinary ones: SCHED_RR is 2 (sched(7), proc(5)). */
function realtimeThreads(pid: number): number {
  const policies = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
    // After the name, which may hold anything: field 41 is the policy, the state is field 3.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]) & 0xff
  })
  return policies.filter((policy) => policy === 2).length
}

test('a thread that answers says so by its name', async () => {
  await using server = await TestServer.start({ flags: ['--dns.workers=2'] })
  await expectAnswers(server)
  const names = readdirSync(`/proc/${server.pid}/task`).map((thread) =>
    readFileSync(`/proc/${server.pid}/task/${thread}/comm`, 'utf8').trim(),
  )
  expect(names).toContain('dns-0')
  expect(names).toContain('dns-1')
})

const WITHOUT_NICE = ['setpriv', '--bounding-set', '-sys_nice', '--inh-caps', '-sys_nice', '--']
const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('not root: whether threads may go before others is not tried')

describe.skipIf(!worksHere || !isRoot)('real-time scheduling', () => {
  test('is for the DNS workers alone, and only when it is set', async () => {
    const flags = ['--dns.workers=2', '--dns.engine=batch']
    await using server = await TestServer.start({ flags: [...flags, '--dns.realtime=true'] })
    await expectAnswers(server)
    expect(realtimeThreads(server.pid)).toBe(2)
    await using other = await TestServer.start({ flags })
    expect(realtimeThreads(other.pid)).toBe(0)
  })

  test('where it is refused is told, and all goes on', async () => {
    const flags = ['--dns.engine=batch', '--dns.workers=1', '--dns.realtime=true']
    await using server = await TestServer.start({ flags, wrapper: WITHOUT_NICE })
    expect(await server.logged('dns_realtime_refused')).toMatchObject({ code: 'EPERM' })
    await expectAnswers(server)
    expect(realtimeThreads(server.pid)).toBe(0)
  })
})
