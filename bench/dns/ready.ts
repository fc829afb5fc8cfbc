import { createSocket } from 'node:dgram'

import { cpuSince, readCpu, sleep } from '../process.ts'
import {
  encodeQuery,
  INSTANCES,
  type Mix,
  type Question,
  questionsAbout,
  questionsOf,
} from './packets.ts'
import type { Stage } from './subjects.ts'

/** Is a server there, and does it know all it should? Asked before any clock runs. */

const ANSWER_WITHIN_MS = 200
const TRIES = 100
const TRY_AGAIN_MS = 100
/** Below what servers allow one client to have under way. */
const WARMING_SOCKETS = 8

/** Whether the last name of each kind is answered: then all are there. */
export async function knowsLast(
  port: number,
  names: number,
  kinds: readonly Mix[],
  instances: number = INSTANCES,
): Promise<boolean> {
  for (const kind of kinds) {
    const question = questionsAbout(kind, names, instances).at(-1)
    if (question !== undefined && !(await ask(port, question))) return false
  }
  return true
}

/** With the static zone, where `stage` has one. */
export async function waitForLast(port: number, stage: Stage): Promise<void> {
  const { names, instances } = stage
  for (let i = 0; i < TRIES; i++) {
    if (await knowsLast(port, names, kindsOf(stage), instances)) return
    // It may be collecting garbage of a million registrations.
    await sleep(TRY_AGAIN_MS)
  }
  throw new Error('Cairn does not answer what it was given')
}

const REST_LOOK_MS = 500
/** Share of a core, all threads. */
const REST_BELOW = 0.05
const REST_WITHIN_MS = 120_000

/** What was begun while names came in, such as collecting garbage, is no cost of answers. */
export async function waitForRest(pid: number): Promise<void> {
  const end = performance.now() + REST_WITHIN_MS
  while (performance.now() < end) {
    const before = readCpu(pid)
    const since = performance.now()
    await sleep(REST_LOOK_MS)
    const ms = performance.now() - since
    if (cpuSince(pid, before).run / 1e6 / ms < REST_BELOW) return
  }
  console.error(`process ${pid} does not come to rest: its first numbers have other work in them`)
}

export function kindsOf({ hasStatic }: Stage): readonly Mix[] {
  return hasStatic ? ['a', 'static'] : ['a']
}

/** Every foreign name once, so that all of them are in the cache. */
export async function warm(port: number, names: number): Promise<void> {
  const questions = questionsOf('cache', names).values()
  const work = Array.from({ length: WARMING_SOCKETS }, async () => {
    // All workers take from one iterator.
    for (const question of questions) await askUntilAnswered(port, question)
  })
  await Promise.all(work)
}

async function askUntilAnswered(port: number, question: Question): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    if (await ask(port, question)) return
    await sleep(20)
  }
  throw new Error(`no answer about ${question.name} through the cache`)
}

async function ask(port: number, question: Question): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    return await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ANSWER_WITHIN_MS)
      socket.once('error', () => resolve(false))
      socket.once('message', (answer) => {
        clearTimeout(timer)
        const isRight = answer.length > 12 && (answer.readUInt8(3) & 15) === 0
        resolve(isRight && answer.readUInt16BE(6) >= question.answers)
      })
      socket.send(encodeQuery(question), port, '127.0.0.1')
    })
  } finally {
    socket.close()
  }
}
