import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What `/proc/net/*` calls a listening TCP socket, and a bound UDP one. */
const STATES = { tcp: '0A', udp: '07' } as const

/** `dnsmasq (pid 812)`: who holds a port, as far as this user may see; Linux only. */
export function findOwner(port: number): string | undefined {
  try {
    const inodes = new Set([
      ...inodesOf('/proc/net/tcp', STATES.tcp, port),
      ...inodesOf('/proc/net/tcp6', STATES.tcp, port),
      ...inodesOf('/proc/net/udp', STATES.udp, port),
      ...inodesOf('/proc/net/udp6', STATES.udp, port),
    ])
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    const pid = pids.find((one) => holds(one, inodes))
    if (pid === undefined) return undefined
    return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`
  } catch {
    return undefined
  }
}

/** Columns: sl, local address in hex, remote, state, queues, timers, retransmits, uid, timeout, inode. */
function inodesOf(file: string, state: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/ +/))
    .filter((columns) => columns[1]?.endsWith(wanted) === true && columns[3] === state)
    .flatMap((columns) => columns[9] ?? [])
}

function holds(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    const directory = `/proc/${pid}/fd`
    return readdirSync(directory).some((fd) => {
      const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(`${directory}/${fd}`))
      return match?.[1] !== undefined && inodes.has(match[1])
    })
  } catch {
    // Another user's process, or one that has just ended.
    return false
  }
}
