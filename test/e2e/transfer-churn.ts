import { SeededRng } from '../../src/kernel/rng.ts'

/** Changes of a registry over its HTTP API, drawn from a seed; instances on 10.0.0.0/8 and IPv6. */
export class Churn {
  readonly #url: string
  readonly #rng: SeededRng
  readonly #services: number
  readonly #known = new Map<string, URLSearchParams>()
  /** Changes that were accepted. */
  done = 0

  constructor(url: string, services: number, seed: number) {
    this.#url = url
    this.#services = services
    this.#rng = new SeededRng(seed)
  }

  /** `count` changes, `width` at a time. */
  async run(count: number, width: number): Promise<void> {
    let left = count
    const lane = async (): Promise<void> => {
      while (left-- > 0) await this.#change()
    }
    await Promise.all(Array.from({ length: width }, lane))
  }

  async #change(): Promise<void> {
    const known = [...this.#known.keys()]
    const draw = this.#rng.f64()
    const key = known[this.#below(known.length)]
    if (draw < 0.3 && key !== undefined) {
      const params = this.#known.get(key)
      this.#known.delete(key)
      if (params !== undefined) await this.#send('DELETE', params)
      return
    }
    const params = draw < 0.5 && key !== undefined ? this.#known.get(key) : this.#newInstance()
    if (params === undefined) return
    params.set('weight', String([1, 1, 1, 2, 0.5, 0][this.#below(6)]))
    params.set('enabled', String(this.#rng.f64() > 0.1))
    params.set('metadata', JSON.stringify({ n: this.#below(1000) }))
    this.#known.set([...params].slice(0, 4).join(), params)
    await this.#send('POST', params)
  }

  #newInstance(): URLSearchParams {
    const n = this.#below(this.#services)
    // Every eighth differs from another one in case only, every fifth has dots, some are foreign.
    const name = n % 8 === 0 ? `SVC-${n + 1}` : n % 5 === 0 ? `com.x.svc-${n}` : `svc-${n}`
    const host = this.#below(200)
    return new URLSearchParams({
      serviceName: name,
      groupName: n % 7 === 0 ? 'pay:a' : 'DEFAULT_GROUP',
      ip: host % 9 === 0 ? `fd00::${host.toString(16)}` : `10.0.${host}.${this.#below(4)}`,
      port: String(8_000 + this.#below(3)),
      ephemeral: 'false',
    })
  }

  async #send(method: 'POST' | 'DELETE', params: URLSearchParams): Promise<void> {
    const answer = await fetch(`${this.#url}/nacos/v1/ns/instance?${params.toString()}`, { method })
    await answer.arrayBuffer()
    if (!answer.ok) throw new Error(`${method} ${params.toString()}: ${answer.status}`)
    this.done++
  }

  #below(count: number): number {
    return Math.floor(this.#rng.f64() * count)
  }
}
