import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { query } from '../core/dns/answer/world.ts'
import { DnsClient } from './dns-client.ts'
import type { FrontWorkerData, ToFrontWorker } from './front-worker.ts'
import { worksHere } from '../adapters/dns/batch/works-here.ts'

const FLOOD_TURN = 32
/** What waits longer was not woken, but found when the thread happened to look: every 250 ms. */
const PROMPT_MS = 100

/** A thread with the engine, a TCP server and timers of its own. */
class Thread implements AsyncDisposable {
  readonly worker: Worker
  readonly #waits = new Int32Array(new SharedArrayBuffer(4))
  port = 0

  private constructor() {
    const workerData: FrontWorkerData = { waits: this.#waits.buffer }
    this.worker = new Worker(new URL('./front-worker.ts', import.meta.url), { workerData })
  }

  static async start(): Promise<Thread> {
    const thread = new Thread()
    const [port] = await once(thread.worker, 'message')
    thread.port = Number(port)
    return thread
  }

  get waits(): number {
    return Atomics.load(this.#waits, 0)
  }

  async tell(message: ToFrontWorker): Promise<unknown> {
    this.worker.postMessage(message)
    const [answer] = await once(this.worker, 'message')
    return answer
  }

  /** Microseconds of processor time so far. */
  async cpu(): Promise<number> {
    const { user, system } = (await this.tell('cpu')) as NodeJS.CpuUsage
    return user + system
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.terminate()
  }
}

/** Questions without a pause until disposed; nobody reads the answers. */
function flood(port: number): Disposable & { readonly answers: () => number } {
  const socket = createSocket('udp4')
  let answers = 0
  socket.on('message', () => answers++)
  socket.on('error', () => undefined)
  let isOver = false
  const packet = query('order.nacos', 'A')
  const send = (): void => {
    if (isOver) return
    for (let i = 0; i < FLOOD_TURN; i++) socket.send(packet, port, '127.0.0.1')
    setImmediate(send)
  }
  send()
  return {
    answers: () => answers,
    [Symbol.dispose]: () => {
      isOver = true
      socket.close()
    },
  }
}

/** Round trips over one TCP connection, ms each; the slowest last. */
async function echoTimes(port: number, count: number): Promise<readonly number[]> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const started = performance.now()
    socket.write('x')
    await once(socket, 'data')
    times.push(performance.now() - started)
  }
  socket.destroy()
  return times.toSorted((a, b) => a - b)
}

function median(sorted: readonly number[]): number {
  return sorted[sorted.length >> 1] ?? Number.NaN
}

/** Runs `check` while nobody asks anything, and while somebody asks without end. */
async function both(check: (thread: Thread) => Promise<void>): Promise<void> {
  await using thread = await Thread.start()
  await check(thread)
  using load = flood(thread.port)
  await sleep(50)
  await check(thread)
  expect(load.answers()).toBeGreaterThan(0)
}

describe.runIf(worksHere)('a thread that sleeps for its sockets and its loop', () => {
  test('TCP goes on, asleep and flooded', async () => {
    await both(async ({ port }) => {
      expect(median(await echoTimes(port, 20))).toBeLessThan(PROMPT_MS)
    })
  })

  test('who asks rarely is answered at once', async () => {
    await using thread = await Thread.start()
    using client = new DnsClient(thread.port)
    const times: number[] = []
    for (let i = 0; i < 10; i++) {
      // Long enough for the thread to be asleep again.
      await sleep(30)
      const started = performance.now()
      await client.ask('order.nacos', 'A')
      times.push(performance.now() - started)
    }
    expect(median(times.toSorted((a, b) => a - b))).toBeLessThan(PROMPT_MS)
  })

  test('timers go on, asleep and flooded', async () => {
    await both(async (thread) => {
      const times = (await thread.tell('timers')) as number[]
      expect(median(times.toSorted((a, b) => a - b))).toBeLessThan(PROMPT_MS)
    })
  })

  test('messages arrive, asleep and flooded', async () => {
    await both(async (thread) => {
      const times: number[] = []
      for (let i = 0; i < 20; i++) {
        const started = performance.now()
        expect(await thread.tell('echo')).toBe('echo')
        times.push(performance.now() - started)
      }
      expect(median(times.toSorted((a, b) => a - b))).toBeLessThan(PROMPT_MS)
    })
  })

  test('ended it ends at once, asleep and flooded', async () => {
    for (const isFlooded of [false, true]) {
      const thread = await Thread.start()
      using _load = isFlooded ? flood(thread.port) : undefined
      await sleep(300)
      const started = performance.now()
      await thread.worker.terminate()
      expect(performance.now() - started).toBeLessThan(500)
    }
  })

  test('idle is asleep: it wakes less than 20 times a second, and costs nothing', async () => {
    await using thread = await Thread.start()
    await sleep(200)
    const cpu = await thread.cpu()
    const waits = thread.waits
    await sleep(2_000)
    expect(thread.waits - waits).toBeLessThan(40)
    expect((await thread.cpu()) - cpu).toBeLessThan(20_000)
  })
})
