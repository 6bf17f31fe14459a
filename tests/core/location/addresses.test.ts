import fc from 'fast-check'
import t from 'tap'
import { candidates } from '../../../core/location/address.ts'
import { isPublic, parseAddress } from '../../../core/location/ip.ts'
import { nodeFacts } from '../../../core/location/node-facts.ts'

const v4 = fc.ipV4()
const v6 = fc.ipV6()

t.test('reads addresses', async (t) => {
  const cases: [text: string, bits: bigint][] = [
    ['0.0.0.0', 0n],
    ['81.2.69.142', 0x5102458en],
    ['255.255.255.255', 0xffffffffn],
    ['::', 0n],
    ['::1', 1n],
    ['1::', 1n << 112n],
    ['2001:DB8::A', (0x20010db8n << 96n) | 10n],
    ['1:2:3:4:5:6:7:8', 0x00010002000300040005000600070008n],
    ['::ffff:81.2.69.142', (0xffffn << 32n) | 0x5102458en],
    ['64:ff9b::1.2.3.4', (0x64ff9bn << 96n) | 0x01020304n],
  ]
  for (const [text, bits] of cases) t.equal(parseAddress(text)?.bits, bits, text)

  fc.assert(fc.property(v4, (text) => parseAddress(text)?.version === 4))
  fc.assert(fc.property(v6, (text) => parseAddress(text)?.version === 6))
})

t.test('refuses what is no address', async (t) => {
  const texts = [
    '',
    ' ',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4/32',
    '1.2.3.4:80',
    '١.2.3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '1.2.3.4::',
    '::1.2.3',
    'localhost',
    '9'.repeat(300),
    ':'.repeat(100_000),
  ]
  for (const text of texts) t.equal(parseAddress(text), undefined, text.slice(0, 40))
  fc.assert(fc.property(fc.string(), (text) => parseAddress(text) !== null))
})

t.test('knows which addresses say nothing about a place', async (t) => {
  // The first and the last address of each block, and the neighbours outside it.
  const blocks: [first: string, last: string, ...outside: string[]][] = [
    ['0.0.0.0', '0.255.255.255', '1.0.0.0'],
    ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
    ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
    ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
    ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
    ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
    ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
    ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
    ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
    ['224.0.0.0', '239.255.255.255', '223.255.255.255'],
    ['240.0.0.0', '255.255.255.255'],
    ['::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['::ffff:8.8.8.8', '::ffff:81.2.69.142'],
    ['64:ff9b::808:808', '64:ff9b::ffff:ffff'],
    ['2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:200::', '2000:ffff::'],
    ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db7::', '2001:db9::'],
    ['2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2003::'],
    ['3fff::', '3fff:0fff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:1000::'],
    ['4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['ff00::', 'ff02::1'],
  ]
  const publicText = (text: string) => {
    const address = parseAddress(text)
    t.ok(address, text)
    return address !== undefined && isPublic(address)
  }
  for (const [first, last, ...outside] of blocks) {
    t.equal(publicText(first), false, first)
    t.equal(publicText(last), false, last)
    for (const text of outside) t.equal(publicText(text), true, text)
  }
  for (const text of ['81.2.69.142', '8.8.8.8', '2001:218::1', '2a02:cf40::1', '2600::']) {
    t.equal(publicText(text), true, text)
  }
})

t.test('takes the addresses of a node in order', async (t) => {
  const node = (endpoint: string | undefined, ...addresses: [string, string][]) =>
    nodeFacts({
      metadata: {
        name: 'a',
        annotations: endpoint === undefined ? {} : { 'edge-net.io/endpoint': endpoint },
      },
      status: { addresses: addresses.map(([type, address]) => ({ type, address })) },
    })
  const cases: [name: string, node: ReturnType<typeof node>, found: string[]][] = [
    ['nothing', node(undefined), []],
    ['private only', node(undefined, ['InternalIP', '10.0.0.1'], ['Hostname', '8.8.8.8']), []],
    ['public internal', node(undefined, ['InternalIP', '81.2.69.142']), ['81.2.69.142']],
    [
      'external before internal, whatever the order',
      node(undefined, ['InternalIP', '89.160.20.112'], ['ExternalIP', '81.2.69.142']),
      ['81.2.69.142', '89.160.20.112'],
    ],
    [
      'both families',
      node(undefined, ['ExternalIP', '81.2.69.142'], ['ExternalIP', '2001:218::1']),
      ['81.2.69.142', '2001:218::1'],
    ],
    [
      'a public endpoint is the only one',
      node('81.2.69.142', ['ExternalIP', '89.160.20.112']),
      ['81.2.69.142'],
    ],
    ['endpoint with port', node('81.2.69.142:51820'), ['81.2.69.142']],
    ['endpoint in brackets', node('[2001:218::1]:51820'), ['2001:218::1']],
    ['bare IPv6 endpoint', node('2001:218::1'), ['2001:218::1']],
    [
      'private endpoint: joined inside the own network',
      node('192.168.1.7', ['ExternalIP', '89.160.20.112']),
      ['89.160.20.112'],
    ],
    [
      'carrier NAT, loopback, documentation',
      node('100.64.1.1', ['ExternalIP', '127.0.0.1'], ['ExternalIP', '203.0.113.9']),
      [],
    ],
    [
      'endpoint that is no address',
      node('gateway.example:443', ['ExternalIP', '89.160.20.112']),
      ['89.160.20.112'],
    ],
    [
      'garbage between good ones',
      node(undefined, ['ExternalIP', 'x'], ['ExternalIP', ''], ['InternalIP', '8.8.8.8']),
      ['8.8.8.8'],
    ],
  ]
  for (const [name, facts, found] of cases) {
    t.same(
      candidates(facts).map(({ text }) => text),
      found,
      name,
    )
  }
})
