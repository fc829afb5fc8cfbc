import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface NacosInstance {
  readonly ip: string
  readonly port: number
  readonly weight?: number
  readonly metadata?: Readonly<Record<string, string>>
}

export interface NacosHost {
  readonly ip: string
  readonly port: number
  readonly weight: number
  readonly healthy: boolean
}

export interface ChildCall {
  readonly id: number
  readonly what: 'ready' | 'register' | 'deregister' | 'list' | 'status' | 'services' | 'subscribe'
  readonly service: string
  readonly instance?: NacosInstance
}

export type ChildReply =
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'hosts'; readonly service: string; readonly hosts: unknown }

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** A process that holds one client of the npm package `nacos`, as an application would. */
export class NacosProcess implements Disposable {
  /** What subscriptions told, by service, latest last. */
  readonly told: Map<string, NacosHost[][]> = new Map()
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #id = 0

  private constructor(server: string) {
    const file = fileURLToPath(new URL('nacos-child.ts', import.meta.url))
    // The client uses what Node has deprecated; that is not what is tested here.
    this.#child = fork(file, [server], { execArgv: ['--no-deprecation'] })
    this.#child.on('message', (reply: ChildReply) => this.#take(reply))
  }

  /** Resolves when the client is ready. */
  static async start(server: string): Promise<NacosProcess> {
    const started = new NacosProcess(server)
    await started.#call('ready', '')
    return started
  }

  async register(service: string, instance: NacosInstance): Promise<void> {
    await this.#call('register', service, instance)
  }

  async deregister(service: string, instance: NacosInstance): Promise<void> {
    await this.#call('deregister', service, instance)
  }

  async list(service: string): Promise<readonly NacosHost[]> {
    return (await this.#call('list', service)) as NacosHost[]
  }

  async status(): Promise<unknown> {
    return await this.#call('status', '')
  }

  async services(): Promise<unknown> {
    return await this.#call('services', '')
  }

  async subscribe(service: string): Promise<void> {
    this.told.set(service, [])
    await this.#call('subscribe', service)
  }

  /** No good-bye: what a crash or a pulled plug looks like. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  [Symbol.dispose](): void {
    this.kill()
  }

  async #call(what: ChildCall['what'], service: string, instance?: NacosInstance) {
    const id = this.#id++
    const done = Promise.withResolvers<unknown>()
    this.#waiting.set(id, done)
    this.#child.send({ id, what, service, ...(instance === undefined ? {} : { instance }) })
    return await done.promise
  }

  #take(reply: ChildReply): void {
    if (reply.kind === 'hosts') {
      this.told.get(reply.service)?.push(reply.hosts as NacosHost[])
      return
    }
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (reply.kind === 'done') waiting?.resolve(reply.result)
    else waiting?.reject(new Error(reply.message))
  }
}
