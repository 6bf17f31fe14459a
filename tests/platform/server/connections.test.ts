import { readFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import t from 'tap'
import { allow } from '../../../core/admission/verdicts.ts'
import { type HookServerOptions, startHookServer } from '../../../platform/server/server.ts'
import {
  client,
  hook,
  makeCertificate,
  memoryLog,
  responseOf,
  review,
  startFor,
  uid,
} from './support.ts'

const directory = t.testdir()
const made = makeCertificate(directory, { name: 'server' })

t.test('connections are reused, and renewed after so many requests, without a loss', async (t) => {
  const { post } = await startFor(t, made, {})
  const used = new Map<number, number>()
  for (let count = 0; count < 1010; count++) {
    const answer = await post('/hooks/guard', review())
    t.equal(responseOf(answer).allowed || count, true)
    used.set(answer.connection, (used.get(answer.connection) ?? 0) + 1)
  }
  t.strictSame([...used.values()], [1000, 10])
})

t.test('only HTTP/1.1, only TLS from 1.2, and no plain text', async (t) => {
  const { server } = await startFor(t, made, {})
  const socket = connect({
    port: server.port,
    host: '127.0.0.1',
    ALPNProtocols: ['h2', 'http/1.1'],
    rejectUnauthorized: false,
  })
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  t.equal(socket.alpnProtocol, 'http/1.1')
  socket.destroy()
  const old = connect({
    port: server.port,
    host: '127.0.0.1',
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
    rejectUnauthorized: false,
  })
  t.ok(await new Promise((resolve) => old.once('error', resolve)))
  const plain = connectPlain(server.port, '127.0.0.1').on('error', () => {})
  plain.write('POST /hooks/guard HTTP/1.1\r\nhost: x\r\n\r\n')
  let received = ''
  plain.on('data', (data) => {
    received += data.toString('latin1')
  })
  await new Promise((resolve) => plain.once('close', resolve))
  t.notMatch(received, /HTTP/)
})

t.test('a client that sends too slowly is cut, in the head or in the body', async (t) => {
  const head = 'POST /hooks/guard HTTP/1.1\r\nhost: x\r\n'
  const body = `${head}content-type: application/json\r\ncontent-length: 900\r\n\r\n{`
  const cases = [
    { sent: head, limits: { headersTimeout: 300, requestTimeout: 60_000 } },
    { sent: body, limits: { headersTimeout: 300, requestTimeout: 300 } },
  ]
  for (const { sent, limits } of cases) {
    const settings = { ...limits, connectionsCheckingInterval: 50, quietPeriod: 50 }
    const { server, post } = await startFor(t, made, { settings })
    const slow = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false })
    slow.on('error', () => {}).on('data', () => {})
    slow.write(sent)
    const cut = new Promise((resolve) => slow.once('close', () => resolve('cut')))
    t.equal(await Promise.race([cut, sleep(5000, 'still open')]), 'cut', JSON.stringify(limits))
    slow.destroy()
    t.match(responseOf(await post('/hooks/guard', review())), { allowed: true })
  }
})

t.test('with a client CA, nobody else gets in', async (t) => {
  const ca = makeCertificate(directory, { name: 'ca', authority: true })
  const caller = makeCertificate(directory, { name: 'caller', signedBy: ca, serial: 2 })
  const { server } = await startFor(t, made, { caFile: ca.certFile })
  const files = (who: typeof made) => ({
    cert: readFileSync(who.certFile),
    key: readFileSync(who.keyFile),
  })
  const known = client(server.port, [made], files(caller))
  const other = client(server.port, [made], files(made))
  const stranger = client(server.port, [made])
  t.teardown(() => {
    for (const each of [known, other, stranger]) each.close()
  })
  t.match(responseOf(await known.post('/hooks/guard', review())), { uid, allowed: true })
  await t.rejects(other.post('/hooks/guard', review()), 'another signer')
  await t.rejects(stranger.post('/hooks/guard', review()), 'no certificate')
})

t.test('wrong set-ups are told at the start', async (t) => {
  const { log } = memoryLog()
  const base = { ...made, host: '127.0.0.1', log }
  const wrong = (more: Partial<HookServerOptions>) =>
    startHookServer({ hooks: [], ...base, ...more })
  await t.rejects(wrong({ hooks: [hook('a'), hook('a')] }), TypeError)
  await t.rejects(wrong({ hooks: [hook('A/b')] }), TypeError)
  await t.rejects(wrong({ pathPrefix: 'x' }), TypeError)
  await t.rejects(wrong({ pathPrefix: '/:any' }), TypeError)
  await t.rejects(wrong({ certFile: '/nowhere.crt' }), { code: 'ENOENT' })
  const { server } = await startFor(t, made, {})
  await t.rejects(wrong({ port: server.port }), { code: 'EADDRINUSE' })
})

t.test(
  'close ends at once for the idle and the silent, and waits for work under way',
  async (t) => {
    const entered = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const { log } = memoryLog()
    const server = await startHookServer({
      ...made,
      log,
      host: '127.0.0.1',
      settings: { quietPeriod: 100 },
      hooks: [
        hook('guard'),
        hook('slow', async () => {
          entered.resolve()
          await release.promise
          return allow()
        }),
      ],
    })
    const calls = client(server.port, [made])
    t.teardown(() => calls.close())
    await calls.post('/hooks/guard', review())
    const raw = connectPlain(server.port, '127.0.0.1').on('error', () => {})
    const silent = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false })
    silent.on('error', () => {})
    await new Promise((resolve) => silent.once('secureConnect', resolve))
    const slow = calls.post('/hooks/slow', review())
    await entered.promise
    let closed = false
    const closing = server.close().then(() => {
      closed = true
    })
    await new Promise((resolve) => setTimeout(resolve, 400))
    t.notOk(closed, 'work is under way')
    release.resolve()
    const answer = await slow
    t.match(responseOf(answer), { uid, allowed: true })
    t.equal(answer.headers.connection, 'close')
    await closing
    raw.destroy()
    silent.destroy()
    await t.rejects(calls.post('/hooks/guard', review()), { code: 'ECONNREFUSED' })
  },
)
