import type { Http2ServerRequest } from 'node:http2'

const PATH = '/dns-query'
const MEDIA_TYPE = 'application/dns-message'
/** The longest message there is (RFC 1035 §4.2.2). */
export const BODY_BYTES_MAX = 65_535

/** What a request asks for: a message at once, a body to wait for, or a status that says no. */
export type DohRequest =
  | { readonly kind: 'message'; readonly message: Buffer }
  | { readonly kind: 'body' }
  | { readonly kind: 'refused'; readonly status: number }

/** RFC 8484 §4.1. */
export function readRequest({ method, url, headers }: Http2ServerRequest): DohRequest {
  const [path = '', search = ''] = splitOnce(url, '?')
  if (path !== PATH) return { kind: 'refused', status: 404 }
  if (method === 'GET') return readSearch(search)
  if (method !== 'POST') return { kind: 'refused', status: 405 }
  const [type = ''] = splitOnce(headers['content-type'] ?? '', ';')
  if (type.trim().toLowerCase() !== MEDIA_TYPE) return { kind: 'refused', status: 415 }
  const length = Number(headers['content-length'] ?? 0)
  return length > BODY_BYTES_MAX ? { kind: 'refused', status: 413 } : { kind: 'body' }
}

function readSearch(search: string): DohRequest {
  const text = new URLSearchParams(search).get('dns')
  // base64url without padding (RFC 8484 §6); Node's decoder takes anything.
  if (text === null || !/^[\w-]+$/.test(text)) return { kind: 'refused', status: 400 }
  const message = Buffer.from(text, 'base64url')
  if (message.length > BODY_BYTES_MAX) return { kind: 'refused', status: 413 }
  return { kind: 'message', message }
}

function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
