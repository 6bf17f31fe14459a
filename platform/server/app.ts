import { isUtf8 } from 'node:buffer'
import type { Server } from 'node:https'
import Fastify, { type FastifyInstance } from 'fastify'
import type { ServerSettings } from './settings.ts'
import type { CertificatePair } from './tls.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Name of the hook that the route serves. */
    hook?: string
  }
}

export type App = FastifyInstance<Server>

/** fastify over TLS, set up for the one client it has: the API server. */
export function secureApp(pair: CertificatePair, settings: ServerSettings): App {
  const { cert, key, ca } = pair
  const app = Fastify({
    // HTTP/1.1 only: the API server speaks nothing else to webhooks.
    https: {
      cert,
      key,
      ...(ca && { ca, requestCert: true, rejectUnauthorized: true }),
      minVersion: 'TLSv1.2',
      headersTimeout: settings.headersTimeout,
      connectionsCheckingInterval: settings.connectionsCheckingInterval,
    },
    bodyLimit: settings.bodyLimit,
    keepAliveTimeout: settings.keepAliveTimeout,
    requestTimeout: settings.requestTimeout,
    maxRequestsPerSocket: settings.maxRequestsPerSocket,
    return503OnClosing: false,
    logger: false,
  })
  app.removeAllContentTypeParsers()
  // `__proto__` is a legal key of a ConfigMap: refusing it would deny it (or let it by, unchecked).
  const parse = app.getDefaultJsonParser('ignore', 'ignore')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = Buffer.from(body)
    // Decoding would replace bad bytes, and the hook would judge other text than was sent.
    if (isUtf8(bytes)) return parse(request, bytes.toString(), done)
    done(Object.assign(new Error('the body is not valid UTF-8'), { statusCode: 400 }))
  })
  return app
}
