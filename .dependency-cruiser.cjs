/** Import zones of docs/architecture.md: who may import whom. */
const forbid = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to })

module.exports = {
  forbidden: [
    forbid(
      'no-circular',
      {},
      { circular: true },
      'Two modules that need each other are one module, or miss a third.',
    ),
    forbid(
      'core-alone',
      { path: '^core/' },
      { path: '^(sfu|web|recordings|prisma|scripts)/' },
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
      { path: '^sfu/src/(room|signalling|api|server|cluster|sdp)/', pathNot: '\\.int\\.test\\.ts$' },
      { path: '^sfu/src/media/' },
      'media implements the ports of room; main.ts joins them.',
    ),
    forbid(
      'protobuf-not-in-media',
      { path: '^sfu/src/(media|sdp)/' },
      { path: '@livekit/protocol' },
      'LiveKit messages stop at room.',
    ),
    forbid(
      'features-to-ui-only',
      { path: '^web/features/([^/]+)/' },
      { path: '^web/(server|app)/|^web/features/(?!$1/)' },
      'app → features → ui; features do not know each other.',
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
