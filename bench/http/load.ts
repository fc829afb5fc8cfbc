import autocannon from 'autocannon'
import { fileURLToPath } from 'node:url'

import { Meter, type Metered } from '../dns/meter.ts'
import { addressOf, nameService } from '../dns/packets.ts'
import { CLIENT_CORE, run } from '../process.ts'

/** HTTP load by autocannon, in a process of its own on its own core. */

export const KINDS = ['register', 'beat-full', 'beat-light', 'list'] as const
export type Kind = (typeof KINDS)[number]

export interface HttpLoad {
  readonly kind: Kind
  readonly httpPort: number
  readonly pid: number
  readonly seconds: number
  readonly warmupSeconds: number
  readonly services: number
  readonly connections: number
}

export interface HttpMeasured extends Metered {
  readonly requests: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Not 2xx, not the right body, timed out, or cut: any fails the run. */
  readonly errors: number
}

export async function loadHttp(load: HttpLoad): Promise<HttpMeasured> {
  const out = await run(
    [
      'taskset',
      '-c',
      String(CLIENT_CORE),
      process.execPath,
      fileURLToPath(import.meta.url),
      JSON.stringify(load),
    ],
    (load.seconds + load.warmupSeconds) * 1_000 + 30_000,
  )
  return JSON.parse(out) as HttpMeasured
}

async function main(load: HttpLoad): Promise<void> {
  const warm = await shoot(load, load.warmupSeconds)
  const meter = new Meter(load.pid)
  const result = await shoot(load, load.seconds)
  const measured: HttpMeasured = {
    requests: result.requests.total,
    p50: result.latency.p50,
    p99: result.latency.p99,
    errors: countErrors(warm) + countErrors(result),
    ...meter.stop(),
    // autocannon's requests run for just so long; its own time has its preparations in it.
    seconds: load.seconds,
  }
  process.stdout.write(JSON.stringify(measured))
}

function countErrors(result: autocannon.Result): number {
  return result.errors + result.timeouts + result.non2xx + result.mismatches
}

async function shoot(load: HttpLoad, seconds: number): Promise<autocannon.Result> {
  const requests = requestsOf(load)
  let clients = 0
  return await autocannon({
    url: `http://127.0.0.1:${load.httpPort}`,
    connections: load.connections,
    duration: seconds,
    // Every client would encode all of them before `setupClient` gives it its own.
    requests: requests.slice(0, 1),
    verifyBody: (body) => isRight(load.kind, String(body)),
    // Each connection walks its own part of the services, else all would ask for the same at once.
    setupClient: (client) => {
      const share = Math.floor(requests.length / load.connections)
      const from = share * (clients++ % load.connections)
      client.setRequests(requests.slice(from, from + share))
    },
  })
}

function isRight(kind: Kind, body: string): boolean {
  switch (kind) {
    case 'register':
      return body === 'ok'
    case 'beat-full':
    case 'beat-light':
      return body.includes('"code":10200')
    case 'list':
      return body.includes('"hosts":[{')
    default:
      return false
  }
}

function requestsOf(load: HttpLoad): autocannon.Request[] {
  const services = Array.from({ length: load.services }, (_, i) => i + 1)
  // Registering what is there already would change nothing: every second time, another weight.
  const weights = load.kind === 'register' ? [1, 2] : [1]
  return services.flatMap((service) => weights.map((weight) => requestOf(load, service, weight)))
}

function requestOf({ kind }: HttpLoad, index: number, weight: number): autocannon.Request {
  const { service, group } = nameService(index)
  const ip = addressOf(index, 0)
  const grouped = encodeURIComponent(`${group}@@${service}`)
  const named = `serviceName=${service}&groupName=${group}`
  const where = `ip=${ip}&port=8080`
  switch (kind) {
    case 'register':
      return { method: 'POST', path: `/nacos/v1/ns/instance?${named}&${where}&weight=${weight}` }
    case 'list':
      return { method: 'GET', path: `/nacos/v1/ns/instance/list?${named}&healthyOnly=false` }
    case 'beat-light':
      return { method: 'PUT', path: `/nacos/v1/ns/instance/beat?serviceName=${grouped}&${where}` }
    case 'beat-full':
      return {
        method: 'PUT',
        path: `/nacos/v1/ns/instance/beat?serviceName=${grouped}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `beat=${encodeURIComponent(beatOf(`${group}@@${service}`, ip))}`,
      }
    default:
      throw new Error('no such kind of request')
  }
}

/** What Nacos' own clients send until they are told that light beats will do. */
function beatOf(serviceName: string, ip: string): string {
  return JSON.stringify({
    port: 8080,
    ip,
    weight: 1,
    serviceName,
    cluster: 'DEFAULT',
    metadata: {},
    scheduled: false,
    period: 5_000,
    stopped: false,
  })
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? '{}') as HttpLoad)
