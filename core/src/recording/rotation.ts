import { z } from 'zod'

/** Degrees clockwise by which a picture has to be turned to stand upright: how the telephone was held. */
export const rotation = z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)])
export type Rotation = z.infer<typeof rotation>
