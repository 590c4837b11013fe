'use client'
import { CircleHelp, Ellipsis, Expand, Info, Keyboard, ListOrdered, Settings2, Users } from 'lucide-react'
import { useTranslations } from 'next-intl'
import { saveSettings } from '../../../live/saved-settings.ts'
import { Menu, MenuChoice, MenuItem, MenuSeparator } from '../../../ui/menu.tsx'
import { BarButton } from './bar-button.tsx'
import { useMeeting } from './meeting-context.tsx'
import type { PanelName } from './side-panel.tsx'

/** Asked while the menu opens, so only ever in the browser. The bar leaves out the same buttons below this width. */
const isPhone = (): boolean =>
  typeof window !== 'undefined' && window.matchMedia('(max-width: 639px)').matches

/** What is needed once in a while: layout, questions, information, devices, full screen, keys. */
export function MoreMenu({
  unreadQuestions,
  onPanel,
  onDevices,
  onHelp,
}: {
  unreadQuestions: number
  onPanel: (panel: PanelName) => void
  onDevices: () => void
  onHelp: () => void
}) {
  const t = useTranslations('room.more')
  const { settings, setSettings } = useMeeting()
  const toggleFullScreen = () => {
    // The browser may refuse (an embedded page); the room works the same without.
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => {})
    else void document.documentElement.requestFullscreen?.().catch(() => {})
  }
  return (
    <Menu
      side="top"
      align="center"
      trigger={
        <BarButton
          testId="open-more"
          icon={<Ellipsis aria-hidden />}
          label={t('label')}
          hint={t('hint')}
          badge={unreadQuestions}
        />
      }
    >
      <MenuChoice
        label={t('layout')}
        value={settings.layout}
        options={[
          { value: 'gallery', label: <span data-testid="layout-gallery">{t('gallery')}</span> },
          { value: 'speaker', label: <span data-testid="layout-speaker">{t('speaker')}</span> },
        ]}
        onChange={layout => {
          const next = { ...settings, layout }
          saveSettings(next)
          setSettings(next)
        }}
      />
      <MenuSeparator />
      {isPhone() && (
        <MenuItem icon={<Users aria-hidden />} onSelect={() => onPanel('people')}>
          <span data-testid="menu-people">{t('people')}</span>
        </MenuItem>
      )}
      {isPhone() && (
        <MenuItem icon={<ListOrdered aria-hidden />} onSelect={() => onPanel('speaking')}>
          <span data-testid="menu-speaking">{t('speaking')}</span>
        </MenuItem>
      )}
      <MenuItem icon={<CircleHelp aria-hidden />} onSelect={() => onPanel('questions')}>
        <span data-testid="open-questions">
          {t('questions')}
          {unreadQuestions > 0 && ` (${unreadQuestions})`}
        </span>
      </MenuItem>
      <MenuItem icon={<Info aria-hidden />} onSelect={() => onPanel('info')}>
        <span data-testid="open-info">{t('info')}</span>
      </MenuItem>
      <MenuItem icon={<Settings2 aria-hidden />} onSelect={onDevices}>
        <span data-testid="open-devices">{t('devices')}</span>
      </MenuItem>
      <MenuItem icon={<Expand aria-hidden />} onSelect={toggleFullScreen}>
        {t('fullScreen')}
      </MenuItem>
      <MenuItem icon={<Keyboard aria-hidden />} onSelect={onHelp}>
        <span data-testid="open-help">{t('keys')}</span>
      </MenuItem>
    </Menu>
  )
}
