/**
 * True for clients that expect PUT /instance to refuse what is not registered: Java since 1.0.0,
 * and Node, which gives the same name. For every other agent PUT registers (Nacos 1.x).
 */
export function isStrictUpdater(userAgent: string): boolean {
  const match = /^Nacos-Java-Client:v?(\d+)\./.exec(userAgent)
  return match !== null && Number(match[1]) >= 1
}
