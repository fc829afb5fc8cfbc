import { readdirSync, readFileSync } from 'node:fs'

import { CLIENT_CORE, run } from '../process.ts'

/**
 * Where Cairn's threads run. `shared`: all on the server's core. `apart`: the threads that answer
 * have that core to themselves; the registry, the collector and all others are beside the
 * generator, which then goes before them and sleeps between bursts.
 */
export const PLACES = ['shared', 'apart'] as const
export type Place = (typeof PLACES)[number]

/** @param cores of the server; of several workers each has one of them to itself. */
export async function place(pid: number, where: Place, cores: readonly number[]): Promise<void> {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8')
    const worker = /^dns-(\d+)/.exec(name)?.[1]
    const core = worker === undefined ? undefined : cores[Number(worker) % cores.length]
    const to = where === 'apart' ? (core ?? CLIENT_CORE) : cores.join(',')
    await run(['taskset', '-cp', String(to), thread])
  }
}
