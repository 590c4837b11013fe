import type { Metadata, Viewport } from 'next'
import { NextIntlClientProvider } from 'next-intl'
import { getLocale, getTranslations } from 'next-intl/server'
import type { ReactNode } from 'react'
import { getRuntime } from '../server/runtime.ts'
import { ToastProvider } from '../ui/toast.tsx'
import { readTheme } from './preferences.ts'
import { WrongAddress } from './wrong-address.tsx'
import '../ui/theme.css'

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations('common')
  return {
    title: { default: t('product'), template: `%s · ${t('product')}` },
    description: t('productTagline'),
    robots: { index: false, follow: false },
  }
}

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#ffffff' },
    { media: '(prefers-color-scheme: dark)', color: '#171e26' },
  ],
}

/** Language and theme come from cookies, so the first byte already has them and nothing flickers. */
export default async function RootLayout({ children }: { children: ReactNode }) {
  const [locale, theme] = [await getLocale(), await readTheme()]
  const { publicUrl } = getRuntime().config
  return (
    <html lang={locale} data-theme={theme}>
      <body>
        <NextIntlClientProvider>
          <WrongAddress publicUrl={publicUrl} />
          <ToastProvider>{children}</ToastProvider>
        </NextIntlClientProvider>
      </body>
    </html>
  )
}
