/**
 * When its owner was closed while the worker made something, nobody would close mediasoup's object: the owner knew nothing of
 * it yet, and the worker, which has dropped its side, tells nobody. Found by the soak. The caller finds it closed.
 */
export function closedWith<Made extends { close(): void }>(owner: { closed: boolean }, made: Made): Made {
  if (owner.closed) made.close()
  return made
}
