import { randomFillSync } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { Batch, MSG_DONTWAIT, openLibc, openUdp } from './libc.ts'

/** A thread that sends junk from 127.0.0.1, by the clock. */
export interface JunkOrder {
  readonly port: number
  readonly perSecond: number
  readonly ms: number
  readonly kind: Junk
}

export const JUNK = ['answers', 'short', 'random', 'foreign'] as const
/**
 * Forged answers; less than a header; random octets; good questions for names of random zones.
 */
export type Junk = (typeof JUNK)[number]

const BATCH = 64
const SLOT = 128
const SOCKETS = 16
/** New random octets every so many batches. */
const RENEW_EVERY = 50
const NAP_MS = 0.1

function send({ port, perSecond, ms, kind }: JunkOrder): number {
  const libc = openLibc()
  if (libc === undefined) throw new Error('needs node:ffi')
  const sockets = Array.from({ length: SOCKETS }, () => openUdp(libc, port))
  const batch = new Batch(libc, BATCH, SLOT)
  const clock = new Int32Array(new SharedArrayBuffer(4))
  const started = performance.now()
  let sent = 0
  for (let turn = 0; ; turn++) {
    const elapsed = performance.now() - started
    if (elapsed > ms) return sent
    if (sent + BATCH > (elapsed * perSecond) / 1_000) {
      Atomics.wait(clock, 0, 0, NAP_MS)
      continue
    }
    if (turn % RENEW_EVERY === 0) for (let i = 0; i < BATCH; i++) write(batch, i, kind)
    const fd = sockets[turn % SOCKETS] ?? -1
    sent += Math.max(0, libc.functions.sendmmsg(fd, batch.address, BATCH, MSG_DONTWAIT))
  }
}

function write(batch: Batch, index: number, kind: Junk): void {
  const bytes = batch.slots.bytes.subarray(index * SLOT, (index + 1) * SLOT)
  randomFillSync(bytes)
  let length = 12 + (index % 100)
  if (kind === 'answers') bytes[2] = (bytes[2] ?? 0) | 0x80
  else if (kind === 'short') length = index % 12
  else if (kind === 'foreign') length = writeQuestion(bytes)
  batch.setLength(index, length)
}

/** `xxxxxxxx.test A`, whatever the eight letters are. */
function writeQuestion(bytes: Buffer): number {
  bytes.set([1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8], 2)
  for (let i = 13; i < 21; i++) bytes[i] = 0x61 + ((bytes[i] ?? 0) % 26)
  bytes.set([4, 0x74, 0x65, 0x73, 0x74, 0, 0, 1, 0, 1], 21)
  return 31
}

if (parentPort !== null) parentPort.postMessage(send(workerData as JunkOrder))
