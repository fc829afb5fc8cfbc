import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** What `/proc/net/*` calls a listening TCP socket, and a bound UDP one. */
const STATES = { tcp: '0A', udp: '07' } as const

/** `dnsmasq (pid 812)`: who holds a port, as far as this user may see; Linux only. */
export function findOwner(port: number, protocol: 'tcp' | 'udp'): string | undefined {
  try {
    const state = STATES[protocol]
    const inodes = new Set([
      ...inodesOf(`/proc/net/${protocol}`, state, port),
      ...inodesOf(`/proc/net/${protocol}6`, state, port),
    ])
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    const pid = pids.find((one) => holds(one, inodes))
    return pid === undefined ? undefined : `${nameOf(pid)} (pid ${pid})`
  } catch {
    return undefined
  }
}

/**
 * Columns: sl, local address in hex, remote, state, queues, timers, retransmits, uid, timeout,
 * inode.
 */
function inodesOf(file: string, state: string, port: number): readonly string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readText(file)
    .split('\n')
    .map((line) => line.trim().split(/ +/))
    .filter((columns) => columns[1]?.endsWith(wanted) === true && columns[3] === state)
    .flatMap((columns) => columns[9] ?? [])
}

/** Without IPv6 there is no `/proc/net/tcp6`. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
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

/** `node-MainThread` and `MainThread`: what Node calls its main thread, whatever the program is. */
const NAMELESS = 'MainThread'

function nameOf(pid: string): string {
  const name = readText(`/proc/${pid}/comm`).trim()
  if (!name.endsWith(NAMELESS)) return name
  const [program = ''] = readText(`/proc/${pid}/cmdline`).split('\0')
  return program.split('/').at(-1) || name
}
