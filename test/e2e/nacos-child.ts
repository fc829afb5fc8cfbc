import nacos from 'nacos'
import type { ChildCall, ChildReply } from './nacos-process.ts'

/** A program with the npm client `nacos` in it, told over IPC what to do. */

const quiet = (): void => {}
const client = new nacos.NacosNamingClient({
  logger: { ...console, info: quiet, debug: quiet, warn: quiet, log: quiet },
  serverList: process.argv[2] ?? '',
  namespace: 'public',
})

async function perform({ what, service, instance }: ChildCall): Promise<unknown> {
  switch (what) {
    case 'ready':
      return await client.ready()
    case 'register':
      return await client.registerInstance(service, instance as never)
    case 'deregister':
      return await client.deregisterInstance(service, instance as never)
    case 'list':
      return await client.getAllInstances(service, undefined, undefined, false)
    case 'status':
      return await (client as unknown as StatusClient).getServerStatus()
    case 'services':
      return await (client as unknown as StatusClient)._serverProxy.getServiceList(1, 100)
    case 'subscribe':
      client.subscribe(service, (hosts: unknown) => say({ kind: 'hosts', service, hosts }))
      return undefined
    default:
      throw new Error('no such call')
  }
}

/** What the client's own types leave out. */
interface StatusClient {
  getServerStatus(): Promise<string>
  readonly _serverProxy: { getServiceList(page: number, size: number): Promise<unknown> }
}

function say(reply: ChildReply): void {
  process.send?.(reply)
}

process.on('message', (call: ChildCall) => {
  perform(call).then(
    (result) => say({ kind: 'done', id: call.id, result }),
    (error: unknown) => say({ kind: 'failed', id: call.id, message: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
