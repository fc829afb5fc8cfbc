import { freePort } from '../free-port.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { axfr, KEY, KEY_NAME, KEY_SECRET, sameSerial, Secondary } from '../e2e/knot.ts'
import { DnsClient } from '../e2e/dns-client.ts'
import { TestServer } from '../e2e/server.ts'
import { Churn } from '../e2e/transfer-churn.ts'

/**
 * A Knot secondary follows 10,000 changes under queries, and has the same zone, record by record,
 * at the same serial; then a zone of 100,000 records is transferred while the main thread is
 * watched.
 *
 *     node test/soak/transfer.ts [changes]
 */

const ZONE = 'nacos.'
const WIDTH = 8
const QUERIERS = 4
/** Instances of the large zone: ten records each. */
const MANY = 10_000
const PER_SERVICE = 50

const changes = Number(process.argv[2] ?? 10_000)
const port = await freePort()
const flags = [`--dns.secondaries=127.0.0.1:${port} ${KEY_NAME}`, '--log.level=warn']
const env = { CAIRN_DNS_TSIG_KEYS: `${KEY_NAME}=${KEY_SECRET}` }
await using server = await TestServer.start({ flags, env })
await using secondary = Secondary.knot({
  folder: server.folder,
  primaryPort: server.dns,
  port,
  zones: [ZONE],
})

await followChanges()
await transferLarge()

async function followChanges(): Promise<void> {
  const churn = new Churn(server.url, 200, 42)
  const stop = new AbortController()
  const asking = Array.from({ length: QUERIERS }, () => ask(stop.signal))
  const started = performance.now()
  await churn.run(changes, WIDTH)
  const changed = performance.now()
  stop.abort()
  const answered = (await Promise.all(asking)).reduce((sum, count) => sum + count, 0)
  const serial = await sameSerial(server.dns, port, ZONE, 30_000)
  const followed = performance.now()
  const [ours, theirs] = [await axfr(server.dns, ZONE, '-y', KEY), await axfr(port, ZONE)]
  const differing = ours.filter((line, i) => line !== theirs[i])
  say(`${churn.done} changes in ${seconds(started, changed)}, ${answered} queries beside them`)
  say(`at the same serial ${serial} after ${seconds(changed, followed)}`)
  say(`${ours.length} records here, ${theirs.length} there, ${differing.length} differ`)
  await tellTransfers()
  if (differing.length > 0 || ours.length !== theirs.length) {
    process.exitCode = 1
    for (const line of differing.slice(0, 20)) say(`  ${line}`)
  }
}

/** As fast as answers come; how many came. */
async function ask(signal: AbortSignal): Promise<number> {
  using client = new DnsClient(server.dns)
  let count = 0
  while (!signal.aborted) {
    await client.ask(`svc-${count % 200}.nacos`, 'A')
    count++
  }
  return count
}

async function transferLarge(): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < MANY) await register(next++)
  }
  await Promise.all(Array.from({ length: 2 * WIDTH }, lane))
  await sameSerial(server.dns, port, ZONE, 60_000)
  const idle = await delayDuring(() => sleep(1_000))
  const started = performance.now()
  let records: readonly string[] = []
  const busy = await delayDuring(
    async () => void (records = await axfr(server.dns, ZONE, '-y', KEY)),
  )
  say(`${records.length} records in ${seconds(started, performance.now())}, kdig's time included`)
  say(`main thread late by at most ${busy.toFixed(1)} ms; idle ${idle.toFixed(1)} ms`)
  const theirs = await axfr(port, ZONE)
  const isSame = theirs.length === records.length && theirs.every((one, i) => one === records[i])
  say(isSame ? 'the secondary has the same' : 'the secondary has something else')
  if (!isSame) process.exitCode = 1
}

async function register(n: number): Promise<void> {
  const params = new URLSearchParams({
    serviceName: `large-${Math.floor(n / PER_SERVICE)}`,
    ip: `10.100.${n >> 8}.${n & 255}`,
    port: '8080',
    ephemeral: 'false',
  })
  const url = `${server.url}/nacos/v1/ns/instance?${params.toString()}`
  const answer = await fetch(url, { method: 'POST' })
  await answer.arrayBuffer()
  if (!answer.ok) throw new Error(String(answer.status))
}

/** How late the main thread's event loop was at most, as it tells itself; ms. */
async function delayDuring(work: () => Promise<unknown>): Promise<number> {
  await scrape()
  await work()
  const told = /^cairn_eventloop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(await scrape())
  return Number(told?.[1]) * 1_000
}

async function scrape(): Promise<string> {
  return await (await fetch(`${server.url}/metrics`)).text()
}

async function tellTransfers(): Promise<void> {
  const text = await scrape()
  const counted = text.matchAll(/^cairn_dns_(?:transfers|notifies|journal)\S* [1-9].*$/gm)
  for (const [line] of counted) say(`  ${line}`)
  const fallbacks = secondary.said.match(/fallback to AXFR/g)?.length ?? 0
  const finished = secondary.said.match(/IXFR, incoming.*finished/g)?.length ?? 0
  say(`Knot took ${finished} IXFRs and fell back to AXFR ${fallbacks} times`)
}

function seconds(from: number, to: number): string {
  return `${((to - from) / 1000).toFixed(2)} s`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
