/**
 * Participants on the Go and the Python SDK for the conformance tests. Both are optional: without Go or Python, or without their
 * packages to be had, those tests leave themselves out and set-up says why.
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { ensurePackages } from '../lib/apt.mjs'
import { SetupError, warn } from '../lib/log.mjs'
import { exists, root, run, toolEnv } from '../lib/run.mjs'

const folder = path.join(root, '.cache', 'sdk-clients')
const suffix = process.platform === 'win32' ? '.exe' : ''

const lastLine = output => output.trim().split('\n').at(-1) ?? ''

/** @returns {Promise<{ GO_PEER: string } | {}>} for the environment of the tests */
export async function ensureGoClient() {
  if (!(await exists('go', ['version']))) {
    warn('Go is not on this machine: the tests with the Go SDK are left out.')
    return {}
  }
  const cwd = path.join(root, 'sfu', 'test', 'go')
  const env = toolEnv({ GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly -buildvcs=false' })
  const got = await run('go', ['mod', 'download'], { cwd, env, allowFailure: true, label: 'Go SDK' })
  if (got.code !== 0) {
    warn(`The Go SDK cannot be had, and its tests are left out: ${lastLine(got.output)}`)
    return {}
  }
  const file = path.join(folder, `go-peer${suffix}`)
  await run('go', ['build', '-o', file, '.'], { cwd, env, label: 'Building the client on the Go SDK' })
  return { GO_PEER: file }
}

/** The interpreter of a virtual environment with the SDK. @returns {Promise<{ PYTHON_PEER: string } | {}>} */
export async function ensurePythonClient() {
  const python = process.platform === 'win32' ? 'python' : 'python3'
  // Debian has what makes environments in a package of its own.
  const canMake = () => exists(python, ['-c', 'import ensurepip, venv'])
  if (!(await canMake()) && process.platform === 'linux')
    await ensurePackages(['python3-venv'], 'Python (conformance tests)').catch(error => warn(error.message))
  if (!(await canMake())) {
    warn('Python, or its venv, is not on this machine: the tests with the Python SDK are left out.')
    return {}
  }
  const venv = path.join(folder, 'python')
  const file = path.join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  if (!existsSync(file)) {
    const made = await run(python, ['-m', 'venv', venv], { allowFailure: true, label: 'Python environment' })
    if (made.code !== 0) {
      warn(
        `Python makes no virtual environment here; the tests with its SDK are left out: ${lastLine(made.output)}`,
      )
      return {}
    }
  }
  const list = path.join(root, 'sfu', 'test', 'python', 'requirements.txt')
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--only-binary=:all:',
    '-r',
    list,
  ]
  const got = await run(file, pip, { allowFailure: true, label: 'Python SDK' })
  if (got.code !== 0) {
    warn(`The Python SDK cannot be had, and its tests are left out: ${lastLine(got.output)}`)
    return {}
  }
  if (!(await exists(file, ['-c', 'import livekit.rtc'])))
    throw new SetupError('The Python SDK is installed but cannot be loaded.')
  return { PYTHON_PEER: file }
}
