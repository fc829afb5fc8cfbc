import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { worksHere } from '../adapters/dns/batch/works-here.ts'
import { freePort } from '../free-port.ts'
import { DnsClient, rcodeOf } from './dns-client.ts'
import { NacosApi } from './nacos-api.ts'
import { eventually, TestServer } from './server.ts'

/** Speaks to Node's inspector in a started server: the one way to hurt it from outside. */
class Inspector implements Disposable {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (result: unknown) => void>()
  readonly #workers: string[] = []
  #id = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(String(data)))
  }

  static async attach(port: number): Promise<Inspector> {
    const list = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
    const [target] = list as { webSocketDebuggerUrl: string }[]
    const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '')
    const opened = Promise.withResolvers<unknown>()
    socket.addEventListener('open', opened.resolve)
    socket.addEventListener('error', opened.reject)
    await opened.promise
    return new Inspector(socket)
  }

  /** Runs in the main thread, without waiting for its end. */
  start(expression: string): void {
    void this.#call('Runtime.evaluate', { expression })
  }

  /** Runs in every worker thread. */
  async inWorkers(expression: string): Promise<number> {
    await this.#call('NodeWorker.enable', { waitForDebuggerOnStart: false })
    for (const sessionId of this.#workers) {
      const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } })
      await this.#call('NodeWorker.sendMessageToWorker', { sessionId, message })
    }
    return this.#workers.length
  }

  async #call(method: string, params: object): Promise<unknown> {
    const id = ++this.#id
    const answered = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answered.resolve)
    this.#socket.send(JSON.stringify({ id, method, params }))
    return await answered.promise
  }

  #receive(text: string): void {
    const {
      id = 0,
      method,
      params,
    } = JSON.parse(text) as {
      id?: number
      method?: string
      params?: { sessionId?: string }
    }
    this.#waiting.get(id)?.(undefined)
    if (method === 'NodeWorker.attachedToWorker') this.#workers.push(params?.sessionId ?? '')
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }
}

async function startInspected(
  workers: number,
  ...flags: readonly string[]
): Promise<{ server: TestServer; inspector: Inspector }> {
  const port = await freePort()
  const server = await TestServer.start({
    env: { NODE_OPTIONS: `--inspect=127.0.0.1:${port}` },
    flags: [`--dns.workers=${workers}`, ...flags],
  })
  await new NacosApi(server.url).register('order-service', '10.0.0.7', 8080)
  return { server, inspector: await Inspector.attach(port) }
}

/** Asks every 10 ms for so long; how many of how many were answered within 500 ms. */
async function askFor(ms: number, port: number): Promise<{ asked: number; answered: number }> {
  using client = new DnsClient(port)
  const until = performance.now() + ms
  const answers: Promise<boolean>[] = []
  while (performance.now() < until) {
    answers.push(
      client.ask('order-service.nacos', 'A', 500).then(
        ({ answers: records = [] }) => records.length === 1,
        () => false,
      ),
    )
    await sleep(10)
  }
  const all = await Promise.all(answers)
  return { asked: all.length, answered: all.filter(Boolean).length }
}

test('while the main thread is blocked for two seconds every question is answered', async () => {
  const { server, inspector } = await startInspected(2)
  await using _server = server
  using _inspector = inspector
  await eventually(async () => expect((await askFor(15, server.dns)).answered).toBeGreaterThan(0))
  inspector.start('const until = Date.now() + 2000; while (Date.now() < until);')
  await sleep(100)
  const started = performance.now()
  const http = fetch(`${server.url}/readyz`).then(() => performance.now() - started)
  const { asked, answered } = await askFor(1_500, server.dns)
  expect(asked).toBeGreaterThan(20)
  expect(answered).toBe(asked)
  // It was blocked indeed.
  expect(await http).toBeGreaterThan(1_000)
})

test('workers that die are replaced, and the port is answered on again', async () => {
  const { server, inspector } = await startInspected(2)
  await using _server = server
  using _inspector = inspector
  const killed = await inspector.inWorkers('setImmediate(() => { throw new Error("planted") })')
  expect(killed).toBe(2)
  const line = await server.logged('dns_worker_died')
  expect(line.level).toBe('error')
  expect(JSON.stringify(line)).toContain('planted')
  using client = new DnsClient(server.dns)
  await eventually(async () => {
    const answer = await client.ask('order-service.nacos', 'A', 100)
    expect(answer.answers).toHaveLength(1)
  })
  // Both are there again: of many sources none is lost.
  const { asked, answered } = await eventually(async () => {
    const counts = await askFor(200, server.dns)
    if (counts.answered < counts.asked) throw new Error(JSON.stringify(counts))
    return counts
  })
  expect(answered).toBe(asked)
  expect(rcodeOf(await client.ask('nope.nacos', 'A'))).toBe('NXDOMAIN')
  await eventually(async () => {
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  })
  // What the registry learns afterwards is answered, too: they share the table.
  await new NacosApi(server.url).register('late-service', '10.0.0.9', 8080)
  await eventually(async () => {
    expect(await client.addresses('late-service.nacos')).toEqual(['10.0.0.9'])
  })
  inspector[Symbol.dispose]()
  expect(await server.stop()).toBe(0)
})

// Node's own sockets end with the thread that opened them.
test.runIf(worksHere)('what is asked while no worker lives waits for the next', async () => {
  const { server, inspector } = await startInspected(1, '--dns.engine=batch')
  await using _server = server
  using _inspector = inspector
  using client = new DnsClient(server.dns)
  await inspector.inWorkers('setImmediate(() => { throw new Error("planted") })')
  await server.logged('dns_worker_died')
  // At once: the next worker starts 100 ms later. Asked once, for the client does not ask again.
  const { answers } = await client.ask('order-service.nacos', 'A', 1_000)
  expect(answers).toHaveLength(1)
})

test('a worker that finds its port taken when it comes back tries until it has it', async () => {
  const { server, inspector } = await startInspected(1)
  await using _server = server
  using _inspector = inspector
  await inspector.inWorkers('setImmediate(() => { throw new Error("planted") })')
  // The port is free for a moment: it is taken by one who does not share.
  const thief = await eventually(async () => {
    const taken = createServer()
    taken.listen({ port: server.dns, host: '127.0.0.1', exclusive: true })
    await once(taken, 'listening')
    return taken
  })
  await sleep(400)
  const closed = once(thief, 'close')
  thief.close()
  await closed
  using client = new DnsClient(server.dns)
  await eventually(async () => {
    const answer = await client.ask('order-service.nacos', 'A', 100)
    expect(answer.answers).toHaveLength(1)
  })
})
