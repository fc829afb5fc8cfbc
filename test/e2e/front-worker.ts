import { createServer } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { openLibc } from '../../src/adapters/dns/batch/libc.ts'
import { at, DnsWorld } from '../core/dns/answer/world.ts'
import { ref } from '../core/registry/build.ts'
import { openFront } from '../adapters/dns/batch/front.ts'
import { LibcBetween } from '../adapters/dns/batch/libc-between.ts'

/** What the thread is told and tells. */
export type ToFrontWorker = 'echo' | 'timers' | 'cpu'
export interface FrontWorkerData {
  /** How often the thread went to sleep. */
  readonly waits: SharedArrayBuffer
}

const TIMERS = 20
const TIMER_MS = 10
const waits = new Int32Array((workerData as FrontWorkerData).waits)
const { libc } = new LibcBetween(openLibc(), ({ real }) => ({
  poll: (fds, count, ms) => {
    Atomics.add(waits, 0, 1)
    return real.poll(fds, count, ms)
  },
}))
const world = new DnsWorld()
world.put(ref('order'), [at('10.0.0.1')])
const { front } = openFront(world, { libc })
const port = await front.listen('127.0.0.1', 0)
const echo = createServer((socket) => socket.pipe(socket))
await new Promise<void>((done) => void echo.listen(port, '127.0.0.1', done))
parentPort?.on('message', (message: ToFrontWorker) => {
  if (message === 'echo') parentPort?.postMessage('echo')
  else if (message === 'cpu') parentPort?.postMessage(process.threadCpuUsage())
  else void runTimers()
})
parentPort?.postMessage(port)

/** Timers one after the other: how long each took. */
async function runTimers(): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < TIMERS; i++) {
    const started = performance.now()
    await new Promise((done) => setTimeout(done, TIMER_MS))
    times.push(performance.now() - started)
  }
  parentPort?.postMessage(times)
}
