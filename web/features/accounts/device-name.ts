/** Browser and system of a User-Agent header, as far as a person needs them to know their own device. */
export function deviceName(userAgent: string | null): { browser: string | null; system: string | null } {
  const ua = userAgent ?? ''
  const first = (candidates: [RegExp, string][]) =>
    candidates.find(([pattern]) => pattern.test(ua))?.[1] ?? null
  return {
    // Order matters: every Chromium browser also calls itself Chrome and Safari.
    browser: first([
      [/coc_coc_browser/i, 'Cốc Cốc'],
      [/Edg\//, 'Microsoft Edge'],
      [/OPR\//, 'Opera'],
      [/Firefox\/|FxiOS/, 'Firefox'],
      [/Chrome\/|CriOS/, 'Chrome'],
      [/Safari\//, 'Safari'],
    ]),
    system: first([
      [/Android/, 'Android'],
      [/iPhone|iPad/, 'iOS'],
      [/Windows/, 'Windows'],
      [/Mac OS X/, 'macOS'],
      [/CrOS/, 'ChromeOS'],
      [/Linux/, 'Linux'],
    ]),
  }
}
