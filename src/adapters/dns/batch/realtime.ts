import { SYS, type Libc } from './libc.ts'
import { SystemError } from './socket.ts'

/** The lowest of the real-time priorities (sched(7)). */
const PRIORITY = 1

/**
 * From now on this thread goes before all ordinary ones on its core, and shares it with its like.
 * The kernel keeps a share for the others (kernel.sched_rt_runtime_us). Throws the system's error:
 * it takes CAP_SYS_NICE, or a limit that allows it (RLIMIT_RTPRIO).
 */
export function goFirst(libc: Libc): void {
  const parameter = libc.allocate(8)
  parameter.view.setInt32(0, PRIORITY, true)
  const policy = SYS.SCHED_RR | SYS.SCHED_RESET_ON_FORK
  if (libc.functions.sched_setscheduler(0, policy, parameter.address) !== 0) {
    throw new SystemError('sched_setscheduler', libc.errno())
  }
}
