import { unescapeText } from '../name.ts'
import { shorten, wrong, type Fields } from './fields.ts'
import { KEY_NAMES, keyNumber, SVC_KEY, VALUES } from './svc-values.ts'
import { joinOctets, quote, RdataReader, u16 } from './wire.ts'

interface Param {
  readonly key: number
  readonly value: Uint8Array
}

/** The parameters of a zone file's SVCB record, as wire data in the order of their keys. */
export function takeParams(fields: Fields): Uint8Array {
  const params: Param[] = []
  while (fields.hasMore) params.push(takeParam(fields))
  params.sort((a, b) => a.key - b.key)
  checkParams(params)
  return joinOctets(params.flatMap(({ key, value }) => [u16(key), u16(value.length), value]))
}

/** All parameters that are left, as a zone file writes them. */
export function formatParams(reader: RdataReader): readonly string[] {
  const params: Param[] = []
  while (reader.hasMore) {
    const key = reader.u16()
    params.push({ key, value: reader.take(reader.u16()) })
  }
  for (const [i, { key }] of params.entries()) {
    if (key < (params[i - 1]?.key ?? 0)) throw wrong('parameters are not in order')
  }
  checkParams(params)
  return params.map(({ key, value }) => {
    const name = KEY_NAMES[key] ?? `key${key}`
    const text = VALUES[key]?.format(value) ?? quote(value)
    return value.length === 0 ? name : `${name}=${text}`
  })
}

/** `key`, `key=value` or `key="value"`; the last one comes as two words without a space. */
function takeParam(fields: Fields): Param {
  const token = fields.take('parameter')
  const equals = token.text.indexOf('=')
  const name = equals < 0 ? token.text : token.text.slice(0, equals)
  const key = keyNumber(name)
  if (key === undefined) throw wrong(`there is no parameter "${shorten(name)}"`)
  let text = equals < 0 ? '' : token.text.slice(equals + 1)
  const next = fields.peek()
  const isJoined =
    next?.isQuoted === true &&
    next.line === token.line &&
    next.column === token.column + token.text.length
  if (isJoined && equals === token.text.length - 1) text = fields.take('value').text
  const octets = Uint8Array.from(unescapeText(text), (octet) => octet & 0xff)
  // `keyN` gives the octets of the wire, whatever N is; they are checked with all others.
  const isGeneric = /^key\d/i.test(name)
  return { key, value: isGeneric ? octets : (VALUES[key]?.parse(octets) ?? octets) }
}

/** RFC 9460 §2.2, §7.1, §8: no key twice, sound values, nothing mandatory missing. */
function checkParams(params: readonly Param[]): void {
  const keys = new Set(params.map(({ key }) => key))
  if (keys.size < params.length) throw wrong('a parameter is told twice')
  if (keys.has(SVC_KEY.INVALID)) throw wrong('key65535 is no key')
  for (const { key, value } of params) VALUES[key]?.format(value)
  if (keys.has(SVC_KEY.NO_DEFAULT_ALPN) && !keys.has(SVC_KEY.ALPN)) {
    throw wrong('no-default-alpn needs an alpn')
  }
  const mandatory = params.find(({ key }) => key === SVC_KEY.MANDATORY)
  if (mandatory === undefined) return
  for (const reader = new RdataReader(mandatory.value); reader.hasMore;) {
    const key = reader.u16()
    if (keys.has(key)) continue
    throw wrong(`the mandatory parameter ${KEY_NAMES[key] ?? `key${key}`} is missing`)
  }
}
