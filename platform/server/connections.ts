import type { Server } from 'node:http'
import type { Socket } from 'node:net'

export interface Connections {
  /**
   * Closes connections as they fall idle, and after `quietMs` without any request under way cuts the
   * ones that never said anything (a port scanner, a half-open client), which Node would wait for.
   * Returns the way to stop.
   */
  closeWhenQuiet(quietMs: number): () => void
}

const stepMs = 25

/** Keeps count of a server's sockets and requests, since Node tells neither. */
export function trackConnections(server: Server): Connections {
  const sockets = new Set<Socket>()
  let underWay = 0
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', (_request, response) => {
    underWay++
    response.once('close', () => underWay--)
  })
  return {
    closeWhenQuiet(quietMs) {
      let quietSince = performance.now()
      const interval = setInterval(() => {
        server.closeIdleConnections()
        if (underWay > 0) quietSince = performance.now()
        if (performance.now() - quietSince < quietMs) return
        for (const socket of sockets) socket.destroy()
      }, stepMs)
      return () => clearInterval(interval)
    },
  }
}
