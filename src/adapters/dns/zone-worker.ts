import { parentPort } from 'node:worker_threads'
import { readZoneFile, type ZoneFileReading, type ZoneRequest } from './zone-reading.ts'

/** Main → worker: one zone to read. Worker → main: what came of it, in the same order. */
parentPort?.on('message', (request: ZoneRequest) => {
  const reading = readZoneFile(request)
  parentPort?.postMessage(reading, buffersOf(reading))
})

function buffersOf({ image, records }: ZoneFileReading): ArrayBuffer[] {
  const buffers = image === undefined ? [] : [image.bytes.buffer, image.spots.buffer]
  return records === undefined ? buffers : [...buffers, records.buffer]
}
