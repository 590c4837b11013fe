/** What a server action that saves a small form answers with; texts are already in the reader's language. */
export type ActionResult = { ok: true } | { ok: false; message: string; fields: Record<string, string> }
