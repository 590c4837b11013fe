/** A promise that did not hold. */
export class Broken extends Error {}

/** @throws Broken */
export const assertThat = (holds: boolean, what: () => string): void => {
  if (!holds) throw new Broken(what())
}
