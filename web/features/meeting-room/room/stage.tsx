'use client'
import { useTranslations } from 'next-intl'
import { useEffect, useMemo, useRef, useState } from 'react'
import { isPortrait } from '../../../live/gallery-layout.ts'
import type { ParticipantView } from '../../../live/participant-view.ts'
import { planStage, type StagePicture } from '../../../live/stage-plan.ts'
import { pictureKey } from '../../../live/subscription-plan.ts'
import { useHeldSpeaker } from '../../../live/use-held-speaker.ts'
import { Gallery } from './gallery.tsx'
import { useFloor, useMedia, useMeeting, useSelf } from './meeting-context.tsx'
import { usePin } from './pin-context.tsx'
import { Strip } from './strip.tsx'
import { Tile } from './tile.tsx'
import type { TileFacts } from './tile-facts.ts'
import { useSize } from './use-size.ts'

/** The large part of the room: gallery, or one picture with a strip. Tells the media which pictures are shown. */
export function Stage() {
  const t = useTranslations('room.stage')
  const { session, settings } = useMeeting()
  const media = useMedia()
  const floor = useFloor()
  const self = useSelf()
  const { pinned } = usePin()
  const speaker = useHeldSpeaker(media, self.identity)
  const element = useRef<HTMLElement>(null)
  const size = useSize(element)
  const [shown, setShown] = useState<readonly string[]>([])

  const { participants } = media
  const byIdentity = useMemo(
    () => new Map(participants.map(participant => [participant.identity, participant])),
    [participants],
  )
  const plan = useMemo(
    () => planStage({ participants, mode: settings.layout, spotlight: floor.spotlight, pinned, speaker }),
    [participants, settings.layout, floor.spotlight, pinned, speaker],
  )
  const main: StagePicture | null = plan.kind === 'stage' ? plan.main : null
  const mainKey = main ? pictureKey(main.identity, main.source) : null

  useEffect(() => {
    const keys = new Set(shown.map(identity => pictureKey(identity, 'camera')))
    if (mainKey) keys.add(mainKey)
    session.media.setShown(keys)
  }, [session, shown, mainKey])

  const facts = useMemo<TileFacts>(
    () => ({
      handOrderOf: identity => floor.hands.findIndex(hand => hand.identity === identity) + 1,
      spotlight: floor.spotlight,
      pinned,
    }),
    [floor.hands, floor.spotlight, pinned],
  )
  const isUpright = isPortrait(size.width, size.height)
  const mainParticipant = main ? byIdentity.get(main.identity) : undefined
  const isAlone = participants.length === 1 && participants[0]?.isLocal

  return (
    <main
      ref={element}
      aria-label={t('label')}
      data-testid="stage"
      className="relative min-h-0 min-w-0 flex-1"
    >
      {isAlone && (
        <p className="absolute inset-x-0 top-3 z-10 mx-auto w-fit max-w-[90%] rounded-md bg-[#0b1016e0] px-3 py-1.5 text-center text-white">
          {t('alone')}
        </p>
      )}
      {size.width > 0 &&
        (plan.kind === 'gallery' ? (
          <Gallery participants={participants} size={size} facts={facts} onShown={setShown} />
        ) : (
          <div className={isUpright ? 'flex size-full flex-col gap-2' : 'flex size-full gap-2'}>
            <div className="min-h-0 min-w-0 flex-1" data-testid="main-picture">
              {mainParticipant && main && (
                <Tile
                  key={mainKey}
                  participant={mainParticipant}
                  source={main.source}
                  handOrder={facts.handOrderOf(main.identity)}
                  isSpotlit={facts.spotlight === main.identity}
                  isPinned={pinned === main.identity}
                  isMain
                />
              )}
            </div>
            <Strip
              participants={plan.strip
                .map(identity => byIdentity.get(identity))
                .filter((found): found is ParticipantView => found !== undefined)}
              isRow={isUpright}
              length={isUpright ? size.width : size.height}
              facts={facts}
              onShown={setShown}
            />
          </div>
        ))}
    </main>
  )
}
