import { connect, type Socket } from 'node:net'
import { addressOf, nameService } from '../../bench/dns/packets.ts'

/**
 * The heartbeats of many clients: every instance beats once per interval, evenly spread. They share
 * a few connections and are pipelined, because this machine has no room for 100,000 clients; the
 * server parses and answers every single one.
 */

interface BeatPlan {
  readonly httpPort: number
  readonly services: number
  readonly perService: number
  readonly intervalMs: number
}

const CONNECTIONS = 32
/** Short turns, for the generator of queries has the same core. */
const TICK_MS = 2
const PIPELINED = 16
const OK = '"code":10200'

class Beats {
  readonly #requests: readonly string[]
  readonly #sockets: readonly Socket[]
  readonly #perMs: number
  #sent = 0
  #turn = 0
  #answered = 0
  readonly #startedAt = performance.now()

  constructor(plan: BeatPlan) {
    this.#requests = requestsOf(plan)
    this.#perMs = this.#requests.length / plan.intervalMs
    this.#sockets = Array.from({ length: CONNECTIONS }, () => {
      const socket = connect({ port: plan.httpPort, host: '127.0.0.1', noDelay: true })
      let rest = ''
      socket.on('data', (chunk) => {
        const text = rest + chunk.toString('latin1')
        const parts = text.split(OK)
        this.#answered += parts.length - 1
        rest = parts.at(-1)?.slice(-OK.length) ?? ''
      })
      return socket
    })
    setInterval(() => this.#tick(), TICK_MS)
  }

  /** What was sent, and how much of it was answered with success. */
  get counts(): { readonly sent: number; readonly answered: number } {
    return { sent: this.#sent, answered: this.#answered }
  }

  #tick(): void {
    let due = Math.floor((performance.now() - this.#startedAt) * this.#perMs) - this.#sent
    for (; due >= PIPELINED; due -= PIPELINED) {
      const batch: string[] = []
      for (let i = 0; i < PIPELINED; i++) {
        batch.push(this.#requests[this.#sent++ % this.#requests.length] ?? '')
      }
      this.#sockets[this.#turn++ % CONNECTIONS]?.write(batch.join(''))
    }
  }
}

function requestsOf({ services, perService }: BeatPlan): readonly string[] {
  const requests: string[] = []
  for (let service = 1; service <= services; service++) {
    const { service: name, group } = nameService(service)
    const grouped = encodeURIComponent(`${group}@@${name}`)
    for (let i = 0; i < perService; i++) {
      const path = `/nacos/v1/ns/instance/beat?serviceName=${grouped}&ip=${addressOf(service, i)}&port=8080`
      requests.push(`PUT ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n`)
    }
  }
  return requests
}

const beats = new Beats(JSON.parse(process.argv[2] ?? '{}') as BeatPlan)
process.on('SIGTERM', () => {
  process.stdout.write(JSON.stringify(beats.counts))
  process.exit(0)
})
