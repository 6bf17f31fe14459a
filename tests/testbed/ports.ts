import { createServer } from 'node:net'

/**
 * Below the kernel's range for outgoing connections (32768 and up on Linux): while a component is
 * stopped, nobody gets its port by chance.
 */
const FIRST = 20_000
const LAST = 32_000

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/**
 * `count` different free ports of 127.0.0.1. Random, so that beds that start at the same time do not
 * want the same ones; a clash is still possible and is for the caller to try again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1000) throw new Error(`no ${count} free ports between ${FIRST} and ${LAST}`)
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (!ports.has(port) && (await isFree(port))) ports.add(port)
  }
  return [...ports]
}
