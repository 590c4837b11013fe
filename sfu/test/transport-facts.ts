/** What a fake of a router says of any transport: enough to write a description. */
export const transportFacts = () => ({
  iceParameters: { usernameFragment: 'u', password: 'p' },
  iceCandidates: [],
  fingerprints: [{ algorithm: 'sha-256', value: 'AB:CD' }],
  sctpPort: 5000,
  maxMessageSize: 1,
})
