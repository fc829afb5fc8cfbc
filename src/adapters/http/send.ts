import type { FastifyReply } from 'fastify'

const TEXT = 'text/plain;charset=UTF-8'
const JSON_TYPE = 'application/json;charset=UTF-8'

/** Exactly two bytes: Java and Python compare them. */
export function sendOk(reply: FastifyReply): void {
  void reply.header('content-type', TEXT).send('ok')
}

export function sendText(reply: FastifyReply, status: number, text: string): void {
  void reply.code(status).header('content-type', TEXT).send(text)
}

export function sendJson(reply: FastifyReply, json: string): void {
  void reply.header('content-type', JSON_TYPE).send(json)
}

export function sendJsonWith(reply: FastifyReply, status: number, json: string): void {
  void reply.code(status).header('content-type', JSON_TYPE).send(json)
}
