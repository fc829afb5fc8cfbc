import { readdirSync, readFileSync } from 'node:fs'

import { CLIENT_CORE, run } from '../process.ts'

/**
 * Where Cairn's threads run. `shared`: all on the server's core. `apart`: the threads that answer
 * have that core to themselves; the registry, the collector and all others are beside the
 * generator, which then goes before them and sleeps between bursts.
 */
export const PLACES = ['shared', 'apart'] as const
export type Place = (typeof PLACES)[number]

/** @param cores of the server. */
export async function place(pid: number, where: Place, cores: readonly number[]): Promise<void> {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const answers = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').startsWith('dns-')
    const to = where === 'apart' && !answers ? [CLIENT_CORE] : cores
    await run(['taskset', '-cp', to.join(','), thread])
  }
}
