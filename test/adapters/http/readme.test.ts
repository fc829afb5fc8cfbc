import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { HttpWorld } from './world.ts'

const README = new URL('../../../src/adapters/http/README.md', import.meta.url)

interface Example {
  readonly request: string
  readonly form: string | undefined
}

const examples = readFileSync(README, 'utf8')
  .split('\n')
  .filter((line) => line.includes('`curl '))
  .map(parseExample)

test('every route has its example', () => {
  expect(examples.length).toBe(29)
})

test('the examples of the README run in their order, and each is answered with 200', async () => {
  await using world = new HttpWorld()
  const failed: string[] = []
  for (const { request, form } of examples) {
    const { status, text } = await world.ask(request, form)
    if (status !== 200) failed.push(`${request}: ${status} ${text}`)
  }
  expect(failed).toEqual([])
  expect(world.observed.filter((line) => line.includes('unmatched'))).toEqual([])
})

/** A row has its method first and one curl last, of which only -X, -d and the URL are known. */
function parseExample(row: string): Example {
  const {
    method = 'GET',
    path = '',
    form,
  } = /`curl (?:-X (?<method>\w+) )?'http:\/\/127\.0\.0\.1:8848(?<path>[^']+)'(?: -d '(?<form>[^']*)')?`/.exec(
    row,
  )?.groups ?? {}
  const [route = ''] = row.split('|').slice(1)
  expect(route).toContain(method)
  return { request: `${method} ${path}`, form }
}
