import { selfTest } from '../../../../src/adapters/dns/batch/self-test.ts'

const fault = selfTest()

/** Whether the engine works on this machine; where it does not, its tests skip and say why. */
export const worksHere: boolean = fault === undefined
if (fault !== undefined) console.warn(`the batched engine is not tested: ${fault}`)
