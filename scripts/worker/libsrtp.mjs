/**
 * libsrtp 2 on OpenSSL, as a static library, from Debian's source package. Debian's binary package is built on NSS and
 * takes 2 (AES-GCM) to 6 (AES-CM) times as long per packet, which would halve what a worker can forward.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, SetupError } from './run.mjs'

/**
 * The deb-src line for the distribution's main archive, derived from the packages that apt already knows, so that a
 * mirror in use stays in use.
 *
 * @param {string} targets one `uri|release|component|origin|signedBy` a line
 * @param {(path: string) => boolean} [exists]
 * @returns {string | undefined} undefined when no archive of Debian or Ubuntu is configured
 */
export function sourceLine(targets, exists = existsSync) {
  const rows = targets.split('\n').map(line => line.split('|'))
  const distribution = rows.filter(([, , , origin]) => origin === 'Debian' || origin === 'Ubuntu')
  // The plain release, not its updates or security: libsrtp2 is there in any case.
  const release = distribution.map(row => row[1]).sort((a, b) => a.length - b.length)[0]
  const row = distribution.find(([, name]) => name === release)
  if (!row) return undefined
  const [uri, , , origin, signedBy] = row
  const components = origin === 'Ubuntu' ? 'main universe' : 'main'
  const keyring = `/usr/share/keyrings/${origin.toLowerCase()}-archive-keyring.gpg`
  const key = signedBy && !signedBy.includes('$(') ? signedBy : exists(keyring) ? keyring : undefined
  return `deb-src ${key ? `[signed-by=${key}] ` : ''}${uri} ${release} ${components}`
}

/**
 * Fetches and builds libsrtp in `<dir>/libsrtp` (folders `include/srtp2`, file `libsrtp2.a`). Does nothing when it is
 * there already. Changes nothing of the system's apt: the lists and the cache are private.
 *
 * @param {{ dir: string, log: (line: string) => void }} input
 * @returns {Promise<string>} the folder
 */
export async function ensureLibsrtp({ dir, log }) {
  const done = join(dir, 'libsrtp')
  if (existsSync(join(done, 'libsrtp2.a'))) return done
  const work = join(dir, 'libsrtp.part')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(join(work, 'lists', 'partial'), { recursive: true })
  mkdirSync(join(work, 'cache', 'archives', 'partial'), { recursive: true })

  log("fetching Debian's source of libsrtp2")
  const format = '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(SIGNED_BY)'
  const targets = await run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])
  const line = sourceLine(targets)
  if (!line)
    throw new SetupError('no Debian archive is configured in apt, so the source of libsrtp2 cannot be had')
  writeFileSync(join(work, 'sources.list'), `${line}\n`)
  const apt = [
    ['Dir::Etc::sourcelist', join(work, 'sources.list')],
    ['Dir::Etc::sourceparts', '/dev/null'],
    ['Dir::State::lists', join(work, 'lists')],
    ['Dir::Cache', join(work, 'cache')],
    ['Acquire::Retries', '2'],
    ['Acquire::http::Timeout', '20'],
    // The private folders belong to us and not to the user that apt drops to when it is run by root.
    ['APT::Sandbox::User', ''],
  ].flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const timeoutMs = 180_000
  await run('apt-get', [...apt, 'update'], { what: 'reading the list of source packages', timeoutMs })
  await run('apt-get', [...apt, 'source', 'libsrtp2'], {
    cwd: work,
    what: 'fetching the source of libsrtp2',
    timeoutMs,
  })
  const source = readdirSync(work).find(name => /^libsrtp2-\d[\w.]*$/.test(name))
  if (!source) throw new SetupError('apt-get source libsrtp2 left no unpacked source')

  log(`building ${source} on OpenSSL`)
  const tree = join(work, source)
  // -fPIC because the distribution's compiler makes position independent programs by default.
  await run('./configure', ['--enable-openssl', 'CFLAGS=-O3 -DNDEBUG -fPIC'], {
    cwd: tree,
    what: 'configuring libsrtp',
  })
  await run('make', ['libsrtp2.a'], { cwd: tree, what: 'building libsrtp' })
  rmSync(join(work, 'lists'), { recursive: true, force: true })
  rmSync(join(work, 'cache'), { recursive: true, force: true })
  // Headers are included as <srtp2/srtp.h>, as they are when installed.
  renameSync(join(tree, 'include'), join(tree, 'srtp2'))
  mkdirSync(join(tree, 'include'))
  renameSync(join(tree, 'srtp2'), join(tree, 'include', 'srtp2'))
  rmSync(done, { recursive: true, force: true })
  renameSync(tree, done)
  rmSync(work, { recursive: true, force: true })
  return done
}
