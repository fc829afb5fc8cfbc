import { expect, test } from 'vitest'
import type { ForwardData } from '../../../../src/adapters/dns/forward/forward-data.ts'
import { UpstreamList } from '../../../../src/adapters/dns/forward/upstream-list.ts'
import { parseUpstream } from '../../../../src/core/dns/forward/upstream-address.ts'
import type { UpstreamAddress } from '../../../../src/core/dns/forward/upstream.ts'

const ELSEWHERE = { isOurs: () => false, isReserved: () => false }

function parseAll(texts: readonly string[]): readonly UpstreamAddress[] {
  return texts.flatMap((text) => parseUpstream(text) ?? [])
}

function list(upstreams: readonly string[], trusted: readonly string[] = []): UpstreamList {
  const data: Partial<ForwardData> = {
    upstreams: parseAll(upstreams),
    trusted: parseAll(trusted),
    zones: new Map(),
  }
  return new UpstreamList(data as ForwardData)
}

test('this server is left out and a name server trusted, however an address is written', () => {
  const made = list(['2001:DB8::0:1', '2001:db8::2'], ['2001:db8:0:0:0:0:0:2'])
  made.setOwn({ addresses: ['::', '2001:0db8:0::1'], port: 53 })
  const routes = made.routes([], ELSEWHERE)
  expect(made.dropped).toEqual(['[2001:db8::1]:53'])
  const used = routes.all.flatMap(({ upstreams }) => upstreams)
  expect(used.map(({ address, isTrusted }) => [address, isTrusted])).toEqual([
    ['2001:db8::2', true],
  ])
})
