/** What the one who started it reads when all is there. */
import { DEMO_PASSCODES, DEMO_PASSWORD } from '@diemcau/prisma/demo-accounts.ts'
import { since } from '../lib/log.mjs'
import { lanAddresses } from './addresses.ts'
import type { SupervisorConfig } from './config.ts'
import { type OwnSecrets, secretsFile } from './own-secrets.ts'

/** @param started ms, when the start began */
export function greeting(
  { PORT, SFU_PORT, DATA_DIR, open, nodes, LIVEKIT_API_KEY }: SupervisorConfig,
  isDemo: boolean,
  secrets: OwnSecrets | undefined,
  started: number,
): string {
  const lines = [
    '',
    `  Điểm Cầu is running (ready in ${since(started)}). Ctrl-C stops it.`,
    '',
    `  Portal        http://localhost:${PORT}`,
    ...(open
      ? lanAddresses().map(
          address =>
            `                http://${address}:${PORT}  (cameras need HTTPS there: docs/operations.md)`,
        )
      : [
          `                for this machine only; ${nodes === undefined ? 'npm start' : 'npm run cluster'} -- --open lets the network in`,
          '                (Firefox sends no picture and sound to its own machine: use Chrome here, or --open)',
        ]),
  ]
  if (nodes !== undefined)
    lines.push(`  Media servers ${nodes} behind ws://127.0.0.1:${SFU_PORT}   (docs/cluster.md)`)
  if (secrets)
    lines.push(
      `  Media server  key ${LIVEKIT_API_KEY || secrets.LIVEKIT_API_KEY}; its secret and all others: ${secretsFile(DATA_DIR)}`,
    )
  if (isDemo) {
    lines.push(
      `  Open meeting  http://localhost:${PORT}/m/demo-hop-ngay   (guests: code ${secrets?.DEMO_PASSCODE ?? DEMO_PASSCODES.open})`,
      `  Watch         http://localhost:${PORT}/w/demo-hop-ngay`,
      '',
      `  Demo accounts, password ${secrets?.DEMO_PASSWORD ?? DEMO_PASSWORD}:`,
      '    admin@demo.local  clerk@demo.local  chair@demo.local  secretary@demo.local',
      '    operator@demo.local  official1@demo.local … official5@demo.local',
    )
  }
  return `${lines.join('\n')}\n`
}
