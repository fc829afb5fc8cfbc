import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { eventually, TestServer } from './server.ts'
import { Churn } from './transfer-churn.ts'

interface Heard {
  readonly message: Buffer
  readonly from: RemoteInfo
  readonly at: number
}

/** A secondary that only listens. */
class Ear implements AsyncDisposable {
  readonly heard: Heard[] = []
  readonly #socket: Socket = createSocket('udp4')

  async listen(): Promise<number> {
    this.#socket.on('message', (message, from) => {
      this.heard.push({ message, from, at: performance.now() })
    })
    this.#socket.bind(0, '127.0.0.1')
    await once(this.#socket, 'listening')
    return this.#socket.address().port
  }

  /** Answers all that was heard and will be. */
  answer(rcode: number): void {
    const tell = (message: Buffer, from: RemoteInfo): void => {
      const answer = Buffer.from(message)
      answer.writeUInt16BE(0xa400 | rcode, 2)
      this.#socket.send(answer, from.port, from.address)
    }
    for (const { message, from } of this.heard) tell(message, from)
    this.#socket.on('message', tell)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }
}

async function counted(server: TestServer): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const rows = text.matchAll(/^cairn_dns_notifies_total\{result="(\w+)"\} (\d+)$/gm)
  return Object.fromEntries([...rows].map(([, result, count]) => [result, Number(count)]))
}

test('a NOTIFY is repeated until it is answered, then waits for changes', async () => {
  await using ear = new Ear()
  const port = await ear.listen()
  await using server = await TestServer.start({
    flags: [`--dns.secondaries=127.0.0.1:${port}`, '--server.drain=0s'],
  })
  await eventually(() => expect(ear.heard).toHaveLength(2))
  const [first, second] = ear.heard
  // The same again, a second later.
  expect(second?.message).toEqual(first?.message)
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(900)
  ear.answer(0)
  await eventually(async () => expect((await counted(server))['acknowledged']).toBe(1))
  const before = ear.heard.length
  await new Churn(server.url, 5, 1).run(50, 4)
  await eventually(async () => {
    expect(ear.heard.length).toBeGreaterThan(before)
    const { sent = 0, acknowledged = 0 } = await counted(server)
    expect(acknowledged).toBe(sent - 1)
  })
  // Fifty changes within a moment are a few NOTIFYs.
  expect(ear.heard.length - before).toBeLessThan(15)
})

test('a refusal is logged and counted, and ends the repeating', async () => {
  await using ear = new Ear()
  const port = await ear.listen()
  ear.answer(5)
  await using server = await TestServer.start({ flags: [`--dns.secondaries=127.0.0.1:${port}`] })
  const line = await server.logged('notify_refused')
  expect(line).toMatchObject({ zone: 'nacos.', secondary: '127.0.0.1', level: 'warn' })
  expect(await counted(server)).toMatchObject({ sent: 1, refused: 1, acknowledged: 0 })
})
