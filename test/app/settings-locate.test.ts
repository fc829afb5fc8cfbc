import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { locate } from '../../src/app/settings/locate.ts'

const TEXT = `# a comment with key = "value"
top = 1
[server] # [not.a.header]
name = "a # b = c" # tail
listen = [
  "127.0.0.1", # first
  '::1',
]
motd = """
[dns]
port = 1
"""
[ dns . inner ]
  "quoted key" = { a = 1, b = [ { c = 2 } ] }
http.port=8848
`

test.each([
  ['top', 2, 1, 2, 7],
  ['server', 3, 2, 3, 2],
  ['server.name', 4, 1, 4, 8],
  ['server.listen', 5, 1, 5, 10],
  ['server.motd', 9, 1, 9, 8],
  ['dns.inner', 13, 3, 13, 3],
  ['dns.inner.quoted key', 14, 3, 14, 18],
  ['dns.inner.quoted key.b', 14, 27, 14, 31],
  ['dns.inner.http.port', 15, 1, 15, 11],
])('%s stands at %i:%i', (path, line, column, valueLine, valueColumn) => {
  const place = { line, column, value: { line: valueLine, column: valueColumn } }
  expect(locate(TEXT).get(path)).toEqual(place)
})

test('text inside of strings is no key', () => {
  expect([...locate(TEXT).keys()].filter((key) => key.includes('port'))).toEqual([
    'dns.inner.http.port',
  ])
})

test('any text ends the search, whatever it is', () => {
  const piece = constantFrom('[', ']', '{', '}', '"', "'", '"""', '=', '.', '\n', '#', ',', 'a')
  const noise = oneof(
    string(),
    array(piece).map((pieces) => pieces.join('')),
  )
  assert(
    property(noise, (text) => {
      locate(text)
    }),
  )
})
