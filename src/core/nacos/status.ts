/** The state of a server as Nacos names it. */
export type ServerStatus = 'UP' | 'DOWN' | 'STARTING' | 'WRITE_ONLY' | 'READ_ONLY'

/** Whether a naming request may pass in this state; others are answered with 503. */
export function isAdmitted(status: ServerStatus, method: string): boolean {
  if (status === 'UP') return true
  const isRead = method === 'GET' || method === 'HEAD'
  return status === (isRead ? 'READ_ONLY' : 'WRITE_ONLY')
}
