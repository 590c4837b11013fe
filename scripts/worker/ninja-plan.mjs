/**
 * What is compiled and how, as a ninja file. Pure: text in, text out. The lists of sources come from mediasoup's own
 * meson files, so that a new version of mediasoup with a new source file needs no change here.
 */

/** Debian packages that the build needs. */
export const requiredPackages = [
  'g++',
  'make',
  'dpkg-dev',
  'pkg-config',
  'ninja-build',
  'flatbuffers-compiler',
  'libflatbuffers-dev',
  'libabsl-dev',
  'libuv1-dev',
  'libssl-dev',
]

/**
 * The strings of one `name = [ ... ]` or `name += [ ... ]` block of a meson file.
 *
 * @param {string} mesonText
 * @param {RegExp} opening matches the line that opens the block
 * @returns {string[]} in the order of the file
 */
export function mesonList(mesonText, opening) {
  const lines = mesonText.split('\n')
  const starts = lines.flatMap((line, index) => (opening.test(line) ? [index] : []))
  if (starts.length !== 1)
    throw new Error(`mediasoup's meson.build has ${starts.length} lines like ${opening}, expected one`)
  const end = lines.findIndex((line, index) => index > starts[0] && /^\s*\]/.test(line))
  if (end < 0) throw new Error(`mediasoup's meson.build: the list at ${opening} does not end`)
  return lines.slice(starts[0] + 1, end).flatMap(line => /'([^']+)'/.exec(line)?.[1] ?? [])
}

/**
 * The one correction of mediasoup's source.
 *
 * OpenSSL built with kernel TLS (as Debian's is) asks the write BIO through BIO_ctrl whether the kernel sends. The
 * worker's callback compares the operation with BIO_CB_RETURN where the flag has to be masked out, hence answers every
 * such question with 1, and OpenSSL allocates no write buffer: the first DTLS handshake ends in a segmentation fault.
 *
 * @param {string} source DtlsTransport.cpp
 * @returns {string} the corrected text; throws when the line is not there exactly once
 */
export function correctDtlsTransport(source) {
  const wrong = '(operationType == BIO_CB_RETURN) ? static_cast<long>(ret) : 1;'
  const parts = source.split(wrong)
  if (parts.length !== 2)
    throw new Error(
      `mediasoup's DtlsTransport.cpp has ${parts.length - 1} lines to correct, expected one: look at scripts/worker/ninja-plan.mjs`,
    )
  return parts.join('(operationType & BIO_CB_RETURN) ? static_cast<long>(ret) : 1;')
}

/**
 * @typedef {object} PlanInput
 * @property {string} workerDir mediasoup's `worker` folder
 * @property {string} includeDir our stand-in headers
 * @property {string} srtpDir built libsrtp 2: libsrtp2.a, and include/srtp2
 * @property {string} correctedDtls absolute path of the corrected DtlsTransport.cpp
 * @property {string} mesonText worker/meson.build
 * @property {string} libwebrtcMesonText worker/deps/libwebrtc/meson.build
 * @property {string[]} schemas absolute paths of the FlatBuffers schemas
 */

/**
 * @param {PlanInput} input
 * @returns {string} the ninja file; its only default target is `mediasoup-worker` in ninja's working folder
 */
export function ninjaFile(input) {
  const { workerDir, correctedDtls } = input
  const common = [
    ...mesonList(input.mesonText, /^common_sources = \[/),
    // The only second block of that list: the bandwidth estimation of libwebrtc, which is mediasoup's default.
    ...mesonList(input.mesonText, /^ {2}common_sources \+= \[/),
    'src/main.cpp',
  ]
  const sources = [
    ...common.map(path => `${workerDir}/${path}`),
    ...mesonList(input.libwebrtcMesonText, /^libwebrtc_sources = \[/).map(
      path => `${workerDir}/deps/libwebrtc/${path}`,
    ),
  ]
  const dtls = sources.indexOf(`${workerDir}/src/RTC/DtlsTransport.cpp`)
  if (dtls < 0) throw new Error("mediasoup's meson.build does not list src/RTC/DtlsTransport.cpp")
  sources[dtls] = correctedDtls

  const objects = sources.map((source, index) => `obj/${index}-${source.split('/').at(-1)}.o`)
  const headers = input.schemas.map(
    path =>
      `FBS/${path
        .split('/')
        .at(-1)
        ?.replace(/\.fbs$/, '.h')}`,
  )
  const includes = [
    `${workerDir}/include`,
    input.includeDir,
    '.',
    `${workerDir}/deps/libwebrtc`,
    `${workerDir}/deps/libwebrtc/libwebrtc`,
    `${input.srtpDir}/include`,
  ]
  const escaped = (/** @type {string} */ path) => path.replace(/[$ :]/g, '$$$&')
  return `${[
    'ninja_required_version = 1.8',
    `cflags = -std=c++20 -O3 -DNDEBUG -pipe -fno-strict-aliasing -w -DMS_LITTLE_ENDIAN -DMS_EXECUTABLE -DFLATBUFFERS_LOCALE_INDEPENDENT=1 ${includes
      .map(path => `-I'${path}'`)
      .join(' ')}`,
    'libs = -lssl -lcrypto -luv -lflatbuffers -labsl_strings -labsl_throw_delegate -labsl_bad_optional_access -lpthread -ldl',
    'rule flatc',
    `  command = flatc --cpp --cpp-field-case-style lower --reflect-names --scoped-enums --filename-suffix "" -o FBS ${input.schemas
      .map(path => `'${path}'`)
      .join(' ')}`,
    '  description = flatc',
    'rule cxx',
    '  command = c++ $cflags -MD -MF $out.d -c $in -o $out',
    '  depfile = $out.d',
    '  deps = gcc',
    '  description = $in',
    'rule link',
    `  command = c++ -o $out @$out.rsp '${input.srtpDir}/libsrtp2.a' $libs`,
    '  rspfile = $out.rsp',
    '  rspfile_content = $in',
    '  description = link',
    `build ${headers.map(escaped).join(' ')}: flatc ${input.schemas.map(escaped).join(' ')}`,
    ...sources.map(
      (source, index) => `build ${escaped(objects[index])}: cxx ${escaped(source)} || ${headers.join(' ')}`,
    ),
    `build mediasoup-worker: link ${objects.map(escaped).join(' ')}`,
    'default mediasoup-worker',
  ].join('\n')}\n`
}
