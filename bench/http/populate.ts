import { Agent, request } from 'node:http'

import { addressOf, INSTANCES, nameService } from '../dns/packets.ts'
import { registerPath } from '../dns/http-line.ts'

export interface Population {
  readonly services: number
  /** Persistent ones stay without beats; ephemeral ones are what most clients register. */
  readonly instances: 'persistent' | 'ephemeral'
  /** Per service. */
  readonly perService?: number
}

const CONNECTIONS = 32

/** Registers everything over HTTP, as clients would. Any other answer than 200 is an error. */
export async function populate(httpPort: number, population: Population): Promise<void> {
  const perService = population.perService ?? INSTANCES
  const total = population.services * perService
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  let next = 0
  const work = async (): Promise<void> => {
    while (next < total) {
      const n = next++
      const service = 1 + Math.floor(n / perService)
      // Neighbours may share an address: it is their service that tells them apart.
      const path = registerPath(nameService(service), addressOf(service, n % perService))
      const kind = population.instances === 'ephemeral' ? 'true' : 'false'
      await post(agent, httpPort, path.replace('ephemeral=false', `ephemeral=${kind}`))
    }
  }
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, work))
  } finally {
    agent.destroy()
  }
}

async function post(agent: Agent, port: number, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST' }, (answer) => {
      let body = ''
      answer.setEncoding('latin1')
      answer.on('data', (chunk: string) => (body += chunk))
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve()
        else reject(new Error(`register answered ${answer.statusCode}: ${body.slice(0, 200)}`))
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}
