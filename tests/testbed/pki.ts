import { spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A certificate and its key, as paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** Who a client certificate is for: Kubernetes reads CN as the user and each O as a group. */
export interface Identity {
  readonly user: string
  readonly groups?: readonly string[]
}

/** Names that a serving certificate is valid for. */
export interface ServingNames {
  readonly dns?: readonly string[]
  readonly ips?: readonly string[]
}

/** Without it `req -x509` takes the machine's openssl.cnf, which marks every certificate as a CA. */
const CONFIG = '[req]\ndistinguished_name = dn\nstring_mask = utf8only\n[dn]\n'
/** A bed lives for minutes; a developer may keep one for days. */
const DAYS = '365'

function openssl(args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' })
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    throw new Error(
      'the test bed makes its certificates with the openssl command: install it (3.0+)',
    )
  }
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${error?.message ?? stderr}`)
}

/** `-subj` separates by `/`, joins by `+` and escapes by `\`. */
function subject(user: string, groups: readonly string[] = []): string {
  const quote = (text: string) => text.replaceAll(/[\\/+]/g, '\\$&')
  return [...groups.map((group) => `/O=${quote(group)}`), `/CN=${quote(user)}`].join('')
}

function alternativeNames({ dns = [], ips = [] }: ServingNames): string {
  return [...dns.map((name) => `DNS:${name}`), ...ips.map((ip) => `IP:${ip}`)].join(',')
}

const digest = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20)

/**
 * A certificate authority in a folder, with ECDSA P-256 keys (a certificate takes about 10 ms). Files
 * appear by rename, so that several processes may share the folder. Node can sign no X.509, hence the
 * `openssl` command, which stands on every Debian with ca-certificates.
 */
export class Pki {
  readonly dir: string

  constructor(dir: string) {
    this.dir = dir
  }

  get caFile(): string {
    return join(this.dir, 'ca.crt')
  }

  get caKeyFile(): string {
    return join(this.dir, 'ca.key')
  }

  /** Signs service account tokens. */
  get tokenKeyFile(): string {
    return join(this.dir, 'sa.key')
  }

  get tokenPublicFile(): string {
    return join(this.dir, 'sa.pub')
  }

  /** Makes the authority and the keys for service account tokens. */
  create(): void {
    mkdirSync(this.dir, { recursive: true })
    writeFileSync(join(this.dir, 'openssl.cnf'), CONFIG)
    const usages = 'keyUsage=critical,digitalSignature,keyCertSign,cRLSign'
    this.#make('ca', '/CN=edgenet-testbed', ['basicConstraints=critical,CA:TRUE', usages])
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(this.tokenKeyFile, privateKey.export({ type: 'sec1', format: 'pem' }), {
      mode: 0o600,
    })
    writeFileSync(this.tokenPublicFile, publicKey.export({ type: 'spki', format: 'pem' }))
  }

  /** The client certificate of a user, made at the first call. */
  client({ user, groups = [] }: Identity): CertificateFiles {
    return this.#issue(`client-${digest([user, ...groups])}`, subject(user, groups), [
      'extendedKeyUsage=clientAuth',
    ])
  }

  /** The serving certificate for exactly these names, made at the first call. */
  serving(names: ServingNames): CertificateFiles {
    const san = alternativeNames(names)
    return this.#issue(`serving-${digest([san])}`, subject('serving'), [
      'extendedKeyUsage=serverAuth',
      `subjectAltName=${san}`,
    ])
  }

  /** PEM text of the authority's certificate. */
  ca(): string {
    return readFileSync(this.caFile, 'utf8')
  }

  #issue(name: string, subj: string, extensions: readonly string[]): CertificateFiles {
    const files = { cert: join(this.dir, `${name}.crt`), key: join(this.dir, `${name}.key`) }
    if (existsSync(files.cert)) return files
    const signer = ['-CA', this.caFile, '-CAkey', this.caKeyFile]
    const usages = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature']
    this.#make(name, subj, [...usages, ...extensions], signer)
    return files
  }

  #make(name: string, subj: string, extensions: string[], signer: string[] = []): void {
    const part = join(this.dir, `${name}.part-${process.pid}`)
    openssl([
      ...['req', '-x509', '-config', join(this.dir, 'openssl.cnf'), '-utf8', '-days', DAYS],
      ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', subj],
      ...['-keyout', `${part}.key`, '-out', `${part}.crt`, ...signer],
      ...extensions.flatMap((extension) => ['-addext', extension]),
    ])
    // The certificate comes last: who sees it finds the key too.
    renameSync(`${part}.key`, join(this.dir, `${name}.key`))
    renameSync(`${part}.crt`, join(this.dir, `${name}.crt`))
  }
}
