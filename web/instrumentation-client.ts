/**
 * Runs in the browser before anything else. zod tries whether it may build functions from text, which the content policy
 * refuses and reports; told beforehand, it does not try.
 */
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } })
