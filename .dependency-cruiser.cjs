/** Import zones of docs/architecture.md: who may import whom. */
const forbid = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to })

/** Folders of `at` in the order of their arrows: each imports those named before it, the files beside the folders all of them. */
const layers = (at, folders) =>
  folders.map((folder, i) =>
    forbid(
      `${at.split('/').at(-1)}-${folder}-imports-down`,
      { path: `^${at}/${folder}/`, pathNot: '\\.test\\.ts$' },
      { path: `^${at}/(${[...folders.slice(i + 1).map(later => `${later}/`), '[^/]+$'].join('|')})` },
      `Inside ${at} arrows go one way: ${folders.join(' ← ')} ← the files beside them.`,
    ),
  )

module.exports = {
  forbidden: [
    ...layers('sfu/src/room', ['base', 'member', 'data', 'capture', 'telling', 'copies']),
    ...layers('sfu/src/media', ['worker', 'channel', 'track', 'link', 'publisher', 'subscriber']),
    forbid(
      'no-circular',
      {},
      { circular: true },
      'Two modules that need each other are one module, or miss a third.',
    ),
    forbid(
      'core-alone',
      { path: '^core/' },
      { path: '^(sfu|web|recordings|prisma|scripts|testing)/' },
      'core imports nobody.',
    ),
    forbid(
      'sfu-alone',
      { path: '^sfu/(src|test)/' },
      { path: '^(web|recordings|prisma)/' },
      'Processes meet only in core/contracts.',
    ),
    forbid(
      'recordings-alone',
      { path: '^recordings/' },
      { path: '^(sfu/src|web|prisma)/' },
      'Processes meet only in core/contracts.',
    ),
    forbid(
      'testing-only-in-tests',
      {
        path: '^(sfu|web|recordings|prisma)/',
        pathNot: '(\\.test\\.tsx?$|/test/|/e2e/|playwright\\.config\\.ts$)',
      },
      { path: '^testing/' },
      'What plays clients and networks is for tests and tools.',
    ),
    forbid(
      'testing-alone',
      { path: '^testing/' },
      { path: '^(sfu|web|recordings|prisma|scripts)/' },
      'It speaks to the processes from outside.',
    ),
    forbid(
      'web-alone',
      { path: '^web/' },
      { path: '^(sfu/src|recordings)/' },
      'The portal uses the media side only through its API.',
    ),
    forbid(
      'prisma-only-in-server',
      { path: '^web/(app|features|ui)/' },
      { path: '(^prisma/|@prisma|^node_modules/pg/)' },
      'Only web/server touches the database.',
    ),
    forbid(
      'mediasoup-only-in-media',
      { path: '^sfu/src/(?!media/)' },
      { path: 'node_modules/mediasoup/', dependencyTypesNot: ['type-only'] },
      'mediasoup stays behind the ports; its types may be used.',
    ),
    forbid(
      'media-only-from-main',
      { path: '^sfu/src/(room|signalling|api|server|webhooks|sdp)/', pathNot: '\\.int\\.test\\.ts$' },
      { path: '^sfu/src/media/' },
      'media implements the ports of room; main.ts joins them.',
    ),
    forbid(
      'links-alone',
      { path: '^sfu/src/cluster/links/' },
      { path: '^sfu/(src|test)/(?!cluster/links/|room/base/log\\.ts$)|@livekit/' },
      'Links carry bytes between nodes and know nothing of rooms, media or the record.',
    ),
    forbid(
      'protobuf-not-in-media',
      { path: '^sfu/src/(media|sdp)/' },
      { path: '@livekit/protocol' },
      'LiveKit messages stop at room.',
    ),
    forbid(
      'cluster-record-alone',
      { path: '^sfu/src/cluster/(record|claim|model)/', pathNot: '\\.test\\.ts$' },
      {
        path: '^sfu/src/(?!cluster/(record|claim|model)/|room/copies/member-copies\\.ts$)|@livekit/|node_modules/(mediasoup|redis|ws)/',
      },
      'The record, the rules of claims and their model know only core and the rules of copies: they are tested without network and media.',
    ),
    forbid(
      'cluster-record-imports-nothing',
      { path: '^sfu/src/cluster/record/' },
      { path: '^sfu/src/cluster/(?!record/)' },
      'Implementations of the record import the port, not the other way round.',
    ),
    forbid(
      'cluster-redis-alone',
      { path: '^sfu/src/cluster/redis/', pathNot: '\\.test\\.ts$' },
      {
        path: '^sfu/src/(?!cluster/(redis|record)/|room/base/log\\.ts$)|@livekit/|node_modules/(mediasoup|ws)/',
      },
      'It implements the port of the record, and knows nothing of rooms as they live.',
    ),
    forbid(
      'redis-client-only-in-cluster-redis',
      { path: '^sfu/src/(?!cluster/redis/)' },
      { path: 'node_modules/(redis|@redis)/' },
      'Redis stays behind the port of the record.',
    ),
    forbid(
      'cluster-only-from-main',
      { path: '^sfu/src/(media|signalling|api|server|webhooks|sdp)/' },
      { path: '^sfu/src/cluster/' },
      'cluster implements ports; main.ts and the wiring of room join them.',
    ),
    forbid(
      'features-to-ui-only',
      { path: '^web/features/([^/]+)/' },
      { path: '^web/(server|app)/|^web/features/(?!$1/)' },
      'app → features → ui; features do not know each other.',
    ),
    forbid(
      'live-alone',
      { path: '^web/live/' },
      { path: '^web/(app|features|server)/', pathNot: '\\.test\\.tsx?$' },
      'The meeting in the browser knows neither pages nor the server.',
    ),
    forbid(
      'ui-alone',
      { path: '^web/ui/' },
      { path: '^web/(app|features|server)/' },
      'The design system knows no feature.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(\\.next|/generated/|/\\.turbo/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json'],
    },
  },
}
