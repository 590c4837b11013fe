/** What tiles need beside the participant. */
export interface TileFacts {
  /** 1 for the first raised hand, 0 for none. */
  handOrderOf: (identity: string) => number
  spotlight: string | null
  pinned: string | null
}
