import { expect, test } from 'vitest'
import { banner, type BannerFacts } from '../../src/app/banner.ts'

const FACTS: BannerFacts = {
  version: '0.1.0',
  name: 'vm1',
  mode: 'standalone',
  readyInSeconds: 0.42,
  http: { addresses: ['127.0.0.1', '::1'], port: 8848 },
  dns: { addresses: ['127.0.0.1', '::1'], port: 5300, zones: ['nacos.'] },
}

test('without a terminal the banner tells what runs, and nothing else', () => {
  expect(banner(FACTS, false)).toBe(
    `cairn 0.1.0  standalone  ready in 0.4 s
  nacos     127.0.0.1:8848 (HTTP)                 spring.cloud.nacos.server-addr=127.0.0.1:8848
  dns       127.0.0.1:5300 udp+tcp                zone nacos.
  metrics   http://127.0.0.1:8848/metrics         health http://127.0.0.1:8848/readyz
`,
  )
})

test('on a terminal the banner says what to try', () => {
  const text = banner(FACTS, true)
  expect(text).toContain('ready in 0.4 s')
  expect(text).toContain(
    "try   curl -X POST 'http://127.0.0.1:8848/nacos/v1/ns/instance?serviceName=orders&ip=10.0.0.7&port=8080'\n" +
      '      dig @127.0.0.1 -p 5300 orders.nacos SRV\n',
  )
})

test('gRPC is shown only when it runs', () => {
  expect(banner(FACTS, true)).not.toContain('gRPC')
  const grpc = { addresses: ['127.0.0.1'], port: 9848 }
  expect(banner({ ...FACTS, grpc }, true)).toContain('127.0.0.1:8848 (HTTP)  :9848 (gRPC)')
})

test('a wildcard is shown as it is and dialled by name', () => {
  const http = { addresses: ['0.0.0.0'], port: 80 }
  const dns = { addresses: ['::'], port: 53, zones: ['a.', 'b.', 'c.', 'd.'] }
  const text = banner({ ...FACTS, http, dns }, true)
  expect(text).toContain('nacos     0.0.0.0:80 (HTTP)')
  expect(text).toContain('server-addr=vm1:80')
  expect(text).toContain('health http://vm1:80/readyz')
  expect(text).toContain('dns       [::]:53 udp+tcp')
  expect(text).toContain('zones a. b. c. and 1 more')
  expect(text).toContain('dig @127.0.0.1 orders.a SRV')
})
