import type { NextConfig } from 'next'
import createNextIntlPlugin from 'next-intl/plugin'

const withNextIntl = createNextIntlPlugin('./i18n.ts')

const config: NextConfig = {
  // The workspaces are plain TypeScript sources; there is no build step of their own.
  transpilePackages: ['@diemcau/core', '@diemcau/prisma'],
  // Native modules and packages that read files beside themselves must stay outside the bundle.
  serverExternalPackages: [
    '@node-rs/argon2',
    'pg',
    '@prisma/client',
    '@prisma/adapter-pg',
    'pino',
    'nodemailer',
    'write-excel-file',
    'better-auth',
  ],
  // Builds beside one another (tests, screenshots) each need their own folder.
  distDir: process.env.NEXT_DIST_DIR || '.next',
  poweredByHeader: false,
  // It would lie over the navigation of a phone.
  devIndicators: false,
  // Type checking is `npm run types`, once, for all workspaces.
  typescript: { ignoreBuildErrors: true },
}

export default withNextIntl(config)
